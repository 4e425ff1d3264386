"""``edt prompts``: which templates a project asks with."""

from dataclasses import dataclass
from pathlib import Path

from edt_core.actions.jobs import templates_of
from edt_core.errors import UsageError
from edt_core.llm.templating import FOLDER, NAMES, copy_out, packaged, slots_of
from edt_core.stage import Step
from edt_core.store.project import Project


@dataclass(frozen=True)
class TemplateLine:
    """A template as the project uses it."""

    name: str
    step: str
    """The stage that asks with it."""
    origin: str
    """``package`` or ``project``."""
    digest: str
    """Of its text; what it changes is in the stage's fingerprint."""
    slots: list[str]


def template_lines(project: Project) -> list[TemplateLine]:
    """Every template, in the order of the stages.

    Raises:
        InputError: one of the project's own can't be used.
    """
    used = templates_of(project)
    return [
        TemplateLine(
            name,
            _step(name),
            "package" if text == packaged().source(name) else "project",
            used.only(name).digest,
            slots_of(text),
        )
        for name, text in used.texts
    ]


def template_text(project: Project, name: str) -> str:
    """A template's text as the project uses it.

    Raises:
        UsageError: there is no such template.
        InputError: one of the project's own can't be used.
    """
    if name not in NAMES:
        raise UsageError(f"There is no template {name!r}.", hint=f"There are {', '.join(NAMES)}.")
    return templates_of(project).source(name)


def copy_template(project: Project, name: str) -> Path:
    """Copy the package's template into the project, to be edited there.

    Raises:
        UsageError: there is no such template, or the project has its own already.
    """
    return copy_out(name, project.folder / FOLDER)


def _step(name: str) -> Step:
    match name:
        case "item":
            return Step.EMBED
        case "generate":
            return Step.GENERATE
        case _:
            return Step.PROFILE
