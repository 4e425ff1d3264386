"""Figures 1, 3, 4 and 5, drawn from the tables of their numbers."""

import math
from collections.abc import Sequence

from edt_core.evaluation.figure import Line, Panel
from edt_core.evaluation.table import Cell, Table


def by_group(tables: Sequence[Table]) -> list[Panel]:
    """Figure 4, Table 4: groups of users from left to right, a line for each model.

    A panel for each measure of the full ranking; the sampled one has the same columns in the table.
    """
    (table,) = tables
    groups = list(dict.fromkeys(str(row[0].value) for row in table.rows))
    models = dict.fromkeys(str(row[1].value) for row in table.rows)
    return [
        Panel(
            name,
            [
                Line(
                    model,
                    [
                        groups.index(str(row[0].value))
                        for row in table.rows
                        if row[1].value == model
                    ],
                    [_number(row[place]) for row in table.rows if row[1].value == model],
                )
                for model in models
            ],
            x_name=table.columns[0],
            labels=groups,
        )
        for place, name in _measures(table)
    ]


def by_run(table: Table) -> Panel:
    """A comparison by groups of users: a line for each run."""
    labels = [str(row[0].value) for row in table.rows]
    lines = [
        Line(name, range(len(labels)), [_number(row[place]) for row in table.rows])
        for place, name in enumerate(table.columns)
        if place > 1  # group and users
    ]
    return Panel(table.title, lines, labels=labels)


def by_value(tables: Sequence[Table]) -> list[Panel]:
    """Figure 5: a setting's values from left to right, a panel for each measure."""
    (table,) = tables
    labels = [str(row[0].value).rpartition(" ")[2] for row in table.rows]
    found = []
    for place, name in _measures(table):
        values = [_number(row[place]) for row in table.rows]
        found.append(Panel(name, [Line("LLM-EDT", range(len(labels)), values)], labels=labels))
    return found


def by_ratio(tables: Sequence[Table]) -> list[Panel]:
    """Figure 1: the share of users in each tenth of the domain ratio."""
    (table,) = tables
    labels = [str(row[0].value) for row in table.rows]
    lines = [
        Line(name, range(len(labels)), [_number(row[place]) for row in table.rows])
        for place, name in enumerate(table.columns)
        if name.startswith("share")
    ]
    return [Panel("Users by domain ratio", lines, "r", labels)]


def as_map(tables: Sequence[Table]) -> list[Panel]:
    """Figure 3: the t-SNE of real and generated items by domain."""
    table = tables[-1]
    kinds = dict.fromkeys((str(row[0].value), str(row[1].value)) for row in table.rows)
    lines = []
    for kind, domain in kinds:
        rows = [row for row in table.rows if (row[0].value, row[1].value) == (kind, domain)]
        x, y = ([_number(row[place]) for row in rows] for place in (2, 3))
        lines.append(Line(f"{domain}, {kind}", x, y))
    return [Panel("t-SNE of item embeddings", lines, joined=False)]


def _measures(table: Table) -> list[tuple[int, str]]:
    """The columns of the full ranking."""
    return [(at, name) for at, name in enumerate(table.columns) if name.endswith(" full")]


def _number(cell: Cell) -> float:
    return float(cell.value) if isinstance(cell.value, int | float) else math.nan
