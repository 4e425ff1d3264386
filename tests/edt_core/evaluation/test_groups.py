import numpy as np

from edt_core.data.sequences import pack
from edt_core.evaluation.groups import by_length, by_ratio


def test_length_groups_are_half_open_and_count_the_validation_item():
    histories = pack([[0] * n for n in (1, 3, 4, 9, 14, 18, 19, 300)])
    grouping = by_length(histories)
    named = [grouping.labels[place] for place in grouping.of_user]
    assert named == [
        "[0,5)", "[0,5)", "[5,10)", "[10,15)", "[15,20)", "[15,20)", "[20,inf)", "[20,inf)",
    ]  # fmt: skip


def mixed(n_a, n_b):
    return [0] * n_a + [1] * n_b


def test_the_edges_of_table_4_belong_to_the_upper_group():
    # r = 1, 39/41, 0.95, 37/39, 0.9, 17/19, 0
    users = [(5, 0), (40, 1), (39, 1), (38, 1), (19, 1), (18, 1), (3, 3)]
    grouping = by_ratio(pack([mixed(*user) for user in users]), np.array([0, 1]))
    assert grouping.of_user.tolist() == [0, 0, 0, 1, 1, 2, 2]


def test_every_user_is_in_one_group_even_without_events():
    histories = pack([[], [0]])
    for grouping in (by_length(histories), by_ratio(histories, np.array([0, 1]))):
        assert len(grouping.of_user) == 2
        assert all(0 <= place < len(grouping.labels) for place in grouping.of_user)
