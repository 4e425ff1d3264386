import json

import numpy as np

from edt_core.data.catalogue import Catalogue, normalised_title
from edt_core.data.sequences import Domain, pack
from edt_core.llm.local_embed import fit_tfidf
from edt_core.llm.replies import GeneratedItems, read
from edt_core.llm.stand_in_generator import CatalogueGenerator, new_title
from edt_core.ports import Question

TITLES = [
    "Green tea", "Black coffee", "Brown rice", "White sugar",
    "Tea kettle", "Coffee mill", "Rice pot", "Sugar spoon", "Iron pan", "Steel pan",
]  # fmt: skip
TEA, RICE, KETTLE, MILL, POT, PAN = 0, 2, 4, 5, 6, 8


def generator(rows, titles=TITLES):
    n = len(titles)
    catalogue = Catalogue(
        ["food", "kitchen"], np.array([0] * 4 + [1] * (n - 4)), [f"i{k}" for k in range(n)],
        titles, ["Acme"] * n, ["2014"] * n, ["5"] * n, [["Home"]] * n, ["Nice. " * 200] * n,
    )  # fmt: skip
    return CatalogueGenerator(catalogue, pack(rows), fit_tfidf(titles, 16).embed(titles))


def ask(user, target, sources, targets=(), n=2):
    about = {"user": user, "source": 1 - target, "target": target, "n": n}
    about |= {"source_keys": list(sources), "target_keys": list(targets)}
    return Question("generate", "generate", user, "", "", GeneratedItems, about)


def test_what_other_users_took_with_the_samples_comes_first():
    together = generator([[TEA], *[[TEA, KETTLE]] * 3, *[[RICE, POT]] * 3, [TEA, PAN]])
    (found,) = together.retrieve([ask(0, 1, [TEA])], Domain.B)
    assert found.tolist() == [KETTLE, PAN]


def test_what_the_user_has_comes_last():
    together = generator([[TEA, KETTLE], *[[TEA, KETTLE]] * 3, [TEA, PAN]])
    (found,) = together.retrieve([ask(0, 1, [TEA], [KETTLE], n=6)], Domain.B)
    assert found[0] == PAN
    assert found[-1] == KETTLE
    assert sorted(found.tolist()) == list(range(4, 10))


def test_texts_decide_where_nobody_took_anything_together():
    together = generator([[MILL], [TEA]])
    (found,) = together.retrieve([ask(0, 0, [MILL], n=1)], Domain.A)
    assert TITLES[found[0]] == "Black coffee"


def test_answers_are_valid_in_order_and_the_same_in_any_batch():
    rows = [[TEA, KETTLE], [RICE, POT], [TEA, PAN], [3, 7], [1, MILL, KETTLE]]
    questions = [
        ask(user, target, [k for k in row if (k < 4) != (target == 0)],
            [k for k in row if (k < 4) == (target == 0)])
        for user, row in enumerate(rows) for target in (0, 1)
    ]  # fmt: skip
    whole = list(generator(rows)(questions))
    single = [next(iter(generator(rows)([question]))) for question in questions]
    assert whole == single
    for question, text in zip(questions, whole, strict=True):
        parsed = read(text, GeneratedItems)
        assert isinstance(parsed, GeneratedItems)
        assert len(parsed.items) == 2
        real = TITLES[:4] if question.about["target"] == 0 else TITLES[4:]
        titles = {normalised_title(item.title) for item in parsed.items}
        assert not titles & set(map(normalised_title, TITLES))
        assert all(any(normalised_title(r) in title for r in real) for title in titles)
        assert parsed.items[0].brand == "Acme"
        assert len(json.loads(text)["items"][0]["description"]) <= 500


def test_users_who_share_a_taste_share_items():
    rows = [[TEA], [TEA], [TEA, KETTLE], [TEA, KETTLE]]
    first, second = generator(rows)([ask(0, 1, [TEA], n=1), ask(1, 1, [TEA], n=1)])
    assert first == second


def test_a_catalogue_without_texts_or_with_one_item_still_answers():
    (text,) = generator([[TEA, 4]], titles=["", "", "", "", ""])([ask(0, 1, [TEA], [4], n=5)])
    assert [item["brand"] for item in json.loads(text)["items"]] == ["Acme"]


def test_a_new_title_is_unlike_every_real_one():
    assert new_title("Tea", "Green Tea Kettle", set()) == "Tea, Green Kettle"
    assert new_title("Tea", "Green Tea Kettle", {"tea green kettle"}) == "Tea, Kettle"
    assert new_title("Tea", "Tea", {"tea"}) == "Tea, Series 2"
    assert new_title("Tea", "", {"tea series 2", "tea series 3"}) == "Tea, Series 4"
    assert len(new_title("tea " * 200, "Green", set())) <= 300


def test_a_domain_without_items_gets_an_empty_answer():
    alone = generator([[TEA]], titles=TITLES[:4])
    assert json.loads(next(iter(alone([ask(0, 1, [TEA])])))) == {"items": []}
