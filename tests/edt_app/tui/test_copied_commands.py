"""What C copies: commands that do what the app did, in whatever home, when they are pasted."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from pilot import drive, press, text_of
from shell import Shell

from edt_app.cli import main
from edt_app.launch import shell_text
from edt_app.tui.screens.runs.copying import lines_for
from edt_core.actions.configuring import configuration
from edt_core.store.home import Home
from edt_core.store.review import undo
from edt_core.store.review_queue import Wanted, generated_count, generated_ids


@pytest.fixture
def home(made: Shell, tmp_path: Path):
    """A home of one's own, by the quickest way."""
    shutil.copytree(made.home, tmp_path / "home")
    return tmp_path / "home"


def pasted(line: str) -> int:
    """Run a copied line as a shell would, with no EDT_HOME set."""
    program, *words = shlex.split(line)
    assert program == "edt"
    return main(words)


def lines_after(home, start, *keys, first=(), size=(120, 36)):
    """What C offers once these keys were pressed; what the ``first`` ones start is waited for."""
    found = []

    async def script(pilot, app):
        await press(pilot, *first)
        await press(pilot, *keys)
        found.extend(app.base_screen.shown_command_lines)

    drive(home, script, project="small", start=start, size=size)
    return found


def decisions(home):
    with Home(home).open("small") as project:
        return {
            word: generated_ids(project, Wanted(verdict=word)).tolist()
            for word in ("accepted", "rejected", "edited")
        }


def test_a_reason_stands_beside_the_pasted_decision(home):
    act, shown = lines_after(home, "review", "X", "3")
    assert "--note 'too generic'" in act
    assert shown == f"edt --home {home} items --project small --order near"
    before = decisions(home)
    with Home(home).open("small") as project:
        undo(project)
    assert decisions(home) != before
    assert pasted(act) == 0
    assert decisions(home) == before
    assert pasted(shown) == 0


def test_a_bulk_act_is_pasted_as_its_filter_whatever_its_size(home):
    filtered = ("slash", *"a2b kept set target_score>0", "enter")
    act, shown = lines_after(home, "review", "b", "x", first=filtered)
    assert "--where" in act
    before = decisions(home)
    assert before["rejected"]
    with Home(home).open("small") as project:
        undo(project)
    assert pasted(act) == 0
    assert decisions(home) == before
    assert pasted(shown) == 0


def test_a_bulk_act_on_a_selection_names_every_item(home):
    (act, _) = lines_after(home, "review", "v", *["j"] * 5, "v", "b", "a")
    assert len([word for word in shlex.split(act) if word.isdecimal()]) == 6
    before = decisions(home)
    with Home(home).open("small") as project:
        undo(project)
    assert pasted(act) == 0
    assert decisions(home) == before


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(direction="b2a", verdict="undecided"),
        Wanted(verdict="filtered", text='8"', where="target_score < 0.5 or source_rank = 1"),
        Wanted(verdict="accepted"),
        Wanted(text="n's"),
    ],
)
def test_a_filter_and_its_condition_find_the_same(made, wanted):
    from edt_core.store.review_queue import condition_of

    with Home(made.home).open("small") as project:
        found = generated_count(project, wanted)
        assert generated_count(project, Wanted(where=condition_of(wanted))) == found


def test_what_no_condition_can_say_is_none():
    from edt_core.store.review_queue import condition_of

    assert condition_of(Wanted(text="""6" and 7'""")) == ""


def test_settings_and_their_undo_are_pasted(home):
    async def script(pilot, app):
        await press(pilot, "slash", *"noise threshold", "enter", "e", *["backspace"] * 4, *"-0.5")
        while "enter Keep" not in text_of(app):
            await pilot.pause(0.05)
        await press(pilot, "enter")
        lines.append(app.base_screen.shown_command_lines[0])
        await press(pilot, "u")
        lines.append(app.base_screen.shown_command_lines[0])

    lines: list[str] = []
    drive(home, script, project="small", start="settings", size=(120, 36))

    def threshold():
        with Home(home).open("small") as project:
            return configuration(project).noise_filter.threshold

    assert threshold() == 0.5
    assert pasted(lines[0]) == 0
    assert threshold() == -0.5
    assert pasted(lines[1]) == 0
    assert threshold() == 0.5


def test_an_applied_threshold_is_pasted_with_apply(home):
    act, shown = lines_after(home, "tune", "right", "A")
    assert act.endswith("--apply")
    assert "--apply" not in shown
    assert pasted(act) == 0


def test_projects_are_made_copied_kept_and_deleted_by_paste(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (made, listed) = lines_after(home, "projects", "c", "enter")
    assert made == f"edt --home {home} copy small small-copy"
    kept, _ = lines_after(home, "projects", "b", "enter")
    gone, _ = lines_after(home, "projects", "down", "f8", *"small-copy", "enter")
    assert pasted(made) == 0
    assert [line.name for line in Home(home).projects()] == ["small", "small-copy"]
    (tmp_path / "small.zip").unlink()
    assert pasted(kept) == 0
    assert (tmp_path / "small.zip").is_file()
    assert pasted(gone) == 0
    assert pasted(listed) == 0


def test_the_filtered_list_of_calls_and_one_call_are_pasted(home, capsys):
    one, listed = lines_after(home, "prompts", "slash", *"stage:generate", "enter")
    assert pasted(one) == 0
    capsys.readouterr()
    assert pasted(f"{listed} --json") == 0
    assert {line["step"] for line in json.loads(capsys.readouterr().out)} == {"generate"}


def test_a_tag_and_a_deleted_run_are_pasted(home):
    tagged, _ = lines_after(home, "runs", "t", *"-x", "enter")
    assert pasted(tagged) == 0
    deleted, *_ = lines_after(home, "runs", "f8", *"delete", "enter")
    assert pasted(deleted) == 2  # there is no such run any more
    with Home(home).open("small") as project:
        from edt_core.store.runs import run_lines

        assert run_lines(project) == []


def test_the_list_in_its_order_is_pasted(home, capsys):
    async def script(pilot, app):
        for _ in range(3):
            (line,) = app.base_screen.shown_command_lines
            seen[line] = app.screen.query_one("#queue").ids[:20].tolist()
            await press(pilot, "s")

    seen: dict[str, list[int]] = {}
    drive(home, script, project="small", start="review", size=(120, 36))
    assert len({tuple(ids) for ids in seen.values()}) == 3
    for line, ids in seen.items():
        assert pasted(f"{line} --limit 20 --json") == 0
        assert [item["id"] for item in json.loads(capsys.readouterr().out)] == ids


def test_marked_runs_are_pasted_as_their_comparison_and_a_mark_as_none(home):
    async def script(pilot, app):
        await press(pilot, "space", "C")
        shown = " ".join(text_of(app).replace("│", " ").split())
        assert "A mark is this session's own" in shown
        assert app.clipboard.endswith("runs show 1 --project small")

    drive(home, script, project="small", start="runs", size=(120, 36))
    compare = ["runs", "compare", "2", "1", "--project", "small"]
    shown = ["runs", "show", "2", "--project", "small"]
    assert lines_for("small", "details", (2, 1), 2, "") == [shown, compare]
    assert lines_for("small", "groups", (2, 1), 2, "") == [[*compare, "--groups"]]


def test_the_order_of_users_is_pasted(home):
    act, _ = lines_after(home, "user", "i", "3")
    assert "users --project small --by inserted" in act
    assert pasted(act) == 0


@pytest.mark.parametrize(
    ("start", "keys", "reason"),
    [
        ("train", ("m",), "How curves are looked at is kept nowhere"),
        ("tune", ("L",), "What is drawn changes nothing"),
        ("review", ("V",), "A selection is this session's own"),
    ],
)
def test_where_no_command_does_the_same_it_is_said_until_one_does(home, start, keys, reason):
    async def script(pilot, app):
        await press(pilot, *keys, "C")
        assert reason in " ".join(text_of(app).replace("│", " ").split())
        await press(pilot, "escape")
        if start == "tune":
            await press(pilot, "right", "C")
            assert reason not in " ".join(text_of(app).replace("│", " ").split())

    drive(home, script, project="small", start=start, size=(160, 48))


def test_a_copied_word_holds_nothing_that_a_terminal_obeys_when_it_is_pasted():
    word = "it's\x1b[31m\u202e\\é"
    line = shell_text(["edt", "user", "--user", word])
    assert line.isprintable()
    told = subprocess.run(["bash", "-c", f"printf %s {line.split('--user ')[1]}"], check=True,
                          capture_output=True, env={"LC_ALL": "C.UTF-8"})  # fmt: skip
    assert told.stdout.decode() == word


def test_with_two_commands_the_user_chooses(home):
    async def script(pilot, app):
        await press(pilot, "a", "C")
        assert "Copy which command?" in text_of(app)
        await press(pilot, "2")
        assert "items --project small --order near" in text_of(app)
        assert "Copied" in text_of(app)
        assert app.clipboard == f"edt --home {home} items --project small --order near"

    drive(home, script, project="small", start="review", size=(160, 48))
