"""The curves of several runs over each other, and the files that a comparison leaves behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edt_core.actions.comparing import compare
from edt_core.data.sequences import Ints
from edt_core.errors import EdtError, MissingInput, UsageError
from edt_core.evaluation.figure import Line, Panel, to_csv, to_svg
from edt_core.evaluation.table import Table, render
from edt_core.experiments.figures import by_run
from edt_core.store import runs
from edt_core.store.project import Project
from edt_core.store.telemetry import Overview, Points

X_NAME = "epoch"


@dataclass(frozen=True)
class RunCurve:
    """One curve of one run and seed."""

    run: int
    label: str
    metric: str
    """Phase and name, such as ``pretrain ndcg@10``."""
    seed: int
    epochs: NDArray[np.float64]
    """The moment in epochs: 1.5 is half way through the second."""
    values: NDArray[np.float64]

    @property
    def name(self) -> str:
        """How legends call it."""
        return f"run {self.run} {self.label} seed {self.seed}"


def run_curves(
    project: Project, numbers: Sequence[int], rows: int = 0
) -> dict[str, list[RunCurve]]:
    """Every curve of these runs by metric; metrics in the order in which training wrote them.

    Args:
        project: The project.
        numbers: The runs.
        rows: Most points of a curve, each the mean of its neighbours; 0 for every point.

    Raises:
        UsageError: there is no such run.
    """
    found: dict[str, list[RunCurve]] = {}
    for number in numbers:
        label = runs.run_line(project, number).label
        points = Points(runs.run_folder(project, number))
        try:
            for series in points.series():
                metric = f"{series.phase} {series.name}"
                curve = points.overview(series.id, rows) if rows else points.curve(series.id)
                values = curve.mean if isinstance(curve, Overview) else curve.values
                moments = _in_epochs(curve.epochs, curve.steps)
                found.setdefault(metric, []).append(
                    RunCurve(number, label, metric, series.seed, moments, values)
                )
        finally:
            points.close()
    return found


def export_comparison(project: Project, numbers: Sequence[int], metric: str = "") -> list[Path]:
    """Write the runs' tables (Markdown, LaTeX, CSV), groups and one metric as figures (SVG).

    Args:
        project: The project, whose ``reports`` folder takes the files; older ones are replaced.
        numbers: The runs.
        metric: Of ``run_curves``; without it, the first validation NDCG, and no figure without one.

    Returns:
        The files.

    Raises:
        UsageError: there is no such run or metric.
        MissingInput: a run has no result.
        EdtError: a file can't be written.
    """
    curves = run_curves(project, numbers)
    if metric and metric not in curves:
        raise UsageError(
            f"These runs have no curve {metric!r}.",
            hint=f"Known are {', '.join(curves)}." if curves else "They trained nothing.",
        )
    chosen = metric or next((name for name in curves if "ndcg" in name), "")
    stem = "runs-" + "-".join(str(number) for number in numbers)
    texts: dict[str, str] = {}
    if len(numbers) > 1:
        found = compare(project, *numbers, groups=True)
        texts = _written(stem, found.table, found.groups)
    if chosen:
        lines = [Line(one.name, one.epochs.tolist(), one.values.tolist()) for one in curves[chosen]]
        name = f"{stem}-{_file_name(chosen)}"
        texts[f"{name}.svg"] = to_svg([Panel(chosen, lines, X_NAME)])
        texts[f"{name}.csv"] = to_csv(lines, x_name=X_NAME, y_name=chosen)
    if not texts:
        raise MissingInput("There is nothing to write.", hint="Mark two or more runs.")
    return save_reports(project, texts)


def save_reports(project: Project, texts: Mapping[str, str]) -> list[Path]:
    """Write files into the project's ``reports`` folder, each all or nothing.

    Raises:
        EdtError: a file can't be written.
    """
    folder = project.folder / "reports"
    paths = []
    try:
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            aside = folder / f".{name}.tmp"
            aside.write_text(text, encoding="utf-8")
            paths.append(aside.replace(folder / name))
    except OSError as error:
        raise EdtError(
            f"{folder} can't be written to: {error.strerror}.", hint="Check space and rights."
        ) from error
    return paths


def _written(stem: str, table: Table, groups: Sequence[Table]) -> dict[str, str]:
    """All tables in one Markdown and one LaTeX file; CSV holds one table a file, SVG its figure."""
    every = [table, *groups]
    files = {
        f"{stem}.md": "\n".join(render(each, "md") for each in every),
        f"{stem}.tex": "\n".join(render(each, "latex") for each in every),
        f"{stem}.csv": render(table, "csv"),
    }
    for each in groups:
        name = f"{stem}-{_file_name(each.title)}"
        files[f"{name}.csv"] = render(each, "csv")
        files[f"{name}.svg"] = to_svg([by_run(each)])
    return files


def _in_epochs(epochs: Ints, steps: Ints) -> NDArray[np.float64]:
    """Moments in epochs; an epoch's last step is the most that any epoch had."""
    most = int(steps.max()) if len(steps) else 1
    moments: NDArray[np.float64] = epochs - 1 + steps / max(most, 1)
    return moments


def _file_name(text: str) -> str:
    """``text`` as part of a file name: letters, digits and hyphens."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in text).split()
    return "-".join(words).lower()
