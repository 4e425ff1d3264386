"""What the monitor does to a run: each asks first, does it in a thread, and then tells."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from edt_app.tui.dialogs import Ask, Choose, Confirm
from edt_app.tui.ending import Then

if TYPE_CHECKING:
    from edt_app.tui.base import EdtScreen
    from edt_app.tui.screens.train.feed import Curves
    from edt_app.tui.screens.train.watched import Watched
    from edt_core.store.runs import RunLine

MOST_RUNS = 200
"""To choose from."""


def go_on(screen: "EdtScreen", run: int, then: Then) -> None:
    """Show the command that goes on with the run and what it would cost, and start it."""

    def ask(found: tuple[list[str], str]) -> None:
        from edt_app.launch import shell_text

        line, cost = found

        def answered(sure: bool | None) -> None:
            if sure:
                _start(screen, line, then)

        question = f"Go on with run {run} in the background?\n\n{shell_text(line)}\n\n{cost}"
        screen.app.push_screen(Confirm(question), answered)

    def work() -> tuple[list[str], str]:
        from edt_app.launch import command_line
        from edt_core.actions.again import again, estimate_again

        project = screen.session.project()
        words = again(project, run)
        cost = estimate_again(project, words).sentence
        return command_line(screen.session.home, "run", **asdict(words)), cost

    screen.read(work, ask, group="again")


def note(screen: "EdtScreen", line: "RunLine", then: Then) -> None:
    """Ask for a note on the run, and keep it."""

    def work(text: str) -> None:
        from edt_core.store.runs import label_run

        label_run(screen.session.project(), line.id, note=text)

    def answer(text: str | None) -> None:
        if text is not None:
            name = screen.session.name
            screen.remember("runs", "--project", name, "note", "--", line.id, text)
            screen.write(lambda: work(text), lambda _: then())

    screen.app.push_screen(Ask(f"Note on run {line.id}", line.note), answer)


def choose(
    screen: "EdtScreen",
    question: str,
    none: str,
    then: "Callable[[RunLine | None], None]",
    but: int | None = None,
) -> None:
    """Ask for one of the runs that trained, except run ``but``, or none of them."""

    def work() -> "list[RunLine]":
        from edt_app.tui.screens.train.watched import trained
        from edt_core.store.runs import run_lines

        project = screen.session.project()
        return [one for one in trained(project, run_lines(project, MOST_RUNS)) if one.id != but]

    def ask(lines: "list[RunLine]") -> None:
        def chosen(at: int | None) -> None:
            if at is not None:
                then(lines[at - 1] if at else None)

        shown = [f"run {one.id} {one.label}, {one.state} {one.note}" for one in lines]
        screen.app.push_screen(Choose(question, [none, *shown]), chosen)

    screen.read(work, ask, group="choose")


def run_folder(screen: "EdtScreen", run: int) -> Path:
    """Where a run's points are, without a database library."""
    return screen.session.folder / "runs" / str(run)


def _start(screen: "EdtScreen", line: list[str], then: Then) -> None:
    home, name = screen.session.home, screen.session.name

    def work() -> None:
        from edt_app.launch import check_begun, launch

        launch(home, name, line)
        check_begun(home.path(name))

    def started(_: None) -> None:
        screen.remember(*line[line.index("run") :])
        screen.say("The run goes on, in a process of its own.")
        then()

    screen.read(work, started, group="start")


def choose_base(
    screen: "EdtScreen", run: int, show: "Callable[[tuple[str, Curves] | None], None]"
) -> None:
    """Ask which other run's curves lie over those of ``run``, and read them."""

    def chosen(line: "RunLine | None") -> None:
        if line is None:
            show(None)
            return
        from edt_app.tui.screens.train.feed import read_once

        name, folder = f"run {line.id}", run_folder(screen, line.id)
        screen.read(lambda: (name, read_once(folder)), show, group="base")

    choose(screen, "Lay which run's curves over these?", "none", chosen, but=run)


def laid_over(
    base: "tuple[str, Curves] | None", watched: "Watched | None"
) -> "tuple[str, Curves | None]":
    """Name and curves of the run that lies over the watched one; none lies over itself."""
    if base is None or (watched is not None and base[0] == f"run {watched.found.run.id}"):
        return "", None
    return base
