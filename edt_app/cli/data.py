"""``edt import | items | calls | export``."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.options import LARGEST, MOST, AsJson, Limit, ProjectName, one_of, opened
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
    from edt_core.store.calls import CallText

_STATUSES = ("answered", "invalid", "failed", "unknown", "unanswered")

calls_app = typer.Typer(
    invoke_without_command=True, help="The calls to language models, with prompts and answers."
)


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
    """Read two domains' interactions and item texts, prepare and split them.

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
    say_table(["step", "count"], report.counts.items(), right=frozenset({1}))
    say()
    say_statistics(report.domain_names, report.statistics)
    say()
    ratio_histogram(report.statistics.ratios)
    if dry_run:
        note("A dry run: nothing was kept.")


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
    if "," not in paths or Path(paths).is_file():
        return DomainFiles(name.strip(), Path(paths), None)
    interactions, _, described = paths.partition(",")
    return DomainFiles(name.strip(), Path(interactions), Path(described))


def items(
    context: typer.Context,
    project: ProjectName,
    direction: Annotated[str, typer.Option("--direction", help="a2b or b2a.")] = "",
    verdict: Annotated[
        str, typer.Option("--verdict", help="kept, filtered, accepted or rejected.")
    ] = "",
    user: Annotated[str, typer.Option("--user", help="A user's source id.")] = "",
    where: Annotated[
        str, typer.Option("--where", help='All that fit, such as "target_score<0.8".')
    ] = "",
    text: Annotated[str, typer.Option("--text", help="Somewhere in the title.")] = "",
    call: Annotated[
        int | None,
        typer.Option("--call", min=1, max=LARGEST, help="Only those that this call wrote."),
    ] = None,
    order: Annotated[
        str, typer.Option("--order", help="id, near (the threshold) or target_score.")
    ] = "id",
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Show generated items with their scores, verdicts and decisions."""
    from edt_core.actions.configuring import configuration
    from edt_core.actions.jobs import stand_in_notes
    from edt_core.actions.reviewing import ORDERS, ordered_items
    from edt_core.store.questions import user_by_source_id
    from edt_core.store.review_queue import Wanted, generated_count

    opened_project = opened(context, project)
    if user:
        user_by_source_id(opened_project, user)  # a misspelt one is no user without items
    if call is not None:
        where = f"({where}) and call={call}" if where else f"call={call}"
    wanted = Wanted(
        direction=one_of("--direction", direction, "", "a2b", "b2a"),
        verdict=one_of(
            *("--verdict", verdict, ""),
            *("kept", "filtered", "accepted", "rejected", "edited", "undecided"),
        ),
        user=user,
        text=text,
        where=where,
    )
    rows = ordered_items(opened_project, wanted, one_of("--order", order, *ORDERS), limit)
    if json:
        say_json(rows)
        return
    say_table(
        ["id", "user", "dir", "source", "target", "rank", "verdict", "decision", "title"],
        [
            [
                row.id,
                row.user_id,
                row.direction,
                _score(row.source_score),
                _score(row.target_score),
                row.source_rank or "-",
                row.verdict or "-",
                row.decision or "-",
                row.title,
            ]
            for row in rows
        ],
        right=frozenset({0, 3, 4, 5}),
    )
    note(f"{len(rows):,} of {generated_count(opened_project, wanted):,} shown.")
    for told in stand_in_notes(configuration(opened_project)):
        note(told)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


@calls_app.callback()
def calls(
    context: typer.Context,
    project: ProjectName = "",
    stage: Annotated[str, typer.Option("--stage", help="Only this stage's, or doctor's.")] = "",
    user: Annotated[str, typer.Option("--user", help="A user's source id.")] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only those without a usable answer.")
    ] = False,
    status: Annotated[
        str,
        typer.Option(
            "--status",
            help="answered, invalid, failed, unknown, or unanswered: questions still without one.",
        ),
    ] = "",
    text: Annotated[str, typer.Option("--text", help="In prompt or answer.")] = "",
    before: Annotated[
        int | None,
        typer.Option(
            "--before", min=1, max=LARGEST, metavar="ID", help="The next page: older than this."
        ),
    ] = None,
    behind: Annotated[
        int | None,
        typer.Option(
            "--behind",
            min=1,
            max=LARGEST,
            metavar="RUN",
            help="Only those behind what a run trained on.",
        ),
    ] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """List the calls to language models, newest first."""
    if context.invoked_subcommand is not None:
        return
    from edt_core.actions.failures import failed_calls
    from edt_core.actions.jobs import named_step
    from edt_core.actions.lineage import calls_behind
    from edt_core.errors import UsageError
    from edt_core.store.calls import calls as listed

    if failed and status:
        raise UsageError("--failed and --status are two filters of one kind.", hint="Use one.")
    status = "bad" if failed else one_of("--status", status, "", *_STATUSES)
    source = opened(context, project)
    ids = None if behind is None else list(calls_behind(source, behind))
    if status == "unanswered":
        left = failed_calls(source)
        ids, status = list(left) if ids is None else sorted(set(ids) & set(left)), ""
    rows = listed(
        source,
        step=stage if stage in ("", "doctor") else named_step(stage),
        user=user,
        status=status,
        ids=ids,
        text=text,
        before=before,
        limit=limit,
    )
    if json:
        say_json(rows)
        return
    say_table(
        ["id", "stage", "template", "user", "status", "model", "tokens", "cost", "reason"],
        [
            [
                row.id,
                row.step,
                row.template,
                row.user_id or "-",
                row.status,
                row.model_answered or row.model,
                row.prompt_tokens + row.completion_tokens,
                "-" if row.cost is None else f"${row.cost:.6f}",
                row.reason or "-",
            ]
            for row in rows
        ],
        right=frozenset({0, 6, 7}),
    )
    more = f" The next page: --before {rows[-1].id}." if len(rows) == limit else ""
    note(f"{len(rows):,} shown, newest first.{more} See one: edt calls show ID")


@calls_app.command("show")
def show_call(
    context: typer.Context,
    id: Annotated[int, typer.Argument(min=1, max=LARGEST, help="The call's id.")],
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Show one call: the prompt and the answer as they were sent."""
    from json import dumps

    from edt_core.store.calls import call

    found = call(opened(context, project), id)
    if json:
        say_json(found)
        return
    for name, text in _facts(found):
        say(f"{name:<12}{safe_text(text or '-')}")
    messages = found.request.get("messages")
    for message in messages if isinstance(messages, list) else []:
        _say_block(str(message.get("role", "?")).upper(), str(message.get("content", "")))
    rest = {key: value for key, value in found.request.items() if key != "messages"}
    _say_block("PARAMETERS", dumps(rest, ensure_ascii=False))
    _say_block("RESPONSE", found.response)
    _say_block("RAW", found.raw)
    for attempt in found.attempts:
        _say_block("ATTEMPT", dumps(attempt, ensure_ascii=False))


def _facts(found: "CallText") -> list[tuple[str, str]]:
    """What is known of a call beside its texts: a name and a text each."""
    line = found.line
    tries = len(found.attempts)
    facts = [
        ("step", line.step),
        ("template", line.template),
        ("user_id", line.user_id or ""),
        ("provider", line.provider),
        ("model", line.model),
        ("answered by", line.model_answered),
        ("status", line.status),
        ("reason", line.reason),
        ("repair", f"{line.repair} (asked again with the error named)" if line.repair else ""),
        ("at", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.created_at))),
        ("latency", f"{line.latency:.2f} s in {tries} attempt{'' if tries == 1 else 's'}"),
        (
            "tokens",
            f"{line.prompt_tokens:,} in ({line.cached_tokens:,} of them cached), "
            f"{line.completion_tokens:,} out",
        ),
        ("cost", "not known" if line.cost is None else f"${line.cost:.6f}"),
        ("reused_from", line.reused_from),
    ]
    return [*facts, ("batch", found.batch)] if found.batch else facts


def _say_block(title: str, text: str) -> None:
    say(f"\n{title}")
    for line in text.splitlines():
        say(safe_text(line))


def export(
    context: typer.Context,
    project: ProjectName,
    out: Annotated[Path, typer.Option("--out", help="A folder that does not exist yet.")],
    json: AsJson = False,
) -> None:
    """Write everything as open formats (DESIGN section 7)."""
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
