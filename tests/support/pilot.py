"""Drives the interactive session without a terminal, and compares what stands on the screen."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from edt_app.tui.app import EdtApp
from edt_app.tui.preferences import Preferences
from edt_app.tui.session import Session
from edt_core.store.home import Home

POLLS = {"strip", "look", "run"}
"""What a screen asks again and again; nothing waits for it."""

Script = Callable[[Pilot[None], EdtApp], Awaitable[None]]


def drive(
    home: Path,
    script: Script,
    *,
    project: str = "",
    start: str = "",
    size: tuple[int, int] = (80, 24),
    preferences: Preferences | None = None,
) -> None:
    """Open the app on ``home`` and let ``script`` press keys; every error of the app is raised."""

    async def session() -> None:
        shared = Session(Home(home), project)
        app = EdtApp(shared, preferences or Preferences(theme="edt-dark"), start)
        try:
            async with app.run_test(size=size) as pilot:
                await settled(pilot)
                await script(pilot, app)
        finally:
            shared.close()

    asyncio.run(session())


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing is being read or written and everything read is shown."""
    app = pilot.app
    assert isinstance(app, EdtApp)
    for _ in range(3000):  # a busy machine takes its time over a process of its own
        await pilot.pause()
        writing = app.session.write(lambda: None)
        await asyncio.wrap_future(writing)
        busy = [w for w in app.workers if not w.is_finished and w.group not in POLLS]
        if not busy:
            await pilot.pause()
            if all(w.is_finished or w.group in POLLS for w in app.workers):
                return
        await asyncio.sleep(0.02)
    raise AssertionError(f"still busy: {busy}")


async def shown_strip(pilot: Pilot[None]) -> None:
    """Bring the header up to date, which otherwise follows the run by a clock of its own."""
    app = pilot.app
    assert isinstance(app, EdtApp)
    if app.session.name:
        app._show_strip(await asyncio.to_thread(app._look))
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys and wait for what they start."""
    await pilot.press(*keys)
    await settled(pilot)


def text_of(app: EdtApp) -> str:
    """What stands on the screen, line by line, trailing spaces cut."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


async def same_as_golden(pilot: Pilot[None], file: Path) -> None:
    """Compare the screen with a stored one; ``EDT_UPDATE_GOLDENS=1`` stores it instead."""
    app = pilot.app
    assert isinstance(app, EdtApp)
    await shown_strip(pilot)
    found = re.sub(r"\d\d:\d\d:\d\d", "HH:MM:SS", text_of(app))
    if os.environ.get("EDT_UPDATE_GOLDENS"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")
