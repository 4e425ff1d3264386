"""What the review screen reads, in a worker."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from edt_app.tui.screens.review import view

if TYPE_CHECKING:
    from edt_app.tui.screens.review.screen import ReviewScreen
    from edt_core.actions.reviewing import Standing
    from edt_core.data.sequences import Ints
    from edt_core.store.review_context import Act

_FIRST = 400
"""Rows to look at while the ids of a long queue are read."""
_LOOK = 0.02
"""Seconds between two looks whether anything more urgent is still read."""


def queue_now(
    screen: "ReviewScreen", standing: bool
) -> "tuple[Ints, Standing, tuple[object, ...]]":
    """The queue's ids in order, the settings that stand, and the state that both were read in."""
    from edt_core.actions.reviewing import standing as read_standing
    from edt_core.store.review_context import queue_state
    from edt_core.store.review_queue import generated_ids, nearest_ids

    show_first = partial(screen.show_first, screen.session.generation)
    project = screen.session.project()
    state = queue_state(project)
    found = screen.standing if screen.standing and not standing else read_standing(project)
    near = found.thresholds if screen.order == "near" else None
    if near is not None and screen.wanted is None and not len(screen.table.ids):
        first = nearest_ids(project, near, _FIRST)
        if len(first) == _FIRST:
            screen.back(show_first, (first, found, state))
    order = "id" if screen.order == "near" else screen.order
    ids = generated_ids(
        project, screen.wanted, order=order, descending=order == "target_score", near=near
    )
    return ids, found, state


def place(ids: "Ints", at: int | None) -> int | None:
    """Where another filter's items begin: at item ``at`` where it is among them, else the first."""
    first = int(ids[0]) if len(ids) else None
    return at if at is not None and at in ids else first


class Progress:
    """Counts and last acts: what takes longest and is waited for least is read after the rest.

    Beside the rows that one looks at, counting a million items would take a core from them, and it
    would once for every key.

    Args:
        screen: The screen.
    """

    def __init__(self, screen: "ReviewScreen") -> None:
        self._screen = screen
        self._asked = False

    def ask(self) -> None:
        """Read it soon; who asks again until then gets the same answer."""
        if not self._asked:
            self._asked = True
            self._screen.run_worker(self._read_last(), group="progress", exit_on_error=False)

    async def _read_last(self) -> None:
        screen = self._screen
        while screen.table.fetching or any(map(screen.at_work, ("ids", "item", "counts"))):
            await asyncio.sleep(_LOOK)
        self._asked = False
        screen.read(partial(progress_now, screen), screen.show_progress, group="counts")


def progress_now(screen: "ReviewScreen") -> "tuple[str, str, list[Act]]":
    """The progress in few and in many words, and the last acts."""
    from edt_core.store.questions import counts
    from edt_core.store.review_context import last_acts

    project = screen.session.project()
    now = counts(project)
    few, many = (view.progress(now, wide=wide) for wide in (False, True))
    return few, many, last_acts(project, 5)
