"""What the training monitor shows: a run's points in, curves and rows of text out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from edt_app.terminal import safe_text
from edt_app.tui.widgets.fields import progress_line, time_left
from edt_app.tui.widgets.plot import Series

if TYPE_CHECKING:
    from edt_app.tui.following import Followed
    from edt_core.store.telemetry import Overview

Axis = Literal["epoch", "seconds"]


@dataclass(frozen=True)
class Panel:
    """One chart: which series, and which of their points are the best."""

    title: str
    names: tuple[str, ...]
    best: Literal["", "min", "max"] = ""


PANELS = (
    Panel("loss", ("total",)),
    Panel("valid NDCG@10", ("ndcg@10",), "max"),
    Panel("valid NDCG@10 by domain", ("ndcg@10.a", "ndcg@10.b"), "max"),
    Panel("valid H@10", ("hit@10",), "max"),
    Panel("utilisation", ("utilisation",)),
    Panel("examples/s", ("examples_per_second",)),
    Panel("gradient norm", ("gradient_norm",)),
    Panel("terms of the loss", ("loss", "alignment", "loss_a", "loss_b")),
    Panel("memory, MiB", ("memory_mib",)),
    Panel("learning rate", ("learning_rate",)),
)
METRICS = ("ndcg@10", "hit@10", "ndcg@10.a", "ndcg@10.b")
_SHORT = {"pretrain": "1", "finetune": "2"}


@dataclass(frozen=True)
class Curve:
    """One series of a run."""

    phase: str
    seed: int
    name: str
    points: "Overview"


@dataclass(frozen=True)
class Curves:
    """Everything that was measured in a run, decimated."""

    run: int
    began: float
    """Seconds since 1970: where the time axis starts."""
    curves: tuple[Curve, ...]


def series_of(panel: Panel, run: Curves | None, axis: Axis, label: str = "") -> list[Series]:
    """A panel's curves: one a phase and seed, and a domain where there are two."""
    if run is None:
        return []
    wanted = [curve for curve in run.curves if curve.name in panel.names and len(curve.points.at)]
    several = len(panel.names) > 1
    found = []
    for curve in wanted:
        x = _x(curve.points, axis, run.began)
        part = f" {curve.name.rpartition('.')[2]}" if several else ""
        name = f"{label}phase {_SHORT.get(curve.phase, curve.phase)} seed {curve.seed}{part}"
        found.append(Series(safe_text(name), x, curve.points.mean, panel.best))
    return found


def _x(points: "Overview", axis: Axis, began: float) -> NDArray[np.float64]:
    """Where points stand: epochs with the share of the steps in them, or seconds of the run."""
    if axis == "seconds":
        return np.asarray(points.at - began, dtype=np.float64)
    share = points.steps / max(1, int(points.steps.max(initial=1)))
    return np.asarray(points.epochs - 1 + share, dtype=np.float64)


def table(run: Curves | None, base: Curves | None, domains: Sequence[str]) -> list[str]:
    """Last, best and where, for each validation metric of the newest phase and seed."""
    if run is None or not run.curves:
        return ["no points yet"]
    newest = max(run.curves, key=lambda curve: float(curve.points.at.max(initial=0.0)))
    lines = [f"{'metric':<18}{'last':>9}{'best':>9}{'epoch':>7}{'base':>9}{'change':>9}"]
    for name in METRICS:
        curve = _find(run, newest.phase, newest.seed, name)
        if curve is None:
            continue
        best, epoch = _best(curve.points)
        other = _find(base, newest.phase, newest.seed, name) if base is not None else None
        compared = ("", "")
        if other is not None:
            theirs, _ = _best(other.points)
            compared = (f"{theirs:.4f}", f"{best - theirs:+.4f}")
        lines.append(
            f"{metric_name(name, domains):<18}{curve.points.mean[-1]:>9.4f}{best:>9.4f}{epoch:>7}"
            f"{compared[0]:>9}{compared[1]:>9}"
        )
    lines.append(f"phase {_SHORT.get(newest.phase, newest.phase)}, seed {newest.seed}")
    return lines


def metric_name(name: str, domains: Sequence[str]) -> str:
    """A metric's name with its domain's."""
    metric, _, domain = name.partition(".")
    shown = metric.upper().replace("HIT", "H").replace("NDCG", "N")
    if domain and len(domains) == 2:
        return f"{shown} {domain.upper()} {safe_text(domains['ab'.index(domain)], width=10)}"
    return f"{shown} all"


def _find(run: Curves, phase: str, seed: int, name: str) -> Curve | None:
    for curve in run.curves:
        if (curve.phase, curve.seed, curve.name) == (phase, seed, name) and len(curve.points.at):
            return curve
    return None


def _best(points: "Overview") -> tuple[float, int]:
    at = int(np.nanargmax(points.high)) if np.isfinite(points.high).any() else 0
    return float(points.high[at]), int(points.epochs[at])


def status(found: "Followed | None", width: int, now: float) -> str:
    """How the run is and how far, in two lines."""
    if found is None:
        return "No run yet: s starts one, 3 shows the pipeline.\n"
    run, view, how = found.run, found.view, found.how
    head = f"run {run.id} {safe_text(run.label)}  {how.life.value.upper()}"
    if how.age is not None:
        when = "ended" if how.ended else "beat"
        head += f", {when} {time_left(how.age)} ago"
    if how.cause:
        head += f": {safe_text(how.cause)}"
    head += f"  seeds {', '.join(map(str, run.seeds))}  {safe_text(run.device)}"
    at = view.current
    if at is None or at.state != "running":
        resumable = how.life.value in {"lost", "interrupted"}
        return f"{head}\n{'s goes on from the last whole epoch' if resumable else ''}"
    bar = progress_line(at.done, at.total, max(30, width // 2), rate=at.rate, unit=at.unit)
    seed = f" seed {at.seed}" if at.seed is not None else ""
    phase = f"phase {view.phase}" if view.phase is not None else at.step
    return f"{head}\n{phase} {safe_text(at.name)}{seed} {bar}, at most  {safe_text(at.note)}"


def log(found: "Followed | None", limit: int) -> str:
    """The run's newest sentences."""
    if found is None:
        return ""
    lines = [
        f"{time.strftime('%H:%M:%S', time.localtime(note.at))} {safe_text(note.text)}"
        for note in found.view.notes[-limit:]
    ]
    return "\n".join(lines) or "nothing to tell so far"
