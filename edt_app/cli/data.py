"""``edt import | export``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.calls import calls_app
from edt_app.cli.items import items
from edt_app.cli.options import MOST, AsJson, ProjectName, opened
from edt_app.paths import typed_path
from edt_app.terminal import (
    note,
    progress_lines,
    ratio_histogram,
    safe_text,
    say,
    say_json,
    say_table,
)

if TYPE_CHECKING:
    from edt_core.data.importing import DomainFiles
    from edt_core.data.statistics import Statistics


def add(app: typer.Typer) -> None:
    """Add the commands about data."""
    app.command("import")(import_files)
    app.command()(items)
    app.add_typer(calls_app, name="calls")
    app.command()(export)


def import_files(
    context: typer.Context,
    project: ProjectName,
    format: Annotated[str, typer.Option("--format", help="amazon, csv or recbole.")],
    domain_a: Annotated[
        str, typer.Option("--domain-a", metavar="NAME=INTERACTIONS[,ITEMS]", help="Domain A.")
    ],
    domain_b: Annotated[
        str, typer.Option("--domain-b", metavar="NAME=INTERACTIONS[,ITEMS]", help="Domain B.")
    ],
    recipe: Annotated[
        str, typer.Option("--recipe", help="paper (window, joint core), dedup, or none.")
    ] = "paper",
    min_user: Annotated[
        int | None, typer.Option("--min-user", min=1, max=MOST, help="Core: events per user (5).")
    ] = None,
    min_item: Annotated[
        int | None, typer.Option("--min-item", min=1, max=MOST, help="Core: events per item (3).")
    ] = None,
    after: Annotated[
        str, typer.Option("--after", help="Only events after this date or unix time.")
    ] = "",
    before: Annotated[
        str, typer.Option("--before", help="Only events before this date or unix time.")
    ] = "",
    max_bad_lines: Annotated[
        float, typer.Option("--max-bad-lines", min=0.0, max=1.0, help="Share of broken lines.")
    ] = 0.01,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and report, keep nothing.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Read two domains' interactions and item texts.

    They are prepared and split; what the project held before stays until that is done.

    Memory stays below 500 MB whatever the files hold. What is left to work on may be up to 12
    million interactions inside the window (3 million after the core filter), 1 million users and
    items together and 120 million letters of item texts; more is refused: narrow the window
    (--after, --before) or raise --min-user and --min-item.
    """
    from edt_core.actions.importing import import_dataset
    from edt_core.actions.stopping import stop_on_signals

    with stop_on_signals() as check, progress_lines() as sink:
        report = import_dataset(
            opened(context, project),
            layout=format,
            domains=(source(domain_a), source(domain_b)),
            recipe=recipe,
            min_user=min_user,
            min_item=min_item,
            after=after,
            before=before,
            max_bad_lines=max_bad_lines,
            dry_run=dry_run,
            sink=sink,
            check=check,
        )
    if json:
        say_json(report)
        return
    for text in report.notes:
        note(text)
    for line in report.bad_lines:
        note(f"skipped {line}")
    counts = [[step, f"{count:,}"] for step, count in report.counts.items()]
    say_table(["step", "count"], counts, right=frozenset({1}))
    say()
    say_statistics(report.domain_names, report.statistics)
    say()
    ratio_histogram(report.statistics.ratios)
    if dry_run:
        note("A dry run: nothing was kept.")
    else:
        note(f"Next: edt estimate --project {report.project}, edt run --project {report.project}")


def say_statistics(names: list[str], statistics: "Statistics") -> None:
    """Table 7 for the data set."""
    say_table(
        ["domain", "# users", "# items", "# events", "avg.len"],
        [
            [
                name,
                f"{row.users:,}",
                f"{row.items:,}",
                f"{row.interactions:,}",
                f"{statistics.mean_length:.2f}" if at == 0 else "",
            ]
            for at, (name, row) in enumerate(zip(names, statistics.domains, strict=True))
        ],
        right=frozenset({1, 2, 3, 4}),
    )
    say(f"{statistics.users:,} users, {statistics.shared_users:,} of them in both domains")


def source(text: str) -> "DomainFiles":
    """``NAME=INTERACTIONS[,ITEMS]`` as a domain's name and files.

    Raises:
        UsageError: no name, or no file.
    """
    from edt_core.data.importing import DomainFiles
    from edt_core.errors import UsageError

    name, equals, paths = text.partition("=")
    if not equals or not name.strip() or not paths.strip():
        raise UsageError(
            f"{text!r} names no domain and file.", hint="Write NAME=INTERACTIONS[,ITEMS]."
        )
    interactions, comma, described = paths.partition(",")
    if not comma or typed_path(paths).is_file():
        return DomainFiles(name.strip(), typed_path(paths), None)
    return DomainFiles(name.strip(), typed_path(interactions), typed_path(described))


def export(
    context: typer.Context,
    project: ProjectName,
    out: Annotated[Path, typer.Option("--out", help="A folder that does not exist yet.")],
    json: AsJson = False,
) -> None:
    """Write everything as open formats into a new folder.

    Twelve files of JSON, CSV, npz and safetensors; docs/files.md tells their columns.
    """
    from edt_core.actions.configuring import configuration
    from edt_core.store.export import export as write

    source = opened(context, project)
    write(source, out, configuration(source))
    files = sorted(out.iterdir())
    if json:
        say_json({"folder": str(out), "files": [path.name for path in files]})
        return
    for path in files:
        say(safe_text(path))
