"""What the review asks: new texts of an item, a bulk act with its preview, an anchor."""

from collections.abc import Mapping, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from edt_app.terminal import safe_text
from edt_app.tui.widgets.entry import Entry
from edt_app.tui.widgets.moving import Choices
from edt_app.tui.widgets.text_pane import TextPane

_FRAME = "border: round $primary; background: $surface; padding: 0 1;"


class EditItem(ModalScreen[dict[str, str] | None]):
    """The fields of an item, a line each; the changed ones, or None when left."""

    AUTO_FOCUS = "Input"

    DEFAULT_CSS = f"""
    EditItem {{ align: center middle; }}
    EditItem > Vertical {{ width: 90%; height: auto; max-height: 100%; {_FRAME} }}
    EditItem VerticalScroll {{ height: auto; max-height: 100%; }}
    EditItem Input {{ height: 1; border: none; padding: 0 1; background: $panel; }}
    EditItem Input:focus {{ border: none; background: $primary 30%; }}
    """
    BINDINGS = [
        Binding("escape", "leave", show=False),
        # before the field sees them: what is typed right behind them lands in the next one
        Binding("up,shift+tab", "app.focus_previous", show=False, priority=True),
        Binding("down,tab", "app.focus_next", show=False, priority=True),
    ]

    def __init__(self, title: str, fields: Mapping[str, str]) -> None:
        super().__init__()
        self._title = title
        self._fields = {name: safe_text(value) for name, value in fields.items()}

    def compose(self) -> ComposeResult:
        """Names above lines."""
        with Vertical(), VerticalScroll():
            yield Static(Text(safe_text(self._title), "bold"))
            for name, value in self._fields.items():
                yield Static(Text(name + (", with commas between" if name == "categories" else "")))
                yield Entry(value, id=name)
            yield Static(Text("enter saves · tab and arrows go on · esc leaves it as it was"))

    def on_input_submitted(self) -> None:
        """Give back what changed."""
        values = {name: self.query_one(f"#{name}", Input).value for name in self._fields}
        self.dismiss({k: v for k, v in values.items() if v != self._fields[k]})

    def action_leave(self) -> None:
        """Leave without a change."""
        self.dismiss(None)


class Bulk(ModalScreen[str | None]):
    """What to do to many items: their count and first titles, then accept, reject or reset."""

    DEFAULT_CSS = f"""
    Bulk {{ align: center middle; }}
    Bulk Static {{ text-wrap: nowrap; text-overflow: ellipsis; }}
    Bulk > Vertical {{ width: 90%; height: auto; max-height: 100%; {_FRAME} }}
    """
    BINDINGS = [
        Binding("a", "do('accept')", show=False),
        Binding("x", "do('reject')", show=False),
        Binding("c", "do('reset')", show=False),
        Binding("escape,q,n", "leave", show=False),
    ]

    def __init__(self, what: str, count: int, titles: Sequence[str]) -> None:
        super().__init__()
        self._what, self._count, self._titles = what, count, titles

    def compose(self) -> ComposeResult:
        """Count, ten titles, keys."""
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{self._count:,} items: {safe_text(self._what)}\n", "bold")
        for title in self._titles:
            text.append(f"  + {safe_text(title)}\n")
        rest = self._count - len(self._titles)
        if rest > 0:
            text.append(f"  … {rest:,} more\n")
        text.append("\na accept all   x reject all   c clear all decisions   esc nothing\n")
        text.append("One undo (u) takes it back.", "dim")
        with Vertical():
            yield Static(text)

    def action_do(self, action: str) -> None:
        """Answer."""
        self.dismiss(action)

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)


class ChooseAnchor(ModalScreen[int | None]):
    """One of the user's training events, by arrow; its number, or None when left."""

    DEFAULT_CSS = f"""
    ChooseAnchor {{ align: center middle; }}
    ChooseAnchor > Vertical {{ width: 90%; height: auto; max-height: 100%; {_FRAME} }}
    ChooseAnchor OptionList {{ height: auto; max-height: 16; border: none; }}
    ChooseAnchor OptionList:focus {{ border: none; }}
    ChooseAnchor OptionList {{ text-wrap: nowrap; text-overflow: ellipsis; }}
    """
    BINDINGS = [
        Binding("escape,q", "leave", show=False),
    ]

    def __init__(self, lines: Sequence[str], at: int | None) -> None:
        super().__init__()
        self._lines, self._at = lines, at

    def compose(self) -> ComposeResult:
        """The training events in their order."""
        with Vertical():
            yield Static(Text("Insert after which training event?", "bold"))
            yield Choices(
                *(
                    Option(Text(safe_text(line), no_wrap=True, overflow="ellipsis"))
                    for line in self._lines
                )
            )
            yield Static(Text("enter chooses · esc leaves it · held-out events are never offered"))

    def on_mount(self) -> None:
        """Start at the present anchor."""
        self.query_one(OptionList).highlighted = self._at

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter chooses."""
        self.dismiss(event.option_index)

    def action_leave(self) -> None:
        """Leave the anchor where it is."""
        self.dismiss(None)


class Reading(ModalScreen[None]):
    """A long text in front of the screen."""

    DEFAULT_CSS = f"""
    Reading TextPane {{ scrollbar-gutter: stable; }}
    Reading > Vertical {{ width: 100%; height: 100%; {_FRAME} }}
    """
    BINDINGS = [Binding("escape,q,p", "leave", show=False)]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """The title above the text."""
        with Vertical():
            yield Static(Text(f"{safe_text(self._title)} · esc goes back · w wraps", "bold"))
            yield TextPane(self._text)

    def on_mount(self) -> None:
        """Arrows scroll at once."""
        self.query_one(TextPane).focus()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss(None)
