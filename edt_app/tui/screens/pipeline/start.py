"""The question before a run: what, how far, with which seeds, for how much."""

from collections.abc import Callable
from contextlib import suppress

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.timer import Timer
from textual.widgets import Input, Label, Static

from edt_app.terminal import safe_text
from edt_app.tui.widgets.entry import Entry
from edt_core.errors import UsageError

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
_LARGEST_SEED = 2**32 - 1
_PAUSE = 0.3
"""Seconds without a letter before it is worked out what the run would cost."""


def options(values: dict[str, str]) -> dict[str, object]:
    """The form's values as ``edt run``'s options; what is empty is left to the defaults."""
    got: dict[str, object] = {name: value.strip() for name, value in values.items()}
    got["seed"] = str(got.get("seed", "")).replace(",", " ").split()
    return {name: value for name, value in got.items() if value}


def wrong(chosen: dict[str, object]) -> str:
    """What ``edt run`` would refuse of the options, in a line; empty when nothing."""
    from edt_core.actions.jobs import named_step, named_variant, place

    try:
        steps = [named_step(str(chosen[name])) for name in ("from_", "until") if name in chosen]
        if "variant" in chosen:
            named_variant(str(chosen["variant"]))
    except UsageError as error:
        return f"{error.message} {error.hint}"
    if len(steps) == 2 and place(steps[0]) > place(steps[1]):
        return f"The stage {steps[0]} comes after {steps[1]}."
    for seed in chosen.get("seed", []):  # type: ignore[attr-defined]
        if not (seed.isascii() and seed.isdigit() and int(seed) <= _LARGEST_SEED):
            return f"A seed is a whole number of at most {_LARGEST_SEED}, not {seed!r}."
    if chosen.get("device", "auto") not in {"auto", "cpu", "cuda"}:
        return f"There is no device {chosen['device']!r}. Use auto, cpu or cuda."
    with suppress(ValueError):
        if float(str(chosen.get("max_cost", 0))) >= 0:
            return ""
    return f"The cost cap is a number of dollars, not {chosen['max_cost']!r}."


Estimate = Callable[[dict[str, object], Callable[[str], None]], None]
"""Works out what a run with some options would ask and cost, and hands it on in words."""


class StartRun(ModalScreen[dict[str, object] | None]):
    """A line each; enter starts, escape leaves.

    Args:
        line: The command line for some options.
        estimate: What a run with some options would ask and cost.
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

    def __init__(self, line: Callable[[dict[str, object]], str], estimate: Estimate) -> None:
        super().__init__()
        self._line, self._estimate = line, estimate
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The lines, the command that they make, what it would cost."""
        with Vertical():
            yield Static("Start a run. What is stored is not computed or paid for again.")
            for name, label, known in FIELDS:
                with Horizontal():
                    yield Label(label)
                    yield Entry(id=name, suggester=SuggestFromList(known) if known else None)
            yield Static(id="estimate", markup=False)
            yield Static(self._line({}), id="line", markup=False)
            yield Static(id="wrong", markup=False)
            yield Static("enter starts · → takes a suggestion · esc leaves")

    @property
    def chosen(self) -> dict[str, object]:
        """The options as they stand."""
        return options({name: self.query_one(f"#{name}", Input).value for name, _, _ in FIELDS})

    def on_mount(self) -> None:
        """Say what the run would cost as it stands."""
        self._work_out()

    def on_input_changed(self) -> None:
        """Show the command that would be run, and what it would cost after a pause."""
        self.query_one("#line", Static).update(safe_text(self._line(self.chosen)))
        self.query_one("#wrong", Static).update("")
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE, self._work_out)

    def _work_out(self) -> None:
        chosen = self.chosen
        if wrong(chosen):  # half a name maybe: said when it is to be started
            self._show("")
        else:
            self._show("…")
            self._estimate(chosen, lambda told: self._show(told, chosen))

    def _show(self, told: str, chosen: dict[str, object] | None = None) -> None:
        """What a run costs, unless other options stand there meanwhile."""
        if self.is_attached and chosen in (None, self.chosen):
            self.query_one("#estimate", Static).update(safe_text(told))

    def on_input_submitted(self) -> None:
        """Start what can be started; else say what can't."""
        refused = wrong(self.chosen)
        if refused:
            self.app.bell()
            self.query_one("#wrong", Static).update(f"✗ {safe_text(refused)}")
        else:
            self.dismiss(self.chosen)

    def action_leave(self) -> None:
        """Start nothing."""
        self.dismiss(None)
