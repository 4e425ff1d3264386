"""The import's form: one line a field, paths completed from the file system."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.suggester import Suggester, SuggestFromList
from textual.widgets import Input, Label

from edt_app.tui.widgets.entry import Entry, PathSuggester
from edt_app.tui.widgets.text_pane import TextPane


@dataclass(frozen=True)
class FormField:
    """One line of the form."""

    name: str
    label: str
    value: str = ""
    choices: Sequence[str] = ()
    path: bool = False


FIELDS = (
    FormField("format", "format", "csv", ("csv", "amazon", "recbole")),
    FormField("recipe", "recipe", "paper", ("paper", "dedup", "none")),
    FormField("a_name", "A name"),
    FormField("a_events", "A interactions", path=True),
    FormField("a_items", "A items", path=True),
    FormField("b_name", "B name"),
    FormField("b_events", "B interactions", path=True),
    FormField("b_items", "B items", path=True),
    FormField("min_user", "min. per user"),
    FormField("min_item", "min. per item"),
    FormField("after", "after"),
    FormField("before", "before"),
)


class Line(Entry):
    """A field that gives the keys back on escape, to what stands beside the form."""

    BINDINGS = [
        Binding("escape", "leave", show=False),
        # before the field sees them: what is typed right behind them lands in the next one
        Binding("up,shift+tab", "app.focus_previous", show=False, priority=True),
        Binding("down,tab", "app.focus_next", show=False, priority=True),
    ]

    def on_focus(self) -> None:
        """Suggest what completes the text that stands there, too, not only the next letter's."""
        if self.suggester is not None and self.value:
            self.run_worker(self.suggester._get_suggestion(self, self.value))

    def action_leave(self) -> None:
        """Let the screen have the keys, and its text the arrows."""
        self.screen.query_one(TextPane).focus()


class ImportForm(VerticalScroll, can_focus=False):
    """Every option of ``edt import``."""

    DEFAULT_CSS = """
    ImportForm { height: auto; max-height: 14; }
    ImportForm > Horizontal { height: 1; }
    ImportForm Label { width: 16; }
    ImportForm Input { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    ImportForm Input:focus { border: none; background: $primary 25%; }
    """

    def compose(self) -> ComposeResult:
        """The lines."""
        for field in FIELDS:
            suggester: Suggester | None = PathSuggester() if field.path else None
            if field.choices:
                suggester = SuggestFromList(field.choices)
            with Horizontal():
                yield Label(field.label)
                yield Line(field.value, id=field.name, suggester=suggester)

    def reset(self) -> None:
        """The values that it begins with."""
        for field in FIELDS:
            self.query_one(f"#{field.name}", Input).value = field.value

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields."""
        return {field.name: self.query_one(f"#{field.name}", Input).value for field in FIELDS}


def arguments(values: dict[str, str]) -> tuple[list[str], str]:
    """The words behind ``edt import``, and what is missing as a sentence.

    The files are checked by the import itself; a form can only be incomplete.
    """
    got = {name: value.strip() for name, value in values.items()}
    missing = [field.label for field in FIELDS if field.name in _NEEDED and not got[field.name]]
    if missing:
        return [], f"Still empty: {', '.join(missing)}."
    words = ["--format", got["format"], "--recipe", got["recipe"]]
    for side in ("a", "b"):
        paths = [_expanded(got[f"{side}_{part}"]) for part in ("events", "items")]
        files = ",".join(path for path in paths if path)
        words += [f"--domain-{side}", f"{got[f'{side}_name']}={files}"]
    words += list(_optional(got))
    return words, ""


_NEEDED = frozenset({"format", "recipe", "a_name", "a_events", "b_name", "b_events"})


def _expanded(path: str) -> str:
    return str(Path(path).expanduser()) if path.startswith("~") else path


def _optional(got: dict[str, str]) -> Iterable[str]:
    for name in ("min_user", "min_item", "after", "before"):
        if got[name]:
            yield f"--{name.replace('_', '-')}"
            yield got[name]
