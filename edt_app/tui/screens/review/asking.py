"""What the review screen asks before it acts: a reason, an anchor, a filter, a bulk act."""

from typing import TYPE_CHECKING

from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Choose
from edt_app.tui.screens.review import view
from edt_app.tui.screens.review.dialogs import Bulk, ChooseAnchor

if TYPE_CHECKING:
    from edt_app.tui.screens.review.screen import ReviewScreen
    from edt_app.tui.widgets.table_rows import Ids
    from edt_core.actions.reviewing import ItemContext

_PREVIEW = 10


def ask_reason(screen: "ReviewScreen") -> None:
    """Reject with a reason."""

    def rejected(reason: str | None) -> None:
        if reason:
            screen.acting.decide("reject", reason)

    def chosen(number: int | None) -> None:
        if number is None:
            return
        if number < len(view.REASONS):
            rejected(view.REASONS[number])
        else:
            screen.app.push_screen(Ask("Reason"), rejected)

    screen.app.push_screen(Choose("Reject because of", (*view.REASONS, "another reason")), chosen)


def ask_anchor(screen: "ReviewScreen") -> None:
    """Choose another anchor."""
    context = screen.context
    assert context is not None
    events = context.history.events
    now = [event.position for event in events]
    at = view.anchor_of(context)

    def chosen(number: int | None) -> None:
        if number is not None:
            screen.acting.edit(context.item.id, {"anchor_position": events[number].position})

    start = now.index(at) if at in now else None
    screen.app.push_screen(ChooseAnchor(view.anchor_lines(context), start), chosen)


def ask_filter(screen: "ReviewScreen") -> None:
    """Ask for a filter; a wrong condition is said in place."""

    def wrong(text: str) -> str:
        from edt_core.errors import UsageError
        from edt_core.store.predicate import parse

        try:
            where = view.parse_filter(text).where
            if where:
                parse(where)
        except UsageError as error:
            return f"{error.message} {error.hint}"
        return ""

    def narrow(text: str | None) -> None:
        if text is not None:
            screen.narrow(text)

    screen.app.push_screen(Ask(view.FILTER_HELP, screen.filter_words, check=wrong), narrow)


def seek_undecided(screen: "ReviewScreen") -> None:
    """The next item nobody decided on, from the top when there is none below."""
    from edt_core.store.review_context import next_undecided

    at = screen.table.cursor_row
    ids = screen.table.ids
    below, above = ids[at + 1 :], ids[: at + 1]

    def work() -> int | None:
        project = screen.session.project()
        found = next_undecided(project, below)  # type: ignore[arg-type]
        return found if found is not None else next_undecided(project, above)  # type: ignore[arg-type]

    def go(number: int | None) -> None:
        if number is None:
            screen.say("Every item here is decided.")
        else:
            screen.table.move_to(number)

    screen.read(work, go, group="next")


def ask_bulk(
    screen: "ReviewScreen",
    ids: "Ids",
    what: str,
    action: str = "",
    note: str = "",
    where: str = "",
) -> None:
    """Show the count and ten titles, then do what is answered."""
    first = ids[:_PREVIEW].tolist()

    def work() -> list[str]:
        from edt_core.store.queue_rows import queue_rows

        titles = {x.id: x.title for x in queue_rows(screen.session.project(), first)}
        return [titles[number] for number in first if number in titles]

    def answered(answer: str | None) -> None:
        if answer:
            screen.acting.decide_many(answer, ids, what, note, where)

    def show(titles: list[str]) -> None:
        asked = f"{what}; you pressed {action}" if action else what
        screen.app.push_screen(Bulk(asked, len(ids), titles), answered)

    screen.read(work, show, group="bulk")


def why_not(screen: "ReviewScreen", command: Command) -> str:
    """Why a key of the screen can't do anything now; empty when it can."""
    free = {"undo", "redo", "filter", "order", "export", "import_file", "back", "next"}
    if command.action in free:
        return ""
    if screen.table.cursor_id is None:
        return "there is no item here." if screen.read_once else "the queue is still being read."
    if command.action in {"bulk", "all"} and screen.partial:
        return "the rest of the queue is still being read."
    if command.action in {"edit", "editor", "anchor", "prompt", "pager", "rescore", "written"}:
        return _why_not_shown(screen, command)
    return ""


def _why_not_shown(screen: "ReviewScreen", command: Command) -> str:
    context = screen.context
    if context is None or context.item.id != screen.table.cursor_id:
        return "the item is still being read."
    if command.action == "written" and not view.changed_names(context):
        return "its text was not edited."
    if command.action == "rescore":
        return _why_not_scored(screen, context)
    if command.action == "anchor" and not context.history.events:
        return "this user has no training event."
    return ""


def _why_not_scored(screen: "ReviewScreen", context: "ItemContext") -> str:
    if context.item.verdict is None:
        return "it has no scores yet: a run makes them."
    if screen.standing is None or not screen.standing.outdated(context.item):
        return "its scores are of this text."
    return ""
