"""From trained weights to user and item vectors whose product is the score (3.3.2, 3.5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from edt_core.config import FineTuningSettings, PretrainingSettings
from edt_core.data.sequences import Domain, Floats, Ints, Sequences, offsets_of
from edt_core.models.adapters import DomainAdapter
from edt_core.models.item_vectors import IdItems, TextItems, standardised
from edt_core.models.layout import Layout, by_length, layout_of, newest, on, spans
from edt_core.models.llm_edt import SharedModel

TOKENS = 16_384
"""Tokens that pass through the backbone at once when nothing is trained."""

PREFIXES = 20
"""Newest events of a user whose prefix a masked-item backbone reads, each in its own pass."""

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Vectors:
    """Everything that a ranking needs: the score of an item is its vector times the user's."""

    users: Tensor
    """One row per request, fp32, ``[R, d]``."""
    items: Tensor
    """The real items by key, fp32, ``[N, d]``."""


def model_of(
    settings: PretrainingSettings,
    n_real: int,
    embeddings: Floats | None,
    new_vectors: Floats,
    n_new: int,
    profile_embedding: int = 0,
) -> SharedModel:
    """A freshly initialised model of phase 1.

    Args:
        settings: Backbone and sizes.
        n_real: N.
        embeddings: Of the real items, ``[N, E]``; None for trained item vectors.
        new_vectors: Of the generated items, ``[M, E]``; ignored with trained item vectors.
        n_new: M.
        profile_embedding: d_u, or 0 for no profile adapter.
    """
    if embeddings is None:
        return SharedModel(IdItems(n_real + n_new, settings.width), settings, profile_embedding)
    items = TextItems(standardised(embeddings, new_vectors), settings.width)
    return SharedModel(items, settings, profile_embedding)


def domain_adapters(settings: PretrainingSettings, tuning: FineTuningSettings) -> nn.ModuleList:
    """The two adapters of Eq. 10, A's first, freshly initialised."""
    return nn.ModuleList(
        DomainAdapter(settings.width, tuning.adapter_width, tuning.adapter) for _ in Domain
    )


def restore(module: nn.Module, weights: Weights) -> None:
    """Put stored weights into a module; a profile adapter that nobody asks for is left out."""
    wanted = module.state_dict()
    module.load_state_dict({name: torch.from_numpy(weights[name]) for name in wanted})


@torch.no_grad()
def user_vectors(
    model: SharedModel,
    adapters: nn.ModuleList | None,
    table: Tensor,
    sequences: Sequences,
    domains: Ints,
    item_domain: Ints,
    max_length: int,
) -> Tensor:
    """The vector of every sequence's user for items of one domain.

    Paper: Eq. 11, P = e^T u^X + e^T u~; both products are with the same item vector, so that the
    score is one product with u^X + u~.
    Choice: a user without an event in the domain has no u^X and is scored by u~ alone, as
    everybody is without fine-tuning. Without any event the vector is zero.

    Args:
        model: Phase 1, not in training.
        adapters: Phase 2, or None without fine-tuning.
        table: All item vectors by key, ``[N + M, d]``.
        sequences: One mixed sequence per request.
        domains: The domain that each request asks for, ``[R]``.
        item_domain: The domain of every key, ``[N + M]``.
        max_length: Newest events that the backbone sees.

    Returns:
        ``[R, d]``.
    """
    vectors = last_states(model, table, sequences, max_length)
    if adapters is None:
        return vectors
    for domain in Domain:
        inside = item_domain[sequences.items] == domain
        inside &= (domains == domain)[sequences.users()]
        own = sequences.where(inside)
        rows = on(table.device, np.flatnonzero(own.lengths))
        states = last_states(model, table, own, max_length)[rows]
        vectors[rows] += adapters[domain](states)
    return vectors


@torch.no_grad()
def last_states(model: SharedModel, table: Tensor, sequences: Sequences, max_length: int) -> Tensor:
    """The state that predicts each sequence's next item, ``[R, d]``; zero for an empty one."""
    states = table.new_zeros(sequences.n_users, table.shape[1])
    cut, _ = newest(sequences, max_length - model.hides)
    for rows, layout, packed in _passes(model, table, cut):
        states[on(table.device, rows)] = packed[layout.last]
    return states


@torch.no_grad()
def states_before(
    model: SharedModel, table: Tensor, sequences: Sequences, max_length: int
) -> tuple[Tensor, Tensor]:
    """The state that predicts each event from the events before it in the same sequence.

    Choice: a causal backbone gives all of them in one pass over the newest ``max_length`` events. A
    masked-item backbone needs a pass for each event (its prefix and a mask), so that it is asked
    for every user's newest PREFIXES events alone.

    Returns:
        The events (places in ``sequences.items``) that have such a state, ascending, ``[P]``, and
        the states, ``[P, d]``.
    """
    if model.hides:
        kept, events = newest(sequences, PREFIXES)
        firsts = np.repeat(sequences.offsets[:-1], kept.lengths)
        events, firsts = events[events > firsts], firsts[events > firsts]
        prefix = spans(firsts, events - firsts)
        prefixes = Sequences(sequences.items[prefix], offsets_of(events - firsts))
        return torch.from_numpy(events), last_states(model, table, prefixes, max_length)
    cut, events = newest(sequences, max_length)
    states = table.new_empty(len(cut.items), table.shape[1])
    for rows, _, packed in _passes(model, table, cut):
        tokens = spans(cut.offsets[rows], cut.lengths[rows])
        states[on(table.device, tokens)] = packed
    later = np.ones(len(cut.items), dtype=bool)
    later[cut.offsets[:-1][cut.lengths > 0]] = False
    places = np.flatnonzero(later)
    return torch.from_numpy(events[places]), states[on(table.device, places - 1)]


def continued(sequences: Sequences, users: Ints, extra: Ints) -> Sequences:
    """One sequence per request: the user's events, then one more item unless it is -1.

    Args:
        sequences: One mixed sequence per user.
        users: The user of each request, ``[R]``.
        extra: An item that came after, such as the validation item, or -1, ``[R]``.
    """
    lengths = sequences.lengths[users]
    longer = lengths + (extra >= 0)
    offsets = offsets_of(longer)
    items = np.empty(offsets[-1], dtype=np.int64)
    events = spans(sequences.offsets[:-1][users], lengths)
    items[spans(offsets[:-1], lengths)] = sequences.items[events]
    items[offsets[1:][extra >= 0] - 1] = extra[extra >= 0]
    return Sequences(items, offsets)


def score_vectors(
    model: SharedModel,
    adapters: nn.ModuleList | None,
    sequences: Sequences,
    domains: Ints,
    item_domain: Ints,
    n_real: int,
    max_length: int,
) -> Vectors:
    """Vectors of users and real items, ready to rank (see ``user_vectors``)."""
    model.eval()
    with torch.no_grad():
        table = model.items.everything()
    users = user_vectors(model, adapters, table, sequences, domains, item_domain, max_length)
    return Vectors(users, table[:n_real])


def _passes(
    model: SharedModel, table: Tensor, sequences: Sequences
) -> Iterator[tuple[Ints, Layout, Tensor]]:
    """Groups of non-empty rows through the backbone: rows, their layout, packed states.

    A masked-item backbone gets a mask after each row, whose state stands last.
    """
    for rows in by_length(sequences.lengths, TOKENS):
        lengths = sequences.lengths[rows]
        items = sequences.items[spans(sequences.offsets[rows], lengths)]
        if model.hides:
            items = np.insert(items, np.cumsum(lengths), 0)
            lengths = lengths + 1
        layout = layout_of(lengths, table.device)
        masked = layout.last if model.hides else layout.last[:0]
        vectors = table[on(table.device, items)]
        yield rows, layout, model.encode(vectors, layout, masked)
