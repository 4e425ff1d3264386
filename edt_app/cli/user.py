"""``edt user | users``: one user from raw events to ranks, and whom to look at."""

from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.options import LARGEST, MOST, AsJson, ProjectName, one_of, opened
from edt_app.terminal import safe_text, say, say_json, say_table, when

if TYPE_CHECKING:
    from edt_core.store.questions import DraftOfUser

Numbers = Annotated[
    list[int],
    typer.Option(
        "--run", min=1, max=LARGEST, help="A run; repeat it to see two beside each other."
    ),
]


def add(app: typer.Typer) -> None:
    """Add the commands about single users."""
    app.command()(user)
    app.command()(users)


def user(
    context: typer.Context,
    project: ProjectName,
    name: Annotated[str, typer.Option("--user", help="A user's source id.")],
    run: Numbers = [],
    json: AsJson = False,
) -> None:
    """Show a user's sequence with what was inserted, held-out events, profile and ranks."""
    from edt_core.actions.user_case import event_names, user_case

    source = opened(context, project)
    found = user_case(source, name, run)
    if json:
        say_json(found)
        return
    say_table(
        ["kind", "domain", "date", "cluster", "score", "item"],
        [
            [
                ("+ " if event.draft else "") + event.kind,
                f"{'AB'[event.domain]} {found.domain_names[event.domain]}",
                "-" if event.timestamp is None else when(event.timestamp)[:10],
                "-" if event.cluster is None else event.cluster,
                _score(event.draft),
                item,
            ]
            for event, item in zip(found.events, event_names(source, found), strict=True)
        ],
        right=frozenset({3, 4}),
    )
    if found.left_out:
        say()
        say_table(
            ["not inserted", "domain", "score", "item"],
            [
                [
                    draft.decision or draft.verdict or "not judged",
                    f"{'AB'[draft.domain]} {found.domain_names[draft.domain]}",
                    _score(draft),
                    draft.title,
                ]
                for draft in found.left_out
            ],
            right=frozenset({2}),
        )
    for title, text in (
        *((f"summary {number}", text) for number, text in enumerate(found.summaries, 1)),
        ("reform", found.reform),
        ("analysis", found.analysis),
    ):
        if text:
            say()
            say(f"{title}: {safe_text(text)}")
    if found.ranks:
        say()
        say_table(
            ["run", "model", "held out", "rank", "of", "among negatives"],
            [
                [
                    line.run,
                    line.label,
                    line.split,
                    f"{line.rank:.1f}",
                    line.candidates,
                    f"{line.rank_sampled:.1f}",
                ]
                for line in found.ranks
            ],
            right=frozenset({0, 3, 4, 5}),
        )


def _score(draft: "DraftOfUser | None") -> str:
    """A generated item's target score; behind an arrow that of a text edited since."""
    if draft is None:
        return "-"
    new = draft.rescored
    found = (draft.target_score, new and new.target_score)
    return " → ".join(f"{score:z.3f}" for score in found if score is not None) or "-"


def users(
    context: typer.Context,
    project: ProjectName,
    by: Annotated[str, typer.Option("--by", help="gain, loss, inserted or random.")] = "gain",
    run: Numbers = [],
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many.")] = 20,
    json: AsJson = False,
) -> None:
    """List users worth a look: where the first run gains or loses most over the second."""
    from edt_core.actions.user_case import BY, interesting_users

    one_of("--by", by, *BY)
    found = interesting_users(opened(context, project), by, run, limit)
    if json:
        say_json(found)
        return
    say_table(
        ["user", by], [[line.user, f"{line.value:+.4g}"] for line in found], right=frozenset({1})
    )
