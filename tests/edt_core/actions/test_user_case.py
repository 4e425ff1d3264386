import numpy as np
import pytest
from finished import USERS, finished

from edt_core.actions.user_case import in_order, interesting_users, user_case
from edt_core.errors import MissingInput, UsageError


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    with finished(tmp_path_factory.mktemp("home")) as made:
        yield made


def test_a_climb_to_the_top_comes_before_one_far_below():
    first, second = np.array([1.0, 1 / 400, 0.5, 0.2]), np.array([0.05, 1 / 900, 0.5, 1.0])
    none = np.zeros(4)
    order, values = in_order("gain", [first, second], none)
    assert order.tolist() == [0, 1]  # who gained nothing is left out
    assert values[0] == pytest.approx(0.95)
    assert in_order("loss", [first, second], none)[0].tolist() == [3]
    assert in_order("inserted", [first], np.array([0, 2, 5, 0]))[0].tolist() == [2, 1]


def test_chance_shows_everybody_in_the_same_order_each_time():
    orders = [in_order("random", [], np.zeros(30))[0].tolist() for _ in range(2)]
    assert orders[0] == orders[1] != list(range(30))
    assert sorted(orders[0]) == list(range(30))


def test_whom_to_look_at_is_named_by_source_id(project):
    assert [line.user for line in interesting_users(project, "loss", [1, 2])] == ["u01"]
    gain = interesting_users(project, "gain", [1, 2])
    assert len(gain) == USERS - 1
    assert gain[0].value == pytest.approx(1 - 1 / 3)
    inserted = interesting_users(project, "inserted", [2, 1])
    assert [(line.user, line.value) for line in inserted] == [("u00", 1), ("u01", 1)]
    assert len(interesting_users(project, "random", [3], limit=5)) == 5


def test_an_order_needs_runs_that_can_give_it(project):
    with pytest.raises(UsageError, match="compares two runs"):
        interesting_users(project, "gain", [1])
    with pytest.raises(UsageError, match="no order"):
        interesting_users(project, "luck", [1])
    with pytest.raises(MissingInput):
        interesting_users(project, "inserted", [2, 3])


def test_inserted_items_stand_where_the_model_saw_them_and_targets_come_last(project):
    case = user_case(project, "u00", [2, 1])
    assert case.run == 1  # the first of the runs that inserts anything
    told = [(event.kind, event.title) for event in case.events]
    assert told == [
        ("training", "Jam"),
        ("generated", "Kettle"),
        ("training", "Pot"),
        ("validation", "Pan"),
        ("target", "Tea"),
    ]
    assert [event.cluster for event in case.events] == [3, 5, 5, 5, 3]
    draft = case.events[1].draft
    assert (draft.call, draft.verdict, draft.anchor_position) == (1, "kept", 0)
    assert [line.title for line in case.left_out] == ["Chutney"]
    assert (case.summaries, case.analysis) == (["Likes tea.", "Cooks."], "A cook who drinks tea.")


def test_ranks_are_means_over_the_runs_seeds(project):
    case = user_case(project, "u02", [1, 3])
    found = {(line.run, line.split): (line.rank, line.seeds) for line in case.ranks}
    assert found == {
        (1, "validation"): (1.0, 2),
        (1, "target"): (1.5, 2),
        (3, "validation"): (4.0, 1),
        (3, "target"): (4.0, 1),
    }


def test_without_a_run_the_raw_sequence_is_shown(project):
    case = user_case(project, "u00")
    assert case.run is None
    assert [event.kind for event in case.events].count("generated") == 0
    with pytest.raises(UsageError, match="no user"):
        user_case(project, "nobody")
