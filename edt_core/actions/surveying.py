"""The imported data set in numbers, without reading an array."""

from dataclasses import dataclass

from edt_core.actions.jobs import imported
from edt_core.data.sequences import Ints
from edt_core.data.statistics import DomainStatistics, Statistics, ratio_histogram
from edt_core.store.datasets import DatasetLine, event_counts
from edt_core.store.project import Project
from edt_core.store.scores import domain_sizes


@dataclass(frozen=True)
class Description:
    """The data set and its columns of Table 7."""

    dataset: DatasetLine
    statistics: Statistics


def survey(project: Project) -> Description:
    """Table 7 and Figure 1 of the raw data (A.2).

    Raises:
        MissingInput: nothing was imported yet.
    """
    dataset = imported(project)
    counts = event_counts(project)
    a, b = (
        DomainStatistics(size.users, size.items, size.interactions)
        for size in domain_sizes(project)
    )
    users = len(counts)
    return Description(
        dataset,
        Statistics(
            users=users,
            shared_users=_shared(counts),
            interactions=int(counts.sum()),
            mean_length=float(counts.sum() / users) if users else 0.0,
            domains=(a, b),
            ratios=tuple(map(int, ratio_histogram(counts))),
        ),
    )


def _shared(counts: Ints) -> int:
    return int((counts > 0).all(axis=1).sum())
