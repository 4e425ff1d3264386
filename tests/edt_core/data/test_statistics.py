"""Table 7 and Figure 1 by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data.sequences import pack
from edt_core.data.statistics import DomainStatistics, ratio_histogram, statistics


def test_a_small_data_set_counts_as_by_hand():
    numbers = statistics(pack([[0, 2, 1], [2, 2], [0], []]), np.array([0, 0, 1, 1]))
    assert numbers.domains == (DomainStatistics(2, 2, 3), DomainStatistics(2, 1, 3))
    assert (numbers.users, numbers.shared_users, numbers.interactions) == (3, 1, 6)
    assert numbers.mean_length == pytest.approx(2.0)
    assert numbers.ratios == (0, 0, 0, 1, 0, 0, 0, 0, 0, 2)  # r = 1/3, 1, 1


def test_generated_items_count_after_augmentation():
    numbers = statistics(pack([[0, 3, 1]]), np.array([0, 1, 1, 0]))
    assert numbers.domains == (DomainStatistics(1, 2, 2), DomainStatistics(1, 1, 1))


def test_an_empty_data_set_has_no_length():
    assert statistics(pack([]), np.zeros(0, np.int64)).mean_length == 0.0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1))
def test_ratios_fall_into_bins_that_close_at_their_upper_edge(pairs):
    counts = np.array([pair for pair in pairs if sum(pair)] or [(1, 0)])
    expected = [0] * 10
    for a, b in counts.tolist():
        at = next(n for n in range(10) if 10 * abs(a - b) <= (n + 1) * (a + b))
        expected[at] += 1
    assert ratio_histogram(counts).tolist() == expected
