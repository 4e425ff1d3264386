"""Rows become interactions, or broken lines with a reason."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edt_core.data.interactions import Clock, Columns, checked, review_hash
from edt_core.data.source import Source


@pytest.fixture
def source(tmp_path):
    (tmp_path / "x").write_text("x")
    return Source(tmp_path / "x", allowed=1.0)


def check(source, times, users=None, items=None, clock=None):
    n = len(times)
    users, items = users or ["u"] * n, items or ["i"] * n
    return checked(source, clock or Clock(), Columns(range(1, n + 1), users, items, times))


def reasons(source):
    return {bad.line: bad.reason for bad in source.examples}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is missing"),
        (None, "is missing"),
        (7, "is no text"),
        ("a\x1b[31m", "holds control characters"),
        ("a\nb", "holds control characters"),
        ("\ud800", "holds control characters"),
        ("x\u202ey", "holds control characters"),
        ("x" * 257, "is longer than 256 characters"),
    ],
)
def test_what_can_be_no_id_is_a_broken_line(source, value, reason):
    events = check(source, [1, 2, 3], users=["u", value, "w"])
    assert events.users == ["u", "w"]
    assert events.times.tolist() == [1, 3]
    assert reasons(source) == {2: f"user id {reason}"}


def test_ids_stay_text(source):
    assert check(source, [1, 2], items=["0001", "1"]).items == ["0001", "1"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (-5, "negative"),
        ("-5", "negative"),
        ("yesterday", "is no number"),
        ("31.01.2018", "is no number or ISO date"),
        ("1969-12-31", "negative"),
        ("0.98", "less than 1"),
        ("", "is missing"),
        (None, "is missing"),
        (float("nan"), "out of range"),
        (float("inf"), "out of range"),
        ("1e300", "out of range"),
        (10**400, "out of range"),
        (2**63, "out of range"),
        ("1" * 5000, "out of range"),
    ],
)
def test_what_can_be_no_time_stamp_is_a_broken_line(source, value, reason):
    events = check(source, [1400000000, value, "1400000001"])
    assert events.times.tolist() == [1400000000, 1400000001]
    assert list(reasons(source)) == [2]
    assert reason in reasons(source)[2]


def test_milliseconds_become_seconds_and_order_numbers_stay(source):
    assert check(source, [1588687728923, 1588687729999]).times.tolist() == [1588687728, 1588687729]
    assert check(source, ["0", "1", "2.0"]).times.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2018-01-31", 1517356800),
        ("2018-01-31 00:00:01", 1517356801),
        ("2018-01-31T00:00:01.75Z", 1517356801),
        ("2018-01-31 01:00:01+01:00", 1517356801),
        ("2018-01-31 00:00:01 UTC", 1517356801),
    ],
)
def test_written_dates_are_times_in_utc_unless_they_name_a_zone(source, text, seconds):
    assert check(source, [text, "2018-02-01"]).times.tolist() == [seconds, 1517443200]
    assert source.bad == 0


def test_microseconds_and_nanoseconds_become_seconds(source):
    assert check(source, [1588687728923456, "1588687729999999"]).times.tolist() == [
        1588687728,
        1588687729,
    ]
    assert check(source, [1588687728923456789, 1588687729999999999]).times.tolist() == [
        1588687728,
        1588687729,
    ]
    mixed = check(source, [1588687728923456, 1588687728923457, 1588687728923])
    assert mixed.times.tolist() == [1588687728, 1588687728]
    assert reasons(source)[3] == "time stamp 1588687728923 among microseconds"


def test_a_time_stamp_of_the_other_unit_is_a_broken_line(source):
    clock = Clock()
    assert check(source, [1400000000, 1400000001], clock=clock).times.tolist() == [
        1400000000,
        1400000001,
    ]
    assert len(check(source, [1588687728923] * 5, clock=clock)) == 0
    assert reasons(source)[1] == "time stamp 1588687728923 among seconds"


def test_a_stray_first_row_does_not_choose_the_unit(source):
    events = check(source, [1400000000, 1588687728923, "never", 1588687729923])
    assert events.times.tolist() == [1588687728, 1588687729]
    assert reasons(source)[1] == "time stamp 1400000000 among milliseconds"


def test_copies_are_told_by_text_and_rating_and_only_where_there_is_a_text():
    assert review_hash("good", 5.0) == review_hash("good", 5.0)
    assert review_hash("good", 5.0) != review_hash("good", 4.0)
    assert review_hash("", 5.0) == review_hash(None, 4.0) == 0


VALUES = st.one_of(
    st.none(), st.integers(), st.floats(), st.text(max_size=5), st.sampled_from(["1", "7.5", "u"])
)


@given(rows=st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=8))
def test_every_row_is_either_an_event_or_counted_as_broken(rows, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "rows"
    path.write_text("x")
    source = Source(path)
    users, items, times = ([row[at] for row in rows] for at in range(3))
    together = check(source, times, users, items)
    assert len(together) + source.bad == source.lines == len(rows)
    assert (together.times >= 0).all()
    assert all(id_.isprintable() and id_ for id_ in together.users + together.items)
    assert together.times.dtype == np.int64
