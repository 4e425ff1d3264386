"""``edt watch | stop``: a run that goes on in another process."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.options import LARGEST, AsJson, ProjectName, home, one_of, opened
from edt_app.terminal import note, safe_text, say, say_json

if TYPE_CHECKING:
    from edt_app.views import RunView, StageView
    from edt_core.store.project import Project
    from edt_core.store.runs import Liveness

_LOOK_SECONDS = 0.5
_TELL_SECONDS = 5.0
_EXIT = {"done": 0, "interrupted": 130}


def add(app: typer.Typer) -> None:
    """Add the commands about a run that goes on."""
    app.command()(watch)
    app.command()(stop)


def in_background(context: typer.Context, project: str, *words: str, **options: object) -> None:
    """Start a command in a process of its own, and say so once it runs.

    A command that ends at once has said why: that is passed on, with its exit status.
    """
    from edt_app.launch import command_line, launch, wait_until_held
    from edt_core.store.liveness import exit_status, log_lines

    where = home(context)
    line = command_line(where, *words, project=project, **options)
    started = launch(where, project, line)
    folder = where.path(project)
    if not wait_until_held(folder) and (status := exit_status(folder)) is not None:
        for told in log_lines(folder)[:-1]:
            note(told)
        raise typer.Exit(status)
    if context.params.get("json"):
        say_json(started)
        return
    say(f"Started: {safe_text(started.command)}")
    note(f"Its output goes to {started.log}. Watch it: edt watch --project {project}")


def stop(
    context: typer.Context,
    project: ProjectName,
    after: Annotated[
        str, typer.Option("--after", help="now, or epoch: finish the epoch that trains.")
    ] = "now",
    kill: Annotated[
        bool, typer.Option("--kill", help="End the process: SIGTERM, after 10 s SIGKILL.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Stop the run that goes on in a project.

    The same command goes on from there later.
    """
    from edt_core.actions import stopping
    from edt_core.store.pulse import Stop

    when = Stop(one_of("--after", after, *Stop))
    target = opened(context, project)
    found = stopping.kill(target) if kill else stopping.stop(target, when)
    if json:
        say_json(found)
    elif not found.running:
        say(f"Nothing runs in {safe_text(found.project)}.")
    elif found.ended:
        say(f"The run has ended ({found.seconds:.1f} s).")
    else:
        unit = "epoch" if when is Stop.EPOCH else "unit of work"
        say(f"The run heard ({found.seconds:.1f} s) and stops after this {unit}.")
        note(f"See it end: edt watch --project {found.project}")


def watch(
    context: typer.Context,
    project: ProjectName,
    run: Annotated[
        int, typer.Option("--run", min=0, max=LARGEST, help="A run; else the newest.")
    ] = 0,
    json: AsJson = False,
) -> None:
    """Follow a run line by line until it ends.

    The exit status tells how it ended. Ctrl-C ends the watching, not the run. With --json the lines
    go to standard error.
    """
    from edt_core.errors import MissingInput
    from edt_core.store.runs import run_lines

    found = opened(context, project)
    tell = note if json else say
    ended = None
    while True:
        lines = run_lines(found)
        going = [line.id for line in lines if line.state == "running"]
        if run or going:
            number = run or going[0]
            ended = _followed(found, number, tell)
        if run or found.holder() is None:
            break
        time.sleep(_LOOK_SECONDS)  # an experiment's next run is about to begin
    if ended is None:
        if not lines:
            raise MissingInput(
                f"The project {found.name!r} has no run yet.",
                hint=f"Start one: edt run --project {found.name} --background",
            )
        number = lines[0].id
        ended = _followed(found, number, tell)
    if json:
        say_json({"run": number, "state": ended.life, "cause": ended.cause})
    raise typer.Exit(_EXIT.get(ended.life, 1))


def _followed(project: "Project", run: int, tell: Callable[[str], None]) -> "Liveness":
    """Say what is new in a run, a line each, until it ends; how it is then."""
    from edt_app.views import begun, fold, fold_all
    from edt_core.store.journal import events_after
    from edt_core.store.runs import liveness, run_stages

    view = fold_all(begun(run, run_stages(project, run)), events_after(project, run))
    made, all_of_them = view.counted
    tell(f"Run {run}: {made} of {all_of_them} stages made.")
    told: dict[str, float] = {}
    life = ""
    while True:
        how = liveness(project, run)  # asked first: an ended run writes no more lines
        for line in events_after(project, run, view.last):
            before, view = view, fold(view, line)
            for text in _news(before, view, line.at, told):
                tell(text)
        if how.ended:
            tell(f"Run {run}: {how.life.value}. {safe_text(how.cause)}".rstrip())
            return how
        if how.life != life:
            life = how.life
            beat = f" (last heard of {how.age:.0f} s ago)" if life != "live" and how.age else ""
            tell(f"Run {run}: {life}{beat}.")
        time.sleep(_LOOK_SECONDS)


def _news(before: "RunView", after: "RunView", at: float, told: dict[str, float]) -> Iterator[str]:
    """What an event changed, in lines; of a stage that only advances, one every few seconds."""
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    if after.notes[-1:] != before.notes[-1:]:
        yield f"{clock}  {safe_text(f'{after.notes[-1].step}: {after.notes[-1].text}')}"
    known = {stage.fingerprint: stage for stage in before.stages}
    for stage in after.stages:
        was = known.get(stage.fingerprint)
        if stage == was or stage.state == "failed":  # a failure is a note already
            continue
        if was is not None and stage.state == was.state:
            if at - told.get(stage.fingerprint, 0.0) < _TELL_SECONDS:
                continue
            told[stage.fingerprint] = at
        yield f"{clock}  {safe_text(_told(stage))}"


def _told(stage: "StageView") -> str:
    words = [f"{stage.step} {stage.name}", stage.state]
    if stage.seed is not None:
        words.insert(1, f"seed {stage.seed}")
    if stage.state == "running" and stage.unit:
        of = f" of {stage.total:,}" if stage.total else ""
        words.append(f"{stage.done:,}{of} {stage.unit}")
        if stage.rate:
            words.append(f"{stage.rate:,.2f} a second")
        if stage.eta is not None:
            words.append(f"at most {_duration(stage.eta)} left")
        if stage.note:
            words.append(stage.note)
    elif stage.state == "done":
        words.append(_duration(stage.seconds))
    return ", ".join(words)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
