"""Stages are made once, in order; a changed result takes what stands on it with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from edt_core.events import Event, StageFinished
from edt_core.runner import Resources, Runner
from edt_core.stage import Context, Stage, Step
from edt_core.store.home import Home
from edt_core.store.project import Project


@dataclass(frozen=True)
class Text:
    text: str
    reason: str = ""


@dataclass
class World:
    """What the stages find outside, and how often each looked."""

    said: str = "one"
    reason: str = ""
    computed: list[str] = field(default_factory=list)


world = World()


@dataclass(frozen=True)
class Asks(Stage[Text]):
    step: ClassVar[Step] = Step.GENERATE
    section: ClassVar[str] = "0"
    output: ClassVar[type[Text]] = Text
    unread: ClassVar[frozenset[str]] = frozenset({"reason"})
    name: str

    def compute(self, ctx: Context) -> Text:
        world.computed.append(self.name)
        return Text(world.said, world.reason)

    def unanswered(self, artifact: Text) -> int:
        return int(artifact.reason != "")


@dataclass(frozen=True)
class Copies(Stage[Text]):
    step: ClassVar[Step] = Step.PRETRAIN
    section: ClassVar[str] = "0"
    output: ClassVar[type[Text]] = Text
    source: Stage[Text]
    name: str

    def compute(self, ctx: Context) -> Text:
        world.computed.append(self.name)
        (ctx.scratch / "checkpoint").write_text("half")
        return Text(f"{ctx.load(self.source).text} {self.name}")


ASKS = Asks("a")
MIDDLE = Copies(ASKS, "b")
END = Copies(MIDDLE, "c")
OTHER = Copies(MIDDLE, "d")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    global world
    world = World()
    with Home(tmp_path).create("toy") as made:
        yield made


def runner(project: Project, events: list[Event] | None = None) -> Runner:
    def none(*_: Any) -> Any:
        raise AssertionError

    told = events if events is not None else []
    lent = Resources(told.append, lambda: "cpu", none, none, lambda: None)
    return Runner(project.artifacts, lent)


def made_of(project: Project, *targets: Stage[Any], again: set[str] = frozenset()) -> list[str]:
    """Which stages were computed."""
    world.computed.clear()
    runner(project).make(targets, again)
    return list(world.computed)


def test_what_is_stored_is_not_computed(project: Project):
    assert made_of(project, END) == ["a", "b", "c"]
    assert made_of(project, END, OTHER) == ["d"]
    assert made_of(project, END) == []


def test_an_unchanged_result_leaves_what_stands_on_it(project: Project):
    made_of(project, END, OTHER)
    assert made_of(project, END, again={ASKS.fingerprint}) == ["a"]
    assert made_of(project, ASKS, again={ASKS.fingerprint}) == ["a"]
    assert project.artifacts.has(OTHER)


def test_a_changed_result_takes_all_that_stands_on_it(project: Project):
    made_of(project, END, OTHER)
    world.said = "two"
    assert made_of(project, END, again={ASKS.fingerprint}) == ["a", "b", "c"]
    assert project.artifacts.read(END).text == "two b c"
    assert not project.artifacts.has(OTHER)  # it was made of another answer
    assert made_of(project, OTHER) == ["d"]


def test_a_changed_result_forgets_also_what_this_run_does_not_make(project: Project):
    made_of(project, END)
    world.said = "two"
    assert made_of(project, ASKS, again={ASKS.fingerprint}) == ["a"]
    assert not project.artifacts.has(MIDDLE)
    assert not project.artifacts.has(END)


def test_another_reason_is_kept_and_changes_nothing_behind(project: Project):
    world.reason = "too slow"
    made_of(project, END)
    assert project.artifacts.unanswered(ASKS) == 1
    world.reason = "refused"
    assert made_of(project, END, again={ASKS.fingerprint}) == ["a"]
    assert project.artifacts.read(ASKS).reason == "refused"
    world.reason = ""
    assert made_of(project, END, again={ASKS.fingerprint}) == ["a"]
    assert project.artifacts.unanswered(ASKS) == 0
    assert project.artifacts.has(END)


def test_a_damaged_result_made_anew_with_other_content_takes_what_stands_on_it(project: Project):
    made_of(project, END)
    (project.folder / "arrays" / ASKS.fingerprint / "values.json").unlink()
    world.said = "two"
    assert made_of(project, END, again={ASKS.fingerprint}) == ["a", "b", "c"]


def test_each_stage_is_told_of_once(project: Project):
    made_of(project, MIDDLE)
    events: list[Event] = []
    maker = runner(project, events)
    maker.make([MIDDLE], {MIDDLE.fingerprint})
    steps = maker.make([END])
    finished = [event for event in events if isinstance(event, StageFinished)]
    assert [(event.fingerprint, event.reused) for event in finished] == [
        (ASKS.fingerprint, True), (MIDDLE.fingerprint, False), (END.fingerprint, False),
    ]  # fmt: skip
    assert [step.needed for step in steps] == [False, True, True]


def test_what_was_begun_on_a_forgotten_result_is_forgotten_too(project: Project):
    made_of(project, END)
    (project.artifacts.scratch(END) / "checkpoint").write_text("of the old answer")
    world.said = "two"
    made_of(project, MIDDLE, again={ASKS.fingerprint})
    assert not project.artifacts.begun(END)
