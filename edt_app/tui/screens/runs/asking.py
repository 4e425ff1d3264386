"""What the screen of runs asks for: a tag, a note."""

from typing import TYPE_CHECKING

from edt_app.tui.dialogs import Ask

if TYPE_CHECKING:
    from edt_app.tui.screens.runs.screen import RunsScreen


def ask_field(screen: "RunsScreen", question: str, field: str) -> None:
    """Ask for a run's ``tag`` or ``note`` and keep it."""
    number = screen.current

    def work(text: str) -> None:
        from edt_core.store.runs import label_run

        label_run(screen.session.project(), number, **{field: text})

    def answer(text: str | None) -> None:
        if text is not None:
            screen.remember("runs", "--project", screen.session.name, field, "--", number, text)
            screen.write(lambda: work(text), lambda _: screen.project_changed())

    screen.app.push_screen(Ask(f"{question} {number}", screen.rows[number][field]), answer)
