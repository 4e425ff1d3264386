"""Figure 6: one user whom augmentation helps (B.5)."""

from collections.abc import Sequence

import numpy as np

from edt_core.config import Config
from edt_core.data.catalogue import Catalogue, item_name
from edt_core.data.sequences import Ints
from edt_core.evaluation.ranks import Ranks
from edt_core.evaluation.significance import same_targets
from edt_core.evaluation.table import Cell, Table
from edt_core.experiments.experiment import Evidence, Experiment, RunSpec
from edt_core.stages.augmenter.insertion import Augmented
from edt_core.variants import Variant

_FULL, _RAW = Variant.LLM_EDT.value, Variant.WITHOUT_AUGMENTATION.value
_CHOSEN = (
    "Chosen to illustrate, not to prove: of the users whose target is ranked better with "
    "augmentation the one with most inserted items, and of those the one that gained most places."
)


def specs(_: Config) -> list[RunSpec]:
    """The full method, and what is left of it without augmentation."""
    return [
        RunSpec(variant.value, variant)
        for variant in (Variant.LLM_EDT, Variant.WITHOUT_AUGMENTATION)
    ]


def tell(evidence: Evidence) -> list[Table]:
    """The user's ranks in both, and the sequence that the model saw."""
    made = evidence.first(_FULL)
    augmented = evidence.load(made.augmented[0])
    ranks = evidence.ranks()
    inserted = np.bincount(
        augmented.sequences.users()[augmented.generated], minlength=augmented.sequences.n_users
    )
    row = chosen(ranks[_FULL], ranks[_RAW], inserted)
    if row is None:
        note = "No user with an inserted item is ranked better with augmentation."
        return [Table("Figure 6: case study", ("model", "rank"), (), (note,))]
    user = int(ranks[_FULL][0].users[row])
    title = f"Figure 6: user {evidence.user_id(user)}, {inserted[user]} inserted items"
    catalogue = evidence.load(made.data.catalogue)
    drafts = tuple(evidence.load(part.drafts) for part in made.augmenter)
    valid, target = evidence.load(made.data.valid), int(ranks[_FULL][0].targets[row])
    later = [int(key) for key in valid.items[valid.users == user]]
    written = [drafts[0].titles[row] for row in augmented.new_draft.tolist()]
    return [
        ranks_table(ranks, row, title),
        sequence_table(augmented, user, (later, target), catalogue, written),
    ]


def chosen(full: Sequence[Ranks], raw: Sequence[Ranks], inserted: Ints) -> int | None:
    """The row of the test target to show; None when nobody with an inserted item gained.

    Args:
        full: Ranks with augmentation, one per seed.
        raw: Ranks without, one per seed.
        inserted: Inserted events by user, ``[U]``.

    Raises:
        UsageError: the runs rank different users or targets.
    """
    for other in (*full, *raw):
        same_targets(full[0], other)
    means = [np.mean([each.rank_full for each in some], axis=0) for some in (full, raw)]
    gained = means[1] - means[0]
    items = inserted[full[0].users]
    rows = np.flatnonzero((full[0].split == 1) & (items > 0) & (gained > 0))
    if not len(rows):
        return None
    best = np.lexsort((-gained[rows], -items[rows]))[0]
    return int(rows[best])


def ranks_table(ranks: dict[str, list[Ranks]], row: int, title: str) -> Table:
    """The target's mean rank over seeds, by model, among all items and among the negatives."""
    rows = []
    for label, found in ranks.items():
        full = float(np.mean([each.rank_full[row] for each in found]))
        sampled = float(np.mean([each.rank_sampled[row] for each in found]))
        of = int(found[0].candidates_full[row])
        rows.append((Cell(label), Cell(full, decimals=1), Cell(of), Cell(sampled, decimals=1)))
    columns = ("model", "rank of the target", "of", "rank among the negatives")
    return Table(title, columns, tuple(rows), (_CHOSEN,))


def sequence_table(
    augmented: Augmented,
    user: int,
    held_out: tuple[list[int], int],
    catalogue: Catalogue,
    written: Sequence[str],
) -> Table:
    """The augmented test input and the target, one row an event.

    Args:
        augmented: The sequences with what was inserted.
        user: Whose.
        held_out: The user's validation items, and the target.
        catalogue: The real items.
        written: The titles of the generated items by key, from N on.
    """
    texts = zip(catalogue.titles, catalogue.brands, catalogue.source_ids, strict=True)
    names = [*(item_name(*real) for real in texts), *written]
    start, end = augmented.sequences.offsets[user : user + 2]
    later, target = held_out
    events = [
        *(
            (int(key), "generated" if generated else "training")
            for key, generated in zip(
                augmented.sequences.items[start:end], augmented.generated[start:end], strict=True
            )
        ),
        *((key, "validation") for key in later),
        (target, "target"),
    ]
    domains = np.concatenate([catalogue.domain, augmented.new_domain])
    rows = tuple(
        (
            Cell(place),
            Cell(catalogue.domain_names[domains[key]]),
            Cell(kind),
            Cell(names[key]),
        )
        for place, (key, kind) in enumerate(events, 1)
    )
    return Table("Figure 6: the sequence", ("event", "domain", "kind", "item"), rows)


CASE_STUDY = Experiment(specs, tell)
