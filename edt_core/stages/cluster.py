"""K-means on each domain's catalogue (3.2.1, 3.4.1)."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Floats, Ints
from edt_core.stage import Context, Stage, Step
from edt_core.stages.embed import ItemEmbeddings
from edt_core.stages.kmeans import kmeans_catalogue


@dataclass(frozen=True)
class Clusters:
    """The cluster of every real item."""

    labels: Ints
    """Cluster within the item's own domain, ``[N]``."""
    centroids_a: Floats
    """``[K_A, E]``; K_A is less than asked for where A has fewer distinct items."""
    centroids_b: Floats
    """``[K_B, E]``."""

    def centroids(self, domain: Domain) -> Floats:
        """One domain's centroids."""
        return self.centroids_a if domain == Domain.A else self.centroids_b


@dataclass(frozen=True)
class ClusterItems(Stage[Clusters]):
    """Group the items of each domain by their embeddings.

    Choice: one K-means per domain over the whole catalogue, k-means++ with ten restarts and a fixed
    seed (DESIGN 4.9); the paper doesn't say what K-means is fitted on.
    """

    step: ClassVar[Step] = Step.GENERATE
    section: ClassVar[str] = "3.2.1"
    output: ClassVar[type[Clusters]] = Clusters

    catalogue: Stage[Catalogue]
    embeddings: Stage[ItemEmbeddings]
    n_clusters: int

    def compute(self, ctx: Context) -> Clusters:
        """Cluster A, then B."""
        catalogue, vectors = ctx.load(self.catalogue), ctx.load(self.embeddings).vectors
        labels = np.zeros(len(catalogue), dtype=np.int64)
        centroids = []
        for domain in Domain:
            ctx.check()
            keys = catalogue.keys_of(domain)
            labels[keys], found = kmeans_catalogue(vectors[keys], self.n_clusters)
            centroids.append(found)
        return Clusters(labels, *centroids)
