"""``edt-app [--project X] [--home DIR] [--open SCREEN]``."""

import argparse
import asyncio
import gc
import os
import sys

from edt_core.errors import EdtError

_TURN = 0.001
"""Seconds until a thread that waits for the interpreter gets it.

A read in a thread takes dozens of turns, and while the screen is painted it would wait five
milliseconds for each.
"""


def main() -> int:
    """Open the interactive session; the exit status."""
    # argparse: typer alone takes 50 ms of the quarter second that the first paint may take
    parser = argparse.ArgumentParser(prog="edt-app", description=__doc__)
    parser.add_argument("--project", "-p", default="", help="the project to open")
    parser.add_argument("--home", default=None, help="the folder of all projects (or EDT_HOME)")
    parser.add_argument("--open", default="", metavar="SCREEN", help="the screen to start with")
    chosen = parser.parse_args()
    if not (sys.stderr.isatty() and sys.stdin.isatty()):
        sys.stderr.write(
            "edt-app: this is no terminal (standard error draws the screen).\n"
            "         Run it in a terminal without redirection; edt does the same headless.\n"
        )
        return 2
    try:
        status = _open(chosen.home, chosen.project, chosen.open)
    except EdtError as error:
        from edt_app.terminal import safe_text

        sys.stderr.write(f"edt-app: {safe_text(error)}\n")
        return error.exit_code
    from edt_app.tui.leaving import leave

    return leave(status)


def _open(home_folder: str | None, project: str, screen: str) -> int:
    sys.setswitchinterval(_TURN)
    gc.disable()  # until the first paint: what imports make is there to stay
    os.environ.setdefault("TEXTUAL_FPS", "120")  # a key waits at most 8 ms for its paint
    from edt_app.tui.app import EdtApp
    from edt_app.tui.leaving import Readers
    from edt_app.tui.places import PLACES
    from edt_app.tui.preferences import preferences_file, read_preferences
    from edt_app.tui.session import Session
    from edt_core.errors import UsageError
    from edt_core.store.home import Home

    home = Home(home_folder)
    if project:
        home.path(project)
    modes = [place.mode for place in PLACES]
    if screen and screen not in modes:
        raise UsageError(f"There is no screen {screen!r}.", hint=f"Known are {', '.join(modes)}.")
    path = preferences_file()
    preferences = read_preferences(path)
    session = Session(home, project)
    app = EdtApp(session, preferences, screen or ("pipeline" if project else "projects"))

    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(Readers())
        await app.run_async()

    try:
        asyncio.run(run())
    finally:
        session.close()
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
