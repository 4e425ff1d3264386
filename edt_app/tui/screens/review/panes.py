"""What is known of the item under the cursor: its texts, its verdict, its user, its call."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from edt_app.tui.base import EdtScreen
from edt_app.tui.screens.review import view

if TYPE_CHECKING:
    from edt_core.actions.reviewing import ItemContext, Standing


class Panes(Vertical):
    """Four panes about one item."""

    def __init__(self) -> None:
        super().__init__()
        self._again: Callable[[], None] | None = None

    def compose(self) -> ComposeResult:
        """The panes, empty."""
        with Horizontal(id="top"):
            yield Static(id="item", classes="pane", markup=False)
            yield Static(id="verdict", classes="pane", markup=False)
        yield Static(id="history", classes="pane", markup=False)
        yield Static(id="call", classes="pane", markup=False)

    def clear(self) -> None:
        """Show no item."""
        self._again = None
        for name in ("item", "verdict", "history", "call"):
            self._fill(name, Text(), "")

    def show(
        self,
        context: "ItemContext",
        standing: "Standing",
        *,
        scoring: bool,
        written: bool,
    ) -> None:
        """Show an item, as edited or as the model wrote it, and whether it is being scored."""
        self._again = partial(self.show, context, standing, scoring=scoring, written=written)
        written = written and bool(context.item.edited)
        text = view.item_text(context, written=written)
        assert isinstance(self.screen, EdtScreen)
        keyed = self.screen.keyed
        self._fill("item", text, keyed(view.item_title(context, written=written)))
        verdict = view.verdict_text(context, standing, keyed, scoring=scoring)
        self._fill("verdict", verdict, "verdict")
        lines = max(3, self.query_one("#history", Static).content_size.height)
        history = view.history_text(context, standing.insertion.position, lines)
        self._fill("history", history, view.history_title(context))
        title = f"{view.call_title(context)} · {keyed('{review.prompt}')}: all of it"
        self._fill("call", view.call_excerpt(context), title)

    def on_resize(self) -> None:
        """The history is cut to the lines that there are: the acts below take more or fewer."""
        if self._again is not None:
            self.call_after_refresh(self._again)

    def _fill(self, name: str, text: Text, title: str) -> None:
        pane = self.query_one(f"#{name}", Static)
        pane.update(text, layout=False)  # whatever it holds, its room is the same
        pane.border_title = Text(title)
