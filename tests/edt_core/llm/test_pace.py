"""Limits: ours, the service's, and what its complaints do."""

import asyncio
import time
from email.utils import formatdate

import pytest

from edt_core.llm.pace import Pace, Rate, Stopped, duration, retry_after


def timed(pace, count, *, tokens=1, seconds=0.0):
    """Seconds that ``count`` requests take at this pace, and the most that flew at once."""

    async def work():
        pace.open()
        flying = most = 0

        async def one():
            nonlocal flying, most
            async with pace.turn(tokens):
                flying += 1
                most = max(most, flying)
                await asyncio.sleep(seconds)
                flying -= 1

        started = time.monotonic()
        await asyncio.gather(*(one() for _ in range(count)))
        return time.monotonic() - started, most

    return asyncio.run(work())


def test_a_rate_lets_one_second_of_work_go_at_once_and_spreads_the_rest():
    rate = Rate(600)
    starts = [rate.reserve(1, 100.0) - 100.0 for _ in range(31)]
    assert all(start <= 0 for start in starts[:11])
    assert starts[20] == pytest.approx(1.0)
    assert starts[30] == pytest.approx(2.0)


def test_what_is_given_back_can_be_used_again():
    rate = Rate(60)
    rate.reserve(100, 100.0)
    rate.give_back(99)
    assert rate.reserve(1, 100.0) <= 100.0


def test_no_limit_is_no_wait():
    assert Rate(0).reserve(1e9, 5.0) <= 5.0


def test_requests_and_tokens_a_minute_hold():
    taken, _ = timed(Pace(100, requests_per_minute=1200), 30)
    assert 0.4 < taken < 1.5
    taken, _ = timed(Pace(100, tokens_per_minute=60_000), 15, tokens=100)
    assert 0.3 < taken < 1.5


def test_no_more_fly_than_may():
    assert timed(Pace(4), 20, seconds=0.005)[1] == 4


def complain(pace, times, later=0.0):
    for _ in range(times):
        pace.turned_away(time.monotonic() + later)


def test_complaints_slow_down_once_for_all_that_were_sent_before():
    pace = Pace(100)
    sent = time.monotonic()
    complain(pace, 9)
    assert pace.window == 70
    for _ in range(20):
        pace.turned_away(sent - 1)
    assert pace.window == 70
    complain(pace, 9)
    assert pace.window == 49
    complain(pace, 200, later=60)
    assert pace.window == 1
    assert timed(pace, 3, seconds=0.001)[1] == 1


def test_a_rare_complaint_is_an_accident():
    pace = Pace(100)
    for _ in range(30):
        complain(pace, 1)
        for _ in range(15):
            pace.used(0, 0)
    assert pace.window == 100


def test_answers_speed_up_again_to_the_bound_and_no_further():
    pace = Pace(10)
    complain(pace, 9)
    assert pace.window == 7
    for _ in range(100):
        pace.used(0, 0)
    assert pace.window == 10


def test_a_pause_that_the_service_asks_for_holds_every_call():
    pace = Pace(10)
    pace.hold(0.2)
    assert timed(pace, 5)[0] >= 0.2


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "200ms"},
        {"x-ratelimit-remaining-tokens": "3", "x-ratelimit-reset-tokens": "0.2"},
    ],
)
def test_rate_limit_headers_hold_when_nothing_is_left(headers):
    pace = Pace(10)
    timed(pace, 1, tokens=50)
    pace.heed(headers)
    assert timed(pace, 2, tokens=50)[0] >= 0.2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "60s"},
        {"x-ratelimit-remaining-requests": "0"},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "8h"},
    ],
)
def test_other_rate_limit_headers_hold_nothing(headers):
    pace = Pace(10)
    pace.heed(headers)
    assert timed(pace, 2)[0] < 0.1


def test_stopping_wakes_whoever_waits():
    async def work():
        pace = Pace(1, requests_per_minute=1)
        pace.open()

        async def one():
            async with pace.turn(1):
                await asyncio.sleep(0.05)

        calls = [asyncio.create_task(one()) for _ in range(5)]
        await asyncio.sleep(0.02)
        pace.stop()
        return await asyncio.gather(*calls, return_exceptions=True)

    ends = asyncio.run(asyncio.wait_for(work(), 5))
    assert ends[0] is None
    assert all(isinstance(end, Stopped) for end in ends[1:])


def test_what_need_not_wait_still_goes_unless_all_is_stopped_at_once():
    async def work(*, at_once):
        pace = Pace(3)
        pace.open()
        pace.stop(at_once=at_once)
        async with pace.turn(1):
            return True

    assert asyncio.run(work(at_once=False))
    with pytest.raises(Stopped):
        asyncio.run(work(at_once=True))


def test_retry_after_is_read_in_all_its_forms():
    assert retry_after({"retry-after": "1.5"}) == 1.5
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    in_a_minute = retry_after({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert 58 <= in_a_minute <= 61
    assert retry_after({"retry-after": formatdate(time.time() - 60, usegmt=True)}) == 0.0
    for nonsense in ("", "soon", "-3", "nan", "inf", "1e99", "Tue, 99 Foo 2020 99:99:99 GMT"):
        assert retry_after({"retry-after": nonsense}) is None
    assert retry_after({}) is None


def test_durations_are_read_as_services_write_them():
    told = {"12": 12, "250ms": 0.25, "1.5s": 1.5, "6m0s": 360, "1h2m3s": 3723, "0s": 0, "1d": 86400}
    assert {text: duration(text) for text in told} == pytest.approx(told)
    for nonsense in ("", "s", "5 apples", "1y", "-1s", "1s!", "1.2.3s"):
        assert duration(nonsense) is None
