"""Screen 5: the queue of generated items, what is known of each, and a person's decisions."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from edt_app.terminal import safe_text
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.outside import page
from edt_app.tui.screens.review import acts, asking, reading, view
from edt_app.tui.screens.review.acting import Acting
from edt_app.tui.screens.review.dialogs import Reading
from edt_app.tui.screens.review.keys import KEYS
from edt_app.tui.screens.review.panes import Panes
from edt_app.tui.screens.review.scoring import Scoring
from edt_app.tui.screens.review.style import CSS
from edt_app.tui.widgets.virtual_table import ASCII_GLYPHS, Column, Ids, Row, VirtualTable

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
_READING = "reading …"
_ROOMY = 36
"""Lines of a screen from which on five acts are listed."""


class ReviewScreen(EdtScreen):
    """Decides on generated items, one key each; every decision is durable before it is shown."""

    KEYS: ClassVar[tuple[Command, ...]] = KEYS
    DEFAULT_CSS = CSS

    def __init__(self) -> None:
        super().__init__()
        self.acting = Acting(self)
        self.scoring = Scoring(self)
        self.progress = reading.Progress(self)
        self.context: ItemContext | None = None
        self.all_selected = False
        self.partial = False  # the first rows are shown while the rest is read
        self.standing: Standing | None = None
        self.wanted: Wanted | None = None
        self.order: view.Order = "near"
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
                empty=_READING,
                markable=True,
                glyphs=glyphs,
                id="queue",
            )
            yield Panes()
        yield Static(id="acts", markup=False)

    @property
    def table(self) -> VirtualTable:
        """The queue."""
        return self.query_one("#queue", VirtualTable)

    def on_mount(self) -> None:
        """Keys go to the queue."""
        self.table.focus()

    def _fetch(self, ids: list[int]) -> Mapping[int, Row]:
        from edt_core.store.queue_rows import queue_rows

        return {row.id: view.queue_row(row) for row in queue_rows(self.session.project(), ids)}

    def forget(self) -> None:
        """No item, no filter, nothing selected, nothing done."""
        self.wanted, self._state, self.context, self.standing = None, (), None, None
        self.all_selected = self.partial = False
        self.table.mark(())
        self.table.empty = _READING
        self.table.set_ids([])
        self._progress, self._acts = ("", ""), []
        self.acting, self.scoring = Acting(self), Scoring(self)
        self._draw()

    def reload(self) -> None:
        """Read the queue."""
        self.read_queue()

    def take_request(self, request: str) -> None:
        """Show the items of this filter."""
        self.narrow(request)

    def read_queue(self, cursor: int | None = None, *, standing: bool = True) -> None:
        """Read the ids anew; the cursor stays where it is or goes to ``cursor``."""
        self.read(
            partial(reading.queue_now, self, standing),
            partial(self._show_queue, cursor),
            group="ids",
        )

    def show_first(
        self, generation: int, found: "tuple[Ints, Standing, tuple[object, ...]]"
    ) -> None:
        """Show the first rows of a long queue while the rest is read, unless it was meanwhile."""
        early = self.wanted is None and not len(self.table.ids)
        if early and generation == self.session.generation:
            self.partial = True
            self._show_found(None, found)

    def _show_queue(
        self, cursor: int | None, found: "tuple[Ints, Standing, tuple[object, ...]]"
    ) -> None:
        if self.partial and cursor is None:
            cursor = reading.place(found[0], self.table.cursor_id)
        self.partial = False
        self._show_found(cursor, found)

    def _show_found(
        self, cursor: int | None, found: "tuple[Ints, Standing, tuple[object, ...]]"
    ) -> None:
        ids, self.standing, self._state = found
        fresh = not len(self.table.ids)
        self.table.empty = self.keyed(view.NONE)
        self.table.set_ids(ids, cursor=cursor)
        if not len(ids):
            self.context = None
        self._draw()
        if fresh or (len(ids) and (self.context is None or cursor is not None)):
            self.read_item()
        self.progress.ask()

    def project_changed(self) -> None:
        """Somebody wrote: this app, another one, or a run. The place is kept."""
        from edt_core.store.review_context import queue_state

        self.read(lambda: queue_state(self.session.project()), self._changed, group="state")

    def _changed(self, state: tuple[object, ...]) -> None:
        if not self._state or state[0] != self._state[0]:
            self.read_queue()
        elif state != self._state:
            if view.by_decision(self.wanted):
                self.read_queue(standing=False)
            self._state = state
        else:
            return
        self.table.reload()
        self.read_item()
        self.progress.ask()

    @property
    def read_once(self) -> bool:
        """Was the queue read?"""
        return self.standing is not None

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

    def show_progress(self, found: "tuple[str, str, list[Act]]") -> None:
        """Show the counts and the last acts."""
        self._progress = found[:2]
        self._acts = found[2]
        self._draw_status()
        self._draw_acts()

    def on_resize(self) -> None:
        """Other sizes hold other texts."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        self._draw_status()
        self._draw_acts()
        panes = self.query_one(Panes)
        if self.context is None or self.standing is None:
            panes.clear()
        else:
            scoring = self.scoring.holds(self.context.item.id)
            panes.show(self.context, self.standing, scoring=scoring, written=self._written)

    def _draw_status(self) -> None:
        wide = self.size.width >= 140
        words = safe_text(self.filter_words, width=24 if not wide else 60) or "all"
        place = f"{self.table.cursor_row + 1:,}/" if len(self.table.ids) else ""
        order = view.ORDERS[self.order] if wide else self.order.replace("target_score", "score")
        picked = ""
        if self.all_selected:
            picked = f" · all {len(self.table.ids):,} selected"
        elif len(self.table.marked):
            picked = f" · {len(self.table.marked):,} selected"
        many = f"{place}{len(self.table.ids):,}{' … reading on,' if self.partial else ''}"
        text = f"{many} {words} · {order}{picked} · {self._progress[wide]}"
        self.query_one("#status", Static).update(Text(text), layout=False)

    def _draw_acts(self) -> None:
        roomy = self.size.width >= 100 and self.size.height >= _ROOMY
        text = acts.acts_text(self._acts, 5 if roomy else 1, self.size.width, self.keyed)
        shown = self.query_one("#acts", Static)
        # laid out again, every line of the screen would be painted again
        shown.update(text, layout=len(text.plain.splitlines()) != shown.size.height)

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
        self._deliver_error(event.error)

    @property
    def filter_words(self) -> str:
        """The filter as typed; empty without one."""
        return view.filter_words(self.wanted) if self.wanted else ""

    def why_not(self, command: Command) -> str:
        """Most keys need an item; some need more."""
        return asking.why_not(self, command)

    def command_line(self) -> list[str]:
        """The list, in its order."""
        base = ["items", "--project", self.session.name, "--order", self.order]
        return [*base, *view.filter_options(self.wanted)]

    def do_accept(self) -> None:
        """Accept."""
        self.acting.decide("accept")

    def do_reject(self) -> None:
        """Reject."""
        self.acting.decide("reject")

    def do_clear(self) -> None:
        """Take the decision back."""
        self.acting.decide("reset")

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
        self.acting.rescore()

    def not_scored(self, error: Exception) -> None:
        """An edited item could not be scored."""
        self._draw()
        self._deliver_error(error)

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

    def narrow(self, text: str) -> None:
        """Show what fits a filter."""
        self.wanted = view.parse_filter(text) if text.strip() else None
        self.all_selected, self.partial = False, True  # no bulk act on what was shown before
        self.table.mark(())
        self.read_queue()

    def do_order(self) -> None:
        """The next order."""
        orders = list(view.ORDERS)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        self.read_queue()

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
            self.ask_bulk(self.table.ids, view.matching_words(self.filter_words), shown=True)
        else:
            self.ask_bulk(chosen, "the selection")

    def do_reason(self) -> None:
        """Reject with a reason."""
        asking.ask_reason(self)

    def do_anchor(self) -> None:
        """Choose another anchor."""
        asking.ask_anchor(self)

    def do_filter(self) -> None:
        """Ask for a filter; a wrong condition is said in place."""
        asking.ask_filter(self)

    def do_next(self) -> None:
        """The next item nobody decided on, from the top when there is none below."""
        asking.seek_undecided(self)

    def ask_bulk(
        self, ids: Ids, what: str, action: str = "", note: str = "", *, shown: bool = False
    ) -> None:
        """Show the count and ten titles, then do what is answered; ``shown``: it is all of them."""
        where = view.condition(self.wanted) if shown else ""
        asking.ask_bulk(self, ids, what, action, note, where)

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
        elif self.wanted is not None:
            self.narrow("")
        else:
            self.edt.action_one_back()
