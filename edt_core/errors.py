"""Every error that a user can cause, as one tree.

EdtError                exit 1
├── UsageError          exit 2   an unknown option, key, stage or name
├── InputError          exit 2   a file or a record that can't be read as what it should be
├── ProjectError        exit 1
│   ├── ProjectNotFound exit 2
│   ├── ProjectExists   exit 2
│   ├── ProjectTooNew   exit 1
│   └── ProjectBusy     exit 1   another process runs stages in it
├── MissingInput        exit 1   a stage's input was never made
├── LlmError            exit 1
│   ├── LlmUnavailable  exit 1   the service can't be reached, or refuses the key
│   └── BudgetReached   exit 3   the next call would pass the cost cap
├── ReviewPending       exit 3   the project waits for a reviewer
├── LeakFound           exit 1   held-out items were seen where they must not be
└── RunCancelled        exit 130
    └── StopAfterEpoch  exit 130 a training may finish its epoch first

Anything that is no EdtError is a bug: it is told in one sentence, and a report is kept.
"""

from typing import ClassVar


class EdtError(Exception):
    """Something that the user can act on: one sentence on what is wrong, one on what to do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Message and hint in one line."""
        return f"{self.message} {self.hint}".strip()


class UsageError(EdtError):
    """An option, key, stage or name that does not exist or has no such value."""

    exit_code: ClassVar[int] = 2


class InputError(EdtError):
    """A file or a record that can't be read as what it should be."""

    exit_code: ClassVar[int] = 2


class ProjectError(EdtError):
    """A project that can't be used as asked."""


class ProjectNotFound(ProjectError):
    """There is no project of that name."""

    exit_code: ClassVar[int] = 2


class ProjectExists(ProjectError):
    """The name is taken."""

    exit_code: ClassVar[int] = 2


class ProjectTooNew(ProjectError):
    """The project was written by a newer version of EDT."""


class ProjectBusy(ProjectError):
    """Another living process runs stages in this project."""


class MissingInput(EdtError):
    """A stage needs something that was never made."""


class LlmError(EdtError):
    """A language-model or embedding service that can't be used."""


class LlmUnavailable(LlmError):
    """The service can't be reached, refuses the key or does not know the model."""


class BudgetReached(LlmError):
    """The next call would pass the cost cap."""

    exit_code: ClassVar[int] = 3


class ReviewPending(EdtError):
    """The project asks for a review and generated items are still undecided."""

    exit_code: ClassVar[int] = 3


class LeakFound(EdtError):
    """A held-out item was seen by a stage that must not see it."""


class RunCancelled(EdtError):
    """The user interrupted the run; what was finished is kept."""

    ASKED: ClassVar[str] = "Stopped as asked."
    """The message of a stop without another cause."""

    exit_code: ClassVar[int] = 130


class StopAfterEpoch(RunCancelled):
    """The user asked to stop, but a training that is within an epoch may finish it first."""
