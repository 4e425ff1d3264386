"""The line above every screen and the lines below it."""

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from edt_app.terminal import safe_text
from edt_app.tui.commands import Command, footer_lines


class Header(Static):
    """Where one is on the left, what runs on the right."""

    DEFAULT_CSS = "Header { height: 1; background: $panel; color: $foreground; dock: top; }"

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._crumbs: tuple[str, ...] = ()
        self._strip = ""

    def say(self, crumbs: tuple[str, ...], strip: str) -> None:
        """Show the way here and the state of the run; both are plain text."""
        if (crumbs, strip) != (self._crumbs, self._strip):
            self._crumbs, self._strip = crumbs, strip
            self.refresh()

    def render(self) -> Text:
        """One line as wide as the screen.

        Why a run ended (behind the colon) is told where all of it has room; else the way here is
        cut first.
        """
        width = self.size.width
        crumbs = " ▸ ".join(("edt", *(safe_text(part) for part in self._crumbs if part)))
        strip = safe_text(self._strip)
        if cell_len(crumbs) + cell_len(strip) + 4 > width:
            strip = safe_text(strip.partition(": ")[0], width=max(10, width * 2 // 3))
        room = max(0, width - cell_len(strip) - 3)
        line = Text(f" {crumbs}", style="bold", no_wrap=True)
        line.truncate(room, overflow="ellipsis", pad=True)
        line.append("  ")
        line.append(strip)
        return line


class Footer(Static):
    """The keys of the screen, whole entries only; help always stands last."""

    DEFAULT_CSS = (
        "Footer { height: auto; max-height: 2; dock: bottom; background: $panel;"
        " color: $foreground; }"
    )

    def __init__(
        self, commands: tuple[Command, ...], keymap: dict[str, str], everywhere: tuple[str, ...]
    ) -> None:
        super().__init__(markup=False)
        self._commands = commands
        self._keymap = keymap
        self._everywhere = everywhere

    def render(self) -> Text:
        """As many whole entries as fit into two lines."""
        return Text("\n".join(self._lines()))

    def on_resize(self) -> None:
        """The number of lines depends on the width."""
        self.styles.height = len(self._lines()) or 1
        self.refresh()

    def _lines(self) -> list[str]:
        return footer_lines(self._commands, self._keymap, self.size.width, self._everywhere)


_MESSAGE, _HINT = 600, 300
"""The most letters of an error: 12 lines of 76 columns hold them, which 80x24 has room for."""


class ErrorCard(Static):
    """What went wrong and what to do, in place; gone with the next thing that works."""

    DEFAULT_CSS = (
        "ErrorCard { display: none; height: auto; max-height: 60%; border: heavy $error;"
        " padding: 0 1; dock: bottom; margin-bottom: 2; }"
        "ErrorCard.-shown { display: block; }"
    )

    def __init__(self) -> None:
        super().__init__(markup=False)

    def tell(self, message: str, hint: str = "") -> None:
        """Show an error as text; of a long one as much as leaves its hint in sight."""
        text = f"✗ {safe_text(message, width=_MESSAGE)}"
        self.update(Text(text + (f"\n  {safe_text(hint, width=_HINT)}" if hint else "")))
        self.add_class("-shown")

    def clear(self) -> bool:
        """Take it away; whether it was there."""
        shown = self.has_class("-shown")
        self.remove_class("-shown")
        return shown
