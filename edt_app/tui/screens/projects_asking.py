"""What the questions of the projects screen refuse while they are open, suggest, and lead to."""

from collections.abc import Callable
from pathlib import Path

from edt_app.paths import typed_path
from edt_app.tui.session import Session
from edt_core.errors import EdtError
from edt_core.store.home import Home


def wrong_name(home: Home, text: str) -> str:
    """Why no project can be called so; empty when one can, or when nothing was typed."""
    return _refused(lambda: home.free_name(text)) if text else ""


def wrong_target(session: Session, text: str) -> str:
    """Why no backup can be written there."""
    session.prepare()
    from edt_core.store.backup import check_target

    return _refused(lambda: check_target(typed_path(text))) if text.strip() else ""


def wrong_backup(session: Session, text: str) -> str:
    """Why no project can be made of the file."""
    session.prepare()
    from edt_core.store.backup import name_in

    return _refused(lambda: name_in(typed_path(text))) if text.strip() else ""


def suggested_name(home: Home, file: Path) -> str:
    """A free name for the project in a backup: its own, or that with a number."""
    from edt_core.store.backup import name_in

    name = name_in(file)
    tried = (name, *(f"{name}-{number}" for number in range(2, 100)))
    return next((one for one in tried if not wrong_name(home, one)), "")


def back_up(folder: Path, file: Path) -> None:
    """Write the project into a file; the database library is imported for it."""
    from edt_core.store import backup

    backup.back_up(folder, file)


def restore(home: Home, file: Path, name: str) -> str:
    """Make a project of a file; its name."""
    from edt_core.store import backup

    return backup.restore(home, file, name)


def _refused(check: Callable[[], object]) -> str:
    try:
        check()
    except EdtError as error:
        return f"✗ {error.message} {error.hint}".rstrip()
    return ""
