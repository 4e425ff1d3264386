"""``edt demo``: the built-in shop, every stage, and LLM-EDT beside three baselines."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from edt_core.actions.configuring import change, configuration
from edt_core.actions.importing import import_dataset
from edt_core.actions.jobs import Job, imported, pipelines_of, stand_in_notes
from edt_core.actions.running import carry_out
from edt_core.actions.stopping import either
from edt_core.data.importing import DomainFiles
from edt_core.data.shop import make_shop, write_shop
from edt_core.errors import ProjectExists
from edt_core.evaluation.table import Table
from edt_core.events import EventSink
from edt_core.experiments.overall import overall_table
from edt_core.recipes import DEFAULT_SEEDS
from edt_core.store.datasets import dataset_of
from edt_core.store.home import Home
from edt_core.store.project import Project
from edt_core.variants import Variant

NAME = "outdoor-kitchen"
SETTINGS = {
    # an absolute 0.90 keeps next to nothing of texts as short as the shop's
    "noise_filter.threshold_kind": "percentile",
    # 1,200 users and 1,220 items: short vectors, small batches and little patience are enough
    "embedding.dimensions": 128,
    "pretraining.batch_size": 128,
    "pretraining.patience": 8,
    "fine_tuning.learning_rate": 1e-3,
    "fine_tuning.patience": 5,
}
VARIANTS = (Variant.LLM_EDT, Variant.SASREC, Variant.POPULARITY, Variant.MARKOV)


@dataclass(frozen=True)
class DemoOutcome:
    """The finished demo."""

    project: str
    folder: Path
    table: Table


def run_demo(
    home: Home,
    name: str,
    *,
    device: str = "auto",
    sink: EventSink,
    check: Callable[[], None],
) -> DemoOutcome:
    """Make the demo project, or go on with it, and run LLM-EDT and three baselines.

    Raises:
        ProjectExists: a project of that name holds other data.
    """
    known = {line.name for line in home.projects()}
    with home.open(name) if name in known else home.create(name) as project:
        _prepare(project, sink, check)
        config = configuration(project)
        dataset = imported(project)
        results = {}
        with project.stages("edt demo") as pulse:
            asked = either(check, pulse.check)
            for variant in VARIANTS:
                job = Job(variant, config, DEFAULT_SEEDS, device=device)
                carry_out(project, job, sink=sink, check=asked)
                made = pipelines_of(project, job, dataset.digest)
                results[variant.value] = [project.artifacts.read(one.ranks) for one in made]
        table = overall_table(
            results,
            dataset.domain_names,
            title="The demo shop: test targets",
            reference=Variant.LLM_EDT.value,
            notes=stand_in_notes(config),
        )
        return DemoOutcome(project.name, project.folder, table)


def _prepare(project: Project, sink: EventSink, check: Callable[[], None]) -> None:
    """Import the shop unless it is there."""
    there = dataset_of(project)
    if there is not None:
        if there.name != NAME:
            raise ProjectExists(
                f"The project {project.name!r} holds other data.",
                hint="Choose another name: edt demo --project NAME.",
            )
        return
    with TemporaryDirectory(prefix="edt-demo-") as folder:
        paths = write_shop(make_shop(), Path(folder))
        first, second = NAME.split("-")
        import_dataset(
            project,
            domains=(
                DomainFiles(first, paths[0], paths[1]),
                DomainFiles(second, paths[2], paths[3]),
            ),
            layout="csv",
            recipe="none",
            sink=sink,
            check=check,
        )
    change(project, SETTINGS)
