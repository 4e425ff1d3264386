"""Item records of any layout as clean texts (3.2.2, A.1)."""

import ast
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from edt_core.data.catalogue import ItemText
from edt_core.data.interactions import ITEM, id_problem

FIELDS = {
    "title": ("title", "name", "item_name"),
    "brand": ("brand", "store", "manufacturer"),
    "date": ("date", "release_date", "year"),
    "price": ("price",),
    "categories": ("categories", "category", "genres", "genre", "class"),
    "description": ("description", "desc"),
}
"""The names under which a text is found, in lower case, the best one first."""

LONGEST = {"title": 400, "brand": 120, "date": 40, "price": 40, "description": 2000}
"""Letters kept of each text."""
LONGEST_CATEGORY, MOST_CATEGORIES = 80, 16
LONGEST_LITERAL = 256 << 10
"""A Python literal takes hundreds of times its length while it is parsed."""


def item_id(record: Mapping[str, Any]) -> str:
    """The record's id as text.

    Raises:
        ValueError: it has none that can serve as one.
    """
    value = _first(record, ITEM)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if problem := id_problem(value):
        raise ValueError(f"item id {problem}")
    return str(value)


def item_text(record: Mapping[str, Any]) -> ItemText:
    """The texts of an item from a record whose field names are in lower case."""
    found = {field: _first(record, names) for field, names in FIELDS.items()}
    details = record.get("details")
    if not found["date"] and isinstance(details, Mapping):  # 2023
        found["date"] = details.get("Date First Available", "")
    text = {field: clean(_flat(found[field]), most) for field, most in LONGEST.items()}
    if "getTime()" in text["title"]:  # 2018: a script of the page where the title should be
        text["title"] = ""
    if not _PRICE.fullmatch(text["price"]):  # 2018: a style sheet where the price should be
        text["price"] = ""
    return ItemText(**text, categories=_categories(found["categories"]))


def completeness(text: ItemText) -> tuple[int, int]:
    """How much is known of an item: texts that say something, then letters."""
    words = (text.title, text.brand, text.date, text.price, text.categories, text.description)
    return sum(map(bool, words)), sum(map(len, words))


def clean(text: str, longest: int) -> str:
    """A text fit for people and models: at most ``longest`` letters of plain words.

    Markup, entities, control and bidi characters, terminal sequences and lone surrogates go.
    """
    text = text[: 4 * longest]  # what follows costs time by length
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if not text.isprintable():
        text = _CONTROL.sub("", _TERMINAL.sub("", text))
    return " ".join(text.split())[:longest].rstrip()


def literal(text: str) -> Any:
    """A Python literal (2014 metadata) as a value; parsed, never evaluated.

    Raises:
        ValueError: it is none, or too long or too deep to parse safely.
    """
    if len(text) > LONGEST_LITERAL:
        raise ValueError(f"a literal longer than {LONGEST_LITERAL >> 10} KB")
    try:
        return ast.literal_eval(text)
    except (SyntaxError, TypeError, RecursionError, MemoryError, ValueError):
        raise ValueError("neither JSON nor a Python literal") from None


_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
_CONTROL = re.compile(  # white space is left: it becomes a blank
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_PRICE = re.compile(r"(?:from )?[$€£¥]?\s?[\d.,]+(?: ?- ?[$€£¥]?\s?[\d.,]+)?(?: [A-Z]{3})?")


def _first(record: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((record[name] for name in names if record.get(name)), "")


def _flat(value: Any) -> str:
    """A text, a number or a list of paragraphs (2018, 2023) as one text."""
    if isinstance(value, list | tuple):
        return " ".join(part for part in value[:50] if isinstance(part, str))
    return str(value) if isinstance(value, str | int | float) else ""


def _categories(value: Any) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for part in _parts(value):
        if name := clean(part, LONGEST_CATEGORY):
            names[name] = None
        if len(names) == MOST_CATEGORIES:
            break
    return tuple(names)


def _parts(value: Any) -> Iterator[str]:
    """Category names from a list, a list of paths (2014), or a text that writes either."""
    if isinstance(value, str):
        listed = value.lstrip()[:1] in {"[", "'", '"'}
        yield from _listed(value.strip()) if listed else re.split(r"[|>]", value)
    elif isinstance(value, list | tuple):
        for part in value:
            if isinstance(part, list | tuple):
                yield from (name for name in part if isinstance(name, str))
            elif isinstance(part, str):
                yield part


def _listed(text: str) -> Iterator[str]:
    inside = text if text.startswith("[") else f"[{text}]"
    for read in (json.loads, literal):
        try:
            value = read(inside)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, list):
            yield from _parts(value)
            return
    yield text.strip("[]'\" ")
