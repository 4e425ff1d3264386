import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from pilot import drive, press, settled, text_of
from standing import standing

from edt_app.tui.screens.projects_view import heading, row
from edt_core.store.home import Home
from edt_core.store.listing import ProjectLine
from edt_core.store.liveness import launch_log


def test_without_a_project_the_screen_names_the_next_key(tmp_path):
    async def script(pilot, app):
        assert "No project yet" in text_of(app)
        assert "n New" in text_of(app)

    drive(tmp_path, script)


def test_a_project_is_made_copied_and_deleted_by_keyboard(tmp_path):
    async def script(pilot, app):
        await press(pilot, "n", *"shop", "enter")
        assert [line.name for line in Home(tmp_path).projects()] == ["shop"]
        await press(pilot, "T")
        assert any("nothing to see yet" in told.message for told in app._notifications)
        await press(pilot, "c", "enter")
        assert [line.name for line in Home(tmp_path).projects()] == ["shop", "shop-copy"]
        assert "shop-copy" in text_of(app)
        names, *_, copy = text_of(app).splitlines()[1:4]
        assert names.index("name") == copy.index("shop-copy")
        await press(pilot, "f8", *"shop", "enter", "escape")  # the wrong name deletes nothing
        assert len(Home(tmp_path).projects()) == 2
        await press(pilot, "f8", *"shop-copy", "enter")
        assert [line.name for line in Home(tmp_path).projects()] == ["shop"]

    drive(tmp_path, script)


def test_the_demo_is_started_without_holding_the_screen(tmp_path, monkeypatch):
    started = []

    def launch(home, name, line):
        started.append((line[-3:], threading.current_thread().name))
        home.create(name).close()

    monkeypatch.setattr("edt_app.launch.launch", launch)

    async def script(pilot, app):
        await press(pilot, "D")
        ((line, thread),) = started
        assert line == ["demo", "--project", "demo"]
        assert thread.startswith("write")
        assert app.session.name == "demo"

    drive(tmp_path, script)


def test_a_demo_that_is_there_is_gone_on_with_after_a_question(tmp_path, monkeypatch):
    Home(tmp_path).create("demo").close()
    started = []
    monkeypatch.setattr("edt_app.launch.launch", lambda home, name, line: started.append(name))

    async def script(pilot, app):
        await press(pilot, "D", "n")
        assert started == []
        await press(pilot, "D", "y")
        assert started == ["demo"]
        told = " ".join(notice.message for notice in app._notifications)
        assert "The demo goes on with demo" in told
        assert "is made" not in told

    drive(tmp_path, script)


def test_a_wrong_name_or_file_keeps_its_question_open(tmp_path):
    Home(tmp_path).create("shop").close()

    async def script(pilot, app):
        for key, text, refused in (
            ("n", "bad name/x", "'bad name/x' can't be a project's name"),
            ("c", "shop", "already something named shop"),
            ("b", str(tmp_path / "no" / "x.zip"), "There is no folder"),
            ("R", str(tmp_path / "none.zip"), "There is no file"),
            ("R", str(tmp_path / "shop" / "project.db"), "is no whole backup"),
        ):
            await press(pilot, key)
            app.screen.query_one("Input").value = text
            await press(pilot, "enter")
            told = " ".join(text_of(app).replace("│", " ").split())
            assert refused in told
            assert app.screen.query_one("Input").value == text
            await press(pilot, "escape")
        assert [line.name for line in Home(tmp_path).projects()] == ["shop"]

    drive(tmp_path, script, size=(160, 40))


@pytest.mark.parametrize(("place", "asked"), [("1", True), ("0", False)])
def test_a_finished_demo_offers_the_tour_and_breaks_into_nothing(
    tmp_path, monkeypatch, place, asked
):
    def launch(home, name, line):
        standing(home.folder, name).close()
        log = launch_log(home.folder / name)
        log.parent.mkdir(exist_ok=True)
        log.write_text("edt: exit status 0\n")

    monkeypatch.setattr("edt_app.launch.launch", launch)
    monkeypatch.setattr("edt_app.tui.screens.projects._LOOK", 1.0)

    async def script(pilot, app):
        assert "T then walks through every screen" in " ".join(text_of(app).split())
        await press(pilot, "T")
        assert any("D makes the demo" in told.message for told in app._notifications)
        await pilot.press("D", place)  # before anything is looked for
        toasts = lambda: " ".join(told.message for told in app._notifications)  # noqa: E731
        for _ in range(500):
            if "The demo is done" in text_of(app) + toasts():
                break
            await pilot.pause(0.02)
        if asked:
            await press(pilot, "1")
            await pilot.pause(0.1)
            assert "2 Data   1 of 9" in text_of(app)
            assert app.session.name == "demo"
        else:
            assert "The demo is done" in toasts()
            assert app.current_mode == "settings"

    drive(tmp_path, script, size=(120, 36))


def test_names_stand_above_their_columns():
    line = ProjectLine("shop", Path("shop"), 1, 0.0, "food", 0.0, False, "LLM-EDT interrupted", 0.5)
    for wide in (False, True):
        names, cells = "".join(heading(wide)), "".join(row(line, wide))
        for name, cell in (("name", "shop"), ("data set", "food"), ("last run", "LLM-EDT inter")):
            assert names.index(name) == cells.index(cell)
        assert "best N@10" in names  # which another run than the last may have reached
        assert "LLM-EDT interrupted" in cells


def test_what_is_no_project_to_open_is_named_as_such_and_left_alone(tmp_path):
    home = Home(tmp_path)
    for name in ("damaged", "newer", "own"):
        home.create(name).close()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "project.db").write_bytes(b"notes")
    (tmp_path / "damaged" / "project.db").write_bytes(b"x" * 200)
    with closing(sqlite3.connect(tmp_path / "newer" / "project.db")) as rows:
        rows.execute("UPDATE alembic_version SET version_num = '9999'")
        rows.commit()

    async def script(pilot, app):
        lines = text_of(app).splitlines()
        for name, word in (
            ("damaged", "✗ damaged"),
            ("foreign", "- no EDT project"),
            ("newer", "! of a newer EDT"),
            ("own", "no data yet"),
        ):
            assert any(line.split()[:1] == [name] and word in line for line in lines), name
        for name, reason in (
            ("damaged", "can't be read; R restores"),
            ("foreign", "another program wrote"),
            ("newer", "that version opens it"),
        ):
            assert f"{name}: " in text_of(app)
            assert reason in text_of(app)
            for key in ("enter", "c", "b"):
                await press(pilot, key)
                assert any(reason in told.message for told in app._notifications)
                assert app.current_mode == "projects"
                assert len(app.screen_stack) == 1
            await press(pilot, "j")
        assert "2 Data imports" in text_of(app)

    drive(tmp_path, script, size=(100, 30))


def test_a_name_that_is_taken_is_an_error_in_place(tmp_path):
    Home(tmp_path).create("shop").close()

    async def script(pilot, app):
        await press(pilot, "n", *"shop", "enter")
        assert "already something named shop" in text_of(app)
        await press(pilot, "escape", "question_mark")
        assert "Make an empty project" in text_of(app)
        assert "edt ▸ 1 Projects" in text_of(app)  # the screen stays visible behind it
        await press(pilot, "escape")
        await settled(pilot)

    drive(tmp_path, script)


def test_a_project_is_backed_up_and_restored_by_keyboard(copied, tmp_path):
    file = tmp_path / "kept.zip"

    async def script(pilot, app):
        await pilot.pause(0.4)
        await settled(pilot)
        assert "generate  ✓ fresh" in text_of(app)
        await pilot.press("b")
        app.screen.query_one("Input").value = str(file)
        await press(pilot, "enter")
        assert file.stat().st_size > 1000
        await press(pilot, "f8", *"small", "enter")
        assert Home(copied.home).projects() == []
        await pilot.press("R")
        app.screen.query_one("Input").value = str(file.parent)
        await press(pilot, "enter")
        assert "is a folder" in text_of(app)
        app.screen.query_one("Input").value = str(file)
        await press(pilot, "enter")
        assert "Restore kept.zip as" in text_of(app)
        await press(pilot, "enter")
        (line,) = Home(copied.home).projects()
        assert (line.name, line.last_run) == ("small", "LLM-EDT done")
        assert 0 <= line.best <= 1
        assert f"{line.best:.4f}" in text_of(app)
        await pilot.press("R")
        app.screen.query_one("Input").value = str(file)
        await press(pilot, "enter")
        assert app.screen.query_one("Input").value == "small-2"  # small is there already
        await press(pilot, "enter")
        assert [line.name for line in Home(copied.home).projects()] == ["small", "small-2"]
        await press(pilot, "C", "enter")
        assert app.clipboard.endswith(f"restore {file} --as small-2")

    drive(copied.home, script)


def test_the_tour_goes_through_the_screens_and_comes_back(made):
    async def script(pilot, app):
        await press(pilot, "T")
        seen = []
        for _ in app.places:
            if app.current_mode == "projects":
                break
            seen.append(app.current_mode)
            await pilot.pause(0.1)
            assert "esc End the tour" in text_of(app)
            assert f"small ▸ {app.places[len(seen)].key} " in text_of(app)  # and the screen itself
            await press(pilot, "enter")
        assert app.current_mode == "projects"
        assert len(seen) == len(set(seen)) == len(app.places) - 1

    drive(made.home, script, size=(120, 36))
