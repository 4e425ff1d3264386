"""What the reviewer did last, in a few words."""

import time
from typing import TYPE_CHECKING

from rich.text import Text

from edt_app.terminal import safe_text
from edt_app.tui.commands import Keyed

if TYPE_CHECKING:
    from edt_core.store.review_context import Act

_NO_ACT = "no decision yet · {review.accept} accepts, {review.reject} rejects, {review.edit} edits"
_MARKS = {"accept": "✓", "reject": "✗", "edit": "✎", "reset": "·", "import": "⇣"}


def hour(moment: float) -> str:
    """Hour and minute of a moment, here."""
    return time.strftime("%H:%M", time.localtime(moment))


def act_text(act: "Act") -> str:
    """One act of the reviewer in a few words."""
    mark = _MARKS.get(act.action, "·")
    what = f"{act.items:,} items" if act.items > 1 else f"#{act.item} {safe_text(act.title)}"
    note = f" ({safe_text(act.note, width=30)})" if act.note else ""
    return f"{mark} {act.action}{note} {what}" + (" (undone)" if act.undone else "")


def acts_text(acts: list["Act"], lines: int, width: int, keyed: Keyed) -> Text:
    """The last acts, newest first; an undone one says so.

    In a single line it is the one that an undo would take back.
    """
    if not acts:
        return Text(keyed(_NO_ACT), "dim", no_wrap=True)
    if lines <= 1:
        standing = next((act for act in acts if not act.undone), None)
        does = [keyed("{review.undo} undoes")] if standing is not None else []
        does += [keyed("{review.redo} redoes")] if acts[0].undone else []
        told = " · ".join(("", *does))
        if standing is None:
            return Text(f"the last acts are undone{told}", no_wrap=True)
        room = max(10, width - len(told) - 8)
        return Text(f"last: {safe_text(act_text(standing), width=room)}{told}", no_wrap=True)
    text = Text(no_wrap=True)
    for act in acts[:lines]:
        line = f"{hour(act.at)}  {act_text(act)}"
        text.append(f"{line} · {safe_text(act.by)}\n" if act.by else f"{line}\n")
    text.rstrip()
    return text
