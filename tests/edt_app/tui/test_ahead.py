"""Keys typed without a pause: none is lost, each goes where its reader meant it."""

import pytest
from finished import finished
from pilot import drive, settled, text_of
from textual import events
from textual.widgets import Input

from edt_core.store.home import Home


def type_at_once(app, *keys):
    """As a terminal does with what it reads in one go: the app runs in between no two keys."""
    for key in keys:
        app.post_message(events.Key(key, key if len(key) == 1 else None))


def test_letters_behind_the_key_that_opens_a_question_are_its_answer(tmp_path):
    async def script(pilot, app):
        type_at_once(app, "n", *"jack2")
        await settled(pilot)
        assert app.screen.query_one(Input).value == "jack2"
        assert app.current_mode == "projects"
        type_at_once(app, "escape")
        await settled(pilot)
        type_at_once(app, "n", *"shop", "enter")
        await settled(pilot)
        assert [line.name for line in Home(tmp_path).projects()] == ["shop"]
        type_at_once(app, "c", *"dup", "enter")
        await settled(pilot)
        assert " dup " in text_of(app)

    drive(tmp_path, script)


@pytest.mark.parametrize(("answer", "left"), [("y", False), ("n", True)])
def test_a_question_is_answered_by_the_key_behind_the_one_that_opens_it(
    tmp_path, answer, left, monkeypatch
):
    finished(tmp_path).close()
    asked = []
    monkeypatch.setattr(
        "edt_core.actions.stopping.kill", lambda project: asked.append("kill") or _ended()
    )

    async def script(pilot, app):
        app.screen.why_not = lambda command: ""
        type_at_once(app, "f8", answer)
        await settled(pilot)
        assert (asked == []) == left
        assert len(app.screen_stack) == 1

    drive(tmp_path, script, project="shop", start="pipeline")


def _ended():
    from edt_core.actions.stopping import Stopped

    return Stopped("shop", running=True, heard=True, ended=True, seconds=0.1)


def test_arrows_and_letters_behind_the_key_that_opens_a_form_fill_it_in(tmp_path):
    finished(tmp_path).close()

    async def script(pilot, app):
        type_at_once(app, "s", "down", "down", *"Markov", "tab", *"42")
        await settled(pilot)
        assert app.screen.chosen == {"variant": "Markov", "seed": ["42"]}

    drive(tmp_path, script, project="shop", start="pipeline")
