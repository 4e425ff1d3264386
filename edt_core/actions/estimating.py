"""``edt estimate``: the calls, tokens, cost and time that a run would still need."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edt_core.actions.configuring import configuration
from edt_core.actions.jobs import Job, imported, named_step, named_variant, pipelines_of, place
from edt_core.actions.outstanding import Outstanding, outstanding
from edt_core.config import Config, EmbeddingSettings, LlmSettings
from edt_core.llm.prices import Price, price_of
from edt_core.recipes import DEFAULT_SEEDS
from edt_core.stage import Step
from edt_core.store.calls import Measured, measured
from edt_core.store.project import Project
from edt_core.variants import Variant, settings_of

LETTERS_PER_TOKEN = 4.0
"""Of English product texts, roughly; what services counted replaces it once calls were made."""


@dataclass(frozen=True)
class EstimateLine:
    """One kind of request that a run would still make."""

    step: str
    what: str
    calls: int
    exact: bool
    """Else at most so many."""
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """US dollars; 0 for the embedded defaults, None where the price is not known."""
    seconds: float | None
    """At the settings' concurrency, or for a batch; None before a call was measured."""
    basis: str
    """What tokens and time are reckoned from."""


@dataclass(frozen=True)
class Estimate:
    """What a run would still ask."""

    lines: list[EstimateLine]
    cost: float | None
    """US dollars; None where the price of something asked for is not known."""
    seconds: float | None
    note: str

    @property
    def sentence(self) -> str:
        """How many calls, of which kinds, at what price."""
        asked = [line for line in self.lines if line.calls]
        if not asked:
            return "It asks no model anything that was not answered before: free."
        most = "" if all(line.exact for line in asked) else "at most "
        kinds = ", ".join(f"{line.calls:,} {line.what}" for line in asked)
        price = "price unknown" if self.cost is None else f"${self.cost:.2f}"
        total = sum(line.calls for line in asked)
        return f"It makes {most}{total:,} calls ({kinds}): {price if self.cost != 0 else 'free'}."


def estimate(
    project: Project,
    settings: Sequence[str] = (),
    *,
    variant: str = Variant.LLM_EDT,
    until: str = "",
    experiment: str = "",
    exact: bool = True,
) -> Estimate:
    """What a run would ask, from the data, the ledger and what was measured; asks nothing.

    Args:
        project: The project.
        settings: ``KEY=VALUE`` for this call alone.
        variant: The model, as for a run.
        until: The last stage that counts; all of them without it.
        experiment: All runs of this experiment instead of one of ``variant``.
        exact: As for ``estimate_of``.

    Raises:
        MissingInput: nothing was imported yet.
        UsageError: an unknown setting, model, stage or experiment.
        InputError: a prompt template of the project's own can't be used.
    """
    last = named_step(until) if until else Step.EVALUATE
    config = configuration(project, settings)
    if experiment:
        return _of_experiment(project, experiment, config, exact=exact)
    found = estimate_of(project, config, variant=named_variant(variant), exact=exact)
    return _summed([line for line in found.lines if place(named_step(line.step)) <= place(last)])


def estimate_of(
    project: Project, config: Config, *, variant: Variant = Variant.LLM_EDT, exact: bool = False
) -> Estimate:
    """The same for any configuration.

    Args:
        project: The project.
        config: The settings.
        variant: The model.
        exact: Render what can be and look it up in the ledger, which takes some seconds for every
            ten thousand users; else every count is a bound.

    Raises:
        MissingInput: nothing was imported yet.
        InputError: a prompt template of the project's own can't be used.
    """
    dataset = imported(project)
    config = config.changed(settings_of(variant))
    made = pipelines_of(project, Job(variant, config, DEFAULT_SEEDS[:1]), dataset.digest)[0]
    meter = _Meter(project, config)
    return _summed([meter.line(e) for e in outstanding(project, config, made, exact=exact)])


def _of_experiment(project: Project, name: str, config: Config, *, exact: bool) -> Estimate:
    """What all runs of an experiment would ask; a stage that several share counts once."""
    from edt_core.actions.experimenting import planned

    found: dict[tuple[str, str], list[EstimateLine]] = {}
    seen: set[tuple[str, str]] = set()
    for run in planned(project, name, config):
        meter = _Meter(project, run.config)
        made, more = run.made, run.further
        for entry in outstanding(project, run.config, made, exact=exact, further=more):
            new = (entry.stage, entry.what) not in seen
            if new and run.has(entry.step, entry.stage):
                seen.add((entry.stage, entry.what))
                found.setdefault((entry.step, entry.what), []).append(meter.line(entry))
    order = [step.value for step in Step]
    lines = [_joined(same) for same in found.values()]
    return _summed(sorted(lines, key=lambda line: order.index(line.step)))


def _joined(same: Sequence[EstimateLine]) -> EstimateLine:
    """One kind of request over several runs; two runs may still ask the same question."""
    asked = [line for line in same if line.calls]
    costs, times = [line.cost for line in asked], [line.seconds for line in asked]
    return replace(
        same[0],
        calls=sum(line.calls for line in asked),
        exact=all(line.exact for line in asked) and len(asked) < 2,
        prompt_tokens=sum(line.prompt_tokens for line in asked),
        completion_tokens=sum(line.completion_tokens for line in asked),
        cost=None if None in costs else sum(cost or 0.0 for cost in costs),
        seconds=None if None in times else sum(seconds or 0.0 for seconds in times),
        basis=asked[0].basis if asked else same[0].basis,
    )


def _summed(lines: list[EstimateLine]) -> Estimate:
    costs = [line.cost for line in lines if line.calls]
    times = [line.seconds for line in lines if line.calls]
    known = [cost for cost in costs if cost is not None]
    return Estimate(
        lines,
        sum(known) if len(known) == len(costs) else None,
        None if None in times else sum(seconds for seconds in times if seconds is not None),
        _note(lines),
    )


def _note(lines: Sequence[EstimateLine]) -> str:
    asked = [line for line in lines if line.calls]
    parts = []
    if any(not line.exact for line in asked):
        parts.append("'at most' counts what can't be known before earlier stages have run.")
    if any(line.cost is None for line in asked):
        parts.append("The price of a model is not known, so there is no sum.")
    if any(line.seconds is None for line in asked):
        parts.append("Times come with the first answered calls.")
    return " ".join(parts)


class _Meter:
    """Tokens, cost and time by what services counted before."""

    def __init__(self, project: Project, config: Config) -> None:
        self._project = project
        self._config = config

    def line(self, entry: Outstanding) -> EstimateLine:
        """One kind of request, priced and timed."""
        if entry.template == "embedding":
            return _paced(self._texts(entry), self._config.embedding)
        line = self._chat(entry)
        return line if self._config.llm.mode == "batch" else _paced(line, self._config.llm)

    def _chat(self, entry: Outstanding) -> EstimateLine:
        settings = self._config.llm
        if settings.choice.provider == "stand-in":
            return _priced(entry, entry.count, 0.0, 0.0, Price(input=0.0), 0.0, "stand-in")
        found = measured(self._project, settings.model, entry.template)
        others = found or measured(self._project, settings.model)
        ratio = others.prompt_tokens / others.letters if others else 1 / LETTERS_PER_TOKEN
        again = found.calls / max(1, found.answered) if found else 1.0
        answer = found.completion_tokens if found else entry.answer_letters * ratio
        basis = f"{found.calls:,} calls measured" if found else _guess(others)
        price, batch = price_of(settings), settings.mode == "batch"
        if batch and price and price.batch_discount:
            basis += ", in batches"
        calls = round(entry.count * again)
        return _priced(
            entry,
            calls,
            entry.letters * ratio,
            answer,
            price,
            _seconds(settings, found, calls),
            basis,
            cached=found.cached_tokens / found.prompt_tokens if found else 0.0,
            batch=batch,
        )

    def _texts(self, entry: Outstanding) -> EstimateLine:
        settings = self._config.embedding
        found = measured(self._project, settings.model, "embedding")
        ratio = found.prompt_tokens / found.letters if found else 1 / LETTERS_PER_TOKEN
        calls = -(-entry.count // settings.batch_size)
        per_call = entry.letters * ratio * entry.count / max(1, calls)
        seconds = found.latency / settings.concurrency if found and found.latency else None
        basis = f"{found.calls:,} calls measured" if found else _guess(None)
        return _priced(entry, calls, per_call, 0.0, price_of(settings), seconds, basis)


def _paced(line: EstimateLine, limits: LlmSettings | EmbeddingSettings) -> EstimateLine:
    """The line with the time that the user's limits need, where that is the longest."""
    tokens = line.prompt_tokens + line.completion_tokens
    minutes = [
        amount / limit
        for amount, limit in (
            (line.calls, limits.requests_per_minute),
            (tokens, limits.tokens_per_minute),
        )
        if limit
    ]
    least = 60.0 * max(minutes, default=0.0)
    if least <= (line.seconds or 0.0):
        return line
    return replace(line, seconds=least, basis=f"{line.basis}, at your limits")


def _seconds(settings: LlmSettings, found: Measured | None, calls: int) -> float | None:
    """Seconds that a call adds; batches run side by side, so all of them take as long as one."""
    if found is None or not calls:
        return None
    if settings.mode == "batch":
        return None if found.wait is None else found.wait / calls
    return None if found.latency is None else found.latency / settings.concurrency


def _guess(others: Measured | None) -> str:
    if others:
        return "rendered prompts, tokens per letter of other calls"
    return f"rendered prompts, {LETTERS_PER_TOKEN:g} letters a token"


def _priced(
    entry: Outstanding,
    calls: int,
    prompt: float,
    answer: float,
    price: Price | None,
    seconds: float | None,
    basis: str,
    cached: float = 0.0,
    *,
    batch: bool = False,
) -> EstimateLine:
    """Args: tokens of one call's prompt and answer, seconds of one, share of cached tokens."""
    tokens, answers = round(calls * prompt), round(calls * answer)
    cost = None if price is None else price.of(tokens, answers, round(tokens * cached), batch=batch)
    return EstimateLine(
        entry.step,
        entry.what,
        calls,
        entry.exact,
        tokens,
        answers,
        cost if calls else 0.0,
        0.0 if not calls else None if seconds is None else calls * seconds,
        basis if calls else "nothing left to ask",
    )
