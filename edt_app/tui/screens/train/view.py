"""What the monitor says beside its curves: state, table of metrics, facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.text import Text

from edt_app.terminal import safe_text
from edt_app.tui.commands import Keyed
from edt_app.tui.screens.train.feed import Curves
from edt_app.tui.screens.train.panels import CRITERION, PHASES, seeds_of
from edt_app.tui.theme import MARKS, STATE_STYLES
from edt_app.tui.widgets.cells import cut, fit
from edt_app.tui.widgets.fields import time_left
from edt_app.tui.widgets.scale import short
from edt_core.store.liveness import Life

if TYPE_CHECKING:
    from edt_app.tui.screens.train.watched import Watched

NO_RUN = "No run yet. Start one: {go.pipeline} Pipeline, or edt run --project NAME"
METRICS = ("ndcg@10", "hit@10")
_WIDE = 100
_WHOLE = 1000
"""A rate from which on its decimals say nothing."""
_SETTINGS = {"pretrain": "pretraining", "finetune": "fine_tuning"}


@dataclass(frozen=True)
class Standing:
    """Where one training stands, as its validation curve tells."""

    epoch: int
    best_epoch: int
    best: float

    @property
    def waited(self) -> int:
        """Epochs since the best one."""
        return self.epoch - self.best_epoch


def standing(curves: Curves, phase: str, seed: int) -> Standing | None:
    """Of a training that was validated once at least, else None."""
    held = curves.get((phase, seed, CRITERION))
    if held is None or not np.isfinite(held.values).any():
        return None
    at = int(np.nanargmax(held.values))
    return Standing(int(held.epochs[-1]), int(held.epochs[at]), float(held.values[at]))


def training(watched: "Watched", curves: Curves, wanted: str = "") -> tuple[str, int | None]:
    """The phase and the seed to show: those at work, or of the ``wanted`` phase the last seed."""
    phase, seed = _at_work(watched, curves)
    if wanted in {"", phase}:
        return phase, seed
    seeds = seeds_of(curves, wanted)
    return wanted, seeds[-1] if seeds else None


def _at_work(watched: "Watched", curves: Curves) -> tuple[str, int | None]:
    """What trains, else what to show of a run that trains nothing now."""
    at = watched.found.view.current
    if at is not None and at.state == "running" and at.step in PHASES:
        return at.step, at.seed
    newest = max(curves, key=lambda key: curves[key].at[-1:].max(initial=0.0), default=None)
    if newest is None:
        return PHASES[0], None
    if not watched.found.how.ended:
        return newest[0], newest[1]
    phase = next((phase for phase in PHASES if seeds_of(curves, phase)), PHASES[0])
    return phase, seeds_of(curves, phase)[-1]


def status(watched: "Watched", now: float, width: int, keyed: Keyed) -> Text:
    """One line: alive or not, and how far.

    Where it is narrow, phase and seed are left to the line below the charts, and the beat is told
    last: what a user acts on is never cut.
    """
    life, line = watched.found.how, watched.found.run
    word = life.life.word
    style = STATE_STYLES.get(word, "")
    text = Text(no_wrap=True)
    text.append(f" {MARKS[word]} {life.life.value.upper()}", style=style)
    text.append(f" run {line.id} {safe_text(line.label, width=24)}")
    if life.ended:
        parts = _ending(watched, keyed)
    elif width < _WIDE:
        parts = [*_urgent(watched, keyed), *_progress(watched, now, brief=True), *_beat(watched)]
    else:
        parts = [*_urgent(watched, keyed), *_beat(watched), *_progress(watched, now, brief=False)]
    for part in parts:
        text.append("  " + safe_text(part))
    text.truncate(width, overflow="ellipsis")
    return text


def unread(watched: "Watched") -> Text:
    """The same line while how the run is now is still being read."""
    line = watched.found.run
    return Text(f" … run {line.id} {safe_text(line.label, width=24)}", no_wrap=True)


def _phases(watched: "Watched") -> int:
    """How many phases the run trains: the models beside LLM-EDT have one."""
    return len({one.step for one in watched.found.view.stages if one.step in PHASES}) or 1


def _ending(watched: "Watched", keyed: Keyed) -> list[str]:
    life = watched.found.how
    ago = "" if life.age is None else f"{time_left(life.age)} ago"
    on = keyed("{train.go_on} goes on with it") if life.life is not Life.DONE else ""
    return [part for part in (ago, on, life.cause) if part]


def _urgent(watched: "Watched", keyed: Keyed) -> list[str]:
    life, parts = watched.found.how, []
    if life.stopping is not None:
        parts.append(f"stopping {'after this epoch' if life.stopping.value == 'epoch' else 'now'}")
    if life.life is Life.SILENT:
        parts.append(keyed("frozen? {train.kill} ends it"))
    return parts


def _beat(watched: "Watched") -> list[str]:
    age = watched.found.how.age
    return [] if age is None else [f"beat {age:.1f} s ago"]


def _progress(watched: "Watched", now: float, *, brief: bool) -> list[str]:
    view = watched.found.view
    at = view.current
    if at is None:
        return []
    seed = "" if at.seed is None else f" seed {at.seed}"
    left = at.remaining(now)
    if view.phase is not None and view.epoch is not None:
        done, total = view.epoch
        how_far = f"epoch {done}{'/' if brief else ' of '}{total}" if total else "begins"
        parts = [how_far] if brief else [f"phase {view.phase} of {_phases(watched)}{seed}", how_far]
    else:
        of = f" of {at.total:,}" if at.total else ""
        parts = [f"{at.step}{seed}", f"{at.done:,}{of} {at.unit}".strip() if at.unit else at.state]
    most = "" if brief else "at most "
    return [*parts, f"{most}{time_left(left)} left"] if left is not None else parts


# ---------------------------------------------------------------------- the table of metrics

_COLUMNS = ("A", "B", "all", "epoch", "now", "base", "change")


def table(
    curves: Curves, base: Curves | None, phase: str, width: int, *, per_seed: bool = False
) -> Text:
    """Validation metrics at each seed's best epoch: means over seeds, then each seed's.

    ``now`` is the newest epoch's, ``base`` the other run's mean at its best epochs.
    """
    first = 14 if width < 100 else 24
    cell = min(12, max(7, (width - first) // len(_COLUMNS)))
    seeds = [seed for seed in seeds_of(curves, phase) if standing(curves, phase, seed)]
    name = "validation" if len(seeds) < 2 else f"mean, {len(seeds)} seeds"
    head = fit(name, first) + "".join(fit(c, cell, align="right") for c in _COLUMNS)
    text = Text(cut(head, width), style="bold", no_wrap=True)
    if not seeds:
        text.append("\n no epoch was validated yet", style="not bold")
        return text
    for metric in METRICS:
        text.append("\n" + _row(f" {metric}", metric, curves, base, phase, seeds, first, cell))
    if per_seed and len(seeds) > 1:
        for seed in seeds:
            name = f"  seed {seed}"
            own = {key: held for key, held in base.items() if key[1] == seed} if base else None
            text.append("\n" + _row(name, CRITERION, curves, own, phase, [seed], first, cell))
    text.stylize("not bold", len(cut(head, width)))
    return text


def _row(
    name: str,
    metric: str,
    curves: Curves,
    base: Curves | None,
    phase: str,
    seeds: Sequence[int],
    first: int,
    cell: int,
) -> str:
    best = {
        suffix: _mean_at_best(curves, phase, seeds, metric + suffix) for suffix in ("", ".a", ".b")
    }
    other = _mean_at_best(base, phase, seeds_of(base, phase), metric) if base else float("nan")
    now = _mean([_newest(curves, phase, seed, metric) for seed in seeds])
    epochs = {found.best_epoch for seed in seeds if (found := standing(curves, phase, seed))}
    at = f"{min(epochs)}-{max(epochs)}" if len(epochs) > 1 else f"{min(epochs)}"
    change = best[""] - other
    cells = (
        *(_four(best[suffix]) for suffix in (".a", ".b", "")),
        at,
        _four(now),
        _four(other),
        f"{change:+.4f}" if np.isfinite(change) else "-",
    )
    return fit(name, first) + "".join(fit(one, cell, align="right") for one in cells)


def _mean_at_best(curves: Curves, phase: str, seeds: Sequence[int], name: str) -> float:
    return _mean([_at_best(curves, phase, seed, name) for seed in seeds])


def _at_best(curves: Curves, phase: str, seed: int, name: str) -> float:
    """A metric's value at the epoch that early stopping keeps."""
    best, held = standing(curves, phase, seed), curves.get((phase, seed, name))
    if best is None or held is None:
        return float("nan")
    at = np.flatnonzero(held.epochs == best.best_epoch)
    return float(held.values[at[-1]]) if len(at) else float("nan")


def _newest(curves: Curves, phase: str, seed: int, name: str) -> float:
    held = curves.get((phase, seed, name))
    return float(held.values[-1]) if held is not None and len(held.values) else float("nan")


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return sum(known) / len(known) if known else float("nan")


def _four(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "-"


# ---------------------------------------------------------------------- facts


def facts(
    watched: "Watched", curves: Curves, phase: str, seed: int | None, base: str
) -> dict[str, str]:
    """What else there is to know of the training shown, by name."""
    line = watched.found.run
    found = {"phase": f"{PHASES.index(phase) + 1} of {_phases(watched)}, {phase}"}
    if seed is not None:
        found |= {"seed": f"{seed} of {', '.join(map(str, line.seeds))}"}
        found |= _of_training(line.config, curves, phase, seed)
    made, every = watched.found.view.counted
    found["stages"] = f"{made} of {every} made"
    if watched.found.how.process is not None:
        found["process"] = str(watched.found.how.process)
    found["device"] = line.device or "-"
    if base:
        found["base run"] = base
    if line.note:
        found["note"] = line.note
    return found


def _of_training(
    config: Mapping[str, Any], curves: Curves, phase: str, seed: int
) -> dict[str, str]:
    at = standing(curves, phase, seed)
    limits = config.get(_SETTINGS[phase], {})
    found = {}
    if at is not None:
        found["epoch"] = f"{at.epoch} of {limits.get('epochs', '?')}"
        found["best"] = f"{CRITERION} {at.best:.4f} at epoch {at.best_epoch}"
        found["patience"] = f"{at.waited} of {limits.get('patience', '?')} epochs without a better"
    rate = _newest(curves, phase, seed, "learning_rate")
    speed = _newest(curves, phase, seed, "examples_per_second")
    found["learning rate"] = short(rate)
    found["examples/s"] = f"{speed:,.0f}" if speed >= _WHOLE else short(speed)
    return found


def brief(known: Mapping[str, str], width: int) -> str:
    """The facts that matter most, in one line."""
    parts = [f"phase {known['phase'].partition(',')[0]}"]
    parts += [f"seed {known['seed'].split()[0]}"] if "seed" in known else []
    parts += [f"epoch {known['epoch'].replace(' of ', '/')}"] if "epoch" in known else []
    if "patience" in known:
        done, _, most = known["patience"].split()[:3]
        parts.append(f"patience {done}/{most}")
    parts += [f"lr {known['learning rate']}"] if "learning rate" in known else []
    parts += [f"{known['examples/s']}/s"] if "examples/s" in known else []
    parts += [f"base {known['base run']}"] if "base run" in known else []
    return fit(" " + " · ".join(parts), width).rstrip()
