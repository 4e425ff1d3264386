"""The configuration: every key with its paper name, range and default, and nowhere else."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from edt_core.errors import UsageError
from edt_core.params import MOST, Params
from edt_core.service_settings import EmbeddingChoice as EmbeddingChoice
from edt_core.service_settings import EmbeddingSettings as EmbeddingSettings
from edt_core.service_settings import LlmChoice as LlmChoice
from edt_core.service_settings import LlmSettings as LlmSettings


class ClusterSettings(Params):
    """K-means for the representatives of the sample generator (3.2.1)."""

    n_clusters: int = Field(default=10, ge=1, le=1000)
    """Clusters per domain (K of A.4; k of Table 12, which tries 5, 10 and 15)."""

    scope: Literal["catalogue", "user"] = "catalogue"
    """One K-means per domain over the catalogue, or per user and domain, as 3.2.1 can be read."""


class GeneratorSettings(Params):
    """The sample generator (3.2.1)."""

    enabled: bool = True
    """Generate items at all (false is the paper's "w/o Aug.")."""

    n_generate: int = Field(default=5, ge=1, le=100)
    """Items asked for per user and direction (k of Eq. 1; the paper gives no value)."""

    grounding: Literal["new", "nearest"] = "new"
    """Generated items are new items of their domain (the paper), or the nearest real one."""


class NoiseFilterSettings(Params):
    """The noise filter (3.2.2)."""

    enabled: bool = True
    """Filter at all (false is the paper's "w/o Filtering")."""

    top_k: int = Field(default=3, ge=1, le=MOST)
    """Best source scores kept per user and direction (k of Eq. 6; the paper gives no value)."""

    threshold: float = Field(default=0.90, ge=-1.0, le=1.0)
    """Least target score (tau of Eq. 6; Table 11 tries 0.85, 0.90 and 0.95)."""

    threshold_kind: Literal["absolute", "percentile"] = "absolute"
    """A cosine, or the percentile (0 to 1) of the scores that random real items would get."""

    empty_target: Literal["skip", "catalogue"] = "skip"
    """For users without an item in the target domain: nothing, or score against all of it."""


class InsertionSettings(Params):
    """The insertion (3.2.3)."""

    position: Literal["anchor", "end", "random"] = "anchor"
    """After the anchor, at the end ("w/o Inserting"), or anywhere ("Random Inserting")."""


class ReviewSettings(Params):
    """The reviewer's part, between filter and insertion."""

    required: bool = False
    """Stop before the insertion until every kept item has a decision (exit status 3)."""


class ProfileSettings(Params):
    """Domain-aware profiling (3.4)."""

    enabled: bool = True
    """Write profiles and align with them (false is the paper's "w/o Profiling")."""

    pipeline: Literal["sra", "plain"] = "sra"
    """Summarize, reform and analyze, or one plain summary ("w/o S-R-A")."""

    n_clusters: int = Field(default=10, ge=1, le=1000)
    """Clusters per domain that a user's items are grouped by (C of 3.4.1)."""


class PretrainingSettings(Params):
    """Global pre-training (3.3.1), and the single-thread training of the baselines."""

    encoder: Literal["sasrec", "gru4rec", "bert4rec"] = "sasrec"
    """The backbone (B.3)."""

    width: int = Field(default=128, ge=4, le=4096)
    """d, the size of item and user vectors (A.4)."""

    layers: int = Field(default=2, ge=1, le=24)
    """Blocks of the backbone."""

    heads: int = Field(default=1, ge=1, le=64)
    """Attention heads; must divide the width."""

    dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    """Dropout inside the backbone."""

    max_length: int = Field(default=200, ge=2, le=100_000)
    """Newest events of a sequence that the backbone sees."""

    bidirectional: bool = False
    """Let a position attend to later ones, as the published code does (it sees the answer)."""

    batch_size: int = Field(default=512, ge=2, le=MOST)
    """Users per step (A.4)."""

    learning_rate: float = Field(default=1e-3, gt=0.0)
    """Adam's learning rate (A.4)."""

    epochs: int = Field(default=200, ge=1, le=MOST)
    """Most passes over the users."""

    patience: int = Field(default=20, ge=1, le=MOST)
    """Epochs without a better validation NDCG@10 before training stops."""

    loss: Literal["bpr", "bce"] = "bpr"
    """Eq. 9 as printed, or the binary cross-entropy of the published code."""

    alignment_weight: float = Field(default=0.7, ge=0.0)
    """alpha of Eq. 14 (Figure 5 tries 0.1 to 5)."""

    temperature: float = Field(default=1.0, gt=0.0)
    """tau of Eq. 13."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}")
        return self


class FineTuningSettings(Params):
    """Domain fine-tuning (3.3.2)."""

    enabled: bool = True
    """Fine-tune at all (false is the paper's "w/o DFT")."""

    adapter: Literal["residual", "linear"] = "residual"
    """A residual bottleneck that starts as the identity, or Eq. 10's two linear maps."""

    adapter_width: int = Field(default=64, ge=1, le=65_536)
    """The bottleneck's size (A.4)."""

    learning_rate: float = Field(default=1e-4, gt=0.0)
    """AdamW's learning rate (the paper prints "1e5")."""

    epochs: int = Field(default=200, ge=1, le=MOST)
    """Most passes over the users."""

    patience: int = Field(default=20, ge=1, le=MOST)
    """Epochs without a better validation NDCG@10 before training stops."""


class EvaluationSettings(Params):
    """The protocol of section 4."""

    n_negatives: int = Field(default=100, ge=1, le=100_000)
    """Negatives per target, drawn once, stored and shared by every model (4.1.4)."""

    cutoffs: tuple[int, ...] = (1, 5, 10, 20)
    """Where hit rate and NDCG are cut."""

    @field_validator("cutoffs")
    @classmethod
    def _ranks_once_each(cls, cutoffs: tuple[int, ...]) -> tuple[int, ...]:
        if not cutoffs or min(cutoffs) < 1:
            raise ValueError("Give one cutoff or more, each at least 1")
        if max(cutoffs) > MOST:
            raise ValueError(f"A cutoff is at most {MOST:,}")
        return tuple(sorted(set(cutoffs)))


class Config(Params):
    """Everything that can be set, by section."""

    clusters: ClusterSettings = ClusterSettings()
    generator: GeneratorSettings = GeneratorSettings()
    noise_filter: NoiseFilterSettings = NoiseFilterSettings()
    review: ReviewSettings = ReviewSettings()
    insertion: InsertionSettings = InsertionSettings()
    profiles: ProfileSettings = ProfileSettings()
    pretraining: PretrainingSettings = PretrainingSettings()
    fine_tuning: FineTuningSettings = FineTuningSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    llm: LlmSettings = LlmSettings()

    def flat(self) -> dict[str, Any]:
        """Every key with its value, such as ``{"noise_filter.top_k": 3}``."""
        return dict(_flat(self.model_dump(mode="json")))

    def changed(self, settings: Mapping[str, Any]) -> "Config":
        """A copy with ``settings`` (dotted keys; texts are parsed) in place.

        Raises:
            UsageError: an unknown key (names the nearest known one) or a value out of range.
        """
        nested = self.model_dump(mode="json")
        for key, value in settings.items():
            known_key(key)
            section, _, name = key.partition(".")
            nested[section][name] = _parsed(key, value)
        try:
            return Config.model_validate(nested)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"][:2])
            reason = str(first["msg"]).removeprefix("Value error, ")
            raise UsageError(f"{where}: {reason}.", hint="See 'edt config show'.") from None


def known_key(key: str) -> str:
    """``key`` itself when it exists.

    Raises:
        UsageError: it doesn't; the nearest known key is named.
    """
    keys = Config().flat()
    if key in keys:
        return key
    near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
    raise UsageError(
        f"There is no setting {key!r}.",
        hint=f"Did you mean {near[0]!r}?" if near else "See 'edt config show' for all of them.",
    )


def parse_assignments(texts: Iterable[str]) -> dict[str, str]:
    """``["a.b=1"]`` as ``{"a.b": "1"}``.

    Raises:
        UsageError: a text without ``=``, or an unknown key.
    """
    settings: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} sets nothing.", hint="Write KEY=VALUE.")
        settings[known_key(key.strip())] = value.strip()
    return settings


def _parsed(key: str, value: Any) -> Any:
    """Texts for tuple-valued keys become lists, an empty sum none; pydantic parses the rest."""
    if key == "evaluation.cutoffs" and isinstance(value, str):
        return [part.strip() for part in value.strip("[]() ").split(",") if part.strip()]
    if (".price_" in key or key == "llm.max_cost") and value in ("", "none"):
        return None
    return value


def _flat(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
