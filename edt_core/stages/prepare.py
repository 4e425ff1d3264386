"""The imported data set as source stages (4.1.1, A.2).

The import writes these artifacts; nothing computes them again: raw files move and change.
"""

from dataclasses import dataclass
from typing import ClassVar, NoReturn

from edt_core.data.catalogue import Catalogue
from edt_core.data.split import Histories, RawSequences, TestTargets, ValidTargets
from edt_core.errors import MissingInput
from edt_core.params import Params
from edt_core.stage import Context, Stage, Step


class DatasetParams(Params):
    """Which data set: its content, not where it came from."""

    digest: str
    """``data.importing.Dataset.digest``."""


def never_imported() -> NoReturn:
    """Say that there is nothing to compute from.

    Raises:
        MissingInput: always.
    """
    raise MissingInput(
        "The project has no data set yet, or it was imported by other means.",
        hint="Import it with 'edt import', or see 'edt demo'.",
    )


@dataclass(frozen=True)
class ImportedCatalogue(Stage[Catalogue]):
    """The real items of both domains."""

    step: ClassVar[Step] = Step.IMPORT
    section: ClassVar[str] = "A.2"
    output: ClassVar[type[Catalogue]] = Catalogue

    dataset: DatasetParams

    def compute(self, ctx: Context) -> Catalogue:
        """The import wrote it, or there is none."""
        never_imported()


@dataclass(frozen=True)
class ImportedHistories(Stage[Histories]):
    """Every user's training part."""

    step: ClassVar[Step] = Step.IMPORT
    section: ClassVar[str] = "4.1.1"
    output: ClassVar[type[Histories]] = Histories

    dataset: DatasetParams

    def compute(self, ctx: Context) -> Histories:
        """The import wrote it, or there is none."""
        never_imported()


@dataclass(frozen=True)
class ImportedValidTargets(Stage[ValidTargets]):
    """The second last event of every user with three or more."""

    step: ClassVar[Step] = Step.IMPORT
    section: ClassVar[str] = "4.1.1"
    output: ClassVar[type[ValidTargets]] = ValidTargets

    dataset: DatasetParams

    def compute(self, ctx: Context) -> ValidTargets:
        """The import wrote it, or there is none."""
        never_imported()


@dataclass(frozen=True)
class ImportedTestTargets(Stage[TestTargets]):
    """The last event of every user with three or more."""

    step: ClassVar[Step] = Step.IMPORT
    section: ClassVar[str] = "4.1.1"
    output: ClassVar[type[TestTargets]] = TestTargets

    dataset: DatasetParams

    def compute(self, ctx: Context) -> TestTargets:
        """The import wrote it, or there is none."""
        never_imported()


@dataclass(frozen=True)
class ImportedRaw(Stage[RawSequences]):
    """Every user's whole sequence, from which the three parts were made."""

    step: ClassVar[Step] = Step.IMPORT
    section: ClassVar[str] = "4.1.1"
    output: ClassVar[type[RawSequences]] = RawSequences

    dataset: DatasetParams

    def compute(self, ctx: Context) -> RawSequences:
        """The import wrote it, or there is none."""
        never_imported()
