"""``edt items``: generated items with their scores, verdicts and decisions."""

from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.options import LARGEST, AsJson, Limit, ProjectName, one_of, opened
from edt_app.terminal import note, say_json, say_table

if TYPE_CHECKING:
    from edt_core.store.rescored import ItemScore
    from edt_core.store.review_queue import GeneratedLine


def items(
    context: typer.Context,
    project: ProjectName,
    direction: Annotated[str, typer.Option("--direction", help="a2b or b2a.")] = "",
    verdict: Annotated[
        str,
        typer.Option("--verdict", help="kept, filtered, accepted, rejected, edited or undecided."),
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
    """Show generated items with scores, verdicts and decisions.

    What holds for a text that was edited and scored since stands behind an arrow.
    """
    from edt_core.actions.configuring import configuration
    from edt_core.actions.jobs import stand_in_notes
    from edt_core.actions.reviewing import ORDERS, ordered_items
    from edt_core.store.questions import user_by_source_id
    from edt_core.store.rescored import kept_scores
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
    new = kept_scores(opened_project, [row.id for row in rows])
    if json:
        say_json([row._asdict() | {"rescored": new.get(row.id)} for row in rows])
        return
    say_table(
        ["id", "user", "dir", "source", "target", "rank", "verdict", "decision", "title"],
        [
            [
                row.id,
                row.user_id,
                row.direction,
                *_scores(row, new.get(row.id)),
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


def _scores(row: "GeneratedLine", new: "ItemScore | None") -> list[str]:
    """Source, target, rank and verdict; behind an arrow what they are for a text edited since."""
    told = [
        _score(row.source_score),
        _score(row.target_score),
        str(row.source_rank or "-"),
        row.verdict or "-",
    ]
    if new is None:
        return told
    now = [
        _score(new.source_score),
        _score(new.target_score),
        str(new.source_rank),
        "kept" if new.kept else "filtered",
    ]
    return [f"{before} → {after}" for before, after in zip(told, now, strict=True)]


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:z.3f}"
