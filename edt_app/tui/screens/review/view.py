"""What the review queue says: items and filters in, rows and lines of text out."""

import re
import time
from typing import TYPE_CHECKING, Any, Literal

from rich.text import Text

from edt_app.terminal import safe_text
from edt_app.tui.commands import Keyed
from edt_app.tui.theme import DOMAIN_STYLES
from edt_app.tui.widgets.fields import bar

if TYPE_CHECKING:
    from edt_core.actions.reviewing import ItemContext, Standing
    from edt_core.store.questions import Counts
    from edt_core.store.queue_rows import QueueRow
    from edt_core.store.rescored import ItemScore
    from edt_core.store.review_context import TrainingEvent
    from edt_core.store.review_queue import GeneratedLine, Wanted

NONE = (
    "No generated item here: {review.filter} changes the filter, {go.pipeline} runs the pipeline."
)
Order = Literal["near", "target_score", "id"]
ORDERS: dict[Order, str] = {
    "near": "closest to the threshold first",
    "target_score": "highest target score first",
    "id": "as generated",
}
DECISION_MARKS = {"accepted": "✓", "rejected": "✗", "edited": "✎"}
DECISION_STYLES = {"accepted": "green", "rejected": "red", "edited": "yellow"}
_MARKS = {word: (mark, DECISION_STYLES[word]) for word, mark in DECISION_MARKS.items()}
VERDICT_WORDS = {"kept": "keep", "filtered": "drop", None: "-"}
DIRECTIONS = {"a2b": "A→B", "b2a": "B→A"}
REASONS = (
    "another domain",
    "no product one can buy",
    "too generic",
    "a duplicate",
    "does not fit this user",
)
FILTER_HELP = (
    "Show what fits; an empty line shows all. "
    "Words: a2b b2a · kept filtered accepted rejected edited undecided · "
    "user=ID · words of the title · a condition: target_score<0.8 and source_rank=1, or call=17"
)
_VERDICTS = ("kept", "filtered", "accepted", "rejected", "edited", "undecided")
_CONDITION = re.compile(
    r"(?:\bnot\b|\(|\s)*\b(?:id|call|source_score|target_score|source_rank|anchor_position|inserted"
    r"|verdict|decision|title|brand|date|price|categories|description|direction|user)\b"
    r"\s*(?:[<>!=]=|[<>=~])",
    re.IGNORECASE,
)


def parse_filter(text: str) -> "Wanted":
    """A filter as typed: words for direction and verdict, ``user=ID``, title words, a condition.

    ``user:ID`` as among the prompts is the same. The condition begins at the first comparison and
    reaches to the end; it is checked by the store.
    """
    from edt_core.store.review_queue import Wanted

    chosen: dict[str, Any] = {}
    rest: list[str] = []
    found = None
    while (match := re.match(r"\s*(\S+)", text)) is not None:
        word = match[1]
        found = _CONDITION.match(text)
        user = re.fullmatch(r"user[=:](\S+)", word)
        if user and "user" not in chosen and not re.search(r"\b(and|or)\b", text):
            chosen["user"] = user[1].strip("\"'")
        elif found:
            break
        elif word in DIRECTIONS and "direction" not in chosen:
            chosen["direction"] = word
        elif word in _VERDICTS and "verdict" not in chosen:
            chosen["verdict"] = word
        else:
            rest.append(word)
        text = text[match.end() :]
    where = text.strip() if found else ""
    return Wanted(text=" ".join(rest), where=where, **chosen)


def filter_words(wanted: "Wanted") -> str:
    """The filter as one could type it; empty when everything is shown."""
    user = f"user={wanted.user}" if wanted.user else ""
    parts = (wanted.direction, wanted.verdict, user, wanted.text, wanted.where)
    return " ".join(part for part in parts if part)


def condition(wanted: "Wanted | None") -> str:
    """The filter as ``edt review --where`` takes it; empty where no condition can say it."""
    from edt_core.store.review_queue import Wanted, condition_of

    return condition_of(wanted or Wanted())


def filter_options(wanted: "Wanted | None") -> list[str]:
    """The filter as options of ``edt items``."""
    if wanted is None:
        return []
    words = []
    for option in ("direction", "verdict", "user", "text", "where"):
        if value := getattr(wanted, option):
            words += [f"--{option}", value]
    return words


def by_decision(wanted: "Wanted | None") -> bool:
    """Do decisions change which items the filter shows?"""
    if wanted is None:
        return False
    own = wanted.verdict in {"accepted", "rejected", "edited", "undecided"}
    return own or "decision" in wanted.where


def matching_words(words: str) -> str:
    """What a bulk act is about, in words."""
    return f"all that match {words}" if words else "all there are"


def score(value: float | None) -> str:
    """A cosine in five columns; what rounds to nothing has no sign."""
    return "  -  " if value is None else f"{value:z5.3f}"


def queue_row(item: "GeneratedLine | QueueRow") -> tuple[Any, ...]:
    """The cells of one item in the queue: the reviewer's mark, the filter's word, the rest."""
    return (
        _MARKS.get(item.decision or "", " "),
        VERDICT_WORDS.get(item.verdict, "-"),
        DIRECTIONS[item.direction],
        score(item.target_score),
        item.title,
    )


def progress(counts: "Counts", *, wide: bool) -> str:
    """How far the review is, and how many were accepted, with Wilson's 95 % interval.

    What the filter keeps is asked about; a decision on another item is counted beside it, so that
    there is never more to do because something was done. Where it is narrow the end may be cut: the
    rate stands first, with an interval that is never shown by half.
    """
    from edt_core.stages.augmenter.tuning import wilson

    done = counts.accepted + counts.rejected + counts.edited
    of_kept = counts.kept - counts.undecided
    text = f"{of_kept:,}{' of ' if wide else '/'}{counts.kept:,} kept decided"
    if done > of_kept:
        text += f", {done - of_kept:,} filtered"
    if not done:
        return text
    good = counts.accepted + counts.edited
    low, high = wilson(good, done)
    rate = f"accept {good / done:.0%} ({100 * low:.0f}-{100 * high:.0f}%"
    if not wide:
        return f"{rate}) · {text}"
    share = bar(of_kept / max(1, counts.kept), 12)
    return f"{text} {share} · {rate}, no random sample)"


def item_text(context: "ItemContext", *, written: bool) -> Text:
    """An item's fields, as the model wrote them or as they stand."""
    item = context.item
    now = {name: getattr(item, name) for name in context.origin.written}
    shown = context.origin.written if written else now
    text = Text()
    text.append(f"{safe_text(shown['title'])}\n", style="bold")
    facts = (shown["brand"], shown["price"], shown["date"])
    text.append(f"{' · '.join(safe_text(fact) for fact in facts if fact) or '-'}\n")
    text.append(f"{' > '.join(safe_text(name) for name in shown['categories']) or '-'}\n", "dim")
    text.append(safe_text(shown["description"]))
    return text


def changed_names(context: "ItemContext") -> list[str]:
    """Which texts the reviewer wrote."""
    return [name for name in context.item.edited if name in context.origin.written]


def item_title(context: "ItemContext", *, written: bool) -> str:
    """What the item pane shows, in words."""
    changed = changed_names(context)
    if not changed:
        return f"+ item {context.item.id} as the model wrote it"
    if written:
        return "as the model wrote it · {review.written}: as edited"
    return f"as edited ({', '.join(changed)}) · {{review.written}}: as written"


def verdict_text(
    context: "ItemContext", standing: "Standing", keyed: Keyed, *, scoring: bool
) -> Text:
    """Scores against what is asked for, the filter's verdict, and the reviewer's.

    Where the text was edited and scored since, what holds for it stands behind the arrows.
    """
    item = context.item
    outdated = standing.outdated(item)
    text = Text()
    if outdated and context.rescored is not None and not scoring:
        _scores_now(text, context, context.rescored, standing.noise_filter.top_k)
    else:
        _scores(text, context, standing)
        text.append(f"filter {VERDICT_WORDS.get(item.verdict, '-')}{' → scoring …' * scoring}")
    text.append("  inserted\n" if item.inserted else "  not inserted\n")
    text.append("you    ")
    mark = DECISION_MARKS.get(item.decision or "", "-")
    text.append(f"{mark} {item.decision or 'none yet'}\n", DECISION_STYLES.get(item.decision or ""))
    if "anchor_position" in item.edited:
        text.append(f"anchor moved from {_place(context)}\n")
    if outdated and context.rescored is None and not scoring:
        told = keyed("({review.rescore} scores it now, a run does too)")
        text.append(f"scores: of the text before\n{told}")
    return text


def _place(context: "ItemContext") -> str:
    """Where Eq. 5 puts the item, counted as people count."""
    at = context.origin.anchor_position
    return "no event" if at is None else f"event {at + 1} of {len(context.history.events)}"


def _scores(text: Text, context: "ItemContext", standing: "Standing") -> None:
    item, top_k = context.item, standing.noise_filter.top_k
    threshold = standing.thresholds[item.direction == "a2b"]
    rank = item.source_rank
    text.append(f"source {score(item.source_score)}")
    text.append(f"  rank {rank or '-'} of {context.origin.siblings} (top_k {top_k}")
    text.append(")\n" if rank is None else f" {'✓' if rank <= top_k else '✗'})\n")
    text.append(f"target {score(item.target_score)}")
    if item.target_score is None:
        text.append("  none: no item of the target domain\n" if item.verdict else "\n")
    else:
        above = item.target_score - threshold
        text.append(f"  asked {threshold:.3f}, {'▲' if above >= 0 else '▼'} {above:+.3f}\n")


def _scores_now(text: Text, context: "ItemContext", now: "ItemScore", top_k: int) -> None:
    """The run's scores, and those of the present text behind arrows; within forty columns."""
    item = context.item
    text.append(f"source {score(item.source_score)}→{score(now.source_score)}")
    text.append(f"  rank {item.source_rank or '-'}→{now.source_rank} of {context.origin.siblings} ")
    text.append("✓\n" if now.source_rank <= top_k else "✗\n")
    text.append(f"target {score(item.target_score)}→{score(now.target_score)}")
    if now.target_score is not None:
        above = now.target_score - now.threshold
        text.append(f"  asked {now.threshold:.3f} {'▲' if above >= 0 else '▼'}{above:+.3f}")
    verdict = VERDICT_WORDS["kept" if now.kept else "filtered"]
    text.append(f"\nfilter {VERDICT_WORDS[item.verdict]}→{verdict}")


def anchor_of(context: "ItemContext") -> int | None:
    """Where the next run inserts the item: a moved anchor, or that of its present text."""
    if context.rescored is None or "anchor_position" in context.item.edited:
        return context.item.anchor_position
    return context.rescored.anchor_position


def history_text(context: "ItemContext", position: str, lines: int) -> Text:
    """The user's training part around the place of insertion, in at most ``lines`` lines.

    Args:
        context: The item and its surroundings.
        position: ``insertion.position``: where the pipeline inserts.
        lines: Most lines.
    """
    item, history = context.item, context.history
    events = history.events
    anchor = anchor_of(context)
    place = anchor if position == "anchor" and anchor is not None else len(events) - 1
    target = int(item.direction == "a2b")
    rows = [_event(event, event.position == anchor) for event in events]
    this = Text(no_wrap=True)
    this.append(f"{'this ' + chr(9666):>9} ", "bold")
    this.append(f"{'+':>10}  {'AB'[target]}  ", DOMAIN_STYLES[target])
    this.append(safe_text(item.title), "bold")
    if position == "random":
        this.append("  (random place)", "dim")
    rows.insert(place + 1, this)
    hidden = f"{history.hidden} later event{'s' * (history.hidden != 1)} held out and hidden"
    room = max(1, lines - 1)
    first = max(0, min(place + 1 - room // 2, len(rows) - room))
    note = Text(f"          {hidden if history.hidden else 'nothing is held out'}", "dim")
    before, after = first, max(0, len(rows) - first - room)
    if before or after:
        note.append(f" · {before} earlier, {after} later not shown")
    return Text("\n").join([*rows[first : first + room], note])


def history_title(context: "ItemContext") -> str:
    """Whose history it is."""
    user = safe_text(context.item.user_id, width=30)
    return f"user {user} · {len(context.history.events)} training events"


def _event(event: "TrainingEvent", anchor: bool) -> Text:
    line = Text(no_wrap=True)
    line.append(f"{'anchor ▸' if anchor else '':>9} ", "bold")
    line.append(f"{day(event.timestamp):>10}  ")
    line.append(f"{'AB'[event.domain]}  ", DOMAIN_STYLES[event.domain])
    line.append(safe_text(event.name))
    return line


def day(timestamp: int) -> str:
    """The day of a moment in seconds (or milliseconds) since 1970, UTC."""
    seconds = timestamp / 1000 if abs(timestamp) > 10**11 else timestamp
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(seconds))
    except (ValueError, OverflowError, OSError):
        return str(timestamp)


def anchor_lines(context: "ItemContext") -> list[str]:
    """Every place that the item can be moved to, as lines to choose from."""
    return [
        ("anchor ▸ " if event.position == anchor_of(context) else " " * 9)
        + f"{day(event.timestamp)}  {'AB'[event.domain]}  {event.name}"
        for event in context.history.events
    ]


def call_text(context: "ItemContext") -> str:
    """Prompt and answer, whole."""
    if context.call is None:
        return "The call that wrote this item is not on record."
    parts = [
        f"[{message.get('role', '?')}]\n{message.get('content', '')}"
        for message in context.call.request.get("messages", [])
        if isinstance(message, dict)
    ]
    return "\n\n".join([*parts, f"[answer]\n{context.call.response}"])


def call_excerpt(context: "ItemContext") -> Text:
    """The user's part of the prompt, then the answer from this item on."""
    if context.call is None:
        return Text("The call that wrote this item is not on record.", "dim")
    messages = context.call.request.get("messages") or [{}]
    prompt = safe_text(messages[-1].get("content", "")) if isinstance(messages[-1], dict) else ""
    answer = context.call.response
    start = max(0, answer.find(context.origin.written["title"]) - 12)
    text = Text(f"{prompt[:600]}{'…' if len(prompt) > 600 else ''}\n")
    text.append(f"\n▸ {'…' if start else ''}{safe_text(answer[start : start + 700])}", "bold")
    return text


def call_title(context: "ItemContext") -> str:
    """Which call it was."""
    if context.call is None:
        return "prompt and answer"
    line = context.call.line
    cost = "price unknown" if line.cost is None else f"${line.cost:.5f}"
    return (
        f"call {line.id} · {safe_text(line.model, width=30)} · {line.prompt_tokens:,} in / "
        f"{line.completion_tokens:,} out · {cost}"
    )
