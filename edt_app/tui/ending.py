"""Ends a run, the same way on every screen: gently after a choice, by force after a question."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from edt_app.tui.dialogs import Choose, Confirm

if TYPE_CHECKING:
    from edt_app.tui.base import EdtScreen
    from edt_core.actions.stopping import Stopped
    from edt_core.store.project import Project

Then = Callable[[], None]
WHEN = ("after this epoch (keeps it)", "now, at the next step or answer")


def stop(screen: "EdtScreen", run: int, then: Then) -> None:
    """Ask when, and ask the run."""

    def chosen(at: int | None) -> None:
        if at is not None:
            name = screen.session.name
            screen.remember("stop", project=name, after="" if at else "epoch")
            _end(screen, lambda project: _stop(project, after_epoch=at == 0), then)

    question = f"Stop run {run}? What is finished stays; starting again goes on from there."
    screen.app.push_screen(Choose(question, WHEN), chosen)


def kill(screen: "EdtScreen", run: int, then: Then) -> None:
    """Ask once, and end the process."""

    def answered(sure: bool | None) -> None:
        if sure:
            screen.remember("stop", project=screen.session.name, kill=True)
            screen.say(f"Ending run {run}; up to 20 s.")
            _end(screen, _kill, then)

    gently = next(command.id for command in screen.KEYS if command.action == "stop")
    question = f"End the process of run {run} by force? What was finished stays stored; "
    question += screen.keyed(f"{{{gently}}} stops it gently.")
    screen.app.push_screen(Confirm(question), answered)


def _end(screen: "EdtScreen", how: "Callable[[Project], Stopped]", then: Then) -> None:
    def told(found: "Stopped") -> None:
        heard = f"The run heard ({found.seconds:.1f} s) and stops."
        screen.say("The run has ended." if found.ended else heard)
        then()

    screen.read(lambda: how(screen.session.project()), told, group="end")


def _stop(project: "Project", *, after_epoch: bool) -> "Stopped":
    from edt_core.actions.stopping import stop as ask
    from edt_core.store.pulse import Stop

    return ask(project, Stop.EPOCH if after_epoch else Stop.NOW)


def _kill(project: "Project") -> "Stopped":
    from edt_core.actions.stopping import kill as end

    return end(project)
