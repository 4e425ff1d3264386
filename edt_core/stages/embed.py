"""A text embedding for every item (3.2.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from edt_core.config import EmbeddingChoice
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Floats
from edt_core.events import StageAdvanced
from edt_core.llm.local_embed import distinct
from edt_core.llm.prompts import PACKAGED, item_prompt
from edt_core.llm.templating import Templates
from edt_core.ports import Embedder
from edt_core.stage import Context, Stage, Step

_AT_ONCE = 2048
ITEM_TEMPLATE = PACKAGED.only("item")


@dataclass(frozen=True)
class ItemEmbeddings:
    """One vector per real item."""

    vectors: Floats
    """``[N, E]`` by item key; cosine is taken on these, unreduced (DESIGN 4.13)."""


def catalogue_prompts(catalogue: Catalogue, template: Templates = ITEM_TEMPLATE) -> list[str]:
    """Every real item's prompt, by key: the corpus that every embedder of a project is opened with.

    Paper: A.1, Item Prompt Template. An item without texts has the same sentence with unknowns.
    """
    names = catalogue.domain_names
    return [
        item_prompt(names[domain], catalogue.text(key), template)
        for key, domain in enumerate(catalogue.domain.tolist())
    ]


def embed_texts(
    embedder: Embedder, texts: Sequence[str], advanced: Callable[[int, int], None]
) -> Floats:
    """Embed ``texts`` in parts, each distinct text once.

    Args:
        embedder: An open embedder.
        texts: n texts.
        advanced: Called after each part with how many distinct texts are done, of how many.

    Returns:
        Vectors ``[n, E]``.
    """
    unique, rows = distinct(texts)
    parts = [np.zeros((0, embedder.dimensions), dtype=np.float32)]
    for start in range(0, len(unique), _AT_ONCE):
        some = unique[start : start + _AT_ONCE]
        parts.append(embedder.embed(some))
        advanced(start + len(some), len(unique))
    return np.concatenate(parts)[rows].astype(np.float32, copy=False)


@dataclass(frozen=True)
class EmbedItems(Stage[ItemEmbeddings]):
    """Embed every real item's prompt."""

    step: ClassVar[Step] = Step.EMBED
    section: ClassVar[str] = "3.2.2"
    output: ClassVar[type[ItemEmbeddings]] = ItemEmbeddings

    catalogue: Stage[Catalogue]
    choice: EmbeddingChoice
    template: Templates = ITEM_TEMPLATE

    def compute(self, ctx: Context) -> ItemEmbeddings:
        """Embed the catalogue's prompts; the embedded default is fitted on the same."""
        corpus = catalogue_prompts(ctx.load(self.catalogue), self.template)
        ctx.check()

        def advanced(done: int, total: int) -> None:
            ctx.emit(StageAdvanced(self.fingerprint, self.step, done, total, "texts"))
            ctx.check()

        return ItemEmbeddings(embed_texts(ctx.embedder(self.choice, corpus), corpus, advanced))
