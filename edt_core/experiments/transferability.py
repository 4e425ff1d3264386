"""Figure 3: how close the two domains' items are before and after augmentation (4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edt_core.data.sequences import Domain, Flags, Floats, Ints
from edt_core.data.vectors import unit_rows
from edt_core.evaluation.table import Cell, Table
from edt_core.experiments.augmentation import augmented_specs
from edt_core.experiments.experiment import Evidence, Experiment
from edt_core.experiments.figures import as_map
from edt_core.variants import Variant

POINTS = 200
"""Most points of one domain and kind in the picture."""
_COMPARED = 2000
"""Most items of a domain whose nearest neighbour is looked for."""
_SEED = 42


@dataclass(frozen=True)
class Items:
    """Real and generated items in the text embedding's space."""

    vectors: Floats
    """Of length 1, ``[n, E]``."""
    domains: Ints
    generated: Flags

    def where(self, rows: Flags | Ints) -> "Items":
        """Some of them."""
        return Items(self.vectors[rows], self.domains[rows], self.generated[rows])


def tell(evidence: Evidence) -> list[Table]:
    """Figure 3 as two numbers before and after, and as points."""
    made = evidence.first(Variant.LLM_EDT.value)
    augmented = evidence.load(made.augmented[0])
    real = evidence.load(made.embeddings[0]).vectors
    new = augmented.new_vectors if len(augmented.new_vectors) else real[:0]
    items = Items(
        unit_rows(np.concatenate([real, new])),
        np.concatenate([evidence.load(made.data.catalogue).domain, augmented.new_domain]),
        np.arange(len(real) + len(new)) >= len(real),
    )
    return [
        closeness_table(items, evidence.domain_names),
        points_table(items, evidence.domain_names),
    ]


def closeness_table(items: Items, domain_names: Sequence[str]) -> Table:
    """How alike the two domains are, without and with the generated items."""
    rows = []
    for label, some in (
        ("before", items.where(~items.generated)),
        ("after", items),
    ):
        sizes = [int((some.domains == domain).sum()) for domain in Domain]
        cosine = mean_cosine(some) if all(sizes) else None
        nearest = [nearest_cosine(some, domain) if all(sizes) else None for domain in Domain]
        rows.append((Cell(label), *map(Cell, (*sizes, cosine, *nearest))))
    a, b = domain_names
    columns = (
        "augmentation",
        f"items of {a}",
        f"items of {b}",
        "mean cosine",
        f"nearest of {a} in {b}",
        f"nearest of {b} in {a}",
    )
    notes = (
        f"Mean cosine over all pairs of an item of {a} and one of {b}; nearest: the mean cosine to "
        f"the closest item of the other domain, over at most {_COMPARED:,} items a domain.",
    )
    title = "Figure 3: how close the domains' items are"
    return Table(title, columns, tuple(rows), notes)


def mean_cosine(items: Items) -> float:
    """The mean cosine over all pairs across the domains: the product of the two mean vectors."""
    means = [
        items.vectors[items.domains == domain].mean(axis=0, dtype=np.float64) for domain in Domain
    ]
    return float(means[0] @ means[1])


def nearest_cosine(items: Items, domain: Domain) -> float:
    """The mean cosine of a domain's items to the closest of the other, both sampled evenly."""
    own, other = (
        items.vectors[_spread(np.flatnonzero(items.domains == which), _COMPARED)]
        for which in (domain, domain.other)
    )
    return float((own @ other.T).max(axis=1).mean(dtype=np.float64))


def points_table(items: Items, domain_names: Sequence[str]) -> Table:
    """A t-SNE map of a sample, one row a point.

    Paper: Figure 3 has a map for each state.
    Choice: one map of real and generated items, so that points can be compared; the real ones
    alone are the state before augmentation.
    """
    rows = np.concatenate(
        [
            _spread(
                np.flatnonzero((items.domains == domain) & (items.generated == generated)), POINTS
            )
            for generated in (False, True)
            for domain in Domain
        ]
    )
    some = items.where(rows)
    table_rows = [
        (
            Cell("generated" if generated else "real"),
            Cell(domain_names[domain]),
            Cell(float(x), decimals=2),
            Cell(float(y), decimals=2),
        )
        for generated, domain, (x, y) in zip(
            some.generated, some.domains, tsne(some.vectors), strict=True
        )
    ]
    notes = (f"At most {POINTS} items a domain and kind, spread evenly over the catalogue.",)
    title = "Figure 3: t-SNE of item embeddings"
    return Table(title, ("kind", "domain", "x", "y"), tuple(table_rows), notes)


def tsne(vectors: Floats) -> Floats:
    """Places on a plane, ``[n, 2]``, the same on every call; zeros where there is nothing to map.

    That is fewer than four points, or equal ones: scikit-learn divides by their spread, and its
    tree over what comes of it takes the process down.
    """
    if len(vectors) < 4 or (vectors == vectors[0]).all():
        return np.zeros((len(vectors), 2), dtype=np.float32)
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    found: Floats = TSNE(perplexity=perplexity, init="pca", random_state=_SEED).fit_transform(
        vectors
    )
    return found


def _spread(keys: Ints, most: int) -> Ints:
    """At most ``most`` of the keys, evenly spread."""
    if len(keys) <= most:
        return keys
    return keys[np.linspace(0, len(keys) - 1, most).astype(np.int64)]


TRANSFERABILITY = Experiment(augmented_specs, tell, draw=as_map)
