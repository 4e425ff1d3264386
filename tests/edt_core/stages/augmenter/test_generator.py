import json
from dataclasses import replace

import numpy as np
import pytest

from edt_core.data.catalogue import normalised_title
from edt_core.errors import InputError
from edt_core.events import Noted, StageAdvanced
from edt_core.llm.replies import GeneratedItem, read
from edt_core.ports import Answer
from edt_core.stages.augmenter.generator import edited, new_items


def reply(*titles):
    return json.dumps({"items": [{"title": title} for title in titles]})


def test_both_directions_are_asked_for_users_with_both_domains_alone(rig):
    shop = rig()
    drafts = shop.load(shop.generated)
    offsets = shop.load(shop.chosen).offsets
    some = (offsets[1:] > offsets[:-1]).reshape(-1, 2)
    both = set(some.all(axis=1).nonzero()[0].tolist())
    asked = set(zip(drafts.users.tolist(), drafts.targets.tolist(), strict=True))
    assert asked == {(user, target) for user in both for target in (0, 1)}


def test_eq_4_shows_the_source_samples_and_makes_items_of_the_other_domain(rig):
    """I^B = LLMs(T, S_rep^A) and I^A = LLMs(T, S_rep^B), the samples found once more in numpy."""
    shop = rig({"clusters.n_clusters": 3})
    asked = {}

    class Listening:
        def ask(self, questions):
            for row, question in enumerate(questions):
                about = (question.about["user"], question.about["target"])
                asked[about] = question.prompt
                text = reply(f"New thing for {about[0]} of {about[1]}")
                yield Answer(text, read(text, question.answer), row)

    context = replace(shop.context, language_model=lambda choice, stand_in: Listening())
    drafts = shop.generated.compute(context)
    clusters, vectors = shop.load(shop.clusters), shop.load(shop.embedded).vectors
    titles, domain = shop.catalogue.titles, shop.catalogue.domain
    for (user, target), prompt in asked.items():
        row = drafts.titles.index(f"New thing for {user} of {target}")
        assert (drafts.users[row], drafts.targets[row]) == (user, target)
        history = shop.histories.sequences.of(user).tolist()
        for side in (0, 1):
            nearest = {}
            for place, key in enumerate(history):
                if domain[key] == side:
                    cluster = clusters.labels[key]
                    away = vectors[key] - clusters.centroids(side)[cluster]
                    distance = round(float(away @ away), 5)
                    if distance <= nearest.get(cluster, (np.inf, -1))[0]:
                        nearest[cluster] = (distance, place)  # the later one on a tie
            shown = [titles[history[place]] for place in sorted(p for _, p in nearest.values())]
            places = [prompt.index(title) for title in shown]
            assert places == sorted(places), "in the order of the history"
            others = {titles[key] for key in history if domain[key] == side} - set(shown)
            assert not any(title in prompt for title in others)
    assert len(asked) > 20


def test_empty_target_domains_are_asked_for_when_wanted(rig):
    shop = rig({"noise_filter.empty_target": "catalogue"})
    drafts = shop.load(shop.generated)
    asked = set(zip(drafts.users.tolist(), drafts.targets.tolist(), strict=True))
    assert (30, 1) in asked  # three foods, no tool
    assert (30, 0) not in asked
    assert (31, 0) in asked
    assert not any(user == 32 for user, _ in asked)


def test_samples_repetitions_and_more_than_asked_are_left_out():
    items = [GeneratedItem(title=t) for t in ("Red  Pan!", "New", "new.", "A", "***", "B", "C")]
    kept = new_items(items, {"red pan"}, most=3)
    assert [item.title for item in kept] == ["New", "A", "B"]


def test_refusals_are_data_and_name_user_target_and_reason(rig):
    history = rig().histories.sequences
    sample = rig().catalogue.titles[history.of(33)[2]]
    shop = rig(replies={(33, 0): reply("Green rice", "green RICE"), (33, 1): reply(sample)})
    drafts = shop.load(shop.generated)
    assert drafts.titles == ["Green rice"]
    assert (drafts.users.tolist(), drafts.targets.tolist()) == ([33], [0])
    refused = list(zip(drafts.refused_users.tolist(), drafts.refused_targets.tolist(), strict=True))
    assert (33, 1) in refused
    assert "samples" in drafts.refused_reasons[refused.index((33, 1))]
    assert len(refused) == len(drafts.refused_reasons) > 10


def test_the_stand_in_says_that_it_is_none_and_progress_reaches_the_end(rig):
    shop = rig()
    shop.load(shop.generated)
    assert any(isinstance(e, Noted) and "stand-in" in e.text for e in shop.events)
    last = [e for e in shop.events if isinstance(e, StageAdvanced) and e.step == "generate"][-1]
    assert last.done == last.total > 0


def test_the_stand_ins_items_are_new_in_their_domain_and_always_the_same(rig):
    shop, again = rig(), rig()
    drafts = shop.load(shop.generated)
    real = set(map(normalised_title, shop.catalogue.titles))
    assert len(drafts) > 50
    assert not real & set(map(normalised_title, drafts.titles))
    assert again.load(again.generated).titles == drafts.titles


def test_an_edited_draft_has_its_new_fields_and_the_others_stay(rig, keep):
    drafts = (shop := rig()).load(shop.generated)
    change = {"title": " New\ttitle ", "categories": "A > B"}
    found = edited(drafts, [1], [change])
    assert found.titles[1] == "New title"
    assert found.categories[1] == ["A", "B"]
    assert found.brands == drafts.brands
    assert [found.titles[0], *found.titles[2:]] == [drafts.titles[0], *drafts.titles[2:]]
    assert (found.users == drafts.users).all()


@pytest.mark.parametrize(
    ("row", "change"), [(0, {"colour": "red"}), (0, {"title": ""}), (10_000, {"title": "x"})]
)
def test_an_edit_that_cannot_be_is_refused(rig, row, change):
    drafts = (shop := rig()).load(shop.generated)
    with pytest.raises(InputError, match="can't be edited"):
        edited(drafts, [row], [change])
