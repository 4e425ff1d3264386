"""One question asked a language model once more, because its answer is not good enough.

The ledger gives out the newest answer to a question, so that a second one simply wins. What rests
on the old one stays as it is, noted as outdated, until a run makes it anew.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from edt_core.actions.configuring import configuration
from edt_core.actions.jobs import Job, imported, pipelines_of, standing_review
from edt_core.actions.resources import asker
from edt_core.actions.stopping import either
from edt_core.config import Config, LlmChoice
from edt_core.data.sequences import Domain
from edt_core.errors import LlmError, UsageError
from edt_core.events import EventSink
from edt_core.llm.asking import Request, rendered
from edt_core.llm.prices import price_of
from edt_core.llm.replies import GeneratedItems
from edt_core.ports import Question, Refusal
from edt_core.recipes import DEFAULT_SEEDS
from edt_core.stage import Step, walk
from edt_core.stages.augmenter.generator import GenerateItems, Samples
from edt_core.stages.augmenter.review import ReviewDecisions
from edt_core.stages.profiling.profiles import WriteProfiles
from edt_core.store.artifacts import Artifacts
from edt_core.store.calls import CallText, call
from edt_core.store.memory import CallLedger
from edt_core.store.project import Project
from edt_core.store.same_question import batch_of, calls_of, decisions_on, key_of
from edt_core.variants import Variant

Asking: TypeAlias = GenerateItems | WriteProfiles

_TEXTS = ("summaries", "reforms", "analyses")
_SPELT_OTHERWISE = {"max_completion_tokens": "max_tokens"}
_NOT_OURS = {"messages", "response_format"}
"""What differs without being a setting."""


@dataclass(frozen=True)
class Prospect:
    """What asking a call's question again comes to, before it is asked."""

    call: int
    step: str
    template: str
    user_id: str | None
    paid: float | None
    """US dollars that the call cost; None where nobody knows."""
    cost: float | None
    """US dollars for as many tokens at today's price; None where that is not known."""
    behind: list[str]
    """The steps with results that stand on the answer's stage, in the order of the pipeline."""
    users: int
    """Whose profiles another answer may change, at most."""
    decisions: int
    """Decided items of the old answer, which leave with it unless the new one names them too."""

    @property
    def sentence(self) -> str:
        """What follows from another answer."""
        parts = [f"{self.step} is stale until the next run makes it anew from the ledger"]
        if self.behind:
            parts.append(f"where that changes it, {', '.join(self.behind)} are made anew, too")
        if self.users > 1:
            parts.append(f"{self.users:,} users' profiles quote the answer and are asked anew")
        if self.decisions:
            items = "decided item leaves" if self.decisions == 1 else "decided items leave"
            parts.append(f"{self.decisions:,} {items} unless the new answer names the same")
        return "; ".join(parts)


@dataclass(frozen=True)
class AskedAgain:
    """A new answer."""

    call: int
    """The ledger's id of the call that gave it."""
    cost: float | None
    """US dollars for it with its repairs; None where nobody knows."""
    same: bool
    """It is the old answer letter by letter."""
    before: Prospect


def prospect(project: Project, number: int) -> Prospect:
    """What asking the question of call ``number`` again comes to; asks nothing.

    Raises:
        UsageError: there is no such call, or it is not one that can be asked again.
        MissingInput: nothing was imported yet.
        InputError: a prompt template of the project's own can't be used.
    """
    return _Standing.of(project, number).prospect


def ask_again(
    project: Project,
    number: int,
    *,
    max_cost: float | None = None,
    sink: EventSink,
    check: Callable[[], None],
) -> AskedAgain:
    """Ask the question of call ``number`` again, live and at once.

    A new answer takes the place of the old one, which stays on record; the stored results that rest
    on it are noted as outdated. Whatever fails leaves the old answer standing.

    Args:
        project: The project.
        number: Any call that asked the question, whatever became of it.
        max_cost: US dollars; else ``llm.max_cost``.
        sink: Told what the service does not take.
        check: Raises when the user asked to stop; the call in flight comes home first.

    Raises:
        UsageError, MissingInput, InputError: as for ``prospect``; or a cap that could not hold.
        ProjectBusy: another process runs stages in this project.
        LlmError: no usable answer came.
    """
    with project.stages("edt calls again") as pulse:
        found = _Standing.of(project, number)
        settings = found.config.llm
        model = asker(
            project, settings, max_cost=max_cost, emit=sink, check=either(check, pulse.check)
        )
        question, key = found.question(project), found.request.key
        ledger, store = CallLedger(project.database), project.artifacts
        old, newest = ledger.find([key]).get(key), found.calls[-1]
        # noted first: a process that dies meanwhile leaves a stage that is made anew for nothing,
        # never an answer that no result knows of
        noted = [stage for stage, users in found.resting if store.outdate(stage, key, users)]
        try:
            outcome = model.ask_again(question)
        finally:
            if ledger.find([key]).get(key) == old:
                for stage in noted:
                    store.uphold(stage, key)
    if isinstance(outcome, Refusal):
        raise LlmError(
            f"No usable answer came: {outcome.reason} The old one stands.",
            hint=f"What came is call {outcome.call}: edt calls show {outcome.call}",
        )
    costs = [cost for _, cost in calls_of(project, key, after=newest)]
    return AskedAgain(
        outcome.call,
        None if None in costs else sum(cost or 0.0 for cost in costs),
        old is not None and old.response == outcome.text,
        found.prospect,
    )


@dataclass(frozen=True)
class _Standing:
    """A question that the project asks today, and what rests on its answer."""

    config: Config
    told: CallText
    calls: list[int]
    """Every call that asked it, oldest first."""
    request: Request
    resting: list[tuple[Asking, int]]
    """Stored stages with an answer of it, and the users whose profiles it may change."""
    prospect: Prospect

    @classmethod
    def of(cls, project: Project, number: int) -> "_Standing":
        told, config = call(project, number), configuration(project)
        _refuse_what_none_asks(told)
        request = _as_today(told, key_of(project, number), config.llm.choice)
        calls = [found for found, _ in calls_of(project, request.key)]
        if batch := batch_of(project, calls):
            raise UsageError(
                f"The question of call {number} is with a service, in the batch {batch}.",
                hint="Its answer is on the way: 'edt run' waits for it.",
            )
        store, resting = project.artifacts, []
        for stage in _asking(project, config):
            users = _users_told(store, stage, calls) if store.has(stage) else None
            if users is not None:
                resting.append((stage, users))
        if not resting:
            raise UsageError(
                f"No result rests on call {number} with the data, prompts and settings of today.",
                hint="'edt run' asks what today's need.",
            )
        return cls(
            config, told, calls, request, resting, _prospect(project, config, told, calls, resting)
        )

    def question(self, project: Project) -> Question:
        """The question with the check that its stage makes of an answer."""
        store, choice = project.artifacts, self.config.llm.choice
        for stage, _ in self.resting:
            if isinstance(stage, GenerateItems):
                histories = store.read(stage.histories).sequences
                chosen = store.read(stage.representatives)
                samples = Samples(
                    store.read(stage.catalogue),
                    chosen,
                    chosen.keys(histories),
                    stage.n_generate,
                    stage.template,
                )
                asked = self.request.question
                assert asked.user is not None
                for target in Domain:
                    question = samples.question(asked.user, target)
                    if rendered(question, choice).key == self.request.key:
                        return question
        return self.request.question


def _refuse_what_none_asks(told: CallText) -> None:
    """Only a question of a stage to a language-model service can be asked again."""
    line = told.line
    why = ""
    if line.step == "doctor":
        why = "is one of edt doctor's, on which no result rests."
    elif line.template == "embedding":
        why = "asked for vectors, which are the same every time."
    elif line.provider == "stand-in":
        why = "is the embedded stand-in's, which says the same every time."
    if why:
        raise UsageError(
            f"Call {line.id} {why}", hint="A call to a language model can be asked again."
        )


def _as_today(told: CallText, key: str, choice: LlmChoice) -> Request:
    """A call's question as the settings ask it today.

    Raises:
        UsageError: they would ask another; names what differs.
    """
    line, sent = told.line, told.request
    messages = _messages(sent)
    system = messages.pop(0) if messages and messages[0].get("role") == "system" else {}
    question = Question(
        line.step,
        line.template,
        line.user,
        str(system.get("content", "")),
        str(messages[0].get("content", "")) if messages else "",
        GeneratedItems if line.template == "generate" else None,
    )
    request = rendered(question, choice)
    if choice.provider == line.provider and request.key == key:
        return request
    raise UsageError(
        f"The project would not ask the question of call {line.id} today: "
        f"{_difference(line.provider, sent, choice, request.body)}.",
        hint="Set it back to ask the same again, or run 'edt run' for an answer of today's.",
    )


def _messages(sent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = sent.get("messages")
    kept = found if isinstance(found, list) else []
    return [message for message in kept if isinstance(message, dict)]


def _difference(
    provider: str, sent: Mapping[str, Any], choice: LlmChoice, body: Mapping[str, Any]
) -> str:
    """What a call was asked with and the settings say otherwise, in a phrase."""
    if choice.provider != provider:
        return f"llm.provider is {choice.provider}"
    then = {_SPELT_OTHERWISE.get(name, name): value for name, value in sent.items()}
    parts = [
        f"{name} was {_shown(then.get(name))} and is {_shown(body.get(name))}"
        for name in sorted((then.keys() | body.keys()) - _NOT_OURS)
        if then.get(name) != body.get(name)
        and not (name == "temperature" and name not in then)  # the service took none
    ]
    return ", ".join(parts) or "the settings of llm are others"


def _shown(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False)


def _asking(project: Project, config: Config) -> list[Asking]:
    """The stages that ask a model with the settings of today, for any model of the paper."""
    digest, seeds = imported(project).digest, DEFAULT_SEEDS[:1]
    review = standing_review(project, Job(Variant.LLM_EDT, config, seeds), digest)
    stages = {
        stage.fingerprint: stage
        for variant in Variant
        for made in pipelines_of(project, Job(variant, config, seeds), digest, review)
        for stage in walk(made.ranks)
    }
    return [s for s in stages.values() if isinstance(s, GenerateItems | WriteProfiles)]


def _users_told(store: Artifacts, stage: Asking, calls: Sequence[int]) -> int | None:
    """Users whose profiles an answer of ``calls`` may change; None where nothing rests on it."""
    if isinstance(stage, GenerateItems):
        written = _parts(store, stage, ("calls", "refused_calls"))
        return 1 if any(np.isin(ids, calls).any() for ids in written.values()) else None
    found = _parts(
        store,
        stage,
        (*(f"{name}.calls" for name in _TEXTS), "groups.users", "summary", "reform", "analysis"),
    )
    rows = [np.flatnonzero(np.isin(found[f"{name}.calls"], calls)) for name in _TEXTS]
    if not any(map(len, rows)):
        return None
    summarized = np.zeros(0, dtype=np.int64)
    if len(rows[0]):
        summarized = found["groups.users"][np.isin(found["summary"], rows[0])]
    noted = np.flatnonzero(np.isin(found["reform"], rows[1]))
    analyzed = np.flatnonzero(np.isin(found["analysis"], rows[2]))
    return max(1, len(np.unique(np.concatenate((summarized, noted, analyzed)))))


def _parts(store: Artifacts, stage: Asking, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Whole arrays of a stored result; those that an older version did not write are left out."""
    line = store.line(stage.fingerprint)
    if line is None or not line.shapes:
        arrays, _ = store.arrays(stage.fingerprint)
        return {name: arrays[name] for name in names if name in arrays}
    wanted = {name: slice(None) for name in names if name in line.shapes}
    return store.parts(stage.fingerprint, wanted)


def _prospect(
    project: Project,
    config: Config,
    told: CallText,
    calls: Sequence[int],
    resting: Sequence[tuple[Asking, int]],
) -> Prospect:
    line, price = told.line, price_of(config.llm)
    cost = None
    if price is not None and line.prompt_tokens:
        cost = price.of(line.prompt_tokens, line.completion_tokens, line.cached_tokens)
    behind = {
        result.step
        for stage, _ in resting
        for result in project.artifacts.behind(stage.fingerprint)
        if result.step != line.step and result.stage != ReviewDecisions.__name__
    }
    return Prospect(
        line.id,
        line.step,
        line.template,
        line.user_id,
        line.cost,
        cost,
        [step for step in Step if step in behind],
        max(users for _, users in resting),
        sum(decisions_on(project, stage.fingerprint, calls) for stage, _ in resting),
    )
