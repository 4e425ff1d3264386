import asyncio
from pathlib import Path

import pytest
from pilot import drive, press, same_as_golden, settled, text_of
from standing import standing

from edt_core.store.home import Home

GOLDENS = Path(__file__).parent / "goldens"


def setting(home: Path, key: str) -> object:
    with Home(home).open("shop") as project:
        return project.settings().get(key)


async def find(pilot, words: str) -> None:
    await press(pilot, "slash")
    await press(pilot, *words)
    await press(pilot, "enter")


async def preview(pilot, app) -> None:
    for _ in range(100):
        await settled(pilot)
        if "enter Keep" in text_of(app):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(text_of(app))


def test_a_setting_is_edited_seen_kept_undone_and_redone(tmp_path):
    standing(tmp_path).close()

    async def script(pilot, app):
        await find(pilot, "threshold")
        await press(pilot, "enter", *["backspace"] * 3, *"7")
        assert "less than or equal to 1" in text_of(app)
        await press(pilot, "enter")  # a wrong value is not kept
        assert setting(tmp_path, "noise_filter.threshold") is None
        await press(pilot, "backspace", *"0.5")
        await preview(pilot, app)
        assert "would make stale: filter, review, insert" in text_of(app)
        assert setting(tmp_path, "noise_filter.threshold") is None
        await press(pilot, "enter")
        assert setting(tmp_path, "noise_filter.threshold") == 0.5
        await press(pilot, "escape")  # the filter goes, the cursor stays
        assert "top_k" in text_of(app)
        await press(pilot, "u")
        assert setting(tmp_path, "noise_filter.threshold") is None
        await press(pilot, "U")
        assert setting(tmp_path, "noise_filter.threshold") == 0.5
        await press(pilot, "r")  # the default, seen before it is kept as any other value
        await preview(pilot, app)
        assert "stored already" in text_of(app)
        await press(pilot, "enter")
        assert setting(tmp_path, "noise_filter.threshold") is None

    drive(tmp_path, script, project="shop", start="settings")


def test_escape_keeps_nothing_and_arrows_choose(tmp_path):
    standing(tmp_path).close()

    async def script(pilot, app):
        await find(pilot, "position")
        await press(pilot, "e", "down")
        await preview(pilot, app)
        assert "end" in text_of(app)
        await press(pilot, "escape")
        assert setting(tmp_path, "insertion.position") is None
        await press(pilot, "e", "down")
        await preview(pilot, app)
        await press(pilot, "enter")
        assert setting(tmp_path, "insertion.position") == "end"

    drive(tmp_path, script, project="shop", start="settings")


def test_a_name_that_is_none_says_the_nearest(tmp_path):
    standing(tmp_path).close()

    async def script(pilot, app):
        await press(pilot, "equals_sign", *"noise_filter.topk=1", "enter")
        assert "'noise_filter.top_k'?" in text_of(app)
        await press(pilot, *["backspace"] * 3, *"_k=1", "enter")
        await preview(pilot, app)
        await press(pilot, "enter")
        assert setting(tmp_path, "noise_filter.top_k") == 1

    drive(tmp_path, script, project="shop", start="settings")


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_the_screen_looks_as_it_did(tmp_path, size):
    standing(tmp_path, settings={"noise_filter.top_k": 1}).close()

    async def script(pilot, app):
        await press(pilot, *["j"] * 11)
        await same_as_golden(pilot, GOLDENS / f"settings-{size[0]}x{size[1]}.txt")

    drive(tmp_path, script, project="shop", start="settings", size=size)


def test_testing_providers_tells_of_them_first(tmp_path):
    standing(tmp_path).close()

    async def script(pilot, app):
        await press(pilot, "t")
        lines = [line for line in text_of(app).splitlines() if "✓" in line or "·" in line]
        assert "all embedded: no endpoint is asked" in lines[0]

    drive(tmp_path, script, project="shop", start="settings", size=(120, 36))


def test_a_test_that_may_cost_money_asks_first(tmp_path):
    paid = {"llm.provider": "openai", "llm.model": "gpt-4o-mini"}
    standing(tmp_path, settings=paid).close()

    async def script(pilot, app):
        await press(pilot, "t")
        assert "at most $0." in text_of(app)
        assert "y Yes" in text_of(app)
        await press(pilot, "n")
        assert "edt doctor" not in text_of(app)

    drive(tmp_path, script, project="shop", start="settings", size=(120, 36))


def test_a_value_entered_at_once_is_kept_and_what_it_made_stale_is_said(tmp_path):
    standing(tmp_path).close()

    async def script(pilot, app):
        await pilot.press("0", "equals_sign")  # before the screen has read what it shows
        await settled(pilot)
        await press(pilot, *"noise_filter.threshold=0.", "7", "enter")
        await press(pilot, *"0.755", "enter")  # before it is worked out
        for _ in range(200):
            if "made stale" in told(app):
                break
            await pilot.pause(0.02)
        assert "noise_filter.threshold is changed; made stale: " in told(app)
        assert "no project is open" not in told(app)
        assert setting(tmp_path, "noise_filter.threshold") == 0.755
        await press(pilot, "u")
        assert setting(tmp_path, "noise_filter.threshold") is None

    drive(tmp_path, script, project="shop", start="pipeline", size=(120, 36))


def test_where_nothing_is_changed_that_is_said_and_the_edited_row_stays_in_sight(tmp_path):
    standing(tmp_path).close()

    async def script(pilot, app):
        await press(pilot, "s")
        assert "Nothing is changed." in text_of(app)
        await press(pilot, "s", *["j"] * 12)
        under_cursor = next(line for line in text_of(app).splitlines() if line.startswith("▌"))
        await press(pilot, "e")
        assert "the default" in text_of(app)
        assert under_cursor in text_of(app).splitlines()

    drive(tmp_path, script, project="shop", start="settings")


def told(app):
    return " ".join(notice.message for notice in app._notifications)
