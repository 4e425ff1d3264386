"""A project with a small review queue: forty items for four users."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from edt_core.data.catalogue import Catalogue
from edt_core.data.sequences import pack
from edt_core.store.datasets import save_dataset
from edt_core.store.generated import record_drafts, record_judged
from edt_core.store.home import Home
from edt_core.store.project import Project

N_ITEMS = 24
HELD_OUT = ("Secret Validation Item", "Secret Test Item")


def queue_project(folder: Path, name: str = "queue", n: int = 40, hostile: str = "") -> Project:
    """Users of eight events: six for training, then one of each title of ``HELD_OUT``."""
    titles = [f"Real Item {key}" for key in range(N_ITEMS)]
    titles[-2:] = HELD_OUT
    domain = np.arange(N_ITEMS) % 2
    blank = [""] * N_ITEMS
    raw = pack([[*range(user, user + 6), N_ITEMS - 2, N_ITEMS - 1] for user in range(4)])
    dataset = SimpleNamespace(
        name="toy", options={"recipe": "none"}, counts={"events": 32}, notes=(), digest="d1",
        user_ids=tuple(f"u{user}{hostile}" for user in range(4)),
        catalogue=Catalogue(
            domain_names=["food", "kitchen"], domain=domain,
            source_ids=[str(key) for key in range(N_ITEMS)], titles=titles, brands=blank,
            dates=blank, prices=blank, categories=[[] for _ in blank], descriptions=blank,
        ),
        raw=raw,
        timestamps=np.tile(1_600_000_000 + 86_400 * np.arange(8), 4),
    )  # fmt: skip
    rows = np.arange(n)
    drafts = SimpleNamespace(
        users=rows % 4,
        targets=rows // 4 % 2,
        titles=[f"Generated {row}{hostile}" for row in rows],
        brands=[f"Brand {row}" for row in rows],
        dates=["2020"] * n,
        prices=["$9.95"] * n,
        categories=[["Home", f"Shelf {row % 3}{hostile}"] for row in rows],
        descriptions=[f"What item {row} is good for.{hostile}" for row in rows],
        calls=np.full(n, -1),
    )
    judged = SimpleNamespace(
        source_score=np.linspace(0.9, 0.5, n, dtype=np.float32),
        target_score=np.linspace(0.7, 1.0, n, dtype=np.float32),
        source_rank=1 + rows // 8 % 5,
        anchor_position=rows % 6,
        kept=np.linspace(0.7, 1.0, n) >= 0.9,
    )
    project = Home(folder).create(name)
    save_dataset(project, dataset)
    record_drafts(project, "f" * 40, drafts)
    record_judged(project, "f" * 40, judged, drafts, raw)
    return project
