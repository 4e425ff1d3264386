"""What the settings screen shows: values in, rows and texts out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from edt_app.terminal import safe_text
from edt_app.tui.widgets.virtual_table import Column, Row
from edt_core.actions.configuring import configuration
from edt_core.actions.consequences import Consequences
from edt_core.actions.describing import KeyDescription, described, section_help, written

if TYPE_CHECKING:
    from edt_core.store.project import Project

COLUMNS = (
    Column("setting", 24),
    Column("value", 18, flexible=True),
    Column("", 5),
    Column("default", 12, from_width=68),
    Column("paper", 16, from_width=76),
    Column("allowed", 34, from_width=116),
)
_HEADINGS = 1_000_000
"""Ids from here on are sections; below, places in the list of keys."""


@dataclass(frozen=True)
class Entry:
    """A line of the table: a setting, or the heading of its section."""

    id: int
    section: str
    key: KeyDescription | None = None


@dataclass(frozen=True)
class SettingsView:
    """Every setting with its value."""

    keys: Sequence[KeyDescription]
    values: Mapping[str, Any]
    sections: Mapping[str, str]
    """What each section is about."""

    def is_set(self, key: KeyDescription) -> bool:
        """Was it changed from its default?"""
        return bool(self.values[key.key] != key.default)

    def entries(self, text: str = "", *, only_set: bool = False) -> list[Entry]:
        """The lines that hold ``text`` (in name, help, value or the paper's name), by section."""
        found: list[Entry] = []
        words = text.casefold().split()
        for number, key in enumerate(self.keys):
            value = written(self.values[key.key])
            everything = f"{key.key} {key.help} {key.paper} {value}".casefold()
            if (only_set and not self.is_set(key)) or not all(w in everything for w in words):
                continue
            if not found or found[-1].section != key.section:
                place = list(self.sections).index(key.section)
                found.append(Entry(_HEADINGS + place, key.section))
            found.append(Entry(number, key.section, key))
        return found

    def nothing(self, text: str, *, only_set: bool) -> str:
        """What to say where no line is left."""
        return "Nothing is changed." if only_set and not text else "No setting has these words."

    def entry(self, number: int) -> Entry:
        """The line with this id."""
        if number >= _HEADINGS:
            return Entry(number, list(self.sections)[number - _HEADINGS])
        return Entry(number, self.keys[number].section, self.keys[number])

    def row(self, number: int) -> Row:
        """The cells of a line."""
        entry = self.entry(number)
        if entry.key is None:
            return [(entry.section, "bold")]
        key, value = entry.key, written(self.values[entry.key.key])
        changed = self.is_set(key)
        return [
            f"  {key.key.partition('.')[2]}",
            (value or "-", "bold" if changed else ""),
            ("• set", "yellow") if changed else "",
            written(key.default) or "-",
            key.paper,
            key.allowed,
        ]

    def detail(self, number: int) -> Text:
        """What the pane says of a line."""
        entry = self.entry(number)
        if entry.key is None:
            text = Text(f"{entry.section}\n", style="bold")
            text.append(f"{self.sections[entry.section]}\n", style="not bold")
            if entry.section in {"llm", "embedding"}:
                text.append(
                    "t tries the provider. Keys come from the environment or the keyring and are "
                    "never stored.",
                    style="not bold",
                )
            return text
        key = entry.key
        text = Text(key.key, style="bold")
        if key.paper:
            text.append(f"   {key.paper}", style="not bold cyan")
        text.append(f"\n{safe_text(key.help)}\n", style="not bold")
        text.append(f"allowed {key.allowed}\n", style="not bold")
        value = safe_text(written(self.values[key.key])) or "-"
        told = "set" if self.is_set(key) else "the default"
        text.append(f"value {value} ({told})", style="not bold")
        if self.is_set(key):
            text.append(f", default {written(key.default) or '-'}", style="not bold")
        return text

    def title(self) -> str:
        """How many are set."""
        return f"{sum(map(self.is_set, self.keys))} of {len(self.keys)} set"


def settings_of(project: "Project") -> SettingsView:
    """The project's settings. For workers."""
    return SettingsView(described(), configuration(project).flat(), section_help())


def told(found: Consequences, *, running: bool) -> Text:
    """What a change would take, before it is kept."""
    text = Text()
    if found.stale:
        text.append("~ ", style="bold yellow")
    elif found.changes:
        text.append("✓ ", style="bold green")
    text.append(safe_text(found.sentence))
    if running and found.changes:
        text.append("\nThe run that goes on keeps the settings that it started with.")
    return text


def next_choice(key: KeyDescription, text: str, by: int) -> str:
    """The choice ``by`` places after ``text``, around the end; ``text`` itself where it is none."""
    if not key.choices:
        return text
    at = key.choices.index(text) if text in key.choices else -1 if by > 0 else 0
    return key.choices[(at + by) % len(key.choices)]
