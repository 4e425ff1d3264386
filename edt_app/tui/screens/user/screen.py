"""Screen 9: one user's sequence, profile, ranks and recommendations, with two runs beside."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Static

from edt_app.tui.asking import ask
from edt_app.tui.base import EdtScreen
from edt_app.tui.commands import Command
from edt_app.tui.dialogs import Ask, Choose
from edt_app.tui.screens.user import view
from edt_app.tui.screens.user.order import Queue
from edt_app.tui.widgets.moving import Scrolled
from edt_core.errors import EdtError

if TYPE_CHECKING:
    from edt_core.actions.reporting import RunRow
    from edt_core.actions.user_case import UserCase

_PANES = ("sequence", "ranks", "profile")
_TOP = 10
_MOST_USERS = 500


class UserScreen(EdtScreen):
    """Three panes: the sequence, the profile, ranks with recommendations."""

    KEYS: ClassVar[tuple[Command, ...]] = (
        Command("user.find", "slash", "User", "Choose a user by the id in your files.", "find"),
        Command("user.next", "n", "Next", "The next user of the order.", "next"),
        Command("user.before", "N", "Before", "The user before.", "before"),
        Command(
            "user.order", "i", "Order",
            "The order of users: biggest gain, biggest loss, most inserted, random.", "order",
        ),
        Command("user.pane", "tab", "Pane", "Sequence, ranks, profile: the next one.", "pane"),
        Command(
            "user.recommend", "r", "Recommend",
            "What both runs recommend, as in the test; a process of its own.", "recommend",
        ),
        Command("user.first", "f", "Run", "Choose the first run.", "first"),
        Command("user.second", "b", "Run B", "Choose the run beside it.", "second"),
        Command("user.prompts", "P", "Prompts", "The calls about this user.", "prompts"),
    )  # fmt: skip
    DEFAULT_CSS = """
    UserScreen #who { height: 1; background: $surface; padding: 0 1; text-style: bold; }
    UserScreen #panes { height: 1fr; layout: grid; grid-size: 2 2; grid-columns: 1fr 1fr;
        grid-rows: 3fr 2fr; }
    UserScreen.-narrow #panes { grid-size: 1 1; }
    UserScreen #sequence { row-span: 2; }
    UserScreen #profile { border-top: solid $edge; }
    UserScreen.-narrow #profile { border-top: none; }
    UserScreen VerticalScroll { padding: 0 1; scrollbar-size-vertical: 1; }
    UserScreen VerticalScroll:focus { background: $surface; }
    UserScreen VerticalScroll > Static { width: 1fr; height: auto; }
    UserScreen.-narrow VerticalScroll { display: none; row-span: 1; }
    UserScreen.-narrow VerticalScroll.-on { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[RunRow] = []
        self._chosen: tuple[int, ...] = ()
        self._by = "gain"
        self._queue = Queue()
        self._user = ""
        self._case: UserCase | None = None
        self._names: list[str] = []
        self._pane = "sequence"
        self._answers: dict[tuple[int, str], Any] = {}

    def body(self) -> Iterable[Widget]:
        """Who, and the panes."""
        yield Static(id="who", markup=False)
        with Container(id="panes"):
            for name in _PANES:
                with Scrolled(id=name):
                    yield Static(id=f"{name}-text", markup=False)

    def on_mount(self) -> None:
        """The sequence has the keys first."""
        self._show_pane()

    # ------------------------------------------------------------------ reading

    def forget(self) -> None:
        """Nobody."""
        self._user, self._case, self._answers = "", None, {}
        self._runs, self._chosen, self._queue = [], (), Queue()
        self._pane = "sequence"
        self._show_pane()
        self.query_one("#who", Static).update("")
        for pane in _PANES:
            self._tell(pane, Text())

    def reload(self) -> None:
        """The runs, and the first user of the order."""
        self._read_runs(first=True)

    def project_changed(self) -> None:
        """Runs may have come; the user stays."""
        self._read_runs(first=False)

    def take_request(self, request: str) -> None:
        """Show the user that another screen asked for."""
        self._user = request
        self._read_case()

    def _read_runs(self, *, first: bool) -> None:
        def work() -> "tuple[list[RunRow], tuple[int, ...]]":
            from edt_core.actions.reporting import run_rows
            from edt_core.actions.user_case import usual_runs

            project = self.session.project()
            found = [row for row in run_rows(project) if row.ndcg is not None]
            return found, () if not found or self._stands(found) else usual_runs(project, 2)

        def show(read: "tuple[list[RunRow], tuple[int, ...]]") -> None:
            found, usual = read
            self._runs = found
            stands = self._stands(found)
            if not stands:
                self._chosen = usual
            if first or not stands:
                self._read_queue(keep=True)
            else:
                self._read_case()

        self.read(work, show, group="runs")

    def _stands(self, rows: "list[RunRow]") -> bool:
        """Were runs chosen that are still there?"""
        return bool(self._chosen) and {row.id for row in rows}.issuperset(self._chosen)

    def _read_queue(self, *, keep: bool = False) -> None:
        """The users of the order; the first one is shown, unless the shown one is to be kept."""
        order, numbers = self._by, self._chosen

        def work() -> Queue:
            from edt_core.actions.user_case import interesting_users
            from edt_core.store.questions import users

            project, most = self.session.project(), _MOST_USERS
            if not numbers:
                names = [line.source_id for line in users(project, limit=most + 1)]
                return Queue("file order", names[:most], more=len(names) > most)
            asked = order if len(numbers) == 2 or order not in {"gain", "loss"} else "random"
            found = interesting_users(project, asked, numbers, most + 1)
            names, values = [line.user for line in found], [line.value for line in found]
            return Queue(asked, names[:most], values[:most], more=len(found) > most)

        def show(found: Queue) -> None:
            self._queue = found
            if keep and self._user:
                self._read_case()
            elif found.users:
                self._user = found.users[0]
                self._read_case()
            else:
                self._tell(self._pane, Text(self.keyed(_nobody(found.order, self._chosen))))

        self.read(work, show, group="queue")

    def _read_case(self) -> None:
        if not self._user:
            return
        user, numbers = self._user, self._chosen

        def work() -> "tuple[UserCase, list[str]]":
            from edt_core.actions.user_case import event_names, newest_insertion, user_case

            project = self.session.project()
            case = user_case(project, user, numbers or newest_insertion(project))
            return case, event_names(project, case)

        self.read(work, self._show_case, group="case")

    def fail(self, error: EdtError) -> None:
        """Show an error in place; a user that can't be shown leaves the one before."""
        self._user = self._case.user if self._case is not None else ""
        super().fail(error)

    def _show_case(self, found: "tuple[UserCase, list[str]]") -> None:
        case, self._names = found
        self._case = case
        who = view.heading(case, self._queue.order, self._queue.place(case.user))
        self.query_one("#who", Static).update(Text(who, no_wrap=True, overflow="ellipsis"))
        self._tell("sequence", view.timeline(case, self._names, self._width("sequence")))
        self._tell("profile", view.profile(case))
        self._show_ranks()

    def _show_ranks(self, waiting: str = "") -> None:
        case = self._case
        if case is None:
            return
        text = view.ranks(case)
        found = [
            (row.id, row.label, self._answers[row.id, case.user])
            for number in self._chosen
            for row in self._runs
            if row.id == number and (row.id, case.user) in self._answers
        ]
        text.append("\nRecommended, as in the test\n", style="bold")
        text.append(view.recommended(found, self._width("ranks")))
        if waiting:
            text.append(waiting)
        elif not found:
            asks = self.keyed("{user.recommend} asks both runs; a few seconds each")
            text.append(asks if self._chosen else "no run yet")
        self._tell("ranks", text)

    def _tell(self, pane: str, text: Text) -> None:
        self.query_one(f"#{pane}-text", Static).update(text)

    def _width(self, pane: str) -> int:
        width = self.query_one(f"#{pane}").size.width or self.query_one("#panes").size.width
        return max(30, width - 3)

    def on_resize(self) -> None:
        """Lines are cut to the width."""
        if self._case is not None:
            self.call_after_refresh(self._show_case, (self._case, self._names))

    # ------------------------------------------------------------------ what a user does

    def why_not(self, command: Command) -> str:
        """What a command still needs."""
        if command.action in {"next", "before"} and not self._queue.users:
            return "there is nobody in this order."
        if command.action in {"first", "second", "recommend"} and not self._runs:
            return "no run has a result yet."
        if command.action in {"recommend", "prompts"} and self._case is None:
            return self.keyed("choose a user first: {user.find}")
        if command.action == "second" and len(self._runs) < 2:
            return "there is only one run."
        return ""

    def command_line(self) -> list[str]:
        """The same as text."""
        runs = [word for number in self._chosen for word in ("--run", str(number))]
        if not self._user:
            return ["users", "--project", self.session.name, *runs]
        return ["user", "--project", self.session.name, "--user", self._user, *runs]

    def do_find(self) -> None:
        """Ask for a user's id."""

        def take(text: str | None) -> None:
            if text and text.strip():
                self._user = text.strip()
                self._read_case()

        self.app.push_screen(Ask("User, as your files name it", self._user), take)

    def do_next(self) -> None:
        """The next user of the order."""
        self._step(1)

    def do_before(self) -> None:
        """The user before."""
        self._step(-1)

    def _step(self, by: int) -> None:
        users = self._queue.users
        at = users.index(self._user) + by if self._user in users else 0
        if not 0 <= at < len(users):
            self.say("That was the last one." if by > 0 else "That was the first one.")
            return
        self._user = users[at]
        self._read_case()

    def do_order(self) -> None:
        """Ask whom n leads to."""
        from edt_core.actions.user_case import BY

        lines = (
            "gain: the first run ranks the target better",
            "loss: the first run ranks the target worse",
            "inserted: most generated items",
            "random: always the same order",
        )

        def take(at: int | None) -> None:
            if at is not None:
                self._by = BY[at]
                name = self.session.name
                self.remember("users", project=name, by=self._by, run=self._chosen)
                self._read_queue()

        self.app.push_screen(Choose("Look at users by", lines), take)

    def do_first(self) -> None:
        """Choose the first run."""
        self._choose(0)

    def do_second(self) -> None:
        """Choose the run beside it."""
        self._choose(1)

    def _choose(self, place: int) -> None:
        lines = [
            f"run {row.id} {row.label}  {row.started}  N@10 {row.ndcg:.4f}" for row in self._runs
        ]

        def take(at: int | None) -> None:
            if at is None:
                return
            chosen = list(self._chosen)
            chosen[place : place + 1] = [self._runs[at].id]
            self._chosen = tuple(dict.fromkeys(chosen))
            self._read_queue(keep=True)

        self.app.push_screen(Choose(f"{'First' if place == 0 else 'Second'} run", lines), take)

    def do_pane(self) -> None:
        """The next pane."""
        self._pane = _PANES[(_PANES.index(self._pane) + 1) % len(_PANES)]
        self._show_pane()

    def _show_pane(self) -> None:
        for name in _PANES:
            self.query_one(f"#{name}").set_class(name == self._pane, "-on")
        self.query_one(f"#{self._pane}").focus()

    def do_recommend(self) -> None:
        """Ask both runs, one after the other, where they weren't asked before."""
        if self.has_class("-narrow"):
            self._pane = "ranks"
            self._show_pane()
        self._ask_next()

    def _ask_next(self) -> None:
        case = self._case
        if case is None:
            return
        target = next((event for event in case.events if event.kind == "target"), None)
        number = next((n for n in self._chosen if (n, case.user) not in self._answers), None)
        if target is None or number is None:
            self._show_ranks("" if target else "This user has no held-out target.")
            return
        words = [
            "recommend", "--project", self.session.name, "--user", case.user,
            "--domain", case.domain_names[target.domain], "--run", str(number),
            "--top", str(_TOP), "--as-tested",
        ]  # fmt: skip
        home = self.session.home.folder

        def work() -> Any:
            from edt_core.store.questions import item_names

            try:
                found = ask(home, words)
            except EdtError as error:  # a run that only counts has no vectors: said in its place
                return error.message
            names = item_names(self.session.project(), [item["key"] for item in found["items"]])
            for item in found["items"]:
                item["name"] = names.get(item["key"], item["title"])
            return found

        def show(found: Any) -> None:
            self._answers[number, case.user] = found
            self.remember(*words)
            if self._case is not None and self._case.user == case.user:
                self._ask_next()

        self._show_ranks(f"● run {number} is asked, in a process of its own …")
        self.read(work, show, group="recommend")

    def do_prompts(self) -> None:
        """The calls about this user."""
        self.edt.go("prompts", f"user:{self._user}")


def _nobody(order: str, runs: tuple[int, ...]) -> str:
    if not runs:
        return "No users yet: import data first ({go.data} Data, or edt import)."
    told = f"Nobody in the order {order!r} for runs {', '.join(map(str, runs))}"
    return f"{told}; {{user.order}} chooses another."
