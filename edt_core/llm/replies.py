"""Reading what a language model wrote (A.1): strict about meaning, tolerant about wrapping."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Model = TypeVar("Model", bound=BaseModel)

LONGEST_REPLY = 1_000_000
"""Letters of an answer that are looked at."""
MOST_ITEMS = 100
"""Items of one answer that are read, as ``generator.n_generate`` allows no more."""
MOST_CATEGORIES = 20

_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""C0, DEL, C1, bidi controls, invisible joiners and lone surrogates."""

_OPENING = re.compile(r"[{\[]")

_THINKING = re.compile(r"<(think(?:ing)?)>")


def clean(text: str, limit: int) -> str:
    """One line of safe text: no control, bidi or surrogate characters, at most ``limit`` letters.

    A longer text is cut at the last word that fits; a first word that is longer still, inside.
    """
    if not text.isascii() or not text.isprintable():
        text = unicodedata.normalize("NFC", _UNWANTED.sub(" ", text))
    text = " ".join(text[: 4 * limit + 64].split())
    if len(text) <= limit:
        return text
    head, space, _ = text[: limit + 1].rpartition(" ")
    return head if space else text[:limit]


def _as_text(value: Any) -> str:
    """Harmless other types as text: nothing, numbers, and lists of those."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise ValueError("a truth value stands where a text belongs")
    if isinstance(value, int | float):
        return f"{value:.12g}" if abs(value) < 1e12 else ""
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return "; ".join(_as_text(part) for part in value[:MOST_CATEGORIES])
    raise ValueError(f"a {type(value).__name__} stands where a text belongs")


def _line(limit: int) -> BeforeValidator:
    """A text field: one clean line; a model's "unknown" is as good as nothing."""

    def cleaned(value: Any) -> str:
        text = clean(_as_text(value), limit)
        return "" if text.casefold() in ("unknown", "none", "n/a") else text

    return BeforeValidator(cleaned)


def _names(value: Any) -> list[str]:
    """Categories as a list of names, from a list or from a text with separators."""
    if value is None:
        return []
    if isinstance(value, str):
        value = re.split(r"[;|>,]", value)
    if not isinstance(value, list):
        raise ValueError(f"a {type(value).__name__} stands where a list belongs")
    flat = [part for entry in value for part in (entry if isinstance(entry, list) else [entry])]
    names = [clean(_as_text(part), 100) for part in flat[:MOST_CATEGORIES]]
    return [name for name in names if name]


class GeneratedItem(BaseModel):
    """One item that a model wrote (3.2.1): the attributes of the item prompt."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: Annotated[str, _line(300)] = Field(min_length=1, description="name of the item")
    brand: Annotated[str, _line(100)] = Field(default="", description="brand")
    date: Annotated[str, _line(100)] = Field(default="", description="date of first sale")
    price: Annotated[str, _line(100)] = Field(default="", description="price")
    categories: Annotated[list[str], BeforeValidator(_names)] = Field(
        default_factory=list, description="category, from wide to narrow"
    )
    description: Annotated[str, _line(2000)] = Field(default="", description="short description")


def _readable_items(value: Any) -> Any:
    """The items that can be read, each title once; all of them when none can, for the reason."""
    if not isinstance(value, list):
        return value
    kept: list[Any] = []
    seen: set[str] = set()
    for entry in value[:MOST_ITEMS]:
        try:
            item = GeneratedItem.model_validate(entry)
        except ValidationError:
            continue
        if item.title.casefold() not in seen:
            seen.add(item.title.casefold())
            kept.append(item)
    return kept or value[:1]


class GeneratedItems(BaseModel):
    """The answer to a generation prompt: an object whose key ``items`` holds the list.

    Items that can't be read and repeated titles are left out; an answer without a single readable
    item is refused.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    items: Annotated[list[GeneratedItem], BeforeValidator(_readable_items)] = Field(min_length=1)


def read(text: str, answer: type[Model]) -> Model | str:
    """The answer that ``text`` holds, or one sentence on why it holds none.

    Code fences, talk around the JSON, a list or bare entries instead of the object, missing, extra
    and repeated keys (the last counts) and harmless types pass. Of a list that breaks off, the
    entries that are whole are read. No exception leaves, whatever the text.
    """
    reason = "The answer holds no JSON."
    for value in _candidates(list(_json_values(unwrapped(text))), answer):
        try:
            return answer.model_validate(value)
        except ValidationError as error:
            reason = _sentence(error)
        except (RecursionError, ValueError, OverflowError):
            reason = "The answer's JSON is nested too deep or holds impossible values."
    return reason


def read_plain(text: str, limit: int = 4000) -> str:
    """A plain-text answer as one safe line without fences, empty where nothing was said."""
    return clean(re.sub(r"```\w*", " ", unwrapped(text)), limit)


def unwrapped(text: str) -> str:
    """The answer without what a reasoning model thought before it; empty where it got no further.

    Some chat templates end the prompt in the opening tag, so that the closing one stands alone.
    """
    text = text[:LONGEST_REPLY].lstrip()
    if opened := _THINKING.match(text):
        return text.partition(f"</{opened[1]}>")[2].lstrip()
    thought, closed, rest = text.partition("</think>")
    return rest.lstrip() if closed and thought[:1] not in "{[`" else text


def _json_values(text: str) -> Iterator[Any]:
    """Objects and lists in ``text``, in their order, outermost only: fenced, bare or among talk."""
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    position = 0
    for _ in range(2 * MOST_ITEMS):
        found = _OPENING.search(text, position)
        if not found:
            return
        try:
            value, position = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            position = found.start() + 1
            continue
        yield value


def _candidates(values: list[Any], answer: type[BaseModel]) -> Iterator[Any]:
    """What may be meant, the likeliest first.

    For an answer that has one list alone: an object with its key, a list in its place, a list
    under another key, and last all bare objects as entries.
    """
    if len(answer.model_fields) != 1:
        yield from values
        return
    (name,) = answer.model_fields
    objects = [value for value in values if isinstance(value, dict)]
    yield from (value for value in objects if name in value)
    yield from ({name: value} for value in values if isinstance(value, list))
    bare = [value for value in objects if name not in value]
    for value in bare:
        lists = [entry for entry in value.values() if isinstance(entry, list)]
        if len(value) == len(lists) == 1:
            yield {name: lists[0]}
    if bare:
        yield {name: bare}


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the answer"
    return clean(f"The answer's {where} is wrong: {first['msg']}.", 300)
