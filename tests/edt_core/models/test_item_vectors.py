import numpy as np
import torch

from edt_core.models.item_vectors import SIZE, IdItems, TextItems, whitened

RNG = np.random.default_rng(0)
NONE = np.zeros((0, 6), np.float32)


def skewed(n):
    """Rows with a large common part and directions of very different strength."""
    rows = RNG.normal(size=(n, 6)) * [5, 2, 1, 0.5, 0.4, 0.3] + 3
    return rows.astype(np.float32)


def test_all_directions_become_equally_strong():
    rows = whitened(skewed(4000), NONE)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-3)
    covariance = np.cov(rows.T) / SIZE**2
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=0.01)
    assert (np.diag(covariance) > 0.6).all()
    assert (np.diag(covariance) < 1.01).all()


def test_new_items_get_the_map_of_the_real_ones():
    rows = skewed(50)
    both = whitened(rows, rows[:3] + 0.0)
    np.testing.assert_allclose(both[50:], both[:3], atol=1e-6)
    np.testing.assert_allclose(both[:50], whitened(rows, NONE), atol=1e-6)


def test_it_is_an_affine_map():
    rows = skewed(20)
    middle = whitened(rows, (rows[:1] + rows[1:2]) / 2)
    np.testing.assert_allclose(middle[20], (middle[0] + middle[1]) / 2, atol=1e-5)


def test_the_last_bits_of_the_embeddings_do_not_matter_even_where_directions_are_equally_strong():
    rows = np.concatenate([np.eye(6), -np.eye(6)]).astype(np.float32)
    nudged = rows + RNG.normal(size=rows.shape).astype(np.float32) * np.float32(1e-6)
    np.testing.assert_allclose(whitened(rows, NONE), whitened(nudged, NONE), atol=1e-4)


def test_equal_embeddings_and_fewer_items_than_dimensions_stay_finite():
    assert np.isfinite(whitened(np.ones((4, 6), np.float32), NONE)).all()
    assert np.isfinite(whitened(skewed(2), NONE)).all()


def test_everything_is_every_item_one_by_one():
    for items in (TextItems(skewed(9), 4), IdItems(9, 4)):
        one_by_one = [items(torch.tensor([key]))[0] for key in range(9)]
        torch.testing.assert_close(items.everything(), torch.stack(one_by_one))


def test_the_table_of_embeddings_is_frozen_and_in_no_checkpoint():
    items = TextItems(skewed(9), 4)
    items(torch.arange(3)).sum().backward()
    assert not items.table.requires_grad
    assert all(name.startswith("adapter.") for name in items.state_dict())
