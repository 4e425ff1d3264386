import numpy as np
import pytest

from edt_app.tui.widgets.histogram import CURSOR, DROPPED, KEPT, Bars, column_counts, draw_bars

COUNTS = np.array([1, 4, 9, 16, 25, 16, 9, 4, 1, 15])
EDGES = np.linspace(0.0, 1.0, 11)


def text(lines) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines]


@pytest.mark.parametrize("size", [(80, 16), (40, 5), (16, 3)])
@pytest.mark.parametrize("plain", [False, True])
def test_fills_its_size(size, plain) -> None:
    bars = Bars(COUNTS, EDGES, cut=0.52, applied=0.6, plain=plain, title="to target")
    rows = text(draw_bars(bars, *size))
    assert len(rows) == size[1]
    assert max(map(len, rows)) <= size[0]
    assert "".join(rows).isascii() == plain


@pytest.mark.parametrize("width", [3, 10, 37, 200])
def test_no_count_is_lost_between_columns(width) -> None:
    assert column_counts(COUNTS, width).sum() == pytest.approx(100)


def test_kept_and_dropped_differ_in_sign_and_style() -> None:
    lines = draw_bars(Bars(COUNTS, EDGES, cut=0.5, applied=0.75), 80, 12)
    bottom = lines[-2]
    assert bottom[0][1] == DROPPED
    assert set(bottom[0][0]) == {"░"}
    assert bottom[1][0] == "┃"
    assert sum(len(part) for part, _ in bottom[:1]) == 40
    assert {role for _, role in bottom[2:]} == {KEPT, CURSOR}
    assert "┊" in text(lines)[-2]
    assert text(lines)[0].split() == [
        "░",
        "dropped",
        "█",
        "kept",
        "┃",
        "draft",
        "0.5",
        "┊",
        "applied",
        "0.75",
    ]


def test_the_tallest_bar_reaches_the_top_and_a_single_item_is_seen() -> None:
    rows = text(draw_bars(Bars(np.array([1, 100_000]), np.array([0.0, 0.5, 1.0])), 40, 10))
    assert "█" in rows[1]
    assert rows[-2][0] == "▁"


def test_log_lifts_small_counts() -> None:
    bars = Bars(np.array([1000, 100_000]), np.array([0.0, 0.5, 1.0]), log=True)
    assert "█" in text(draw_bars(bars, 40, 10))[-3][:10]


def test_no_scores_are_said() -> None:
    assert any("no scores yet" in row for row in text(draw_bars(Bars(COUNTS * 0, EDGES), 40, 8)))


def test_what_is_kept_stands_below_what_is_dropped_where_counts_say_so() -> None:
    counts, kept = np.array([8, 8]), np.array([2, 8])
    lines = draw_bars(Bars(counts, np.array([0.0, 0.5, 1.0]), kept=kept), 40, 10)
    rows = text(lines)[1:-1]  # eight rows, four columns of a bar each eight high
    assert [row[5] for row in rows] == ["░"] * 6 + ["█"] * 2
    assert {row[35] for row in rows} == {"█"}
    assert lines[1][0][1] == DROPPED
    assert lines[-2][0][1] == KEPT


def test_both_directions_have_their_own_cuts() -> None:
    bars = Bars(COUNTS, EDGES, cut=0.25, applied=0.5, second=(0.75, 0.5), kept=COUNTS // 2)
    lines = text(draw_bars(bars, 80, 12))
    assert [at for at, letter in enumerate(lines[-2]) if letter == "┃"] == [20, 60]
    assert lines[-2].count("┊") == 1
    assert "draft A 0.25 B 0.75" in lines[0]
    assert "applied 0.5 " in lines[0]
