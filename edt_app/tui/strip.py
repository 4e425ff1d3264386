"""What stands in the header's right corner: the run, how it is, how far, what it spent."""

import time

from edt_app.tui.following import Followed

_MARKS = {
    "live": "●", "quiet": "●", "silent": "~", "lost": "?", "done": "✓", "failed": "✗",
    "interrupted": "‖",
}  # fmt: skip


def strip(found: Followed | None, now: float) -> str:
    """The newest run in a line; empty without one.

    Args:
        found: The run as followed.
        now: Seconds since 1970.
    """
    if found is None:
        return ""
    life = found.how.life.value
    parts = [f"{_MARKS.get(life, '·')} run {found.run.id} {life.upper()}"]
    if life in {"quiet", "silent"} and found.how.age is not None:
        parts[0] += f" {found.how.age:.0f} s"
    if found.how.ended:
        return parts[0] if life != "lost" else f"{parts[0]}: {found.how.cause}"
    if found.how.stopping is not None:
        parts.append("stopping")
    at, epoch = found.view.current, found.view.epoch
    if epoch is not None and epoch[0] and at is not None:
        parts.append(f"{at.step} ep {epoch[0]}/{epoch[1]}")
    elif at is not None:
        parts.append(at.step)
    parts.append(clock(now - found.run.started_at))
    if found.view.cost:
        parts.append(f"${found.view.cost:.2f}")
    return " ".join(parts)


def strip_now(found: Followed | None) -> str:
    """The same at this moment."""
    return strip(found, time.time())


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
