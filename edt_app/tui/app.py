"""The app: screens by digit, keys that mean the same everywhere, errors that don't end it."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.message import Message as TextualMessage
from textual.notifications import Notify

from edt_app.terminal import safe_text
from edt_app.tui import memory, tty
from edt_app.tui.base import HELP, EdtScreen
from edt_app.tui.chrome import Header
from edt_app.tui.commands import Command
from edt_app.tui.places import PLACES
from edt_app.tui.preferences import Preferences
from edt_app.tui.session import Session
from edt_app.tui.theme import ANSI_ON_DARK, ANSI_ON_LIGHT, DARK, EDGE, LIGHT
from edt_app.tui.typed import ActedOn, Typed

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver

    from edt_app.tui.following import Followed

KEYS_OF_APP = (
    Command("app.palette", "colon,ctrl+p", "Actions", "Every action, by its name.", "palette"),
    HELP,
    Command(
        "app.copy_command",
        "C",
        "As command",
        "Copy the edt command line that does or shows the same.",
        "copy_command",
    ),
    Command("app.quit", "q", "Quit", "Leave; a run goes on.", "leave"),
)
_TICK = 0.5
_TICKS_A_LOOK = 2
"""So often the run is looked at while nothing is written: it may have died."""
_HANG_UP_CHECK = 2.0
_TOASTS = 3
"""So many at once leave the smallest screen readable."""


def _every_command() -> "type[Provider]":
    """The palette's commands; its code is imported when it is opened."""
    from edt_app.tui.palette import EveryCommand

    return EveryCommand


class EdtApp(App[None]):
    """The interactive session.

    Args:
        session: Home and project.
        preferences: Theme and keys.
        start: The screen to open first.
    """

    CSS_PATH: ClassVar[str] = "app.tcss"
    TITLE = "edt"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = {_every_command}
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(command.keys, f"app.{command.action}", command.label, show=False, id=command.id)
            for command in KEYS_OF_APP
        ),
        *(
            Binding(command.keys, f"app.{command.action}", command.label, show=False, id=command.id)
            for command in (place.command for place in PLACES)
        ),
        Binding("escape", "app.one_back", show=False),
    ]
    MODES = {place.mode: place.make for place in PLACES}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (140, "-very-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    def __init__(
        self, session: Session, preferences: Preferences | None = None, start: str = ""
    ) -> None:
        # read off the instance by textual: starting in the mode itself saves the first paint a
        # blank screen and the 50 ms that a change of mode waits
        self.DEFAULT_MODE = start or "projects"  # type: ignore[misc]
        # without colours the filter that takes them away is chosen once, before any theme is
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.session = session
        self.preferences = preferences or Preferences()
        self.places = PLACES
        self._strip = ""
        self._followed: tuple[int, Followed | None] = (-1, None)
        self._ticks = 0
        self._typed = Typed(self, super().on_event)
        self._errors: list[float] = []
        self._own_filters: list[LineFilter] = []
        if self.preferences.ascii:
            from edt_app.tui.plain import AsciiOnly

            self._own_filters.append(AsciiOnly())
        self.animation_level = "none"
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.ansi_theme_dark, self.ansi_theme_light = ANSI_ON_DARK, ANSI_ON_LIGHT
        self.theme = self._theme()

    def on_mount(self) -> None:
        """Keys and the clocks."""
        if self.preferences.keymap:
            self.set_keymap(self.preferences.keymap)
        tty.on_hang_up(self.exit)
        self.call_after_refresh(memory.let_go_of_imports)
        self.call_after_refresh(memory.give_back_what_is_freed)
        self.set_interval(_TICK, self._tick)
        if os.isatty(0):
            self.set_interval(_HANG_UP_CHECK, self._still_there)

    def get_driver_class(self) -> "type[Driver]":
        """Ours in the place of the one it is made from."""
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":
            return found
        from edt_app.tui.driver import CarefulDriver

        return CarefulDriver

    def _theme(self) -> str:
        if self.preferences.theme in self.available_themes:
            return self.preferences.theme
        few_colours = os.environ.get("NO_COLOR") or (
            self.console.color_system in {None, "standard"}
        )
        return "ansi-dark" if few_colours and "ansi-dark" in self.available_themes else DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variable for themes that aren't ours."""
        return {EDGE: self.current_theme.foreground or "ansi_default"}

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Every line passes these on its way to the terminal."""
        return [*super().get_line_filters(), *self._own_filters]

    # ------------------------------------------------------------------ what happens by itself

    def _tick(self) -> None:
        """Twice a second: did anything change in the project? Its run's clock goes on."""
        screen = self.base_screen
        if screen is None:
            return
        self._ticks += 1
        if changed := self.session.changed():
            self._tell_screens()
        if not self.session.name:
            self._show_strip(None)
        elif changed or self._ticks % _TICKS_A_LOOK == 0:
            screen.poll(self._look, self._show_strip, group="strip")
        else:
            self._show_strip(self.followed)

    def _tell_screens(self) -> None:
        for stack in self._screen_stacks.values():
            if stack and isinstance(stack[0], EdtScreen):
                stack[0].note_change()

    def _look(self) -> "Followed | None":
        from edt_app.tui.following import followed

        if self.session.gone:
            return None
        return followed(self.session.project(), self.followed)

    @property
    def followed(self) -> "Followed | None":
        """The open project's newest run, as it was at most a second ago."""
        generation, found = self._followed
        return found if generation == self.session.generation else None

    def _show_strip(self, found: "Followed | None") -> None:
        from edt_app.tui.strip import strip_now

        before = self.followed
        self._followed = self.session.generation, found
        if before and found and before.how.life.word != found.how.life.word:
            self._tell_screens()  # a run that freezes or dies writes nothing
        self._strip = "✗ the project was deleted" if self.session.gone else strip_now(found)
        self.show_header()

    def show_header(self) -> None:
        """Bring the line at the top up to date."""
        screen = self.base_screen
        if screen is None:
            return
        place = next((p for p in self.places if p.mode == self.current_mode), None)
        keymap = self.preferences.keymap
        title = f"{place.command.keys_by(keymap)[0]} {place.label}" if place else ""
        for header in screen.query(Header):
            header.say((self.session.name, title), self._strip)

    @property
    def everywhere(self) -> tuple[Command, ...]:
        """What can be done on every screen: go to another, and the app's own."""
        return (*(place.command for place in self.places), *KEYS_OF_APP)

    @property
    def at_hand(self) -> tuple[str, ...]:
        """The same for a footer that has room left: the screens as one entry."""
        keymap = self.preferences.keymap
        digits = () if any(name.startswith("go.") for name in keymap) else ("0-9 Screens",)
        others = (command for command in KEYS_OF_APP if command is not HELP)
        return (*digits, *(f"{one.keys_by(keymap)[0]} {one.label}" for one in others))

    @property
    def base_screen(self) -> EdtScreen | None:
        """The current mode's screen, below any dialog."""
        stack = self.screen_stack
        return stack[0] if stack and isinstance(stack[0], EdtScreen) else None

    def _still_there(self) -> None:
        if tty.gone():
            self.exit()

    # ------------------------------------------------------------------ what a user does

    def go(self, mode: str, request: str = "") -> None:
        """Show another screen, and in it what is asked for: a user's id, a filter."""
        if request:
            self.session.requests[mode] = request
        if mode != self.current_mode:
            self.switch_mode(mode)

    async def do_on(self, mode: str, command: Command) -> None:
        """Show another screen and do one of its commands."""
        if mode != self.current_mode:
            await self.switch_mode(mode)
        if self.base_screen is not None:
            self.base_screen.do(command)

    def action_go(self, mode: str) -> None:
        """Show another screen, unless a question is open."""
        if len(self.screen_stack) == 1:
            self.go(mode)

    def action_one_back(self) -> None:
        """One level back: a screen's own escape comes first, then a shown error."""
        screen = self.base_screen
        if len(self.screen_stack) == 1 and not (screen is not None and screen.clear_error()):
            self.go("projects")

    def action_palette(self) -> None:
        """Open the palette."""
        self.action_command_palette()

    def action_show_help(self) -> None:
        """Every key of this screen."""
        from edt_app.tui.dialogs import Message, text_room
        from edt_app.tui.helping import INSIDE, help_text

        screen = self.base_screen
        if screen is not None and len(self.screen_stack) == 1:
            title = next((p.label for p in self.places if p.mode == self.current_mode), "Help")
            parts = {title: screen.KEYS, INSIDE: screen.INSIDE, "Everywhere": self.everywhere}
            room = text_room(self.size.width)
            self.push_screen(Message(help_text(parts, self.preferences.keymap, room)))

    def action_copy_command(self) -> None:
        """Show and copy the command that does what was done last, or shows what is shown.

        Where no command does what was done last, it is said why.
        """
        screen = self.base_screen
        lines = screen.shown_command_lines if screen is not None else []
        reason = screen.no_line if screen is not None else ""
        if not lines:
            told = reason or "This screen has no command line of its own."
            self.notify(told, markup=False)
        elif len(lines) == 1:
            self._copy_line(lines[0], reason)
        else:
            from edt_app.tui.dialogs import Choose

            def chosen(number: int | None) -> None:
                if number is not None:
                    self._copy_line(lines[number])

            self.push_screen(Choose(f"{reason} Copy which command?".lstrip(), lines), chosen)

    def _copy_line(self, line: str, reason: str = "") -> None:
        from rich.text import Text

        from edt_app.tui.dialogs import Message

        self.copy_to_clipboard(line)
        shown = safe_text(line, width=2000)
        told = f"{reason}\n\n" if reason else ""
        told += f"{shown}\n\nCopied, where the terminal allows it (OSC 52)."
        self.push_screen(Message(Text(told)))

    def _on_notify(self, event: Notify) -> None:
        """What is said once more takes the place of the first; of many the newest are shown."""
        told = event.notification
        others = [one for one in self._notifications if one.message != told.message]
        for one in [*self._notifications]:
            if one not in others[-(_TOASTS - 1) :]:
                self._unnotify(one, refresh=False)
        super()._on_notify(event)

    def clear_the_view(self) -> None:
        """Take away what was told in passing: it would lie over an error."""
        for told in [*self._notifications]:
            if told.severity != "error":
                self._unnotify(told)

    def action_leave(self) -> None:
        """Leave the app; what runs goes on in its own process."""
        self.exit()

    # ------------------------------------------------------------------ what goes wrong

    @property
    def reports(self) -> Path:
        """Where crash reports go."""
        return self.session.home.folder / "reports"

    def report(self, error: BaseException, doing: str) -> None:
        """Write an unexpected error down and say so; the app goes on."""
        if self.is_headless:
            raise error  # tests see their errors
        from edt_app.crash import write_report

        path = write_report(error, self.reports, doing)
        self.notify(
            f"An unexpected error ({type(error).__name__}): a bug, described in {path}. "
            "You can go on; what runs was not touched.",
            markup=False,
            severity="error",
            timeout=15,
        )

    async def on_event(self, event: events.Event) -> None:
        """Keys go one by one; what is pasted comes from anywhere and is shown by the palette."""
        if isinstance(event, events.Paste):
            event.text = "\n".join(safe_text(line) for line in event.text.splitlines())
        if not isinstance(event, events.Key):
            await super().on_event(event)
        elif not event.is_forwarded:
            await self._typed.take(event)
        else:
            try:
                await super().on_event(event)
            finally:
                await self._typed.acted_on(event)

    async def on_acted_on(self, message: ActedOn) -> None:
        """The key before was acted on where it was typed."""
        await self._typed.acted_on(message)

    async def _dispatch_message(self, message: TextualMessage) -> None:
        """An error in the app's own messages, such as a key's action, must not end its loop."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if self.is_headless:
                raise
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """Textual's last resort. The screen is made anew; many errors at once end the app.

        Textual's own way prints local variables, which hold data, into the scrollback.
        """
        if self._exception is None and self.is_headless:
            super()._handle_exception(error)  # tests see their errors
            return
        now = time.monotonic()
        self._errors = [at for at in self._errors if now - at < 10.0] + [now]
        if not self.is_running or len(self._errors) > 3:
            from edt_app.crash import write_report

            path = write_report(error, self.reports, self.current_mode)
            self.exit(return_code=1, message=f"edt-app ended by a bug. It is described in {path}.")
            return
        self.report(error, self.current_mode)
        self.call_later(self._anew, self.current_mode)

    async def _anew(self, mode: str) -> None:
        """Replace a screen that an error stopped."""
        place = next(place for place in self.places if place.mode == mode)
        spare = "projects" if mode != "projects" else self.places[-1].mode
        await self.switch_mode(spare)
        await self.remove_mode(mode)
        self.add_mode(mode, place.make)
        await self.switch_mode(mode)
