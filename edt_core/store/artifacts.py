"""The stages' results: folders by fingerprint, each with a row that holds its checksum."""

import errno
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from sqlmodel import select

from edt_core import artifact as files
from edt_core.errors import EdtError, MissingInput, ProjectError
from edt_core.stage import Stage, Step
from edt_core.store.database import Database, run_many
from edt_core.store.tables import Artifact

T = TypeVar("T")
_SHAPES = "array shapes"
"""Beside the parameters, which have names without a space: what the result turned out to be."""
_CHECKPOINTS = {Step.PRETRAIN, Step.FINETUNE}
_PLACES = ("arrays", "checkpoints")
ASKED_AGAIN = "asked-again.json"
"""In a stage's folder for unfinished work: the questions that were asked again since."""


@dataclass(frozen=True)
class Outdated:
    """What was asked again since a stored result was made."""

    answers: int
    users: int
    """Whose profiles may change by it, at most."""


@dataclass(frozen=True)
class ArtifactLine:
    """A stored result, as its row tells it."""

    fingerprint: str
    step: str
    stage: str
    parameters: dict[str, Any]
    inputs: list[str]
    folder: Path
    bytes: int
    seconds: float
    created_at: float
    unanswered: int
    """Questions without an answer, which a run may ask again."""
    shapes: dict[str, list[int]]
    """Of its arrays by name; empty where an older version wrote it."""


class Artifacts:
    """Implements the runner's artifact store for one project.

    A folder counts only with its row: one that a crash left without a row is not there, and is
    replaced by the next write. Only the holder of the project's stage lock writes.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    def has(self, stage: Stage[Any]) -> bool:
        """Is the stage's artifact stored, whole? Looks at sizes alone; ``read`` checks content."""
        row = self._row(stage.fingerprint)
        return row is not None and _size(self._folder / row.folder) == row.bytes

    def read(self, stage: Stage[T]) -> T:
        """The stored artifact.

        Raises:
            MissingInput: it was never made.
            ProjectError: its files are not what was written.
        """
        folder = self._checked(stage.fingerprint, type(stage).__name__)
        kind: type[T] = stage.output
        return files.load(kind, folder)

    def read_as(self, kind: type[T], fingerprint: str) -> T:
        """An artifact of the class ``kind`` by its fingerprint alone.

        Raises:
            MissingInput: it was never made.
            ProjectError: its files are not what was written.
        """
        return files.load(kind, self._checked(fingerprint, kind.__name__))

    def arrays(self, fingerprint: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """An artifact's arrays and plain values by name, for who does not know its class.

        Raises:
            MissingInput: it was never made.
            ProjectError: its files are not what was written.
        """
        from safetensors.numpy import load_file

        folder = self._checked(fingerprint, "the artifact")
        values = json.loads((folder / "values.json").read_text("utf-8"))
        return load_file(folder / "arrays.safetensors"), values

    def parts(self, fingerprint: str, wanted: Mapping[str, slice]) -> dict[str, np.ndarray]:
        """Rows of an artifact's arrays by name, read without the rest of it.

        For a screen that needs a few rows of large arrays: content is not checked, as ``read``
        does.

        Raises:
            MissingInput: it was never made.
        """
        from safetensors import safe_open

        row = self._row(fingerprint)
        file = self._folder / row.folder / "arrays.safetensors" if row else None
        if file is None or not file.is_file():
            raise MissingInput(
                f"The result {fingerprint[:12]} is not stored.", hint="Run 'edt run' first."
            )
        with safe_open(file, framework="np") as arrays:
            return {
                name: arrays.get_tensor(name)  # an empty one has no slices
                if rows == slice(None)
                else arrays.get_slice(name)[rows]
                for name, rows in wanted.items()
            }

    def write(self, stage: Stage[Any], artifact: object, seconds: float) -> bool:
        """Store an artifact, all or nothing.

        One that differs from what is stored takes what stands on that with it, and one that does
        not leaves it as it is: no result is ever shown as that of answers which are others by now.

        Returns:
            Whether a different one was replaced.

        Raises:
            EdtError: the disk is full; nothing is left behind.
        """
        relative = _place(stage.step, stage.fingerprint)
        folder = self._folder / relative
        fresh = folder.with_name(f".{folder.name}.new")
        with plain_disk_errors(folder):
            shutil.rmtree(fresh, ignore_errors=True)
            files.save(artifact, fresh)
        row = Artifact(
            fingerprint=stage.fingerprint,
            step=stage.step.value,
            stage=type(stage).__name__,
            parameters=json.dumps({**stage.parameters, _SHAPES: files.shapes(artifact)}),
            inputs=json.dumps([source.fingerprint for source in stage.inputs]),
            folder=relative,
            checksum=_checksum(fresh),
            bytes=_size(fresh),
            seconds=seconds,
            created_at=time.time(),
            unanswered=stage.unanswered(artifact),
        )
        before = self._row(stage.fingerprint)
        if before is not None and before.checksum == row.checksum and self.has(stage):
            shutil.rmtree(fresh)
            return False
        replaced = before is not None and not self._alike(before, row, stage, artifact)
        if before is not None:
            behind = self.behind(stage.fingerprint) if replaced else []
            self._drop([before.fingerprint, *(line.fingerprint for line in behind)])
        with plain_disk_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)  # no row names it
            fresh.rename(folder)
        with self._database.write() as session:
            session.merge(row)
        return replaced

    def behind(self, fingerprint: str) -> list[ArtifactLine]:
        """The stored results that stand on one, at any distance."""
        on: dict[str, list[ArtifactLine]] = {}
        for line in self.lines():
            for source in line.inputs:
                on.setdefault(source, []).append(line)
        found: dict[str, ArtifactLine] = {}
        waiting = [fingerprint]
        while waiting:
            for line in on.get(waiting.pop(), ()):
                if line.fingerprint not in found:
                    found[line.fingerprint] = line
                    waiting.append(line.fingerprint)
        return list(found.values())

    def _alike(self, before: Artifact, now: Artifact, stage: Stage[Any], artifact: object) -> bool:
        """Would every later stage make the same of both?"""
        if before.checksum == now.checksum:
            return True
        if not stage.unread or not self.has(stage):
            return False
        try:
            return files.differing(self.read(stage), artifact) <= stage.unread
        except ProjectError:  # nobody knows what the damaged one said
            return False

    def _drop(self, fingerprints: Sequence[str]) -> None:
        """Forget results, the rows that show them, and unfinished work on all but the first."""
        marks = [(fingerprint,) for fingerprint in fingerprints]
        with self._database.write() as session:
            for statement in (
                "DELETE FROM artifact WHERE fingerprint = ?",
                "DELETE FROM profile WHERE fingerprint = ?",
                "DELETE FROM rescored WHERE judged = ?",
                # generated items stay shown with their decisions until new ones take their place
                "DELETE FROM latest WHERE fingerprint = ? AND kind != 'drafts'",
            ):
                run_many(session, statement, marks)
        for fingerprint in fingerprints[1:]:
            for place in (*_PLACES, "scratch"):
                shutil.rmtree(self._folder / place / fingerprint, ignore_errors=True)

    def scratch(self, stage: Stage[Any]) -> Path:
        """The stage's own folder for unfinished work; made when it isn't there."""
        folder = self._folder / "scratch" / stage.fingerprint
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def unanswered(self, stage: Stage[Any]) -> int:
        """Questions of the stored artifact that found no answer; 0 where none is stored."""
        row = self._row(stage.fingerprint)
        return row.unanswered if row is not None and self.has(stage) else 0

    def begun(self, stage: Stage[Any]) -> bool:
        """Does unfinished work of the stage wait to be gone on with?"""
        folder = self._folder / "scratch" / stage.fingerprint
        return folder.is_dir() and any(folder.iterdir())

    def clear_scratch(self, stage: Stage[Any]) -> None:
        """Empty it."""
        shutil.rmtree(self._folder / "scratch" / stage.fingerprint, ignore_errors=True)

    def outdate(self, stage: Stage[Any], question: str, users: int) -> bool:
        """Note that a question which a stored result rests on is asked again.

        The result stays readable until a run makes it anew, which takes the note away.

        Args:
            stage: Whose result it is.
            question: The question's key.
            users: Whose profiles another answer may change, at most.

        Returns:
            Whether it was not noted before.
        """
        noted = self._asked_again(stage.fingerprint)
        self._note(stage, {**noted, question: users})
        return question not in noted

    def uphold(self, stage: Stage[Any], question: str) -> None:
        """Take the note back: the old answer stands."""
        noted = self._asked_again(stage.fingerprint)
        noted.pop(question, None)
        self._note(stage, noted)

    def outdated(self) -> dict[str, Outdated]:
        """Every stage with such a note, by its fingerprint; mostly none."""
        marks = (self._folder / "scratch").glob(f"*/{ASKED_AGAIN}")
        noted = {mark.parent.name: self._asked_again(mark.parent.name) for mark in marks}
        return {
            name: Outdated(len(asked), sum(asked.values()))
            for name, asked in noted.items()
            if asked
        }

    def _asked_again(self, fingerprint: str) -> dict[str, int]:
        """Users by question; nothing where there is no note that can be read."""
        try:
            noted = json.loads((self._folder / "scratch" / fingerprint / ASKED_AGAIN).read_bytes())
            return {str(question): int(users) for question, users in noted.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def _note(self, stage: Stage[Any], noted: Mapping[str, int]) -> None:
        mark = self.scratch(stage) / ASKED_AGAIN
        if not noted:
            mark.unlink(missing_ok=True)
            return
        aside = mark.with_suffix(".new")
        with plain_disk_errors(mark):
            aside.write_text(json.dumps(noted), "utf-8")
            aside.replace(mark)

    def line(self, fingerprint: str) -> ArtifactLine | None:
        """What is known of one stored result."""
        row = self._row(fingerprint)
        return None if row is None else self._line(row)

    def lines(self, stage: str = "") -> list[ArtifactLine]:
        """Every stored result, or those of one stage class, newest first."""
        query = select(Artifact).order_by(Artifact.created_at.desc())  # type: ignore[attr-defined]
        if stage:
            query = query.where(Artifact.stage == stage)
        with self._database.read() as session:
            return [self._line(row) for row in session.exec(query)]

    def damaged(self) -> list[str]:
        """The folders that are not where or what their rows say; reads every stored byte."""
        with self._database.read() as session:
            rows = session.exec(select(Artifact).order_by(Artifact.folder)).all()
        return [row.folder for row in rows if _checksum(self._folder / row.folder) != row.checksum]

    def _row(self, fingerprint: str) -> Artifact | None:
        with self._database.read() as session:
            return session.get(Artifact, fingerprint)

    def _line(self, row: Artifact) -> ArtifactLine:
        parameters = json.loads(row.parameters)
        shapes = parameters.pop(_SHAPES, {})
        return ArtifactLine(
            row.fingerprint,
            row.step,
            row.stage,
            parameters,
            json.loads(row.inputs),
            self._folder / row.folder,
            row.bytes,
            row.seconds,
            row.created_at,
            row.unanswered,
            shapes,
        )

    def _checked(self, fingerprint: str, name: str) -> Path:
        row = self._row(fingerprint)
        if row is None or not (self._folder / row.folder).is_dir():
            raise MissingInput(
                f"{name} ({fingerprint[:12]}) has no stored result.", hint="Run 'edt run' first."
            )
        folder = self._folder / row.folder
        if _checksum(folder) != row.checksum:
            raise ProjectError(
                f"The stored result of {row.stage} in {folder} is damaged.",
                hint="Delete that folder and run 'edt run' again: it is computed anew.",
            )
        return folder


def _place(step: str, fingerprint: str) -> str:
    """Where a stage's folder is inside the project's."""
    return f"{_PLACES[step in _CHECKPOINTS]}/{fingerprint}"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _size(folder: Path) -> int:
    """Bytes of the folder's files; -1 when there is no folder."""
    return sum(path.stat().st_size for path in _files(folder)) if folder.is_dir() else -1


def _checksum(folder: Path) -> str:
    """SHA-256 over the files' names and contents."""
    total = hashlib.sha256()
    for path in _files(folder):
        total.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


@contextmanager
def plain_disk_errors(path: Path) -> Iterator[None]:
    """Turn a full disk into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
        raise EdtError(
            f"{path} could not be written: {error.strerror}.",
            hint="What was stored before is whole. Free some space and run the command again.",
        ) from error
