"""What the runs screen shows, as commands."""

from collections.abc import Sequence


def lines_for(
    project: str, topic: str, chosen: Sequence[int], current: int, metric: str
) -> list[list[str]]:
    """The words behind ``edt``: for what the pane shows, then for the marked runs.

    Args:
        project: Its name.
        topic: What the pane shows.
        chosen: The marked runs, the reference first; the one under the cursor without any.
        current: The run under the cursor; 0 without runs.
        metric: The curve that is plotted.
    """
    if not current:
        return [["runs", "--project", project]]
    numbers = [str(number) for number in chosen]
    compare = ["runs", "compare", *numbers, "--project", project]
    match topic:
        case "compare":
            return [compare]
        case "groups":
            return [[*compare, "--groups"]]
        case "curves":
            return [["runs", "export", *numbers, "--project", project, "--metric", metric]]
        case "lineage":
            shown = ["runs", "lineage", str(current), "--project", project]
        case _:
            shown = ["runs", "show", str(current), "--project", project]
    return [shown, compare] if len(numbers) > 1 else [shown]
