import json
from pathlib import Path

import pytest
from finished import finished
from pilot import drive, press, same_as_golden, text_of

from edt_app.tui.screens import prompts_view as view
from edt_core.store.calls import CallLine, CallText

GOLDENS = Path(__file__).parent / "goldens"
HOSTILE = "\x1b]52;c;aGk=\x07[@click=app.quit]x[/] \u202eevil\x9b31m"


def line(**changes):
    values = {
        "id": 7, "step": "generate", "template": "generate", "user": 1, "user_id": "u1",
        "status": "answered", "repair": 0, "provider": "openai", "model": "m",
        "model_answered": "m-2", "prompt_tokens": 1200, "cached_tokens": 1000,
        "completion_tokens": 50, "cost": 0.0021, "latency": 1.5, "created_at": 0.0, "reason": "",
        "reused_from": "",
    }  # fmt: skip
    return CallLine(**(values | changes))


def test_a_call_reads_as_one_text_with_every_part():
    request = {"model": "m", "messages": [{"role": "user", "content": "Suggest\nitems"}]}
    attempts = [{"seconds": 2.0, "error": "429 too many"}, {"seconds": 1.5, "error": ""}]
    text = view.whole(CallText(line(), request, '{"items": []}', {"items": []}, attempts))
    for part in ("m (m-2)", "1,200 in (1,000 cached)", "Suggest\nitems", '{"items": []}'):
        assert part in text
    assert "1. 2.00 s  429 too many" in text
    assert "2. 1.50 s  answered" in text
    assert '"model": "m"' in text


def test_what_is_not_known_is_said():
    lost = CallText(line(status="unknown", cost=None), {}, "", None, [])
    assert "in flight" in view.response_text(lost)
    sent = CallText(line(status="unknown"), {}, "", None, [], "batch-7 (submitted)")
    assert "with the batch batch-7 (submitted)" in view.response_text(sent)
    assert "price unknown" in view.heading(lost.line)
    failed = CallText(line(status="failed", reason="timed out"), {}, "", None, [])
    assert "timed out" in view.response_text(failed)
    assert view.row(failed.line)[4] == "✗ failed"


def test_nothing_from_a_service_reaches_the_screen_as_a_code():
    request = {"messages": [{"role": HOSTILE, "content": HOSTILE}], HOSTILE: HOSTILE}
    found = CallText(
        line(user_id=HOSTILE, model_answered=HOSTILE, reason=HOSTILE, template=HOSTILE),
        request, HOSTILE, {HOSTILE: [HOSTILE]}, [{"seconds": 1, "error": HOSTILE}],
    )  # fmt: skip
    for text in (view.whole(found), *view.row(found.line)):
        assert not any(ord(letter) < 32 and letter != "\n" for letter in text)
        assert "\x9b" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        ("stage:generate user:u1 status:bad", {"step": "generate", "user": "u1", "status": "bad"}),
        ("user=u1 stage=profile", {"user": "u1", "step": "profile"}),
        ("user:a=b user", {"user": "a=b", "text": "user"}),
        ("a:b wool socks", {"text": "a:b wool socks"}),
    ],
)
def test_a_filter_is_understood(text, fields):
    assert view.parsed_filter(text) == (fields, "")


@pytest.mark.parametrize("text", ["stage:train", "status:good", "behind:last"])
def test_a_wrong_filter_is_said(text):
    assert view.wrong_filter(text)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_whole_screen(made, size):
    async def script(pilot, app):
        await press(pilot, "G")
        await same_as_golden(pilot, GOLDENS / f"prompts-{size[0]}x{size[1]}.txt")

    drive(made.home, script, project="small", start="prompts", size=size)


def test_a_damaged_row_is_one_sentence_and_the_call_before_it_is_not_shown_in_its_place(tmp_path):
    with finished(tmp_path) as project, project.database.write() as session:
        session.connection().exec_driver_sql("UPDATE call SET attempts = '{' WHERE id = 3")

    async def script(pilot, app):
        assert "call 4 " in text_of(app)
        await press(pilot, "j")
        shown = text_of(app)
        assert "Call 3 can't be read: its row is damaged" in shown
        assert "call 4 " not in shown
        await press(pilot, "j")
        assert "damaged" not in text_of(app)
        assert "call 2 " in text_of(app)

    drive(tmp_path, script, project="shop", start="prompts", size=(120, 36))


def test_the_list_is_filtered_and_the_call_under_the_cursor_shown(made):
    told = made("calls", "--project", "small", "--stage", "generate", "--limit", 1, "--json")
    newest = json.loads(told.out)[0]["id"]

    async def script(pilot, app):
        await press(pilot, "slash", *"stage:generate", "enter")
        assert f"call {newest} " in text_of(app)
        await press(pilot, "f")
        assert "0 calls with status:bad" in text_of(app)
        assert "No call fits the filter" in text_of(app)
        await press(pilot, "y")
        assert any("no call here" in told.message for told in app._notifications)
        await press(pilot, "f", "C")
        assert "Copy which command?" in text_of(app)
        one, listed = app.base_screen.shown_command_lines
        assert "calls --project small show" in one
        assert listed.endswith("calls --project small")

    drive(made.home, script, project="small", start="prompts", size=(120, 36))


def test_from_a_call_to_its_items_in_the_queue(made):
    told = made("calls", "--project", "small", "--stage", "generate", "--limit", 1, "--json")
    newest = json.loads(told.out)[0]["id"]
    told = made("items", "--project", "small", "--call", newest, "--json")
    items = [line["id"] for line in json.loads(told.out)]
    assert items

    async def script(pilot, app):
        await press(pilot, "slash", *"stage:generate", "enter", "l")
        assert app.current_mode == "review"
        assert sorted(app.screen.table.ids.tolist()) == items
        assert f"call={newest}" in text_of(app)
        await press(pilot, "escape")  # the filter can be dropped like any other
        assert len(app.screen.table.ids) > len(items)

    drive(made.home, script, project="small", start="prompts", size=(120, 36))


def test_the_calls_behind_a_run_are_listed(made):
    told = json.loads(made("calls", "--project", "small", "--behind", 1, "--json").out)
    lineage = json.loads(made("runs", "lineage", 1, "--project", "small", "--json").out)
    assert 0 < len(told) <= 50
    number = sum(line["calls"] for line in lineage["calls"])

    async def script(pilot, app):
        await press(pilot, "P")
        assert app.current_mode == "prompts"
        assert f"{number:,} calls with behind:1" in text_of(app)
        await press(pilot, "slash", "end", *" stage:generate", "enter")
        generate = sum(line["calls"] for line in lineage["calls"] if line["step"] == "generate")
        assert f"{generate:,} calls with behind:1 stage:generate" in text_of(app)

    drive(made.home, script, project="small", start="runs", size=(120, 36))
