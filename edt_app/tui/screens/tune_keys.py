"""The keys of the threshold tuner."""

from edt_app.tui.commands import Command

_DRAWN = "What is drawn changes nothing, so no command does it; edt tune tells both directions."

KEYS: tuple[Command, ...] = (
    Command("tune.less", "left", "-.01", "Lower the threshold by 0.01.", "less"),
    Command("tune.more", "right", "+.01", "Raise the threshold by 0.01.", "more"),
    Command("tune.little_less", "comma", "-.001", "Lower it by 0.001.", "little_less"),
    Command("tune.little_more", "full_stop", "+.001", "Raise it by 0.001.", "little_more"),
    Command("tune.rank_down", "minus", "k-", "Keep one rank less.", "rank_down"),
    Command("tune.rank_up", "plus,equals_sign", "k+", "Keep one rank more.", "rank_up"),
    Command("tune.source", "s", "Scores", "Draw target scores or source scores.", "source",
            no_line=_DRAWN),
    Command("tune.side", "d", "Direction", "Look at A to B, B to A or both.", "side",
            no_line=_DRAWN),
    Command("tune.kind", "percent_sign", "Kind", "Absolute score or percentile.", "kind"),
    Command("tune.exact", "t", "Type", "Type a threshold.", "exact"),
    Command("tune.presets", "P", "Presets", "Choose a named setting.", "presets"),
    Command("tune.log", "L", "Log", "Logarithmic bars, or not.", "log", footer=False,
            no_line=_DRAWN),
    Command("tune.apply", "A", "Apply", "Keep the draft in the settings.", "apply"),
    Command("tune.undo", "u", "Undo", "Take the last applied setting back.", "undo"),
    Command("tune.redo", "U", "Redo", "Apply it again.", "redo", footer=False),
    Command("tune.review", "r", "Review", "Go to the review queue.", "review"),
)  # fmt: skip
