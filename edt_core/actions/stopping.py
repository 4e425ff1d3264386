"""How a run learns that it should stop."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from edt_core.errors import RunCancelled


@contextmanager
def stop_on_signals() -> Iterator[Callable[[], None]]:
    """A check that raises RunCancelled once SIGINT or SIGTERM came; a second SIGINT stops at once.

    Work stops at the next unit (a batch of questions, a training step), so that nothing finished
    is lost.
    """
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()

    def check() -> None:
        if asked.is_set():
            raise RunCancelled("Stopped as asked.", hint="The same command goes on from here.")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
