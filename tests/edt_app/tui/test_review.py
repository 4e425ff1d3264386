"""The review queue by keyboard: every key that changes data, and what may never be shown."""

import json
import threading
from pathlib import Path

import pytest
from pilot import drive, press, same_as_golden, settled, text_of
from review_project import HELD_OUT, queue_project
from textual.widgets import Input

from edt_app.tui.screens.review import acts
from edt_app.tui.screens.review.dialogs import Reading
from edt_core.store import review
from edt_core.store.home import Home
from edt_core.store.project import Project
from edt_core.store.review_queue import generated_item, generated_page

GOLDENS = Path(__file__).parent / "goldens"
PANES = ("item", "verdict", "history")
LAYOUTS = [(80, 24), (100, 30), (120, 36), (160, 48)]
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])


@pytest.fixture
def home(tmp_path):
    queue_project(tmp_path).close()
    return tmp_path


def at(home, script, **options):
    drive(home, script, project="queue", start="review", **options)


def stored(home):
    with Home(home).open("queue") as project:
        return {line.id: line for line in generated_page(project, limit=100)}


def decisions(home):
    return {number: line.decision for number, line in stored(home).items() if line.decision}


def cursor(app):
    return app.screen.table.cursor_id


@pytest.mark.parametrize("size", LAYOUTS, ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_whole_screen(home, size, monkeypatch):
    monkeypatch.setattr(acts, "hour", lambda moment: "12:00")

    async def script(pilot, app):
        await press(pilot, "a", "x")
        await same_as_golden(pilot, GOLDENS / f"review-{size[0]}x{size[1]}.txt")

    at(home, script, size=size)


@pytest.mark.parametrize("size", [*LAYOUTS, (100, 24), (139, 45), (140, 30), (140, 40)])
def test_every_pane_has_room_for_what_it_says(home, size):
    async def script(pilot, app):
        panes = {name: app.screen.query_one(f"#{name}").content_size for name in PANES}
        assert all(pane.width >= 36 for pane in panes.values()), panes
        assert all(pane.height >= 4 for pane in panes.values()), panes
        await press(pilot, "a", "a", "a", "a", "a")  # the acts below grow
        assert "this ◂" in text_of(app)
        assert "held out and hidden" in text_of(app)

    at(home, script, size=size)


def test_each_key_decides_saves_and_goes_on(home):
    async def script(pilot, app):
        first, second, third, fourth = (int(n) for n in app.screen.table.ids[:4])
        await press(pilot, "a")
        assert cursor(app) == second
        assert decisions(home) == {first: "accepted"}
        await press(pilot, "x", "space", "x")
        assert decisions(home) == {first: "accepted", second: "rejected", fourth: "rejected"}
        await press(pilot, "n")
        assert cursor(app) == int(app.screen.table.ids[5])
        await press(pilot, "g", "n")
        assert cursor(app) == third
        await press(pilot, "g", "c")
        assert first not in decisions(home)
        await press(pilot, "X", "3")
        assert decisions(home)[first] == "rejected"
        assert "too generic" in text_of(app)

    at(home, script)


def test_undo_and_redo_go_beyond_the_session_and_back_to_the_item(home):
    with Home(home).open("queue") as project:
        review.decide(project, "accept", [7], by="before")

    async def script(pilot, app):
        await press(pilot, "x")
        await press(pilot, "u", "u")
        assert decisions(home) == {}
        assert cursor(app) == 7
        await press(pilot, "u")
        await press(pilot, "U")
        assert decisions(home) == {7: "accepted"}
        await press(pilot, "U")
        assert len(decisions(home)) == 2

    at(home, script)


def test_a_bulk_act_shows_count_and_titles_first_and_is_one_undo(home):
    async def script(pilot, app):
        await press(pilot, "slash")
        app.screen.query_one(Input).value = "a2b target_score<0.8"
        await press(pilot, "enter")
        count = len(app.screen.table.ids)
        assert 0 < count < 40
        await press(pilot, "b")
        shown = text_of(app)
        assert f"{count} items" in shown
        assert shown.count("+ Generated") == min(10, count)
        assert decisions(home) == {}
        await press(pilot, "escape")
        await press(pilot, "b", "x")
        assert set(decisions(home).values()) == {"rejected"}
        assert len(decisions(home)) == count
        await press(pilot, "u")
        assert decisions(home) == {}

    at(home, script, size=(100, 40))


def test_a_range_is_decided_as_one_after_a_preview(home):
    async def script(pilot, app):
        await press(pilot, "v", "j", "j", "a")
        assert "3 items: the selection" in text_of(app)
        await press(pilot, "a")
        assert len(decisions(home)) == 3
        await press(pilot, "V", "x")
        assert "40 items: all there are" in text_of(app)
        await press(pilot, "escape", "escape")
        assert len(decisions(home)) == 3

    at(home, script)


def test_an_edit_keeps_what_the_model_wrote_and_says_that_its_scores_are_old(home):
    async def script(pilot, app):
        number = cursor(app)
        await press(pilot, "e")
        app.screen.query_one("#title", Input).value = "A Better Name"
        await press(pilot, "enter")
        assert stored(home)[number].title == "A Better Name"
        assert "A Better Name" in text_of(app)
        assert "of the text before" in text_of(app)
        await press(pilot, "tab")
        assert f"Generated {number - 1}" in text_of(app).split("A Better Name", 1)[1]
        await press(pilot, "e")
        app.screen.query_one("#title", Input).value = "  "
        await press(pilot, "enter")
        assert "title can't be empty" in text_of(app)
        assert stored(home)[number].title == "A Better Name"

    at(home, script)


def test_an_edit_as_json_is_checked_before_it_is_kept(home, monkeypatch):
    answers = ['{"title": "By Editor"}', '{"nonsense": "x"}', "{", "[]"]
    monkeypatch.setattr(
        "edt_app.tui.screens.review.acting.edited", lambda app, text, suffix: answers.pop(0)
    )

    async def script(pilot, app):
        number = cursor(app)
        await press(pilot, "E")
        assert stored(home)[number].title == "By Editor"
        for told in ("no field", "no JSON:", "no JSON object"):
            await press(pilot, "E")
            assert told in text_of(app)
        assert stored(home)[number].edited == {"title": "By Editor"}

    at(home, script)


def test_an_anchor_is_moved_to_a_training_event_and_no_other_is_offered(home):
    async def script(pilot, app):
        number = cursor(app)
        old = stored(home)[number].anchor_position
        await press(pilot, "m")
        offered = text_of(app)
        assert offered.count("Real Item") >= 6
        assert not any(title in offered for title in HELD_OUT)
        await press(pilot, *["up"] * 6 if old == 5 else ["down"], "enter")
        moved = stored(home)[number]
        assert moved.anchor_position != old
        assert moved.anchor_position in range(6)
        assert f"anchor moved from event {old + 1} of 6" in text_of(app)

    at(home, script)


@SIZES
def test_a_held_out_event_is_never_shown(home, size):
    async def script(pilot, app):
        seen = text_of(app)
        for _ in range(12):
            await press(pilot, "j")
            seen += text_of(app)
        await press(pilot, "p")
        seen += text_of(app)
        assert not any(title in seen for title in HELD_OUT)
        assert "held out and hidden" in seen

    at(home, script, size=size)


def test_another_process_deciding_meanwhile_keeps_the_place(home):
    async def script(pilot, app):
        await press(pilot, "j", "j")
        here = cursor(app)

        def elsewhere():
            with Project(home / "queue") as project:
                review.decide(project, "reject", [here], by="another")

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        app.screen.project_changed()
        await settled(pilot)
        assert cursor(app) == here
        assert "✗ rejected" in text_of(app)
        await press(pilot, "a")
        assert decisions(home) == {here: "accepted"}

    at(home, script)


def test_decisions_go_to_a_file_and_come_from_one(home, tmp_path):
    file = tmp_path / "out.jsonl"

    async def script(pilot, app):
        await press(pilot, "a", "w")
        app.screen.query_one(Input).value = str(file)
        await press(pilot, "enter")
        assert len(file.read_text().splitlines()) == 1
        await press(pilot, "w")
        app.screen.query_one(Input).value = str(file)
        await press(pilot, "enter")
        assert "exists. Choose another file." in " ".join(text_of(app).split())
        await press(pilot, "escape", "u", "i")
        app.screen.query_one(Input).value = str(tmp_path / "missing")
        await press(pilot, "enter")
        assert "There is no file" in text_of(app)
        app.screen.query_one(Input).value = str(file)
        await press(pilot, "enter")
        assert list(decisions(home).values()) == ["accepted"]

    at(home, script)


def test_a_wrong_condition_is_told_in_the_dialog_and_escape_drops_the_filter(home):
    async def script(pilot, app):
        await press(pilot, "slash")
        app.screen.query_one(Input).value = "target_score<high"
        await press(pilot, "enter")
        assert "a number" in text_of(app)
        app.screen.query_one(Input).value = "undecided 39"
        await press(pilot, "enter")
        assert app.screen.table.ids.tolist() == [40]
        await press(pilot, "escape")
        assert len(app.screen.table.ids) == 40
        await press(pilot, "s", "s")
        assert app.screen.table.ids.tolist() == list(range(1, 41))

    at(home, script)


def test_another_filter_begins_at_its_top_unless_the_item_looked_at_is_in_it(home):
    async def script(pilot, app):
        async def narrow(words):
            await press(pilot, "slash")
            app.screen.query_one(Input).value = words
            await press(pilot, "enter")

        await press(pilot, "end")
        last = cursor(app)
        await narrow("target_score>0")
        assert cursor(app) == last
        await narrow("a2b" if stored(home)[last].direction == "b2a" else "b2a")
        assert app.screen.table.cursor_row == 0

    at(home, script)


def test_first_rows_that_come_late_take_the_place_of_no_whole_queue(home):
    async def script(pilot, app):
        screen = app.screen
        few = screen.table.ids[:3]
        screen.show_first(app.session.generation, (few, screen.standing, ()))
        assert (len(screen.table.ids), screen.partial) == (40, False)

    at(home, script)


def test_the_last_act_is_given_as_a_command_line(home):
    async def script(pilot, app):
        (shown,) = app.base_screen.shown_command_lines
        assert shown == f"edt --home {home} items --project queue --order near"
        number = cursor(app)
        await press(pilot, "x")
        act = f"edt --home {home} review --project queue reject {number}"
        assert app.base_screen.shown_command_lines == [act, shown]

    at(home, script)


@SIZES
def test_hostile_texts_are_shown_and_never_obeyed(tmp_path, size):
    queue_project(tmp_path, hostile=" [@click=app.quit]\x1b]52;c;x\x07[/b]\u202e").close()

    async def script(pilot, app):
        for key in ("j", "p", "escape", "e", "escape", "m", "escape", "a", "b", "escape"):
            await press(pilot, key)
            strips = app.screen._compositor.render_strips()
            written = "".join(segment.text for strip in strips for segment in strip)
            assert not set(written) & {"\x1b", "\x07", "\u202e"}
            assert app.is_running

    at(tmp_path, script, size=size)


def test_without_items_the_next_key_is_named(tmp_path):
    Home(tmp_path).create("queue").close()

    async def script(pilot, app):
        assert "3 runs the pipeline" in text_of(app)
        await press(pilot, "a")
        assert any("there is no item here" in told.message for told in app._notifications)

    at(tmp_path, script)


def test_a_long_prompt_is_broken_beside_the_scrollbar_not_below_it(home):
    async def script(pilot, app):
        words = [f"word{n}" for n in range(3000)]
        app.push_screen(Reading("a prompt", " ".join(words)))
        await settled(pilot)
        shown = text_of(app)
        assert words[:100] == [w for w in shown.split() if w.startswith("word")][:100]

    at(home, script)


def test_every_edit_is_one_line_of_the_export(home, tmp_path):
    with Home(home).open("queue") as project:
        review.edit(project, 3, {"anchor_position": 1})
        entries = review.export_decisions(project)
        assert json.loads(json.dumps(entries))[0]["fields"] == {"anchor_position": 1}
        assert generated_item(project, 3).anchor_title == "Real Item 3"
