import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data.sequences import pack
from edt_core.stages.augmenter.insertion import InsertItems, KeepRaw, insert_after, places
from edt_core.stages.augmenter.review import ApplyReview, ReviewDecisions, Reviewed


def slow_insertion(raw, users, after, scores, keys, rows):
    """3.2.3, one user and one raw event after another."""
    sequences = []
    for user in range(raw.n_users):
        sequence = []
        for position, item in enumerate(raw.of(user).tolist()):
            sequence.append(item)
            here = [i for i in range(len(rows)) if users[i] == user and after[i] == position]
            here.sort(key=lambda i: (-scores[i], rows[i]))
            sequence += [int(keys[i]) for i in here]
        sequences.append(sequence)
    return sequences


@st.composite
def insertions(draw):
    lengths = draw(st.lists(st.integers(0, 6), min_size=1, max_size=5))
    raw = pack([list(range(10 * n, 10 * n + length)) for n, length in enumerate(lengths)])
    able = [user for user, length in enumerate(lengths) if length]
    n = draw(st.integers(0, 8)) if able else 0
    users = [draw(st.sampled_from(able)) for _ in range(n)]
    after = [draw(st.integers(0, lengths[user] - 1)) for user in users]
    scores = [draw(st.sampled_from([0.1, 0.5, 0.9])) for _ in range(n)]
    rows = np.array(draw(st.permutations(range(n))), dtype=np.int64)
    ints = [np.array(a, dtype=np.int64) for a in (users, after)]
    return raw, *ints, np.array(scores, dtype=np.float32), 1000 + rows, rows


@given(insertions())
def test_insertion_is_that_of_a_slow_loop_and_removing_it_gives_back_the_raw_history(case):
    raw, users, after, scores, keys, rows = case
    found, origin = insert_after(*case)
    expected = slow_insertion(raw, users, after, scores, keys, rows)
    assert [found.of(user).tolist() for user in range(raw.n_users)] == expected
    assert (found.items[origin >= 0] == 1000 + origin[origin >= 0]).all()
    back = found.where(origin < 0)
    assert back.items.tolist() == raw.items.tolist()
    assert back.offsets.tolist() == raw.offsets.tolist()


@given(insertions(), st.randoms())
def test_the_order_of_the_rows_does_not_matter(case, random):
    raw, *columns = case
    order = list(range(len(columns[0])))
    random.shuffle(order)
    found, _ = insert_after(raw, *columns)
    again, _ = insert_after(raw, *(column[order] for column in columns))
    assert found.items.tolist() == again.items.tolist()


def test_the_end_is_the_last_training_event_and_random_places_stay_inside():
    lengths = np.array([3, 1, 50])
    anchors, rows = np.array([0, 0, 7]), np.array([0, 4, 5])
    assert places("anchor", lengths, anchors, rows, 9).tolist() == [0, 0, 7]
    assert places("end", lengths, anchors, rows, 9).tolist() == [2, 0, 49]
    found = places("random", lengths, anchors, rows, 9)
    assert ((found >= 0) & (found < lengths)).all()
    assert places("random", lengths[1:], anchors[1:], rows[1:], 9).tolist() == found[1:].tolist()
    many = places("random", np.full(4000, 4), np.zeros(4000), np.arange(4000), 4000)
    assert np.bincount(many, minlength=4) == pytest.approx(1000, rel=0.1)


def inserted(shop, rows=None, position="anchor", grounding="new", moves=None, **settings):
    judged = shop.judged(**({"threshold": 0.3} | settings))
    flags = shop.load(judged).kept.copy()
    if rows is not None:
        flags[:] = False
        flags[rows] = True

    reviewed = ApplyReview(judged, ReviewDecisions(shop.generated, digest=""), required=False)
    shop.made[reviewed.fingerprint] = Reviewed(flags, **(moves or {}))
    stage = InsertItems(
        shop.training, shop.items, shop.embedded, shop.generated, shop.draft_vectors, judged,
        reviewed, position, grounding,
    )  # fmt: skip
    return shop.load(stage)


@pytest.mark.parametrize("position", ["anchor", "end", "random"])
def test_generated_items_stand_in_their_users_sequences_with_their_own_domain_and_vector(
    rig, position
):
    shop = rig()
    found = inserted(shop, position=position)
    drafts, raw, n = shop.load(shop.generated), shop.histories.sequences, len(shop.catalogue)
    assert found.generated.any()
    assert (found.sequences.where(~found.generated).items == raw.items).all()
    mine = found.drafts[found.generated]
    assert (found.sequences.users()[found.generated] == drafts.users[mine]).all()
    new = found.sequences.items[found.generated] - n
    assert (found.new_domain[new] == drafts.targets[mine]).all()
    assert sorted(set(new.tolist())) == list(range(len(found.new_draft)))
    vectors = shop.load(shop.draft_vectors).vectors
    assert (found.new_vectors == vectors[found.new_draft]).all()
    first = {}
    for row, key in sorted(zip(mine.tolist(), new.tolist(), strict=True)):
        assert found.new_draft[key] == first.setdefault(key, row)


def test_a_generated_item_comes_right_after_its_anchor(rig):
    shop = rig()
    row = 7
    found = inserted(shop, rows=[row])
    user = int(shop.load(shop.generated).users[row])
    anchor = int(shop.load(shop.judged()).anchor_position[row])
    raw = shop.histories.sequences.of(user).tolist()
    expected = [*raw[: anchor + 1], len(shop.catalogue), *raw[anchor + 1 :]]
    assert found.sequences.of(user).tolist() == expected


def test_a_moved_anchor_is_where_the_item_goes_unless_no_anchor_counts(rig):
    shop = rig()
    row = 7
    user = int(shop.load(shop.generated).users[row])
    raw = shop.histories.sequences.of(user).tolist()
    there = (int(shop.load(shop.judged()).anchor_position[row]) + 1) % len(raw)
    moves = {"moved": np.array([row]), "anchors": np.array([there])}
    found = inserted(shop, rows=[row], moves=moves).sequences.of(user).tolist()
    assert found.index(len(shop.catalogue)) == there + 1
    other = rig()
    at_end = inserted(other, rows=[row], position="end", moves=moves).sequences.of(user).tolist()
    assert at_end[-1] == len(shop.catalogue)


def test_equal_normalised_titles_share_an_item_inside_a_domain_alone(rig):
    one = '{"items": [{"title": "Green thing"}, {"title": "Red rice"}]}'
    other = '{"items": [{"title": "green THING!"}, {"title": "Red Pan"}]}'
    users = [
        u
        for u in range(30)
        if len(set(rig().catalogue.domain[rig().histories.sequences.of(u)])) == 2
    ]
    a, b = users[:2]
    shop = rig(replies={(a, 0): one, (b, 0): other, (a, 1): other})
    drafts = shop.load(shop.generated)
    titles = list(zip(drafts.targets.tolist(), drafts.titles, strict=True))
    assert {t for t, _ in titles} == {0, 1}
    found = inserted(shop, rows=list(range(len(drafts))))
    key = {
        int(d): int(k) for d, k in zip(found.drafts, found.sequences.items, strict=True) if d >= 0
    }
    named = {}
    for row, (target, title) in enumerate(titles):
        named.setdefault((target, title.casefold().strip("!")), set()).add(key[row])
    n = len(shop.catalogue)
    assert named[(0, "green thing")] != named[(1, "green thing")]
    assert len(named[(0, "green thing")]) == 1
    assert "Red rice" in shop.catalogue.titles
    assert min(named[(0, "red rice")]) >= n  # a real item's title makes no real item of it
    assert min(named[(0, "red pan")]) >= n  # a tool's title is new among foods
    assert found.new_domain.tolist() == drafts.targets[found.new_draft].tolist()


def test_grounding_maps_to_the_nearest_real_item_of_the_domain(rig):
    shop = rig()
    found = inserted(shop, grounding="nearest")
    assert len(found.new_draft) == 0
    assert found.new_vectors.shape[1] == shop.load(shop.embedded).vectors.shape[1]
    drafts, table = shop.load(shop.generated), shop.load(shop.embedded).vectors
    vectors = shop.load(shop.draft_vectors).vectors
    for row, key in zip(found.drafts, found.sequences.items, strict=True):
        if row >= 0:
            assert shop.catalogue.domain[key] == drafts.targets[row]
            same = table[shop.catalogue.domain == drafts.targets[row]]
            assert vectors[row] @ table[key] == pytest.approx((same @ vectors[row]).max(), abs=1e-5)


def test_nothing_kept_leaves_the_raw_sequences(rig):
    shop = rig()
    found = inserted(shop, rows=[])
    assert found.sequences.items.tolist() == shop.histories.sequences.items.tolist()
    assert not found.generated.any()


def test_without_augmentation_the_raw_sequences_pass(rig):
    shop = rig()
    found = shop.load(KeepRaw(shop.training))
    assert found.sequences is shop.histories.sequences
    assert (found.drafts == -1).all()
    assert len(found.new_domain) == len(found.new_vectors) == 0
