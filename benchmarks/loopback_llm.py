"""A language-model service on loopback, quick enough never to be what a benchmark measures.

One process, raw HTTP/1.1 over asyncio's protocols. It answers every chat with the same two items
after ``seconds``, works on ``most`` requests at a time (the others queue) and counts them.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ITEMS = {
    "items": [
        {
            "title": f"Kettle {n}",
            "brand": "Loop",
            "date": "2020",
            "price": "9.99",
            "categories": ["Kitchen", "Kettles"],
            "description": "Boils a litre of water in three minutes and switches itself off.",
        }
        for n in range(2)
    ]
}


def completion() -> bytes:
    """The answer to every chat."""
    message = {"role": "assistant", "content": json.dumps(ITEMS)}
    return json.dumps(
        {
            "id": "loopback",
            "object": "chat.completion",
            "created": 0,
            "model": "loopback-1",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 400, "completion_tokens": 160, "total_tokens": 560},
        }
    ).encode()


class Chat(asyncio.Protocol):
    """One connection."""

    answer = completion()
    seconds = 1.0
    most = 64
    working = 0
    served = 0
    waiting: "list[Chat]" = []  # noqa: RUF012  one queue for all connections

    def connection_made(self, transport):
        """Begin with nothing received."""
        self.transport = transport
        self.buffer = b""

    def data_received(self, data):
        """Take a part of a request; act on a whole one."""
        self.buffer += data
        head, blank, rest = self.buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        if head.startswith(b"GET"):
            self.send(json.dumps({"served": Chat.served}).encode())
        elif Chat.working < Chat.most:
            self.work()
        else:
            Chat.waiting.append(self)

    def work(self):
        """Answer after a while."""
        Chat.working += 1
        asyncio.get_running_loop().call_later(Chat.seconds, self.done)

    def done(self):
        """Answer, and let the next one in the queue begin."""
        Chat.working -= 1
        Chat.served += 1
        self.send(Chat.answer)
        if Chat.waiting:
            Chat.waiting.pop(0).work()

    def send(self, body):
        """Send a JSON body."""
        if not self.transport.is_closing():
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            )
            self.transport.write(head % len(body) + body)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Chat, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def loopback(seconds: float, most: int) -> Iterator[str]:
    """The base URL of a server in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, __file__, str(seconds), str(most)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
    finally:
        server.terminate()
        server.wait()
        assert server.stdout
        server.stdout.close()


if __name__ == "__main__":
    Chat.seconds, Chat.most = float(sys.argv[1]), int(sys.argv[2])
    asyncio.run(_serve())
