"""An edited item is scored beside the screen, and what is found stands beside the old scores."""

import shutil
from dataclasses import replace

import pytest
from pilot import drive, press, settled, text_of
from review_project import queue_project
from textual.widgets import Input

from edt_core.actions.configuring import change
from edt_core.actions.reviewing import standing
from edt_core.errors import EdtError
from edt_core.store import review
from edt_core.store.home import Home
from edt_core.store.rescored import ItemScore, keep_score, kept_scores, texts_digest
from edt_core.store.review_queue import generated_item
from edt_core.store.shown import show

JUDGED = "j" * 40


@pytest.fixture
def home(tmp_path):
    with queue_project(tmp_path) as project:
        show(project, "judged", JUDGED)
    return tmp_path


@pytest.fixture
def processes(monkeypatch):
    """Stands in for processes: the list of those that were started, in order."""
    started = []

    class Process:
        def __init__(self, line):
            self.line, self.ended, self.error = line, False, None
            started.append(self)

        @property
        def item(self):
            return int(self.line[self.line.index("score") + 1])

        def answer(self):
            if self.error:
                raise self.error
            return {}

    monkeypatch.setattr("edt_app.launch.Asked", Process)
    return started


def at(home, script, project="queue", size=(160, 48), **options):
    drive(home, script, project=project, start="review", size=size, **options)


async def until(pilot, true):
    for _ in range(500):
        await pilot.pause(0.01)
        if true():
            return
    raise AssertionError("it never came")


async def retitle(pilot, app, title):
    """Edit the item under the cursor, without waiting for what that starts."""
    await pilot.press("e")
    await until(pilot, lambda: app.screen.query("#title"))
    app.screen.query_one("#title", Input).value = title
    await pilot.press("enter")
    await until(pilot, lambda: title in text_of(app) and app.screen is app.base_screen)


def for_free(app):
    app.screen.standing = replace(app.screen.standing, scores_edits=True)


def test_an_edit_is_scored_by_itself_and_shown_beside_the_old_scores(home, processes):
    async def script(pilot, app):
        number = app.screen.table.cursor_id
        assert "rank 4 of 5 (top_k 3 ✗)" in text_of(app)
        for_free(app)
        await retitle(pilot, app, "A Better Name")
        await until(pilot, lambda: "→ scoring …" in text_of(app))
        (process,) = processes
        assert process.line[-5:] == ["review", "score", str(number), "--project", "queue"]
        with Home(home).open("queue") as project:
            found = ItemScore(number, 0.25, 0.95, 2, 3, 0.9, kept=True)
            keep_score(project, found, texts_digest({"title": "A Better Name"}), JUDGED)
        process.ended = True
        await until(pilot, lambda: "rank 4→2 of 5 ✓" in text_of(app))
        for told in ("→0.250  rank 4→2 of 5 ✓", "→0.950  asked 0.900 ▲+0.050", "→keep"):
            assert told in text_of(app)
        assert "scoring" not in text_of(app)
        await press(pilot, "u")
        assert "rank 4 of 5 (top_k 3 ✗)" in text_of(app)
        await press(pilot, "U")
        assert "rank 4→2 of 5 ✓" in text_of(app)

    at(home, script)


def test_several_edits_are_scored_one_after_another_the_newest_first(home, processes):
    async def script(pilot, app):
        for_free(app)
        first, second, third = (int(number) for number in app.screen.table.ids[:3])
        for title in ("One", "Two", "Three"):
            await retitle(pilot, app, title)
            await pilot.press("j")
        await until(pilot, lambda: app.screen.scoring.holds(third))
        assert [process.item for process in processes] == [first]
        for n, number in enumerate((first, third, second)):
            await until(pilot, lambda n=n: len(processes) == n + 1)
            assert processes[n].item == number
            processes[n].ended = True
        await until(pilot, lambda: not app.screen.scoring.holds(second))

    at(home, script)


def test_where_it_would_cost_something_only_the_key_scores(home, processes):
    async def script(pilot, app):
        await press(pilot, "r")
        assert any("its scores are of this text" in told.message for told in app._notifications)
        await retitle(pilot, app, "A Better Name")
        await settled(pilot)
        assert processes == []
        assert "scores: of the text before" in text_of(app)
        await pilot.press("r")
        await until(pilot, lambda: processes)
        processes[0].error = EdtError("The service is away.", hint="Try again.")
        processes[0].ended = True
        await until(pilot, lambda: "The service is away." in text_of(app))
        assert "scores: of the text before" in text_of(app)

    at(home, script)


def test_an_edit_is_scored_by_itself_only_where_that_is_known_to_be_free(made, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    endpoint = {"embedding.provider": "openai", "embedding.model": "text-embedding-3-small"}
    own = {"embedding.base_url": "http://127.0.0.1:8000/v1", "embedding.model": "mine"}
    with Home(home).open("small") as project:
        assert standing(project).scores_edits
        for settings, free in (
            (endpoint, False),
            (own, False),  # nobody says what it costs
            ({"embedding.price_input": "0"}, True),
            ({"embedding.price_input": "none", "embedding.provider": "ollama"}, True),
            ({"embedding.provider": "azure", "embedding.base_url": ""}, False),
            ({"embedding.provider": "embedded"}, True),
        ):
            change(project, settings)
            assert standing(project).scores_edits == free, settings


def test_leaving_does_not_wait_for_a_score(home, processes):
    async def script(pilot, app):
        for_free(app)
        await retitle(pilot, app, "A Better Name")
        await until(pilot, lambda: processes)
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running)

    at(home, script)
    assert not processes[0].ended


def test_a_score_is_there_in_the_next_session_and_goes_with_its_text(made, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    numbers = []

    async def first(pilot, app):
        await retitle(pilot, app, "Stainless Steel Water Bottle")
        await settled(pilot)
        numbers.append(app.screen.table.cursor_id)
        await until(pilot, lambda: "filter keep→" in text_of(app) or "drop→" in text_of(app))

    async def second(pilot, app):
        assert app.screen.table.move_to(numbers[0])
        await settled(pilot)
        with Home(home).open("small") as project:
            item = generated_item(project, numbers[0])
            found = kept_scores(project, numbers)[numbers[0]]
        shown = f"target {item.target_score:.3f}→{found.target_score:.3f}"
        assert shown in text_of(app)
        await press(pilot, "u")
        assert shown not in text_of(app)
        assert f"target {item.target_score:.3f}  asked" in text_of(app)

    at(home, first, project="small")
    at(home, second, project="small")


def test_undoing_an_edit_that_a_run_has_scored_says_that_the_scores_are_its(made, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    with Home(home).open("small") as project:
        number = 1
        review.edit(project, number, {"title": "Stainless Steel Water Bottle"})
    assert type(made)(home)("run", "--project", "small", "--until", "filter").status == 0

    async def script(pilot, app):
        assert app.screen.table.move_to(number)
        await settled(pilot)
        assert "of the text before" not in text_of(app)
        await press(pilot, "u")
        assert "of the text before" in text_of(app)
        await press(pilot, "r")
        await until(pilot, lambda: app.screen.context.rescored is not None)
        assert "of the text before" not in text_of(app)

    at(home, script, project="small")
