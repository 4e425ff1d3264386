import numpy as np
import torch

from edt_core.models.item_vectors import SIZE, IdItems, TextItems, standardised

RNG = np.random.default_rng(0)
NONE = np.zeros((0, 6), np.float32)


def skewed(n):
    """Rows with a large common part and directions of very different strength."""
    rows = RNG.normal(size=(n, 6)) * [5, 2, 1, 0.5, 0.4, 0.3] + 3
    return rows.astype(np.float32)


def test_every_component_becomes_equally_strong():
    rows = standardised(skewed(4000), NONE)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(rows.std(axis=0), SIZE, rtol=1e-4)


def test_new_items_get_the_map_of_the_real_ones():
    rows = skewed(50)
    both = standardised(rows, rows[:3] + 0.0)
    assert np.array_equal(both[50:], both[:3])
    assert np.array_equal(both[:50], standardised(rows, NONE))


def test_it_is_an_affine_map():
    rows = skewed(20)
    middle = standardised(rows, (rows[:1] + rows[1:2]) / 2)
    np.testing.assert_allclose(middle[20], (middle[0] + middle[1]) / 2, atol=1e-5)


def test_equal_embeddings_stay_finite_and_constant_components_small():
    assert not standardised(np.ones((4, 6), np.float32), NONE).any()
    rows = skewed(30)
    rows[:, 2] = 7 + 1e-6 * rows[:, 2]
    assert np.abs(standardised(rows, NONE)[:, 2]).max() < SIZE


def test_everything_is_every_item_one_by_one():
    for items in (TextItems(skewed(9), 4), IdItems(9, 4)):
        one_by_one = [items(torch.tensor([key]))[0] for key in range(9)]
        torch.testing.assert_close(items.everything(), torch.stack(one_by_one))


def test_the_table_of_embeddings_is_frozen_and_in_no_checkpoint():
    items = TextItems(skewed(9), 4)
    items(torch.arange(3)).sum().backward()
    assert not items.table.requires_grad
    assert all(name.startswith("adapter.") for name in items.state_dict())


def test_items_with_the_same_embedding_have_the_same_vector_to_the_last_bit():
    """A product's last rows may go through another kernel; equal items must stay ties."""
    rows = np.random.default_rng(0).standard_normal((8194, 48)).astype(np.float32)
    rows[[4, 8192, 8193]] = rows[0]
    items = TextItems(rows, 32)
    vectors = items.everything().detach().numpy()
    assert (vectors[[4, 8192, 8193]] == vectors[0]).all()
    np.testing.assert_allclose(vectors[:9], items(torch.arange(9)).detach().numpy(), atol=1e-5)
    assert len(np.unique(vectors, axis=0)) == 8191
