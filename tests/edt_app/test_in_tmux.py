"""From an import to compared runs by keyboard, in a real terminal that goes away meanwhile."""

import re
import shutil
import sys

import pytest
from app_terminal import NOT_THERE
from shell import Shell, prepare
from tmux import PATIENCE, Pane, Tmux, server, until

from edt_core.actions.configuring import change, configuration
from edt_core.store.home import Home
from edt_core.store.liveness import Life, heartbeat
from edt_core.store.review_queue import Wanted, generated_count

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")

LONG = {"pretraining.epochs": 2000, "pretraining.patience": 2000}
COLOURS = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")


@pytest.fixture
def tmux():
    with server() as made:
        yield made


def app(tmux: Tmux, edt: Shell, name: str, *words: str, **env: str) -> Pane:
    command = [sys.executable, "-m", "edt_app.tui", "--home", str(edt.home), "--project", "small"]
    settings = {"EDT_APP_CONFIG": NOT_THERE, "OMP_NUM_THREADS": "1"} | env
    return tmux.open(name, [*command, *words], **settings)


def start_run(pane: Pane, number: int, model: str = "") -> None:
    """From the pipeline: one seed, and another model than LLM-EDT where asked for."""
    pane.keys("3")
    pane.until("3 Pipeline")
    pane.until("of 10 stages fresh")
    pane.keys("s")
    pane.until("enter starts")
    until(lambda: _typed(pane), pane.screen, PATIENCE)
    pane.keys("C-u")
    until(lambda: "--until" not in pane.screen(), pane.screen, PATIENCE)
    pane.keys("Down", "Down")
    pane.type(model)
    pane.keys("Down")
    pane.type("42")
    pane.until("--seed 42")
    pane.keys("Enter")
    pane.until(f"run {number} (LIVE|DONE)")


def _typed(pane: Pane) -> bool:
    """Does the first field take letters yet?"""
    pane.type("e")
    return "--until e" in pane.screen()


def decided(edt: Shell) -> tuple[int, int]:
    with Home(edt.home).open("small") as project:
        accepted, rejected = (
            generated_count(project, Wanted(verdict=word)) for word in ("accepted", "rejected")
        )
    return accepted, rejected


def epoch(pane: Pane) -> int:
    return int(pane.until(r"LIVE run 3 .*epoch (\d+)/2000")[1])


def test_a_project_from_import_to_comparison_and_a_run_that_outlives_its_terminal(tmux, edt, shop):
    prepare(edt, shop)
    pane = app(tmux, edt, "first")

    start_run(pane, 1)
    pane.keys("7")
    pane.until("LIVE run 1")
    pane.until(r"epoch \d+/2")
    pane.until("DONE run 1")
    assert "ndcg@10" in pane.screen()

    pane.keys("5")
    pane.until(r"1/\d+ all")
    for key, after in (("a", (1, 0)), ("x", (1, 1)), ("u", (1, 0)), ("U", (1, 1))):
        pane.keys(key)
        until(lambda: decided(edt) == after, lambda: f"{key}: {pane.screen()}", PATIENCE)  # noqa: B023
        pane.until("decided")

    pane.keys("6")
    pane.until("applied: A outdoor")
    pane.keys("Right")
    pane.until("DRAFT, A applies it: .* threshold 0.51")
    pane.keys("A")
    pane.until(" applied: A .* threshold 0.51")
    with Home(edt.home).open("small") as project:
        assert configuration(project).noise_filter.threshold == 0.51

    start_run(pane, 2, "Markov")
    pane.until("run 2 DONE")
    pane.keys("8")
    pane.until("Markov +✓ done")
    pane.keys("Space", "Space", "c")
    pane.until("Runs 1, 2: compared")
    pane.until("setting that differs|settings: no difference")

    with Home(edt.home).open("small") as project:
        change(project, LONG)
    start_run(pane, 3)
    pane.keys("7")
    before = epoch(pane)
    pane.close()
    beating = heartbeat(edt.home / "small")
    assert beating is not None
    assert beating.life is Life.LIVE

    again = app(tmux, edt, "second", "--open", "train", NO_COLOR="1")
    found = epoch(again)
    assert found >= before
    until(lambda: epoch(again) > found, again.screen, PATIENCE)
    again.keys("x")
    again.until("Stop run 3")
    again.keys("2")
    again.until("INTERRUPTED run 3")
    assert heartbeat(edt.home / "small") is None

    _says_the_same_whatever_its_colours(tmux, edt)


def _says_the_same_whatever_its_colours(tmux: Tmux, edt: Shell) -> None:
    """Dark, light and without colours: every letter is the same."""
    light = edt.home / "light.toml"
    light.write_text('theme = "edt-light"\n')
    ways = {"dark": {}, "light": {"EDT_APP_CONFIG": str(light)}, "none": {"NO_COLOR": "1"}}
    panes = {name: app(tmux, edt, name, **env) for name, env in ways.items()}
    screens = (("3", "stages fresh"), ("5", "verdict"), ("6", "just"), ("8", "done"), ("0", "set"))
    for key, mark in screens:
        for pane in panes.values():
            pane.keys(key)
        panes["dark"].until(mark)
        for name in ("light", "none"):
            until(
                lambda: panes[name].screen() == panes["dark"].screen(),  # noqa: B023
                lambda: f"{panes['dark'].screen()}\n{name}\n{panes[name].screen()}",  # noqa: B023
                PATIENCE,
            )
        assert COLOURS.search(panes["dark"].screen(styled=True))
        assert COLOURS.search(panes["light"].screen(styled=True))
        assert not COLOURS.search(panes["none"].screen(styled=True))
