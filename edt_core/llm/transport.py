"""The ``openai`` SDK's client as it is used here: aiohttp below, no retries, bounded bodies.

The SDK's default transport searches its whole pool at every request and collapses past about 128
in flight; its own retries hide attempts; and it reads an error's body to the end, whatever its
size.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from edt_core.llm.presets import is_openais

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

LARGEST_ERROR = 32 * 2**10
"""Bytes of an error's body that are read: enough to say what is wrong."""

FILE_CONTENT = "/content"
"""How the paths of files end, which are read in parts: their reader knows what is too large."""

_CONNECT_SECONDS = 20.0


class BadAnswer(Exception):
    """A body that is no answer."""


def client(
    *,
    base_url: str,
    key: str,
    api_version: str,
    timeout: float,
    concurrency: int,
    largest_body: int,
    heard: Callable[[Mapping[str, str]], None],
) -> "AsyncOpenAI":
    """A client for the running event loop. It follows no redirect, which could carry the key.

    What the environment holds for OpenAI (organization, project, headers) goes to OpenAI alone.

    Args:
        base_url: The endpoint's address.
        key: Its key.
        api_version: Azure's; it makes the client Azure's too.
        timeout: Seconds without a byte after which a connection is given up.
        concurrency: Connections that may be open at a time.
        largest_body: Bytes of an answer that are read; a larger one is a ``BadAnswer``.
        heard: Called with the headers of every response.
    """
    import httpx2
    from openai import AsyncAzureOpenAI, AsyncOpenAI, DefaultAioHttpClient

    bounded = _bounded_stream()

    async def bound(response: httpx2.Response) -> None:
        heard(response.headers)
        stream = response.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        if response.status_code >= 300:
            response.stream = bounded(stream, LARGEST_ERROR, cut=True)
        elif not response.request.url.path.endswith(FILE_CONTENT):
            response.stream = bounded(stream, largest_body, cut=False)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise BadAnswer("The service packs its answer, which was not asked for.")

    http = DefaultAioHttpClient(
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=concurrency),
        headers={"Accept-Encoding": "identity"},  # a packed body's size is known too late
        event_hooks={"response": [bound]},
    )
    patience = httpx2.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
    made: AsyncOpenAI
    if api_version:
        made = AsyncAzureOpenAI(
            azure_endpoint=base_url,
            api_version=api_version,
            api_key=key,
            max_retries=0,
            timeout=patience,
            http_client=http,
        )
    else:
        made = AsyncOpenAI(
            base_url=base_url, api_key=key, max_retries=0, timeout=patience, http_client=http
        )
    if not is_openais(base_url):
        # what the SDK read from OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS
        made.organization = made.project = None
        made._custom_headers = {}
    return made


@cache
def _bounded_stream() -> "Callable[..., httpx2.AsyncByteStream]":
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        """A body that ends after ``most`` bytes, in silence or with a refusal."""

        def __init__(self, stream: httpx2.AsyncByteStream, most: int, *, cut: bool) -> None:
            self.stream = stream
            self.most = most
            self.cut = cut

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = self.most
            async for part in self.stream:
                left -= len(part)
                if left < 0 and not self.cut:
                    raise BadAnswer("The service's answer is too large.")
                yield part
                if left < 0:
                    return

        async def aclose(self) -> None:
            await self.stream.aclose()

    return Bounded
