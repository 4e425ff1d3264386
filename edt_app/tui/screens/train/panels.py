"""Which curves stand in which chart, and where on the x axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edt_app.tui.screens.train.feed import Curves, Held, Key
from edt_app.tui.widgets.plot import Series

Axis = Literal["step", "epoch", "minutes"]
AXES: tuple[Axis, ...] = ("step", "epoch", "minutes")
PHASES = ("pretrain", "finetune")
"""Of a training, as its points call them: 3.3.1 and 3.3.2."""
CRITERION = "ndcg@10"
"""What early stopping looks at."""
MOST_CURVES = 8
"""More can't be told apart."""


@dataclass(frozen=True)
class Panel:
    """One chart: a title and the curves in it."""

    title: str
    names: tuple[str, ...]
    """The first is drawn for every seed, the others too while there is one seed alone."""
    best: Literal["", "min", "max"] = ""
    scale: float = 1.0

    def shown(self, curves: Curves, phase: str, *, alone: bool) -> list[str]:
        """The names that are drawn."""
        known = [n for n in self.names if any(k[0] == phase and k[2] == n for k in curves)]
        return known if alone else known[:1]


_VALID = ("ndcg@10", "hit@10")
_PARTS = ("loss", "alignment", "loss_a", "loss_b")
_RATES = (
    Panel("utilisation, %", ("utilisation",), scale=100.0),
    Panel("examples a second", ("examples_per_second",)),
    Panel("gradient norm", ("gradient_norm",)),
)
_SELDOM = (
    Panel("learning rate", ("learning_rate",)),
    Panel("memory, MiB", ("memory_mib",)),
)


def panels(curves: Curves, phase: str, domains: Sequence[str]) -> list[Panel]:
    """The charts of a phase in their order: the first eight fill a large screen.

    A panel without a curve is left out, except for loss and the criterion: those are waited for.
    """
    names = dict.fromkeys(key[2] for key in curves if key[0] == phase)
    parts = [name for name in _PARTS if name in names]
    whole = "total" if "total" in names else ""
    first = Panel("loss", tuple(filter(None, (whole, *parts))) or ("total",), "min")
    found = [first, *_validation(CRITERION, domains), *_RATES]
    found += [Panel(_part_title(name, domains), (name,), "min") for name in parts[1:]]
    found += _SELDOM
    found += [one for name in _VALID[1:] for one in _validation(name, domains)]
    if whole:
        found += [Panel(_part_title(name, domains), (name,), "min") for name in parts[:1]]
    used = {name for panel in found for name in panel.names}
    found += [Panel(name.replace("_", " "), (name,)) for name in names if name not in used]
    waited = (first.title, found[1].title)
    return [p for p in found if p.title in waited or any(name in names for name in p.names)]


def _validation(name: str, domains: Sequence[str]) -> list[Panel]:
    both = Panel(f"valid {name}", (name, f"{name}.a", f"{name}.b"), "max")
    return [
        both,
        *(
            Panel(f"valid {name} {letter.upper()} {domain}".rstrip(), (f"{name}.{letter}",), "max")
            for letter, domain in zip("ab", [*domains, "", ""][:2], strict=True)
        ),
    ]


def _part_title(name: str, domains: Sequence[str]) -> str:
    """A term of the loss in words."""
    a, b = [*domains, "", ""][:2]
    words = {
        "loss": "recommendation loss",
        "alignment": "alignment loss",
        "loss_a": f"loss A {a}",
        "loss_b": f"loss B {b}",
    }
    return words[name].rstrip()


def seeds_of(curves: Curves, phase: str = "") -> list[int]:
    """The seeds that trained, in the order in which they began."""
    return list(dict.fromkeys(key[1] for key in curves if not phase or key[0] == phase))


def series_of(
    panel: Panel,
    curves: Curves,
    phase: str,
    axis: Axis,
    *,
    base: Curves | None = None,
    base_name: str = "",
) -> list[Series]:
    """The panel's curves: every seed's, then the base run's."""
    seeds = seeds_of(curves, phase)
    alone = len(seeds) == 1 and not base
    names = panel.shown(curves, phase, alone=alone)
    found = [
        _series(
            name if alone and len(names) > 1 else f"seed {seed}",
            curves, (phase, seed, name), axis, panel,
        )
        for name in names
        for seed in seeds
        if (phase, seed, name) in curves
    ]  # fmt: skip
    if base:
        name = next(iter(names or panel.shown(base, phase, alone=False)), "")
        found += [
            _series(f"{base_name} seed {seed}", base, (phase, seed, name), axis, panel)
            for seed in seeds_of(base, phase)
            if (phase, seed, name) in base
        ]
    return found[:MOST_CURVES]


def _series(name: str, curves: Curves, key: Key, axis: Axis, panel: Panel) -> Series:
    held = curves[key]
    values = held.values * panel.scale if panel.scale != 1.0 else held.values
    return Series(name, places(held, curves, key, axis), values, panel.best)


def places(held: Held, curves: Curves, key: Key, axis: Axis) -> NDArray[np.float64]:
    """Where a curve's points stand on the x axis.

    Steps are counted from the phase's start, epoch 1.5 is half way through the second, and minutes
    are those since the phase's first point; a pause between two processes is in them.
    """
    same = [other for (phase, seed, _), other in curves.items() if (phase, seed) == key[:2]]
    if axis == "minutes":
        start = min((float(other.at[0]) for other in same if len(other.at)), default=0.0)
        return np.maximum.accumulate(held.at - start) / 60.0  # a clock may have been set back
    most = max((int(other.steps.max()) for other in same if len(other.steps)), default=1)
    begun: NDArray[np.float64] = (held.epochs - 1).astype(np.float64)
    return begun * most + held.steps if axis == "step" else begun + held.steps / max(1, most)
