import pytest

from edt_app.tui.preferences import Preferences, read_preferences
from edt_core.errors import InputError

COMMANDS = ("review.accept", "review.reject")


def test_no_file_means_the_defaults(tmp_path):
    assert read_preferences(tmp_path / "none.toml", COMMANDS) == Preferences()


def test_theme_and_keys_are_read(tmp_path):
    path = tmp_path / "app.toml"
    path.write_text('theme = "edt-light"\n[keymap]\n"review.accept" = "y"\n')
    found = read_preferences(path, COMMANDS)
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
    ],
)
def test_a_wrong_file_names_what_is_wrong(tmp_path, text, told):
    path = tmp_path / "app.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_preferences(path, COMMANDS)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)
