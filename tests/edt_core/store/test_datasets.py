"""The data set as rows; the old one stays when an import breaks off."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from edt_core.data.sequences import Sequences
from edt_core.data.split import leave_one_out
from edt_core.store import questions
from edt_core.store.datasets import (
    dataset_of,
    positions,
    raw_sequences,
    save_dataset,
    splits,
)


def test_every_row_is_there_and_in_order(project, toy):
    dataset = toy.ToyDataset()
    assert dataset_of(project).domain_names == ["food", "kitchen"]
    assert [item.title for item in questions.items(project)] == dataset.catalogue.titles
    assert questions.item(project, 0).categories == ["Hot", "Drinks"]
    assert questions.item(project, 0).n_events == 3
    assert [user.source_id for user in questions.users(project)] == ["u0", "0001", "ü"]
    events = questions.sequence(project, 0)
    assert [event.key for event in events] == [0, 2, 1, 3]
    assert [event.split for event in events] == ["train", "train", "valid", "test"]
    assert [event.split for event in questions.sequence(project, 2)] == ["train", "train"]


def test_the_rows_split_is_the_split():
    generator = np.random.default_rng(1)
    lengths = generator.integers(0, 6, size=50)
    raw = Sequences(np.arange(lengths.sum()), np.concatenate(([0], np.cumsum(lengths))))
    histories, valid, test = leave_one_out(raw)
    split = splits(raw)
    assert raw.items[split == 0].tolist() == histories.sequences.items.tolist()
    assert raw.items[split == 1].tolist() == valid.items.tolist()
    assert raw.items[split == 2].tolist() == test.items.tolist()
    assert all(positions(raw)[raw.offsets[u]] == 0 for u in range(50) if lengths[u])


def test_a_second_import_replaces_the_first(project, toy):
    save_dataset(project, toy.ToyDataset(name="new", digest="d2"))
    assert (dataset_of(project).name, dataset_of(project).digest) == ("new", "d2")
    assert questions.counts(project).interactions == 9


def test_text_that_utf8_cannot_hold_is_spelled_out(project, toy):
    dataset = toy.ToyDataset()
    dataset.catalogue.titles[0] = "\ud800 tea"
    save_dataset(project, dataset)
    assert questions.item(project, 0).title == "\\ud800 tea"


def test_an_import_that_fails_leaves_the_old_data(project, toy):
    broken = toy.ToyDataset(name="broken", user_ids=("u0", "u0", "u1"))
    with pytest.raises(Exception, match="UNIQUE"):
        save_dataset(project, broken)
    assert dataset_of(project).name == "toy"
    assert questions.counts(project).interactions == 9


def test_an_import_that_is_killed_leaves_the_old_data(project):
    script = """
import os, signal, sys
from pathlib import Path
from edt_core.store.project import Project
project = Project(Path(sys.argv[1]))
with project.database.write() as session:
    for table in ("interaction", "user", "item", "dataset"):
        session.connection().exec_driver_sql(f"DELETE FROM {table}")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    child = subprocess.run([sys.executable, "-c", script, str(project.folder)], check=False)
    assert child.returncode == -signal.SIGKILL
    assert (project.folder / "project.db-wal").exists()
    assert dataset_of(project).name == "toy"
    project.set_settings({"still": "writable"})


def test_whole_sequences_come_back_from_the_rows(project, toy):
    found, raw = raw_sequences(project), toy.ToyDataset().raw
    assert np.array_equal(found.items, raw.items)
    assert np.array_equal(found.offsets, raw.offsets)
