"""What the commands tell a person: help that is whole, tables that fit, runs that nobody named."""

import csv
import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from edt_app import terminal
from edt_app.cli import main
from edt_app.cli.commands import app
from edt_core.data.interactions import ITEM, TIME, USER
from edt_core.experiments.names import Name
from edt_core.store.home import Home
from edt_core.store.runs import label_run

GROUPS = [
    name for name, command in get_command(app).commands.items() if hasattr(command, "commands")
]


class Screen(io.StringIO):
    """A terminal of 80 columns."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("COLUMNS", "80")
    return Screen()


@pytest.mark.parametrize("words", [[], *([group] for group in GROUPS)])
def test_no_command_is_told_of_in_half_a_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*words, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 8
    assert [line for line in lines if line.endswith("...") and "Usage:" not in line] == []


def test_edt_alone_prints_its_help_in_lines(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "Commands:" in told.err.splitlines()


def test_the_help_of_experiment_names_them_all(capsys: pytest.CaptureFixture[str]):
    main(["experiment", "--help"])
    named = capsys.readouterr().out.replace(",", " ").replace(";", " ").split()
    assert set(Name) <= set(named)


def test_the_docs_name_every_experiment_and_every_column_that_is_read():
    docs = Path(__file__).parents[2] / "docs"
    page = (docs / "experiments.md").read_text()
    assert [name for name in Name if f"| `{name}` |" not in page] == []
    page = (docs / "quick-start.md").read_text()
    assert [name for name in (*USER, *ITEM, *TIME) if f"`{name}`" not in page] == []


def test_a_wrong_option_points_to_the_help_of_its_command(capsys: pytest.CaptureFixture[str]):
    assert main(["runs", "tag", "--colour"]) == 2
    assert "See 'edt runs tag --help'." in capsys.readouterr().err


def test_a_table_is_made_to_fit_a_terminal_and_numbers_are_not_cut(screen: Screen):
    row = ["a" * 40, "12345.678", "b" * 30, "c" * 60]
    with redirect_stdout(screen):
        terminal.say_table(["x", "n", "y", "last"], [row], right=frozenset({1}))
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) == 80
    assert "12345.678" in lines[-1]
    assert lines[-1].count("…") == 3


def test_a_last_column_can_be_broken_instead_of_cut(screen: Screen):
    words = " ".join(f"word{number}" for number in range(30))
    with redirect_stdout(screen):
        terminal.say_table(["key", "what it is"], [["k", words]], wrap=True)
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert " ".join(" ".join(lines[2:]).split()) == f"k {words}"


def test_a_pipe_gets_every_letter(capsys: pytest.CaptureFixture[str]):
    terminal.say_table(["key", "text"], [["k" * 70, "t" * 200]])
    terminal.tell("w " * 100)
    assert "t" * 200 in capsys.readouterr().out


def test_runs_show_the_settings_in_which_they_differ(
    written_shop: Path, capsys: pytest.CaptureFixture[str]
):
    with Home(written_shop).open("shop") as project:
        label_run(project, 2, tag="baseline")
    assert main(["runs"]) == 0
    told = capsys.readouterr().out
    header, _, popularity, sasrec, llm_edt, note = told.splitlines()
    assert header.split()[-2:] == ["tag", "settings"]
    assert popularity.split()[-2:] == ["-", "-"]
    assert sasrec.split()[-2:] == ["baseline", "-"]
    assert llm_edt.split()[-1] == "pretraining.batch_size=64"
    assert note.startswith("Run 1: Items and profiles")
    for number in "23":
        main(["runs", "delete", number, "--yes"])
    capsys.readouterr()
    main(["runs"])
    told = capsys.readouterr()
    assert told.out.splitlines()[0].split()[-1] == "N@10"  # no tag, and nothing that differs
    assert "All with pretraining.batch_size=64" in told.err


def test_users_and_user_look_at_the_newest_results_where_no_run_is_named(
    written_shop: Path, capsys: pytest.CaptureFixture[str]
):
    def document(*words: str) -> Any:
        assert main([*words]) == 0
        return capsys.readouterr()

    named = document("users", "--run", "1", "--run", "2").out
    unnamed = document("users")
    assert unnamed.out == named  # there is no w/o Aug.: the newest other that trains
    assert "Run 1 (LLM-EDT) over run 2 (SASRec)" in unnamed.err
    assert document("users", "--by", "loss", "--run", "1", "--run", "2").out.split()[-2] == "u01"
    assert (
        document("user", "--user", "u00").out == document("user", "--user", "u00", "--run", "1").out
    )


def test_a_setting_is_set_and_given_its_default_back(
    written_shop: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["config", "set", "noise_filter.top_k", "2"]) == 0
    assert main(["config", "unset", "noise_filter.top_k"]) == 0
    assert "noise_filter.top_k = 3 (was 2)" in capsys.readouterr().out
    assert main(["config", "unset", "noise_filter.topk"]) == 2
    assert "Did you mean" in capsys.readouterr().err


def test_a_section_of_settings_is_described(capsys: pytest.CaptureFixture[str]):
    assert main(["config", "describe", "insertion"]) == 0
    assert "insertion.position" in capsys.readouterr().out
    assert main(["config", "describe", "insertions"]) == 2


def test_one_table_of_an_experiment_is_a_csv_of_its_own(
    written_shop: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["report", "--format", "csv", "--table", "1"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    assert [row["model"] for row in rows] == ["LLM-EDT", "SASRec", "Popularity"]
    assert main(["report", "ratio", "--format", "svg", "--json"]) == 2
    assert "neither JSON" in capsys.readouterr().err
    assert main(["report", "--format", "svg"]) == 2
    assert "A figure of which experiment?" in capsys.readouterr().err
    assert main(["report", "--table", "2"]) == 2
    assert "There is no table 2" in capsys.readouterr().err
