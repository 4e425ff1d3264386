"""JSON lines, block by block: all lines at once, or line by line where one is broken."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from edt_core.data.source import Block, Source

T = TypeVar("T")


def decoded(
    source: Source, kind: type[T], fallback: Callable[[str], T] | None = None
) -> Iterator[tuple[Sequence[int], list[T]]]:
    """Blocks of records with their line numbers; lines that are no ``kind`` are rejected.

    Args:
        source: The file. Rejected lines are counted here, the others by who takes them.
        kind: What every line must be.
        fallback: Reads a line that is no JSON, such as a Python literal; raises ValueError.
    """
    decoder = msgspec.json.Decoder(kind)
    for block in source.blocks():
        try:
            if not block.content.isascii():
                block.content.decode()  # the decoder skips fields unread: look at all of the text
            records = decoder.decode_lines(block.content)
        except (ValueError, RecursionError):
            yield _one_by_one(source, decoder, block, fallback)
            continue
        lines: Sequence[int] = range(block.first, block.first + block.lines)
        if len(records) != block.lines:
            lines = [line for line, content in block.numbered() if content.strip()]
        if len(records) == len(lines):
            yield lines, records
        else:  # one that takes several lines, or several on one
            yield _one_by_one(source, decoder, block, fallback)


def _one_by_one(
    source: Source,
    decoder: "msgspec.json.Decoder[T]",
    block: Block,
    fallback: Callable[[str], T] | None,
) -> tuple[list[int], list[T]]:
    lines: list[int] = []
    records: list[T] = []
    for line, content in block.numbered():
        if not content.strip():
            continue
        try:
            records.append(_record(decoder, content, fallback))
        except (ValueError, RecursionError) as error:
            source.lines += 1
            source.reject(line, _reason(error))
        else:
            lines.append(line)
    return lines, records


def _record(
    decoder: "msgspec.json.Decoder[T]", content: bytes, fallback: Callable[[str], T] | None
) -> T:
    text = content.decode()
    try:
        return decoder.decode(text)
    except msgspec.DecodeError:
        if fallback is None:
            raise
        return fallback(text.strip())


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        return str(error)
    return "broken JSON" if isinstance(error, msgspec.DecodeError) else str(error)
