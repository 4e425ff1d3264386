"""The app's screens: a digit each. Every screen's code is imported when it is first gone to."""

from collections.abc import Callable
from dataclasses import dataclass

from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command


@dataclass(frozen=True)
class Place:
    """One screen and the key that leads to it."""

    mode: str
    key: str
    label: str
    help: str
    make: Callable[[], EdtScreen]

    @property
    def command(self) -> Command:
        """The way to it: its key can be chosen as any other."""
        return Command(f"go.{self.mode}", self.key, self.label, self.help, f"go('{self.mode}')")


def _projects() -> EdtScreen:
    from edt_app.tui.screens.projects import ProjectsScreen

    return ProjectsScreen()


def _review() -> EdtScreen:
    from edt_app.tui.screens.review.screen import ReviewScreen

    return ReviewScreen()


def _tune() -> EdtScreen:
    from edt_app.tui.screens.tune import TuneScreen

    return TuneScreen()


def _runs() -> EdtScreen:
    from edt_app.tui.screens.runs.screen import RunsScreen

    return RunsScreen()


def _settings() -> EdtScreen:
    from edt_app.tui.screens.settings.screen import SettingsScreen

    return SettingsScreen()


def _prompts() -> EdtScreen:
    from edt_app.tui.screens.prompts import PromptsScreen

    return PromptsScreen()


def _data() -> EdtScreen:
    from edt_app.tui.screens.data.screen import DataScreen

    return DataScreen()


def _pipeline() -> EdtScreen:
    from edt_app.tui.screens.pipeline.screen import PipelineScreen

    return PipelineScreen()


def _user() -> EdtScreen:
    from edt_app.tui.screens.user.screen import UserScreen

    return UserScreen()


def _train() -> EdtScreen:
    from edt_app.tui.screens.train.screen import TrainScreen

    return TrainScreen()


PLACES: tuple[Place, ...] = (
    Place("projects", "1", "Projects", "Every project: choose, make, copy, delete.", _projects),
    Place("data", "2", "Data", "The data set; import with a preview.", _data),
    Place("pipeline", "3", "Pipeline", "The stages in order; start and stop runs.", _pipeline),
    Place("prompts", "4", "Prompts", "Every call: prompt, answer, parsed, attempts.", _prompts),
    Place("review", "5", "Review", "Generated items: accept, reject, edit, one key each.", _review),
    Place(
        "tune", "6", "Tune", "Threshold (tau) and rank of the noise filter, answered live.", _tune
    ),
    Place("train", "7", "Train", "Curves as they grow, phase by phase, seed by seed.", _train),
    Place("runs", "8", "Runs", "Every run: compare, plot, trace, export, delete.", _runs),
    Place("user", "9", "User", "One user: sequence, inserted items, profile, ranks.", _user),
    Place(
        "settings",
        "0",
        "Settings",
        "Every setting, what it may be, and what it makes stale.",
        _settings,
    ),
)
