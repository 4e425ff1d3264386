"""The question before a run: what, how far, with which seeds, for how much."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, Static

from edt_app.terminal import safe_text
from edt_app.tui.widgets.entry import Entry

STEPS = (
    "import", "embed", "generate", "filter", "review", "insert", "profile", "pretrain", "finetune",
    "evaluate",
)  # fmt: skip
FIELDS = (
    ("until", "until", STEPS),
    ("from_", "anew from", STEPS),
    ("variant", "model", ("LLM-EDT", "SASRec", "GRU4Rec", "BERT4Rec", "Markov", "Popularity")),
    ("seed", "seeds", ("42 44 46",)),
    ("device", "device", ("auto", "cpu", "cuda")),
    ("max_cost", "cost cap, $", ()),
)
"""Option, label and what is suggested."""


def options(values: dict[str, str]) -> dict[str, object]:
    """The form's values as ``edt run``'s options; what is empty is left to the defaults."""
    got: dict[str, object] = {name: value.strip() for name, value in values.items()}
    got["seed"] = str(got.get("seed", "")).replace(",", " ").split()
    return {name: value for name, value in got.items() if value}


class StartRun(ModalScreen[dict[str, object] | None]):
    """A line each; enter starts, escape leaves.

    Args:
        line: The command line for some options.
        estimate: What the run would still ask and cost, in words.
    """

    AUTO_FOCUS = "Input"
    DEFAULT_CSS = """
    StartRun { align: center middle; }
    StartRun > Vertical { width: 76; max-width: 96%; height: auto; border: round $primary;
      background: $surface; padding: 0 1; }
    StartRun Horizontal { height: 1; }
    StartRun Label { width: 14; }
    StartRun Input { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    StartRun Input:focus { border: none; background: $primary 25%; }
    StartRun Static { height: auto; }
    """
    BINDINGS = [
        Binding("escape", "leave", show=False),
        # before the field sees them: what is typed right behind them lands in the next one
        Binding("up,shift+tab", "app.focus_previous", show=False, priority=True),
        Binding("down,tab", "app.focus_next", show=False, priority=True),
    ]

    def __init__(self, line: Callable[[dict[str, object]], str], estimate: str) -> None:
        super().__init__()
        self._line, self._estimate = line, estimate

    def compose(self) -> ComposeResult:
        """The lines, the command that they make, what it would cost."""
        with Vertical():
            yield Static("Start a run. What is stored is not computed or paid for again.")
            for name, label, known in FIELDS:
                with Horizontal():
                    yield Label(label)
                    yield Entry(id=name, suggester=SuggestFromList(known) if known else None)
            yield Static(safe_text(self._estimate), markup=False)
            yield Static(self._line({}), id="line", markup=False)
            yield Static("enter starts · → takes a suggestion · esc leaves")

    @property
    def chosen(self) -> dict[str, object]:
        """The options as they stand."""
        return options({name: self.query_one(f"#{name}", Input).value for name, _, _ in FIELDS})

    def on_input_changed(self) -> None:
        """Show the command that would be run."""
        self.query_one("#line", Static).update(safe_text(self._line(self.chosen)))

    def on_input_submitted(self) -> None:
        """Start."""
        self.dismiss(self.chosen)

    def action_leave(self) -> None:
        """Start nothing."""
        self.dismiss(None)
