import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from pilot import drive, press, same_as_golden, settled, text_of
from rich.cells import cell_len

from edt_app.tui.screens import tune_view as view
from edt_core.actions.configuring import configuration
from edt_core.actions.consequences import Change, Consequences
from edt_core.stages.augmenter.tuning import Precision
from edt_core.store.home import Home
from edt_core.store.review import decide
from edt_core.store.review_queue import Wanted, generated_ids

OUTCOME = SimpleNamespace(
    before=[SimpleNamespace(items=1, interactions=2)] * 2,
    new_items=(1, 1),
    sides=[SimpleNamespace(kept=1)] * 2,
    mean_length_after=3.0,
)
GOLDENS = Path(__file__).parent / "goldens"


async def quiet(pilot):
    """The items at the edge follow a moment after the counts."""
    await settled(pilot)
    while pilot.app.base_screen._rest is not None:
        await pilot.pause(0.02)
        await settled(pilot)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_whole_screen(made, size):
    async def script(pilot, app):
        await quiet(pilot)
        await press(pilot, "percent_sign", "right")
        await quiet(pilot)
        await same_as_golden(pilot, GOLDENS / f"tune-{size[0]}x{size[1]}.txt")

    drive(made.home, script, project="small", start="tune", size=size)


def test_moving_answers_and_keeps_nothing_until_it_is_applied(copied):
    def kept():
        with Home(copied.home).open("small") as project:
            noise = configuration(project).noise_filter
            return noise.top_k, noise.threshold, noise.threshold_kind

    async def script(pilot, app):
        await press(pilot, "right", "full_stop", "minus")
        assert "top_k 2  threshold 0.511" in text_of(app)
        assert kept() == (3, 0.5, "percentile")
        await press(pilot, "A")
        assert kept() == (2, 0.511, "percentile")
        await press(pilot, "u")
        assert kept() == (3, 0.5, "percentile")
        await press(pilot, "U")
        assert kept() == (2, 0.511, "percentile")

    drive(copied.home, script, project="small", start="tune")


def test_a_typed_threshold_is_checked_and_a_preset_taken(made):
    async def script(pilot, app):
        await press(pilot, "t", *(["backspace"] * 3), *"2", "enter")
        assert "is not from -1 to 1." in text_of(app)
        await press(pilot, "backspace", *"0.25", "enter")
        assert "threshold 0.25 percentile" in text_of(app)
        await press(pilot, "P", "2")
        assert "DRAFT, A applies it: A " in text_of(app)
        assert "threshold 0.95" in text_of(app)
        await press(pilot, "C")
        (line,) = app.base_screen.shown_command_lines
        assert line.endswith("tune --project small --top-k 3 --threshold 0.95 --kind absolute")
        assert "edt --home" in text_of(app)

    drive(made.home, script, project="small", start="tune", size=(120, 36))


def test_at_eighty_columns_what_is_applied_is_said_and_every_number_can_be_reached(made):
    async def script(pilot, app):
        await quiet(pilot)
        line = text_of(app).splitlines()[1]
        assert line.startswith(" applied: A ")
        assert "threshold 0.5 percentile" in line
        assert "↑↓ scrolls" in text_of(app)
        assert "avg. length" not in text_of(app)
        await press(pilot, *["down"] * 12)
        shown = text_of(app)
        for part in ("avg. length", "no generation is paid for again", "more reviews for"):
            assert part in " ".join(shown.split())
        await press(pilot, "right")
        line = text_of(app).splitlines()[1]
        assert line.startswith(" DRAFT, A applies it: A ")
        assert "threshold 0.51" in line

    drive(made.home, script, project="small", start="tune")


def test_an_interval_is_told_by_both_its_ends_in_a_column_of_its_own():
    some, all_good = Precision(1, 3, 0.06, 0.79), Precision(40, 40, 0.91, 1.0)
    assert view.told(some) == "33% (6-79)"
    assert view.told(all_good) == "100% (91-100)"
    assert view.told(Precision(0, 0, 0.0, 1.0)) == "-"
    assert len(view.told(all_good)) < 14  # columns


def test_a_precision_says_that_it_is_of_no_random_sample_and_rows_keep_their_columns(copied):
    async def script(pilot, app):
        await quiet(pilot)
        assert "no random sample" not in text_of(app)  # nothing was reviewed: there is no figure
        with Home(copied.home).open("small") as project:
            kept = generated_ids(project, Wanted(direction="a2b", verdict="kept"))
            decide(project, "accept", kept[:3].tolist())
        await press(pilot, "0", "6")
        await quiet(pilot)
        lines = text_of(app).splitlines()
        at = next(at for at, line in enumerate(lines) if "precision" in line)
        assert "no random sample" in lines[at + 1]

    drive(copied.home, script, project="small", start="tune")
    assert "no random sample" in copied("tune", "--project", "small").out
    told = copied("tune", "--project", "small", "--json").document()
    assert "no random sample" in told["notes"][0]
    rows = view.table_rows(*[OUTCOME] * 2, ["日本語の名前です", "k"])
    assert {cell_len(view.row_line(row)) for row in rows} == {52}


def test_without_scores_the_screen_says_what_to_run(edt):
    edt("new", "empty")

    async def script(pilot, app):
        assert "holds no data yet" in text_of(app)
        assert "reading the scores" not in text_of(app)
        await press(pilot, "right")
        assert any("no scores are read yet" in told.message for told in app._notifications)

    drive(edt.home, script, project="empty", start="tune")


def test_source_scores_stand_in_place_of_the_targets_or_beside_them(made):
    async def narrow(pilot, app):
        assert "source score" not in text_of(app)
        await press(pilot, "s")
        assert "source score, kept are ranks 1 to 3" in text_of(app)
        assert "target score, ranks" not in text_of(app)
        await press(pilot, "minus")
        assert "source score, kept are ranks 1 to 2" in text_of(app)
        assert "median of rank 2" in text_of(app)

    async def wide(pilot, app):
        assert "source score" in text_of(app)
        assert "target score" in text_of(app)
        await press(pilot, "s")
        assert any("both are shown" in told.message for told in app._notifications)

    drive(made.home, narrow, project="small", start="tune")
    drive(made.home, wide, project="small", start="tune", size=(160, 48))


def test_both_directions_show_both_cuts_and_both_edges(made):
    async def script(pilot, app):
        await press(pilot, "d", "d")
        await quiet(pilot)
        shown = text_of(app)
        assert "A outdoor ⇄ B kitchen" in shown
        low, high = re.search(r"percentile \(A and B: (\S+) and (\S+)\)", shown).groups()
        assert re.search(r"draft A \S+ B \S+", shown)
        assert low != high
        bars = app.screen.query_one("#target").bars
        assert f"{bars.cut:.3f}" == low
        assert f"{bars.second[0]:.3f}" == high
        above = [line.split("││")[-1] for line in shown.splitlines() if "→" in line]
        assert any("A→B" in line for line in above)
        assert any("B→A" in line for line in above)

    drive(made.home, script, project="small", start="tune", size=(160, 48))


def test_what_applying_takes_is_told_before_it_is_done(made):
    async def script(pilot, app):
        assert "The draft is what is applied." in text_of(app)
        await press(pilot, "right")
        await quiet(pilot)
        assert "A would make stale: filter, review, insert, profile" in text_of(app)
        assert "calls to redo: at most" in text_of(app)
        assert "no item is generated anew" in text_of(app)

    drive(made.home, script, project="small", start="tune", size=(240, 48))


def test_where_there_is_no_room_a_single_stale_step_is_named_once():
    some = Consequences([Change("noise_filter.top_k", 3, 2)], ["filter"], [], 1, 0, 0.0)
    assert view.cost_line(some, "A", 40) == "A makes filter stale: no call"
    more = replace(some, stale=["filter", "review", "insert"])
    told = view.cost_line(more, "A", 40)
    assert told == "A makes filter to insert stale: no call"
