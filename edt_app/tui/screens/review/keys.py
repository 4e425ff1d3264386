"""The keys of the review queue."""

from edt_app.tui.commands import Command


def _key(
    name: str,
    keys: str,
    label: str,
    text: str,
    *,
    footer: bool = True,
    action: str = "",
    no_line: str = "",
) -> Command:
    return Command(
        f"review.{name}", keys, label, text, action or name, footer=footer, no_line=no_line
    )


_SELECTED = "A selection is this session's own; what is done to it names its items or their filter."


KEYS = (
    _key("accept", "a", "Accept", "Insert the item whatever the filter says; go to the next."),
    _key("reject", "x", "Reject", "Leave the item out whatever the filter says; go to the next."),
    _key("reason", "X", "Reason", "Reject with a reason that is kept beside the decision."),
    _key("edit", "e", "Edit", "Change the item's fields; what the model wrote stays on record."),
    _key("skip", "space", "Skip", "Go to the next item without deciding."),
    _key("undo", "u", "Undo", "Take the last act back, of whatever session; again for more."),
    _key("redo", "U", "Redo", "Do again what was undone last."),
    _key("clear", "c", "Clear", "Take my decision back: the filter's word holds again."),
    _key("filter", "slash", "Filter", "Show what fits: direction, verdict, user, words, ..."),
    _key("next", "n", "Next open", "Go to the next item that nobody decided on."),
    _key("bulk", "b", "Bulk", "Decide on the selection, or all that match, after a preview."),
    _key("anchor", "m", "Anchor", "Insert the item after another of the user's training events."),
    _key("prompt", "p", "Prompt", "Read the whole prompt and answer."),
    _key("order", "s", "Sort", "Closest to the threshold, highest target score, or as generated."),
    _key("range", "v", "Range", "Select from here to the cursor; again to keep it.", footer=False,
         no_line=_SELECTED),
    _key("all", "V", "All", "Select all that match the filter.", footer=False,
         no_line=_SELECTED),
    _key("written", "tab", "As written", "Show the edited item or what the model wrote.",
         footer=False),
    _key("rescore", "r", "Score",
         "Score the edited text now; an edit does so itself where it is free.", footer=False),
    _key("editor", "E", "Editor", "Edit the item's fields as JSON in $EDITOR.", footer=False),
    _key("pager", "o", "Pager", "Read the prompt and answer in $PAGER.", footer=False),
    _key("export", "w", "Write file", "Export the decisions to a file of JSON lines.",
         footer=False),
    _key("import", "i", "Read file", "Import decisions that were exported.", footer=False,
         action="import_file"),
    _key("back", "escape", "Back", "Drop the selection, then the filter, then leave.",
         footer=False),
)  # fmt: skip
