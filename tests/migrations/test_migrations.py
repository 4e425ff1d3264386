"""Every released schema, with rows in it, reaches today's with every row."""

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from edt_app.cli import main
from edt_core.store import schema
from edt_core.store.calls import calls, spend
from edt_core.store.database import connect, writing_engine
from edt_core.store.project import Project

FOLDER = schema.migrations()
REVISIONS = schema.revisions(FOLDER)
ROWS = Path(__file__).with_name("rows")
"""``<revision>.sql`` fills every table of that revision; a new revision needs a new file."""
BEGIN_EMPTY = {"call_batch", "batched_call", "rescored"}
"""Tables made on the way for what older projects can't have."""


def migrated(path, revision, direction=command.upgrade):
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    engine = writing_engine(path)
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")  # as the program migrates
        with connection.begin():
            config.attributes["connection"] = connection
            direction(config, revision)
            assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    engine.dispose()


@pytest.fixture(params=REVISIONS)
def older(request, tmp_path):
    """A project's database of one revision, with rows in every table."""
    path = tmp_path / "project.db"
    path.touch()
    raw = connect(path, "rw")
    raw.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    raw.close()
    migrated(path, request.param)
    raw = connect(path, "rw")
    raw.executescript((ROWS / f"{request.param}.sql").read_text("utf-8"))
    assert all(contents(path).values()), "a table has no row"
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    raw.close()
    return path


def contents(path):
    """Every table's rows but the revision itself."""
    raw = sqlite3.connect(path)
    names = raw.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'alembic_version'"
    ).fetchall()
    rows = {name: raw.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names}
    raw.close()
    return rows


def test_there_is_one_line_of_revisions_numbered_in_order():
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    script = ScriptDirectory.from_config(config)
    assert [entry.revision for entry in script.walk_revisions()][::-1] == REVISIONS
    assert len(script.get_heads()) == 1


def test_every_row_reaches_todays_schema(older):
    before = contents(older)
    with Project(older.parent):
        pass
    after = contents(older)
    assert schema.revision_of(older) == REVISIONS[-1]
    assert {name: len(rows) for name, rows in after.items() if name in before} == {
        name: len(rows) for name, rows in before.items()
    }
    empty = {name for name, rows in after.items() if not rows}
    assert empty <= BEGIN_EMPTY - before.keys(), "a table made on the way has no row"


def test_a_way_down_and_up_again_ends_in_the_same_schema(older):
    def tables():
        return sqlite3.connect(older).execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        )

    migrated(older, "head")
    there = tables().fetchall()
    migrated(older, "base", command.downgrade)
    assert [name for name, _ in tables()] == ["alembic_version"]
    migrated(older, "head")
    assert tables().fetchall() == there


def test_migrations_import_nothing_of_ours():
    for path in FOLDER.rglob("*.py"):
        assert "edt_" not in path.read_text("utf-8"), path


@pytest.mark.parametrize("older", ["0001"], indirect=True)
@pytest.mark.parametrize(("made_at", "named"), [(1.0, "0001"), (0.5, None)])
def test_old_calls_get_the_names_of_the_users_that_they_were_about(older, made_at, named):
    raw = sqlite3.connect(older)
    raw.execute("UPDATE call SET created_at = ?", (made_at,))
    raw.commit()
    raw.close()
    with Project(older.parent) as project:
        (line,) = calls(project)
    assert (line.user_id, line.cost, line.reused_from, line.cached_tokens) == (named, 0.01, "", 0)


@pytest.mark.parametrize("older", ["0005"], indirect=True)
@pytest.mark.parametrize(
    ("status", "cost", "uncertain"),
    [("answered", None, 1), ("failed", None, 2), ("failed", 0.0, 1), ("unknown", None, 1)],
)
def test_old_calls_say_how_many_attempts_may_have_been_billed(older, status, cost, uncertain):
    attempts = '[{"seconds": 1, "error": "cut"}, {"error": "no", "status": 429}, {"status": 200}]'
    raw = sqlite3.connect(older)
    raw.execute("UPDATE call SET status = ?, cost = ?, attempts = ?", (status, cost, attempts))
    raw.commit()
    raw.close()
    with Project(older.parent) as project:
        assert [line.uncertain for line in spend(project)] == [uncertain]


@pytest.mark.parametrize("older", [REVISIONS[0]], indirect=True)
def test_the_command_line_tells_that_it_upgraded_and_where_the_copy_is(older, tmp_path, capsys):
    (tmp_path / "old").mkdir()
    older.rename(tmp_path / "old" / "project.db")
    line = ["--home", str(tmp_path), "runs", "--project", "old"]
    assert main(line) == 0
    assert str(tmp_path / "old" / "backups") in capsys.readouterr().err.replace("\n", "")
    assert main(line) == 0
    assert "as it was before" not in capsys.readouterr().err
