"""The tables of what language models and embedders were asked, a part of ``tables``."""

from sqlalchemy import Index, text
from sqlmodel import Field

from edt_core.store.table_base import Table


class Call(Table, table=True):
    """One request to a language model and what came of it."""

    __table_args__ = (
        Index("ix_call_answered", "key", sqlite_where=text("status = 'answered'")),
        # all that sums over calls ask for, so that they never read the pages of prompts and answers
        Index(
            "ix_call_spent",
            *("step", "status", "cost", "prompt_tokens", "cached_tokens", "completion_tokens"),
            *("reused_from", "run"),
        ),
        Index(None, "user_id"),
        Index(None, "status"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str
    """Content hash of the question."""
    step: str
    status: str
    """``answered``, ``invalid``, ``failed``, or ``unknown``: sent, and no more is known."""
    template: str
    user: int | None = None
    """The user's index when the call was made; a later import may give it to another."""
    user_id: str | None = None
    """The user's source id, which stays."""
    run: int | None = None
    repair: int
    provider: str
    model: str
    model_answered: str
    prompt_tokens: int
    cached_tokens: int = 0
    """Of the prompt's, as many as the service read from its cache."""
    completion_tokens: int
    cost: float | None = None
    """US dollars; null where the price is not known."""
    latency: float
    created_at: float
    reason: str
    reused_from: str = ""
    """Project and number of the call whose answer this is, or empty: it was bought here."""
    attempts: str
    """JSON list of ``{seconds, error}``."""
    request: str
    """JSON body as sent."""
    response: str
    parsed: str
    """JSON, or empty."""


class CallBatch(Table, table=True):
    """A file of requests that a service was given at once, and how far that came."""

    __tablename__ = "call_batch"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    """Ours; stands in the batch's metadata at the service, so that it is found again by it."""
    host: str
    """Of the endpoint."""
    state: str
    """``prepared``, ``submitting``, ``submitted``, ``refused``, ``ended`` or ``lost``."""
    file: str
    """The service's id of the uploaded requests, or empty."""
    remote: str
    """The service's id of the batch, or empty."""
    requests: int
    run: int | None = None
    created_at: float
    changed_at: float
    note: str
    """What the service said of it at last."""


class BatchedCall(Table, table=True):
    """Which batch a call went with, the last one where it was moved."""

    __tablename__ = "batched_call"

    call: int = Field(primary_key=True, foreign_key="call.id")
    batch: int = Field(foreign_key="call_batch.id", index=True)


class EmbeddingMemory(Table, table=True):
    """Vectors that were paid for, by content hash of text and model."""

    __tablename__ = "embedding_memory"

    key: str = Field(primary_key=True)
    vector: bytes
    """float32, little endian."""
