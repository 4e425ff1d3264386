"""What went wrong in one attempt, in one sentence, and whether another could go better."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edt_core.errors import LlmUnavailable
from edt_core.llm.pace import LONGEST_WAIT, retry_after
from edt_core.llm.replies import clean
from edt_core.llm.transport import BadAnswer

if TYPE_CHECKING:
    from openai import APIStatusError

_PASSING = {408, 409, 425, 429}
_OF_PROMPTS = ("moderation", "flagged", "content policy", "content filter", "safety")
"""What services say of a prompt that they refuse."""


@dataclass(frozen=True)
class Problem:
    """What went wrong in one attempt."""

    text: str
    """One sentence."""
    status: int = 0
    """The HTTP status; 0 where none came."""
    again: bool = False
    """Another attempt may go better."""
    retry_after: float | None = None
    """Seconds that the service asks to wait."""
    no_credit: bool = False
    no_connection: bool = False

    @property
    def too_fast(self) -> bool:
        """The service complains about the number of requests or tokens."""
        return self.status in {429, 529} and not self.no_credit


def problem_of(error: Exception, key: str, timeout: float) -> Problem | None:
    """An attempt's error as a problem; None for one that is no failure of the service.

    Args:
        error: As the SDK raised it.
        key: The service's; what the service says is shown without it.
        timeout: Seconds that the call had.
    """
    from httpx2 import HTTPError, TimeoutException
    from openai import APIConnectionError, APIStatusError

    if isinstance(error, APIStatusError):
        return _refused(error, key)
    if isinstance(error, BadAnswer):
        return Problem(str(error), status=200, again=True)
    if not isinstance(error, TimeoutError | OSError | APIConnectionError | HTTPError):
        return None
    if isinstance(error, TimeoutError | TimeoutException):
        return Problem(f"No answer within {timeout:g} seconds.", again=True)
    text = f"The connection failed ({type(_innermost(error)).__name__})."
    return Problem(text, again=True, no_connection=True)


def fatal(
    problem: Problem, *, section: str, host: str, model: str, key_name: str, answered: bool = False
) -> LlmUnavailable | None:
    """The error that ends the run, where no other call could do better.

    Choice: a 403 is about the key only where the service has ``answered`` nothing yet and does not
    speak of the prompt; some say no to a single prompt in this way.
    """
    about_prompt = answered or any(word in problem.text.casefold() for word in _OF_PROMPTS)
    if problem.status == 401 or (problem.status == 403 and not about_prompt):
        hint = f"Set the environment variable {key_name}."
        return LlmUnavailable(f"{host} refuses the key ({problem.status}).", hint=hint)
    if problem.status == 404 and model:
        hint = f"Check {section}.model and {section}.base_url."
        return LlmUnavailable(f"{host} does not know the model {model!r} (404).", hint=hint)
    if 300 <= problem.status < 400:
        hint = f"Set {section}.base_url to the address that it should be."
        return LlmUnavailable(f"{host} sends requests elsewhere ({problem.status}).", hint=hint)
    if problem.no_credit:
        hint = "Top up the account and run again: what is answered is kept."
        return LlmUnavailable(f"The account at {host} has no credit left.", hint=hint)
    wait = problem.retry_after or 0.0
    if problem.again and wait > LONGEST_WAIT:
        hint = "Run again later: what is answered is kept."
        return LlmUnavailable(f"{host} asks to wait {wait:.0f} seconds.", hint=hint)
    return None


def unreachable(problem: Problem, *, section: str, host: str) -> LlmUnavailable:
    """The error of a service that never gave a sign of life."""
    hint = f"Check {section}.base_url and that the service runs."
    return LlmUnavailable(f"{host} can't be reached: {problem.text}", hint=hint)


def without(key: str, text: str) -> str:
    """What a service says, even where it repeats the key."""
    return text.replace(key, "***") if len(key) >= 8 else text


def _refused(error: "APIStatusError", key: str) -> Problem:
    body = error.body if isinstance(error.body, dict) else {}
    said = clean(without(key, str(body.get("message") or error.body or "")), 300)
    field = clean(without(key, str(body.get("param") or "")), 60)
    if field and field not in said:
        said = f"{said} ({field})"
    code = f"{body.get('code')} {body.get('type')}"
    status = error.status_code
    return Problem(
        text=f"The service answers {status}: {said or 'no reason given'}",
        status=status,
        again=status in _PASSING or status >= 500,
        retry_after=retry_after(error.response.headers),
        no_credit=status == 402 or "insufficient_quota" in code or "billing" in code,
    )


def _innermost(error: BaseException) -> BaseException:
    """The error below those that the SDK and its transport wrap it in."""
    for _ in range(10):
        below = error.__cause__ or error.__context__
        if below is None:
            break
        error = below
    return error
