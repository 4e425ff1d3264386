"""What the settings screen asks of the core: whether a line sets something, what providers say."""

import json
import subprocess
import sys
from typing import Any

from rich.text import Text

from edt_app.terminal import safe_text
from edt_core.errors import EdtError, UsageError


def wrong_assignment(text: str) -> str:
    """What is wrong with KEY=VALUE; empty when nothing is."""
    from edt_core.config import Config, parse_assignments

    try:
        Config().changed(parse_assignments([text]))
    except UsageError as error:
        return f"✗ {error.message} {error.hint}"
    return ""


def asked_doctor(home: Any, project: str) -> Text:
    """What ``edt doctor`` says of the project's providers."""
    command = [sys.executable, "-m", "edt_app", "--home", str(home), "doctor"]
    done = subprocess.run(  # noqa: S603 (our own program, no shell reads the words)
        [*command, "--project", project, "--json"], capture_output=True, timeout=120, check=False
    )
    try:
        findings = json.loads(done.stdout)
    except ValueError:
        raise EdtError("edt doctor gave no answer.", hint=done.stderr.decode()[-200:]) from None
    marks = {"good": ("✓ good", "green"), "note": ("· note", ""), "bad": ("✗ bad", "red")}
    text = Text("edt doctor\n\n", style="bold")
    for finding in findings:
        mark, style = marks.get(finding["state"], ("·", ""))
        text.append(f"{mark:<7}", style=f"not bold {style}")
        text.append(f"{safe_text(finding['what'], width=22):<23}", style="not bold")
        text.append(f"{safe_text(finding['detail'])}\n", style="not bold")
    return text
