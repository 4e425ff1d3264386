"""Drafts that were made anew: the rows follow, decisions stay with the items they are about."""

from dataclasses import replace

import numpy as np
import pytest

from edt_core.store.decisions import SHOWN
from edt_core.store.generated import record_judged, renew_drafts
from edt_core.store.review import decide, decided, edit, undo
from edt_core.store.review_queue import Wanted, generated_page

FINGERPRINT = "f" * 40


def rows(project):
    query = f"""SELECT row, title, decision, verdict FROM generated
        WHERE drafts = ({SHOWN}) ORDER BY row"""
    with project.database.read() as session:
        return [tuple(row) for row in session.connection().exec_driver_sql(query)]


@pytest.fixture
def more(toy):
    """The toy's four drafts with a new one before the second."""
    old = toy.drafts()
    return replace(
        old,
        users=np.insert(old.users, 1, 2),
        targets=np.insert(old.targets, 1, 0),
        titles=["Draft 0", "New one", "Draft 1", "Draft 2", "Draft 3"],
        brands=[""] * 5,
        dates=[""] * 5,
        prices=[""] * 5,
        categories=[["New"]] * 5,
        descriptions=[""] * 5,
        calls=np.full(5, -1),
    )


def test_a_decision_stays_with_its_item_when_rows_move(project, more, toy):
    by_title = {item.title: item.id for item in generated_page(project, Wanted())}
    decide(project, "reject", [by_title["Draft 1"]])
    edit(project, by_title["Draft 3"], {"title": "Better"})
    before = decided(project, FINGERPRINT)
    assert (before.rejected, before.edited) == ([1], [3])
    renew_drafts(project, FINGERPRINT, more)
    assert rows(project) == [
        (0, "Draft 0", None, None),
        (1, "New one", None, None),
        (2, "Draft 1", "rejected", None),
        (3, "Draft 2", None, None),
        (4, "Draft 3", "edited", None),
    ]
    after = decided(project, FINGERPRINT)
    assert (after.rejected, after.edited, after.fields) == ([2], [4], before.fields)
    record_judged(project, FINGERPRINT, toy.judged(5), more, toy.ToyDataset().raw)
    assert [verdict for *_, verdict in rows(project)] == ["kept", "filtered"] * 2 + ["kept"]
    assert undo(project) == 1
    assert rows(project)[4][2] is None


def test_an_item_that_is_gone_leaves_with_its_history(project, toy):
    by_title = {item.title: item.id for item in generated_page(project, Wanted())}
    decide(project, "accept", [by_title["Draft 2"], by_title["Draft 3"]])
    old = toy.drafts()
    renew_drafts(project, FINGERPRINT, replace(old, titles=[*old.titles[:2], "Other", "Draft 3"]))
    assert [row[1:3] for row in rows(project)] == [
        ("Draft 0", None), ("Draft 1", None), ("Other", None), ("Draft 3", "accepted"),
    ]  # fmt: skip
    assert undo(project) == 2  # the act was one, the item that is gone included


def test_drafts_that_did_not_change_keep_every_number(project, toy):
    before = [item.id for item in generated_page(project, Wanted())]
    renew_drafts(project, FINGERPRINT, toy.drafts())
    assert [item.id for item in generated_page(project, Wanted())] == before
