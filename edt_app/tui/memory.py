"""What the app's process keeps of the memory that reading a million items takes for a moment."""

import contextlib
import gc

_ARENAS, _TRIM, _MAPPED = -8, -1, -3
"""glibc's numbers for what mallopt sets."""
_LARGE = 256 * 1024  # bytes


def let_go_of_imports() -> None:
    """Collect garbage from now on, without walking through what was imported so far.

    A walk through all of the database library takes a tenth of a second, and every key waits.
    """
    gc.freeze()
    gc.enable()


def give_back_what_is_freed() -> None:
    """Let large pieces go back to the system as soon as they are freed.

    glibc raises its idea of "large" with every such piece, and gives each thread an arena of its
    own: after a few reads in threads the process would hold twice what it uses.
    """
    import ctypes

    with contextlib.suppress(AttributeError, OSError):  # another C library: nothing to set
        mallopt = ctypes.CDLL(None).mallopt
        for number, value in ((_ARENAS, 2), (_MAPPED, _LARGE), (_TRIM, _LARGE)):
            mallopt(number, value)
