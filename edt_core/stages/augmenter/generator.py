"""The sample generator: transferable items in both directions (3.2.1, Eq. 4)."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import tee
from typing import Any, ClassVar

import numpy as np
from pydantic import ValidationError

from edt_core.config import LlmChoice
from edt_core.data.catalogue import Catalogue, ItemText, normalised_title
from edt_core.data.sequences import Domain, Ints, Sequences
from edt_core.data.split import Histories
from edt_core.errors import InputError
from edt_core.events import Noted, StageAdvanced
from edt_core.llm.prompts import PACKAGED, generation_prompt, sample_line
from edt_core.llm.replies import GeneratedItem, GeneratedItems
from edt_core.llm.stand_in_generator import CatalogueGenerator
from edt_core.llm.templating import Templates
from edt_core.ports import Answer, Question, Refusal
from edt_core.stage import Context, Stage, Step
from edt_core.stages.augmenter.representatives import Representatives
from edt_core.stages.embed import ItemEmbeddings

FIELDS = ("title", "brand", "date", "price", "categories", "description")
"""What a reviewer can edit."""
GENERATE_TEMPLATE = PACKAGED.only("generate")
_NOTHING_NEW = "Every item of the answer is among the samples."
_PAUSE = 0.2
"""Seconds between two progress events."""


@dataclass(frozen=True)
class Drafts:
    """Generated items as they were written, before any judgement; columns by row."""

    users: Ints
    """The user each was written for, ``[G]``."""
    targets: Ints
    """The domain each belongs to, ``[G]``."""
    titles: list[str]
    brands: list[str]
    dates: list[str]
    prices: list[str]
    categories: list[list[str]]
    descriptions: list[str]
    calls: Ints
    """The ledger's id of the call that wrote it, ``[G]``."""
    refused_users: Ints
    """Questions without a usable answer, ``[F]``."""
    refused_targets: Ints
    refused_reasons: list[str]
    refused_calls: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """The ledger's ids of the last calls that asked them; -1 for none."""

    def __len__(self) -> int:
        """G."""
        return len(self.titles)

    def text(self, row: int) -> ItemText:
        """The texts of one draft."""
        return ItemText(
            self.titles[row],
            self.brands[row],
            self.dates[row],
            self.prices[row],
            tuple(self.categories[row]),
            self.descriptions[row],
        )


@dataclass
class DraftRows:
    """Drafts while they are collected, one answer after another."""

    users: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    items: list[GeneratedItem] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    refused: list[tuple[int, int, str, int]] = field(default_factory=list)

    def take(self, question: Question, reply: Answer | Refusal, given: set[str]) -> None:
        """Add what one reply holds; ``given`` are the normalised titles of the samples."""
        user, target = question.about["user"], question.about["target"]
        if isinstance(reply, Refusal):
            call = -1 if reply.call is None else reply.call
            self.refused.append((user, target, reply.reason, call))
            return
        assert isinstance(reply.parsed, GeneratedItems)
        items = new_items(reply.parsed.items, given, question.about["n"])
        self.users += [user] * len(items)
        self.targets += [target] * len(items)
        self.items += items
        self.calls += [reply.call] * len(items)

    def drafts(self) -> Drafts:
        """All of them as columns."""
        return Drafts(
            np.array(self.users, dtype=np.int64),
            np.array(self.targets, dtype=np.int64),
            [item.title for item in self.items],
            [item.brand for item in self.items],
            [item.date for item in self.items],
            [item.price for item in self.items],
            [list(item.categories) for item in self.items],
            [item.description for item in self.items],
            np.array(self.calls, dtype=np.int64),
            np.array([user for user, *_ in self.refused], dtype=np.int64),
            np.array([target for _, target, *_ in self.refused], dtype=np.int64),
            [reason for *_, reason, _ in self.refused],
            np.array([call for *_, call in self.refused], dtype=np.int64),
        )


def new_items(items: Sequence[GeneratedItem], given: set[str], most: int) -> list[GeneratedItem]:
    """The first ``most`` items whose titles are neither among the samples nor repeated.

    Paper: A.1, "The newly generated data must not exist in the given samples".
    Choice: titles are compared normalised (DESIGN 4.12); one without a letter or digit is dropped.
    """
    seen = {"", *given}
    kept: list[GeneratedItem] = []
    for item in items:
        title = normalised_title(item.title)
        if title not in seen:
            seen.add(title)
            kept.append(item)
    return kept[:most]


@dataclass(frozen=True)
class Samples:
    """Renders the questions of Eq. 4, each item's sample line once."""

    catalogue: Catalogue
    representatives: Representatives
    keys: Ints
    """The item of every representative, ``[R]``."""
    n_generate: int
    template: Templates = GENERATE_TEMPLATE
    _lines: dict[int, str] = field(default_factory=dict)
    _titles: dict[int, str] = field(default_factory=dict)

    def of(self, user: int, domain: Domain) -> list[int]:
        """The item keys of one user's representatives, oldest first."""
        row = 2 * user + domain
        offsets = self.representatives.offsets
        return [int(key) for key in self.keys[offsets[row] : offsets[row + 1]]]

    def question(self, user: int, target: Domain) -> Question:
        """Ask for new items of ``target`` by the samples of both domains (A.1)."""
        sources, targets = self.of(user, target.other), self.of(user, target)
        system, prompt = generation_prompt(
            self.catalogue.domain_names,
            target,
            user=user,
            source_samples=[self.line(key) for key in sources],
            target_samples=[self.line(key) for key in targets],
            n_generate=self.n_generate,
            templates=self.template,
        )
        given = {self._titles[key] for key in sources + targets}

        def check(answer: GeneratedItems) -> str:
            return "" if new_items(answer.items, given, 1) else _NOTHING_NEW

        about = {
            "user": user,
            "source": int(target.other),
            "target": int(target),
            "source_keys": sources,
            "target_keys": targets,
            "n": self.n_generate,
        }
        return Question("generate", "generate", user, system, prompt, GeneratedItems, about, check)

    def line(self, key: int) -> str:
        """One sample's line."""
        if key not in self._lines:
            self._lines[key] = sample_line(self.catalogue.text(key))
            self._titles[key] = normalised_title(self.catalogue.titles[key])
        return self._lines[key]

    def given(self, question: Question) -> set[str]:
        """The normalised titles of the samples of a question that was rendered here."""
        keys = question.about["source_keys"] + question.about["target_keys"]
        return {self._titles[key] for key in keys}


def asked(offsets: Ints, ask_empty: bool) -> list[tuple[int, Domain]]:
    """Who is asked about: users and target domains, in the order of the users.

    Choice: both directions for everyone with a source; a user without an item in the target domain
    has no target score (DESIGN 4.10), so nothing is asked for, unless ``ask_empty``.
    """
    some = np.diff(offsets).reshape(-1, 2) > 0
    return [
        (user, target)
        for user in np.flatnonzero(some.any(axis=1)).tolist()
        for target in Domain
        if some[user, target.other] and (ask_empty or some[user, target])
    ]


def edited(drafts: Drafts, rows: Sequence[int], fields: Sequence[Mapping[str, Any]]) -> Drafts:
    """``drafts`` with the named fields of ``rows`` replaced, read as a language model's would be.

    Raises:
        InputError: a row, field or value that can't be.
    """
    items = {}
    for row, change in zip(rows, fields, strict=True):
        unknown = set(change) - set(FIELDS)
        if unknown or not 0 <= row < len(drafts):
            raise InputError(
                f"Generated item {row} can't be edited: no such item or field.",
                hint=f"Fields are {', '.join(FIELDS)}.",
            )
        text = drafts.text(row)
        before = {name: getattr(text, name) for name in FIELDS} | {
            "categories": drafts.categories[row]
        }
        try:
            items[row] = GeneratedItem.model_validate(before | dict(change))
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise InputError(
                f"Generated item {row} can't be edited: {reason}.", hint="Give it a title."
            ) from None

    def column(name: str, values: list[Any]) -> list[Any]:
        return [getattr(items[r], name) if r in items else v for r, v in enumerate(values)]

    return replace(
        drafts,
        titles=column("title", drafts.titles),
        brands=column("brand", drafts.brands),
        dates=column("date", drafts.dates),
        prices=column("price", drafts.prices),
        categories=column("categories", drafts.categories),
        descriptions=column("description", drafts.descriptions),
    )


@dataclass(frozen=True)
class GenerateItems(Stage[Drafts]):
    """Ask for new items of each domain by the samples of the other.

    Paper: Eq. 4, I^B = LLMs(T, S_rep^A) and I^A = LLMs(T, S_rep^B).
    Choice: the prompt of A.1 shows the samples of both domains, so ours does.
    """

    step: ClassVar[Step] = Step.GENERATE
    section: ClassVar[str] = "3.2.1"
    output: ClassVar[type[Drafts]] = Drafts
    unread: ClassVar[frozenset[str]] = frozenset({"calls", "refused_reasons", "refused_calls"})

    histories: Stage[Histories]
    catalogue: Stage[Catalogue]
    embeddings: Stage[ItemEmbeddings]
    """For the embedded stand-in alone."""
    representatives: Stage[Representatives]
    n_generate: int
    llm: LlmChoice
    ask_empty: bool
    template: Templates = GENERATE_TEMPLATE

    def compute(self, ctx: Context) -> Drafts:
        """Ask for all; every answer is kept by the language model before it arrives here."""
        sequences = ctx.load(self.histories).sequences
        catalogue = ctx.load(self.catalogue)
        representatives = ctx.load(self.representatives)
        keys = representatives.keys(sequences)
        samples = Samples(catalogue, representatives, keys, self.n_generate, self.template)
        stand_in = self._stand_in(ctx, catalogue, sequences)
        model = ctx.language_model(self.llm, stand_in)
        rows = DraftRows()
        pairs = asked(representatives.offsets, self.ask_empty)
        last = time.monotonic()
        questions, asking = tee(samples.question(*pair) for pair in pairs)
        for done, (question, reply) in enumerate(zip(questions, model.ask(asking), strict=True), 1):
            rows.take(question, reply, samples.given(question))
            ctx.check()
            if time.monotonic() > last + _PAUSE or done == len(pairs):
                last = time.monotonic()
                ctx.emit(self._advanced(done, len(pairs), rows))
        return rows.drafts()

    def unanswered(self, artifact: Drafts) -> int:
        """Refused questions; the stand-in would refuse them again."""
        return 0 if self.llm.provider == "stand-in" else len(artifact.refused_reasons)

    def unanswered_calls(self, artifact: Drafts) -> list[int]:
        """The newest call about each."""
        return [call for call in artifact.refused_calls.tolist() if call >= 0]

    def _stand_in(
        self, ctx: Context, catalogue: Catalogue, sequences: Sequences
    ) -> CatalogueGenerator:
        if self.llm.provider == "stand-in":
            note = "Items are written by the embedded retrieval stand-in, not by a language model."
            ctx.emit(Noted(self.step, note))
        return CatalogueGenerator(catalogue, sequences, ctx.load(self.embeddings).vectors)

    def _advanced(self, done: int, total: int, rows: DraftRows) -> StageAdvanced:
        note = f"{len(rows.items)} items, {len(rows.refused)} refused"
        return StageAdvanced(self.fingerprint, self.step, done, total, "questions", note)
