"""Screen 5: the queue of generated items, what is known of each, and a person's decisions."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from edt_app.terminal import safe_text
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Choose
from edt_app.tui.outside import page
from edt_app.tui.screens.review import view
from edt_app.tui.screens.review.acting import Acting
from edt_app.tui.screens.review.dialogs import Bulk, ChooseAnchor, Reading
from edt_app.tui.screens.review.keys import KEYS
from edt_app.tui.widgets.virtual_table import ASCII_GLYPHS, Column, Row, VirtualTable

if TYPE_CHECKING:
    from edt_core.actions.reviewing import ItemContext, Standing
    from edt_core.data.sequences import Ints
    from edt_core.store.review_context import Act
    from edt_core.store.review_queue import Wanted

_COLUMNS = (
    Column("", 1),
    Column("fltr", 4),
    Column("dir", 3),
    Column("targt", 5),
    Column("title", 8, flexible=True),
)
_PREVIEW = 10


class ReviewScreen(EdtScreen):
    """Decides on generated items, one key each; every decision is durable before it is shown."""

    KEYS: ClassVar[tuple[Command, ...]] = KEYS
    DEFAULT_CSS = """
    ReviewScreen #status { height: 1; padding: 0 1; background: $surface; }
    ReviewScreen #main { height: 1fr; }
    ReviewScreen #main > Vertical { width: 1fr; }
    ReviewScreen .pane { overflow: hidden hidden; }
    ReviewScreen #queue { width: 46; }
    ReviewScreen #top { height: 13; }
    ReviewScreen #item { width: 1fr; }
    ReviewScreen #verdict { width: 44; }
    ReviewScreen #history { height: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    ReviewScreen #status, ReviewScreen #acts { text-wrap: nowrap; text-overflow: ellipsis; }
    ReviewScreen #call { height: 14; }
    ReviewScreen #acts { height: auto; max-height: 5; padding: 0 1; background: $surface; }
    ReviewScreen.-very-wide #queue { width: 54; }
    ReviewScreen.-narrow #main { layout: vertical; }
    ReviewScreen.-narrow #queue { width: 100%; height: 7; border: none; padding: 0; }
    ReviewScreen.-narrow #main > Vertical { height: 1fr; }
    ReviewScreen.-narrow .pane { border: none; border-top: solid $panel-lighten-2; padding: 0 1; }
    ReviewScreen.-narrow #verdict { width: 42; }
    ReviewScreen.-narrow #top, ReviewScreen.-short #top { height: 7; }
    ReviewScreen.-narrow #call, ReviewScreen.-short #call { display: none; }
    ReviewScreen.-tall.-narrow #queue { height: 40%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.acting = Acting(self)
        self.context: ItemContext | None = None
        self.all_selected = False
        self._standing: Standing | None = None
        self._rescored: dict[int, view.Rescored] = {}
        self._wanted: Wanted | None = None
        self._order: view.Order = "near"
        self._written = False
        self._progress = ("", "")
        self._state: tuple[object, ...] = ()
        self._acts: list[Act] = []

    def body(self) -> Iterable[Widget]:
        """Status, queue and panes, last decisions."""
        glyphs = ASCII_GLYPHS if self.edt.preferences.ascii else None
        yield Static(id="status", markup=False)
        with Horizontal(id="main"):
            yield VirtualTable(
                _COLUMNS,
                self._fetch,
                empty="No generated item here: / changes the filter, 3 runs the pipeline.",
                markable=True,
                glyphs=glyphs,
                id="queue",
            )
            with Vertical():
                with Horizontal(id="top"):
                    yield Static(id="item", classes="pane", markup=False)
                    yield Static(id="verdict", classes="pane", markup=False)
                yield Static(id="history", classes="pane", markup=False)
                yield Static(id="call", classes="pane", markup=False)
        yield Static(id="acts", markup=False)

    @property
    def table(self) -> VirtualTable:
        """The queue."""
        return self.query_one("#queue", VirtualTable)

    def on_mount(self) -> None:
        """Keys go to the queue."""
        self.table.focus()

    # ------------------------------------------------------------------ reading

    def _fetch(self, ids: list[int]) -> Mapping[int, Row]:
        from edt_core.store.review_queue import generated_by_ids

        lines = generated_by_ids(self.session.project(), ids)
        return {line.id: view.queue_row(line) for line in lines}

    def reload(self) -> None:
        """Another project: everything anew, the filter dropped."""
        self._wanted, self._state, self.context = None, (), None
        self._rescored.clear()
        self.all_selected = False
        self.table.marked.clear()
        self.read_queue()

    def read_queue(self, cursor: int | None = None, *, standing: bool = True) -> None:
        """Read the ids anew; the cursor stays where it is or goes to ``cursor``."""
        self.read(
            partial(self._queue_now, standing), partial(self._show_queue, cursor), group="ids"
        )

    def _queue_now(self, standing: bool) -> "tuple[Ints, Standing, tuple[object, ...]]":
        from edt_core.actions.reviewing import standing as read_standing
        from edt_core.store.review_context import queue_state
        from edt_core.store.review_queue import generated_ids

        project = self.session.project()
        state = queue_state(project)
        found = self._standing if self._standing and not standing else read_standing(project)
        near = found.thresholds if self._order == "near" else None
        order = "id" if self._order == "near" else self._order
        ids = generated_ids(
            project, self._wanted, order=order, descending=order == "target_score", near=near
        )
        return ids, found, state

    def _show_queue(
        self, cursor: int | None, found: "tuple[Ints, Standing, tuple[object, ...]]"
    ) -> None:
        ids, self._standing, self._state = found
        fresh = not len(self.table.ids)
        self.table.set_ids(ids, cursor=cursor)
        if not len(ids):
            self.context = None
        self._draw()
        if fresh or (len(ids) and (self.context is None or cursor is not None)):
            self.read_item()
        self.read_progress()

    def project_changed(self) -> None:
        """Somebody wrote: this app, another one, or a run. The place is kept."""
        from edt_core.store.review_context import queue_state

        self.read(lambda: queue_state(self.session.project()), self._changed, group="state")

    def _changed(self, state: tuple[object, ...]) -> None:
        if not self._state or state[0] != self._state[0]:
            self.read_queue()
        elif state != self._state:
            if self._by_decision:
                self.read_queue(standing=False)
            self._state = state
        else:
            return
        self.table.reload()
        self.read_item()
        self.read_progress()

    @property
    def _by_decision(self) -> bool:
        """Do decisions change which items match?"""
        wanted = self._wanted
        if wanted is None:
            return False
        own = wanted.verdict in {"accepted", "rejected", "edited", "undecided"}
        return own or "decision" in wanted.where

    def read_item(self) -> None:
        """Read what is known of the item under the cursor."""
        number = self.table.cursor_id
        if number is None:
            return

        def work() -> "ItemContext":
            from edt_core.actions.reviewing import item_context

            return item_context(self.session.project(), number)

        self.read(work, self.show_item, group="item")

    def show_item(self, context: "ItemContext") -> None:
        """Show an item, unless the cursor went on meanwhile."""
        if context.item.id == self.table.cursor_id:
            self.context = context
            self._draw()

    def read_progress(self) -> None:
        """Read the counts and the last acts."""
        self.read(self._progress_now, self._show_progress, group="progress")

    def _progress_now(self) -> "tuple[str, str, list[Act]]":
        from edt_core.store.questions import counts
        from edt_core.store.review_context import last_acts

        project = self.session.project()
        now = counts(project)
        return (
            view.progress(now, wide=False),
            view.progress(now, wide=True),
            last_acts(project, 5),
        )

    def _show_progress(self, found: "tuple[str, str, list[Act]]") -> None:
        self._progress = found[:2]
        self._acts = found[2]
        self._draw_status()
        self._draw_acts()

    # ------------------------------------------------------------------ drawing

    def on_resize(self) -> None:
        """Other sizes hold other texts."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        self._draw_status()
        self._draw_acts()
        context, standing = self.context, self._standing
        if context is None or standing is None:
            for name in ("item", "verdict", "history", "call"):
                self._pane(name, Text(), "")
            return
        rescored = self._rescored.get(context.item.id)
        if rescored is not None and rescored.fields != view.edited_texts(context):
            rescored = None
        written = self._written and bool(context.item.edited)
        self._pane(
            "item",
            view.item_text(context, written=written),
            view.item_title(context, written=written),
        )
        self._pane("verdict", view.verdict_text(context, standing, rescored), "verdict")
        lines = max(3, self.query_one("#history", Static).content_size.height)
        history = view.history_text(context, standing.insertion.position, lines)
        self._pane("history", history, view.history_title(context))
        self._pane("call", view.call_excerpt(context), view.call_title(context))

    def _pane(self, name: str, text: Text, title: str) -> None:
        pane = self.query_one(f"#{name}", Static)
        pane.update(text)
        pane.border_title = Text(title)

    def _draw_status(self) -> None:
        wide = self.size.width >= 140
        words = safe_text(self.filter_words, width=30 if not wide else 60) or "all"
        place = f"{self.table.cursor_row + 1:,}/" if len(self.table.ids) else ""
        order = view.ORDERS[self._order] if wide else self._order.replace("target_score", "score")
        picked = ""
        if self.all_selected:
            picked = f" · all {len(self.table.ids):,} selected"
        elif len(self.table.marked):
            picked = f" · {len(self.table.marked):,} selected"
        text = f"{place}{len(self.table.ids):,} {words} · {order}{picked} · {self._progress[wide]}"
        self.query_one("#status", Static).update(Text(text))

    def _draw_acts(self) -> None:
        roomy = self.size.width >= 100 and self.size.height >= 30
        text = view.acts_text(self._acts, 5 if roomy else 1, self.size.width)
        self.query_one("#acts", Static).update(text)

    @on(VirtualTable.Highlighted)
    def on_another_item(self) -> None:
        """The cursor moved."""
        self._draw_status()
        self.read_item()

    @on(VirtualTable.Chosen)
    def on_chosen(self) -> None:
        """Enter reads the prompt."""
        self.do_prompt()

    @on(VirtualTable.FetchFailed)
    def on_fetch_failed(self, event: VirtualTable.FetchFailed) -> None:
        """Rows could not be read."""
        self._failed(event.error)

    # ------------------------------------------------------------------ commands

    @property
    def filter_words(self) -> str:
        """The filter as typed; empty without one."""
        return view.filter_words(self._wanted) if self._wanted else ""

    def why_not(self, command: Command) -> str:
        """Most keys need an item; some need more."""
        free = {"undo", "redo", "filter", "order", "export", "import_file", "back", "next"}
        if command.action in free:
            return ""
        if self.table.cursor_id is None:
            return "there is no item here."
        if command.action in {"edit", "editor", "anchor", "prompt", "pager", "rescore", "written"}:
            return self._why_not_shown(command)
        return ""

    def _why_not_shown(self, command: Command) -> str:
        context = self.context
        if context is None or context.item.id != self.table.cursor_id:
            return "the item is still being read."
        edited = view.edited_texts(context) != "{}"
        if command.action in {"rescore", "written"} and not edited:
            return "its text was not edited."
        if command.action == "anchor" and not context.history.events:
            return "this user has no training event."
        return ""

    def command_line(self) -> list[str]:
        """The last act of this screen, else the list."""
        if self.acting.last_command:
            return self.acting.last_command
        words = ["items", "--project", self.session.name]
        wanted = self._wanted
        if wanted is not None:
            for option in ("direction", "verdict", "user"):
                if value := getattr(wanted, option):
                    words += [f"--{option}", value]
        return words

    def do_accept(self) -> None:
        """Accept."""
        self.acting.decide("accept")

    def do_reject(self) -> None:
        """Reject."""
        self.acting.decide("reject")

    def do_clear(self) -> None:
        """Take the decision back."""
        self.acting.decide("reset")

    def do_reason(self) -> None:
        """Reject with a reason."""

        def rejected(reason: str | None) -> None:
            if reason:
                self.acting.decide("reject", reason)

        def chosen(number: int | None) -> None:
            if number is None:
                return
            if number < len(view.REASONS):
                rejected(view.REASONS[number])
            else:
                self.app.push_screen(Ask("Reason"), rejected)

        self.app.push_screen(Choose("Reject because of", (*view.REASONS, "another reason")), chosen)

    def do_skip(self) -> None:
        """Go on."""
        self.table.action_move(1)

    def do_undo(self) -> None:
        """Take the last act back."""
        self.acting.undo()

    def do_redo(self) -> None:
        """Do it again."""
        self.acting.redo()

    def do_edit(self) -> None:
        """Change fields by a form."""
        self.acting.edit_by_form()

    def do_editor(self) -> None:
        """Change fields as JSON."""
        self.acting.edit_as_json()

    def do_rescore(self) -> None:
        """Score an edit."""
        self.acting.rescore(self._keep_rescored)

    def _keep_rescored(self, number: int, found: view.Rescored) -> None:
        self._rescored[number] = found
        self._draw()

    def do_anchor(self) -> None:
        """Choose another anchor."""
        context = self.context
        assert context is not None
        events = context.history.events
        now = [event.position for event in events]
        at = context.item.anchor_position

        def chosen(number: int | None) -> None:
            if number is not None:
                self.acting.edit(context.item.id, {"anchor_position": events[number].position})

        start = now.index(at) if at in now else None
        self.app.push_screen(ChooseAnchor(view.anchor_lines(context), start), chosen)

    def do_prompt(self) -> None:
        """Prompt and answer in front of the screen."""
        if self.context is not None:
            title = view.call_title(self.context)
            self.app.push_screen(Reading(title, view.call_text(self.context)))

    def do_pager(self) -> None:
        """Prompt and answer in the pager."""
        assert self.context is not None
        from edt_app.tui.widgets.cells import steady_text

        lines = view.call_text(self.context).split("\n")
        page(self.app, "\n".join(map(steady_text, lines)))

    def do_written(self) -> None:
        """Switch between the edited item and the model's."""
        self._written = not self._written
        self._draw()

    def do_filter(self) -> None:
        """Ask for a filter; a wrong condition is said in place."""

        def wrong(text: str) -> str:
            from edt_core.errors import UsageError
            from edt_core.store.predicate import parse

            try:
                where = view.parse_filter(text).where
                if where:
                    parse(where)
            except UsageError as error:
                return f"{error.message} {error.hint}"
            return ""

        def narrow(text: str | None) -> None:
            if text is not None:
                self._narrow(text)

        self.app.push_screen(Ask(view.FILTER_HELP, self.filter_words, check=wrong), narrow)

    def _narrow(self, text: str) -> None:
        self._wanted = view.parse_filter(text) if text.strip() else None
        self.all_selected = False
        self.table.mark(())
        self.read_queue()

    def do_order(self) -> None:
        """The next order."""
        orders = list(view.ORDERS)
        self._order = orders[(orders.index(self._order) + 1) % len(orders)]
        self.read_queue()

    def do_next(self) -> None:
        """The next item nobody decided on, from the top when there is none below."""
        from edt_core.store.review_context import next_undecided

        at = self.table.cursor_row
        ids = self.table.ids
        below, above = ids[at + 1 :], ids[: at + 1]

        def work() -> int | None:
            project = self.session.project()
            found = next_undecided(project, below)  # type: ignore[arg-type]
            return found if found is not None else next_undecided(project, above)  # type: ignore[arg-type]

        def go(number: int | None) -> None:
            if number is None:
                self.say("Every item here is decided.")
            else:
                self.table.move_to(number)

        self.read(work, go, group="next")

    def do_range(self) -> None:
        """Open or keep a range."""
        self.table.action_toggle_span()
        self._draw_status()

    def do_all(self) -> None:
        """Select everything that matches, or nothing again."""
        self.all_selected = not self.all_selected
        self._draw_status()

    def do_bulk(self) -> None:
        """Preview and decide on the selection, or on all that match."""
        chosen = self.table.selection()
        if self.all_selected or len(chosen) < 2:
            self.ask_bulk(self.table.ids, f"all that match {self.filter_words or 'no filter'}")
        else:
            self.ask_bulk(chosen, "the selection")

    def ask_bulk(self, ids: "Ints", what: str, action: str = "", note: str = "") -> None:
        """Show the count and ten titles, then do what is answered."""
        first = ids[:_PREVIEW].tolist()

        def work() -> list[str]:
            from edt_core.store.review_queue import generated_by_ids

            titles = {x.id: x.title for x in generated_by_ids(self.session.project(), first)}
            return [titles[number] for number in first if number in titles]

        def answered(answer: str | None) -> None:
            if answer:
                self.acting.decide_many(answer, ids, note or what)

        def show(titles: list[str]) -> None:
            asked = f"{what}; you pressed {action}" if action else what
            self.app.push_screen(Bulk(asked, len(ids), titles), answered)

        self.read(work, show, group="bulk")

    def do_export(self) -> None:
        """Write the decisions to a file."""
        self.acting.export()

    def do_import_file(self) -> None:
        """Read decisions from a file."""
        self.acting.import_file()

    def do_back(self) -> None:
        """Selection first, filter next, then the app's own way back."""
        if self.all_selected or self.table.marked:
            self.all_selected = False
            self.table.mark(())
            self._draw_status()
        elif self._wanted is not None:
            self._narrow("")
        else:
            self.edt.action_one_back()
