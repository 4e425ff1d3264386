"""``edt user | users``: one user from raw events to ranks, and whom to look at."""

from typing import TYPE_CHECKING, Annotated

import typer

from edt_app.cli.options import LARGEST, MOST, AsJson, ProjectName, one_of, opened
from edt_app.terminal import note, safe_text, say, say_json, say_table, when

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
    """Show a user: events, inserted items, profile, ranks.

    Without --run by the newest results: of LLM-EDT, else of another model.
    """
    from edt_core.actions.user_case import event_names, newest_insertion, user_case, usual_runs

    source = opened(context, project)
    found = user_case(source, name, run or usual_runs(source, 1) or newest_insertion(source))
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
    """List users worth a look: gain, loss, inserted items.

    Gain and loss are those of the first run over the second, by reciprocal ranks of the test
    item. Without --run it is the newest run of LLM-EDT, over the newest one of "w/o Aug.", else
    over that of another model.
    """
    from edt_core.actions.user_case import BY, interesting_users, usual_runs
    from edt_core.store.runs import run_line

    one_of("--by", by, *BY)
    source = opened(context, project)
    looked_at = run or usual_runs(source, 2 if by in {"gain", "loss"} else 1)
    found = interesting_users(source, by, looked_at, limit)
    if json:
        say_json(found)
        return
    if by == "random":
        say_table(["user"], [[line.user] for line in found])
    else:
        shape = "{:.0f}" if by == "inserted" else "{:+.4f}"
        rows = [[line.user, shape.format(line.value)] for line in found]
        say_table(["user", by], rows, right=frozenset({1}))
    over = " over ".join(f"run {n} ({run_line(source, n).label})" for n in looked_at)
    measured = ", by reciprocal ranks of the test item" if by in {"gain", "loss"} else ""
    note(f"{over[:1].upper()}{over[1:]}{measured}. See one: edt user --user USER")
