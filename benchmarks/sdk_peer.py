"""``AsyncOpenAI`` as it comes (its default transport, nothing kept), in an environment of its own.

Started by llm_throughput.py: ``python sdk_peer.py URL IN_FLIGHT``, one JSON list of messages a line
on standard input. Prints its version, the seconds for all calls and those of the processor.
"""

import asyncio
import json
import sys
import time

import openai


async def ask(url: str, in_flight: int, waiting: "list[list[dict[str, str]]]") -> None:
    """Ask everything, ``in_flight`` at a time."""
    left = iter(waiting)
    async with openai.AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:

        async def one() -> None:
            for messages in left:
                await client.chat.completions.create(
                    model="m", messages=messages, temperature=0.5, max_tokens=1024
                )

        await asyncio.gather(*(one() for _ in range(in_flight)))


def main() -> None:
    """Read, ask, report."""
    waiting = [json.loads(line) for line in sys.stdin]
    started, worked = time.perf_counter(), time.process_time()
    asyncio.run(ask(sys.argv[1], int(sys.argv[2]), waiting))
    seconds, worked = time.perf_counter() - started, time.process_time() - worked
    print(json.dumps([openai.__version__, seconds, worked]))


if __name__ == "__main__":
    main()
