"""What no tracked file of the repository may hold."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_MODULE = 400
UNSAFE_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
}
UNSAFE_BUILTINS = {"eval", "exec", "__import__"}
UNSAFE_CALLS = {"torch.load", "torch.save"}
OPEN_WORK = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
PACKAGES = ("edt_core", "edt_app")


def tracked(*patterns: str) -> list[Path]:
    """The tracked files that exist and match; the test is skipped where there is no checkout."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout, so nobody can say which files are tracked")
    command = [git, "-C", str(ROOT), "ls-files", "-z", "--", *patterns]
    names = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def modules() -> list[tuple[str, ast.Module]]:
    found = tracked(*(f"{package}/*.py" for package in PACKAGES), "migrations/*.py")
    assert found
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_bytes(), str(path)))
        for path in found
    ]


def unsafe_uses(tree: ast.Module) -> list[str]:
    """Every import or call that runs code from data, with its line."""
    uses = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in UNSAFE_BUILTINS | UNSAFE_CALLS or allows_pickle(node):
                uses.append(f"{called} in line {node.lineno}")
            continue
        else:
            continue
        uses += [
            f"{name} in line {node.lineno}"
            for name in names
            if name.partition(".")[0] in UNSAFE_MODULES or name in UNSAFE_CALLS
        ]
    return uses


def allows_pickle(call: ast.Call) -> bool:
    """Whether a call such as ``np.load`` says ``allow_pickle`` and anything but a plain False."""
    return any(
        keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False"
        for keyword in call.keywords
    )


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import dump",
        "import torch\ntorch.load('a')",
        "from torch import load",
        "eval('1')",
        "np.load('a.npy', allow_pickle=True)",
        "np.load('a.npy', allow_pickle=trusted)",
        "def f():\n    import dill as d",
    ],
)
def test_the_search_for_unsafe_code_finds_it(text):
    assert unsafe_uses(ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "model.eval()",
        "np.load('a.npy')",
        "np.load('a.npy', allow_pickle=False)",
        "import json\njson.load(file)",
        "from safetensors.torch import load",
        "'pickle.load(file)'",
    ],
)
def test_the_search_for_unsafe_code_leaves_safe_code_alone(text):
    assert not unsafe_uses(ast.parse(text))


def test_nothing_runs_code_from_data():
    assert not {name: uses for name, tree in modules() if (uses := unsafe_uses(tree))}


def test_the_core_prints_nothing():
    printing = [
        f"{name}:{node.lineno}"
        for name, tree in modules()
        if name.startswith("edt_core/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "pprint"}
    ]
    assert not printing


def test_every_module_says_what_it_is():
    assert not [name for name, tree in modules() if not ast.get_docstring(tree)]


def test_no_module_is_too_long_to_read():
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in tracked(*(f"{package}/*.py" for package in PACKAGES))
    }
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE}


def test_no_file_leaves_work_for_later():
    left = [
        f"{path.relative_to(ROOT).as_posix()}:{number}"
        for path in tracked("*.py", "*.md", "*.toml", "*.txt", "*.mako", ".ci/*")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if OPEN_WORK.search(line)
    ]
    assert not left
