"""Keys typed behind the one that opens a question: they are for the question, not lost with it."""

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from textual import events
from textual.screen import ModalScreen, Screen

if TYPE_CHECKING:
    from textual.app import App


class TypedAhead:
    """Sends a key on to a question that was opened meanwhile, once that can take it.

    A key travels from the app to what has the focus and back before its command is done; what is
    typed in that time is on its way to the screen below, or to a question that holds nothing yet.
    """

    def __init__(self, app: "App[Any]") -> None:
        self._app = app
        self._meant: WeakKeyDictionary[events.Key, Screen[Any]] = WeakKeyDictionary()
        self._open: Screen[Any] | None = None
        self._waiting = 0

    def takes(self, key: events.Key) -> bool:
        """Whether a key that has come to the app is sent on from here."""
        top = self._app.screen
        if not isinstance(top, ModalScreen):
            self._open, self._waiting = None, 0
        elif self._meant.get(key) is top:  # sent on before
            self._waiting -= not key.is_forwarded and self._waiting > 0
            return False
        elif key.is_forwarded or top is not self._open or self._waiting:
            again = events.Key(key.key, key.character)  # one that came back goes no way twice
            if top.call_later(self._send, top, again):  # behind what it is made of, and in order
                self._meant[again] = top
                self._waiting += 1
                return True
        self._meant[key] = top
        return False

    def _send(self, question: Screen[Any], key: events.Key) -> None:
        self._open = question
        self._app.post_message(key)
