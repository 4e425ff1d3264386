"""What is pasted is text, whatever it holds; what is no text ends nothing."""

import os
import signal

import pytest
from app_terminal import app_on_terminal
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from edt_app.tui.driver import Pastes
from edt_core.store.home import Home

PIECES = st.sampled_from(["\x1b", "[", "200~", "201~", "a", "\r", "\x1b[A", "\x1b[200", "q"])


def parsed(parts):
    """The events of some reads: keys by name, pastes by their text."""
    pastes, parser = Pastes(), XTermParser()
    found = []
    for data in map(pastes.cleaned, parts):
        found += parser.feed(data) if data else ()  # none is the end
    return [
        event.key if isinstance(event, events.Key) else event.text
        for event in found
        if isinstance(event, events.Key | events.Paste)
    ]


@pytest.mark.parametrize(
    "pasted", ["\x1b", "a\x1bb", "\x1b[A\r\n[bold]", "\x1b" * 40, "\x1b[200~x"]
)
def test_a_paste_is_one_text_and_no_key(pasted):
    whole = f"k\x1b[200~{pasted}\x1b[201~q"
    expected = ["k", pasted.replace("\x1b", "\ufffd"), "q"]
    assert parsed([whole]) == expected
    for at in range(len(whole)):
        assert parsed([whole[:at], whole[at:]]) == expected
    assert parsed(list(whole)) == expected


@given(st.lists(PIECES).map("".join))
def test_what_is_no_paste_passes_as_it_is_and_at_once(typed):
    if "\x1b[200~" not in typed:
        pastes = Pastes()
        assert [pastes.cleaned(letter) for letter in typed] == list(typed)


def test_a_paste_with_escapes_and_newlines_stays_in_its_question(tmp_path):
    Home(tmp_path).create("shop").close()
    with app_on_terminal(tmp_path) as terminal:
        terminal.wait_for("no data yet")
        terminal.until("n", "Name of the new project")
        terminal.send("\x1b[200~evil\x1b\x1b[31m\x1bq\r\n\x1b[bold]\n\x1b[201~")
        terminal.wait_for("evil")
        terminal.settle(0.3)
        assert any("Name of the new project" in line for line in terminal.shown())
        assert [line.name for line in Home(tmp_path).projects()] == ["shop"]
        terminal.send(b"\x9b\xff")  # no UTF-8: the session goes on reading
        terminal.until("!", "!")
        assert terminal.process.poll() is None
        assert terminal.foreign() == 0


def test_a_session_ends_when_its_terminal_goes_away(tmp_path):
    Home(tmp_path).create("shop").close()
    with app_on_terminal(tmp_path) as terminal:
        terminal.wait_for("no data yet")
        # what the system does when a terminal is closed: go on (textual starts anew), then no file
        os.kill(terminal.process.pid, signal.SIGCONT)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, terminal._master)
        os.close(nothing)
        assert terminal.process.wait(20) == 0
