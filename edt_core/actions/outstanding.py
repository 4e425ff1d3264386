"""What a run would still ask of a language model or an embedding service, as far as is known.

Where what a stage asks about is stored, its prompts are rendered and looked up in the ledger: the
count is exact. Where it is not, the count is a bound and the prompts are rendered from a sample.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from edt_core.actions.failures import asked_again
from edt_core.actions.jobs import templates_of
from edt_core.actions.resources import lender_of
from edt_core.config import Config
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Ints, Sequences, domain_counts
from edt_core.llm import prompts
from edt_core.llm.asking import CHUNK, Request, rendered
from edt_core.llm.replies import GeneratedItems
from edt_core.llm.templating import Templates
from edt_core.ports import Question
from edt_core.recipes import Augmenter, Pipeline
from edt_core.stage import Stage, Step, walk
from edt_core.stages.augmenter.generator import Samples, asked
from edt_core.stages.embed import catalogue_prompts
from edt_core.stages.profiling.groups import (
    RATIO_BINS,
    catalogue_labels,
    distinct_groups,
    groups_by_catalogue,
)
from edt_core.stages.profiling.profiles import EmbedProfiles, WriteProfiles, item_titles
from edt_core.store.memory import EmbeddingLedger
from edt_core.store.project import Project
from edt_core.store.reuse import Lender, ledger_of

_SAMPLE = 200
"""Users whose prompts are rendered where not all can be."""
_SUMMARY_LETTERS, _ANALYSIS_LETTERS = 330, 650
"""Of 50 and 100 English words: the most that the prompts ask for."""


@dataclass(frozen=True)
class Outstanding:
    """One kind of request that a run would still make."""

    step: Step
    template: str
    """The prompt's, or ``embedding``."""
    what: str
    count: int
    """Questions, or texts to embed."""
    exact: bool
    """Else at most so many."""
    letters: float
    """Of one request's messages, or of one text."""
    answer_letters: float = 0.0
    """Of one answer, at most; 0 for vectors."""
    stage: str = ""
    """The fingerprint of the stage that makes it."""


def outstanding(
    project: Project,
    config: Config,
    made: Pipeline,
    *,
    exact: bool,
    further: Sequence[Stage[Any]] = (),
) -> list[Outstanding]:
    """Every kind of request, in the order of the stages; those with nothing left are there too.

    Args:
        project: The project.
        config: The pipeline's settings.
        made: The pipeline.
        exact: Render what can be and look it up.
        further: Stages beyond the pipeline's, for their profiles.
    """
    look = _Look(project, config, made, exact)
    embeds = config.embedding.choice.provider == "openai"
    lines: list[Outstanding] = []

    def add(stage: Stage[Any], found: Sequence[Outstanding]) -> None:
        lines.extend(replace(line, stage=stage.fingerprint) for line in found)

    for items in made.embeddings if embeds else ():
        add(items, look.items())
    for part in made.augmenter:
        add(part.generated, look.generations(part))
        if embeds:
            add(part.draft_embeddings, look.drafts(part, lines[-1].count))
    wanted = [*made.profiles, *made.profile_embeddings, *further]
    stages = {stage.fingerprint: stage for target in wanted for stage in walk(target)}.values()
    for written in stages:
        if isinstance(written, WriteProfiles):
            add(written, look.profiles(written))
    for embedded in stages:
        if isinstance(embedded, EmbedProfiles) and embeds:
            add(embedded, look.profile_texts(embedded))
    return lines


class _Look:
    """Looks at one project's pipeline."""

    def __init__(self, project: Project, config: Config, made: Pipeline, exact: bool) -> None:
        self._look_up = exact
        self._project = project
        self._config = config
        self._made = made
        self._store = project.artifacts
        self._catalogue: Catalogue = self._store.read(made.data.catalogue)
        self._histories: Sequences = self._store.read(made.data.histories).sequences
        self._counts = domain_counts(self._histories, self._catalogue.domain)
        self._templates: Templates = templates_of(project)
        self._calls = ledger_of(project, lender_of(config))
        self._again = asked_again(self._store, walk(made.ranks), "untrained")
        self._outdated = self._store.outdated()

    def items(self) -> list[Outstanding]:
        """Texts of real items without a vector."""
        what = "item texts"
        if self._store.has(self._made.embeddings[0]):
            return [self._none(Step.EMBED, "embedding", what)]
        if not self._look_up:
            return [self._at_most(Step.EMBED, what, len(self._catalogue))]
        return [self._texts(Step.EMBED, what, self._item_texts())]

    def generations(self, part: Augmenter) -> list[Outstanding]:
        """Questions for new items."""
        n_generate = self._config.generator.n_generate
        lines = self._sample_lines()
        answer = n_generate * float(np.mean([len(line) for line in lines] or [0]))
        if self._done(part.generated):
            return [self._none(Step.GENERATE, "generate", "generations")]
        empty = self._config.noise_filter.empty_target == "catalogue"
        if self._look_up and self._store.has(part.representatives):
            chosen = self._store.read(part.representatives)
            keys = chosen.keys(self._histories)
            samples = Samples(
                self._catalogue, chosen, keys, n_generate, self._templates.only("generate")
            )
            questions = (samples.question(*pair) for pair in asked(chosen.offsets, empty))
            return [self._exact(Step.GENERATE, "generate", "generations", questions, answer)]
        both = int((self._counts > 0).all(axis=1).sum())
        one = int((self._counts > 0).any(axis=1).sum()) - both
        most = 2 * both + one * empty
        if self._store.has(part.generated):  # the ledger has all but those without an answer
            most = self._store.unanswered(part.generated)
        some = [self._newest(user) for user in self._some_users()]
        return [self._bound(Step.GENERATE, "generate", "generations", most, some, answer)]

    def drafts(self, part: Augmenter, questions: int) -> list[Outstanding]:
        """Texts of generated items without a vector."""
        what = "generated items' texts"
        if self._store.has(part.draft_embeddings):
            count = self._changing(part.draft_embeddings) * self._config.generator.n_generate
            if count:
                return [self._at_most(Step.FILTER, what, count)]
            return [self._none(Step.FILTER, "embedding", what)]
        if not self._look_up or not self._store.has(part.drafts):
            count = questions * self._config.generator.n_generate
            return [self._at_most(Step.FILTER, what, count)]
        drafts, names = self._store.read(part.drafts), self._catalogue.domain_names
        texts = [
            prompts.item_prompt(names[target], drafts.text(row), self._templates)
            for row, target in enumerate(drafts.targets.tolist())
        ]
        return [self._texts(Step.FILTER, what, texts)]

    def profiles(self, written: WriteProfiles) -> list[Outstanding]:
        """Questions for summaries, notes and analyses, or for plain summaries."""
        plain = self._config.profiles.pipeline == "plain"
        kinds = ["plain"] if plain else ["summarize", "reform", "analyze"]
        if self._done(written):
            return [self._none(Step.PROFILE, kind, _NAMES[kind]) for kind in kinds]
        people = int((self._counts > 0).any(axis=1).sum())
        if self._store.has(written) and not self._store.unanswered(written):
            people = min(people, self._changing(written))
        names = self._catalogue.domain_names
        if plain:
            titles = ["a" * 60] * 20
            asks = [prompts.plain_prompt(names, titles, self._templates)]
            return [self._people("plain", people, asks)]
        notes = [
            prompts.reform_prompt(
                names, prompts.manual_note(names, n, domain, self._templates), self._templates
            )
            for n in range(RATIO_BINS)
            for domain in Domain
        ]
        reforms = (self._question("reform", note) for note in notes)
        groups = np.minimum(self._counts, self._config.profiles.n_clusters)
        told = ["a" * _SUMMARY_LETTERS] * max(1, round(float(groups.mean())))
        analysis = prompts.analysis_prompt(names, told, told, told[0], self._templates)
        return [
            self._summaries(written, min(int(groups.sum()), people * int(groups.sum(1).max()))),
            self._exact(Step.PROFILE, "reform", _NAMES["reform"], reforms, float(_SUMMARY_LETTERS)),
            self._people("analyze", people, [analysis]),
        ]

    def profile_texts(self, embedded: EmbedProfiles) -> list[Outstanding]:
        """Texts of profiles without a vector."""
        everybody = len(self._counts)
        stored = self._store.has(embedded)
        count = min(everybody, self._changing(embedded)) if stored else everybody
        letters = float(_ANALYSIS_LETTERS)
        exact = count == 0
        return [Outstanding(Step.PROFILE, "embedding", "profile texts", count, exact, letters)]

    def _done(self, stage: Stage[Any]) -> bool:
        """It is stored, and a run neither makes it anew nor asks one of its questions again."""
        again = stage.fingerprint in self._again or self._changing(stage)
        return self._store.has(stage) and not again

    def _changing(self, stage: Stage[Any]) -> int:
        """Users whose part of a stored result may be another, at most: answers were bought anew."""
        known = (self._outdated.get(one.fingerprint) for one in walk(stage))
        return sum(found.users for found in known if found)

    def _summaries(self, written: WriteProfiles, most: int) -> Outstanding:
        """Exact where the augmented sequences and the catalogue's clusters are stored."""
        names = self._catalogue.domain_names
        stored = [written.augmented, written.clusters, *written.drafts]
        known = written.scope == "catalogue" and all(
            self._store.has(stage) and not self._changing(stage) for stage in stored
        )
        if not (self._look_up and known):
            asks = [prompts.summary_prompt(names[0], ["a" * 60] * 3, self._templates)]
            some = [self._question("summarize", ask) for ask in asks]
            return self._bound(
                Step.PROFILE, "summarize", _NAMES["summarize"], most, some, _SUMMARY_LETTERS
            )
        augmented = self._store.read(written.augmented)
        drafts = tuple(self._store.read(stage) for stage in written.drafts)
        titles = item_titles(self._catalogue, augmented, drafts)
        domain = np.concatenate((self._catalogue.domain, augmented.new_domain))
        labels = catalogue_labels(
            self._store.read(written.clusters),
            self._catalogue.domain,
            augmented.new_domain,
            augmented.new_vectors,
        )
        groups = groups_by_catalogue(augmented.sequences, domain, labels)
        first, _ = distinct_groups(groups)
        questions = (
            self._question(
                "summarize",
                prompts.summary_prompt(
                    names[groups.domains[group]],
                    [titles[key] for key in groups.of(group).tolist()],
                    self._templates,
                ),
            )
            for group in first.tolist()
        )
        return self._exact(
            Step.PROFILE, "summarize", _NAMES["summarize"], questions, _SUMMARY_LETTERS
        )

    def _people(self, template: str, people: int, asks: Sequence[tuple[str, str]]) -> Outstanding:
        """Questions about every user, whose texts are not known before others are answered."""
        some = [self._question(template, ask) for ask in asks]
        return self._bound(
            Step.PROFILE, template, _NAMES[template], people, some, _ANALYSIS_LETTERS
        )

    def _exact(
        self, step: Step, template: str, what: str, questions: Iterable[Question], answer: float
    ) -> Outstanding:
        """Distinct questions that the ledger can't answer."""
        count, letters = 0, 0
        seen: set[str] = set()
        left = iter(questions)
        while chunk := list(islice(left, CHUNK)):
            requests = {
                request.key: request
                for request in (rendered(question, self._config.llm.choice) for question in chunk)
                if request.key not in seen
            }
            seen.update(requests)
            known = self._calls.find(list(requests))
            for key, request in requests.items():
                if key not in known:
                    count += 1
                    letters += _letters(request)
        return Outstanding(step, template, what, count, True, letters / max(1, count), answer)

    def _bound(
        self,
        step: Step,
        template: str,
        what: str,
        most: int,
        some: Sequence[Question],
        answer: float,
    ) -> Outstanding:
        requests = [rendered(question, self._config.llm.choice) for question in some]
        letters = float(np.mean([_letters(request) for request in requests] or [0]))
        return Outstanding(step, template, what, most, False, letters, answer)

    def _texts(self, step: Step, what: str, texts: Sequence[str]) -> Outstanding:
        """Distinct texts that no vector is known of."""
        from edt_core.llm.openai_embed import vector_key

        keyed = {vector_key(self._config.embedding.model, text): text for text in texts}
        known = set(EmbeddingLedger(self._project.database).find(list(keyed)))
        if lender := self._config.embedding.reuse_from:
            known.update(Lender.beside(self._project, lender).vectors(list(keyed)))
        left = [text for key, text in keyed.items() if key not in known]
        letters = sum(map(len, left)) / max(1, len(left))
        return Outstanding(step, "embedding", what, len(left), True, letters)

    def _at_most(self, step: Step, what: str, count: int) -> Outstanding:
        """So many texts of items."""
        letters = float(np.mean([len(text) for text in self._item_texts(_SAMPLE)] or [0]))
        return Outstanding(step, "embedding", what, count, False, letters)

    def _none(self, step: Step, template: str, what: str) -> Outstanding:
        return Outstanding(step, template, what, 0, True, 0.0)

    def _question(self, template: str, ask: tuple[str, str]) -> Question:
        return Question(Step.PROFILE, template, None, *ask)

    def _newest(self, user: int) -> Question:
        """A user's question with the newest items in place of representatives."""
        keys = self._histories.of(user)[::-1]
        shown = [list(self._distinct(keys, domain)) for domain in Domain]
        system, prompt = prompts.generation_prompt(
            self._catalogue.domain_names,
            Domain.B,
            user=user,
            source_samples=shown[Domain.A],
            target_samples=shown[Domain.B],
            n_generate=self._config.generator.n_generate,
            templates=self._templates,
        )
        return Question(Step.GENERATE, "generate", user, system, prompt, GeneratedItems)

    def _distinct(self, keys: Ints, domain: Domain) -> Iterator[str]:
        mine = dict.fromkeys(key for key in keys.tolist() if self._catalogue.domain[key] == domain)
        for key in list(mine)[: self._config.clusters.n_clusters]:
            yield prompts.sample_line(self._catalogue.text(key))

    def _some_users(self) -> list[int]:
        people = np.flatnonzero((self._counts > 0).any(axis=1))
        return _spread(people, _SAMPLE)

    def _sample_lines(self) -> list[str]:
        keys = _spread(np.arange(len(self._catalogue)), _SAMPLE)
        return [prompts.sample_line(self._catalogue.text(key)) for key in keys]

    def _item_texts(self, most: int = 0) -> list[str]:
        item = self._templates.only("item")
        if not most:
            return catalogue_prompts(self._catalogue, item)
        names = self._catalogue.domain_names
        return [
            prompts.item_prompt(names[self._catalogue.domain[key]], self._catalogue.text(key), item)
            for key in _spread(np.arange(len(self._catalogue)), most)
        ]


_NAMES = {
    "summarize": "summaries",
    "reform": "notes",
    "analyze": "analyses",
    "plain": "plain summaries",
}


def _letters(request: Request) -> int:
    """Of the messages as JSON, as the store measures those of answered calls."""
    messages = request.body["messages"]
    return len(json.dumps(messages, ensure_ascii=False, separators=(",", ":")))


def _spread(values: Ints, most: int) -> list[int]:
    """At most so many of ``values``, from all over them."""
    at = np.linspace(0, len(values) - 1, min(len(values), most)).round().astype(np.int64)
    return [int(value) for value in values[at]]
