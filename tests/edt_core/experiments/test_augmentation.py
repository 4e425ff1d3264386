import numpy as np

from edt_core.data.sequences import pack
from edt_core.data.split import leave_one_out
from edt_core.data.statistics import statistics
from edt_core.experiments.augmentation import ratio_table, statistics_table, whole

RAW = pack([[0, 3, 1, 2], [4], [2, 3, 3]])
DOMAIN = np.array([0, 0, 0, 1, 1])


def test_held_out_events_go_back_to_the_end_of_their_users():
    histories, valid, test = leave_one_out(RAW)
    again = whole(histories.sequences, valid, test)
    assert again.items.tolist() == RAW.items.tolist()
    assert again.offsets.tolist() == RAW.offsets.tolist()


def test_held_out_events_stand_behind_what_was_inserted_at_the_end():
    _, valid, test = leave_one_out(RAW)
    again = whole(pack([[0, 3, 5], [4], [2]]), valid, test)
    assert [again.of(user).tolist() for user in range(3)] == [[0, 3, 5, 1, 2], [4], [2, 3, 3]]


def numbers(table):
    return [
        {name: cell.value for name, cell in zip(table.columns, row, strict=True)}
        for row in table.rows
    ]


def test_table_7_counts_new_items_and_no_new_users():
    before = statistics(RAW, DOMAIN)
    after = statistics(pack([[0, 3, 5, 1, 2], [4], [2, 3, 3]]), np.append(DOMAIN, 1))
    a, b, both = numbers(statistics_table(before, after, ["food", "kitchen"]))
    assert (a["items before"], a["items after"]) == (3, 3)
    assert (b["items before"], b["items after"]) == (2, 3)
    assert both["users before"] == both["users after"] == 3
    assert (both["avg. length before"], both["avg. length after"]) == (8 / 3, 3.0)
    assert both["interactions after"] == a["interactions after"] + b["interactions after"] == 9


def test_figure_1_shares_add_up_to_all_users():
    before = statistics(RAW, DOMAIN)
    rows = numbers(ratio_table(before, before))
    assert [row["users before"] for row in rows] == [0, 0, 0, 1, 1, 0, 0, 0, 0, 1]
    assert sum(row["share after"] for row in rows) == 1.0
