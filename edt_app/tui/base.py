"""What every screen is: a header, a body, keys from one table, and reads that never block."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import get_current_worker

from edt_app.tui.chrome import ErrorCard, Footer, Header
from edt_app.tui.commands import MOVING, Command, bindings, with_keys
from edt_app.tui.session import CHOOSE
from edt_core.errors import EdtError, UsageError

if TYPE_CHECKING:
    from edt_app.tui.app import EdtApp
    from edt_app.tui.session import Session
    from edt_app.tui.widgets.virtual_table import VirtualTable

T = TypeVar("T")

LOW = 40
"""A screen of fewer lines has the class ``-low``."""

_STRIP = "strip"
"""What reads the line at the top, for whatever screen is shown."""

HELP = Command("app.help", "question_mark,f1", "Help", "Every key of this screen.", "show_help")


class EdtScreen(Screen[None]):
    """A screen of the app.

    A subclass names its ``KEYS`` and writes ``body``, ``forget`` (show nothing), ``reload`` (read
    what it shows) and, where it can keep its place, ``project_changed``. Work that reads goes
    through ``read``, work that writes through ``write``; both come back on the app's own thread.
    """

    DEFAULT_CSS = """
    EdtScreen .pane { border: round $edge; border-title-color: $foreground; padding: 0 1; }
    EdtScreen .pane:focus-within { border: round $primary; }
    """
    KEYS: ClassVar[tuple[Command, ...]] = ()
    INSIDE: ClassVar[tuple[Command, ...]] = MOVING
    """The keys of the lists, texts and charts that it is made of."""
    NEEDS_PROJECT: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init_subclass__(cls, **keywords: Any) -> None:
        cls.BINDINGS = [*bindings(cls.KEYS)]
        super().__init_subclass__(**keywords)

    def __init__(self) -> None:
        super().__init__()
        self._generation = -1
        self._stale = False
        self._unread = True
        self._reading: set[str] = set()
        self._held: list[Command] = []
        self._act: tuple[tuple[object, ...], dict[str, object]] | None = None
        self.no_line = ""
        """Why no command line does what was just done here; empty where one does."""

    @property
    def edt(self) -> "EdtApp":
        """The app, by its own type."""
        return cast("EdtApp", self.app)

    @property
    def session(self) -> "Session":
        """The session that all screens share."""
        return self.edt.session

    def compose(self) -> ComposeResult:
        """Header, body, errors, keys."""
        yield Header()
        yield from self.body()
        yield ErrorCard()
        yield Footer((*self.KEYS, HELP), self.edt.preferences.keymap, self.edt.at_hand)

    def body(self) -> Iterable[Widget]:
        """The screen's own widgets."""
        return ()

    def forget(self) -> None:
        """Show nothing and narrow nothing: another project was chosen, or none."""

    def reload(self) -> None:
        """Read everything anew: another project was chosen, or the screen is seen first."""

    def project_changed(self) -> None:
        """The project's database was written to; called at most twice a second while visible."""
        self.reload()

    def take_request(self, request: str) -> None:
        """Show what another screen asked for when it led here (``EdtApp.go``)."""

    def command_line(self) -> list[str]:
        """The ``edt`` command that does or shows the same, without ``edt`` itself."""
        return []

    def command_lines(self) -> list[list[str]]:
        """Every such command, where there are several."""
        return [line] if (line := self.command_line()) else []

    def remember(self, *words: object, **options: object) -> None:
        """Keep the command that does what was just done here, which the next C offers first.

        The arguments are those of ``launch.command_line`` after the home.
        """
        self._act, self.no_line = (words, options), ""

    def why_not(self, command: Command) -> str:
        """Why ``command`` can't be done now, as a sentence; empty when it can."""
        return ""

    # ------------------------------------------------------------------ machinery

    def on_screen_resume(self) -> None:
        """Read anew when another project was chosen or something changed meanwhile."""
        self.edt.show_header()
        if self._generation != self.session.generation:
            self._generation = self.session.generation
            self._unread = bool(self.session.name) or not self.NEEDS_PROJECT
            self._reading.clear()
            self.clear_error()
            if self.NEEDS_PROJECT:
                self._act = None
            self.forget()
            if self.NEEDS_PROJECT and not self.session.name:
                self.fail(EdtError("No project is open.", hint=CHOOSE))
                self._do_held()
            else:
                self.reload()
        elif self._stale:
            self._stale = False
            self.project_changed()
        request = self.session.requests.pop(self.edt.current_mode, "")
        if request and self.session.name:
            self.take_request(request)

    def on_resize(self) -> None:
        """Know a low screen."""
        self.set_class(self.size.height < LOW, "-low")

    def note_change(self) -> None:
        """The project changed: tell the screen now, or when it is seen next."""
        if self.is_current and (self.session.name or not self.NEEDS_PROJECT):
            self.project_changed()
        else:
            self._stale = True

    def read(
        self, work: Callable[[], T], show: Callable[[T], None], *, group: str = "read"
    ) -> None:
        """Do ``work`` in a thread and ``show`` its result.

        The group's newest alone is shown, and nothing of a project that was left meanwhile.
        """
        self._reading.add(group)
        self.run_worker(
            partial(self._in_thread, work, show, self.session.generation, group),
            thread=True,
            group=group,
            exclusive=True,
            exit_on_error=False,
        )

    def poll(self, work: Callable[[], T], show: Callable[[T], None], *, group: str) -> None:
        """``read``, unless the one before is still at it: slow reads must not starve."""
        if not self.at_work(group):
            self.read(work, show, group=group)

    def at_work(self, group: str) -> bool:
        """Does a thread still read for this group?"""
        return any(one.group == group and one.node is self for one in self.app.workers)

    def write(self, work: Callable[[], T], then: Callable[[T], None] | None = None) -> None:
        """Do ``work`` after every write before it; it is durable when ``then`` is called.

        What is about the open project is not done in another one.
        """
        generation = self.session.generation

        def done() -> None:
            try:
                if self.NEEDS_PROJECT and generation != self.session.generation:
                    raise UsageError(
                        "Another project was opened before this was written.",
                        hint="Nothing was changed; do it again.",
                    )
                result = work()
            except Exception as error:  # noqa: BLE001 (shown, or reported as a bug)
                self._back(self._deliver_error, error)
                return
            self._back(self._deliver, then, result)

        self.session.write(done)

    def _in_thread(
        self, work: Callable[[], T], show: Callable[[T], None], generation: int, group: str
    ) -> None:
        worker = get_current_worker()

        def of_this_project(act: Callable[..., None], *values: Any) -> None:
            if generation == self.session.generation:
                act(*values)
                self._know(group)

        try:
            if self.session.name:
                self.session.prepare()
            result = work()
        except Exception as error:  # noqa: BLE001 (shown, or reported as a bug)
            if not worker.is_cancelled:
                self._back(of_this_project, self._deliver_error, error)
            return
        if not worker.is_cancelled:
            self._back(of_this_project, self._deliver, show, result)

    def _know(self, group: str) -> None:
        """Something was read. Once nothing else is, what was to be done meanwhile is."""
        self._reading.discard(group)
        if self._unread and group != _STRIP and not self._reading - {_STRIP}:
            self._unread = False
            self._do_held()

    def _do_held(self) -> None:
        held, self._held = self._held, []
        for command in held:
            if self.is_current:  # and no question is open, which the keys behind it are for
                self.do(command)

    def _back(self, act: Callable[..., None], *values: Any) -> None:
        """Go on in the app's thread, unless the app has ended."""
        if self.app.is_running:
            self.app.call_later(act, *values)

    def back(self, show: Callable[[T], None], result: T) -> None:
        """Show something from within a worker that reads on."""
        self._back(self._deliver, show, result)

    def _deliver(self, show: Callable[[T], None] | None, result: T) -> None:
        if self.is_attached and show is not None:
            show(result)

    def _deliver_error(self, error: Exception) -> None:
        if isinstance(error, EdtError):
            self.fail(error)
        else:
            self.edt.report(error, f"{type(self).__name__} reading")

    def fail(self, error: EdtError) -> None:
        """Show an error in place; a list that was to be read is not read on."""
        for table in self.query("VirtualTable"):
            cast("VirtualTable", table).stop_reading()
        self.edt.clear_the_view()
        for card in self.query(ErrorCard):
            card.tell(error.message, self.keyed(error.hint))

    def clear_error(self) -> bool:
        """Take the shown error away; whether there was one."""
        return any(card.clear() for card in self.query(ErrorCard))

    def say(self, text: str) -> None:
        """Tell something that worked, for a moment."""
        from edt_app.terminal import safe_text

        self.notify(safe_text(self.keyed(text)), markup=False, timeout=3)

    def keyed(self, text: str) -> str:
        """``text`` with keys, as the user chose them, in the place of ids such as {go.runs}.

        It may name the commands of this screen, the screens and what every screen can do.
        """
        commands = (*self.KEYS, *self.edt.everywhere)
        return with_keys(text, commands, self.edt.preferences.keymap)

    def action_command(self, id: str) -> None:  # noqa: A002 (textual passes it so)
        """Do one of the screen's commands, or say why not."""
        self.do(next(command for command in self.KEYS if command.id == id))

    def do(self, command: Command) -> None:
        """Do ``command``, or say why not.

        What can't be done before the screen has read what it shows is done, or refused, then.
        """
        reason = self.why_not(command)
        other = self.NEEDS_PROJECT and self._generation != self.session.generation
        if reason and (self._unread or other):
            self._held.append(command)
            return
        if reason:
            self.app.bell()
            told = f"{command.label}: {self.keyed(reason)}"
            self.notify(told, markup=False, severity="warning", timeout=4)
            return
        if self.clear_error() and "escape" in command.keys.split(","):
            return  # a level of its own
        self.no_line = command.no_line
        try:
            getattr(self, f"do_{command.action}")()
        except EdtError as error:
            self.fail(error)

    @property
    def shown_command_lines(self) -> list[str]:
        """As one would type them: what was done here last, what the screen shows."""
        from edt_app.launch import command_line, shell_text

        home, lines = self.session.home, []
        if self._act is not None:
            words, options = self._act
            lines.append(command_line(home, *words, **options))
        lines += [command_line(home, *shown) for shown in self.command_lines()]
        return list(dict.fromkeys(map(shell_text, lines)))
