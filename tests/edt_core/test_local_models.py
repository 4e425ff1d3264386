"""Where a local model is and which one it is; nothing of it is loaded or downloaded."""

import hashlib
import os

import pytest

from edt_core.config import Config
from edt_core.local_models import digest_of, folder_of

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty cache of the hub."""
    for name in ("SENTENCE_TRANSFORMERS_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path


def model_in(folder, weights=b"weights", extra=()):
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "modules.json").write_text("[]")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    for name in extra:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"extra")
    return str(folder)


def cached(home, name, weights=b"weights"):
    """A model as the hub's library keeps it: weights are links to blobs named by their SHA-256."""
    kept = home / "hf" / "hub" / f"models--{name.replace('/', '--')}"
    snapshot = kept / "snapshots" / REVISION
    model_in(snapshot, weights)
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text(REVISION)
    blob = kept / "blobs" / hashlib.sha256(weights).hexdigest()
    blob.parent.mkdir()
    (snapshot / "model.safetensors").rename(blob)
    (snapshot / "model.safetensors").symlink_to(os.path.relpath(blob, snapshot))
    return snapshot


def test_a_model_is_found_by_its_folder_or_its_name_in_the_cache(home):
    folder = model_in(home / "mine")
    assert folder_of(folder) == home / "mine"
    assert folder_of("acme/small") is None
    snapshot = cached(home, "acme/small")
    assert folder_of("acme/small") == snapshot
    short = cached(home, "sentence-transformers/tiny")
    assert folder_of("tiny") == short


@pytest.mark.parametrize(
    "name", ["", "mine", "./mine", "../x", "a/../b", "a/b/c", "tfidf-svd", "/nowhere", "~nobody9/x"]
)
def test_what_is_no_model_is_none(home, name, monkeypatch):
    model_in(home / "mine")
    monkeypatch.chdir(home)  # a path from here would mean something else elsewhere
    assert folder_of(name) is None
    assert digest_of(name) == ""


def test_the_digest_is_of_what_a_vector_depends_on_wherever_it_lies(home):
    ours = digest_of(model_in(home / "one"))
    assert len(ours) == 40
    idle = ("README.md", ".cache/x.json", "onnx/model.bin", "pytorch_model.bin", "train.py")
    assert digest_of(model_in(home / "two", extra=idle)) == ours
    cached(home, "acme/small")
    assert digest_of("acme/small") == ours
    assert digest_of(model_in(home / "three", b"other weights")) != ours
    assert digest_of(model_in(home / "four", extra=["vocab.txt"])) != ours


def test_weights_that_change_in_their_place_change_the_digest(home):
    folder = model_in(home / "one")
    before = digest_of(folder)
    weights = home / "one" / "model.safetensors"
    weights.write_bytes(b"WEIGHTS")
    os.utime(weights, ns=(1, 1))
    assert digest_of(folder) != before


def test_the_choice_holds_the_digest_and_no_place(home):
    given = {"embedding.provider": "sentence-transformers"}
    first = model_in(home / "one")
    second = model_in(home / "two")
    choices = [
        Config().changed({**given, "embedding.model": folder}).embedding.choice
        for folder in (first, second)
    ]
    assert choices[0] == choices[1]
    assert choices[0].digest == digest_of(first)
    assert "digest" not in Config().embedding.choice.model_dump()
