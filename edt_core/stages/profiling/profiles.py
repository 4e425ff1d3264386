"""Domain-aware profiling: summarize, reform, analyze (3.4.2), and the profiles' vectors."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from edt_core.config import EmbeddingChoice, LlmChoice, ProfileSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import Domain, Floats, Ints, domain_counts, offsets_of
from edt_core.data.split import Histories
from edt_core.events import Noted, StageAdvanced
from edt_core.llm import prompts
from edt_core.llm.stand_in_profiles import ProfileExtractor
from edt_core.llm.templating import Templates
from edt_core.ports import LanguageModel, Question
from edt_core.stage import LATER, Context, Stage, Step
from edt_core.stages.augmenter.generator import Drafts
from edt_core.stages.augmenter.insertion import Augmented
from edt_core.stages.cluster import Clusters
from edt_core.stages.embed import (
    ITEM_TEMPLATE,
    ItemEmbeddings,
    catalogue_prompts,
    embed_texts,
)
from edt_core.stages.profiling.groups import (
    RATIO_BINS,
    Groups,
    catalogue_labels,
    distinct_groups,
    groups_by_catalogue,
    groups_by_user,
    imbalance,
)
from edt_core.stages.profiling.texts import Texts, ask_texts

PROFILE_TEMPLATES = prompts.PACKAGED.only("summarize", "manual", "reform", "analyze", "plain")
SUMMARY_WORDS = 50
ANALYSIS_WORDS = 100
_TITLES_OF_PLAIN = 50
_NOTHING_KNOWN = "Nothing is known about this user's preferences."


@dataclass(frozen=True)
class UserProfile:
    """One user's profile with every intermediate text."""

    clusters: list[dict[str, Any]]
    """Domain, cluster and item keys of each occupied cluster."""
    summaries: list[str]
    """One a cluster; empty where it was refused."""
    reform: str
    analysis: str


@dataclass(frozen=True)
class Profiles:
    """Every user's profile, packed: texts once, indexes into them per group and per user."""

    groups: Groups
    group_offsets: Ints
    """Where each user's groups start, ``[U + 1]``."""
    summary: Ints
    """Row of ``summaries`` by group, ``[G]``."""
    summaries: Texts
    reform: Ints
    """Row of ``reforms`` by user, ``[U]``; -1 in the plain pipeline."""
    reforms: Texts
    analysis: Ints
    """Row of ``analyses`` by user, ``[U]``."""
    analyses: Texts
    refused: Ints
    """Users whose analysis was refused: their profile is what was summarized."""

    def of(self, user: int) -> UserProfile:
        """One user's profile."""
        chosen = range(int(self.group_offsets[user]), int(self.group_offsets[user + 1]))
        clusters = [
            {
                "domain": int(self.groups.domains[group]),
                "cluster": int(self.groups.clusters[group]),
                "items": self.groups.of(group).tolist(),
            }
            for group in chosen
        ]
        summarized = [self.summaries.texts[self.summary[g]] for g in chosen if len(self.summary)]
        reform = int(self.reform[user])
        note = self.reforms.texts[reform] if reform >= 0 else ""
        return UserProfile(clusters, summarized, note, self.analyses.texts[self.analysis[user]])


def item_titles(
    catalogue: Catalogue, augmented: Augmented, drafts: tuple[Drafts, ...]
) -> list[str]:
    """The titles of real and generated items by key, ``[N + M]``; the brand where there is none."""
    real = [title or brand for title, brand in zip(catalogue.titles, catalogue.brands, strict=True)]
    return real + [drafts[0].titles[row] for row in augmented.new_draft.tolist()]


@dataclass(frozen=True)
class WriteProfiles(Stage[Profiles]):
    """Write every user's profile from the augmented training part.

    Paper: 3.4.1 and 3.4.2; with the pipeline ``plain`` the "w/o S-R-A" of B.1.
    Choice: summaries have at most 50 words (A.1), the analysis 100 (LLM4CDSR); longer is cut.
    Choice: a refused note is replaced by its manual option, a refused analysis by its summaries.
    """

    step: ClassVar[Step] = Step.PROFILE
    section: ClassVar[str] = "3.4.2"
    output: ClassVar[type[Profiles]] = Profiles
    unread: ClassVar[frozenset[str]] = frozenset(
        f"{texts}.{column}"
        for texts in ("summaries", "reforms", "analyses")
        for column in ("calls", "reasons")
    )

    augmented: Stage[Augmented]
    drafts: tuple[Stage[Drafts], ...]
    histories: Stage[Histories]
    catalogue: Stage[Catalogue]
    embeddings: Stage[ItemEmbeddings]
    clusters: Stage[Clusters]
    settings: ProfileSettings
    scope: str
    llm: LlmChoice
    templates: Templates = PROFILE_TEMPLATES

    def compute(self, ctx: Context) -> Profiles:
        """Group, summarize, reform and analyze; or group and summarize plainly."""
        catalogue, augmented = ctx.load(self.catalogue), ctx.load(self.augmented)
        titles = item_titles(catalogue, augmented, tuple(ctx.load(stage) for stage in self.drafts))
        model = ctx.language_model(self.llm, ProfileExtractor(titles))
        groups = self._groups(ctx, catalogue, augmented)
        if self.settings.pipeline == "plain":
            profiles = self._plain(ctx, model, catalogue, augmented, titles, groups)
        else:
            profiles = self._sra(ctx, model, catalogue, titles, groups)
        if len(profiles.refused):
            text = f"{len(profiles.refused)} users have no written profile (see the failed calls)."
            ctx.emit(Noted(self.step, text))
        return profiles

    def unanswered(self, artifact: Profiles) -> int:
        """Refused questions of every kind; the stand-in would refuse them again."""
        if self.llm.provider == "stand-in":
            return 0
        asked = (artifact.summaries, artifact.reforms, artifact.analyses)
        return sum(bool(reason) for texts in asked for reason in texts.reasons)

    def unanswered_calls(self, artifact: Profiles) -> list[int]:
        """The newest call about each."""
        return [
            call
            for texts in (artifact.summaries, artifact.reforms, artifact.analyses)
            for call, reason in zip(texts.calls.tolist(), texts.reasons, strict=True)
            if reason and call >= 0
        ]

    def _groups(self, ctx: Context, catalogue: Catalogue, augmented: Augmented) -> Groups:
        domain = np.concatenate((catalogue.domain, augmented.new_domain))
        if self.scope == "user":
            vectors = ctx.load(self.embeddings).vectors
            if len(augmented.new_vectors):
                vectors = np.concatenate((vectors, augmented.new_vectors))
            return groups_by_user(augmented.sequences, domain, vectors, self.settings.n_clusters)
        labels = catalogue_labels(
            ctx.load(self.clusters), catalogue.domain, augmented.new_domain, augmented.new_vectors
        )
        return groups_by_catalogue(augmented.sequences, domain, labels)

    def _sra(
        self,
        ctx: Context,
        model: LanguageModel,
        catalogue: Catalogue,
        titles: list[str],
        groups: Groups,
    ) -> Profiles:
        names = catalogue.domain_names
        histories = ctx.load(self.histories).sequences
        bins, larger = imbalance(domain_counts(histories, catalogue.domain))
        offsets = offsets_of(np.bincount(groups.users, minlength=histories.n_users))
        first, summary = distinct_groups(groups)

        def summarize(row: int) -> Question:
            keys, domain = groups.of(first[row]), names[groups.domains[first[row]]]
            asked = prompts.summary_prompt(
                domain, [titles[key] for key in keys.tolist()], self.templates
            )
            return self._question("summarize", asked, {"keys": keys, "domain": domain})

        def reform(row: int) -> Question:
            asked = prompts.reform_prompt(names, manual[row], self.templates)
            return self._question("reform", asked, {"manual": manual[row]})

        def analyze(user: int) -> Question:
            told: list[list[str]] = [[], []]
            for group in range(offsets[user], offsets[user + 1]):
                text = summaries.texts[summary[group]]
                told[groups.domains[group]] += [text] if text else []
            note = reforms.texts[notes[user]] or manual[notes[user]]
            asked = prompts.analysis_prompt(names, told[0], told[1], note, self.templates)
            about = {"names": names, "a": told[0], "b": told[1], "reform": note}
            return self._question("analyze", asked, about, user)

        kinds = [(n, domain) for n in range(RATIO_BINS) for domain in Domain]
        manual = [prompts.manual_note(names, n, domain, self.templates) for n, domain in kinds]
        notes = 2 * bins + larger
        summaries = self._asked(ctx, model, summarize, len(first), SUMMARY_WORDS, "summaries")
        reforms = self._asked(ctx, model, reform, len(kinds), SUMMARY_WORDS, "notes")
        n_users = histories.n_users
        analyses = self._asked(ctx, model, analyze, n_users, ANALYSIS_WORDS, "analyses")
        refused = [user for user, text in enumerate(analyses.texts) if not text]
        for user in refused:
            rows = summary[offsets[user] : offsets[user + 1]]
            known = " ".join(summaries.texts[row] for row in rows).strip()
            analyses.texts[user] = known or _NOTHING_KNOWN
        return Profiles(
            groups,
            offsets,
            summary,
            summaries,
            notes,
            reforms,
            np.arange(n_users),
            analyses,
            np.array(refused, dtype=np.int64),
        )

    def _plain(
        self,
        ctx: Context,
        model: LanguageModel,
        catalogue: Catalogue,
        augmented: Augmented,
        titles: list[str],
        groups: Groups,
    ) -> Profiles:
        """One summary of the user's newest titles, in their order, without clusters or notes."""
        sequences, names = augmented.sequences, catalogue.domain_names

        def plain(user: int) -> Question:
            keys = sequences.of(user)[-_TITLES_OF_PLAIN:]
            asked = prompts.plain_prompt(
                names, [titles[key] for key in keys.tolist()], self.templates
            )
            return self._question("plain", asked, {"keys": keys}, user)

        n_users = sequences.n_users
        analyses = self._asked(ctx, model, plain, n_users, ANALYSIS_WORDS, "profiles")
        refused = [user for user, text in enumerate(analyses.texts) if not text]
        for user in refused:
            analyses.texts[user] = _NOTHING_KNOWN
        nothing = Texts([], np.zeros(0, dtype=np.int64), [])
        return Profiles(
            groups,
            offsets_of(np.bincount(groups.users, minlength=n_users)),
            np.zeros(0, dtype=np.int64),
            nothing,
            np.full(n_users, -1),
            nothing,
            np.arange(n_users),
            analyses,
            np.array(refused, dtype=np.int64),
        )

    def _question(
        self, template: str, asked: tuple[str, str], about: dict[str, Any], user: int | None = None
    ) -> Question:
        return Question(self.step, template, user, asked[0], asked[1], None, about)

    def _asked(
        self,
        ctx: Context,
        model: LanguageModel,
        question: Callable[[int], Question],
        count: int,
        most_words: int,
        unit: str,
    ) -> Texts:
        def advanced(done: int) -> None:
            ctx.check()
            if done % 256 == 0 or done == count:
                ctx.emit(StageAdvanced(self.fingerprint, self.step, done, count, unit))

        return ask_texts(model, question, count, most_words, advanced)


@dataclass(frozen=True)
class ProfileEmbeddings:
    """One vector per user."""

    vectors: Floats
    """``[U, E]``."""


@dataclass(frozen=True)
class EmbedProfiles(Stage[ProfileEmbeddings]):
    """Embed every user's analysis (3.4.3, the step before the adapter)."""

    step: ClassVar[Step] = Step.PROFILE
    section: ClassVar[str] = "3.4.3"
    output: ClassVar[type[ProfileEmbeddings]] = ProfileEmbeddings

    profiles: Stage[Profiles]
    catalogue: Stage[Catalogue]
    choice: EmbeddingChoice
    template: Templates = field(default=ITEM_TEMPLATE, metadata=LATER)
    """Of the items, whose space this is."""

    def compute(self, ctx: Context) -> ProfileEmbeddings:
        """Embed the analyses in the same space as the items."""
        profiles = ctx.load(self.profiles)
        embedder = ctx.embedder(
            self.choice, catalogue_prompts(ctx.load(self.catalogue), self.template)
        )

        def advanced(done: int, total: int) -> None:
            ctx.check()
            ctx.emit(StageAdvanced(self.fingerprint, self.step, done, total, "texts"))

        vectors = embed_texts(embedder, profiles.analyses.texts, advanced)
        return ProfileEmbeddings(vectors[profiles.analysis])
