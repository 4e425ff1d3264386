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
