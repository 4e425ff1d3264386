"""What the runs screen says: rows and texts, no Textual."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from edt_app.terminal import safe_text
from edt_app.tui.theme import STATE_STYLES, state
from edt_app.tui.widgets.cells import fit
from edt_app.tui.widgets.virtual_table import Cell, Column, Row

NO_RUN = "No run yet. Start one: {go.pipeline} Pipeline, or edt run --project NAME"
MARK_LEGEND = "¹ best  ² second best  * significant"
BAR_MARKS = "█▓▒░▚▞"
_SETTING = re.compile(r" (?=[a-z_]+\.[a-z_]+=)")
"""Where the next setting begins; a value may hold spaces."""
_LEAST = 6
"""Columns of a text that is cut, with its sign of it."""


def columns(domains: Sequence[str]) -> list[Column]:
    """The table's columns for two domains; what matters most stands in the narrowest one."""
    measures = [
        Column(f"{letter} {name}", 7, "right", from_width=width)
        for name, width in (("N@10", 0), ("H@10", 60))
        for letter in "AB"[: len(domains)]
    ]
    return [
        Column("run", 4, "right"),
        Column("model", 16, flexible=True),
        Column("state", 13),
        *measures,
        Column("seeds", 11, from_width=100),
        Column("started", 16, from_width=100),
        Column("minutes", 7, "right", from_width=120),
        Column("tag", 10, from_width=80),
        Column("changed settings", 28, from_width=140),
        Column("note", 12, from_width=160),
    ]


def cells(row: Mapping[str, Any], domains: Sequence[str]) -> Row:
    """A run's cells, in the order of ``columns``."""

    def measure(domain: str, name: str) -> str:
        value = row["domains"].get(domain, {}).get(name)
        return "-" if value is None else f"{value:.4f}"

    found: list[Cell] = [
        str(row["id"]),
        row["label"],
        (state(row["state"]), STATE_STYLES.get(row["state"], "")),
        *(measure(domain, name) for name in ("N@10", "H@10") for domain in domains),
        " ".join(str(seed) for seed in row["seeds"]),
        row["started"],
        "-" if row["seconds"] is None else f"{row['seconds'] / 60:.1f}",
        row["tag"],
        row["changed"] or "defaults",
        row["note"],
    ]
    return found


def aligned(
    names: Sequence[str], rows: Sequence[Sequence[object]], width: int, right: frozenset[int]
) -> list[str]:
    """A small table as lines of ``width`` columns; texts are cut, the longest first."""
    texts = [[safe_text(cell) for cell in row] for row in rows]
    widths = [
        max(cell_len(name), *(cell_len(row[at]) for row in texts), 0)
        for at, name in enumerate(names)
    ]
    widths = _narrowed(widths, width - 2 * (len(widths) - 1), right)
    lines = []
    for row in (list(names), *texts):
        parts = [
            fit(text, wide, "right" if at in right else "left")
            for at, (text, wide) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return lines


def _narrowed(widths: Sequence[int], room: int, right: frozenset[int]) -> list[int]:
    """Widths that fit into ``room``: columns of text give way, the widest first; numbers do not."""
    found = [min(one, max(room, 1)) for one in widths]
    texts = [at for at in range(len(found)) if at not in right]
    while sum(found) > room and texts:
        widest = max(texts, key=found.__getitem__)
        if found[widest] <= _LEAST:
            break
        found[widest] -= 1
    return found


def details(found: Any, width: int) -> Text:
    """A run's stages, changed settings and metrics (``RunDetail``)."""
    text = Text()
    for name, value in (("tag", found.tag), ("note", found.note), ("error", found.error)):
        if value:
            text.append(f"{name}: {safe_text(value)}\n")
    if found.metrics:
        rows = [
            (name, *(f"{value:.4f}" for value in values))
            for name, values in found.metrics
            if name.endswith(("@10", "mrr"))
        ]
        names = ("test, mean over seeds", *lettered(found.domains))
        _add(text, aligned(names, rows, width, frozenset(range(1, len(names)))))
    if found.changed:
        _add(text, aligned(("setting changed", "value"), [*found.changed.items()], width, _NONE))
    else:
        text.append("every setting is the default\n\n")
    rows = [
        (
            state(line.state),
            line.step,
            line.stage,
            "-" if line.seed is None else line.seed,
            f"{line.seconds:,.1f}",
        )
        for line in found.stages
    ]
    _add(text, aligned(("state", "stage", "what", "seed", "seconds"), rows, width, _LAST_TWO))
    return text


_NONE: frozenset[int] = frozenset()
_LAST_TWO = frozenset({3, 4})


def lettered(domains: Sequence[str]) -> list[str]:
    """``all``, then each domain behind its letter."""
    return ["all", *(f"{letter} {name}" for letter, name in zip("AB", domains[1:], strict=False))]


def comparison(document: Mapping[str, Any], numbers: Sequence[int], width: int) -> Text:
    """Settings that differ, then the metrics with their tests (``Comparison`` as JSON)."""
    text = Text()
    names = ("setting that differs", *(f"run {number}" for number in numbers))
    if document["settings"]:
        _add(text, aligned(names, document["settings"], width, _NONE))
    else:
        text.append("settings: no difference\n\n")
    text.append(MARK_LEGEND + "\n\n", style="bold")
    text.append(table_text(document["table"], width))
    return text


def table_text(document: Mapping[str, Any], width: int) -> str:
    """A results table, cut between columns to the width."""
    from edt_core.evaluation.table import from_json, in_parts, to_text

    lines = [
        safe_text(line)
        for part in in_parts(from_json(document), width)
        for line in (*to_text(part).splitlines(), "")
    ]
    return "\n".join(lines)


def groups(document: Mapping[str, Any], width: int) -> Text:
    """Every grouping as bars: a group's runs below each other, the value behind the bar."""
    text = Text()
    for table in document["groups"]:
        text.append(f"{safe_text(table['title'])}\n", style="bold")
        runs = [safe_text(name) for name in table["columns"][2:]]
        wide = min(24, max(cell_len(name) for name in runs))
        room = max(8, width - wide - 30)
        values = [cell["value"] or 0.0 for row in table["rows"] for cell in row[2:]]
        most = max([*values, 1e-9])
        for group, users, *measured in table["rows"]:
            text.append(f"{safe_text(group['value'])}  {users['value']:,} users\n")
            for at, (name, cell) in enumerate(zip(runs, measured, strict=True)):
                text.append(f"  {fit(name, wide)} {_bar(cell, most, room, at)}\n")
        text.append("\n")
    text.append("¹ best  ² second best of a group; ± over seeds")
    return text


def _bar(cell: Mapping[str, Any], most: float, room: int, at: int) -> str:
    if cell["value"] is None:
        return "-"
    sign = BAR_MARKS[at % len(BAR_MARKS)]
    mark = {"best": "¹ best", "second": "² second"}.get(cell["mark"], "")
    spread = f" ±{cell['sd']:.4f}" if cell["sd"] is not None else ""
    bar = sign * max(1, round(cell["value"] / most * room))
    return f"{bar} {cell['value']:.4f}{spread}{mark and ' ' + mark}"


def lineage(found: Mapping[str, Any], width: int) -> Text:
    """How much of the training was generated, and which calls wrote it (``Lineage`` as JSON)."""
    text = Text()
    if found["note"]:
        text.append(f"{safe_text(found['note'])}\n")
    if found["events"]:
        share = found["generated"] / found["events"]
        text.append(
            f"{found['generated']:,} of {found['events']:,} training events are generated "
            f"({share:.1%}):\n{found['items']:,} distinct items for {found['users']:,} users.\n"
            f"{found['profiles']:,} users' profiles guided the first phase.\n\n"
        )
    if found["calls"]:
        rows = [
            (
                line["step"],
                line["template"],
                f"{line['calls']:,}",
                f"{line['prompt_tokens']:,}",
                f"{line['completion_tokens']:,}",
                f"${line['cost']:.4f}",
                line["model"],
            )
            for line in found["calls"]
        ]
        names = ("stage", "template", "calls", "tokens in", "tokens out", "cost", "model")
        _add(text, aligned(names, rows, width, frozenset({2, 3, 4, 5})))
    if found["most_used"]:
        text.append("calls that wrote most of it (call: inserted items)\n")
        text.append("  ".join(f"{call}: {items}" for call, items in found["most_used"]) + "\n")
    return text


def as_rows(rows: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """The list of runs by number; of their changed settings those first that not all runs share.

    A column shows the beginning alone, and what all share tells no run from another.
    """
    found = {row.id: asdict(row) for row in rows}
    parts = {number: _SETTING.split(row["changed"]) for number, row in found.items()}
    shared = set.intersection(*map(set, parts.values())) if parts else set()
    for number, row in found.items():
        row["changed"] = " ".join(sorted(parts[number], key=shared.__contains__))
    return found


def _add(text: Text, lines: Sequence[str]) -> None:
    head, *rest = lines
    text.append(head + "\n", style="bold")
    text.append("".join(f"{line}\n" for line in rest) + "\n")
