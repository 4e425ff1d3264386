"""Two domains' files to one data set: read, thin out, put in order, add the texts (4.1.1, A.2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from edt_core.data import amazon, recbole, tables
from edt_core.data.catalogue import ItemText
from edt_core.data.cores import MIN_ITEM, MIN_USER, hybrid_core
from edt_core.data.dataset import Arranged, Dataset, arrange, catalogue_of, digest_of, notes_on
from edt_core.data.interactions import Events
from edt_core.data.item_records import completeness, item_id, item_text
from edt_core.data.sequences import BOTH, Domain
from edt_core.data.source import BadLine, Progress, Source
from edt_core.data.staging import Staging, staged
from edt_core.errors import InputError, UsageError
from edt_core.params import Params

MOST_STAGED, MOST_KEPT = 12_000_000, 3_000_000
"""Interactions that memory is planned for: before the core filter, and in a data set."""
MOST_NAMED = 1_000_000
"""Users and items, together, that memory is planned for."""
MOST_TEXT, TEXT_COST = 120_000_000, 300
"""Letters of item texts that memory is planned for; what a record costs beside its own."""


class ImportOptions(Params):
    """How raw files become a data set."""

    format: Literal["amazon", "csv", "recbole"]
    """How the files are written."""

    recipe: Literal["paper", "dedup", "none"] = "paper"
    """The paper's core filter; the same after dropping copies of reviews; or everything."""

    min_user: int | None = Field(default=None, ge=0)
    """Least interactions of a user (by default the paper's 5)."""

    min_item: int | None = Field(default=None, ge=0)
    """Least interactions of an item (by default the paper's 3)."""

    after: int | None = Field(default=None, ge=0)
    """Only interactions later than this time, in Unix seconds."""

    before: int | None = Field(default=None, ge=0)
    """Only interactions earlier than this time, in Unix seconds."""

    max_bad_lines: float = Field(default=0.01, ge=0.0, le=1.0)
    """Largest share of broken lines in a file."""


@dataclass(frozen=True)
class DomainFiles:
    """One domain's name and files."""

    name: str
    interactions: Path
    items: Path | None = None


@dataclass
class _Log:
    """What the import tells about itself."""

    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    bad_lines: list[BadLine] = field(default_factory=list)

    def read(self, what: str, source: Source) -> None:
        """Note a finished file.

        Raises:
            InputError: too many broken lines.
        """
        source.settle()
        self.counts[f"{what} lines"] = source.lines
        self.counts[f"{what} broken lines"] = source.bad
        self.bad_lines += source.examples


def import_files(
    name: str,
    domains: tuple[DomainFiles, DomainFiles],
    options: ImportOptions,
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> Dataset:
    """Read both domains and make the data set; memory stays below 500 MB whatever they hold.

    Paper: 4.1.1 and A.2.

    Args:
        name: The data set's name.
        domains: A and B.
        options: The recipe and its limits.
        progress: Told file, bytes read and bytes in all; what it raises ends the import.
        scratch: Where to work on disk; by default the system's folder for temporary files.

    Raises:
        InputError: a file can't be read as what it should be, too many lines are broken, or
            nothing is left of a domain.
        UsageError: domains of one name, or options that contradict each other.
    """
    _refuse_contradictions(domains, options)
    log = _Log()
    for domain in domains:  # a wrong path shows now, not after an hour of reading
        Source(domain.interactions)
        if domain.items is not None:
            Source(domain.items)
    with staged(scratch) as staging:
        for which, domain in zip(Domain, domains, strict=True):
            source = Source(domain.interactions, options.max_bad_lines, progress)
            for events in _interactions(source, options):
                staging.add(which, events)
            log.read(f"{domain.name} interactions", source)
        log.counts["events read"] = staging.finish()
        arranged = _thinned(staging, options, log)
        user_ids = staging.user_ids(arranged.users)
        item_ids = staging.item_ids(arranged.items)
    _refuse_empty(domains, arranged, log)
    texts = _texts(domains, options, arranged, item_ids, log, progress)
    catalogue = catalogue_of([domain.name for domain in domains], arranged.domain, item_ids, texts)
    return Dataset(
        name,
        user_ids,
        catalogue,
        arranged.raw,
        arranged.timestamps,
        options.model_dump(mode="json"),
        log.counts,
        log.notes + notes_on(arranged, catalogue, deduplicated=options.recipe == "dedup"),
        log.bad_lines,
        digest_of(user_ids, catalogue, arranged.raw, arranged.timestamps),
    )


def _refuse_contradictions(
    domains: tuple[DomainFiles, DomainFiles], options: ImportOptions
) -> None:
    if domains[0].name == domains[1].name:
        raise UsageError(
            f"Both domains are called {domains[0].name!r}.", hint="Give each a name of its own."
        )
    for domain in domains:
        if not domain.name.strip() or not domain.name.isprintable() or len(domain.name) > 64:
            raise UsageError(
                f"{domain.name[:64]!a} is no domain name.", hint="Use up to 64 visible letters."
            )
        if domain.name.strip().casefold() == BOTH:
            raise UsageError(
                f"A domain can't be called {domain.name!r}: metrics over both domains are.",
                hint="Give it another name.",
            )
    if options.recipe == "none" and (options.min_user or options.min_item):
        raise UsageError(
            "The recipe 'none' keeps every user and item.",
            hint="Take the recipe 'paper' with --min-user and --min-item.",
        )
    after, before = options.after, options.before
    if after is not None and before is not None and before - after < 2:
        raise UsageError(
            f"No time lies between {_time(after)} and {_time(before)}.",
            hint="--after must be the earlier one.",
        )


def _interactions(source: Source, options: ImportOptions) -> Iterator[Events]:
    reviewed = options.recipe == "dedup"
    match options.format:
        case "amazon":
            return amazon.read_interactions(source, reviewed)
        case "csv":
            return tables.read_interactions(source, reviewed)
        case "recbole":
            return recbole.read_interactions(source, reviewed)


def _items(
    source: Source, options: ImportOptions, wanted: Mapping[str, int]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    match options.format:
        case "amazon":
            return amazon.read_items(source, wanted)
        case "csv":
            return tables.read_items(source)
        case "recbole":
            return recbole.read_items(source)


def _time(moment: int) -> str:
    """Unix seconds as a date, and as the number that an order may be."""
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} ({moment})"
    except (OverflowError, ValueError, OSError):
        return str(moment)


def _thinned(staging: Staging, options: ImportOptions, log: _Log) -> Arranged:
    """The recipe: copies, window, core (DESIGN 4.14)."""
    counts = log.counts
    if options.recipe == "dedup":
        if not staging.has_reviews():
            log.notes.append(
                "There are no review texts: copies of a review to a product's variants stay."
            )
        counts["exact copies"] = staging.drop_exact_copies()
        counts["variant copies"] = staging.drop_variant_copies()
        counts["repeated pairs"] = staging.drop_repeats()
    counts["outside the window"] = staging.cut_window(options.after, options.before)
    left = staging.count()
    if not left:
        raise InputError(
            f"No interaction is left inside the window ({_steps(log)}).",
            hint="Widen it with --after and --before; dates are read as UTC.",
        )
    _refuse_crowd(left, "interactions", MOST_STAGED)
    staging.encode()
    users, items = staging.codes()
    if options.recipe == "none":
        kept = np.arange(left)
    else:
        min_user = MIN_USER if options.min_user is None else options.min_user
        min_item = MIN_ITEM if options.min_item is None else options.min_item
        kept = hybrid_core(users, items, min_user, min_item)
    counts["outside the core"] = left - len(kept)
    counts["events kept"] = len(kept)
    _refuse_crowd(len(kept), "interactions", MOST_KEPT)
    users, items = users[kept], items[kept]
    domains, times = staging.domains_and_times()
    arranged = arrange(users, items, domains[kept], times[kept])
    named = len(arranged.users) + len(arranged.items)
    _refuse_crowd(named, "users and items", MOST_NAMED)
    return arranged


def _refuse_crowd(number: int, what: str, most: int) -> None:
    if number > most:
        raise InputError(
            f"{number:,} {what} are left to work on in memory; EDT plans for {most:,}.",
            hint="Narrow the window (--after, --before) or raise --min-user and --min-item.",
        )


def _refuse_empty(domains: tuple[DomainFiles, DomainFiles], arranged: Arranged, log: _Log) -> None:
    for which, domain in zip(Domain, domains, strict=True):
        if not (arranged.domain == which).any():
            raise InputError(
                f"No interaction of {domain.name!r} is left ({_steps(log)}).",
                hint="Widen the window, lower --min-user and --min-item, or take --recipe none.",
            )


def _steps(log: _Log) -> str:
    return ", ".join(f"{what} {number:,}" for what, number in log.counts.items() if number)


def _texts(
    domains: tuple[DomainFiles, DomainFiles],
    options: ImportOptions,
    arranged: Arranged,
    item_ids: list[str],
    log: _Log,
    progress: Progress | None,
) -> list[ItemText]:
    """One text an item, by key; empty where the files know nothing."""
    texts = [ItemText()] * len(item_ids)
    letters = 0
    for which, domain in zip(Domain, domains, strict=True):
        if domain.items is None:
            continue
        source = Source(domain.items, options.max_bad_lines, progress)
        keys = np.flatnonzero(arranged.domain == which).tolist()
        wanted = {item_ids[key]: key for key in keys}
        unused = 0
        for line, record in _items(source, options, wanted):
            taken = _take(source, line, record, wanted, texts)
            unused += taken is None
            letters += taken or 0
            _refuse_crowd(letters, "letters of item texts", MOST_TEXT)
        log.read(f"{domain.name} items", source)
        if unused and unused == source.lines - source.bad:
            log.notes.append(
                f"No item of {domain.name}'s interactions is in {domain.items.name}: are the ids "
                "written alike (12, 12.0, 0012)?"
            )
        log.counts[f"{domain.name} items without interactions"] = unused
        empty = sum(texts[key] == ItemText() for key in keys)
        log.counts[f"{domain.name} items without texts"] = empty
    return texts


def _take(
    source: Source,
    line: int,
    record: Mapping[str, Any],
    wanted: Mapping[str, int],
    texts: list[ItemText],
) -> int | None:
    """Put a record's text in its place, unless a more complete one stands there (2018 repeats).

    What it costs in letters; None when nobody met the item.
    """
    source.lines += 1
    named = {name.lower(): value for name, value in record.items()}
    try:
        key = wanted.get(item_id(named))
    except ValueError as error:
        source.reject(line, str(error))
        return 0
    if key is None:
        return None
    text = item_text(named)
    if completeness(text) <= completeness(texts[key]):
        return 0
    texts[key] = text
    return completeness(text)[1] + TEXT_COST
