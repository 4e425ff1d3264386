from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from edt_app.tui.widgets.plot import Series, View, draw, trace, values_at, x_range


def text(lines) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines]


def line(name="loss", n=50, **kept) -> Series:
    x = np.arange(float(n))
    return Series(name, x, kept.pop("y", x), **kept)


def braille(row: str) -> int:
    return sum("\u2800" < letter <= "\u28ff" for letter in row)


@pytest.mark.parametrize("size", [(80, 20), (38, 8), (20, 5), (16, 3)])
@pytest.mark.parametrize("plain", [False, True])
def test_fills_its_size_and_no_more(size, plain) -> None:
    width, height = size
    curves = [line("日本語の名前" * 5), line("b" * 90, y=-np.arange(50.0)), line("c")]
    for cursor in (None, 20.0):
        lines = draw(curves, width, height, View(plain=plain, x_name="epoch", cursor=cursor))
        assert len(lines) == height
        assert max(cell_len(row) for row in text(lines)) <= width


def test_ascii_stays_ascii() -> None:
    curves = [line("a", best="max"), line("b", y=np.ones(50))]
    shown = "".join(text(draw(curves, 60, 12, View(plain=True, cursor=3.0, x_name="step"))))
    assert shown.isascii()
    assert "@" in shown


def test_a_rising_line_rises() -> None:
    rows = text(draw([line()], 40, 12))[1:-1]
    starts = [
        next(at for at, letter in enumerate(row) if "\u2800" < letter <= "\u28ff")
        for row in rows
        if braille(row)
    ]
    assert starts == sorted(starts, reverse=True)


def test_series_differ_without_colour() -> None:
    curves = [line("a", y=np.full(50, 1.0)), line("b", y=np.full(50, 2.0))]
    rows = text(draw(curves, 60, 10))
    assert rows[0].startswith("●── a 1  ▲╌╌ b 2")
    assert sum("●" in row for row in rows) == 2
    solid, dashed = (next(row for row in rows[1:] if mark in row) for mark in "●▲")
    letters = [{letter for letter in row if braille(letter)} for row in (solid, dashed)]
    assert len(letters[0]) < len(letters[1])


def test_a_gap_is_left_open() -> None:
    y = np.ones(50)
    y[20:30] = np.nan
    row = next(row for row in text(draw([line(y=y)], 60, 8))[1:-1] if braille(row))
    drawn = row.split("│")[-1].split("┤")[-1].strip()
    assert " " * 9 in drawn


def test_the_best_point_has_a_star() -> None:
    y = np.sin(np.linspace(0, 3, 50))
    top = text(draw([line(y=y, best="max")], 60, 12))
    assert any("★" in row for row in top[1:4])


def test_points_that_log_cannot_show_are_gaps() -> None:
    y = np.array([0.0, -1.0, 1.0, 10.0, 100.0])
    rows = text(draw([Series("a", np.arange(5.0), y)], 40, 12, View(log=True)))
    assert any(row.strip().startswith("100") for row in rows)
    assert any(row.lstrip().startswith("10┤") for row in rows)


def test_the_cursor_reads_values_out() -> None:
    rows = text(
        draw(
            [line("a"), line("b", y=np.arange(50.0) * 2)], 60, 10, View(cursor=7.4, x_name="epoch")
        )
    )
    assert rows[-1].split() == ["epoch", "7.4", "●", "7", "▲", "14"]
    assert any("│" in row.split("┤")[-1][2:] for row in rows[1:-1])


def test_a_chart_says_how_it_is_looked_at_with_the_cursor_and_without() -> None:
    view = View(x_name="epoch", smooth=0.97, log=True)
    ways = "log y, ema 0.97"
    for width in (80, 40, 24, 16):
        rows = text(draw([line()], width, 10, view))
        assert all(len(row) <= width for row in rows)
        assert ways[: width // 2] in rows[-1] or width < 24
    assert text(draw([line()], 60, 10, view))[-1].endswith(f"{ways}  epoch")
    at = replace(view, cursor=7.0)
    assert text(draw([line()], 60, 10, at))[-1].endswith(f"  {ways}")
    assert text(draw([line()], 24, 10, at))[-1].endswith("● 3.66  ")  # no room beside the value
    plain = text(draw([line()], 60, 10, View(x_name="epoch")))[-1]
    assert plain.endswith("epoch")
    assert "ema" not in plain


def test_values_before_the_first_point_are_unknown() -> None:
    late = Series("late", np.array([10.0, 11.0]), np.array([1.0, 2.0]))
    assert values_at([late, line()], 9.5)[1] == 9
    assert np.isnan(values_at([late], 9.5)[0])


def test_a_curve_that_ended_has_no_value_further_on() -> None:
    ended = Series("ended", np.array([10.0, 11.0]), np.array([1.0, 2.0]))
    assert values_at([ended], 11.9) == [2.0]  # its next point may just not be there yet
    assert np.isnan(values_at([ended], 12.1)[0])


def test_a_window_shows_its_part_alone_and_the_line_enters_it() -> None:
    y = np.where(np.arange(50) == 40, 1000.0, 1.0)
    whole, part = draw([line(y=y)], 60, 10), draw([line(y=y)], 60, 10, View(window=(10.3, 10.6)))
    assert any("1000" in row for row in text(whole))
    assert not any("1000" in row for row in text(part)[1:])
    assert sum(braille(row) for row in text(part)) > 40


def test_a_growing_curve_keeps_its_axis_for_a_while() -> None:
    ranges = {x_range([line(n=n)], View()) for n in range(900, 940)}
    assert len(ranges) <= 2


def test_nothing_to_draw_is_said() -> None:
    assert any("no points yet" in row for row in text(draw([], 40, 8)))
    assert any("no points yet" in row for row in text(draw([line(y=np.full(50, np.nan))], 40, 8)))
    assert any("small" in row for row in text(draw([line()], 12, 4)))
    assert len(text(draw([Series("one", np.array([3.0]), np.array([2.0]))], 40, 8))) == 8


def test_many_points_keep_their_extremes() -> None:
    y = np.zeros(100_000)
    y[51_234] = 9.0
    columns = np.arange(100_000) * 100 // 100_000
    x, rows = trace(columns, y, np.ones(len(y), bool))
    assert rows.max() == 9
    assert set(x) == set(range(100))
    assert len(x) < 400


def test_names_are_shown_never_obeyed() -> None:
    shown = "".join(text(draw([line("\x1b]0;x\x07[red]a")], 60, 10)))
    assert "\x1b" not in shown
    assert "[red]a" in shown
