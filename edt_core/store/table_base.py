"""What every table of ``project.db`` has in common."""

from typing import ClassVar

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""SQLite can't alter what has no name."""

metadata = MetaData(naming_convention=NAMES)


class Table(SQLModel, registry=registry(metadata=metadata)):
    """Every table's base: keeps ours apart from any other SQLModel in the process."""

    metadata: ClassVar[MetaData] = metadata
