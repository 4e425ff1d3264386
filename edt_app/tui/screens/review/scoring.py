"""Edited items are scored beside the screen: one process at a time, the newest edit first."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edt_app.tui.screens.review.screen import ReviewScreen

_LOOK = 0.1
"""Seconds between two looks at a process."""


class Scoring:
    """Which items of the open project are to be scored, and the process that is at it.

    What a process finds it keeps in the project itself, so that leaving the app loses no score.

    Args:
        screen: The screen.
    """

    def __init__(self, screen: "ReviewScreen") -> None:
        self._screen = screen
        self._waiting: list[int] = []
        self._now: int | None = None
        self._at_work = False

    def holds(self, number: int) -> bool:
        """Is the item being scored, or will it be?"""
        return number == self._now or number in self._waiting

    def ask(self, number: int) -> None:
        """Score the item as it stands, before all that wait."""
        if number in self._waiting:
            self._waiting.remove(number)
        self._waiting.append(number)
        if not self._at_work:
            self._at_work = True
            work = self._work(self._screen.session.generation)
            self._screen.run_worker(work, group="rescore", exit_on_error=False)

    async def _work(self, generation: int) -> None:
        """Until none waits, or another project is opened."""
        screen = self._screen
        while self._waiting and generation == screen.session.generation:
            self._now = self._waiting.pop()
            failed: Exception | None = None
            try:
                await self._score(self._now)
            except Exception as error:  # noqa: BLE001 (shown, or reported as a bug)
                failed = error
            self._now = None
            if generation != screen.session.generation:
                break
            if failed is None:
                screen.read_item()
            else:
                screen.back(screen.not_scored, failed)
        self._at_work = False

    async def _score(self, number: int) -> None:
        from edt_app.launch import Asked, command_line

        session = self._screen.session
        line = command_line(session.home, "review", "score", number, project=session.name)
        asked = await asyncio.to_thread(Asked, line)
        while not asked.ended:
            await asyncio.sleep(_LOOK)
        asked.answer()
