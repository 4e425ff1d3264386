"""What the pipeline board says: the board and the run in, lines of text out."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from edt_app.terminal import safe_text
from edt_app.tui.commands import Keyed
from edt_app.tui.screens import prompts_view
from edt_app.tui.theme import MARKS, STATE_STYLES
from edt_app.tui.widgets.cells import fit
from edt_app.tui.widgets.fields import progress_line, time_left

if TYPE_CHECKING:
    from edt_app.tui.following import Followed
    from edt_app.views import RunView, StageView
    from edt_core.actions.board import Board, BoardStep
    from edt_core.store.calls import CallLine

Cell = str | tuple[str, str]

SCREENS = {
    "import": "data", "generate": "prompts", "filter": "tune", "review": "review",
    "insert": "user", "profile": "user", "pretrain": "train", "finetune": "train",
    "evaluate": "runs", "embed": "settings",
}  # fmt: skip
"""Where to look at what a stage holds."""


def live_stage(run: "RunView | None", step: str) -> "StageView | None":
    """The stage of the run that is at work on ``step``, else the one that failed there."""
    if run is None:
        return None
    of_step = [stage for stage in run.stages if stage.step == step]
    for state in ("running", "failed"):
        for stage in of_step:
            if stage.state == state:
                return stage
    return None


def row(number: int, step: "BoardStep", run: "RunView | None", now: float) -> list[Cell]:
    """A stage as cells, in the order of the screen's columns."""
    live = live_stage(run, step.status.step)
    word = live.state if live is not None else step.status.state
    spent = step.spent
    rate = f"{live.rate:,.1f}/s" if live is not None and live.rate else ""
    left = live.remaining(now) if live is not None else None
    text = _how_far(live) if live and live.state == "running" else step.status.told
    return [
        str(number),
        step.status.step,
        (f"{MARKS.get(word, '·')} {word}", STATE_STYLES.get(word, "")),
        f"{step.status.stored}/{step.status.total}",
        rate,
        time_left(left) if left is not None else "",
        f"{spent.answered:,}" if spent is not None else "",
        f"${spent.cost:.2f}" if spent is not None and spent.cost else "",
        (f"✗ {step.failed:,}", STATE_STYLES["failed"]) if step.failed else "",
        safe_text(text),
    ]


def _how_far(live: "StageView") -> str:
    seed = "" if live.seed is None else f"seed {live.seed}: "
    if not live.total:
        return f"{seed}{live.name} is at work"
    return f"{seed}{live.done:,} of {live.total:,} {live.unit}".rstrip()


def detail(step: "BoardStep", run: "RunView | None", width: int, now: float) -> str:
    """The stage under the cursor in some lines."""
    live = live_stage(run, step.status.step)
    lines = []
    if live is not None and live.state == "running":
        seed = f" seed {live.seed}" if live.seed is not None else ""
        lines.append(f"{live.name}{seed}, {time_left(live.elapsed(now))} so far")
        bar = progress_line(live.done, live.total, width, rate=live.rate, unit=live.unit)
        lines.append(bar)
        if live.note:
            lines.append(safe_text(live.note, width=width))
    elif live is not None:
        lines.append(f"✗ {safe_text(live.note, width=width)}")
    if step.status.reason and (live is None or live.state != "running"):
        lines.append(f"{step.status.state}: {safe_text(step.status.reason, width=width - 10)}")
    lines.append(step.what_is_left or "Nothing is left to compute.")
    if step.spent is not None:
        spent = step.spent
        lines.append(
            f"{spent.answered:,} calls answered, {spent.prompt_tokens:,} tokens in, "
            f"{spent.completion_tokens:,} out, ${spent.cost:.4f}"
        )
    return "\n".join(lines)


def waiting(board: "Board") -> str:
    """What needs the user."""
    if not board.needs:
        return "Nothing waits for you."
    return "\n".join(
        f"{'!' if need.urgent else '·'} {need.step}: {safe_text(need.text)}" for need in board.needs
    )


def retrying(board: "Board") -> str:
    """The question before what found no answer is asked again: how much, and what it costs."""
    failed = [step for step in board.steps if step.failed]
    costs = [step.cost_again for step in failed]
    known = [cost for cost in costs if cost is not None]
    price = f"about ${sum(known):.2f} by what answers cost so far" if any(known) else "free"
    parts = ", ".join(f"{step.failed:,} in {step.status.step}" for step in failed)
    return (
        f"Ask again what found no answer ({parts})?\n"
        f"Cost: {price if len(known) == len(costs) else 'unknown'}. "
        "What stands on the answers is made anew."
    )


def log(found: "Followed | None", keyed: Keyed) -> list[str]:
    """What happened in the run, the newest last."""
    if found is None:
        return [keyed("No run yet: {pipeline.start} starts one.")]
    if not found.log:
        return [f"run {found.run.id} {found.run.state}: nothing to tell so far"]
    return [safe_text(line) for line in found.log]


def last_calls(lines: "Sequence[CallLine]", width: int) -> str:
    """The newest calls to a language model, a line each."""
    if not lines:
        return "No call yet."
    return "\n".join(fit(_call(line, wide=width >= 110), width).rstrip() for line in lines)


def _call(line: "CallLine", *, wide: bool) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(line.created_at))
    number, step, template, user, state, tokens, cost, seconds, note = prompts_view.row(line)
    text = f"{clock} {number:>8}  {step:<9} {fit(template, 10)} {fit(user, 12)} {state:<11}"
    return f"{text} {tokens:>13} {seconds:>7} s {cost:>9}  {note}" if wide else f"{text} {note}"


def summary(board: "Board", found: "Followed | None", width: int) -> str:
    """One line over the board; where that is too narrow, the run has one of its own."""
    status = board.status
    made = sum(step.status.state == "fresh" for step in board.steps)
    text = (
        f"{safe_text(status.dataset) or 'no data yet'}   {made} of {len(board.steps)} stages fresh"
    )
    text += f"   {status.calls:,} calls, ${status.cost:.4f}"
    if found is not None:
        counted = found.view.counted
        run = f"run {found.run.id} {safe_text(found.run.label)}: {counted[0]}/{counted[1]} made"
        text += f"{'   ' if cell_len(text) + 3 + cell_len(run) <= width else chr(10)}{run}"
    return text
