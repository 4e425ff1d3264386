"""Why results are not those of today's settings: what differs from the run that made them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edt_core.actions.describing import written
from edt_core.actions.jobs import flat, templates_of
from edt_core.config import Config
from edt_core.errors import MissingInput, ProjectError, UsageError
from edt_core.recipes import Pipeline, ReviewState, pipeline
from edt_core.stage import Stage, Step, walk
from edt_core.stages.augmenter.review import Decisions, ReviewDecisions
from edt_core.store.artifacts import ArtifactLine
from edt_core.store.project import Project
from edt_core.store.review import decided
from edt_core.store.runs import RunLine, RunStageLine, run_lines, run_stages
from edt_core.variants import Variant

_TOLD = 3
"""So many changes are named, the rest is counted."""
_OTHER = "other"  # stands for any digest that is not the empty one


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was, and the steps whose results depend on it."""

    root: Step
    """Where it enters first."""
    text: str
    """Such as ``noise_filter.threshold 0.9 → 0.8`` or ``3 decisions``."""
    steps: frozenset[Step]


class Past:
    """The project's own runs, to say what has changed since.

    Runs of other models share stages with the project's pipeline, but no settings that a user would
    look for: they are left out.
    """

    def __init__(self, project: Project, config: Config, made: Pipeline) -> None:
        self._project, self._config, self._made = project, config, made
        self._differences: dict[int, list[Difference]] = {}
        mine = [line for line in run_lines(project) if line.label == Variant.LLM_EDT]
        self._runs = [(line, run_stages(project, line.id)) for line in mine]

    def why(self, step: Step, missing: Iterable[Stage[Any]]) -> str:
        """What makes today's results of ``step`` others than those last made; empty: nothing."""
        classes = {type(stage).__name__ for stage in missing}
        for run, stages in self._runs:
            ended = {line.stage for line in stages if line.state in {"done", "reused"}}
            if classes & ended:
                found = [one for one in self._since(run, stages) if step in one.steps]
                return _sentence(step, found)
        return ""

    def _since(self, run: RunLine, stages: Sequence[RunStageLine]) -> list[Difference]:
        if run.id not in self._differences:
            compared = _Compared(self._project, self._config, self._made, run, stages)
            self._differences[run.id] = compared.differences()
        return self._differences[run.id]


class _Compared:
    """Today's pipeline beside that of one run."""

    def __init__(
        self,
        project: Project,
        config: Config,
        made: Pipeline,
        run: RunLine,
        stages: Sequence[RunStageLine],
    ) -> None:
        self._project, self._now, self._made = project, config, made
        self._stages = stages
        known = config.flat().keys()
        values = {key: value for key, value in flat(run.config).items() if key in known}
        self._then = Config().changed(values)
        self._templates = templates_of(project)
        self._digest = made.data.catalogue.parameters["dataset"]["digest"]
        self._base = self._pipeline(self._then)
        self._marks = _marks(self._base)

    def differences(self) -> list[Difference]:
        """Everything that differs, in the order of the pipeline."""
        found = [*self._data(), *self._settings(), *self._prompts(), *self._decisions()]
        found += self._versions()
        order = list(Step)
        return sorted(found, key=lambda one: order.index(one.root))

    def _pipeline(self, config: Config, review: ReviewState | None = None) -> Pipeline:
        seed = self._made.seed
        return pipeline(Variant.LLM_EDT, config, self._digest, seed, review, self._templates)

    def _touched(self, config: Config, review: ReviewState | None = None) -> list[Step]:
        marks = _marks(self._pipeline(config, review))
        return [step for step in Step if marks[step] != self._marks[step]]

    def _data(self) -> list[Difference]:
        before = {line.fingerprint for line in self._stages}
        if self._base.data.catalogue.fingerprint in before:
            return []
        return [Difference(Step.IMPORT, "other data", frozenset(Step))]

    def _settings(self) -> list[Difference]:
        before, now = self._then.flat(), self._now.flat()
        found = []
        for key in now:
            if before[key] == now[key]:
                continue
            try:
                touched = self._touched(self._then.changed({key: now[key]}))
            except UsageError:  # possible together with another of its section alone
                section = key.partition(".")[0]
                theirs = {name: now[name] for name in now if name.startswith(f"{section}.")}
                touched = self._touched(self._then.changed(theirs))
            if touched:
                text = f"{key} {written(before[key]) or '-'} → {written(now[key]) or '-'}"
                found.append(Difference(touched[0], text, frozenset(touched)))
        return found

    def _prompts(self) -> list[Difference]:
        """A template is known by its digest, in the parameters of what asks by it."""
        before = {line.stage: line.fingerprint for line in self._stages}
        found: dict[Step, Difference] = {}
        for stage in walk(self._base.ranks):
            line = self._project.artifacts.line(before.get(type(stage).__name__, ""))
            if line is None or _template(stage.parameters) == _template(line.parameters):
                continue
            behind = {one.step for one in walk(self._base.ranks) if stage in walk(one)}
            text = "its prompts were edited"
            found.setdefault(stage.step, Difference(stage.step, text, frozenset(behind)))
        return list(found.values())

    def _versions(self) -> list[Difference]:
        """What was made of the same inputs by the same parameters, and still is another result."""
        lines = (self._project.artifacts.line(line.fingerprint) for line in self._stages)
        stored = {_recipe(line): line.fingerprint for line in lines if line is not None}
        found: dict[Step, Difference] = {}
        for made in (self._base, self._made):
            stages = list(walk(made.ranks))
            for stage in stages:
                inputs = [one.fingerprint for one in stage.inputs]
                before = stored.get(_recipe((type(stage).__name__, inputs, stage.parameters)))
                if before not in (None, stage.fingerprint):
                    behind = frozenset(one.step for one in stages if stage in walk(one))
                    text = "another version of EDT made it"
                    found.setdefault(stage.step, Difference(stage.step, text, behind))
        return list(found.values())

    def _decisions(self) -> list[Difference]:
        """How many items are decided on otherwise; decisions on other items say nothing."""
        if not (self._base.augmenter and self._made.augmenter):
            return []
        drafts = self._base.augmenter[0].generated.fingerprint
        if drafts != self._made.augmenter[0].generated.fingerprint:
            return []
        edits: dict[int, str] = {}
        verdicts: dict[int, tuple[str, int]] = {}
        for line in self._stages:
            if line.stage == ReviewDecisions.__name__:
                stored = self._stored(line.fingerprint)
                edits.update(_edits(stored.edited, stored.fields))
                verdicts.update(
                    _verdicts(stored.accepted, stored.rejected, stored.moved, stored.anchors)
                )
        now = decided(self._project, drafts)
        edited = _changed(edits, _edits(now.edited, now.fields))
        others = _changed(verdicts, _verdicts(now.accepted, now.rejected, now.moved, now.anchors))
        if not edited | others:
            return []
        review = ReviewState(_OTHER if edited else "", _OTHER if others else "")
        number = len(edited | others)
        text = f"{number:,} decision{'s' * (number > 1)}"
        return [Difference(Step.REVIEW, text, frozenset(self._touched(self._then, review)))]

    def _stored(self, fingerprint: str) -> Decisions:
        try:
            return self._project.artifacts.read_as(Decisions, fingerprint)
        except (MissingInput, ProjectError):  # then every standing decision counts as new
            none: Any = []
            return Decisions(none, none, none, none)


def _marks(made: Pipeline) -> dict[Step, set[str]]:
    """The fingerprints of what a run computes, by step."""
    marks: dict[Step, set[str]] = {step: set() for step in Step}
    for stage in walk(made.ranks):
        if not isinstance(stage, ReviewDecisions):
            marks[stage.step].add(stage.fingerprint)
    return marks


def _recipe(made: ArtifactLine | tuple[str, list[str], dict[str, Any]]) -> str:
    """All that a fingerprint is made of but the stage's version."""
    if isinstance(made, ArtifactLine):
        made = (made.stage, made.inputs, made.parameters)
    return json.dumps(made, sort_keys=True)


def _template(parameters: Mapping[str, Any]) -> Any:
    return parameters.get("template", parameters.get("templates"))


def _edits(rows: Iterable[int], fields: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    texts = (json.dumps(entry, sort_keys=True) for entry in fields)
    return dict(zip(map(int, rows), texts, strict=True))


def _verdicts(
    accepted: Iterable[int], rejected: Iterable[int], moved: Iterable[int], anchors: Iterable[int]
) -> dict[int, tuple[str, int]]:
    """What was said of each row: the verdict, and where it was moved to (-1: nowhere)."""
    said = {int(row): "accepted" for row in accepted} | {int(row): "rejected" for row in rejected}
    places = {int(row): int(at) for row, at in zip(moved, anchors, strict=True)}
    return {row: (said.get(row, ""), places.get(row, -1)) for row in said.keys() | places.keys()}


def _changed(before: Mapping[int, object], now: Mapping[int, object]) -> set[int]:
    return {row for row in before.keys() | now.keys() if before.get(row) != now.get(row)}


def _sentence(step: Step, found: Sequence[Difference]) -> str:
    """The differences as a phrase; where another step is the root, it is named first."""
    parts: list[str] = []
    root = step
    for one in found[:_TOLD]:
        parts.append(one.text if one.root in {root, step} else f"{one.root}: {one.text}")
        root = one.root
    more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return ", ".join(parts) + more
