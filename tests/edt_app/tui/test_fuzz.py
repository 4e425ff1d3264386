"""Hostile texts on every screen, on a terminal: they are shown, and none of them is obeyed."""

import unicodedata

from app_fuzz import PLACES, Walk, broken_frame
from app_terminal import app_on_terminal
from hostile_project import Size, make_hostile
from hostile_texts import Texts
from rich.cells import cell_len
from wcwidth import wcwidth

from edt_app.terminal import safe_text
from edt_app.tui.widgets.cells import fit, steady_text
from edt_core.store.home import Home


def test_the_columns_of_no_text_depend_on_who_counts_them():
    texts = Texts()
    for _ in range(3000):
        text = texts.one()
        for shown in (safe_text(text), steady_text(text), fit(text, 24)):
            assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in shown)
            assert cell_len(shown) == sum(map(wcwidth, shown)), ascii(shown)
        assert cell_len(fit(text, 24)) == 24


def test_a_broken_frame_is_noticed():
    good = ["╭──╮ ", "│ab│ ", "╰──╯ "]
    assert broken_frame(good) is None
    for row, shifted in ((1, "│abc│"), (1, "│a│  "), (2, "╰──  ")):
        assert broken_frame([*good[:row], shifted, *good[row + 1 :]]) == (0, 0)


def test_every_screen_shows_hostile_texts_and_the_terminal_obeys_none(copied):
    texts = Texts(11)
    make_hostile(Home(copied.home), "small", texts, Size(120, 40, 6, 60, 6))
    with app_on_terminal(copied.home, "--project", "small", ESCDELAY="25") as terminal:
        terminal.wait_for("small ▸ 3 Pipeline")
        walk = Walk(terminal, "small", hurried=True)
        for place in PLACES[:-1]:
            place(walk, 2)
        assert walk.faults() == []
        assert len(walk.seen) > 80  # how many more depends on the machine
        assert all(walk.where[place.__name__] for place in PLACES[:-1]), walk.where
    assert not (copied.home / "reports").exists()
