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
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
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
        if debug:
            raise
        status = _outside(error)
    return status


def _outside(error: Exception) -> int:
    """The exit status of an error that is not ours; a bug keeps its traceback."""
    message = getattr(error, "format_message", None)
    if callable(message):  # the command-line parser's own
        complain(str(message()).replace("\n", " "), "See 'edt --help' or 'edt COMMAND --help'.")
        return 2
    if type(error).__name__ == "Abort":
        complain("Interrupted.")
        return 130
    if isinstance(error, OSError):
        complain(f"{error.strerror or error} ({error.filename or 'no file named'}).")
        return 1
    raise error
