"""The command palette: every command of the screen and the app, found by a few letters."""

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from edt_app.tui.base import EdtScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class EveryCommand(Provider):
    """Lists the current screen's commands, the screens, and the app's own."""

    def _found(self) -> "Iterator[tuple[str, str, Callable[[], object]]]":
        from edt_app.tui.app import KEYS_OF_APP, EdtApp

        app, screen = self.app, self.screen
        assert isinstance(app, EdtApp)
        keymap = app.preferences.keymap
        if isinstance(screen, EdtScreen):
            for command in screen.KEYS:
                yield (
                    f"{command.label}  [{command.keys_by(keymap)[0]}]",
                    command.help,
                    partial(screen.do, command),
                )
        for place in app.places:
            key = place.command.keys_by(keymap)[0]
            yield f"Go to {place.label}  [{key}]", place.help, partial(app.go, place.mode)
        for command in KEYS_OF_APP:
            yield (
                f"{command.label}  [{command.keys_by(keymap)[0]}]",
                command.help,
                partial(app.run_action, f"app.{command.action}"),
            )

    async def discover(self) -> Hits:
        """Everything, before a letter is typed."""
        for title, text, act in self._found():
            yield DiscoveryHit(title.replace("[", r"\["), act, text=title, help=text)

    async def search(self, query: str) -> Hits:
        """What matches the letters."""
        matcher = self.matcher(query)
        for title, text, act in self._found():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), act, text=title, help=text)
