"""The session in a terminal: what it writes there, and what is left after a crash."""

import pytest
from app_terminal import app_on_terminal
from finished import finished


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    finished(folder).close()
    return folder


def test_without_colours_every_letter_can_be_seen(home):
    with app_on_terminal(home, "--project", "shop", NO_COLOR="1") as terminal:
        terminal.wait_for("needs you")
        terminal.settle()
        cells = terminal.cells()
        assert cells
        assert {(letters, ground) for _, letters, ground in cells} == {("default", "default")}


def test_a_project_is_opened_with_its_pipeline(home):
    with app_on_terminal(home, "--project", "shop") as terminal:
        terminal.wait_for("edt ▸ shop ▸ 3 Pipeline")


def test_what_is_typed_right_behind_an_arrow_lands_in_the_next_field(home):
    with app_on_terminal(home, "--project", "shop") as terminal:
        terminal.wait_for("stages fresh")
        terminal.until("s", "enter starts")
        terminal.settle()
        terminal.send("\x1b[B" * 2 + "Markov\t42")
        terminal.wait_for("--variant Markov --seed 42")


BROKEN = """
import sys
from edt_app.tui.__main__ import main
from edt_app.tui.screens.prompts import PromptsScreen
PromptsScreen.do_copy = lambda self: 1 / 0
sys.exit(main())
"""
"""The session with a bug behind a key."""


def test_a_bug_leaves_a_report_and_a_screen_to_go_on_with(home):
    words = ("--project", "shop", "--open", "prompts")
    with app_on_terminal(home, *words, program=("-c", BROKEN)) as terminal:
        terminal.wait_for("call 4 ")
        terminal.until("y", "You can go on")
        (report,) = (home / "reports").iterdir()
        assert "ZeroDivisionError" in report.read_text()
        terminal.wait_for("call 4 ")  # the screen was made anew, and read anew
        terminal.wait_for("The answer is empty")
        terminal.until("j", "call 3 ")
        terminal.until("1", "1 Projects")
        terminal.leave("q")
        assert terminal.process.returncode == 0
        assert terminal.foreign() == 0
