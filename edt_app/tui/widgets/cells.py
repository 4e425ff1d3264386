"""Text in an exact number of terminal columns, whatever the data holds."""

from typing import Literal

from rich.cells import cell_len, get_character_cell_size

from edt_app.terminal import safe_text

Align = Literal["left", "right"]


def steady_text(text: str) -> str:
    """Safe text, with what is left of rare spaces and formats made visible too."""
    if text.isascii() and text.isprintable():
        return text
    clean = safe_text(text)
    if clean.isprintable():
        return clean
    return "".join(letter if letter.isprintable() else _visible(letter) for letter in clean)


def _visible(letter: str) -> str:
    """A space for a rare space, and a mark for a format or an unassigned character."""
    return " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"


def fit(text: str, width: int, align: Align = "left", more: str = "…") -> str:
    """``text`` made safe and cut or padded to exactly ``width`` columns; ``more`` marks a cut."""
    if width <= 0:
        return ""
    # four letters a column leave room for accents; what is beyond them is never measured
    clean = steady_text(text[: 4 * width + 4])
    used = cell_len(clean)
    if used > width or len(text) > 4 * width + 4:
        clean = cut(clean, width - 1) + more
        used = cell_len(clean)
    blank = " " * (width - used)
    return blank + clean if align == "right" else clean + blank


def cut(text: str, width: int) -> str:
    """The longest start of ``text`` that takes no more than ``width`` columns."""
    if text.isascii():
        return text[: max(0, width)]
    used = 0
    for at, letter in enumerate(text):
        used += get_character_cell_size(letter)
        if used > width:
            return text[:at]
    return text


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns, broken at a space where the second half has one."""
    lines = []
    for line in text.split("\n"):
        clean, start = steady_text(line), 0
        while True:
            ahead = clean[start : start + 2 * width + 2]  # accents included, never the whole rest
            head = cut(ahead, max(1, width))
            if head == ahead or width < 2:
                lines.append(clean[start:])
                break
            space = head.rfind(" ")
            end = space + 1 if space > width // 2 else max(1, len(head))
            lines.append(head[:end] or ahead[:1])
            start += end
    return lines


def hanging(start: str, text: str, width: int) -> str:
    """``start`` and ``text`` in lines of ``width`` columns; what follows the first is indented."""
    indent = cell_len(start)
    lines = wrapped(text, max(8, width - indent))
    return start + f"\n{' ' * indent}".join(line.rstrip() for line in lines)
