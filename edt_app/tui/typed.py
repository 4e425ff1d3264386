"""Keys in the order in which they were typed, whatever screen or question each of them opens."""

from collections import deque
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import App
    from textual.screen import Screen
    from textual.widget import Widget

_PATIENCE = 0.25
"""Seconds: what is taken away while it is asked does not answer."""


class ActedOn(Message):
    """Follows a key on its way from widget to widget; when it arrives, the key was acted on."""


class Typed:
    """Gives the app one key at a time: the next one when what the last one does is done.

    Textual gives a key to what has the focus when it is read, but does what is bound to it when it
    has come back from there. One typed right behind it went to the screen that was being left, or
    was lost on a question that was being opened.

    Args:
        app: Whose keys they are.
        give: Gives a key to what has the focus.
    """

    def __init__(self, app: "App[None]", give: "Callable[[events.Key], Awaitable[None]]") -> None:
        self._app = app
        self._give = give
        self._waiting: deque[events.Key] = deque()
        self._last: events.Key | None = None
        """What was given and is not done."""
        self._sign: ActedOn | None = None
        """What was sent behind it last, or to the screen that it opened."""
        self._reader: Widget | Screen[object] | None = None
        self._screen: Screen[object] | None = None

    async def take(self, key: events.Key) -> None:
        """Give ``key`` now, or after those before it."""
        self._waiting.append(key)
        if self._last is None:
            await self._go_on()
        elif len(self._waiting) == 1:
            self._ask(self._reader)  # a line of text keeps its keys, but not what follows them

    async def acted_on(self, sign: "events.Key | ActedOn") -> None:
        """What the last key does is done: it came back, or what was sent behind it did.

        A screen that it opened gets the next one once it stands.
        """
        if sign is not self._last and sign is not self._sign:
            return
        if self._waiting and self._app.screen is not self._screen:
            self._screen = self._app.screen
            self._ask(self._screen)
            return
        self._last = self._sign = None
        await self._go_on()

    async def _go_on(self) -> None:
        while self._waiting and self._last is None:
            key = self._last = self._waiting.popleft()
            self._screen = self._app.screen
            self._reader = self._app.focused or self._screen
            await self._give(key)
            if not key.is_forwarded:  # acted on at once
                self._last = None
        if self._waiting:
            self._ask(self._reader)

    def _ask(self, reader: "Widget | Screen[object] | None") -> None:
        sign = self._sign = ActedOn()
        if reader is not None and reader.post_message(sign):
            self._app.set_timer(_PATIENCE, lambda: self.acted_on(sign))
        else:
            self._app.call_later(self.acted_on, sign)
