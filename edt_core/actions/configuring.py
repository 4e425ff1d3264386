"""A project's settings."""

from collections.abc import Mapping, Sequence
from typing import Any

from edt_core.config import Config, parse_assignments
from edt_core.store.project import Project


def configuration(project: Project, assignments: Sequence[str] = ()) -> Config:
    """The project's configuration, with ``KEY=VALUE`` texts on top for this call alone.

    Raises:
        UsageError: an unknown key, or a value out of its range.
    """
    return Config().changed(project.settings()).changed(parse_assignments(assignments))


def change(project: Project, settings: Mapping[str, Any]) -> Config:
    """Keep settings in the project; one that equals its default is forgotten.

    Raises:
        UsageError: an unknown key, or a value out of its range; nothing is kept then.
    """
    changed = configuration(project).changed(settings)
    values, defaults = changed.flat(), Config().flat()
    project.set_settings(
        {key: values[key] if values[key] != defaults[key] else None for key in settings}
    )
    return changed
