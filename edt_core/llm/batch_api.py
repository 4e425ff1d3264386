"""Files of requests at an endpoint with OpenAI's files and batches, through the ``openai`` SDK.

Nothing that the service says is trusted: types are checked, lengths and pages are bounded.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from edt_core.errors import LlmUnavailable
from edt_core.llm.batch_book import SentBatch
from edt_core.llm.replies import clean
from edt_core.llm.service import LARGEST_BODY, SLOWEST, CallFailed, Endpoint, Send, Service
from edt_core.llm.transport import BadAnswer

if TYPE_CHECKING:
    from openai import AsyncOpenAI

NAMED = "edt"
"""The key of a batch's metadata that holds our name for it."""

_A_DAY = 86_400.0
_PAGE, _MOST_PAGES = 100, 50
_FILE_LOOKS = 20
"""How often a file that the service still reads is looked at."""
_LARGEST_LINE = LARGEST_BODY
_USUAL_LINE = 256 * 2**10
"""Bytes of a line on average, beyond which a file of results is no longer read."""

_NO_ENDPOINT = {404, 405, 501}


@dataclass(frozen=True)
class Seen:
    """A batch as the service tells of it."""

    id: str
    state: Literal["under way", "refused", "ended"]
    """``refused``: as a whole, before any of its requests was begun."""
    status: str = ""
    """In the service's word."""
    done: int = 0
    """Requests that have ended, well or not."""
    output: str = ""
    """The file of answers, or empty."""
    errors: str = ""
    """The file of failures, or empty."""
    code: str = ""
    """Why it was refused, in the service's short word."""
    reason: str = ""
    """The same in a sentence."""


class Unclear(Exception):
    """A batch was asked for, and nobody heard whether the service made it."""


class BatchApi:
    """Uploads requests, has them answered, and reads what came of them."""

    def __init__(self, where: Endpoint, url: str) -> None:
        """The batches at ``where``, whose requests are addressed to ``url``."""
        self._where = where
        self._service = Service(where)
        self.url = url
        self.fatal = self._service.fatal

    async def open(self) -> None:
        """Get ready inside the running event loop."""
        await self._service.open()

    async def close(self) -> None:
        """Let go of every connection."""
        await self._service.close()

    async def check(self) -> None:
        """See that the endpoint has batches and takes the key, before anything is written down.

        Raises:
            LlmUnavailable: it hasn't, or doesn't, or can't be reached.
        """
        try:
            await self._page("", 1)
        except CallFailed as failed:
            raise self._told(failed) from None

    async def upload(self, name: str, lines: IO[bytes], size: int) -> str:
        """Give the service a file of requests; its id there. Costs nothing.

        Raises:
            LlmUnavailable: it was not taken.
        """

        async def send(client: "AsyncOpenAI") -> bytes:
            lines.seek(0)
            files = client.files.with_raw_response
            file = (f"edt-{name}.jsonl", lines, "application/jsonl")
            return (await files.create(file=file, purpose="batch")).content

        try:
            seconds = self._where.timeout + size / SLOWEST
            told, _ = await self._service.tried(send, seconds=seconds)
            file = _text(told.get("id"))
            for _ in range(_FILE_LOOKS):
                if told.get("status") != "pending":  # Azure reads a file before it takes a batch
                    break
                await asyncio.sleep(self._where.shortest_pause)
                told, _ = await self._service.tried(_looking_at_file(file))
        except CallFailed as failed:
            raise self._told(failed) from None
        if not file:
            raise LlmUnavailable(f"{self._where.host} took a file and gave it no name.")
        return file

    async def create(self, batch: SentBatch) -> Seen:
        """Have an uploaded file's requests answered, which will be billed.

        Raises:
            LlmUnavailable: the service says no.
            Unclear: it says nothing; it may have begun the batch.
        """

        async def send(client: "AsyncOpenAI") -> bytes:
            batches = client.batches.with_raw_response
            answer = await batches.create(
                input_file_id=batch.file,
                endpoint=cast(Any, self.url),
                completion_window="24h",
                metadata={NAMED: batch.name},
            )
            return answer.content

        try:
            told, _ = await self._service.tried(send, once=True)
        except CallFailed as failed:
            if failed.fatal or (400 <= failed.status < 500 and failed.status != 408):
                raise self._told(failed) from None
            raise Unclear from None
        seen = seen_of(told)
        if not seen.id:
            raise Unclear
        return seen

    async def find(self, batch: SentBatch) -> Seen | None:
        """The batch that was asked for under our name, in the service's list; None: not there.

        Raises:
            LlmUnavailable: the list can't be read.
            Unclear: it is too long to be read to the end.
        """
        after = ""
        try:
            for _ in range(_MOST_PAGES):
                page = await self._page(after, _PAGE)
                rows = page.get("data")
                rows = rows if isinstance(rows, list) else []
                entries = [row for row in rows if isinstance(row, dict)]
                for entry in entries:
                    if _is(entry, batch):
                        return seen_of(entry)
                after = _text(entries[-1].get("id")) if entries else ""
                if not after or page.get("has_more") is not True or _is_older(entries[-1], batch):
                    return None
        except CallFailed as failed:
            raise self._told(failed) from None
        raise Unclear

    async def look(self, remote: str) -> Seen:
        """How a batch is; raises CallFailed."""

        async def send(client: "AsyncOpenAI") -> bytes:
            return (await client.batches.with_raw_response.retrieve(remote)).content

        told, _ = await self._service.tried(send)
        return seen_of({**told, "id": remote})

    async def lines(self, file: str, requests: int) -> AsyncIterator[dict[str, Any]]:
        """The JSON objects of a file's lines, as they come; what is none is left out.

        What a line may hold is bounded, and what a file may: beyond that it is not read.

        Args:
            file: The service's id of it.
            requests: How many there may be answers to.

        Raises:
            CallFailed: the file isn't there, or breaks off.
        """
        left = (requests + 100) * _USUAL_LINE
        line = bytearray()
        whole = True  # of the line at hand nothing was left out
        async for part in self._service.parts(file):
            left -= len(part)
            *ended, rest = part.split(b"\n")
            for end in ended:
                if whole and (found := self._object(line + end)):
                    yield found
                line.clear()
                whole = True
            line += rest
            if len(line) > _LARGEST_LINE:
                line.clear()
                whole = False
            if left < 0:
                return
        if whole and (found := self._object(line)):
            yield found

    def _object(self, line: bytearray) -> dict[str, Any] | None:
        if len(line) > _LARGEST_LINE or not line.strip():
            return None
        try:
            return self._service.readable(bytes(line))
        except BadAnswer:
            return None

    async def _page(self, after: str, limit: int) -> dict[str, Any]:
        """A page of the service's list of batches, newest first."""

        async def send(client: "AsyncOpenAI") -> bytes:
            from openai import omit

            batches = client.batches.with_raw_response
            return (await batches.list(limit=limit, after=after or omit)).content

        page, _ = await self._service.tried(send)
        return page

    def _told(self, failed: CallFailed) -> LlmUnavailable:
        """A failure as the error that ends the run."""
        host = self._where.host
        if failed.fatal:
            return failed.fatal
        if failed.status in _NO_ENDPOINT:
            return LlmUnavailable(
                f"{host} has no batches ({failed.status}).", hint="Set llm.mode = live."
            )
        return LlmUnavailable(
            f"The batch could not be given to {host}: {failed.reason}",
            hint="Run again later: what is answered is kept, and nothing is asked for twice.",
        )


async def batches_offered(where: Endpoint) -> str:
    """Why there are no batches at an endpoint, in a sentence; empty where there are."""
    api = BatchApi(where, "")
    await api.open()
    try:
        await api.check()
    except LlmUnavailable as error:
        return error.message
    finally:
        await api.close()
    return ""


def seen_of(told: Mapping[str, Any]) -> Seen:
    """A batch as an object of the service tells of it."""
    status = _text(told.get("status"))
    counts = told.get("request_counts")
    counts = counts if isinstance(counts, dict) else {}
    output, errors = _text(told.get("output_file_id")), _text(told.get("error_file_id"))
    state: Literal["under way", "refused", "ended"] = "under way"
    if status in {"completed", "expired", "cancelled", "canceled"}:
        state = "ended"
    elif status == "failed":  # some services begin a batch and fail it later
        state = "ended" if output or errors else "refused"
    code, reason = _first_error(told.get("errors"))
    return Seen(
        _text(told.get("id")),
        state,
        status,
        _count(counts.get("completed")) + _count(counts.get("failed")),
        output,
        errors,
        code,
        reason,
    )


def _first_error(errors: Any) -> tuple[str, str]:
    """Code and sentence of the first of a batch's errors."""
    data = errors.get("data") if isinstance(errors, dict) else errors
    first = data[0] if isinstance(data, list) and data else None
    if not isinstance(first, dict):
        return "", "It does not say why."
    line = first.get("line")
    where = f" (line {line})" if isinstance(line, int) else ""
    code, message = _text(first.get("code")), first.get("message")
    said = clean(message, 300) if isinstance(message, str) else code
    return code, f"{said or 'It does not say why.'}{where}"


def _is(entry: Mapping[str, Any], batch: SentBatch) -> bool:
    """An entry of the list is our batch, by our name or by its file, which is ours alone."""
    metadata = entry.get("metadata")
    named = isinstance(metadata, dict) and metadata.get(NAMED) == batch.name
    return named or (bool(batch.file) and entry.get("input_file_id") == batch.file)


def _is_older(entry: Mapping[str, Any], batch: SentBatch) -> bool:
    """An entry was made well before ours, whatever the clocks say; so is all that follows it."""
    made = entry.get("created_at")
    return isinstance(made, int | float) and made < batch.created_at - _A_DAY


def _looking_at_file(file: str) -> Send:
    async def send(client: "AsyncOpenAI") -> bytes:
        return (await client.files.with_raw_response.retrieve(file)).content

    return send


def _text(value: Any) -> str:
    """An id or a word of the service's, of sound length; empty for anything else."""
    return value if isinstance(value, str) and len(value) <= 200 and value.isprintable() else ""


def _count(value: Any) -> int:
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
    return int(value) if sound else 0
