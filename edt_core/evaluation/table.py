"""A results table and the ways to write it: text, Markdown, LaTeX, CSV, JSON (Table 1's looks).

Names in it come from users' files, so that every format neutralises what it would otherwise act on:
control characters, Markdown and LaTeX syntax, spreadsheet formulas.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from edt_core.errors import UsageError

Format = Literal["text", "md", "csv", "latex", "json"]
FORMATS: tuple[Format, ...] = ("text", "md", "csv", "latex", "json")

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "≥": r"$\geq$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    # at the start of a row they would be taken for an option of the row above
    "[": "{[}",
    "*": "{*}",
}
_MARKDOWN = frozenset("\\`*_{}[]<>|#~!")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Cell:
    """One value with what a table says about it."""

    value: str | int | float | None = None
    """None, or a float that is no number, is shown as a dash."""
    spread: float | None = None
    """Standard deviation over seeds, shown behind the value."""
    mark: Literal["", "best", "second"] = ""
    """The best of a column is bold, the second best underlined."""
    star: bool = False
    """Significantly better than the row it was tested against."""
    decimals: int = 4
    at_least: bool = False
    """The value is what is known of a larger one."""


@dataclass(frozen=True)
class Table:
    """Rows of cells under named columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    """Sentences below the table, such as which test the star stands for."""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("every row of a table needs one cell per column")


def marked(table: Table, columns: Sequence[str]) -> Table:
    """The table with the best and second best value of each of ``columns`` marked.

    Values that print alike share a mark; nothing is marked in a column with fewer than two values.
    """
    rows = [list(row) for row in table.rows]
    for place, name in enumerate(table.columns):
        if name not in columns:
            continue
        printed = [_rounded(row[place]) for row in rows]
        distinct = sorted({value for value in printed if value is not None}, reverse=True)
        if sum(value is not None for value in printed) < 2:
            continue
        for row, value in zip(rows, printed, strict=True):
            if value is not None and value in distinct[:2]:
                mark: Literal["best", "second"] = "best" if value == distinct[0] else "second"
                row[place] = replace(row[place], mark=mark)
    return replace(table, rows=tuple(tuple(row) for row in rows))


def render(table: Table, form: str) -> str:
    """The table as ``text``, ``md``, ``csv``, ``latex`` or ``json``, ending with a line break.

    Raises:
        UsageError: there is no such format.
    """
    writers: dict[str, Callable[[Table], str]] = {
        "text": to_text,
        "md": to_markdown,
        "csv": to_csv,
        "latex": to_latex,
        "json": to_json,
    }
    if form not in writers:
        raise UsageError(
            f"There is no table format {form!r}.", hint=f"Choose one of {', '.join(FORMATS)}."
        )
    return writers[form](table)


def to_text(table: Table) -> str:
    """Aligned columns; a raised 1 for the best value, 2 for the second, ``*`` for significance."""
    marks = {"": " ", "best": "¹", "second": "²"}
    marking = any(cell.mark or cell.star for row in table.rows for cell in row)

    def shown(cell: Cell) -> str:
        text = _plain(_shown(cell))
        ends = marking and not isinstance(cell.value, str)
        return text + marks[cell.mark] + ("*" if cell.star else " ") if ends else text

    grid = [[shown(cell) for cell in row] for row in table.rows]
    names = [_plain(name) for name in table.columns]
    widths = [max(map(len, column)) for column in zip(names, *grid, strict=True)]
    numeric = _numeric(table)

    def line(texts: list[str]) -> str:
        each = zip(texts, widths, numeric, strict=True)
        return "  ".join(t.rjust(w) if right else t.ljust(w) for t, w, right in each).rstrip()

    rule = "  ".join("-" * width for width in widths)
    title = [_plain(table.title)] if table.title else []
    notes = [_plain(note) for note in table.notes]
    return "\n".join([*title, line(names), rule, *map(line, grid), *notes]) + "\n"


def in_parts(table: Table, width: int) -> list[Table]:
    """The table cut between columns so that each part's text fits into ``width`` letters.

    The first column leads every part, the title the first, the notes the last. A single column that
    does not fit stands alone.
    """
    parts: list[list[int]] = [[]]
    for place in range(1, len(table.columns)):
        wider = [*parts[-1], place]
        if parts[-1] and _text_width(_columns_of(table, wider)) > width:
            parts.append([place])
        else:
            parts[-1] = wider
    last = len(parts) - 1
    return [
        replace(
            _columns_of(table, part),
            title=table.title if number == 0 else "",
            notes=table.notes if number == last else (),
        )
        for number, part in enumerate(parts)
    ]


def _columns_of(table: Table, places: Sequence[int]) -> Table:
    chosen = (0, *places)
    return Table(
        "",
        tuple(table.columns[place] for place in chosen),
        tuple(tuple(row[place] for place in chosen) for row in table.rows),
    )


def _text_width(table: Table) -> int:
    return max(map(len, to_text(table).splitlines()))


def to_markdown(table: Table) -> str:
    """A pipe table; bold for the best value, underlined for the second."""
    wraps = {"": "{}", "best": "**{}**", "second": "<u>{}</u>"}

    def shown(cell: Cell) -> str:
        return wraps[cell.mark].format(_markdown(_shown(cell))) + (r"\*" if cell.star else "")

    rows = [
        [_markdown(name) for name in table.columns],
        ["---:" if right else "---" for right in _numeric(table)],
        *([shown(cell) for cell in row] for row in table.rows),
    ]
    title = [f"**{_markdown(table.title)}**", ""] if table.title else []
    notes = [line for note in table.notes for line in ("", _markdown(note))]
    return "\n".join([*title, *(f"| {' | '.join(row)} |" for row in rows), *notes]) + "\n"


def to_latex(table: Table) -> str:
    """A ``booktabs`` table; bold for the best value, underlined for the second."""
    wraps = {"": "%s", "best": r"\textbf{%s}", "second": r"\underline{%s}"}

    def shown(cell: Cell) -> str:
        return wraps[cell.mark] % _latex(_shown(cell)) + ("$^{*}$" if cell.star else "")

    def line(texts: Iterable[str]) -> str:
        return " & ".join(texts) + r" \\"

    align = "".join("r" if right else "l" for right in _numeric(table))
    lines = [
        r"\begin{table}",
        r"\centering",
        *([rf"\caption{{{_latex(table.title)}}}"] if table.title else []),
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        line(map(_latex, table.columns)),
        r"\midrule",
        *(line(map(shown, row)) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip\footnotesize {_latex(note)}" for note in table.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def to_csv(table: Table) -> str:
    """Plain values under a header; a column with spreads gets a second one, ``<name> sd``.

    Texts that a spreadsheet would take for a formula get a leading apostrophe. The notes follow the
    rows as lines that begin with ``#``: a number must not lose what has to be said of it.
    """
    wide = [any(row[i].spread is not None for row in table.rows) for i in range(len(table.columns))]
    header: list[Any] = []
    lines: list[list[Any]] = [[] for _ in table.rows]
    for place, name in enumerate(table.columns):
        header += [csv_safe(name), csv_safe(f"{name} sd")][: 1 + wide[place]]
        for number, row in enumerate(table.rows):
            lines[number] += [_csv(row[place].value), _csv(row[place].spread)][: 1 + wide[place]]
    target = io.StringIO()
    csv.writer(target, lineterminator="\n").writerows([header, *lines])
    target.writelines(f"# {_plain(note)}\n" for note in table.notes)
    return target.getvalue()


def to_json(table: Table) -> str:
    """Title, columns, rows as objects with value, sd and what is said of them, and notes."""
    return json.dumps(as_json(table), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def as_json(table: Table) -> dict[str, Any]:
    """The table as plain JSON values."""
    rows = [
        [
            {
                "value": _number(cell.value),
                "sd": _number(cell.spread),
                "mark": cell.mark,
                "significant": cell.star,
                "at_least": cell.at_least,
            }
            for cell in row
        ]
        for row in table.rows
    ]
    return {
        "title": table.title,
        "columns": list(table.columns),
        "rows": rows,
        "notes": list(table.notes),
    }


def from_json(document: Mapping[str, Any]) -> Table:
    """The table that ``as_json`` wrote."""
    rows = tuple(
        tuple(
            Cell(
                cell["value"],
                cell["sd"],
                cell["mark"],
                cell["significant"],
                at_least=cell.get("at_least", False),
            )
            for cell in row
        )
        for row in document["rows"]
    )
    return Table(document["title"], tuple(document["columns"]), rows, tuple(document["notes"]))


def csv_safe(text: str) -> str:
    """``text`` on one line, an apostrophe ahead where a spreadsheet would run it as a formula."""
    return _plain(f"'{text}" if text.startswith(_FORMULA_STARTS) else text)


def _csv(value: str | float | None) -> str | float:
    value = _number(value)
    if value is None:
        return ""
    return csv_safe(value) if isinstance(value, str) else value


def _number(value: str | float | None) -> str | float | None:
    """``value``, or None for a float that is no finite number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rounded(cell: Cell) -> float | None:
    """The value as it is printed, or None for a text or nothing."""
    value = _number(cell.value)
    return None if value is None or isinstance(value, str) else round(value, cell.decimals)


def _shown(cell: Cell) -> str:
    value = _number(cell.value)
    if value is None:
        return "-"
    if not isinstance(value, float):
        return str(value)
    spread = f" ±{cell.spread:.{cell.decimals}f}" if cell.spread is not None else ""
    return f"{'≥ ' if cell.at_least else ''}{value:z.{cell.decimals}f}{spread}"


def _numeric(table: Table) -> list[bool]:
    """Which columns hold no text, and so stand to the right."""
    places = range(len(table.columns))
    return [not any(isinstance(row[i].value, str) for row in table.rows) for i in places]


def _plain(text: str) -> str:
    """``text`` on one line, without what a terminal would act on."""
    return "".join(c if c.isprintable() else " " for c in text)


def _markdown(text: str) -> str:
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in _plain(text))


def _latex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in _plain(text))
