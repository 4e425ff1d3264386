"""Screen 4: every call to a language model, with prompt, answer, parsed result and attempts."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from edt_app.tui.asking import ask
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Confirm
from edt_app.tui.outside import edited, page
from edt_app.tui.screens import prompts_view as view
from edt_app.tui.widgets.text_pane import TextPane
from edt_app.tui.widgets.virtual_table import Column, VirtualTable
from edt_core.errors import EdtError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edt_core.actions.asking_again import Prospect
    from edt_core.store.calls import CallText, Spend

_COLUMNS = (
    Column("call", 7, "right"),
    Column("stage", 9),
    Column("template", 12, from_width=100),
    Column("user", 10),
    Column("state", 11),
    Column("in/out", 11, "right"),
    Column("cost", 9, "right"),
    Column("sec", 7, "right", from_width=100),
    Column("note", 16, flexible=True),
)
_READING = "reading …"
_NONE = "No call yet: a run asks; start one in {go.pipeline} Pipeline."
_NONE_FITS = "No call fits the filter: {prompts.filter} changes it."
_PANES = ("request", "response", "parsed", "attempts")


class PromptsScreen(EdtScreen):
    """Lists calls, newest first, and shows the one under the cursor."""

    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("prompts.filter", "slash", "Filter", "By stage, user, status or text.", "filter"),
        Command("prompts.bad", "f", "Bad ones", "Only calls without a good answer, or all.", "bad"),
        Command("prompts.next", "n", "Next pane", "Request, response, parsed, attempts.", "pane"),
        Command("prompts.pager", "o", "Pager", "The whole call in $PAGER.", "pager"),
        Command("prompts.editor", "E", "Editor", "Read the whole call in $EDITOR.", "editor"),
        Command("prompts.copy", "y", "Copy", "Copy the whole call.", "copy"),
        Command("prompts.items", "l", "Items", "The items of this call in the queue.", "items"),
        Command(
            "prompts.again", "R", "Ask again", "Ask for another answer, and pay for it.", "again"
        ),
    )
    DEFAULT_CSS = """
    PromptsScreen #spend { height: 1; padding: 0 1; }
    PromptsScreen #calls { height: 2fr; }
    PromptsScreen #heading { height: auto; max-height: 2; padding: 0 1; background: $panel; }
    PromptsScreen #detail { height: 3fr; }
    PromptsScreen #detail > Vertical { width: 1fr; }
    PromptsScreen #side > TextPane { height: 1fr; }
    PromptsScreen.-narrow #calls { height: 1fr; }
    PromptsScreen.-narrow #detail .pane { display: none; }
    PromptsScreen.-narrow #detail .pane.-shown { display: block; }
    PromptsScreen.-narrow #detail > Vertical.-hidden { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._filter = ""
        self._pane = "response"
        self._call: CallText | None = None
        self._asking = 0
        """The call that is asked again at the moment."""
        self._target: int | None = None
        """Where the cursor goes with the next list."""
        self._told = ""

    def body(self) -> Iterable[Widget]:
        """What was spent, the list, the call."""
        yield Static(id="spend", markup=False)
        yield VirtualTable(_COLUMNS, self._fetch, empty=_READING, id="calls")
        yield Static(id="heading", markup=False)
        with Horizontal(id="detail"):
            with Vertical(id="first"):
                yield TextPane(id="request", classes="pane")
            with Vertical(id="second"):
                yield TextPane(id="response", classes="pane")
            with Vertical(id="side"):
                yield TextPane(id="parsed", classes="pane")
                yield TextPane(id="attempts", classes="pane")

    def on_mount(self) -> None:
        """Titles of the panes; the list has the keys first."""
        for name in _PANES:
            self.query_one(f"#{name}", TextPane).border_title = name
        self._show_pane()
        self.query_one("#calls", VirtualTable).focus()

    def forget(self) -> None:
        """No calls, and all of them wanted."""
        self._filter = self._told = ""
        self._asking, self._target = 0, None
        table = self.query_one("#calls", VirtualTable)
        table.empty = _READING
        table.set_ids([])
        self.query_one("#spend", Static).update("")
        self._show_call(None)

    def reload(self) -> None:
        """Read the calls' ids and what they cost."""
        self.project_changed()

    def project_changed(self) -> None:
        """New calls come on top; the cursor stays on its call."""
        fields, _ = view.parsed_filter(self._filter)
        run = fields.pop("behind", "")

        def work() -> "tuple[NDArray[np.int64], list[Spend]]":
            from edt_core.actions.lineage import calls_behind
            from edt_core.store.calls import Asked, call_ids, spend

            project = self.session.project()
            behind = tuple(calls_behind(project, int(run))) if run else None
            return call_ids(project, Asked(**fields, ids=behind)), spend(project)

        self.read(work, self._listed, group="ids")

    def take_request(self, request: str) -> None:
        """Show the calls of this filter."""
        self._filter = request
        self.project_changed()

    def _listed(self, found: "tuple[NDArray[np.int64], list[Spend]]") -> None:
        ids, spent = found
        target, self._target = self._target, None
        if target is not None and self._filter and target not in ids:
            self._filter = ""
            self._go_to(target)
            return
        table = self.query_one("#calls", VirtualTable)
        table.empty = self.keyed(_NONE_FITS if self._filter else _NONE)
        table.set_ids(ids, cursor=target)
        cost = sum(line.cost for line in spent)
        bad = sum(line.invalid + line.failed + line.unknown for line in spent)
        unpriced = sum(line.unpriced for line in spent)
        text = f"{len(ids):,} calls" + (f" with {self._filter}" if self._filter else "")
        text += f"   ${cost:.4f} spent" + (f" ({unpriced:,} of unknown price)" if unpriced else "")
        text += f"   {bad:,} without a good answer" if bad else ""
        self._told = text
        self._show_spend()
        if not len(ids):
            self._show_call(None)

    def _show_spend(self) -> None:
        at_work = f"● asking call {self._asking} again …   " if self._asking else ""
        self.query_one("#spend", Static).update(Text(view.lines_of(at_work + self._told)))

    def _fetch(self, ids: list[int]) -> dict[int, list[str]]:
        from edt_core.store.calls import calls_by_ids

        return {line.id: view.row(line) for line in calls_by_ids(self.session.project(), ids)}

    def on_virtual_table_highlighted(self, event: VirtualTable.Highlighted) -> None:
        """Show the call under the cursor."""
        number = event.row_id

        def work() -> "CallText | EdtError":
            from edt_core.store.calls import call

            try:
                return call(self.session.project(), number)
            except EdtError as error:
                return error

        self.read(work, self._show_read, group="call")

    def _show_read(self, found: "CallText | EdtError") -> None:
        """Show the call, or why it can't be read and not the one before."""
        if isinstance(found, EdtError):
            self._show_call(None)
            self.fail(found)
        else:
            self.clear_error()
            self._show_call(found)

    def on_virtual_table_chosen(self) -> None:
        """Enter: into the texts."""
        self.query_one(f"#{self._pane}", TextPane).focus()

    def _show_call(self, found: "CallText | None") -> None:
        same = found is not None and self._call is not None and found.line == self._call.line
        if same:
            return
        self._call = found
        texts = dict.fromkeys(_PANES, "")
        if found is not None:
            texts = {
                "request": view.request_text(found.request),
                "response": view.response_text(found),
                "parsed": view.parsed_text(found),
                "attempts": view.attempts_text(found.attempts),
            }
        self.query_one("#heading", Static).update(Text(view.heading(found.line) if found else ""))
        for name, text in texts.items():
            self.query_one(f"#{name}", TextPane).show(text)

    def _show_pane(self) -> None:
        for name in _PANES:
            pane = self.query_one(f"#{name}", TextPane)
            pane.set_class(name == self._pane, "-shown")
            if pane.parent is not None and isinstance(pane.parent, Vertical):
                inside = [one.id for one in pane.parent.query(TextPane)]
                pane.parent.set_class(self._pane not in inside, "-hidden")

    # ------------------------------------------------------------------ keys

    def why_not(self, command: Command) -> str:
        """Most keys need a call."""
        needs_call = {"pager", "editor", "copy", "items", "again"}
        if command.action in needs_call and self._call is None:
            return "there is no call here."
        if command.action == "again" and self._asking:
            return f"call {self._asking} is being asked; one at a time."
        if command.action == "items":
            if not any(place.mode == "review" for place in self.edt.places):
                return "there is no such screen."
            if self._call is not None and self._call.line.step != "generate":
                return "this call generated no items."
        return ""

    def command_line(self) -> list[str]:
        """The list, as it is filtered."""
        fields, _ = view.parsed_filter(self._filter)
        words = ["calls", "--project", self.session.name]
        for name, value in fields.items():
            words += [f"--{'stage' if name == 'step' else name}", value]
        return words

    @property
    def shown_command_lines(self) -> list[str]:
        """The call under the cursor, too."""
        from edt_app.launch import command_line, shell_text

        lines = super().shown_command_lines
        if self._call is not None:
            words = ("calls", "--project", self.session.name, "show", self._call.line.id)
            lines.insert(0, shell_text(command_line(self.session.home, *words)))
        return lines

    def do_filter(self) -> None:
        """Ask for a filter."""

        def take(text: str | None) -> None:
            if text is not None:
                self._filter = " ".join(text.split())
                self.project_changed()

        self.app.push_screen(Ask(view.FILTER_HELP, self._filter, check=view.wrong_filter), take)

    def do_bad(self) -> None:
        """Only what went wrong, or all again."""
        self._filter = "" if self._filter == "status:bad" else "status:bad"
        self.project_changed()

    def do_pane(self) -> None:
        """The next text; where all are seen, the keys go there."""
        self._pane = _PANES[(_PANES.index(self._pane) + 1) % len(_PANES)]
        self._show_pane()
        self.query_one(f"#{self._pane}", TextPane).focus()

    def do_pager(self) -> None:
        """The whole call outside."""
        assert self._call is not None
        page(self.edt, view.whole(self._call))

    def do_editor(self) -> None:
        """The whole call in the user's editor; what is written there is dropped."""
        assert self._call is not None
        if edited(self.edt, view.whole(self._call)) is not None:
            self.say("A call on record stays as it is: your changes were dropped.")

    def do_copy(self) -> None:
        """The whole call into the clipboard."""
        assert self._call is not None
        text = view.whole(self._call)
        self.app.copy_to_clipboard(text)
        self.say(f"{len(text):,} letters copied, where the terminal allows it (OSC 52).")

    def do_items(self) -> None:
        """From a call to what it made."""
        assert self._call is not None
        self.edt.go("review", f"call={self._call.line.id}")

    def do_again(self) -> None:
        """Say what another answer takes and makes stale, and ask for it."""
        assert self._call is not None
        number = self._call.line.id

        def work() -> "Prospect":
            from edt_core.actions.asking_again import prospect

            return prospect(self.session.project(), number)

        def confirm(found: "Prospect") -> None:
            def answered(yes: bool | None) -> None:
                if yes:
                    self._ask_again(number)

            self.app.push_screen(Confirm(view.again_question(found)), answered)

        self.read(work, confirm, group="prospect")

    def _ask_again(self, number: int) -> None:
        """In a process of its own, as a run would; it brings the answer home whatever happens."""
        home, name = self.session.home, self.session.name
        words = ("calls", "--project", name, "again", str(number))
        self._asking = number
        self._show_spend()

        def work() -> "dict[str, Any] | EdtError":
            try:
                found: dict[str, Any] = ask(home.folder, words, paid=True)
            except EdtError as error:
                return error
            return found

        def shown(found: "dict[str, Any] | EdtError") -> None:
            self._asking = 0
            self._show_spend()
            if isinstance(found, EdtError):
                self.fail(found)
                return
            self.remember(*words)
            self.say(view.again_told(found))
            self._go_to(found["call"])

        self.read(work, shown, group="again")

    def _go_to(self, number: int) -> None:
        """The cursor onto a call that is new; a filter that leaves it out is dropped."""
        self._target = number
        self.project_changed()
