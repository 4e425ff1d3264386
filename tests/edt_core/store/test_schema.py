"""Schema revisions: up to date, newer, foreign, and an upgrade that fails."""

import hashlib
import shutil
import sqlite3
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from edt_core.errors import ProjectBusy, ProjectError, ProjectTooNew
from edt_core.store import schema
from edt_core.store.tables import metadata


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def later(tmp_path):
    """The migrations with one more, whose body a test fills in."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.migrations(), folder)
    last = schema.revisions(folder)[-1]

    def add(body):
        text = (
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f'revision = "9999"\ndown_revision = "{last}"\nbranch_labels = depends_on = None\n'
            "def upgrade():\n" + "".join(f"    {line}\n" for line in body)
        )
        (folder / "versions" / "9999_later.py").write_text(text)
        return folder

    return add


def test_the_migrations_make_exactly_the_declared_tables(project):
    with project.database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_an_upgrade_keeps_every_row_and_a_copy_of_the_file(project, later):
    before = project.settings()
    project.close()
    path = project.folder / "project.db"
    folder = later(["op.add_column('item', sa.Column('weight', sa.Float()))"])
    copy = schema.bring_up_to_date(path, folder)
    assert copy.parent == project.folder / "backups"
    assert schema.revision_of(copy) != schema.revision_of(path) == "9999"
    rows = sqlite3.connect(path).execute("SELECT count(weight), count(*) FROM item").fetchone()
    assert rows == (0, 4)
    assert before == {}


def test_an_upgrade_that_fails_halfway_leaves_nothing_behind(project, later):
    project.close()
    path = project.folder / "project.db"
    folder = later(
        [
            "op.add_column('item', sa.Column('weight', sa.Float()))",
            "op.execute('DELETE FROM generated')",
            "raise ValueError('halfway')",
        ]
    )
    for _ in range(2):
        with pytest.raises(ProjectError, match="halfway"):
            schema.bring_up_to_date(path, folder)
        assert schema.bring_up_to_date(path) is None
        reader = sqlite3.connect(path)
        assert "weight" not in str(reader.execute("SELECT sql FROM sqlite_master").fetchall())
        assert reader.execute("SELECT count(*) FROM generated").fetchone() == (4,)
        reader.close()


def test_an_upgrade_that_is_killed_leaves_the_old_schema_and_can_be_done_again(project, later):
    project.close()
    path = project.folder / "project.db"
    column = "op.add_column('item', sa.Column('weight', sa.Float()))"
    folder = later([column, "import os", "os.kill(os.getpid(), 9)"])
    script = (
        "import sys; from pathlib import Path; from edt_core.store import schema\n"
        "schema.bring_up_to_date(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(path), str(folder)]
    assert subprocess.run(command, check=False).returncode == -9
    assert schema.bring_up_to_date(path) is None
    schema.bring_up_to_date(path, later([column]))
    assert schema.revision_of(path) == "9999"


def test_an_upgrade_that_would_lose_rows_is_not_done(project, later):
    project.close()
    path = project.folder / "project.db"
    with pytest.raises(ProjectError, match="lose rows of generated"):
        schema.bring_up_to_date(path, later(["op.execute('DELETE FROM generated')"]))
    assert sqlite3.connect(path).execute("SELECT count(*) FROM generated").fetchone() == (4,)


def test_a_rebuilt_parent_table_keeps_its_children(project, later):
    project.close()
    path = project.folder / "project.db"
    body = [
        "with op.batch_alter_table('drafts', recreate='always') as batch:",
        "    batch.add_column(sa.Column('label', sa.String()))",
    ]
    schema.bring_up_to_date(path, later(body))
    assert sqlite3.connect(path).execute("SELECT count(*) FROM generated").fetchone() == (4,)


def test_a_reference_that_leads_nowhere_undoes_the_upgrade(project, later):
    project.close()
    path = project.folder / "project.db"
    with pytest.raises(ProjectError, match="generated"):
        schema.bring_up_to_date(path, later(["op.execute('UPDATE generated SET drafts = 77')"]))


def test_a_newer_project_is_refused_and_not_a_byte_is_changed(home, project, later):
    project.close()
    path = project.folder / "project.db"
    schema.bring_up_to_date(path, later(["op.execute('SELECT 1')"]))
    before = digest(path)
    with pytest.raises(ProjectTooNew, match="9999"):
        home.open("toy")
    assert digest(path) == before


def test_a_project_in_use_is_not_upgraded(project, later):
    folder = later(["op.execute('SELECT 1')"])
    with project.stages(), pytest.raises(ProjectBusy):
        schema.bring_up_to_date(project.folder / "project.db", folder)


def test_another_programs_database_is_refused_and_unchanged(home, project):
    project.close()
    path = project.folder / "project.db"
    path.unlink()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    other.execute("INSERT INTO alembic_version VALUES ('0001')")
    other.commit()
    other.close()
    before = digest(path)
    with pytest.raises(ProjectError, match="another program"):
        home.open("toy")
    assert digest(path) == before


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough " * 50])
def test_a_file_that_is_no_database_is_refused(home, project, content):
    project.close()
    (project.folder / "project.db").write_bytes(content)
    with pytest.raises(ProjectError):
        home.open("toy")


def test_texts_of_generated_items_move_to_their_own_table(tmp_path):
    before = tmp_path / "before"
    shutil.copytree(schema.migrations(), before)
    for later in before.glob("versions/*.py"):
        if later.name >= "0003":
            later.unlink()
    path = tmp_path / "project.db"
    schema.create(path, before)
    old = sqlite3.connect(path)
    old.execute("INSERT INTO drafts VALUES (1, 'f', 0.0)")
    texts = "title, brand, date, price, categories, description, fields"
    row = "7, 1, 0, 3, 1, 'kept', 'edited', 1, 'Pan', 'b', 'd', '$5', '[]', 'iron', '{}'"
    names = f"id, drafts, row, user, target, verdict, decision, inserted, {texts}"
    old.execute(f"INSERT INTO generated ({names}) VALUES ({row})")
    old.execute("INSERT INTO batch VALUES (1, 0.0, '', '', NULL)")
    old.execute("INSERT INTO decision (batch, generated, action) VALUES (1, 7, 'edit')")
    old.commit()
    old.close()
    assert schema.bring_up_to_date(path) is not None
    new = sqlite3.connect(path)
    found = new.execute(f"SELECT {texts} FROM generated JOIN generated_text USING (id)").fetchall()
    assert found == [("Pan", "b", "d", "$5", "[]", "iron", "{}")]
    assert new.execute("SELECT verdict, decision, user FROM generated").fetchall() == [
        ("kept", "edited", 3)
    ]
    new.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError):
        new.execute("INSERT INTO decision (batch, generated, action) VALUES (1, 8, 'edit')")
    new.execute("INSERT INTO decision (batch, generated, action) VALUES (1, 7, 'edit')")
    new.close()
