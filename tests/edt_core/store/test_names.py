"""What may be a project's name (10,000 names can't leave the folder)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edt_core.errors import UsageError
from edt_core.store.names import project_name, shown


@pytest.mark.parametrize("name", ["a", "demo", "0-1_2.x", "a" * 64, "console"])
def test_plain_names_are_taken_as_they_are(name):
    assert project_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", "/a", ".a", "-a", "a.", "a" * 65, "A", "ä", "a b",
     "con", "nul.txt", "com1", "a\n", "\x1b[31mred", "a\0b", "a\u202eb"],
)  # fmt: skip
def test_other_names_are_refused_and_shown_without_control_characters(name):
    with pytest.raises(UsageError) as refused:
        project_name(name)
    assert refused.value.exit_code == 2
    assert str(refused.value).isprintable()


@settings(max_examples=2000, deadline=None)
@given(st.text(max_size=70))
def test_no_accepted_name_leaves_its_folder(tmp_path_factory, name):
    root = tmp_path_factory.getbasetemp()
    try:
        accepted = project_name(name)
    except UsageError:
        return
    assert (root / accepted).resolve().parent == root.resolve()


def test_a_long_text_is_cut():
    assert len(shown("x" * 1000)) < 100
