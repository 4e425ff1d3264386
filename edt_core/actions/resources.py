"""What a run lends its stages: device, language model, embedder."""

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from edt_core.config import Config, EmbeddingChoice, LlmChoice
from edt_core.errors import UsageError
from edt_core.events import EventSink
from edt_core.llm.asking import RememberingModel, StandInDesk
from edt_core.ports import Embedder, LanguageModel, StandIn
from edt_core.runner import Resources
from edt_core.stage import Embedders, LanguageModels
from edt_core.store.memory import CallLedger, EmbeddingLedger
from edt_core.store.project import Project

if TYPE_CHECKING:
    from edt_core.llm.prices import CostCap


def resources(
    project: Project,
    config: Config,
    *,
    device: str,
    max_cost: float | None,
    run: int,
    emit: EventSink,
    check: Callable[[], None],
) -> Resources:
    """Everything for one run of ``project``."""
    return Resources(
        emit=emit,
        device=lambda: chosen_device(device),
        language_model=_language_models(project, config, max_cost, run),
        embedder=_embedders(project, config),
        check=check,
    )


@lru_cache(maxsize=4)
def chosen_device(wish: str) -> str:
    """``cpu`` or ``cuda`` for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        UsageError: there is no such device here.
    """
    if wish not in {"auto", "cpu", "cuda"}:
        raise UsageError(f"There is no device {wish!r}.", hint="Use auto, cpu or cuda.")
    if wish == "cpu":
        return wish
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wish == "cuda":
        raise UsageError("PyTorch finds no CUDA device here.", hint="Use --device auto or cpu.")
    return "cpu"


def _language_models(
    project: Project, config: Config, max_cost: float | None, run: int
) -> LanguageModels:
    ledger = CallLedger(project.database, run)

    @cache
    def purse(model: str) -> "CostCap | None":
        """One for all stages of the run: each with its own would spend the cap twice."""
        from edt_core.llm.prices import CostCap

        return None if max_cost is None else CostCap(model, max_cost)

    def opened(choice: LlmChoice, stand_in: StandIn) -> LanguageModel:
        if choice.provider == "stand-in":
            return RememberingModel(choice, StandInDesk(stand_in, ledger), ledger)
        from edt_core.llm.openai_chat import service_model

        return service_model(config.llm, ledger, purse(choice.model))

    return opened


def _embedders(project: Project, config: Config) -> Embedders:
    fitted: dict[tuple[str, int, int], Embedder] = {}

    def opened(choice: EmbeddingChoice, corpus: Sequence[str]) -> Embedder:
        if choice.provider == "minilm":
            from edt_core.llm.local_embed import MiniLm

            return MiniLm()
        if choice.provider == "openai":
            from edt_core.llm.openai_embed import OpenAIEmbedder

            return OpenAIEmbedder(config.embedding, EmbeddingLedger(project.database))
        from edt_core.llm.local_embed import fit_tfidf

        key = (choice.model, choice.dimensions, hash(tuple(corpus)))
        if key not in fitted:  # items, drafts and profiles share one fitted model
            fitted[key] = fit_tfidf(corpus, choice.dimensions)
        return fitted[key]

    return opened
