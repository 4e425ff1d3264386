"""The rows of a list."""

from edt_core.store.queue_rows import queue_rows
from edt_core.store.review import decide, edit
from edt_core.store.review_queue import generated_by_ids


def test_rows_say_what_the_whole_items_say_after_an_edit_and_a_decision(project):
    edit(project, 1, {"title": "Wok"})
    decide(project, "reject", [3])
    rows = queue_rows(project, [4, 1, 3, 99])
    items = generated_by_ids(project, [4, 1, 3, 99])
    assert [row.id for row in rows] == [1, 3, 4]
    assert rows[0].title == "Wok"
    assert rows[1].decision == "rejected"
    assert rows == [tuple(getattr(item, name) for name in rows[0]._fields) for item in items]
