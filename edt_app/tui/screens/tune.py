"""Screen 6: the noise filter's threshold and rank, with what they keep as they are moved."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from rich.text import Text
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget

from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Choose
from edt_app.tui.screens import tune_view as view
from edt_app.tui.screens.tune_bars import both_bars
from edt_app.tui.screens.tune_keys import KEYS
from edt_app.tui.screens.tune_numbers import Numbers
from edt_app.tui.screens.tune_reading import Edge, edges, load
from edt_app.tui.widgets.fields import Lines
from edt_app.tui.widgets.histogram import Bars, Histogram
from edt_core.errors import EdtError

if TYPE_CHECKING:
    from edt_core.actions.consequences import Consequences
    from edt_core.actions.tuning import Kind, Outcome, Setting, Tuning
    from edt_core.stages.augmenter.tuning import Cut, Side

_BINS = 400
_REST = 0.08  # seconds


class TuneScreen(EdtScreen):
    """Moves the cut of Eq. 6 and answers at once; nothing is kept before it is applied."""

    KEYS: ClassVar[tuple[Command, ...]] = KEYS
    DEFAULT_CSS = """
    TuneScreen #setting, TuneScreen #cost { height: 1; padding: 0 1; }
    TuneScreen #source { display: none; }
    TuneScreen.-source #source { display: block; }
    TuneScreen.-source #target { display: none; }
    TuneScreen.-very-wide.-tall #source, TuneScreen.-very-wide.-tall #target { display: block; }
    TuneScreen #numbers { width: 57; height: 1fr; scrollbar-size-vertical: 1; }
    TuneScreen #changes { height: auto; }
    TuneScreen #upper { height: 3fr; }
    TuneScreen #lower { height: 2fr; }
    TuneScreen #lower > Lines { width: 1fr; height: 1fr; }
    TuneScreen.-narrow #upper { layout: vertical; height: 1fr; }
    TuneScreen.-narrow #numbers { width: 1fr; height: 7; border: none; padding: 0 1; }
    TuneScreen.-narrow #bars { border: none; padding: 0; }
    TuneScreen.-short #lower { height: 4; }
    TuneScreen.-short #lower > Lines { border: none; border-top: round $edge; }
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
        self._costs: dict[Setting, Consequences] = {}
        self._undo: list[Setting] = []
        self._redo: list[Setting] = []
        self._rest: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """The setting, the histogram beside what changes, the items at the edge."""
        yield Lines(id="setting")
        with Horizontal(id="upper"):
            with Vertical(id="bars", classes="pane"):
                yield Histogram(id="target")
                yield Histogram(id="source")
            with Numbers(id="numbers", classes="pane"):
                yield Lines(id="changes")
        yield Lines(id="cost")
        with Horizontal(id="lower"):
            yield Lines(id="below", classes="pane")
            yield Lines(id="above", classes="pane")

    def forget(self) -> None:
        """No scores, no draft, nothing to undo."""
        self._tuning = self._draft = None
        self._outcomes, self._costs, self._cuts, self._undo, self._redo = {}, {}, {}, [], []
        for bars in self.query(Histogram):
            bars.show(Bars(np.zeros(1, np.int64), self._edges[[0, -1]]))
        for pane in ("#setting", "#changes", "#cost", "#below", "#above"):
            self.query_one(pane, Lines).show(Text())
            self.query_one(pane, Lines).border_title = None

    def reload(self) -> None:
        """Read every score; the draft starts at the applied setting."""
        self._say("reading the scores …")
        self.read(partial(load, self.session.project), self._loaded, group="scores")

    def fail(self, error: EdtError) -> None:
        """Show an error in place; scores that can't be read are not said to be read."""
        if self._tuning is None:
            self._say("")
        super().fail(error)

    def project_changed(self) -> None:
        """Decisions and runs change the scores: read them anew, keep the draft."""
        self.read(partial(load, self.session.project), self._loaded, group="scores")

    def _loaded(self, found: "tuple[Tuning, Cut]") -> None:
        tuning, cut = found
        self._tuning, self._outcomes, self._costs = tuning, {}, {}
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
            self._say("measuring random real items …")
            self.read(lambda: tuning.cut(setting), looked_up, group="percentile")

    def _show(self) -> None:
        if (tuning := self._tuning) is None or (draft := self._draft) not in self._cuts:
            return
        cut, applied = self._cuts[draft], self._cuts[tuning.applied]
        kept = "applied" if draft == tuning.applied else "DRAFT, {tune.apply} applies it"
        head = f"{self.keyed(kept)}: {view.side_name(tuning.domain_names, self._side)}  "
        self._say(head + view.setting_line(draft, cut.thresholds, self.size.width - 2 - len(head)))
        self._show_bars(cut, applied)
        self._show_changes(cut, applied)
        self._rest_first()

    def _say(self, text: str) -> None:
        self.query_one("#setting", Lines).show(Text(text))

    def _rest_first(self) -> None:
        """What needs titles waits until the cut rests: it would slow the moves."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_REST, self._later)

    def _show_bars(self, cut: "Cut", applied: "Cut") -> None:
        assert self._tuning is not None
        targets, sources = both_bars(self._tuning.tuner, self._side, cut, applied, self._edges)
        for name, bars in (("target", targets), ("source", sources)):
            looks = replace(bars, log=self._log, plain=self.edt.preferences.ascii)
            self.query_one(f"#{name}", Histogram).show(looks)

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
        for row in rows:
            text.append(f"{view.row_line(row)}\n", style="not dim")
        more = view.needed_reviews(precision[0])
        text.append("\nWhatever is applied, no generation is paid for again.\n", style="dim")
        text.append(f"{more:,} more reviews for a precision within ±.03.", style="dim")
        self.query_one("#changes", Lines).show(text)
        self._show_cost()

    def _show_cost(self) -> None:
        assert self._tuning is not None
        found, draft = self._costs.get(self._now), self._now != self._tuning.applied
        key = self.keyed("{tune.apply}") if draft else ""
        self.query_one("#cost", Lines).show(Text(view.cost_line(found, key, self.size.width - 2)))

    def _read_cost(self, draft: "Setting") -> None:
        """What applying the draft would make stale and ask, as the settings would say it."""

        def work() -> "Consequences":
            from edt_core.actions.consequences import consequences
            from edt_core.actions.tuning import settings_of

            return consequences(self.session.project(), settings_of(draft))

        def show(found: "Consequences") -> None:
            self._costs[draft] = found
            if self._draft is not None:
                self._show_cost()

        self.read(work, show, group="cost")

    def _later(self) -> None:
        """What needs titles: distinct items, and those at the edge."""
        self._rest = None
        tuning, draft = self._tuning, self._draft
        if tuning is None or draft is None or draft not in self._cuts:
            return
        if self.at_work("edge"):
            self._rest_first()
            return
        cut, applied, side = self._cuts[draft], self._cuts[tuning.applied], self._side
        known, width = dict(self._outcomes), self.size.width // 2 - 4

        def work() -> "tuple[Edge, Edge, dict[Setting, Outcome]]":
            from edt_core.actions.tuning import outcome

            at_the_edge = edges(tuning, self.session.project, cut, applied, side, width)
            wanted = (setting for setting in (draft, tuning.applied) if setting not in known)
            return *at_the_edge, {setting: outcome(tuning, setting) for setting in wanted}

        def show(found: "tuple[Edge, Edge, dict[Setting, Outcome]]") -> None:
            below, above, outcomes = found
            self._outcomes.update(outcomes)
            if self._draft == draft:
                self._show_changes(cut, applied)
                for name, edge in (("below", below), ("above", above)):
                    pane = self.query_one(f"#{name}", Lines)
                    pane.border_title = edge[0]
                    pane.show(Text("\n".join(edge[1])))

        self.read(work, show, group="edge")
        if draft != tuning.applied and draft not in self._costs:
            self._read_cost(draft)

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
        if command.action == "source" and self.has_class("-very-wide") and self.has_class("-tall"):
            return "both are shown."
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

    def _remember(self, setting: "Setting") -> None:
        self.remember(
            "tune",
            project=self.session.name,
            top_k=setting.top_k,
            threshold=f"{setting.threshold:g}",
            kind=setting.kind,
            apply=True,
        )

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

    def do_source(self) -> None:
        """The other score, where there is room for one."""
        self.toggle_class("-source")

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

        def take(text: str | None) -> None:
            if text is not None:
                self._move(view.stepped(replace(self._now, threshold=float(text)), 0.0))

        now = f"{self._now.threshold:g}"
        self.app.push_screen(Ask("Threshold, from -1 to 1", now, check=view.wrong_cut), take)

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
            self._remember(setting)
            self._move(setting)
            self.say(f"Applied: top_k {setting.top_k}, {setting.threshold:g} {setting.kind}.")

        self.write(work, kept)
