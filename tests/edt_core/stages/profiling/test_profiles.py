"""Profiles of a tiny shop: what is asked, how often, and what a user ends up with."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from edt_core import artifact
from edt_core.config import LlmSettings, ProfileSettings
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.data.split import Histories
from edt_core.events import Noted
from edt_core.llm.stand_in_profiles import SAYS_SO
from edt_core.llm.templating import Templates
from edt_core.ports import Answer, Refusal
from edt_core.stage import Context, Stage
from edt_core.stages.augmenter.generator import Drafts
from edt_core.stages.augmenter.insertion import Augmented
from edt_core.stages.cluster import Clusters
from edt_core.stages.embed import ItemEmbeddings
from edt_core.stages.profiling.profiles import EmbedProfiles, Profiles, WriteProfiles

TITLES = ["Green Tea", "Black Tea", "Dark Rye Bread", "Iron Pan", "Iron Pot"]
LLM = LlmSettings().choice


@dataclass(frozen=True)
class Given(Stage):
    """A stage whose artifact the test hands in."""

    name: str

    def compute(self, ctx):
        raise AssertionError


class StandIn:
    """Answers with the stand-in; notes every question; refuses a template when told to."""

    def __init__(self, stand_in, refuse=""):
        self.stand_in, self.refuse, self.asked = stand_in, refuse, []

    def ask(self, questions):
        questions = list(questions)
        self.asked += questions
        for number, text in enumerate(self.stand_in(questions)):
            refused = questions[number].template == self.refuse
            yield Refusal("No.", 9) if refused else Answer(text, None, 1)


class Lengths:
    """Embeds a text as its length."""

    dimensions = 2

    def embed(self, texts):
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


class Shop:
    """Five items, one generated pan; four users, two of them alike."""

    def __init__(self, rows=((0, 1, 3), (1, 3, 0), (2,), (4, 5)), refuse=""):
        empty = [""] * 5
        catalogue = Catalogue(
            ["food", "kitchen"],
            np.array([0, 0, 0, 1, 1]),
            list("abcde"),
            TITLES,
            empty,
            empty,
            empty,
            [[]] * 5,
            empty,
        )
        vectors = np.eye(5, dtype=np.float32) + 0.1
        sequences = pack([list(row) for row in rows])
        raw = pack([[item for item in row if item < 5] for row in rows])
        nothing = np.zeros(0, dtype=np.int64)
        drafts = Drafts(
            users=np.array([3]),
            targets=np.array([1]),
            titles=["Copper Pan"],
            brands=[""],
            dates=[""],
            prices=[""],
            categories=[[]],
            descriptions=[""],
            calls=np.array([1]),
            refused_users=nothing,
            refused_targets=nothing,
            refused_reasons=[],
        )
        augmented = Augmented(
            sequences,
            sequences.items >= 5,
            np.where(sequences.items >= 5, 0, -1),
            np.array([1]),
            np.array([0]),
            vectors[4:5],
        )
        self.given = {
            "catalogue": catalogue,
            "embeddings": ItemEmbeddings(vectors),
            "clusters": Clusters(np.array([0, 0, 1, 0, 1]), vectors[[0, 2]], vectors[[3, 4]]),
            "histories": Histories(raw),
            "drafts": drafts,
            "augmented": augmented,
        }
        self.refuse = refuse
        self.models = []
        self.events = []

    def stage(self, **changes):
        stage = WriteProfiles(
            Given("augmented"),
            (Given("drafts"),),
            Given("histories"),
            Given("catalogue"),
            Given("embeddings"),
            Given("clusters"),
            ProfileSettings(),
            "catalogue",
            LLM,
        )
        return replace(stage, **changes)

    def compute(self, stage):
        def language_model(choice, stand_in):
            self.models.append(StandIn(stand_in, self.refuse))
            return self.models[-1]

        context = Context(
            load=lambda source: self.given[source.name],
            scratch=None,
            emit=self.events.append,
            device="cpu",
            language_model=language_model,
            embedder=lambda choice, corpus: Lengths(),
            check=lambda: None,
        )
        return stage.compute(context)

    def asked(self, template):
        return [q for q in self.models[-1].asked if q.template == template]


def test_equal_clusters_are_summarized_once_and_name_no_user():
    shop = Shop()
    profiles = shop.compute(shop.stage())
    # food {tea, tea} and kitchen {pan} of users 0 and 1, food {bread}, kitchen {pot, copper pan}
    asked = shop.asked("summarize")
    assert len(asked) == 4
    assert all(question.user is None for question in asked)
    assert profiles.of(0) == profiles.of(1)
    assert '"Green Tea"\n"Black Tea"' in asked[0].prompt


def test_a_profile_holds_every_intermediate_text():
    shop = Shop()
    profile = shop.compute(shop.stage()).of(3)
    assert profile.clusters == [{"domain": 1, "cluster": 1, "items": [4, 5]}]
    assert "pot" in profile.summaries[0]
    assert "copper" in profile.summaries[0]  # the generated item counts by its title
    assert profile.reform.startswith("Your interests in kitchen make up nearly all")
    assert profile.analysis.startswith("kitchen: ")
    assert profile.analysis.endswith(SAYS_SO)
    assert len(profile.analysis.split()) <= 100


def test_the_note_is_asked_once_per_bin_and_larger_domain():
    shop = Shop()
    profiles = shop.compute(shop.stage())
    assert len(shop.asked("reform")) == 10
    # user 0: food 2, kitchen 1, r = 1/3: second bin, food; user 2: food alone; user 3: kitchen
    assert profiles.reform.tolist() == [2, 2, 8, 9]


def test_the_note_counts_the_raw_history_not_the_augmented_one():
    shop = Shop(rows=((0, 5), (0,)))
    assert shop.compute(shop.stage()).reform.tolist() == [8, 8]


def test_the_plain_pipeline_asks_one_question_a_user():
    shop = Shop()
    profiles = shop.compute(shop.stage(settings=ProfileSettings(pipeline="plain")))
    assert [question.template for question in shop.models[0].asked] == ["plain"] * 4
    assert profiles.of(3).summaries == []
    assert profiles.of(3).reform == ""
    assert "pot" in profiles.of(3).analysis


def test_per_user_clusters_work_without_generated_items():
    shop = Shop(rows=((0, 1, 3), (2,)))
    nothing = np.zeros(0, dtype=np.int64)
    shop.given["augmented"] = replace(
        shop.given["augmented"],
        new_domain=nothing,
        new_draft=nothing,
        new_vectors=np.zeros((0, 0), dtype=np.float32),
    )
    profiles = shop.compute(shop.stage(scope="user", drafts=()))
    assert len(profiles.of(0).summaries) == 3  # three items, ten clusters: one each


def test_a_refused_analysis_leaves_the_summaries_and_is_said():
    shop = Shop(refuse="analyze")
    profiles = shop.compute(shop.stage())
    assert profiles.refused.tolist() == [0, 1, 2, 3]
    assert profiles.of(2).analysis == profiles.of(2).summaries[0]
    assert any(isinstance(event, Noted) and "4 users" in event.text for event in shop.events)


def test_a_refused_summary_is_left_out_of_the_analysis():
    shop = Shop(refuse="summarize")
    profiles = shop.compute(shop.stage())
    assert profiles.of(0).summaries == ["", ""]
    assert all("(none)\nYour interests" in q.prompt for q in shop.asked("analyze"))
    assert not len(profiles.refused)


def test_a_user_without_items_has_a_profile_that_says_so():
    shop = Shop(rows=((0,), ()), refuse="analyze")
    assert "Nothing is known" in shop.compute(shop.stage()).of(1).analysis


def test_profiles_are_saved_and_loaded_whole(tmp_path):
    shop = Shop()
    profiles = shop.compute(shop.stage())
    artifact.save(profiles, tmp_path / "profiles")
    loaded = artifact.load(Profiles, tmp_path / "profiles")
    assert [loaded.of(user) for user in range(4)] == [profiles.of(user) for user in range(4)]


def test_every_user_gets_the_vector_of_the_own_analysis():
    shop = Shop()
    shop.given["profiles"] = profiles = shop.compute(shop.stage())
    stage = EmbedProfiles(Given("profiles"), Given("catalogue"), None)
    vectors = shop.compute(stage).vectors
    assert vectors[:, 0].tolist() == [len(profiles.of(user).analysis) for user in range(4)]


@pytest.mark.parametrize(
    "changes", [{"scope": "user"}, {"settings": ProfileSettings(pipeline="plain")}]
)
def test_what_changes_a_profile_changes_the_fingerprint(changes):
    shop = Shop()
    assert shop.stage().fingerprint == shop.stage().fingerprint
    assert shop.stage(**changes).fingerprint != shop.stage().fingerprint
    assert (
        shop.stage(templates=Templates(texts=(("analyze", "other"),))).fingerprint
        != shop.stage().fingerprint
    )
