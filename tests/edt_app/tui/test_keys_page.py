"""The page of keys in the documentation is made from the tables that the app itself uses."""

import os
from pathlib import Path

from edt_app.tui.app import KEYS_OF_APP
from edt_app.tui.commands import CURVES, MOVING, shown_key
from edt_app.tui.places import PLACES

PAGE = Path(__file__).parents[3] / "docs" / "keys.md"


def rows(commands):
    for command in commands:
        keys = " ".join(f"`{shown_key(key)}`" for key in command.keys.split(","))
        yield f"| {keys} | {command.help} | `{command.id}` |"


def page():
    head = "| keys | what it does | its name in the keymap |\n|---|---|---|"
    lines = ["# Every key of the interactive session", "", "## Everywhere", "", head]
    lines += [
        f"| `{place.key}` | {place.label}: {place.help} | `{place.command.id}` |"
        for place in PLACES
    ]
    lines += rows(KEYS_OF_APP)
    lines += ["", "## In every list and text", "", head, *rows(MOVING)]
    lines += ["", "## In a chart that has the focus", "", head, *rows(CURVES)]
    for place in sorted(PLACES, key=lambda one: one.key or "z"):
        lines += ["", f"## {place.key} {place.label}", "", head, *rows(place.make().KEYS)]
    return "\n".join(lines) + "\n"


def test_the_page_of_keys_is_up_to_date():
    if os.environ.get("EDT_UPDATE_GOLDENS"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
