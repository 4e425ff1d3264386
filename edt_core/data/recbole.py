"""RecBole's atomic files: tab-separated ``.inter`` and ``.item`` with a ``name:type`` header."""

from collections.abc import Iterator, Mapping
from typing import Any

from edt_core.data import delimited
from edt_core.data.delimited import Layout
from edt_core.data.interactions import Events
from edt_core.data.source import Source
from edt_core.errors import InputError

TYPES = {"token", "token_seq", "float", "float_seq"}


def read_interactions(source: Source, reviewed: bool = False) -> Iterator[Events]:
    """The interactions of a ``.inter`` file.

    Raises:
        InputError: the header names no types, or no user, item or time stamp.
    """
    layout, _ = _header(source)
    return delimited.read_interactions(source, layout, reviewed)


def read_items(source: Source) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The records of a ``.item`` file with their line numbers.

    Raises:
        InputError: the header names no types, or no item.
    """
    layout, types = _header(source)
    listed = {name for name, kind in types.items() if kind == "token_seq"}
    for line, record in delimited.read_records(source, layout):
        yield line, {name: _value(name in listed, text) for name, text in record.items()}


def _header(source: Source) -> tuple[Layout, dict[str, str]]:
    parts = [field.strip().lower().rpartition(":") for field in source.first_line().split("\t")]
    types = {name: kind for name, _, kind in parts}
    if not types or not set(types.values()) <= TYPES:
        raise InputError(
            f"{source.path} is no RecBole atomic file: its first line is not name:type by tabs.",
            hint="Such as 'user_id:token<tab>item_id:token<tab>timestamp:float'.",
        )
    return Layout("\t", [name for name, _, _ in parts], quoted=False), types


def _value(listed: bool, text: str) -> Any:
    """A sequence's words are kept apart unless the text itself quotes its parts."""
    return text.split(" ") if listed and "'" not in text else text
