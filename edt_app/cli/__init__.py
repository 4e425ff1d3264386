"""The command ``edt`` (DESIGN section 6): a thin layer over ``edt_core.actions``."""

import os
import sys
from collections.abc import Sequence

from edt_app.terminal import complain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 done, 1 failed, 2 wrong usage or input, 3 stopped at the budget or
        waiting for review, 130 interrupted.
    """
    from edt_app.cli.commands import app
    from edt_core.errors import EdtError

    # torch's threads give the processor back while they wait: beside other work that is many times
    # quicker, alone it costs nothing; it has to be said before torch is imported
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    given, debug = _without_debug(sys.argv[1:] if arguments is None else arguments)
    try:
        outcome = app(given, prog_name="edt", standalone_mode=False)
        status = outcome if isinstance(outcome, int) else 0
    except EdtError as error:
        if debug:
            raise
        complain(error.message, error.hint)
        status = error.exit_code
    except KeyboardInterrupt:
        complain("Interrupted.", "What was finished is kept; the same command goes on.")
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except Exception as error:
        if debug and not _of_the_parser(error):
            raise
        status = _outside(error, given)
    return status


def _without_debug(words: Sequence[str]) -> tuple[list[str], bool]:
    """The words without ``--debug``, which may stand anywhere, and whether it did."""
    options = words.index("--") if "--" in words else len(words)
    kept = [word for word in words[:options] if word != "--debug"]
    return [*kept, *words[options:]], len(kept) < options


def _of_the_parser(error: Exception) -> bool:
    """A command line that can't be read, or a question at the terminal left unanswered."""
    return hasattr(error, "format_message") or type(error).__name__ == "Abort"


def _outside(error: Exception, given: Sequence[str]) -> int:
    """The exit status of an error that is not ours; of a bug a report is kept."""
    message = getattr(error, "format_message", None)
    if callable(message):  # the command-line parser's own
        asked = getattr(getattr(error, "ctx", None), "command_path", "edt")
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(f"{message()}\n")
        else:
            complain(str(message()).replace("\n", " "), f"See '{asked} --help'.")
        return 2
    if type(error).__name__ == "Abort":
        complain("Interrupted.")
        return 130
    if isinstance(error, OSError):
        complain(f"{error.strerror or error} ({error.filename or 'no file named'}).")
        return 1
    _report(error, given)
    return 1


def _report(error: Exception, given: Sequence[str]) -> None:
    """Say that this is a bug, and keep what tells of it and of no data."""
    from edt_app.crash import write_report
    from edt_core.errors import EdtError
    from edt_core.store.home import Home

    kind = type(error).__name__
    try:
        path = write_report(error, Home(_home_option(given)).folder / "reports", _doing(given))
    except (OSError, EdtError):
        complain(f"An unexpected error ({kind}): a bug.", "'edt --debug ...' shows its traceback.")
        return
    complain(
        f"An unexpected error ({kind}): a bug. It is described in {path}, without your data.",
        "Please report it; 'edt --debug ...' shows the traceback. What was finished is kept.",
    )


def _home_option(given: Sequence[str]) -> str | None:
    for at, word in enumerate(given):
        name, equals, value = word.partition("=")
        if name == "--home":
            return value if equals else next(iter(given[at + 1 :]), None)
    return None


def _doing(given: Sequence[str]) -> str:
    """The command and the names of its options: values could hold an item's text or a name."""
    from typer.main import get_command

    from edt_app.cli.commands import app

    words, known = [], getattr(get_command(app), "commands", {})
    for word in given:
        if word.startswith("--"):
            words.append(word.partition("=")[0])
        elif word in known:
            words.append(word)
            known = getattr(known[word], "commands", {})
    return " ".join(["edt", *words])
