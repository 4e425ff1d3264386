"""``edt calls``: what was asked of language models, and one question asked again."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.options import LARGEST, AsJson, Limit, MaxCost, ProjectName, one_of, opened
from edt_app.terminal import note, progress_lines, safe_text, say, say_json, say_table

if TYPE_CHECKING:
    from edt_core.store.calls import CallText

_STATUSES = ("answered", "invalid", "failed", "unknown", "unanswered")

calls_app = typer.Typer(
    invoke_without_command=True, help="The calls to language models, with prompts and answers."
)


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
                "-" if row.cost is None else f"${row.cost:.6f}" if row.cost else "free",
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
    if found.raw:
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


@calls_app.command()
def again(
    context: typer.Context,
    id: Annotated[int, typer.Argument(min=1, max=LARGEST, help="The call's id.")],
    max_cost: MaxCost = None,
    project: ProjectName = "",
    json: AsJson = False,
) -> None:
    """Ask a call's question again, live.

    The next run makes what rests on it anew. The new answer takes the place of the old one, which
    stays on record. Without a usable one the old answer stands.
    """
    from edt_core.actions.asking_again import ask_again
    from edt_core.actions.stopping import stop_on_signals

    with stop_on_signals() as check, progress_lines() as sink:
        found = ask_again(opened(context, project), id, max_cost=max_cost, sink=sink, check=check)
    if json:
        say_json(found)
        return
    before = found.before
    say(f"call {before.call:<8}{_dollars(before.paid)}")
    say(f"call {found.call:<8}{_dollars(found.cost)}, the answer from now on")
    if found.same:
        note("It is the same answer, letter by letter.")
    note(f"{before.sentence}.")
    note(f"Read it: edt calls show {found.call}. Make it anew: edt run")


def _dollars(cost: float | None) -> str:
    return "cost not known" if cost is None else f"${cost:.6f}"
