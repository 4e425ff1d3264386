"""What reaches the terminal while work goes on."""

import io

import pytest
from rich.console import Console

from edt_app.terminal import ProgressLines, amount, bars, rate
from edt_core.events import StageAdvanced, StageStarted
from edt_core.stage import Step


@pytest.mark.parametrize(
    ("done", "total", "unit", "said"),
    [
        (1200, 5000, "users", "1,200/5,000 users"),
        (12_400_000, 98_000_000, "bytes", "12.4/98.0 MB"),
        (0, 2_500_000_000, "bytes", "0.0/2.5 GB"),
        (512, None, "bytes", "512.0 bytes"),
        (3, None, "epochs", "3 epochs"),
        (0, None, "", ""),
    ],
)
def test_amounts_are_readable(done, total, unit, said):
    assert amount(done, total, unit) == said


@pytest.mark.parametrize(
    ("speed", "unit", "said"),
    [
        (340.4, "users", "340 users/s"),
        (2.44, "epochs", "2.4 epochs/s"),
        (0.05, "epochs", "3.0 epochs/min"),
        (12_400_000, "bytes", "12.4 MB/s"),
        (None, "users", ""),
        (0.0, "users", ""),
    ],
)
def test_rates_are_readable(speed, unit, said):
    assert rate(speed, unit) == said


def test_a_bar_shows_amount_rate_and_time_left():
    now = 0.0
    console = Console(file=io.StringIO(), force_terminal=True, width=160, color_system=None)
    progress = bars(console, lambda: now)
    lines = ProgressLines(progress)
    lines(StageStarted("f", Step.IMPORT, "Read"))
    for number in range(11):
        now = float(number)
        lines(StageAdvanced("f", Step.IMPORT, number * 2_000_000, 100_000_000, "bytes", "a.csv"))
    with console.capture() as capture:
        console.print(progress.get_renderable())
    shown = capture.get()
    for part in ("import Read", "20.0/100.0 MB", "2.0 MB/s", "a.csv", "0:00:10", "0:00:40"):
        assert part in shown
