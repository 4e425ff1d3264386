"""Group commit: durable before the await returns, few transactions for many calls."""

import asyncio
import threading
import time

import pytest

from edt_core.llm.books import Books
from edt_core.llm.ledger import Call

CALL = Call("k", "generate", "generate", None, "openai", "m", "{}")


class SlowDisk:
    """A ledger whose every commit takes a moment."""

    def __init__(self, seconds=0.02):
        self.seconds = seconds
        self.commits = []
        self.lines = 0
        self.threads = set()

    def write(self, begun, ended):
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds)
        self.commits.append((len(begun), len(ended)))
        self.lines += len(begun)
        return list(range(self.lines - len(begun) + 1, self.lines + 1))


def test_many_concurrent_calls_share_commits_and_each_gets_its_own_id():
    disk = SlowDisk()

    async def work():
        books = Books(disk)

        async def one():
            number = await books.begin(CALL)
            assert disk.lines >= number  # it is written by now
            await books.end(number, CALL)
            return number

        return await asyncio.gather(*(one() for _ in range(200)))

    assert sorted(asyncio.run(work())) == list(range(1, 201))
    assert sum(begun for begun, _ in disk.commits) == 200
    assert sum(ended for _, ended in disk.commits) == 200
    assert len(disk.commits) <= 6


def test_a_call_alone_waits_for_nobody():
    disk = SlowDisk(0.0)

    async def work():
        books = Books(disk)
        return [await books.begin(CALL) for _ in range(3)]

    assert asyncio.run(work()) == [1, 2, 3]
    assert disk.commits == [(1, 0)] * 3


def test_the_loop_goes_on_while_the_disk_writes():
    disk = SlowDisk(0.2)

    async def work():
        writing = asyncio.create_task(Books(disk).begin(CALL))
        ticks = 0
        while not writing.done():
            await asyncio.sleep(0.01)
            ticks += 1
        return ticks

    assert asyncio.run(work()) >= 5
    assert threading.get_ident() not in disk.threads


def test_a_full_disk_is_told_to_everybody_who_waits():
    class Full(SlowDisk):
        def write(self, begun, ended):
            super().write(begun, ended)
            raise OSError("full")

    async def work():
        books = Books(Full(0.01))
        ends = [books.begin(CALL), books.begin(CALL), books.end(1, CALL)]
        return await asyncio.gather(*ends, return_exceptions=True)

    ends = asyncio.run(work())
    assert [str(error) for error in ends] == ["full"] * 3
    with pytest.raises(OSError, match="full"):
        raise ends[0]
