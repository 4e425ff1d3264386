"""Answers and vectors that another project has paid for, by choice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edt_core.data.sequences import Floats
from edt_core.errors import UsageError
from edt_core.llm.ledger import Call, StoredCall, content_key
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger, EmbeddingLedger
from edt_core.store.project import Project


@dataclass(frozen=True)
class Lender:
    """Another project beside this one; it is only read."""

    home: Path
    name: str

    @classmethod
    def beside(cls, project: Project, name: str) -> "Lender":
        """The project called ``name`` in the same home.

        Raises:
            UsageError: it is this project itself.
            ProjectNotFound: there is none of that name.
        """
        home = Home(project.folder.parent)
        if home.path(name) == project.folder:
            raise UsageError("A project can't reuse its own calls: it does so anyway.")
        return cls(home.folder, name)

    def calls(self, keys: Sequence[str]) -> dict[str, StoredCall]:
        """The answered calls among ``keys``, each with where it was bought."""
        with Home(self.home).open(self.name) as other:
            found = CallLedger(other.database).find(keys)
        return {
            key: replace(stored, reused_from=f"{self.name}:{stored.id}")
            for key, stored in found.items()
        }

    def vectors(self, keys: Sequence[str]) -> dict[str, Floats]:
        """The known vectors among ``keys``."""
        with Home(self.home).open(self.name) as other:
            return EmbeddingLedger(other.database).find(keys)


def ledger_of(project: Project, lender: str, run: int | None = None) -> CallLedger:
    """The project's memory of calls, with the project ``lender``'s behind it where one is named.

    Raises:
        UsageError: the lender is this project itself.
        ProjectNotFound: there is none of that name.
    """
    if not lender:
        return CallLedger(project.database, run)
    return BorrowingLedger(project, run, Lender.beside(project, lender))


class BorrowingLedger(CallLedger):
    """A project's ledger that asks a lender for what it doesn't know itself."""

    def __init__(self, project: Project, run: int | None, lender: Lender) -> None:
        super().__init__(project.database, run)
        self._lender = lender

    def find(self, keys: Sequence[str]) -> dict[str, StoredCall]:
        """The answered calls among ``keys``; those of the lender say where they are from."""
        known = super().find(keys)
        unknown = [key for key in keys if key not in known]
        return {**(self._lender.calls(unknown) if unknown else {}), **known}


class BorrowingVectors(EmbeddingLedger):
    """A project's vectors, with a lender's for what it doesn't know itself.

    What is borrowed is kept here too, and one line of the ledger says how many came from where.
    """

    def __init__(self, project: Project, run: int | None, model: str, lender: Lender) -> None:
        super().__init__(project.database)
        self._lender = lender
        self._model = model
        self._calls = CallLedger(project.database, run)

    def find(self, keys: Sequence[str]) -> dict[str, Floats]:
        """The known vectors among ``keys``, here or at the lender's."""
        known = super().find(keys)
        unknown = [key for key in keys if key not in known]
        borrowed = self._lender.vectors(unknown) if unknown else {}
        if borrowed:
            self.keep(borrowed)
            self._calls.record([self._line(sorted(borrowed))])
        return {**borrowed, **known}

    def _line(self, keys: Sequence[str]) -> Call:
        request = f'{{"texts": {len(keys)}}}'
        return Call(
            key=content_key("openai", "\0".join(keys), "borrowed"),
            step="embed",
            template="embedding",
            user=None,
            provider="openai",
            model=self._model,
            request=request,
            status="answered",
            cost=0.0,
            reused_from=self._lender.name,
        )
