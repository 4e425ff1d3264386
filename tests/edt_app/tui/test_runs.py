from pathlib import Path

import pytest
from finished import finished
from pilot import drive, press, same_as_golden, settled, text_of

from edt_app.tui.asking import ask
from edt_app.tui.screens.runs import view
from edt_app.tui.theme import MARKS
from edt_core.actions.reporting import RunRow
from edt_core.errors import EdtError
from edt_core.store.home import Home
from edt_core.store.runs import NewRun, label_run, run_line, run_lines, start_run

GOLDENS = Path(__file__).parent / "goldens"
SIZES = [(80, 24), (160, 48)]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("edt_app.tui.app._TICK", 3600)  # nothing comes in between
    finished(tmp_path).close()
    return tmp_path


def row(**changed):
    return {
        "id": 1,
        "label": "LLM-EDT",
        "state": "done",
        "seeds": [42, 44],
        "started": "2026-01-01 10:00",
        "seconds": 90.0,
        "domains": {"food": {"N@10": 0.5, "H@10": 0.75}},
        "changed": "",
        "tag": "",
        "note": "",
    } | changed


def told(app):
    """What was said at the screen's edge."""
    return " ".join(notice.message for notice in app._notifications)


def test_a_row_says_the_state_in_a_mark_and_a_word_and_misses_no_domain():
    cells = view.cells(row(), ["food", "kitchen"])
    assert cells[2][0] == f"{MARKS['done']} done"
    assert list(cells[3:7]) == ["0.5000", "-", "0.7500", "-"]
    assert len(cells) == len(view.columns(["food", "kitchen"]))


def test_the_settings_that_tell_runs_apart_stand_first():
    shared = "embedding.dimensions=16 evaluation.cutoffs=[1, 5]"
    rows = [
        RunRow(number, "", "done", [], "", None, None, {}, changed, "", "", "")
        for number, changed in (
            (1, f"{shared} pretraining.width=32"),
            (2, shared),
            (3, f"{shared} generator.n_generate=2 pretraining.width=16"),
        )
    ]
    assert [row["changed"] for row in view.as_rows(rows).values()] == [
        f"pretraining.width=32 {shared}",
        shared,
        f"generator.n_generate=2 pretraining.width=16 {shared}",
    ]
    assert view.as_rows(rows[:1])[1]["changed"] == rows[0].changed
    assert view.as_rows([]) == {}


def test_bars_say_best_and_second_in_words_and_skip_an_empty_group():
    cell = {"value": 0.4, "sd": 0.01, "mark": "best", "significant": False}
    other = {"value": 0.2, "sd": None, "mark": "second", "significant": False}
    none = {"value": None, "sd": None, "mark": "", "significant": False}
    table = {
        "title": "N@10",
        "columns": ["group", "users", "run 1", "run 2"],
        "rows": [
            [{"value": "short"}, {"value": 3}, cell, other],
            [{"value": "long"}, {"value": 0}, none, none],
        ],
    }
    lines = view.groups({"groups": [table]}, 65).plain.splitlines()
    best, second = lines[2], lines[3]
    assert "0.4000 ±0.0100 ¹ best" in best
    assert "0.2000 ² second" in second
    assert best.count(view.BAR_MARKS[0]) == 2 * second.count(view.BAR_MARKS[1])
    assert lines[5].split() == ["run", "1", "-"]


def test_hostile_names_are_shown_and_not_obeyed():
    document = {
        "settings": [("key\x1b[31m", "[red]1", "2")],
        "table": {"title": "t\x1b]0;x", "columns": ["model"], "rows": [], "notes": ["n\x9b"]},
    }
    shown = view.comparison(document, [1, 2], 80).plain
    assert not any(letter in shown for letter in "\x1b\x9b")
    assert "[red]1" in shown


def test_a_failing_command_tells_its_own_message_and_hint(tmp_path):
    Home(tmp_path).create("p").close()
    with pytest.raises(EdtError) as told:
        ask(tmp_path, ["runs", "compare", "1", "2", "--project", "p"])
    assert told.value.message == "There is no run 1."
    assert "edt runs" in told.value.hint


@pytest.mark.parametrize("size", SIZES)
def test_the_list_and_the_details_look_as_agreed(home, size):
    async def script(pilot, app):
        await same_as_golden(pilot, GOLDENS / f"runs-{size[0]}x{size[1]}.txt")

    drive(home, script, project="shop", start="runs", size=size)


@pytest.mark.parametrize("size", SIZES)
def test_two_marked_runs_are_compared_grouped_and_plotted(home, size):
    async def script(pilot, app):
        await press(pilot, "c")
        assert "mark two or more runs with space" in told(app)
        await press(pilot, "G", "space", "k", "space", "c")
        assert "Runs 1, 2: compared" in text_of(app)
        compare = f"edt --home {home} runs compare 1 2 --project shop"
        assert app.base_screen.shown_command_lines == [compare]
        await same_as_golden(pilot, GOLDENS / f"runs-compared-{size[0]}x{size[1]}.txt")
        await press(pilot, "f")
        assert "N@10 full by sequence length (Figure 4)" in text_of(app)
        assert "¹ best" in text_of(app)
        await press(pilot, "p")
        assert "pretrain ndcg@10" in text_of(app)
        assert "run 2 SASRec seed 44" in text_of(app)
        await press(pilot, "right_square_bracket")
        assert "pretrain loss   [ ] 1 of 2" in text_of(app)
        await press(pilot, "escape", "b", "c")
        assert "Runs 1, 2: compared" in text_of(app)
        await press(pilot, "escape", "k", "b", "c")
        assert "Runs 2, 1: compared" in text_of(app)

    drive(home, script, project="shop", start="runs", size=size)


def test_a_run_without_a_result_is_not_compared_and_a_failure_leaves_nothing_waiting(
    home, monkeypatch
):
    def no_answer(home, words):
        raise EdtError("It could not be compared.")

    monkeypatch.setattr("edt_app.tui.screens.runs.screen.ask", no_answer)
    with Home(home).open("shop") as project:
        start_run(project, NewRun("LLM-EDT", "evaluate", [42], {}))

    async def script(pilot, app):
        await press(pilot, "g", "space", "space", "c")
        assert "run 4 has no result" in told(app)
        await press(pilot, "g", "space", "j", "space", "c")
        assert "It could not be compared." in text_of(app)
        assert "testing user by user" not in text_of(app)

    drive(home, script, project="shop", start="runs")


def test_lineage_counts_generated_items_and_names_the_calls(home):
    async def script(pilot, app):
        await press(pilot, "G")
        await press(pilot, "l")
        shown = text_of(app)
        assert "2 of 26 training events are generated" in shown
        assert "summarize" in shown
        await press(pilot, "escape", "k")
        assert "Run 2: SASRec, done" in text_of(app)

    drive(home, script, project="shop", start="runs")


def test_an_export_says_where_the_files_are(home):
    async def script(pilot, app):
        await press(pilot, "G", "space", "k", "space", "X")
        await settled(pilot)
        assert "runs-1-2.tex" in text_of(app)
        assert (home / "shop" / "reports" / "runs-1-2-pretrain-ndcg-10.svg").exists()

    drive(home, script, project="shop", start="runs")


def test_tag_and_note_are_kept_and_a_run_is_deleted_by_a_word(home):
    async def script(pilot, app):
        await press(pilot, "t", *"paper", "enter")
        await press(pilot, "n", *"good", "enter")
        with Home(home).open("shop") as project:
            line = run_line(project, 3)
        assert (line.tag, line.note) == ("paper", "good")
        assert "paper" in text_of(app)
        await press(pilot, "f8", *"yes", "enter")
        assert "That is not delete." in text_of(app)
        await press(pilot, "escape")
        assert "3 Popularity" in text_of(app)
        await press(pilot, "f8", *"delete", "enter")
        assert "3 Popularity" not in text_of(app)
        with Home(home).open("shop") as project:
            assert [line.id for line in run_lines(project)] == [2, 1]

    drive(home, script, project="shop", start="runs")


def test_another_processs_change_is_seen_and_the_cursor_stays(home):
    async def script(pilot, app):
        await press(pilot, "j")
        with Home(home).open("shop") as project:
            label_run(project, 1, tag="theirs")
        app._tick()
        await settled(pilot)
        assert "theirs" in text_of(app)
        assert "Run 2: SASRec" in text_of(app)

    drive(home, script, project="shop", start="runs")


def test_without_runs_the_screen_names_the_next_key(tmp_path):
    Home(tmp_path).create("p").close()

    async def script(pilot, app):
        assert "No run yet" in text_of(app)
        await press(pilot, "p")
        assert "there is no run yet" in told(app)

    drive(tmp_path, script, project="p", start="runs")
