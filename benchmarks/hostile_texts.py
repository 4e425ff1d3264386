"""Texts of an enemy, each with a mark of its own by which it is found on a screen."""

import random
import re

PARAMETER = "7777"
"""Stands in every escape sequence here, and in none that a program draws with."""

ESCAPES = (
    "\x1b[7777m", "\x1b[7777;7777H", "\x1b[7777J", "\x1b[?7777h", "\x1b[>7777u", "\x1b[7777 q",
    "\x1b]0;7777\x07", "\x1b]2;7777\x1b\\", "\x1b]52;c;Nzc3Nw==\x07", "\x1b]10;#7777\x07",
    "\x1b]8;;file:///7777\x1b\\x\x1b]8;;\x1b\\", "\x1bP7777q\x1b\\", "\x1b_G7777\x1b\\",
    "\x1b^7777\x1b\\", "\x1bX7777\x1b\\", "\x1bc", "\x1bM", "\x1b(0", "\x1b%G", "\x1b#8", "\x1b",
    "\x9b7777m", "\x9d0;7777\x9c", "\x90q7777\x9c", "\x9f7777\x9c", "\x98", "\x85", "\x8d",
)  # fmt: skip
"""CSI, OSC with titles, links and the clipboard, DCS, APC, PM, SOS, resets, and all in 8 bits."""
CONTROLS = ("\x07", "\x08\x08\x08", "\x0b", "\x0c", "\x0e", "\x0f", "\x18", "\x7f")
OF_LINES = ("\x00", "\r", "\n", "\r\n", "\t", "\u2028")
MARKUP = (
    "[bold]", "[/]", "[/x]", "[@click=app.quit]x[/]", "[link=file:///etc]", "[red on red]", "\\[b]",
    "$text", "{0}", "%s", "[",
)  # fmt: skip
LETTERS = (
    "\u202e", "\u202a", "\u2066", "\u2069", "\u200f", "\u061c",  # bidi
    "\u200b", "\u2060", "\ufeff", "\u00ad", "\u2063", "\u115f", "\u3164", "\U000e0041",  # no width
    "e\u0301", "\u0301\u0302\u0303", "ก็", "क्षि", "日本", "ｱ", "\uff21", "ﷺ", "\u1100\u1161", "𒐫",
    "👍🏽", "👩‍👩‍👧", "🇩🇪", "☺️", "☺︎", "❤️‍🔥", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣",
    "\ud800", "\udfff", "\ue000", "\U0010ffff", "\ufffe", "\u0378", "\xa0", "\u3000",
    "é", "a", " ", "|", "\u2502", "x" * 12,
)  # fmt: skip
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MARK = re.compile(r"Q([0-9a-z]{4})Z")


class Texts:
    """Makes them, always the same ones for a seed."""

    def __init__(self, seed: int = 7) -> None:
        self.count = 0
        self._random = random.Random(seed)
        self._pieces = (*ESCAPES, *CONTROLS, *MARKUP, *LETTERS)

    def one(self, *, most: int = 5, lines: bool = True) -> str:
        """A text of up to ``most`` pieces behind its mark, half of them with one before it.

        One in a thousand is very long; without ``lines`` it has none and no NUL.
        """
        pieces = (*self._pieces, *OF_LINES) if lines else self._pieces
        draw = self._random
        start = draw.choice(pieces) if draw.random() < 0.5 else ""
        rest = "".join(draw.choices(pieces, k=draw.randint(1, most)))
        if most > 1 and draw.random() < 0.001:
            rest *= 2000
        return f"{start}{self._mark()}{rest}"

    def storable(self, **options: int) -> str:
        """One that UTF-8 can hold: its lone surrogates are spelled out, as the store does it."""
        return self.one(**options).encode("utf-8", "backslashreplace").decode("utf-8")

    def many(self, count: int) -> list[str]:
        """``count`` of them."""
        return [self.one() for _ in range(count)]

    def _mark(self) -> str:
        number, self.count = self.count, self.count + 1
        letters = ""
        for _ in range(4):
            number, digit = divmod(number, len(_DIGITS))
            letters += _DIGITS[digit]
        return f"Q{letters}Z"


def marks(text: str) -> set[str]:
    """The marks of the texts that are seen in ``text``."""
    return set(_MARK.findall(text))
