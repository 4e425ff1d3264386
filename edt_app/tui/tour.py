"""The first-run tour: one step a screen, on a finished project."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from edt_app.tui.base import EdtScreen

if TYPE_CHECKING:
    from edt_app.tui.app import EdtApp


@dataclass(frozen=True)
class TourStep:
    """What is told about one screen."""

    mode: str
    title: str
    text: str


STEPS = (
    TourStep(
        "data",
        "Data",
        "Two domains' logs and item texts, with Table 7 and Figure 1 of the paper. "
        "{data.form} fills in an import, {data.preview} previews it before anything is kept.",
    ),
    TourStep(
        "pipeline",
        "Pipeline",
        "The paper's stages in order. Each is computed once; a changed setting makes stale only "
        "what lies behind it. {pipeline.start} starts a run in a process of its own, "
        "{pipeline.stop} stops it.",
    ),
    TourStep(
        "prompts",
        "Prompts",
        "Every question to the language model and every answer, kept and never paid for twice. "
        "The demo answers them by a retrieval stand-in, which is no language model.",
    ),
    TourStep(
        "review",
        "Review",
        "Generated items before they train anything: {review.accept} accepts, "
        "{review.reject} rejects, {review.edit} edits, {review.undo} undoes. "
        "Held-out items are never shown here.",
    ),
    TourStep(
        "tune",
        "Tune",
        "{tune.less} and {tune.more} move the noise filter's threshold; counts, Table 7 and the "
        "items that would flip answer at once. {tune.apply} applies it.",
    ),
    TourStep(
        "train",
        "Train",
        "Loss, metrics, rate and device as they grow, both phases, several seeds. "
        "Closing the app stops nothing.",
    ),
    TourStep(
        "runs",
        "Runs",
        "Every run: mark two with {runs.mark} and compare settings, metrics and their "
        "significance.",
    ),
    TourStep(
        "user",
        "User",
        "One user's time line with what was inserted, the profile, and two models' answers.",
    ),
    TourStep(
        "settings",
        "Settings",
        "Every setting with its range and the paper's symbol, and what it would make stale. "
        "{app.help} shows a screen's keys, {app.palette} finds any action, {app.copy_command} "
        "copies it as a command line.",
    ),
)


class TourCard(ModalScreen[bool]):
    """One step's text over its screen; enter goes on, escape ends the tour."""

    DEFAULT_CSS = """
    TourCard { align: center bottom; background: transparent; }
    TourCard > Vertical { width: 92; max-width: 96%; height: auto; margin-bottom: 3;
      border: round $accent; background: $surface; padding: 0 2; }
    TourCard Static { width: 100%; }
    """
    BINDINGS = [
        Binding("enter,space,right", "go(True)", show=False),
        Binding("escape,q", "go(False)", show=False),
    ]

    def __init__(self, step: TourStep, number: int, total: int) -> None:
        super().__init__()
        self._step, self._number, self._total = step, number, total

    def compose(self) -> ComposeResult:
        """Title, text, keys."""
        screen = self.app.screen_stack[0]
        keyed = screen.keyed if isinstance(screen, EdtScreen) else str
        title = f"{keyed(f'{{go.{self._step.mode}}}')} {self._step.title}"
        text = Text(f"{title}   {self._number} of {self._total}\n", style="bold")
        text.append(f"{keyed(self._step.text)}\n", style="not bold")
        text.append("enter Next   esc End the tour", style="not bold dim")
        with Vertical():
            yield Static(text)

    def action_go(self, on: bool) -> None:
        """Next step or the end."""
        self.dismiss(on)


def walk(app: "EdtApp", project: str, number: int = 0) -> None:
    """Show step ``number`` on ``project`` and go on from there; the end leads to the projects."""
    if app.session.name != project:
        app.session.choose(project)

    def after(on: bool | None) -> None:
        if on and number + 1 < len(STEPS):
            walk(app, project, number + 1)
        else:
            app.go("projects")

    app.go(STEPS[number].mode)
    card = TourCard(STEPS[number], number + 1, len(STEPS))
    app.call_after_refresh(app.push_screen, card, after)


def offer(app: "EdtApp", project: str) -> None:
    """Say that the demo is done and ask for the tour; where a key could go astray, only say it."""
    from edt_app.tui.dialogs import Choose

    if len(app.screen_stack) > 1 or app.current_mode not in {"projects", "pipeline"}:
        told = "The demo is done. The tour in Projects walks through every screen of it."
        app.notify(told, markup=False, timeout=10)
        return

    def chosen(number: int | None) -> None:
        if number == 0:
            walk(app, project)

    lines = ("walk through every screen of it (the tour)", "not now")
    app.push_screen(Choose("The demo is done.", lines), chosen)
