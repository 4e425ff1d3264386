"""The command palette: every command of the app, found by a few letters of its name or its help."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider

from edt_app.tui.app import KEYS_OF_APP, EdtApp
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.places import Place


def _score(matched: float, words: str, title: str, text: str) -> float:
    """What has the words in its name comes first, then in its help, then letters here and there."""
    if words in title.casefold():
        return 1 + matched
    return 1.0 if words in text.casefold() else matched / (1 + matched)


class _Entry(NamedTuple):
    title: str
    help: str
    act: Callable[[], object]


class EveryCommand(Provider):
    """Lists the current screen's commands, the screens, the app's own, the other screens'."""

    _elsewhere: tuple[_Entry, ...] = ()

    @property
    def _edt(self) -> EdtApp:
        assert isinstance(self.app, EdtApp)
        return self.app

    def _key(self, command: Command) -> str:
        return command.keys_by(self._edt.preferences.keymap)[0]

    def _here(self) -> Iterator[_Entry]:
        app, screen = self._edt, self.screen
        if isinstance(screen, EdtScreen):
            for command in screen.KEYS:
                title = f"{command.label}  [{self._key(command)}]"
                yield _Entry(title, command.help, partial(screen.do, command))
        for place in app.places:
            title = f"Go to {place.label}  [{self._key(place.command)}]"
            yield _Entry(title, place.help, partial(app.go, place.mode))
        for command in KEYS_OF_APP:
            act = partial(app.run_action, f"app.{command.action}")
            yield _Entry(f"{command.label}  [{self._key(command)}]", command.help, act)

    def _of_other_screens(self) -> tuple[_Entry, ...]:
        """Their code is imported for it, those of screens that were not seen yet, too."""
        app = self._edt

        def title(place: Place, command: Command) -> str:
            keys = f"{self._key(place.command)} {self._key(command)}"
            return f"{place.label}: {command.label}  [{keys}]"

        return tuple(
            _Entry(title(place, command), command.help, partial(app.do_on, place.mode, command))
            for place in app.places
            if place.mode != app.current_mode
            for command in place.make().KEYS
        )

    async def discover(self) -> Hits:
        """What can be done here, before a letter is typed."""
        for title, text, act in self._here():
            yield DiscoveryHit(title.replace("[", r"\["), act, text=title, help=text)

    async def search(self, query: str) -> Hits:
        """What matches the letters; its help has to hold them as they are."""
        for hit in self._hits(query, self._here()):
            yield hit
        self._elsewhere = self._elsewhere or await asyncio.to_thread(self._of_other_screens)
        for hit in self._hits(query, self._elsewhere):
            yield hit

    def _hits(self, query: str, entries: Iterable[_Entry]) -> Iterator[Hit]:
        matcher, words = self.matcher(query), query.casefold().strip()
        for title, text, act in entries:
            if (score := _score(matcher.match(title), words, title, text)) > 0:
                shown = matcher.highlight(title.replace("[", r"\["))
                yield Hit(score, shown, act, text=title, help=text)
