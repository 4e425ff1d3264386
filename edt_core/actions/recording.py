"""A run's row and those of its stages: begun, kept up to date, and ended whatever ends it."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edt_core import __version__
from edt_core.actions.jobs import Job
from edt_core.errors import BudgetReached, EdtError, ReviewPending, RunCancelled
from edt_core.events import Event, EventSink, StageFailed, StageFinished, StageStarted
from edt_core.recipes import Pipeline
from edt_core.runner import Planned
from edt_core.stage import Stage, walk
from edt_core.stages.dual_phase.pretraining import Pretrain
from edt_core.store import runs
from edt_core.store.project import Project
from edt_core.variants import settings_of


def run_row(
    project: Project,
    job: Job,
    label: str,
    pipelines: Sequence[Pipeline],
    targets: Sequence[Stage[Any]],
    planned: Sequence[Planned],
) -> tuple[int, bool]:
    """The run's number, and whether it is one that was finished before."""
    identity = _identity(label, targets)
    before = runs.run_like(project, label, identity)
    if before is not None and before.state == "done" and not any(s.needed for s in planned):
        return before.id, True
    if before is not None:
        runs.resume_run(project, before.id, job.device)
        return before.id, False
    new = runs.NewRun(
        label=label,
        target=job.until,
        seeds=job.seeds,
        config=job.config.changed(settings_of(job.variant)).model_dump(mode="json"),
        identity=identity,
        device=job.device,
        threads=int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        version=__version__,
    )
    return runs.start_run(project, new, _lines(pipelines, planned)), False


def plan_anew(
    project: Project,
    run: int,
    label: str,
    pipelines: Sequence[Pipeline],
    targets: Sequence[Stage[Any]],
    planned: Sequence[Planned],
) -> None:
    """Write down that a run makes other stages than it was begun with."""
    runs.replan_run(project, run, _identity(label, targets), _lines(pipelines, planned))


@contextmanager
def closing(project: Project, run: int) -> Iterator[None]:
    """Write down how the run ended, whatever ends it."""
    state: runs.RunState = "failed"
    reason = ""
    try:
        yield
        state = "done"
    except (RunCancelled, KeyboardInterrupt, ReviewPending, BudgetReached) as error:
        state, reason = "interrupted", str(error)
        raise
    except EdtError as error:
        reason = str(error)
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: a bug"
        raise
    finally:
        runs.end_run(project, run, state, reason)


def stage_rows(project: Project, run: int) -> EventSink:
    """A sink that notes how far each stage is."""

    def note(event: Event) -> None:
        match event:
            case StageStarted():
                runs.note_stage(project, run, event.fingerprint, "running")
            case StageFinished():
                state = "reused" if event.reused else "done"
                runs.note_stage(project, run, event.fingerprint, state, event.seconds)
            case StageFailed():
                runs.note_stage(project, run, event.fingerprint, "failed")
            case _:
                pass

    return note


def _identity(label: str, targets: Sequence[Stage[Any]]) -> str:
    content = "\n".join([label, *(stage.fingerprint for stage in targets)])
    return hashlib.sha256(content.encode()).hexdigest()[:40]


def _lines(pipelines: Sequence[Pipeline], planned: Sequence[Planned]) -> list[runs.RunStageLine]:
    seed_of = {
        stage.fingerprint: made.seed
        for made in pipelines
        for stage in walk(made.ranks)
        if any(isinstance(behind, Pretrain) for behind in walk(stage))
    }
    return [
        runs.RunStageLine(
            step.stage.fingerprint,
            step.stage.step,
            type(step.stage).__name__,
            seed_of.get(step.stage.fingerprint),
        )
        for step in planned
    ]
