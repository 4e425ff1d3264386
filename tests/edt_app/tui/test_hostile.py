"""Text from data, files and services on every screen: shown, never obeyed."""

import random
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pilot import drive, press, settled

from edt_app.terminal import safe_text
from edt_app.tui.places import PLACES
from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.store import runs
from edt_core.store.database import insert_rows
from edt_core.store.datasets import save_dataset
from edt_core.store.generated import record_drafts, record_judged, record_profiles
from edt_core.store.home import Home
from edt_core.store.review import decide
from edt_core.store.shown import show

PIECES = (
    "\x1b[2J", "\x1b]52;c;aGk=\x07", "\x1b]0;title\x07", "\x9b31m", "\x90q", "\x07", "\x08", "\r",
    "\x00", "\x7f", "\u202e", "\u2066", "\u200f", "\x1bPq", "[bold]", "[/x]",
    "[@click=app.quit]x[/]",
    "[link=file:///etc]", "\ud800", "\U000e0041", "日本", "👩‍👩‍👧", "é", "a", " ", "\n", "\t", "|",
)  # fmt: skip
OBEYED = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def fuzzed(rng: random.Random) -> str:
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 8)))


def obeyed(text: str) -> list[str]:
    """What a terminal would act on."""
    return [
        letter
        for letter in text
        if unicodedata.category(letter) in {"Cc", "Cs"}
        or unicodedata.bidirectional(letter) in OBEYED
    ]


def test_no_fuzzed_text_keeps_anything_that_a_terminal_obeys():
    rng = random.Random(7)
    for _ in range(100_000):
        assert not obeyed(safe_text(fuzzed(rng)))


class Texts:
    """Fuzzed texts that a database takes: lone surrogates are refused at the door."""

    def __init__(self) -> None:
        self.rng = random.Random(11)

    def one(self) -> str:
        return fuzzed(self.rng).replace("\ud800", "") or "\x1b[1m"

    def many(self, count: int) -> list[str]:
        return [self.one() for _ in range(count)]


N_USERS, N_ITEMS, N_DRAFTS = 30, 40, 60


def dataset(t: Texts) -> SimpleNamespace:
    rng = np.random.default_rng(0)
    n = N_ITEMS
    catalogue = Catalogue(
        domain_names=[f"{t.one()}a", f"{t.one()}b"],
        domain=np.arange(n) % 2,
        source_ids=[f"{t.one()}{i}" for i in range(n)],
        titles=t.many(n), brands=t.many(n), dates=t.many(n), prices=t.many(n),
        categories=[t.many(2) for _ in range(n)], descriptions=t.many(n),
    )  # fmt: skip
    return SimpleNamespace(
        name=t.one(),
        user_ids=tuple(f"{t.one()}{i}" for i in range(N_USERS)),
        catalogue=catalogue,
        raw=pack([rng.integers(0, n, 8).tolist() for _ in range(N_USERS)]),
        timestamps=np.arange(8 * N_USERS),
        options={"recipe": t.one()},
        counts={t.one(): 9},
        notes=tuple(t.many(2)),
        digest="d" * 40,
    )


def drafts(t: Texts) -> SimpleNamespace:
    rows = np.arange(N_DRAFTS)
    return SimpleNamespace(
        users=rows % N_USERS, targets=rows % 2, titles=t.many(N_DRAFTS), brands=t.many(N_DRAFTS),
        dates=t.many(N_DRAFTS), prices=t.many(N_DRAFTS), descriptions=t.many(N_DRAFTS),
        categories=[t.many(2) for _ in rows], calls=np.ones(N_DRAFTS, dtype=np.int64),
    )  # fmt: skip


def judged() -> SimpleNamespace:
    rows = np.arange(N_DRAFTS)
    return SimpleNamespace(
        source_score=np.full(N_DRAFTS, 0.5, dtype=np.float32),
        target_score=np.linspace(0.8, 1, N_DRAFTS, dtype=np.float32),
        source_rank=rows % 5 + 1,
        anchor_position=rows % 3,
        kept=rows % 2 == 0,
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """A project in which every text came from an enemy."""
    home, t = Home(tmp_path_factory.mktemp("home")), Texts()
    with home.create("enemy") as project:
        data, columns = dataset(t), drafts(t)
        save_dataset(project, data)
        record_drafts(project, "f" * 40, columns)
        record_judged(project, "f" * 40, judged(), columns, data.raw)
        show(project, "judged", "j" * 40)
        record_profiles(
            project, "p" * 40,
            [{"user": u, "clusters": [{"domain": 0, "cluster": 0, "items": [0]}],
              "summaries": t.many(2), "reform": t.one(), "analysis": t.one()}
             for u in range(N_USERS)],
        )  # fmt: skip
        show(project, "profiles", "p" * 40)
        decide(project, "accept", [1, 2], by=t.one(), note=t.one())
        for label in t.many(3):
            new = runs.NewRun(label, "evaluate", [42], {}, version=t.one(), device=t.one())
            run = runs.start_run(project, new)
            runs.label_run(project, run, tag=t.one(), note=t.one())
            line = runs.MetricLine(42, "test", "all", "full.ndcg@10", 0.1)
            runs.record_metrics(project, run, [line])
            runs.end_run(project, run, "failed", t.one())
        _calls(project, t)
    return home.folder


def _calls(project, t: Texts) -> None:
    import json

    columns = {
        "key": "k", "step": "generate", "status": "invalid", "template": None, "user": 0,
        "user_id": None, "repair": 1, "provider": None, "model": None, "model_answered": None,
        "prompt_tokens": 1, "cached_tokens": 0, "completion_tokens": 1, "cost": None,
        "latency": 0.1, "created_at": 1.0, "reason": None, "reused_from": None, "attempts": "[]",
        "request": "", "response": None, "parsed": "", "raw": None, "uncertain": 0,
    }  # fmt: skip

    def row(number: int) -> tuple[object, ...]:
        request = {"messages": [{"role": t.one(), "content": t.one()}], t.one(): t.one()}
        texts = {
            "request": json.dumps(request, ensure_ascii=False),
            "attempts": json.dumps([{"seconds": 1, "error": t.one()}], ensure_ascii=False),
            "parsed": json.dumps({t.one(): t.one()}, ensure_ascii=False),
            "key": f"k{number}",
        }
        filled = columns | {
            name: t.one() for name, value in columns.items() if value is None and name != "cost"
        }
        return tuple((filled | texts).values())

    with project.database.write() as session:
        insert_rows(session, "call", list(columns), (row(number) for number in range(30)))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.mode)
def test_a_screen_full_of_hostile_texts_obeys_none_and_keeps_its_width(hostile, place, size):
    async def script(pilot, app):
        for keys in ((), ("j",), ("G",), ("enter",), ("escape",)):
            if app.current_mode != place.mode:
                await press(pilot, place.key)
            await press(pilot, *keys)
            await pilot.pause(0.1)
            await settled(pilot)
            for strip in app.screen._compositor.render_strips():
                assert not obeyed(strip.text)
                assert strip.cell_length == size[0]
                for segment in strip:
                    style = segment.style
                    assert style is None or style.link is None
                    assert "app.quit" not in str(style.meta if style else {})
        assert app.is_running
        assert not list((hostile / "reports").glob("*")) if (hostile / "reports").exists() else True

    drive(hostile, script, project="enemy", start=place.mode, size=size)
