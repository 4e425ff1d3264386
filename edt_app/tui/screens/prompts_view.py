"""What the prompt inspector says of a call: plain texts out of stored ones."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edt_app.terminal import safe_text

if TYPE_CHECKING:
    from edt_core.actions.asking_again import Prospect
    from edt_core.store.calls import CallLine, CallText

MARKS = {"answered": "✓", "invalid": "✗", "failed": "✗", "unknown": "?"}
STEPS = ("generate", "profile")
FILTER_HELP = (
    "stage:generate|profile  user:ID  status:answered|invalid|failed|unknown|bad  "
    "behind:RUN (what that run trained on)  words of prompt or answer"
)
STATUSES = ("answered", "invalid", "failed", "unknown", "bad")


def lines_of(text: str) -> str:
    """A text with its line breaks kept and every other control character made visible."""
    return "\n".join(safe_text(line) for line in text.replace("\r\n", "\n").split("\n"))


def row(line: "CallLine") -> list[str]:
    """A call as cells: number, stage, template, user, state, tokens, cost, seconds, note."""
    cost = "-" if line.cost is None else f"{line.cost:.5f}" if line.cost else "0"
    return [
        str(line.id),
        line.step,
        safe_text(line.template),
        safe_text(line.user_id or "-"),
        f"{MARKS.get(line.status, '·')} {line.status}",
        f"{line.prompt_tokens:,}/{line.completion_tokens:,}",
        cost,
        f"{line.latency:.2f}",
        safe_text(note(line)),
    ]


def note(line: "CallLine") -> str:
    """What is worth knowing of a call at a glance."""
    parts = []
    if line.repair:
        parts.append(f"repair {line.repair}")
    if line.reused_from:
        parts.append(f"from {line.reused_from}")
    if line.reason:
        parts.append(line.reason)
    return ", ".join(parts)


def heading(line: "CallLine") -> str:
    """A call in one line."""
    answered = f" ({line.model_answered})" if line.model_answered not in {"", line.model} else ""
    cost = "price unknown" if line.cost is None else f"${line.cost:.5f}"
    return safe_text(
        f"call {line.id}  {line.step}/{line.template}  user {line.user_id or '-'}  "
        f"{line.provider}:{line.model}{answered}  {line.prompt_tokens:,} in "
        f"({line.cached_tokens:,} cached) / {line.completion_tokens:,} out  "
        f"{line.latency:.2f} s  {cost}"
    )


def request_text(request: dict[str, Any]) -> str:
    """The messages by role, then every other parameter as sent."""
    parts = []
    for message in request.get("messages", []):
        if isinstance(message, dict):
            content = message.get("content")
            body = content if isinstance(content, str) else json.dumps(content, indent=1)
            parts.append(f"── {message.get('role', '?')} ──\n{body}")
    rest = {key: value for key, value in request.items() if key != "messages"}
    if rest:
        parts.append(f"── parameters ──\n{json.dumps(rest, indent=1, ensure_ascii=False)}")
    return lines_of("\n\n".join(parts))


def response_text(found: "CallText") -> str:
    """What came back, letter by letter; why there is nothing otherwise."""
    if found.response:
        return lines_of(found.response)
    if found.line.status == "unknown" and found.batch:
        return lines_of(f"No answer yet: it went with the batch {found.batch}.")
    told = {
        "unknown": "Sent, and no answer is on record: the process ended while it was in flight.",
        "failed": f"No answer: {found.line.reason}",
    }
    return lines_of(told.get(found.line.status, "The answer is empty."))


def parsed_text(found: "CallText") -> str:
    """What validation made of it."""
    if found.parsed is None:
        reason = f": {found.line.reason}" if found.line.reason else ""
        return lines_of(f"Nothing was parsed{reason}.")
    return lines_of(json.dumps(found.parsed, indent=1, ensure_ascii=False))


def attempts_text(attempts: Sequence[dict[str, Any]]) -> str:
    """Each attempt with its seconds and its error."""
    if not attempts:
        return "One attempt, no error."
    lines = []
    for number, attempt in enumerate(attempts, 1):
        seconds = attempt.get("seconds")
        took = f"{seconds:.2f} s" if isinstance(seconds, int | float) else "-"
        lines.append(f"{number}. {took}  {attempt.get('error') or 'answered'}")
    return lines_of("\n".join(lines))


def whole(found: "CallText") -> str:
    """Everything about a call as one text, for pager, editor and clipboard."""
    return "\n\n".join(
        (
            heading(found.line),
            f"== request ==\n{request_text(found.request)}",
            f"== response ==\n{response_text(found)}",
            f"== parsed ==\n{parsed_text(found)}",
            f"== attempts ==\n{attempts_text(found.attempts)}",
        )
    )


def again_question(found: "Prospect") -> str:
    """What asking a question again costs and changes, to be said yes or no to."""
    price = "price unknown" if found.cost is None else f"about ${found.cost:.5f}"
    about = f"{found.step}/{found.template}" + (f", user {found.user_id}" if found.user_id else "")
    return f"Ask call {found.call} ({about}) again, live? It costs {price}. {found.sentence}."


def again_told(found: Mapping[str, Any]) -> str:
    """What came of it, by the document of ``edt calls again``."""
    cost = "cost unknown" if found["cost"] is None else f"${found['cost']:.5f}"
    same = ", the same letter by letter" if found["same"] else ""
    return f"Call {found['call']} answers ({cost}{same}). The next run makes its stage anew."


def parsed_filter(text: str) -> tuple[dict[str, str], str]:
    """``stage:generate user:u1 status:bad words`` as fields, and what is wrong with it.

    ``user=u1`` as in the review is the same.

    Returns:
        The fields of ``Asked``, a run's number as ``behind`` beside them, and an empty sentence or
        one that says what can't be understood.
    """
    fields: dict[str, str] = {}
    words = []
    for word in text.split():
        key, *values = re.split("[:=]", word, maxsplit=1)
        name = {"stage": "step", "user": "user", "status": "status", "behind": "behind"}.get(key)
        value = values[0] if values else ""
        if not values or name is None:
            words.append(word)
        elif name == "step" and value not in STEPS:
            return {}, f"Stages that ask are {', '.join(STEPS)}."
        elif name == "status" and value not in STATUSES:
            return {}, f"A status is {', '.join(STATUSES)}."
        elif name == "behind" and not value.isdecimal():
            return {}, "A run is a number, as 8 Runs shows it."
        else:
            fields[name] = value
    if words:
        fields["text"] = " ".join(words)
    return fields, ""


def wrong_filter(text: str) -> str:
    """What is wrong with a filter; empty when it can be understood."""
    return parsed_filter(text)[1]
