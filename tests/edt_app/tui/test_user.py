import json
import subprocess
import sys
from pathlib import Path

import pytest
from finished import finished
from pilot import drive, press, same_as_golden, settled, text_of

from edt_app.cli import main
from edt_app.tui.screens.user import screen as user_screen
from edt_app.tui.screens.user import view
from edt_core.actions.recommending import Recommendations, Recommended
from edt_core.actions.user_case import CaseEvent, UserCase
from edt_core.errors import EdtError
from edt_core.store.home import Home
from edt_core.store.questions import DraftOfUser
from edt_core.store.rescored import ItemScore

GOLDENS = Path(__file__).parent / "goldens"
SIZES = [(80, 24), (160, 48)]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("edt_app.tui.app._TICK", 3600)  # nothing comes in between
    finished(tmp_path).close()
    return tmp_path


def case(title="Tea"):
    draft = DraftOfUser(7, 0, 1, title, 0.5, 0.25, 1, 0, "kept", "accepted", 3)
    events = [
        CaseEvent("training", 0, 0, title, 0, 0, 4),
        CaseEvent("generated", 9, 1, title, None, None, 2, draft),
        CaseEvent("target", 1, 0, title, 86_400, 1),
    ]
    return UserCase("u", 2, 0, ["food", "kitchen"], 1, events, [], [], "", "", [])


def test_domains_are_letters_generated_items_have_a_plus_and_targets_a_word():
    lines = view.timeline(case(), ["Tea"] * 3, 76).plain.splitlines()
    assert "held-out events are shown" in lines[0]
    assert lines[2].split() == ["1970-01-01", "A", "4", "Tea"]
    assert lines[3].split() == ["+", "B", "2", "Tea"]
    assert lines[4].split() == ["accepted", "src", "0.500", "tgt", "0.250", "after", "Tea"]
    assert lines[5].split()[-3:] == ["held", "out:", "TARGET"]
    assert all(len(line) <= 76 for line in lines[1:])


def test_the_scores_of_a_text_edited_since_stand_behind_an_arrow():
    new = ItemScore(7, None, 0.75, 1, 0, 0.5, kept=True)
    draft = DraftOfUser(7, 0, 1, "Tea", 0.5, 0.25, 1, 0, "kept", "edited", 3, new)
    told = UserCase("u", 2, 0, ["food", "kitchen"], 1, [], [draft], [], "", "", [])
    last = view.timeline(told, [], 76).plain.splitlines()[-1]
    assert last == "  B edited    src 0.500 tgt 0.250 → 0.750  Tea"


def test_hostile_titles_are_shown_and_not_obeyed():
    hostile = "[red]\x1b[31mTea\u202e"
    shown = view.timeline(case(hostile), [hostile] * 3, 76).plain
    assert "[red]" in shown
    assert not any(letter in shown for letter in "\x1b\u202e")


def test_two_lists_stand_beside_each_other_where_there_is_room():
    item = {"name": "Pan", "score": 1.5, "target": True}
    answers = [(1, "LLM-EDT", {"items": [item], "seed": 42}), (3, "Popularity", "No model.")]
    beside = view.recommended(answers, 76).plain.splitlines()
    assert "│ run 3 Popularity" in beside[0]
    assert "1◂   1.500 Pan" in beside[1]
    assert beside[1].endswith("No model.")
    below = view.recommended(answers, 40).plain.splitlines()
    assert below.index("run 3 Popularity") > below.index("run 1 LLM-EDT")


@pytest.mark.parametrize("size", SIZES)
def test_the_first_user_of_the_order_is_shown(home, size):
    async def script(pilot, app):
        await same_as_golden(pilot, GOLDENS / f"user-{size[0]}x{size[1]}.txt")

    drive(home, script, project="shop", start="user", size=size)


def test_users_are_found_by_id_and_stepped_through_by_order(home):
    async def script(pilot, app):
        assert "by gain 1 of 11" in text_of(app)
        await press(pilot, "n")
        assert "by gain 2 of 11" in text_of(app)
        await press(pilot, "i")
        await press(pilot, "2")
        assert "user u01" in text_of(app)
        assert "by loss 1 of 1 -0.75" in text_of(app)
        await press(pilot, "slash", *["backspace"] * 3, *"u05", "enter")
        assert "user u05" in text_of(app)
        line = f"edt --home {home} user --project shop --user u05 --run 1 --run 2"
        ordered = f"edt --home {home} users --project shop --by loss --run 1 --run 2"
        assert app.base_screen.shown_command_lines == [ordered, line]
        await press(pilot, "slash", *"x", "enter")
        assert "There is no user" in text_of(app)
        assert app.base_screen.shown_command_lines == [ordered, line]  # the one before stays
        await press(pilot, "b")
        await press(pilot, "1")  # Popularity beside LLM-EDT
        assert app.base_screen.shown_command_lines[1].endswith("--run 1 --run 3")

    drive(home, script, project="shop", start="user")


def test_recommendations_of_both_runs_come_one_after_the_other(home, monkeypatch):
    asked = []

    def answer(folder, words):
        asked.append((words[words.index("--run") + 1], words[words.index("--user") + 1]))
        if asked[-1][0] == "2":
            raise EdtError("Run 2 trained no model.")
        items = [{"key": 3, "title": "Pan", "score": 2.0, "target": False}]
        return {"items": items, "seed": 42}

    monkeypatch.setattr(user_screen, "ask", answer)

    async def script(pilot, app):
        await press(pilot, "r")
        shown = text_of(app)
        assert "Rank of the held-out items" in shown
        assert "Pan" in shown
        assert "Run 2 trained no model." in shown
        await press(pilot, "r")
        assert asked == [("1", "u00"), ("2", "u00")]  # nothing is asked twice
        await press(pilot, "tab")
        assert "A cook who drinks tea." in text_of(app)
        await press(pilot, "P")
        assert "4 Prompts" in text_of(app)
        assert "with user:u00" in text_of(app)

    drive(home, script, project="shop", start="user")


def untitled(home):
    """No item of the shop has a title; those of the first domain have a brand."""
    with Home(home).open("shop") as project, project.database.write() as session:
        edit = "UPDATE item SET title = '', brand = CASE domain WHEN 0 THEN 'Acme' ELSE '' END"
        session.connection().exec_driver_sql(edit)


def test_items_without_a_title_are_called_by_brand_and_source_id(home, monkeypatch):
    untitled(home)
    items = [{"key": 2, "item": "x", "title": "", "score": 2.0, "target": False}]
    monkeypatch.setattr(user_screen, "ask", lambda *_: {"items": items, "seed": 42})

    async def script(pilot, app):
        await press(pilot, "r")
        shown = text_of(app)
        assert "A  3   Acme y" in shown
        assert "after Acme y" in shown
        assert "  2.000 x" in shown

    drive(home, script, project="shop", start="user", size=(160, 48))


def test_the_command_line_calls_them_so_and_its_json_does_not(home, capsys, monkeypatch):
    untitled(home)
    line = Recommended(0, "x", "", 2.0, target=True)
    found = Recommendations("u00", "food", 1, 42, [line], "note")
    monkeypatch.setattr("edt_core.actions.recommending.recommend", lambda *_, **__: found)
    asked = {
        "user": ["user", "--user", "u00", "--run", "1"],
        "recommend": ["recommend", "--user", "u00", "--domain", "food"],
    }
    told = {}
    for name, words in asked.items():
        for form in ([], ["--json"]):
            assert main(["--home", str(home), *words, "--project", "shop", *form]) == 0
            told[name, bool(form)] = capsys.readouterr().out
    assert "Acme y" in told["user", False]
    assert "Acme x (target)" in told["recommend", False]
    events = json.loads(told["user", True])["events"]
    assert {event["title"] for event in events} == {"", "Kettle"}
    assert "Acme" not in told["recommend", True]


def test_users_are_shown_before_any_run_has_a_result_and_by_an_order_once_one_has(home):
    nothing_yet = pytest.MonkeyPatch()

    async def script(pilot, app):
        shown = text_of(app)
        assert "user u00" in shown
        assert "by file order 1 of the first 5" in shown
        assert "as run 1 trains on it" in shown  # what was inserted needs no result
        assert "Kettle" in shown
        nothing_yet.undo()
        app.screen.project_changed()
        await settled(pilot)
        await press(pilot, "n")
        assert "There is no order" not in text_of(app)
        assert "by gain 2 of 11" in text_of(app)

    nothing_yet.setattr("edt_core.actions.reporting.run_rows", lambda project: [])
    nothing_yet.setattr(user_screen, "_MOST_USERS", 5)
    with nothing_yet.context():
        drive(home, script, project="shop", start="user", size=(160, 48))


def test_without_data_the_screen_names_the_next_key(tmp_path):
    Home(tmp_path).create("p").close()

    async def script(pilot, app):
        assert "No users yet: import data first (2 Data" in text_of(app)

    drive(tmp_path, script, project="p", start="user")


def test_a_project_without_users_says_so_whatever_pane_was_looked_at_before(home):
    Home(home).create("empty").close()

    async def script(pilot, app):
        await press(pilot, "tab")  # ranks
        app.session.choose("empty")
        await press(pilot, "1", "9")
        assert "No users yet" in text_of(app)

    drive(home, script, project="shop", start="user", size=(80, 24))


def test_what_the_screens_read_themselves_loads_no_model_library(home):
    code = (
        "import sys; from pathlib import Path; from edt_core.store.home import Home;"
        "from edt_app.tui.screens.runs.screen import RunsScreen;"
        "from edt_app.tui.screens.user.screen import UserScreen;"
        "from edt_core.actions.reporting import run_detail, run_rows;"
        "from edt_core.actions.curves import run_curves;"
        "from edt_core.actions.user_case import interesting_users, user_case;"
        f"p = Home(Path({str(home)!r})).open('shop'); run_rows(p); run_detail(p, 1);"
        "run_curves(p, [1, 2], 100); interesting_users(p, 'gain', [1, 2]);"
        "interesting_users(p, 'inserted', [1]); user_case(p, 'u00', [1, 2]);"
        "print([m for m in ('torch', 'sklearn', 'scipy', 'openai', 'duckdb', 'pyarrow', 'polars')"
        " if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
