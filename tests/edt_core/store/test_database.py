"""Transactions: all or nothing, in turn, and a full disk is a sentence."""

import resource
import shutil
import subprocess
import sys
import threading

import pytest
from sqlmodel import select

from edt_core.errors import EdtError, ProjectError
from edt_core.store.database import insert_rows, rows_of
from edt_core.store.tables import Setting


def test_a_transaction_that_raises_leaves_nothing(project):
    def fail():
        with project.database.write() as session:
            session.add(Setting(key="a", value="1"))
            session.flush()
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert project.settings() == {}


def test_a_deleted_project_is_not_made_anew_by_who_writes_to_it(project):
    project.set_settings({"llm.model": "before"})
    shutil.rmtree(project.folder)
    with pytest.raises(ProjectError, match="was deleted"):
        project.set_settings({"llm.model": "after"})
    project.close()
    assert not project.folder.exists()


def test_readers_can_not_write(project):
    with pytest.raises(EdtError, match="readonly"), project.database.read() as session:
        session.connection().exec_driver_sql("DELETE FROM item")


def test_a_reader_sees_one_moment(project):
    with project.database.read() as session:
        assert session.exec(select(Setting)).all() == []
        project.set_settings({"a": 1})
        assert session.exec(select(Setting)).all() == []


def test_threads_write_in_turn(project):
    def work(name):
        for number in range(50):
            project.set_settings({f"{name}.{number}": number})

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(project.settings()) == 200


def test_processes_write_in_turn(project):
    script = (
        "import sys; from pathlib import Path; from edt_core.store.project import Project\n"
        "project = Project(Path(sys.argv[1]))\n"
        "for n in range(50): project.set_settings({f'{sys.argv[2]}.{n}': n})"
    )
    command = [sys.executable, "-c", script, str(project.folder)]
    children = [subprocess.Popen([*command, name]) for name in "ab"]
    for number in range(50):
        project.set_settings({f"here.{number}": number})
    assert [child.wait() for child in children] == [0, 0]
    assert len(project.settings()) == 150


def test_a_file_that_may_not_grow_is_a_sentence_and_loses_nothing(project):
    project.set_settings({"kept": 1})
    with project.database.write() as session:
        pages = rows_of(session, "PRAGMA page_count")[0][0]
        session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(EdtError, match="full") as full, project.database.write() as session:
        insert_rows(session, "setting", ("key", "value"), ((str(n), "x" * 900) for n in range(99)))
    assert full.value.exit_code == 1
    assert project.settings() == {"kept": 1}


def test_a_full_disk_ends_cleanly_and_the_next_start_finds_every_row(project):
    project.set_settings({"kept": 1})
    project.close()
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from edt_core.errors import EdtError; from edt_core.store.project import Project\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "project = Project(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))\n"
        "for n in range(10_000):\n"
        "    try: project.set_settings({f'n{n}': 'x' * 1000})\n"
        "    except EdtError as error: print(n, error.exit_code); break\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(project.folder)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    stored, code = map(int, told.stdout.split())
    assert code == 1
    assert stored > 10
    assert len(project.settings()) == stored + 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 400_000
