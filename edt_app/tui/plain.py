"""Marks, frames and bars for terminals that show ASCII alone; letters in data stay as they are."""

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_MARKS = str.maketrans(
    "✓✗●◌‖▸◂▶◀▲▼△○□■◆★•·✎…→←↑↓⇣⇄±¹²",
    "+x*.=><><^voo##*@*.e~><^v!=~12",
)
_LINES = (
    dict.fromkeys(range(0x2500, 0x2580), "+")
    | dict.fromkeys(map(ord, "─━┄┅┈┉╌╍═╴╶╸╺"), "-")
    | dict.fromkeys(map(ord, "│┃┆┇┊┋╎╏║╵╷╹╻"), "|")
)
_BLOCKS = dict.fromkeys(range(0x2580, 0x25A0), "#") | str.maketrans("░▒▓▚▞▌▁▔▏▕", ":=%/\\>_-||")
_DOTS = {0x2800: " "} | dict.fromkeys(range(0x2801, 0x2900), ".")
_TABLE: dict[int, str | int | None] = {**_LINES, **_BLOCKS, **_DOTS, **_MARKS}


def in_ascii(text: str) -> str:
    """``text`` with every mark, frame and bar of ours in ASCII; as wide as before."""
    return text if text.isascii() else text.translate(_TABLE)


class AsciiOnly(LineFilter):
    """Rewrites the lines of every widget, frames included."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments in ASCII."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
