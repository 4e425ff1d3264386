"""Takes the README's pictures of the interactive session: ``python docs/pictures/make.py HOME``.

HOME holds a finished ``demo`` project (``edt --home HOME demo``).
"""

import asyncio
import re
import sys
from pathlib import Path

from edt_app.tui.app import EdtApp
from edt_app.tui.preferences import Preferences
from edt_app.tui.session import Session
from edt_core.store.home import Home

PICTURES = {"pipeline": (), "review": ("j", "j"), "tune": (), "train": ()}
"""Screen, and the keys that are pressed before the picture is taken."""
SETTLING = 6.0


async def picture(home: Path, mode: str, keys: tuple[str, ...]) -> str:
    """One screen as SVG, without fonts from elsewhere."""
    session = Session(Home(home), "demo")
    app = EdtApp(session, Preferences(theme="edt-dark"), mode)
    async with app.run_test(size=(140, 40)) as pilot:
        await asyncio.sleep(SETTLING)
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(0.5)
        await asyncio.sleep(1.0)
        drawn = app.export_screenshot(title=f"edt-app: {mode}")
    session.close()
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


if __name__ == "__main__":
    for mode, keys in PICTURES.items():
        target = Path(__file__).with_name(f"{mode}.svg")
        target.write_text(asyncio.run(picture(Path(sys.argv[1]), mode, keys)), encoding="utf-8")
