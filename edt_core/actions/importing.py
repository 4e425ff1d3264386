"""``edt import``: two domains' files into the project."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import numpy as np
from pydantic import ValidationError

from edt_core.actions.jobs import imported
from edt_core.actions.stopping import either
from edt_core.data.dataset import Dataset
from edt_core.data.importing import DomainFiles, ImportOptions, import_files
from edt_core.data.split import RawSequences, leave_one_out
from edt_core.data.staging import sweep
from edt_core.data.statistics import Statistics, statistics
from edt_core.errors import RunCancelled, UsageError
from edt_core.events import EventSink, StageAdvanced, StageFinished
from edt_core.recipes import Data
from edt_core.stage import Step
from edt_core.store.datasets import raw_sequences, save_dataset
from edt_core.store.project import Project

_SAMPLE = 50


@dataclass(frozen=True)
class ImportReport:
    """What an import read, kept and left out."""

    project: str
    name: str
    domain_names: list[str]
    digest: str
    counts: dict[str, Any]
    notes: list[str]
    bad_lines: list[str]
    """The first broken lines with file, line and reason."""
    statistics: Statistics
    sample: "list[SampleEvent]"
    """The first events of the first users, as they were read."""


@dataclass(frozen=True)
class SampleEvent:
    """One event in words."""

    user: str
    time: int
    domain: str
    item: str
    title: str


def import_dataset(
    project: Project,
    *,
    domains: tuple[DomainFiles, DomainFiles],
    layout: str,
    recipe: str = "paper",
    min_user: int | None = None,
    min_item: int | None = None,
    after: str = "",
    before: str = "",
    max_bad_lines: float = 0.01,
    dry_run: bool = False,
    sink: EventSink,
    check: Callable[[], None] = lambda: None,
) -> ImportReport:
    """Read, prepare and split two domains; the project's old data set stays until all is done.

    A dry run reads and reports the same and keeps nothing.

    Raises:
        UsageError: an unknown format or recipe, or a time that is none.
        InputError: a file that can't be read as what it should be.
        ProjectBusy: another process runs stages in this project.
        RunCancelled: ``check`` said so; nothing is kept then.
    """
    options = _options(
        format=layout,
        recipe=recipe,
        min_user=min_user,
        min_item=min_item,
        after=unix_seconds(after, "--after"),
        before=unix_seconds(before, "--before"),
        max_bad_lines=max_bad_lines,
    )

    def progress(path: Path, done: int, total: int) -> None:
        try:
            asked()
        except RunCancelled:
            raise RunCancelled(RunCancelled.ASKED, hint="Nothing of it was kept.") from None
        sink(StageAdvanced(str(path), Step.IMPORT, done, total, "bytes", path.name))
        if done >= total:
            sink(StageFinished(str(path), Step.IMPORT, path.name, 0.0, reused=True))

    name = "-".join(domain.name for domain in domains)
    scratch = project.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    asked = check
    if dry_run:
        dataset = import_files(name, domains, options, progress, scratch)
    else:
        with project.stages("edt import") as pulse:
            asked = either(check, pulse.check)
            sweep(scratch)
            dataset = import_files(name, domains, options, progress, scratch)
            _keep(project, dataset)
    return ImportReport(
        project.name,
        dataset.name,
        list(dataset.catalogue.domain_names),
        dataset.digest,
        dict(dataset.counts),
        list(dataset.notes),
        [str(line) for line in dataset.bad_lines],
        statistics(dataset.raw, dataset.catalogue.domain),
        _sample(dataset),
    )


def _keep(project: Project, dataset: Dataset) -> None:
    data = Data.of(dataset.digest)
    histories, valid, test = leave_one_out(dataset.raw)
    made = {
        data.catalogue: dataset.catalogue,
        data.histories: histories,
        data.valid: valid,
        data.test: test,
        data.raw: RawSequences(dataset.raw),
    }
    for stage, artifact in made.items():
        if not project.artifacts.has(stage):
            project.artifacts.write(stage, artifact, 0.0)
    save_dataset(project, dataset)


def keep_raw(project: Project) -> None:
    """Keep the whole sequences of a data set that an older version imported; it kept none."""
    stage = Data.of(imported(project).digest).raw
    if not project.artifacts.has(stage):
        project.artifacts.write(stage, RawSequences(raw_sequences(project)), 0.0)


def _sample(dataset: Dataset) -> list[SampleEvent]:
    catalogue, raw = dataset.catalogue, dataset.raw
    events = []
    for at in range(min(_SAMPLE, len(raw.items))):
        user = int(np.searchsorted(raw.offsets, at, side="right")) - 1
        key = int(raw.items[at])
        events.append(
            SampleEvent(
                dataset.user_ids[user],
                int(dataset.timestamps[at]),
                catalogue.domain_names[int(catalogue.domain[key])],
                catalogue.source_ids[key],
                catalogue.titles[key],
            )
        )
    return events


def unix_seconds(text: str, option: str) -> int | None:
    """A date (``2018-01-31``, UTC) or unix seconds as seconds; None for an empty text.

    Raises:
        UsageError: it is neither.
    """
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is no time.", hint="Write 2018-01-31 or seconds since 1970."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp())


def _options(**given: Any) -> ImportOptions:
    for field in ("format", "recipe"):
        known: Sequence[str] = get_args(ImportOptions.model_fields[field].annotation)
        if given[field] not in known:
            raise UsageError(
                f"There is no {field} {given[field]!r}.", hint=f"Use {', '.join(known)}."
            )
    try:
        return ImportOptions.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"{first['loc'][0]}: {first['msg']}.", hint="See 'edt import --help'."
        ) from None
