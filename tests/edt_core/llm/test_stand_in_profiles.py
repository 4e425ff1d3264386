"""The extractive stand-in: words out of titles, and never a claim to be a language model."""

import numpy as np

from edt_core.llm.stand_in_profiles import SAYS_SO, ProfileExtractor, words
from edt_core.ports import Question

TITLES = ["Green Tea", "Black Tea", "Tea Kettle", "Iron Pan", "Iron Pot", "Unique Gizmo"]


def asked(template, **about):
    return Question("profile", template, None, "", "", about=about)


def summary(*keys):
    question = asked("summarize", keys=np.array(keys), domain="food")
    return next(iter(ProfileExtractor(TITLES)([question])))


def test_a_summary_lists_shared_words_first_and_says_what_it_is():
    text = summary(0, 1, 2)
    # tea: three titles of the group, log(7/3) each; every other word is in one title alone
    assert text.startswith("3 food items; frequent words: tea, ")
    assert text.endswith(SAYS_SO)


def test_one_item_is_singular():
    assert summary(3).startswith("1 food item; frequent words: iron, pan")


def test_an_analysis_takes_words_of_all_summaries_in_turn():
    question = asked(
        "analyze",
        names=["food", "kitchen"],
        a=["1 food item; frequent words: tea, green (x)", "1 food item; frequent words: rice (x)"],
        b=[],
        reform="Mostly food.",
    )
    (text,) = ProfileExtractor(TITLES)([question])
    assert text == f"food: tea, rice, green. Mostly food. {SAYS_SO}"


def test_a_note_is_the_manual_one():
    assert list(ProfileExtractor(TITLES)([asked("reform", manual="Even.")])) == ["Even."]


def test_titles_without_a_word_still_give_a_text():
    (text,) = ProfileExtractor(["12", ""])([asked("summarize", keys=np.array([0, 1]), domain="d")])
    assert text == f"2 d items; frequent words: none {SAYS_SO}"


def test_its_identity_is_that_of_its_titles():
    assert ProfileExtractor(TITLES).identity == ProfileExtractor(list(TITLES)).identity
    assert ProfileExtractor(TITLES).identity != ProfileExtractor(TITLES[:-1]).identity


def test_a_word_counts_once_a_title():
    assert words("Tea, tea & TEA of 12 ox") == ["tea"]
