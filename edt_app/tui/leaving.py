"""Leaving at once: what still reads in threads is no reason to wait, what writes is."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

_PATIENCE = 0.15
"""Seconds for threads to notice that nobody wants their answer, and to end what they started."""


class Readers(ThreadPoolExecutor):
    """Threads for reads; the event loop waits for its default executor's, but not for these."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Begin nothing more, and don't wait."""
        super().shutdown(wait=False, cancel_futures=True)


def leave(status: int) -> NoReturn:
    """End the process, whatever threads are still reading; call it when all is written."""
    until = time.monotonic() + _PATIENCE
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, until - time.monotonic()))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
