"""Screen 6: the noise filter's threshold and rank, with what they keep as they are moved."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from edt_app.terminal import safe_text
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Choose
from edt_app.tui.screens import tune_view as view
from edt_app.tui.widgets.histogram import Bars, Histogram

if TYPE_CHECKING:
    from edt_core.actions.tuning import Kind, Outcome, Setting, Tuning
    from edt_core.stages.augmenter.tuning import Cut, Side
    from edt_core.store.project import Project

_BINS = 400
_EXAMPLES = 12
_LINES = 16
"""Of the numbers with all that is told below them."""


class Numbers(VerticalScroll, inherit_bindings=False):
    """What changes, scrolled where it is longer than its room; left and right move the cut."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", show=False),
        Binding("up,k", "scroll_up", show=False),
        Binding("pagedown", "page_down", show=False),
        Binding("pageup", "page_up", show=False),
    ]

    @property
    def all_seen(self) -> bool:
        """Has everything room?"""
        return self.size.height >= _LINES


class TuneScreen(EdtScreen):
    """Moves the cut of Eq. 6 and answers at once; nothing is kept before it is applied."""

    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("tune.less", "left", "-.01", "Lower the threshold by 0.01.", "less"),
        Command("tune.more", "right", "+.01", "Raise the threshold by 0.01.", "more"),
        Command("tune.little_less", "comma", "-.001", "Lower it by 0.001.", "little_less"),
        Command("tune.little_more", "full_stop", "+.001", "Raise it by 0.001.", "little_more"),
        Command("tune.rank_down", "minus", "k-", "Keep one rank less.", "rank_down"),
        Command("tune.rank_up", "plus,equals_sign", "k+", "Keep one rank more.", "rank_up"),
        Command("tune.side", "d", "Direction", "Look at A to B, B to A or both.", "side"),
        Command("tune.kind", "percent_sign", "Kind", "Absolute score or percentile.", "kind"),
        Command("tune.exact", "t", "Type", "Type a threshold.", "exact"),
        Command("tune.presets", "P", "Presets", "Choose a named setting.", "presets"),
        Command("tune.log", "L", "Log", "Logarithmic bars, or not.", "log", footer=False),
        Command("tune.apply", "A", "Apply", "Keep the draft in the settings.", "apply"),
        Command("tune.undo", "u", "Undo", "Take the last applied setting back.", "undo"),
        Command("tune.redo", "U", "Redo", "Apply it again.", "redo", footer=False),
        Command("tune.review", "r", "Review", "Go to the review queue.", "review"),
    )
    DEFAULT_CSS = """
    TuneScreen #setting { height: 1; padding: 0 1; }
    TuneScreen #numbers { width: 57; height: 1fr; }
    TuneScreen #upper { height: 3fr; }
    TuneScreen #lower { height: 2fr; }
    TuneScreen #lower > Static { width: 1fr; height: 1fr; }
    TuneScreen.-narrow #upper { layout: vertical; height: 1fr; }
    TuneScreen.-narrow #numbers { width: 1fr; height: 7; border: none; padding: 0 1; }
    TuneScreen.-narrow #bars { border: none; padding: 0; }
    TuneScreen.-short #lower { height: 4; }
    TuneScreen.-short #lower > Static { border: none; border-top: round $edge; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._tuning: Tuning | None = None
        self._draft: Setting | None = None
        self._cuts: dict[Setting, Cut] = {}
        self._side: Side = 1
        self._log = False
        self._edges = np.linspace(0.0, 1.0, _BINS + 1)
        self._outcomes: dict[Setting, Outcome] = {}
        self._undo: list[Setting] = []
        self._redo: list[Setting] = []

    def body(self) -> Iterable[Widget]:
        """The setting, the histogram beside what changes, the items at the edge."""
        yield Static("reading the scores …", id="setting", markup=False)
        with Horizontal(id="upper"):
            with Vertical(id="bars", classes="pane"):
                yield Histogram()
            with Numbers(id="numbers", classes="pane"):
                yield Static(id="changes", markup=False)
        with Horizontal(id="lower"):
            yield Static(id="below", classes="pane", markup=False)
            yield Static(id="above", classes="pane", markup=False)

    def forget(self) -> None:
        """No scores, no draft, nothing to undo."""
        self._tuning = self._draft = None
        self._outcomes, self._cuts, self._undo, self._redo = {}, {}, [], []
        self.query_one(Histogram).show(Bars(np.zeros(1, np.int64), self._edges[[0, -1]]))
        for pane in ("#setting", "#changes", "#below", "#above"):
            self.query_one(pane, Static).update("")
            self.query_one(pane, Static).border_title = None

    def reload(self) -> None:
        """Read every score; the draft starts at the applied setting."""
        self.query_one("#setting", Static).update("reading the scores …")
        self.read(partial(_load, self.session.project), self._loaded, group="scores")

    def project_changed(self) -> None:
        """Decisions and runs change the scores: read them anew, keep the draft."""
        self.read(partial(_load, self.session.project), self._loaded, group="scores")

    def _loaded(self, found: "tuple[Tuning, Cut]") -> None:
        tuning, cut = found
        self._tuning, self._outcomes = tuning, {}
        self._cuts = {tuning.applied: cut}
        draft = self._draft or tuning.applied
        scores = tuning.tuner.scored.target_scores
        low, high = np.nanquantile(scores, [0.001, 1.0]) if np.isfinite(scores).any() else (0, 1)
        low = np.floor(min(float(low), *cut.thresholds) * 10 - 0.5) / 10
        self._edges = np.linspace(max(-1.0, low), max(1.0, float(high)), _BINS + 1)
        self._move(draft)

    def on_resize(self) -> None:
        """Say whether there is more than what is seen."""
        self.call_after_refresh(self._show)

    # ------------------------------------------------------------------ moving

    def _move(self, setting: "Setting") -> None:
        """Answer for another setting: counts at once, titles and distinct items a moment later."""
        tuning = self._tuning
        if tuning is None:
            return
        self._draft = setting
        if setting.kind == "absolute" or setting in self._cuts:
            self._cuts.setdefault(setting, tuning.cut(setting))
            self._show()
            return

        def looked_up(cut: "Cut") -> None:
            self._cuts[setting] = cut
            if self._draft == setting:
                self._show()

        if "random_scores" in tuning.__dict__:  # measured before: a quantile costs nothing
            looked_up(tuning.cut(setting))
        else:
            self.query_one("#setting", Static).update("measuring random real items …")
            self.read(lambda: tuning.cut(setting), looked_up, group="percentile")

    def _show(self) -> None:
        tuning, draft = self._tuning, self._draft
        if tuning is None or draft is None or draft not in self._cuts:
            return
        cut, applied = self._cuts[draft], self._cuts[tuning.applied]
        line = view.setting_line(draft, cut.thresholds)
        kept = "applied" if draft == tuning.applied else "DRAFT, A applies it"
        self.query_one("#setting", Static).update(f"{kept}: {self._side_name()}  {line}")
        self._show_bars(cut, applied)
        self._show_changes(cut, applied)
        self.set_timer(0.08, self._later)

    def _side_name(self) -> str:
        names = self._tuning.domain_names if self._tuning else ("", "")
        a, b = (safe_text(name, width=14) for name in names)
        return {None: f"A {a} ⇄ B {b}", 1: f"A {a} → B {b}", 0: f"B {b} → A {a}"}[self._side]

    def _show_bars(self, cut: "Cut", applied: "Cut") -> None:
        assert self._tuning is not None
        side = 1 if self._side is None else self._side
        counts, unscored = self._tuning.tuner.histogram(self._side, cut.top_k, self._edges)
        title = f"target score, ranks 1 to {cut.top_k}"
        if unscored:
            title += f", {unscored:,} without a score"
        self.query_one(Histogram).show(
            Bars(
                counts,
                self._edges,
                cut=cut.thresholds[side],
                applied=applied.thresholds[side],
                log=self._log,
                plain=self.edt.preferences.ascii,
                title=title,
            )
        )

    def _show_changes(self, cut: "Cut", applied: "Cut") -> None:
        tuning, draft = self._tuning, self._draft
        assert tuning is not None
        assert draft is not None
        tuner, side = tuning.tuner, self._side
        precision = tuner.precision(cut, side), tuner.precision(applied, side)
        rows = view.count_rows(
            tuner.answer(cut, side), tuner.answer(applied, side), tuner.scored.n_users, precision
        )
        now, before = self._outcomes.get(draft), self._outcomes.get(tuning.applied)
        hint = "" if self.query_one(Numbers).all_seen else "↑↓ scrolls"
        text = Text(f"{hint:<15}{'draft':>14}{'applied':>14}{'change':>9}\n", style="dim")
        if now is not None and before is not None:
            rows += view.table_rows(now, before, tuning.domain_names)
        for name, one, two, change in rows:
            text.append(f"{name:<15}{one:>14}{two:>14}{change:>9}\n", style="not dim")
        more = view.needed_reviews(precision[0])
        text.append("\nThe next run filters, inserts, profiles and trains anew; ", style="dim")
        text.append("no generation is paid for again.\n", style="dim")
        text.append(f"{more:,} more reviews for a precision within ±.03.", style="dim")
        self.query_one("#changes", Static).update(text)

    def _later(self) -> None:
        """What needs titles: distinct items, and those at the edge."""
        tuning, draft = self._tuning, self._draft
        if tuning is None or draft is None or draft not in self._cuts:
            return
        cut, applied, side = self._cuts[draft], self._cuts[tuning.applied], self._side
        known, project = dict(self._outcomes), self.session.project
        width = self.size.width // 2 - 4

        def work() -> "tuple[Edge, Edge, dict[Setting, Outcome]]":
            from edt_core.actions.tuning import outcome

            edges = _edges(tuning, project, cut, applied, 1 if side is None else side, width)
            wanted = (setting for setting in (draft, tuning.applied) if setting not in known)
            return *edges, {setting: outcome(tuning, setting) for setting in wanted}

        def show(found: "tuple[Edge, Edge, dict[Setting, Outcome]]") -> None:
            below, above, outcomes = found
            self._outcomes.update(outcomes)
            if self._draft == draft:
                self._show_changes(cut, applied)
                for name, edge in (("below", below), ("above", above)):
                    pane = self.query_one(f"#{name}", Static)
                    pane.border_title = edge[0]
                    pane.update(Text("\n".join(edge[1])))

        self.read(work, show, group="edge")

    # ------------------------------------------------------------------ keys

    def why_not(self, command: Command) -> str:
        """Nothing moves before the scores are read."""
        if self._tuning is None or self._draft is None:
            return "no scores are read yet."
        if command.action == "apply" and self._draft == self._tuning.applied:
            return "the draft is what is applied."
        if command.action == "undo" and not self._undo:
            return "nothing was applied here."
        if command.action == "redo" and not self._redo:
            return "nothing was taken back."
        if command.action == "review" and not any(p.mode == "review" for p in self.edt.places):
            return "there is no such screen."
        return ""

    def command_line(self) -> list[str]:
        """The draft as ``edt tune``."""
        if self._draft is None:
            return ["tune", "--project", self.session.name]
        return [
            *("tune", "--project", self.session.name, "--top-k", str(self._draft.top_k)),
            *("--threshold", f"{self._draft.threshold:g}", "--kind", self._draft.kind),
        ]

    @property
    def _now(self) -> "Setting":
        assert self._draft is not None
        return self._draft

    def do_less(self) -> None:
        """Down by a hundredth."""
        self._move(view.stepped(self._now, -0.01))

    def do_more(self) -> None:
        """Up by a hundredth."""
        self._move(view.stepped(self._now, 0.01))

    def do_little_less(self) -> None:
        """Down by a thousandth."""
        self._move(view.stepped(self._now, -0.001))

    def do_little_more(self) -> None:
        """Up by a thousandth."""
        self._move(view.stepped(self._now, 0.001))

    def do_rank_down(self) -> None:
        """One rank less."""
        self._move(view.ranked(self._now, -1, self._deepest))

    def do_rank_up(self) -> None:
        """One rank more."""
        self._move(view.ranked(self._now, 1, self._deepest))

    @property
    def _deepest(self) -> int:
        return self._tuning.tuner.max_rank if self._tuning else 1

    def do_side(self) -> None:
        """The next direction."""
        order: tuple[Side, ...] = (1, 0, None)
        self._side = order[(order.index(self._side) + 1) % 3]
        self._show()

    def do_kind(self) -> None:
        """Absolute to percentile and back; the number stays where it has a meaning."""
        other: Kind = "absolute" if self._now.kind == "percentile" else "percentile"
        self._move(view.stepped(replace(self._now, kind=other), 0.0))

    def do_log(self) -> None:
        """Logarithmic bars."""
        self._log = not self._log
        self._show()

    def do_exact(self) -> None:
        """Ask for a number."""

        def check(text: str) -> str:
            try:
                value = float(text)
            except ValueError:
                return "Not a number."
            return "" if -1.0 <= value <= 1.0 else "From -1 to 1."

        def take(text: str | None) -> None:
            if text is not None:
                self._move(view.stepped(replace(self._now, threshold=float(text)), 0.0))

        self.app.push_screen(Ask("Threshold", f"{self._now.threshold:g}", check=check), take)

    def do_presets(self) -> None:
        """Choose a named setting."""

        def take(number: int | None) -> None:
            if number is not None:
                _, top_k, threshold, kind = view.PRESETS[number]
                self._move(replace(self._now, top_k=top_k, threshold=threshold, kind=kind))

        lines = [f"{name}: top_k {k}, {value:g} {kind}" for name, k, value, kind in view.PRESETS]
        self.app.push_screen(Choose("Presets", lines), take)

    def do_apply(self) -> None:
        """Keep the draft in the project's settings."""
        assert self._tuning is not None
        self._undo.append(self._tuning.applied)
        self._redo.clear()
        self._keep(self._now)

    def do_undo(self) -> None:
        """Back to the setting before."""
        assert self._tuning is not None
        self._redo.append(self._tuning.applied)
        self._keep(self._undo.pop())

    def do_redo(self) -> None:
        """Once more."""
        assert self._tuning is not None
        self._undo.append(self._tuning.applied)
        self._keep(self._redo.pop())

    def do_review(self) -> None:
        """Where precision comes from."""
        self.edt.go("review")

    def _keep(self, setting: "Setting") -> None:
        def work() -> None:
            from edt_core.actions.tuning import apply_setting

            apply_setting(self.session.project(), setting)

        def kept(_: None) -> None:
            if self._tuning is not None:
                self._tuning.applied = setting
            self._move(setting)
            self.say(f"Applied: top_k {setting.top_k}, {setting.threshold:g} {setting.kind}.")

        self.write(work, kept)


Edge = tuple[str, list[str]]
"""A heading and its lines."""


def _load(project: "Callable[[], Project]") -> "tuple[Tuning, Cut]":
    from edt_core.actions.tuning import Tuning

    tuning = Tuning(project())
    cut = tuning.cut(tuning.applied)
    for rank in range(1, min(tuning.tuner.max_rank, 6) + 1):  # so that no key waits for a sort
        tuning.tuner.answer(replace(cut, top_k=rank))
    return tuning, cut


def _edges(
    tuning: "Tuning",
    project: "Callable[[], Project]",
    cut: "Cut",
    applied: "Cut",
    side: "Literal[0, 1]",
    width: int,
) -> tuple[Edge, Edge]:
    """The items that the draft would drop and add; without a draft those around the cut."""
    from edt_core.store.scores import titles_of

    tuner = tuning.tuner
    if cut == applied:
        below, above = tuner.around(side, cut, _EXAMPLES)
        names = ("just below the cut", "just above the cut")
    else:
        below, above = tuner.flips(side, applied, cut, _EXAMPLES)
        names = ("would drop", "would add")
    ids = np.concatenate([below, above])
    titles = titles_of(project(), ids)
    places = np.searchsorted(tuner.scored.ids, ids)
    scores = dict(zip(ids.tolist(), tuner.scored.target_scores[places].tolist(), strict=True))
    lines = [view.edge_lines(some.tolist(), scores, titles, width) for some in (below, above)]
    return (names[0], lines[0] or ["none"]), (names[1], lines[1] or ["none"])
