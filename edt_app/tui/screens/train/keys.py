"""What the keys of the training monitor do."""

from edt_app.tui.commands import Command


def _view(name: str, keys: str, label: str, text: str, *, footer: bool = True) -> Command:
    """One that only changes how curves are looked at."""
    reason = "How curves are looked at is kept nowhere, so no command does it."
    return Command(f"train.{name}", keys, label, text, name, footer=footer, no_line=reason)


KEYS: tuple[Command, ...] = (
    Command("train.stop", "x", "Stop", "Stop after this epoch, or now; it resumes.", "stop"),
    Command("train.go_on", "s", "Go on", "Start the same run again where it ended.", "go_on"),
    _view("charts_after", "right_square_bracket", "Charts", "The next charts."),
    _view("charts_before", "left_square_bracket", "Before", "The charts before.", footer=False),
    _view("large", "enter", "Large", "One chart alone; tab chooses it."),
    _view("right", "right,l", "Inspect", "Crosshair a point on; all follow."),
    _view("left", "left,h", "Back", "Crosshair a point back.", footer=False),
    _view("far_right", "pagedown", "Far", "Ten points on.", footer=False),
    _view("far_left", "pageup", "Far back", "Ten points back.", footer=False),
    _view("zoom_in", "plus,equals_sign", "Zoom", "Zoom in, all charts."),
    _view("zoom_out", "minus", "Out", "Zoom out.", footer=False),
    _view("pan_left", "comma", "Pan left", "Earlier.", footer=False),
    _view("pan_right", "full_stop", "Pan right", "Later.", footer=False),
    _view("smooth", "m", "Smooth", "The next smoothing, all charts."),
    _view("log", "L", "Log", "Logarithmic scale of the chart in front."),
    _view("axis", "t", "x axis", "Steps, epochs or minutes."),
    _view("phase", "p", "Phase", "Phase 1, phase 2, or the one that trains."),
    _view("base", "b", "Base", "Lay another run's curves over these."),
    Command("train.run", "N,slash", "Run", "Choose the run to watch.", "run"),
    Command("train.note", "n", "Note", "Write a note on the run.", "note"),
    Command("train.kill", "f8", "Kill", "End the run by force; it resumes.", "kill",
            danger=True),
)  # fmt: skip
