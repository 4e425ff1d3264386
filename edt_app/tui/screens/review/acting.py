"""Every act of the review screen that writes: durable before it is shown."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edt_app.paths import is_there, typed_path
from edt_app.tui.dialogs import Ask
from edt_app.tui.outside import edited
from edt_app.tui.screens.review import view
from edt_app.tui.screens.review.dialogs import EditItem
from edt_core.errors import InputError

if TYPE_CHECKING:
    from edt_app.tui.screens.review.screen import ReviewScreen
    from edt_app.tui.widgets.table_rows import Ids
    from edt_core.store.review_queue import GeneratedLine

_BY = "edt-app"
ANCHOR_OPTION = {"anchor_position": "anchor"}
"""As ``edt review edit --field`` calls it."""


class Acting:
    """Does what the review screen's keys ask for, and shows what came of it.

    Args:
        screen: The screen.
    """

    def __init__(self, screen: "ReviewScreen") -> None:
        self._screen = screen

    def decide(self, action: str, note: str = "") -> None:
        """Decide on the item under the cursor and go on; on a selection after a preview."""
        screen = self._screen
        chosen = screen.table.selection()
        if screen.all_selected:
            screen.ask_bulk(
                screen.table.ids, view.matching_words(screen.filter_words), action, note, shown=True
            )
        elif len(chosen) > 1:
            screen.ask_bulk(chosen, "the selection", action, note)
        else:
            self._decide_one(action, int(chosen[0]), note)

    def _decide_one(self, action: str, number: int, note: str) -> None:
        from edt_core.store.review import decide
        from edt_core.store.review_queue import generated_item

        screen = self._screen

        def work() -> "GeneratedLine":
            project = screen.session.project()
            decide(project, action, [number], by=_BY, note=note)
            return generated_item(project, number)

        def shown(line: "GeneratedLine") -> None:
            self._remember(action, number, note=note)
            screen.table.update_row(number, view.queue_row(line))
            if screen.table.cursor_id == number:
                screen.read_item()
            screen.progress.ask()

        if action != "reset":  # at once: a quick second key is about the next item
            screen.table.action_move(1)
        screen.write(work, shown)

    def decide_many(self, action: str, ids: "Ids", what: str, note: str, where: str) -> None:
        """Decide on many items as one act.

        Args:
            action: What is decided.
            ids: The items.
            what: Which items these are, in words: kept where there is no ``note``.
            note: The reason.
            where: The condition that they all fit and no other does; empty where there is none.
        """
        from edt_core.store.review import decide

        screen = self._screen

        def work() -> int:
            kept = note or what
            return decide(screen.session.project(), action, ids.tolist(), by=_BY, note=kept)

        def shown(changed: int) -> None:
            named = [] if where else ids.tolist()
            self._remember(action, *named, where=where, note=note)
            screen.all_selected = False
            screen.table.mark(())
            screen.table.action_end_span()
            self._everything()
            screen.say(f"{action}: {changed:,} items changed. {{review.undo}} undoes it.")

        screen.write(work, shown)

    def undo(self) -> None:
        """Take the last act back and go to its item."""
        self._step("undo")

    def redo(self) -> None:
        """Do it again and go to its item."""
        self._step("redo")

    def _step(self, way: str) -> None:
        from edt_core.store import review

        screen = self._screen

        def work() -> "tuple[int, int | None]":
            project = screen.session.project()
            return review.redone(project) if way == "redo" else review.undone(project)

        def shown(found: "tuple[int, int | None]") -> None:
            changed, item = found
            if not changed:
                screen.say(f"There is nothing to {way}.")
                return
            self._remember(way)
            if item is not None and not screen.table.move_to(item):
                screen.read_queue(cursor=item)
            self._everything()
            if changed > 1:
                screen.say(f"{way}: {changed:,} items.")

        screen.write(work, shown)

    def edit(self, number: int, fields: Mapping[str, Any]) -> None:
        """Keep changed fields, or a moved anchor."""
        from edt_core.store.review import edit

        screen = self._screen

        def work() -> int:
            return edit(screen.session.project(), number, fields, by=_BY)

        def shown(changed: int) -> None:
            named = {ANCHOR_OPTION.get(name, name): _typed(value) for name, value in fields.items()}
            self._remember("edit", number, field=named)
            self._everything()
            if not changed:
                return
            if not fields.keys() - {"anchor_position"}:
                screen.say("Anchor moved.")
            elif screen.standing is not None and screen.standing.scores_edits:
                screen.scoring.ask(number)
                screen.say("Saved; it is being scored again.")
            else:
                screen.say("Saved. {review.rescore} scores it now; a run does too.")

        screen.write(work, shown)

    def edit_by_form(self) -> None:
        """Ask for the fields, a line each."""
        item, now = self._now()

        def kept(changed: dict[str, str] | None) -> None:
            if changed:
                self.edit(item.id, changed)

        lines = now | {"categories": ", ".join(now["categories"])}
        title = f"Edit item {item.id}; what the model wrote stays on record"
        self._screen.app.push_screen(EditItem(title, lines), kept)

    def edit_as_json(self) -> None:
        """Let the user's editor change the fields."""
        item, now = self._now()
        text = json.dumps(now, indent=2, ensure_ascii=False) + "\n"
        after = edited(self._screen.app, text, ".json")
        if after is None:
            return
        try:
            fields = json.loads(after)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"That is no JSON: {error}.",
                hint="Nothing was changed; press {review.editor} and try again.",
            ) from None
        if not isinstance(fields, dict):
            raise InputError(
                "That is no JSON object.",
                hint="Nothing was changed; press {review.editor} and try again.",
            )
        changed = {name: value for name, value in fields.items() if now.get(name) != value}
        if changed:
            self.edit(item.id, changed)

    def _now(self) -> "tuple[GeneratedLine, dict[str, Any]]":
        context = self._screen.context
        assert context is not None
        return context.item, {n: getattr(context.item, n) for n in context.origin.written}

    def rescore(self) -> None:
        """Score the item's present text, whatever that costs."""
        number = self._now()[0].id
        self._remember("score", number)
        self._screen.scoring.ask(number)
        self._screen.read_item()

    def export(self) -> None:
        """Ask for a file and write the decisions into it."""
        from edt_core.actions.reviewing import write_decisions

        screen = self._screen

        def write(path: str | None) -> None:
            if not path:
                return
            file = typed_path(path)

            def shown(count: int) -> None:
                self._remember("export", file)
                screen.say(f"{count:,} decisions to {file}")

            screen.write(lambda: write_decisions(screen.session.project(), file), shown)

        def taken(path: str) -> str:
            file = typed_path(path)
            return f"✗ {file} exists. Choose another file." if path and is_there(file) else ""

        question = "Export the decisions to"
        screen.app.push_screen(Ask(question, "decisions.jsonl", check=taken, a_path=True), write)

    def import_file(self) -> None:
        """Ask for a file and make its decisions this project's."""
        from edt_core.actions.reviewing import read_decisions

        screen = self._screen

        def read(path: str | None) -> None:
            if not path:
                return
            file = typed_path(path)

            def shown(count: int) -> None:
                self._remember("import", file)
                self._everything()
                screen.say(f"{count:,} items changed")

            screen.write(lambda: read_decisions(screen.session.project(), file), shown)

        def missing(path: str) -> str:
            file = typed_path(path)
            there = not path or (is_there(file) and file.is_file())
            return "" if there else f"✗ There is no file {file}. Check the path."

        screen.app.push_screen(Ask("Import decisions from", check=missing, a_path=True), read)

    def _remember(self, *words: object, **options: object) -> None:
        name = self._screen.session.name
        self._screen.remember("review", "--project", name, *words, **options)

    def _everything(self) -> None:
        screen = self._screen
        screen.table.reload()
        screen.read_item()
        screen.progress.ask()


def _typed(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
