"""``edt review export | import``: decisions as a file of JSON lines."""

import json
from pathlib import Path
from typing import Any

from edt_core.errors import InputError, UsageError
from edt_core.store.project import Project
from edt_core.store.review import export_decisions, import_decisions


def write_decisions(project: Project, file: Path) -> int:
    """Write every standing decision, one JSON object a line; how many there were.

    Raises:
        UsageError: the file exists.
    """
    lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in export_decisions(project)]
    try:
        with file.open("x", encoding="utf-8") as out:
            out.writelines(lines)
    except FileExistsError:
        raise UsageError(f"{file} exists.", hint="Choose another file.") from None
    return len(lines)


def read_decisions(project: Project, file: Path) -> int:
    """Make the file's decisions this project's, as one act; how many items changed.

    Raises:
        InputError: the file can't be read as what ``write_decisions`` writes.
    """
    entries: list[Any] = []
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    entries.append(_entry(line, file, number))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} can't be read: {error}.", hint="Check the path.") from None
    return import_decisions(project, entries, by=f"import of {file.name}")


def _entry(line: str, file: Path, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise InputError(
            f"{file}:{number} is no JSON object.", hint="Export the decisions once more."
        ) from None
