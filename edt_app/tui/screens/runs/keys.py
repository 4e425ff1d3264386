"""What the runs screen can do, by key."""

from edt_app.tui.commands import Command

KEYS: tuple[Command, ...] = (
    Command(
        "runs.mark", "space", "Mark", "Mark the run, or unmark it.", "mark",
        no_line="A mark is this session's own; the commands name the marked runs.",
    ),
    Command(
        "runs.compare", "c", "Compare",
        "Compare the marked runs: settings that differ, metrics, paired tests.", "compare",
    ),
    Command(
        "runs.groups", "f", "Groups",
        "The marked runs by sequence length (Figure 4) and domain ratio (Table 4).", "groups",
    ),
    Command("runs.curves", "p", "Curves", "Plot the marked runs' curves.", "curves"),
    Command(
        "runs.metric_after", "right_square_bracket", "Metric", "Plot the next metric.",
        "metric_after",
    ),
    Command(
        "runs.metric_before", "left_square_bracket", "Before", "Plot the metric before.",
        "metric_before", footer=False,
    ),
    Command(
        "runs.details", "enter", "Details",
        "Stages, changed settings and metrics of the run under the cursor.", "details",
    ),
    Command(
        "runs.lineage", "l", "Lineage",
        "How much of what the run trained on was generated, and by which calls.", "lineage",
    ),
    Command(
        "runs.reference", "b", "Reference",
        "Test the other marked runs against the run under the cursor.", "reference",
    ),
    Command(
        "runs.export", "X", "Export",
        "Write the marked runs' tables and the curve as files into reports/.", "export",
    ),
    Command("runs.tag", "t", "Tag", "Give the run a tag.", "tag"),
    Command("runs.note", "n", "Note", "Write a note on the run.", "note"),
    Command(
        "runs.prompts", "P", "Prompts", "Go to the calls behind what the run was trained on.",
        "prompts", footer=False,
    ),
    Command("runs.pane", "tab", "Read", "Go between the table and what is below it.", "pane"),
    Command(
        "runs.delete", "f8", "Delete", "Forget the run; stored results stay.", "delete",
        danger=True,
    ),
)  # fmt: skip
