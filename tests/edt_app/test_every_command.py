"""What holds for every command of ``edt``: one JSON document, numbers that are bounded, no trace.

Commands run in this process, on a finished project whose results were written, not computed.
"""

import json
from collections.abc import Iterator
from inspect import signature, unwrap
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from typer.main import get_command

from edt_app.cli import main
from edt_app.cli.commands import app
from edt_app.cli.options import LARGEST
from edt_core.store.home import Home
from edt_core.store.review import import_decisions

HUGE = ("99999999999999999999999", str(LARGEST + 1))


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command's function, under the words that are typed."""
    for name, command in sorted(getattr(group, "commands", {}).items()):
        yield from commands(command, (*words, name))
    if words:
        yield " ".join(words), command_of(group)


def command_of(command: Any) -> Any:
    """The function that a command calls; typer wraps it."""
    return unwrap(command.callback)


EVERY = dict(commands(get_command(app)))
SILENT = {"review"}
"""Groups that do nothing by themselves."""


def test_every_command_that_prints_a_result_can_print_it_as_json():
    without = {words for words, call in EVERY.items() if "json" not in signature(call).parameters}
    assert without == SILENT


def test_every_whole_number_is_bounded_by_what_a_database_holds():
    loose, seen = [], 0
    for words, call in EVERY.items():
        for name, hint in get_type_hints(call, include_extras=True).items():
            kind, *more = get_args(hint) if get_origin(hint) is Annotated else (hint,)
            if "int" in str(kind) and name != "return":
                seen += 1
                if not all(info.min is not None and info.max <= LARGEST for info in more):
                    loose.append(f"{words}: {name}")
    assert seen > 15
    assert loose == []


QUICK = [
    "projects", "status", "estimate", "items", "calls", "calls show 1", "runs", "runs show 1",
    "runs compare 1 2", "runs compare 1 2 3 --groups", "runs lineage 1", "runs export 1 2",
    "runs tag 1 best", "runs note 1 fine", "runs delete 3 --yes", "report", "report cost",
    "config", "config show", "config get llm.provider", "config describe noise_filter.threshold",
    "config set noise_filter.top_k 2 --dry-run", "config unset noise_filter.top_k",
    "prompts", "prompts show generate",
    "prompts copy generate", "review accept 1", "review reject 2", "review reset 1", "review undo",
    "review redo", "review edit 1 --field title=Better", "review export {tmp}/decisions.jsonl",
    "review import {tmp}/made.jsonl", "user --user u01 --run 1", "users --run 1 --run 2",
    "stop", "watch", "export --out {tmp}/out", "backup {tmp}/shop.zip",
    "restore {tmp}/made.zip --as b", "new other", "copy shop other",
    "delete shop --yes", "doctor --offline",
]  # fmt: skip


@pytest.mark.parametrize("command", QUICK)
def test_with_json_standard_output_is_exactly_one_document(
    written_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
):
    with Home(written_shop).open("shop") as project:
        import_decisions(project, [])
    (tmp_path / "made.jsonl").write_text("")
    if command.startswith("restore"):
        main(["backup", str(tmp_path / "made.zip")])
        capsys.readouterr()
    status = main([*command.format(tmp=tmp_path).split(), "--json"])
    told = capsys.readouterr()
    assert status == 0, told.err
    json.loads(told.out)


def test_the_list_above_misses_no_command():
    """But those that train or need more than this project has; they have tests of their own."""
    elsewhere = {"demo", "run", "experiment", "import", "recommend", "tune", "review score"}
    elsewhere |= {"calls again"}
    tried = {words for words in EVERY for command in QUICK if f"{command} ".startswith(f"{words} ")}
    assert EVERY.keys() - tried == elsewhere


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    "command",
    [
        "calls show {}", "items --limit {}", "calls --limit {}", "runs show {}", "watch --run {}",
        "recommend --user u01 --domain food --run {}", "runs compare 1 {}", "review accept {}",
        "review edit {} --field title=x", "users --run {} --limit {}", "runs delete {} --yes",
    ],
)  # fmt: skip
def test_a_number_that_no_database_holds_is_a_usage_error(
    written_shop: Path, capsys: pytest.CaptureFixture[str], command: str, number: str
):
    assert main(command.format(number, number).split()) == 2
    told = capsys.readouterr()
    assert "less than or equal to" in told.err or "range" in told.err
    assert len(told.err.splitlines()) <= 2


def test_the_largest_numbers_that_are_allowed_break_nothing(
    written_shop: Path, capsys: pytest.CaptureFixture[str]
):
    for command in ("items --limit 1000000000", "calls --limit 1000000000"):
        assert main(command.split()) == 0
    for command in (f"calls show {LARGEST}", f"runs show {LARGEST}", f"review accept {LARGEST}"):
        assert main(command.split()) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_is_one_sentence_and_a_report_without_data(
    written_shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    secret = "-".join(["sk", "1234"])  # the line of code that raises goes into the report

    def broken(*_: object, **__: object) -> None:
        raise LookupError(secret)

    monkeypatch.setattr("edt_core.actions.reviewing.generated_page", broken)
    assert main(["items", "--user", "u01", "--limit", "7"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "Traceback" not in told.err
    assert "LookupError" in told.err
    (report,) = (written_shop / "reports").glob("crash-*.txt")
    assert str(report) in told.err
    text = report.read_text()
    assert "doing: edt items --user --limit\n" in text
    assert "in broken" in text
    assert secret not in text
    assert "u01" not in text
    for words in (["--debug", "items"], ["items", "--debug"]):
        with pytest.raises(LookupError):
            main(words)
    capsys.readouterr()
    assert (
        main(["--home", str(written_shop / "shop" / "project.db"), "items"]) == 2
    )  # no place for a report


@pytest.mark.parametrize("command", ["--debug itms", "items --debug --lmit 3", "run --debug"])
def test_a_command_line_that_can_not_be_read_is_a_sentence_also_with_debug(
    written_shop: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
):
    monkeypatch.delenv("EDT_PROJECT")
    assert main(command.split()) == 2
    told = capsys.readouterr()
    assert told.err.startswith("edt: ")
    assert "--debug" not in told.err
