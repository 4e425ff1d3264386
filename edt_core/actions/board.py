"""The pipeline at a glance: each stage's state, what it took, and what is left to do and to pay."""

from collections.abc import Sequence
from dataclasses import dataclass

from edt_core.actions.configuring import configuration
from edt_core.actions.estimating import EstimateLine, estimate_of
from edt_core.actions.failures import failed_questions
from edt_core.actions.needs import Need, needs
from edt_core.actions.status import ProjectStatus, StepStatus, project_status
from edt_core.errors import MissingInput
from edt_core.store.calls import Spend, spend
from edt_core.store.project import Project

_ASKING = {"embed", "generate", "filter", "profile"}


@dataclass(frozen=True)
class BoardStep:
    """One stage of DESIGN section 3 with what it took and what it would take."""

    status: StepStatus
    spent: Spend | None
    """Its calls so far; None for a stage that made none."""
    failed: int
    """Questions without an answer."""
    to_do: tuple[EstimateLine, ...]
    """Requests that a run would still make, at most, of every kind."""

    @property
    def to_compute(self) -> int:
        """Results that a run would compute, over every seed."""
        return self.status.total - self.status.stored

    @property
    def what_is_left(self) -> str:
        """What making it (anew) would take, as a phrase; empty when nothing is left."""
        if not self.to_compute:
            return ""
        phrase = f"{self.to_compute} of {self.status.total} results to compute"
        if not self.calls_left:
            return f"{phrase}, no call"
        cost = self.cost_left
        price = "price unknown" if cost is None else f"${cost:.2f}" if cost else "free"
        return f"{phrase}, at most {self.calls_left:,} calls, {price}"

    @property
    def calls_left(self) -> int:
        """Calls that a run would still make, at most."""
        return sum(line.calls for line in self.to_do)

    @property
    def cost_left(self) -> float | None:
        """US dollars for them; None where a price is not known."""
        costs = [line.cost for line in self.to_do if line.calls]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def cost_again(self) -> float | None:
        """US dollars for the failed questions once more, by what answers cost; None: unknown."""
        if self.spent is None or not self.spent.answered or self.spent.unpriced:
            return None
        return self.failed * self.spent.cost / self.spent.answered


@dataclass(frozen=True)
class Board:
    """The whole pipeline."""

    status: ProjectStatus
    steps: list[BoardStep]
    needs: list[Need]
    gated: bool = False
    """A run waits until every kept item is decided (review.required)."""


def board(project: Project) -> Board:
    """The pipeline as it stands; computes nothing and asks nothing."""
    calls = spend(project)
    status = project_status(project, spent=calls)
    unanswered = failed_questions(project, running=status.running)
    spent = {line.step: line for line in calls}
    failed = {each.step: each.questions for each in unanswered}
    left = _left(project, status)
    steps = [
        BoardStep(
            line,
            spent.get(line.step),
            failed.get(line.step, 0),
            tuple(left_line for left_line in left if left_line.step == line.step),
        )
        for line in status.stages
    ]
    gated = configuration(project).review.required
    return Board(status, steps, needs(project, unanswered), gated)


def _left(project: Project, status: ProjectStatus) -> Sequence[EstimateLine]:
    """Requests to make. Estimating reads the catalogue: not when nothing can be left."""
    asking = [line for line in status.stages if line.step in _ASKING]
    if not status.dataset or all(line.stored == line.total for line in asking):
        return ()
    try:
        return estimate_of(project, configuration(project)).lines
    except MissingInput:  # the imported arrays are gone: the board says so in its first stage
        return ()
