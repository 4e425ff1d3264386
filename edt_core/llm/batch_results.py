"""What a line of a batch's files says of one request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edt_core.errors import LlmUnavailable
from edt_core.llm.chat_bodies import read_reply
from edt_core.llm.in_flight import Reply
from edt_core.llm.ledger import Attempt
from edt_core.llm.problems import Problem
from edt_core.llm.replies import clean

_PREFIX = "edt-"
_NOT_RUN = {"batch_expired", "batch_cancelled"}
"""Why a request was never run, which no service bills."""
_NOT_HERE = "The service's results hold no line for this request."


@dataclass(frozen=True)
class Line:
    """What came of one request of a batch."""

    call: int
    """The ledger's id of the call; 0 where the line names none of ours."""
    reply: Reply
    status: int = 0
    """The HTTP status that the request got; 0 where it got none."""
    not_run: bool = False
    """It was given back as it was sent: nothing was asked, nothing is billed."""

    @property
    def again(self) -> bool:
        """In another batch it may go better."""
        return self.not_run or self.status in {0, 408, 409, 429} or self.status >= 500


def custom_id(call: int) -> str:
    """What a request is called in the file, from the ledger's id of the call."""
    return f"{_PREFIX}{call}"


def read_line(
    told: Mapping[str, Any], seconds: float, fatal: Callable[[Problem], LlmUnavailable | None]
) -> Line:
    """A line of the answers' or of the failures' file; every type is checked.

    Args:
        told: The line's object.
        seconds: From the batch's submission to its end.
        fatal: The error that ends the run, where no other request could do better.
    """
    call = _number(told.get("custom_id"))
    answer = told.get("response")
    body = answer.get("body") if isinstance(answer, dict) else None
    status = answer.get("status_code") if isinstance(answer, dict) else 0
    status = status if isinstance(status, int) and 0 <= status < 1000 else 0
    if status == 200 and isinstance(body, dict):
        reply = replace(read_reply(body), latency=seconds, attempts=(Attempt(seconds, "", 200),))
        return Line(call, reply, 200)
    code, said = _error(told.get("error"))
    if status != 200 and isinstance(body, dict) and not said:
        code, said = _error(body.get("error"))
    if status >= 300:
        text = f"The service answers {status}: {said or 'no reason given'}"
    else:
        text = f"The service did not answer it: {said or code or 'no reason given'}"
    problem = Problem(text, status, no_credit=status == 402 or code in {"insufficient_quota"})
    reply = Reply(
        error=text,
        latency=seconds,
        attempts=(Attempt(seconds, text, status),),
        fatal=fatal(problem),
    )
    return Line(call, reply, status, code in _NOT_RUN)


def no_line(call: int, seconds: float, why: str = _NOT_HERE) -> Line:
    """For a request that neither file told of."""
    return Line(call, Reply(error=why, latency=seconds, attempts=(Attempt(seconds, why),)))


def _number(told: Any) -> int:
    """The call that a ``custom_id`` of ours names, else 0."""
    if not isinstance(told, str) or not told.startswith(_PREFIX):
        return 0
    digits = told.removeprefix(_PREFIX)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else 0


def _error(told: Any) -> tuple[str, str]:
    """Code and sentence of an error object."""
    if not isinstance(told, dict):
        return "", clean(told, 300) if isinstance(told, str) else ""
    code = told.get("code") or told.get("type")
    said = told.get("message")
    return (
        code[:100] if isinstance(code, str) else "",
        clean(said, 300) if isinstance(said, str) else "",
    )
