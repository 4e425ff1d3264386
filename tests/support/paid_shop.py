"""A small shop whose project asks services on loopback, made in this process: quick."""

from collections.abc import Mapping
from pathlib import Path

from llm_service import LlmService
from shell import SMALL

from edt_core.actions.configuring import change
from edt_core.actions.importing import import_dataset
from edt_core.data.importing import DomainFiles
from edt_core.data.shop import make_shop, write_shop
from edt_core.events import silence
from edt_core.store.home import Home
from edt_core.store.project import Project


def paid_shop(
    folder: Path,
    service: LlmService,
    settings: Mapping[str, object] = {},
    *,
    users: int = 40,
    name: str = "small",
) -> Project:
    """The project ``name`` in ``folder``: imported, set up to ask ``service``, not run."""
    project = Home(folder / "home").create(name)
    source = folder / f"shop-{users}"
    paths = write_shop(make_shop(n_users=users), source)
    domains = (DomainFiles("outdoor", *paths[:2]), DomainFiles("kitchen", *paths[2:]))
    import_dataset(project, layout="csv", domains=domains, recipe="none", sink=silence)
    model = {"llm.provider": "openai", "llm.model": "tiny", "llm.base_url": service.url}
    quick = {"pretraining.epochs": 1, "fine_tuning.epochs": 1}
    change(project, {**SMALL, **model, **quick, **settings})
    return project
