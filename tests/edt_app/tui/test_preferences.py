from pathlib import Path

import pytest

from edt_app.tui.keymap import chosen
from edt_app.tui.preferences import Preferences, read_preferences
from edt_core.errors import InputError


def read(tmp_path, text):
    path = tmp_path / "app.toml"
    path.write_text(text)
    return read_preferences(path)


def test_no_file_means_the_defaults(tmp_path):
    assert read_preferences(tmp_path / "none.toml") == Preferences()


def test_theme_and_keys_are_read(tmp_path):
    found = read(tmp_path, 'theme = "edt-light"\n[keymap]\n"review.accept" = "y"\n')
    assert found.theme == "edt-light"
    assert found.keymap == {"review.accept": "y"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("theem = 1", "theme"),
        ('[keymap]\n"review.acept" = "y"', "review.accept"),
        ("[keymap", "no TOML"),
        ("keymap = 3", "keymap"),
        ('[keymap]\n"review.accept" = 3', "review.accept"),
        ('[keymap]\n"review.accept" = "escpe"', "there is no key 'escpe'"),
        ('[keymap]\n"review.accept" = "y,"', "there is no key ''"),
    ],
)
def test_a_wrong_file_names_what_is_wrong(tmp_path, text, told):
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert told in str(caught.value)
    assert str(tmp_path / "app.toml") in str(caught.value)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("?", "question_mark"), ("slash", "slash"), ("F2", "f2"), ("ctrl+n", "ctrl+n"),
        ("esc", "escape"), ("pgup", "pageup"), ("→", "right"), ("K", "K"), ("ctrl+f3", "ctrl+f3"),
        ("ampersand", "ampersand"), ("é", "é"), ("left_square_bracket", "left_square_bracket"),
    ],
)  # fmt: skip
def test_a_key_is_read_as_it_is_written(written, key):
    assert chosen({"t.act": f"f9, {written}"}, {}, Path("app.toml")) == {"t.act": f"f9,{key}"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('"review.accept" = "x"', "'x' would be both review.accept (Accept) and review.reject"),
        ('"review.accept" = "j"', "list.down"),
        ('"review.accept" = "3"', "go.pipeline"),
        ('"tune.apply" = "q"', "app.quit"),
        ('"go.review" = "x"', "pipeline.stop"),
        ('"list.open" = "f2"\n"app.palette" = "f2"', "app.palette"),
    ],
)
def test_a_key_for_two_commands_of_a_screen_is_refused(tmp_path, lines, told):
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"[keymap]\n{lines}\n")
    assert told in str(caught.value)
    assert "would be both" in str(caught.value)
    assert "docs/keys.md" in caught.value.hint


def test_keys_may_be_exchanged_and_shared_by_different_screens(tmp_path):
    lines = '"review.accept" = "x"\n"review.reject" = "a"\n"runs.mark" = "x"\n"go.review" = "f6"'
    assert len(read(tmp_path, f"[keymap]\n{lines}\n").keymap) == 4
