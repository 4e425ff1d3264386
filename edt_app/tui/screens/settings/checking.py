"""What the settings screen asks of the core: whether a line sets something, what providers say."""

from pathlib import Path

from rich.text import Text

from edt_app.terminal import safe_text
from edt_app.tui.asking import ask
from edt_core.errors import UsageError


def wrong_assignment(text: str) -> str:
    """What is wrong with KEY=VALUE; empty when nothing is."""
    from edt_core.config import Config, parse_assignments

    try:
        Config().changed(parse_assignments([text]))
    except UsageError as error:
        return f"✗ {error.message} {error.hint}"
    return ""


def asked_doctor(home: Path, project: str) -> Text:
    """What ``edt doctor`` says of the project's providers."""
    findings = ask(home, ["doctor", "--project", project])
    marks = {"good": ("✓ good", "green"), "note": ("· note", ""), "bad": ("✗ bad", "red")}
    text = Text("edt doctor\n\n", style="bold")
    for finding in findings:
        mark, style = marks.get(finding["state"], ("·", ""))
        text.append(f"{mark:<7}", style=f"not bold {style}")
        text.append(f"{safe_text(finding['what'], width=22):<23}", style="not bold")
        text.append(f"{safe_text(finding['detail'])}\n", style="not bold")
    return text
