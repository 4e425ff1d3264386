import asyncio

import pytest
from textual.app import App

from edt_app.tui.chrome import Header
from edt_app.tui.following import Followed
from edt_app.tui.strip import strip
from edt_app.views import begun, fold_all
from edt_core.store.journal import EventLine
from edt_core.store.liveness import Life
from edt_core.store.runs import Liveness, RunLine

LINE = RunLine(14, "LLM-EDT", "running", 0.0, None, "", [42], {}, "", "cpu", 2, "", "", "", "")


def shown(*events):
    lines = [EventLine(n, 1.0, kind, body) for n, (kind, body) in enumerate(events, 1)]
    how = Liveness(Life.LIVE, 0.1, "", None)
    return strip(Followed(LINE, how, fold_all(begun(14), lines)), 65.0)


def test_epochs_are_counted_once_there_is_one():
    stage = {"fingerprint": "f", "step": "pretrain", "name": "Pretrain"}
    started = ("StageStarted", stage)
    ended = ("StageAdvanced", {**stage, "done": 1, "total": 200, "unit": "epochs", "note": ""})
    assert shown(started) == "● run 14 LIVE pretrain 0:01:05"
    assert shown(started, ended) == "● run 14 LIVE pretrain ep 1/200 0:01:05"


@pytest.mark.parametrize(
    ("width", "way", "run"),
    [
        (
            100,
            " edt ▸ a-project-of-mine ▸ 5 Review ",
            " ? run 3 LOST: Its process ended by itself.",
        ),
        (78, " edt ▸ a-project-of-mine ▸ 5 Review ", " ? run 3 LOST"),
        (40, " edt ▸ a-project-of-mine…", " ? run 3 LOST"),
    ],
)
def test_a_sentence_in_the_header_leaves_room_for_the_way_here(width, way, run):
    class Alone(App):
        def compose(self):
            yield Header()

    async def session():
        app = Alone()
        async with app.run_test(size=(width, 3)) as pilot:
            header = app.query_one(Header)
            header.say(
                ("a-project-of-mine", "5 Review"), "? run 3 LOST: Its process ended by itself."
            )
            await pilot.pause()
            line = header.render().plain
            assert (line[: len(way)], line[-len(run) :]) == (way, run)

    asyncio.run(session())
