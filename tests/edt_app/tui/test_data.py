import asyncio
import os
import threading
import time
from contextlib import ExitStack

import pytest
from pilot import drive, press, settled, text_of
from textual.widgets import Input

from edt_app.tui.screens.data import view
from edt_app.tui.screens.data.form import arguments
from edt_app.tui.widgets.entry import completed
from edt_core.actions.surveying import survey
from edt_core.store.home import Home

FULL = {
    "format": "csv", "recipe": "none", "a_name": "food", "a_events": "a.csv", "a_items": "",
    "b_name": "kitchen", "b_events": "b.csv", "b_items": "b.jsonl", "min_user": "", "min_item": "3",
    "after": "2018-01-01", "before": "",
}  # fmt: skip


def fill(app, shop, **more):
    sides = dict(word.removeprefix("--domain-").split("=", 1) for word in shop)
    values = {"recipe": "none"} | more
    for side in ("a", "b"):
        name, _, files = sides[side].partition("=")
        values[f"{side}_name"] = name
        values[f"{side}_events"], values[f"{side}_items"] = files.split(",")
    for name, value in values.items():
        app.screen.query_one(f"#{name}", Input).value = value


def test_a_form_becomes_the_words_of_the_command():
    words, missing = arguments(FULL)
    assert missing == ""
    assert words == [
        "--format", "csv", "--recipe", "none", "--domain-a", "food=a.csv",
        "--domain-b", "kitchen=b.csv,b.jsonl", "--min-item", "3", "--after", "2018-01-01",
    ]  # fmt: skip


def test_an_incomplete_form_names_what_is_missing():
    words, missing = arguments(FULL | {"a_name": " ", "b_events": ""})
    assert words == []
    assert "A name, B interactions" in missing


def test_a_path_is_completed(tmp_path):
    (tmp_path / "reviews.json").touch()
    (tmp_path / "sub").mkdir()
    assert completed(f"{tmp_path}/rev") == f"{tmp_path}/reviews.json"
    assert completed(f"{tmp_path}/s") == f"{tmp_path}/sub/"
    assert completed(f"{tmp_path}/x") == ""
    assert completed("/nowhere/at/all") == ""


def test_hostile_names_are_shown_not_obeyed():
    report = {
        "statistics": {
            "domains": [{"users": 1, "items": 1, "interactions": 1}] * 2,
            "users": 1, "shared_users": 1, "mean_length": 2.0, "ratios": [1] + [0] * 9,
        },
        "domain_names": ["\x1b[2J", "b"], "notes": ["\x1b]0;x\x07"], "bad_lines": ["\x9b1m"],
        "counts": {"\x1b": 1},
        "sample": [{"user": "\x1b", "time": 1, "domain": "\x1b", "item": "\x1b", "title": "\x1b"}],
    }  # fmt: skip
    text = view.previewed(report, str)
    assert not any(ord(letter) < 32 and letter != "\n" for letter in text)
    assert "\x9b" not in text


def test_preview_keeps_nothing_and_import_keeps_what_was_previewed(edt, shop):
    edt("new", "mine")

    async def script(pilot, app):
        assert "No data yet" in text_of(app)
        await press(pilot, "f5")  # nothing filled in: said, not tried
        fill(app, shop)
        await press(pilot, "f5")
        assert "Preview: nothing is kept yet" in text_of(app)
        with Home(edt.home).open("mine") as project:
            assert not project.artifacts.lines()
        await press(pilot, "f9")
        deadline = time.monotonic() + 60
        while "imported 2" not in text_of(app) and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            await settled(pilot)
        with Home(edt.home).open("mine") as project:
            numbers = survey(project).statistics
        assert f"{numbers.users:,} users, {numbers.shared_users:,} of them in both" in text_of(app)

    drive(edt.home, script, project="mine", start="data", size=(160, 48))
    told = edt("import", "--project", "mine", "--format", "csv", "--recipe", "none", *shop,
               "--dry-run", "--json").document()  # fmt: skip
    with Home(edt.home).open("mine") as project:
        numbers = survey(project).statistics
    assert told["statistics"]["ratios"] == list(numbers.ratios)
    assert told["statistics"]["mean_length"] == numbers.mean_length


async def until(pilot, app, text):
    """Wait for what a clock of the screen notices."""
    for _ in range(200):
        if text in text_of(app):
            return
        await pilot.pause(0.05)
    raise AssertionError(f"{text!r} did not come:\n{text_of(app)}")


def test_an_import_that_another_process_began_is_shown_until_it_ends(tmp_path):
    with Home(tmp_path).create("mine") as project, ExitStack() as held:
        held.enter_context(project.stages("edt import"))

        async def script(pilot, app):
            await until(pilot, app, f"An import goes on since {time.strftime('%Y-%m-%d')}")
            assert f"process {os.getpid()}" in text_of(app)
            await press(pilot, "f9")
            assert any("an import goes on" in told.message for told in app._notifications)
            held.close()
            await until(pilot, app, "No data yet")

        drive(tmp_path, script, project="mine", start="data")


def test_an_import_is_started_without_holding_the_screen(tmp_path, shop, monkeypatch):
    Home(tmp_path).create("mine").close()
    started = []
    monkeypatch.setattr(
        "edt_app.tui.screens.data.screen.launch",
        lambda home, name, line: started.append(threading.current_thread().name),
    )

    async def script(pilot, app):
        fill(app, shop)
        await press(pilot, "f9")
        assert "Closing edt-app does not stop it" in text_of(app)
        assert started[0].startswith("write")

    drive(tmp_path, script, project="mine", start="data")


def test_a_wrong_file_is_one_sentence(edt, shop, tmp_path):
    edt("new", "mine")

    async def script(pilot, app):
        fill(app, shop, a_events="")
        app.screen.query_one("#a_events", Input).value = str(tmp_path / "none.csv")
        await press(pilot, "f5")
        assert "none.csv" in text_of(app).replace("\n", "")

    drive(edt.home, script, project="mine", start="data", size=(160, 48))


def test_a_preview_that_failed_leaves_what_was_shown_and_one_that_came_is_read_at_once(edt, shop):
    edt("new", "mine")

    async def script(pilot, app):
        fill(app, shop, after="2030-01-01")
        app.screen.query_one("#after", Input).focus()
        await press(pilot, "f5")
        assert "No interaction is left inside the window" in text_of(app)
        assert "Widen it with --after" in text_of(app)
        assert "Reading" not in text_of(app)
        assert "No data yet" in text_of(app)
        app.screen.query_one("#after", Input).value = ""
        await press(pilot, "f5", *["pagedown"] * 2)
        assert "first events" in text_of(app)
        await press(pilot, "i", "escape", "end")
        assert "without texts" in text_of(app)

    drive(edt.home, script, project="mine", start="data")


def test_a_warning_is_wrapped_for_the_smallest_screen():
    lines = view.warnings(["word " * 40 + "end"])
    assert " ".join(" ".join(lines).split()) == "! " + "word " * 40 + "end"
    assert max(map(len, lines)) <= 74


@pytest.mark.parametrize("place", ["2", "3", "4", "5", "8", "0"])
def test_without_a_project_nothing_is_said_to_be_read(tmp_path, place):
    async def script(pilot, app):
        await press(pilot, place)
        assert "No project is open" in text_of(app)
        assert "reading" not in text_of(app).lower()

    drive(tmp_path, script)


def test_a_path_is_completed_after_coming_back_to_its_field(tmp_path):
    Home(tmp_path / "home").create("mine").close()
    (tmp_path / "reviews.json").touch()

    async def script(pilot, app):
        field = app.screen.query_one("#a_events", Input)
        field.focus()
        await press(pilot, *f"{tmp_path}/rev", "down", "up")
        await press(pilot, "right")
        assert field.value == f"{tmp_path}/reviews.json"

    drive(tmp_path / "home", script, project="mine", start="data")


def test_another_project_finds_an_empty_form_and_one_command_for_an_import(
    tmp_path, shop, monkeypatch
):
    for name in ("mine", "yours"):
        Home(tmp_path).create(name).close()
    monkeypatch.setattr("edt_app.tui.screens.data.screen.launch", lambda home, name, line: None)

    async def script(pilot, app):
        fill(app, shop)
        await press(pilot, "f9", "C")
        assert "import --project mine" in app.clipboard  # at once: there is one to choose
        await press(pilot, "escape", "1", "j", "enter")
        assert app.session.name == "yours"
        assert app.current_mode == "data"
        assert app.screen.query_one("#a_name", Input).value == ""
        assert app.screen.query_one("#format", Input).value == "csv"

    drive(tmp_path, script, project="mine", start="data")
