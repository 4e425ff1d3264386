"""A small two-domain shop and a context that computes stages in memory."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edt_core.config import Config
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.data.split import Histories
from edt_core.events import Event
from edt_core.llm.local_embed import fit_tfidf
from edt_core.llm.replies import read
from edt_core.ports import Answer, Refusal
from edt_core.stage import Context, Stage
from edt_core.stages.augmenter.generator import GenerateItems
from edt_core.stages.augmenter.noise_filter import EmbedDrafts, FilterNoise
from edt_core.stages.augmenter.representatives import SelectRepresentatives
from edt_core.stages.cluster import ClusterItems
from edt_core.stages.embed import EmbedItems
from edt_core.stages.prepare import DatasetParams, ImportedCatalogue, ImportedHistories

FOODS = ["rice", "noodle", "bean", "tea", "coffee", "sugar"]
TOOLS = ["pan", "pot", "mill", "kettle", "spoon", "knife"]
TRAITS = ["red", "blue", "large", "small"]


def a_catalogue() -> Catalogue:
    titles = [f"{trait.title()} {name}" for names in (FOODS, TOOLS) for name in names
              for trait in TRAITS]  # fmt: skip
    n = len(titles)
    return Catalogue(
        ["food", "kitchen"], np.repeat([0, 1], n // 2), [f"i{key}" for key in range(n)], titles,
        ["Acme"] * n, [""] * n, ["9.99"] * n, [["Home"] for _ in titles], [""] * n,
    )  # fmt: skip


def some_histories(n_users: int = 30) -> Histories:
    rng = np.random.default_rng(5)
    rows = [rng.integers(0, 48, rng.integers(2, 14)).tolist() for _ in range(n_users)]
    return Histories(pack([*rows, [1, 2, 3], [25, 30], [], [0, 0, 30, 0]]))


@dataclass
class Model:
    """Asks the stand-in, or a table of replies by (user, target)."""

    stand_in: object
    replies: dict = field(default_factory=dict)

    def ask(self, questions):
        questions = list(questions)
        texts = list(self.stand_in(questions)) if not self.replies else None
        for row, question in enumerate(questions):
            about = (question.about["user"], question.about["target"])
            text = texts[row] if texts else self.replies.get(about, "no JSON at all")
            parsed = read(text, question.answer)
            if isinstance(parsed, str):
                yield Refusal(parsed, row)
            else:
                yield Answer(text, parsed, row)


@dataclass
class Rig:
    """Stages by name, computed on demand."""

    config: Config = field(default_factory=Config)
    catalogue: Catalogue = field(default_factory=a_catalogue)
    histories: Histories = field(default_factory=some_histories)
    replies: dict = field(default_factory=dict)
    made: dict = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        data = DatasetParams(digest="d")
        self.items, self.training = ImportedCatalogue(data), ImportedHistories(data)
        self.made[self.items.fingerprint] = self.catalogue
        self.made[self.training.fingerprint] = self.histories
        self.embedded = EmbedItems(self.items, self.config.embedding.choice)
        self.clusters = ClusterItems(self.items, self.embedded, self.config.clusters.n_clusters)
        self.chosen = SelectRepresentatives(
            self.training, self.items, self.embedded, self.clusters, self.config.clusters
        )
        self.generated = GenerateItems(
            self.training, self.items, self.embedded, self.chosen,
            self.config.generator.n_generate, self.config.llm.choice,
            self.config.noise_filter.empty_target == "catalogue",
        )  # fmt: skip
        self.draft_vectors = EmbedDrafts(self.generated, self.items, self.config.embedding.choice)

    def judged(self, **settings) -> FilterNoise:
        return FilterNoise(
            self.generated, self.draft_vectors, self.embedded, self.chosen, self.training,
            self.items, self.config.noise_filter.model_copy(update=settings),
        )  # fmt: skip

    def load(self, stage: Stage):
        if stage.fingerprint not in self.made:
            self.made[stage.fingerprint] = stage.compute(self.context)
        return self.made[stage.fingerprint]

    @property
    def context(self) -> Context:
        return Context(
            self.load, Path(), self.events.append, "cpu",
            lambda choice, stand_in: Model(stand_in, self.replies),
            lambda choice, corpus: fit_tfidf(corpus, choice.dimensions),
            lambda: None,
        )  # fmt: skip


@pytest.fixture
def rig():
    """Makes a rig: ``rig({"clusters.n_clusters": 3}, replies=...)``."""
    return lambda settings=None, **parts: Rig(Config().changed(settings or {}), **parts)


@pytest.fixture
def keep():
    """Makes decisions, by default none."""
    from edt_core.stages.augmenter.review import Decisions

    def decisions(accepted=(), rejected=(), edited=(), fields=()):
        rows = [np.array(r, dtype=np.int64) for r in (accepted, rejected, edited)]
        return Decisions(*rows, list(fields))

    return decisions
