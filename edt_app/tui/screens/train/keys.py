"""What the keys of the training monitor do."""

from edt_app.tui.commands import Command

KEYS: tuple[Command, ...] = (
    Command("train.stop", "x", "Stop", "Stop after this epoch, or at the next step.", "stop"),
    Command("train.go_on", "s", "Go on", "Start the same run again where it ended.", "go_on"),
    Command("train.charts_after", "right_square_bracket", "Charts", "The next charts.",
            "charts_after"),
    Command("train.charts_before", "left_square_bracket", "Before", "The charts before.",
            "charts_before", footer=False),
    Command("train.large", "enter", "Large", "One chart alone; tab chooses it.", "large"),
    Command("train.right", "right,l", "Inspect", "Crosshair a point on; all follow.", "right"),
    Command("train.left", "left,h", "Back", "Crosshair a point back.", "left", footer=False),
    Command("train.far_right", "pagedown", "Far", "Ten points on.", "far_right",
            footer=False),
    Command("train.far_left", "pageup", "Far back", "Ten points back.", "far_left",
            footer=False),
    Command("train.zoom_in", "plus,equals_sign", "Zoom", "Zoom in, all charts.", "zoom_in"),
    Command("train.zoom_out", "minus", "Out", "Zoom out.", "zoom_out", footer=False),
    Command("train.pan_left", "comma", "Pan left", "Earlier.", "pan_left", footer=False),
    Command("train.pan_right", "full_stop", "Pan right", "Later.", "pan_right", footer=False),
    Command("train.smooth", "m", "Smooth", "The next smoothing, all charts.", "smooth"),
    Command("train.log", "L", "Log", "Logarithmic scale of the chart in front.", "log"),
    Command("train.axis", "t", "x axis", "Steps, epochs or minutes.", "axis"),
    Command("train.phase", "p", "Phase", "Phase 1, phase 2, or the one that trains.", "phase"),
    Command("train.base", "b", "Base", "Lay another run's curves over these.", "base"),
    Command("train.run", "N,slash", "Run", "Choose the run to watch.", "run"),
    Command("train.note", "n", "Note", "Write a note on the run.", "note"),
    Command("train.kill", "f8", "Kill", "End the run's process; finished work stays.", "kill",
            danger=True),
)  # fmt: skip
