from dataclasses import replace
from pathlib import Path

import numpy as np

from edt_core.config import Config
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain
from edt_core.llm.local_embed import fit_tfidf
from edt_core.llm.templating import Templates
from edt_core.stage import Context
from edt_core.stages.cluster import ClusterItems
from edt_core.stages.embed import EmbedItems, catalogue_prompts, embed_texts
from edt_core.stages.prepare import DatasetParams, ImportedCatalogue

NONE = [""] * 6
SHOP = Catalogue(
    ["food", "kitchen"], np.array([0, 0, 0, 1, 1, 1]), list("abcdef"),
    ["Green tea", "Green tea", "", "Tea kettle", "", ""], NONE, NONE, NONE, [[]] * 6, NONE,
)  # fmt: skip
SOURCE = ImportedCatalogue(DatasetParams(digest="d"))
EMBEDDED = EmbedItems(SOURCE, Config().embedding.choice)


def context(made, events=None, corpora=None):
    def opened(choice, corpus):
        (corpora if corpora is not None else []).append(list(corpus))
        return fit_tfidf(corpus, choice.dimensions)

    emit = (events if events is not None else []).append
    return Context(
        lambda stage: made[stage.fingerprint], Path(), emit, "cpu", lambda *_: None, opened,
        lambda: None,
    )  # fmt: skip


def test_items_without_texts_have_the_minimal_prompts_vector_and_never_zero():
    corpora = []
    found = EMBEDDED.compute(context({SOURCE.fingerprint: SHOP}, corpora=corpora)).vectors
    assert corpora == [catalogue_prompts(SHOP)]
    assert "name is unknown" in corpora[0][2]
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert (found[0] == found[1]).all()
    assert (found[4] == found[5]).all()
    assert not (found[2] == found[4]).all()


def test_each_distinct_text_is_embedded_once_and_progress_is_told():
    seen, told = [], []

    class Counting:
        dimensions = 2

        def embed(self, texts):
            seen.extend(texts)
            return np.array([[len(text), 1] for text in texts], dtype=np.float32)

    texts = ["aa", "b", "aa"] + [f"text {n}" for n in range(3000)]
    found = embed_texts(Counting(), texts, lambda done, total: told.append((done, total)))
    assert len(seen) == len(set(texts)) == 3002
    assert found[:3, 0].tolist() == [2, 1, 2]
    assert told[-1] == (3002, 3002)
    assert embed_texts(Counting(), [], lambda *_: None).shape == (0, 2)


def test_clusters_are_per_domain_and_no_more_than_distinct_items():
    made = {SOURCE.fingerprint: SHOP}
    made[EMBEDDED.fingerprint] = EMBEDDED.compute(context(made))
    found = ClusterItems(SOURCE, EMBEDDED, n_clusters=10).compute(context(made))
    assert len(found.centroids(Domain.A)) == 2
    assert len(found.centroids(Domain.B)) == 2
    assert found.labels[0] == found.labels[1] != found.labels[2]
    assert found.labels[4] == found.labels[5] != found.labels[3]


def test_the_template_and_the_choice_are_part_of_the_fingerprint():
    assert (
        EMBEDDED.fingerprint
        != replace(EMBEDDED, template=Templates(texts=(("item", "other"),))).fingerprint
    )
    other = Config().changed({"embedding.dimensions": 64}).embedding.choice
    assert EMBEDDED.fingerprint != replace(EMBEDDED, choice=other).fingerprint
    faster = Config().changed({"embedding.batch_size": 8}).embedding.choice
    assert EMBEDDED.fingerprint == replace(EMBEDDED, choice=faster).fingerprint
