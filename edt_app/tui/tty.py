"""Notices that the terminal went away, which Textual doesn't when SIGHUP is ignored."""

import select
import signal
from collections.abc import Callable


def gone() -> bool:
    """Has the terminal that standard input was hung up? It is no terminal by name any more then."""
    if not hasattr(select, "poll"):
        return False
    try:
        poll = select.poll()
        poll.register(0, select.POLLHUP)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))
    except OSError:
        return True


def on_hang_up(act: Callable[[], None]) -> None:
    """Do ``act`` on SIGHUP and SIGTERM; a run in its own session goes on."""
    import asyncio

    loop = asyncio.get_running_loop()
    for number in (signal.SIGHUP, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, act)
        except (NotImplementedError, RuntimeError, ValueError):  # not the main thread: a test
            return
