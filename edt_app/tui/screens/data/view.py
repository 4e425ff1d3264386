"""What the data screen says: reports in, lines of text out."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edt_app.terminal import safe_text
from edt_app.tui.commands import Keyed
from edt_app.tui.widgets.cells import fit, hanging

if TYPE_CHECKING:
    from edt_core.actions.surveying import Description

_NARROWEST = 74
"""Columns that the text has at 80x24."""


def no_data(form: str, preview: str, imports: str) -> str:
    """What to do in an empty project, by its keys."""
    return (
        "No data yet.\n\n"
        f"{form:<3} fill in the form: two domains' files (→ completes a path)\n"
        f"{preview:<3} preview: parsed events and Table 7, before anything is kept\n"
        f"{imports:<3} import\n\n"
        "csv      a header with user, item and time\n"
        "amazon   reviews of 2014, 2018 or 2023, gzipped or not\n"
        "recbole  .inter and .item files"
    )


def described(found: "Description") -> str:
    """The project's data set: where it came from, Table 7, Figure 1, notes."""
    dataset, numbers = found.dataset, found.statistics
    options = ", ".join(f"{key} {value}" for key, value in dataset.options.items() if value)
    lines = [
        f"{safe_text(dataset.name)}   imported {_when(dataset.imported_at)}",
        safe_text(options),
        "",
        *table_seven(
            dataset.domain_names,
            [(one.users, one.items, one.interactions) for one in numbers.domains],
            numbers.users,
            numbers.shared_users,
            numbers.mean_length,
        ),
        "",
        *histogram(numbers.ratios),
    ]
    lines += [""] * bool(dataset.notes) + warnings(dataset.notes)
    return "\n".join(lines)


def previewed(report: Mapping[str, Any], keyed: Keyed) -> str:
    """A dry run's report: counts, Table 7, the first events, broken lines."""
    numbers = report["statistics"]
    lines = [keyed("Preview: nothing is kept yet. {data.import} imports."), ""]
    lines += table_seven(
        report["domain_names"],
        [(one["users"], one["items"], one["interactions"]) for one in numbers["domains"]],
        numbers["users"],
        numbers["shared_users"],
        numbers["mean_length"],
    )
    lines += ["", *warnings(report["notes"])]
    lines += ["", "first events"]
    for event in report["sample"]:
        lines.append(
            f"{fit(event['user'], 16)} {moment(event['time']):<11}"
            f"{fit(event['domain'], 10)} {fit(event['item'], 14)} "
            f"{safe_text(event['title'], width=60)}"
        )
    lines += ["", *histogram(numbers["ratios"]), "", "lines and events"]
    lines += [f"{count:>12,}  {safe_text(name)}" for name, count in report["counts"].items()]
    if report["bad_lines"]:
        lines += ["", "broken lines, skipped"]
        lines += [safe_text(line, width=200) for line in report["bad_lines"]]
    return "\n".join(lines)


def warnings(notes: Sequence[str]) -> list[str]:
    """What the import noticed, whole: wrapped for the smallest screen."""
    return [line for note in notes for line in hanging("! ", note, _NARROWEST).split("\n")]


def table_seven(
    names: Sequence[str],
    domains: Sequence[tuple[int, int, int]],
    users: int,
    shared: int,
    length: float,
) -> list[str]:
    """Table 7's columns."""
    lines = [f"{'domain':<14}{'# users':>9}{'# items':>9}{'# events':>11}{'avg.len':>9}"]
    for at, (name, row) in enumerate(zip(names, domains, strict=True)):
        mean = f"{length:.2f}" if at == 0 else ""
        lines.append(f"{'AB'[at]} {fit(name, 11)} {row[0]:>9,}{row[1]:>9,}{row[2]:>11,}{mean:>9}")
    lines.append(f"{users:,} users, {shared:,} of them in both domains")
    return lines


def histogram(ratios: Sequence[int]) -> list[str]:
    """Figure 1: users by domain ratio."""
    most = max([1, *ratios])
    lines = ["domain ratio r     users"]
    for tenth, count in enumerate(ratios):
        bar = "█" * round(24 * count / most) or ("▏" if count else "")
        lines.append(f"{tenth / 10:.1f} - {tenth / 10 + 0.1:.1f}  {count:>12,}  {bar}")
    return lines


def moment(seconds: int) -> str:
    """A time stamp as a day; one that is no time as the number that it is."""
    if seconds < 10_000_000:
        return f"{seconds:,}"
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
