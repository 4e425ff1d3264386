"""The users that one steps through, and where one stands among them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Queue:
    """The users to look at one after another."""

    order: str = ""
    users: list[str] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    more: bool = False
    """There are more users in this order than are looked at."""

    def place(self, user: str) -> str:
        """Which one of them a user is, in words; empty for one who isn't."""
        if user not in self.users:
            return ""
        at = self.users.index(user)
        first = "the first " if self.more else ""
        value = f" {self.values[at]:+.3g}" if self.values else ""
        return f"{at + 1} of {first}{len(self.users):,}{value}"
