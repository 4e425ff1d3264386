"""Runs: what was asked for, how far it got, how it ended."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sqlmodel import Session, select

from edt_core.errors import UsageError
from edt_core.store.database import insert_rows, rows_of
from edt_core.store.liveness import Life, cause_of_death, heartbeat
from edt_core.store.memory import storable
from edt_core.store.project import Project
from edt_core.store.pulse import Stop, last_beat
from edt_core.store.tables import Run, RunStage

RunState = Literal["running", "done", "failed", "interrupted"]


@dataclass(frozen=True)
class NewRun:
    """What a run is asked to do, before it starts."""

    label: str
    """The model's name in tables."""
    target: str
    """The last step asked for."""
    seeds: Sequence[int]
    config: Mapping[str, Any]
    """Nested, as the keys are."""
    identity: str = ""
    """Digest of what decides the result."""
    device: str = ""
    threads: int = 0
    version: str = ""


@dataclass(frozen=True)
class RunLine:
    """A run, as a list shows it."""

    id: int
    label: str
    state: str
    """``running`` only while a process holds the project's stage lock, else ``lost``."""
    started_at: float
    finished_at: float | None
    target: str
    seeds: list[int]
    config: dict[str, Any]
    identity: str
    device: str
    threads: int
    version: str
    error: str
    tag: str
    note: str


@dataclass(frozen=True)
class Liveness:
    """How a run is, and why."""

    life: Life
    age: float | None
    """Seconds since the last beat, or since the end of an ended run; None when nobody knows."""
    cause: str = ""
    """Why it ended, as far as known."""
    stopping: Stop | None = None
    """What it was asked and heard."""
    process: int | None = None
    """Of the process that works on it."""

    @property
    def ended(self) -> bool:
        """Does no process work on it any more?"""
        return self.life not in {Life.LIVE, Life.QUIET, Life.SILENT}


@dataclass(frozen=True)
class RunStageLine:
    """A stage of a run."""

    fingerprint: str
    step: str
    stage: str
    seed: int | None
    """None for a stage that all seeds share."""
    state: str = "waiting"
    seconds: float = 0.0


@dataclass(frozen=True)
class MetricLine:
    """One metric of a run."""

    seed: int
    split: str
    domain: str
    name: str
    value: float


def start_run(project: Project, new: NewRun, stages: Sequence[RunStageLine] = ()) -> int:
    """Write down that a run starts; its id."""
    with project.database.write() as session:
        run = Run(
            label=new.label,
            state="running",
            started_at=time.time(),
            target=new.target,
            identity=new.identity,
            seeds=json.dumps(list(new.seeds)),
            config=json.dumps(new.config),
            device=new.device,
            threads=new.threads,
            version=new.version,
        )
        session.add(run)
        session.flush()
        number = int(run.id or 0)
        _insert_stages(session, number, stages)
    return number


def replan_run(project: Project, run: int, identity: str, stages: Sequence[RunStageLine]) -> None:
    """Write down that a run makes these stages; how far those are that it knew stays."""
    with project.database.write() as session:
        _existing(session, run).identity = identity
        query = "SELECT fingerprint, state, seconds FROM run_stage WHERE run = ?"
        known = {row[0]: row[1:] for row in rows_of(session, query, run)}
        session.connection().exec_driver_sql("DELETE FROM run_stage WHERE run = ?", (run,))
        kept = []
        for line in stages:
            state, seconds = known.get(line.fingerprint, (line.state, line.seconds))
            kept.append(replace(line, state=state, seconds=seconds))
        _insert_stages(session, run, kept)


def _insert_stages(session: Session, run: int, stages: Sequence[RunStageLine]) -> None:
    columns = ("run", "position", "fingerprint", "step", "stage", "seed", "state", "seconds")
    distinct = {line.fingerprint: line for line in stages}.values()
    rows = (
        (run, place, s.fingerprint, s.step, s.stage, s.seed, s.state, s.seconds)
        for place, s in enumerate(distinct)
    )
    insert_rows(session, "run_stage", columns, rows)


def resume_run(project: Project, run: int, device: str) -> None:
    """Write down that a run that did not end well goes on."""
    with project.database.write() as session:
        row = _existing(session, run)
        row.state, row.error, row.finished_at, row.device = "running", "", None, device


def run_like(project: Project, label: str, identity: str) -> RunLine | None:
    """The newest run with this name and identity, or None."""
    query = (
        select(Run).where(Run.label == label, Run.identity == identity).order_by(Run.id.desc())  # type: ignore[union-attr]
    )
    with project.database.read() as session:
        row = session.exec(query).first()
        return None if row is None else _line(row, alive=False)


def note_stage(
    project: Project, run: int, fingerprint: str, state: str, seconds: float = 0.0
) -> None:
    """Write down how far a stage of a run is."""
    with project.database.write() as session:
        stage = session.get(RunStage, (run, fingerprint))
        if stage is not None:
            stage.state, stage.seconds = state, seconds


def end_run(project: Project, run: int, state: RunState, error: str = "") -> None:
    """Write down how a run ended; a stage that was cut short has not failed, it waits."""
    with project.database.write() as session:
        row = _existing(session, run)
        row.state, row.error, row.finished_at = state, storable(error), time.time()
        if state == "interrupted":
            session.connection().exec_driver_sql(
                "UPDATE run_stage SET state = 'waiting' "
                "WHERE run = ? AND state IN ('running', 'failed')",
                (run,),
            )


def label_run(
    project: Project, run: int, *, tag: str | None = None, note: str | None = None
) -> None:
    """Set a run's tag or note.

    Raises:
        UsageError: there is no such run.
    """
    with project.database.write() as session:
        row = _existing(session, run)
        row.tag = row.tag if tag is None else storable(tag)
        row.note = row.note if note is None else storable(note)


def delete_run(project: Project, run: int) -> None:
    """Forget a run with its points; the stages' results stay, other runs may share them.

    Raises:
        UsageError: there is no such run, or it still goes on.
    """
    if run_line(project, run).state == "running":
        raise UsageError(f"Run {run} goes on.", hint="Stop it first.")
    with project.database.write() as session:
        for table in ("metric", "run_stage", "event"):
            session.connection().exec_driver_sql(f"DELETE FROM {table} WHERE run = ?", (run,))
        session.delete(_existing(session, run))
    shutil.rmtree(run_folder(project, run), ignore_errors=True)


def record_metrics(project: Project, run: int, metrics: Sequence[MetricLine]) -> None:
    """Replace a run's metrics."""
    with project.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM metric WHERE run = ?", (run,))
        rows = (
            (run, line.seed, line.split, line.domain, line.name, line.value) for line in metrics
        )
        insert_rows(session, "metric", ("run", "seed", "split", "domain", "name", "value"), rows)


def run_lines(project: Project, limit: int = 1000) -> list[RunLine]:
    """The runs, newest first."""
    alive = project.holder() is not None
    query = select(Run).order_by(Run.id.desc()).limit(limit)  # type: ignore[union-attr]
    with project.database.read() as session:
        return [_line(row, alive=alive) for row in session.exec(query)]


def run_line(project: Project, run: int) -> RunLine:
    """One run.

    Raises:
        UsageError: there is no such run.
    """
    alive = project.holder() is not None
    with project.database.read() as session:
        return _line(_existing(session, run), alive=alive)


def liveness(project: Project, run: int) -> Liveness:
    """How a run is: by the lock and the heartbeat, whatever its row says.

    Raises:
        UsageError: there is no such run.
    """
    beating = heartbeat(project.folder)  # asked first: a run that ends now has its row by then
    with project.database.read() as session:
        row = _existing(session, run)
    if row.state != "running":
        return Liveness(Life(row.state), _since(row.finished_at), row.error)
    if beating is not None:
        process = beating.holder.pid
        return Liveness(beating.life, beating.age, stopping=beating.stopping, process=process)
    return Liveness(Life.LOST, _since(last_beat(project.folder)), cause_of_death(project.folder))


def run_stages(project: Project, run: int) -> list[RunStageLine]:
    """A run's stages in their order."""
    query = select(RunStage).where(RunStage.run == run).order_by(RunStage.position)  # type: ignore[arg-type]
    with project.database.read() as session:
        return [
            RunStageLine(row.fingerprint, row.step, row.stage, row.seed, row.state, row.seconds)
            for row in session.exec(query)
        ]


def stages_of_runs(project: Project, names: Sequence[str]) -> dict[int, dict[str, str]]:
    """Which of the stages called ``names`` each run has, with a fingerprint: one query for all."""
    query = """
        SELECT run, stage, fingerprint FROM run_stage
        WHERE stage IN (SELECT value FROM json_each(?))"""
    found: dict[int, dict[str, str]] = {}
    with project.database.read() as session:
        rows = session.connection().exec_driver_sql(query, (json.dumps(list(names)),))
        for run, stage, fingerprint in rows:
            found.setdefault(run, {})[stage] = fingerprint
    return found


def run_metrics(project: Project, run: int) -> list[MetricLine]:
    """A run's metrics by seed, split, domain and name."""
    query = "SELECT seed, split, domain, name, value FROM metric WHERE run = ?"
    with project.database.read() as session:
        return [MetricLine(*row) for row in session.connection().exec_driver_sql(query, (run,))]


def metric_means(
    project: Project, names: Sequence[str], split: str = "test"
) -> dict[int, dict[tuple[str, str], float]]:
    """Metrics as means over seeds, by run, then by domain and name: one query for a whole list."""
    query = """
        SELECT run, domain, name, avg(value) FROM metric
        WHERE split = ? AND name IN (SELECT value FROM json_each(?)) GROUP BY run, domain, name"""
    found: dict[int, dict[tuple[str, str], float]] = {}
    with project.database.read() as session:
        rows = session.connection().exec_driver_sql(query, (split, json.dumps(list(names))))
        for run, domain, name, value in rows:
            found.setdefault(run, {})[domain, name] = value
    return found


def run_folder(project: Project, run: int) -> Path:
    """Where a run's own files are, such as its points."""
    return project.folder / "runs" / str(int(run))


def _since(moment: float | None) -> float | None:
    return None if moment is None else max(0.0, time.time() - moment)


def _existing(session: Session, run: int) -> Run:
    row = session.get(Run, run)
    if row is None:
        raise UsageError(f"There is no run {run}.", hint="'edt runs' lists them.")
    return row


def _line(row: Run, *, alive: bool) -> RunLine:
    dead = row.state == "running" and not alive
    return RunLine(
        int(row.id or 0),
        row.label,
        "lost" if dead else row.state,
        row.started_at,
        row.finished_at,
        row.target,
        json.loads(row.seeds),
        json.loads(row.config),
        row.identity,
        row.device,
        row.threads,
        row.version,
        row.error,
        row.tag,
        row.note,
    )
