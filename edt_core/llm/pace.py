"""When the next request may be sent: limits of ours, limits of the service, and its complaints."""

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 600.0
"""Seconds; a service that wants a longer pause is left for now."""

_BURST = 1.0
"""Seconds' worth of requests or tokens that may go out at once."""
_SLOWER = 0.7
"""What complaints leave of the calls in flight."""
_MEMORY = 0.02
"""Weight of the newest request in the share of those that were turned away."""
_TOO_MANY = 0.15
"""Share from which on it is our pace and not an accident."""

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|us|[dhms])")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")


class Stopped(Exception):
    """The run ends: what was not sent yet isn't sent any more."""


class Rate:
    """So much a minute, spread evenly (the generic cell rate algorithm)."""

    def __init__(self, per_minute: float) -> None:
        """A rate; 0 is no limit."""
        self._seconds_each = 60.0 / per_minute if per_minute else 0.0
        self._paid_until = 0.0

    def reserve(self, amount: float, now: float) -> float:
        """Take ``amount``; the moment from which it may be used."""
        start = max(self._paid_until, now - _BURST)
        self._paid_until = start + amount * self._seconds_each
        return start

    def give_back(self, amount: float) -> None:
        """Return what was taken and not used."""
        self._paid_until -= amount * self._seconds_each


class Pace:
    """Lets requests go one by one, at most ``concurrency`` at a time.

    When more than 15 % of about the last 50 requests got a 429, the number of those in flight goes
    down to 70 % (once for all that were sent before); every answer lifts it by a little, as TCP
    does. A pause that the service asks for holds all.
    """

    def __init__(
        self, concurrency: int, requests_per_minute: float = 0, tokens_per_minute: float = 0
    ) -> None:
        """A pace for one service; limits of 0 are none."""
        self._most = concurrency
        self._window = float(concurrency)
        self._requests = Rate(requests_per_minute)
        self._tokens = Rate(tokens_per_minute)
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._not_before = 0.0
        self._slowed_at = 0.0
        self._turned_away = 0.0
        self._stopped = asyncio.Event()
        self._closed = False
        self._usual_tokens = 1

    @property
    def window(self) -> int:
        """How many requests may be in flight now."""
        return int(self._window)

    def open(self) -> None:
        """Get ready inside the running event loop."""
        self._stopped = asyncio.Event()
        self._closed = False
        self._waiting.clear()
        self._in_flight = 0

    def stop(self, *, at_once: bool = False) -> None:
        """Let nothing go any more that would have to wait, or ``at_once`` nothing at all."""
        self._stopped.set()
        self._closed |= at_once
        while self._waiting:
            self._wake()

    @asynccontextmanager
    async def turn(self, tokens: int) -> AsyncIterator[None]:
        """Wait for a place and the time to send a request of about ``tokens``, answer included.

        Raises:
            Stopped: the run ends.
        """
        while self._in_flight >= self.window:
            if self._stopped.is_set():
                raise Stopped
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            await place
        self._in_flight += 1
        self._usual_tokens = max(1, tokens)
        try:
            now = time.monotonic()
            await self._until(
                max(self._requests.reserve(1, now), self._tokens.reserve(tokens, now))
            )
            yield
        finally:
            self._in_flight -= 1
            self._wake()

    async def pause(self, seconds: float) -> None:
        """Wait between two attempts of one call.

        Raises:
            Stopped: the run ends.
        """
        if self._stopped.is_set():
            raise Stopped
        if seconds <= 0:
            return
        try:
            await asyncio.wait_for(self._stopped.wait(), seconds)
        except TimeoutError:
            return
        raise Stopped

    def used(self, reserved: int, used: int) -> None:
        """An answer came: correct its tokens, and speed up a little."""
        if used:
            self._tokens.give_back(reserved - used)
        self.heard()
        self._window = min(self._most, self._window + 1.0 / self._window)
        self._wake()

    def heard(self) -> None:
        """A request ended, well or not, but not with a 429."""
        self._turned_away *= 1.0 - _MEMORY

    def turned_away(self, sent_at: float) -> None:
        """A request that was sent at ``sent_at`` (monotonic) got a 429."""
        self._turned_away += _MEMORY * (1.0 - self._turned_away)
        if self._turned_away > _TOO_MANY and sent_at >= self._slowed_at:
            self._window = max(1.0, self._window * _SLOWER)
            self._slowed_at = time.monotonic()
            self._turned_away = 0.0

    def hold(self, seconds: float) -> None:
        """Let nothing go for a while, as the service asks."""
        self._not_before = max(self._not_before, time.monotonic() + min(seconds, LONGEST_WAIT))

    def heed(self, headers: Mapping[str, str]) -> None:
        """Hold when the service's rate-limit headers say that nothing is left.

        A wait of more than ten minutes is not begun on a header's word: the service will say no
        itself, and why.
        """
        for what, need in (("requests", 1), ("tokens", self._usual_tokens)):
            left = _number(headers.get(f"x-ratelimit-remaining-{what}"))
            reset = duration(headers.get(f"x-ratelimit-reset-{what}") or "")
            if left is not None and left < need and reset is not None and reset <= LONGEST_WAIT:
                self.hold(reset)

    async def _until(self, moment: float) -> None:
        """Wait for ``moment`` and for the end of every pause that the service asks for."""
        while (rest := max(moment, self._not_before) - time.monotonic()) > 0:
            held = self._not_before > moment
            await self.pause(rest)
            if held:  # not all in the same instant
                await self.pause(random.uniform(0.0, min(1.0, rest / 10)))  # noqa: S311
        if self._closed:
            raise Stopped

    def _wake(self) -> None:
        while self._waiting and (self._in_flight < self.window or self._stopped.is_set()):
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` (seconds or a date) or ``retry-after-ms`` asks to wait."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = (headers.get("retry-after") or "").strip()
    seconds = _number(said)
    if seconds is not None or not said:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def duration(text: str) -> float | None:
    """Seconds of ``12``, ``250ms``, ``1.5s``, ``6m0s`` or ``1h2m3s``; None for anything else."""
    plain = _number(text)
    if plain is not None:
        return plain
    said = text.strip().lower()
    if not _DURATION.fullmatch(said):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(said))


def _number(text: str | None) -> float | None:
    """A plain number from 0 to 10 million, else None."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e7 else None
