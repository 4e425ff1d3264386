"""What a run lends its stages: device, language model, embedder."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from edt_core.config import (
    Config,
    EmbeddingChoice,
    EmbeddingSettings,
    LlmChoice,
    LlmSettings,
)
from edt_core.errors import UsageError
from edt_core.events import Event, EventSink, StageAdvanced, StageStarted
from edt_core.llm.asking import RememberingModel, StandInDesk
from edt_core.ports import Embedder, LanguageModel, StandIn
from edt_core.runner import Resources
from edt_core.stage import Embedders, LanguageModels
from edt_core.store.batches import CallBatches
from edt_core.store.memory import CallLedger, EmbeddingLedger
from edt_core.store.project import Project
from edt_core.store.reuse import BorrowingVectors, Lender, ledger_of

if TYPE_CHECKING:
    from edt_core.llm.prices import ModelPurse, Till

Purses: TypeAlias = dict[str, "ModelPurse"]


def resources(
    project: Project,
    config: Config,
    *,
    device: str,
    max_cost: float | None,
    run: int,
    emit: EventSink,
    check: Callable[[], None],
    till: "Till | None" = None,
) -> Resources:
    """Everything for one run of ``project``; ``till`` where several runs share one cap."""
    ledger = ledger_of(project, lender_of(config), run)
    asked = [s for s in (config.llm, config.embedding) if s.choice.provider == "openai"]
    purses = _purses(asked, config.llm.max_cost if max_cost is None else max_cost, till)
    emit = _of_stage(_telling_cost(emit, purses))
    return Resources(
        emit=emit,
        device=lambda: chosen_device(device),
        language_model=_language_models(
            config, ledger, CallBatches(project.database, run), purses, emit, check
        ),
        embedder=_embedders(
            config,
            _vectors(project, config, run),
            ledger,
            purses,
            lambda: chosen_device(device),
            check,
        ),
        check=check,
    )


def asker(
    project: Project,
    settings: LlmSettings,
    *,
    max_cost: float | None,
    emit: EventSink,
    check: Callable[[], None],
) -> RememberingModel:
    """The language-model service by itself, asked call by call, for who asks outside of a run.

    Raises:
        UsageError: there is a cap, and it could not hold because the price is not known.
    """
    from edt_core.llm.openai_chat import service_model

    live = settings.model_copy(update={"mode": "live"})
    purse = _purses([live], live.max_cost if max_cost is None else max_cost)["llm"]
    return service_model(live, CallLedger(project.database), purse, emit=emit, check=check)


def _purses(
    asked: Sequence[LlmSettings | EmbeddingSettings],
    max_cost: float | None,
    till: "Till | None" = None,
) -> Purses:
    """One till for chat and embeddings, whatever stage asks; empty where no endpoint is asked.

    Raises:
        UsageError: there is a cap, and it could not hold because a price is not known.
    """
    if not asked:
        return {}
    from edt_core.llm.prices import ModelPurse, Till, price_of

    till = till or Till(max_cost)
    purses: Purses = {}
    for settings in asked:
        price = price_of(settings)
        section, keys = "embedding", "embedding.price_input"
        if isinstance(settings, LlmSettings):
            section, keys = "llm", "llm.price_input and llm.price_output"
        if price is None and max_cost is not None:
            raise UsageError(
                f"No price is known for the model {settings.model!r}, so a cost cap can't hold.",
                hint=f"Set {keys} (US dollars per million tokens), or run without the cap.",
            )
        batch = isinstance(settings, LlmSettings) and settings.mode == "batch"
        purses[section] = ModelPurse(price, till, batch)
    return purses


def _telling_cost(emit: EventSink, purses: Purses) -> EventSink:
    """Progress with what the run has spent by then."""
    tills = [purse.till for purse in purses.values()]
    before = tills[0].spent if tills else 0.0  # by other runs that share the till

    def told(event: Event) -> None:
        if isinstance(event, StageAdvanced) and tills and (total := tills[0].total):
            note = f"{event.note}, {total}" if event.note else total
            event = replace(event, note=note, spent=tills[0].spent - before)
        emit(event)

    return told if purses else emit


def _of_stage(emit: EventSink) -> EventSink:
    """Progress of a service's batches as that of the stage that waits for them."""
    fingerprint = ""

    def told(event: Event) -> None:
        nonlocal fingerprint
        if isinstance(event, StageStarted):
            fingerprint = event.fingerprint
        elif isinstance(event, StageAdvanced) and not event.fingerprint:
            event = replace(event, fingerprint=fingerprint)
        emit(event)

    return told


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
        from edt_core.training.device import CUBLAS

        os.environ.setdefault(*CUBLAS)  # whoever multiplies first on the GPU
        return "cuda"
    if wish == "cuda":
        raise UsageError("PyTorch finds no CUDA device here.", hint="Use --device auto or cpu.")
    return "cpu"


def _language_models(
    config: Config,
    ledger: CallLedger,
    batches: CallBatches,
    purses: Purses,
    emit: EventSink,
    check: Callable[[], None],
) -> LanguageModels:
    def opened(choice: LlmChoice, stand_in: StandIn) -> LanguageModel:
        if choice.provider == "stand-in":
            return RememberingModel(choice, StandInDesk(stand_in, ledger), ledger)
        from edt_core.llm.openai_chat import service_model

        return service_model(
            config.llm, ledger, purses["llm"], batches=batches, emit=emit, check=check
        )

    return opened


def lender_of(config: Config) -> str:
    """Whose answers are used where the project has none; empty for nobody's."""
    return "" if config.llm.choice.provider == "stand-in" else config.llm.reuse_from


def _vectors(project: Project, config: Config, run: int) -> EmbeddingLedger:
    """The project's bought vectors, with another project's where the settings say so."""
    settings = config.embedding
    if not settings.reuse_from or settings.choice.provider != "openai":
        return EmbeddingLedger(project.database)
    lender = Lender.beside(project, settings.reuse_from)
    return BorrowingVectors(project, run, settings.model, lender)


def _embedders(
    config: Config,
    memory: EmbeddingLedger,
    ledger: CallLedger,
    purses: Purses,
    device: Callable[[], str],
    check: Callable[[], None],
) -> Embedders:
    fitted: dict[tuple[str, int, int], Embedder] = {}

    def opened(choice: EmbeddingChoice, corpus: Sequence[str]) -> Embedder:
        if choice.provider == "minilm":
            from edt_core.llm.local_embed import open_minilm

            return open_minilm(device(), check)
        if choice.provider == "sentence-transformers":
            from edt_core.llm.local_embed import open_local

            return open_local(config.embedding.model, device(), check)
        if choice.provider == "openai":
            from edt_core.llm.openai_embed import OpenAIEmbedder

            purse = purses["embedding"]
            return OpenAIEmbedder(config.embedding, memory, ledger=ledger, purse=purse, check=check)
        from edt_core.llm.local_embed import fit_tfidf

        key = (choice.model, choice.dimensions, hash(tuple(corpus)))
        if key not in fitted:  # items, drafts and profiles share one fitted model
            fitted[key] = fit_tfidf(corpus, choice.dimensions)
        return fitted[key]

    return opened
