"""Make a project of a million generated items, for measuring what screens ask of the store.

    python benchmarks/million.py --home DIR [--name million] [--items 1000000] [--calls 100000]

Ten generated items a user in the words of the demo shop, with scores, verdicts, decisions and what
was inserted, all written by the store's own functions; a call to a language model for every tenth
item, with prompts as the generator writes them. One title in a thousand is not plain: other
scripts, signs of double width, control characters, no end.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edt_core.data.catalogue import Catalogue, ItemText
from edt_core.data.sequences import Domain, Flags, Floats, Ints, Sequences
from edt_core.data.shop_words import SHOP_DOMAINS, Vocabulary, read_vocabulary
from edt_core.llm.ledger import Attempt, Call
from edt_core.llm.prompts import generation_prompt, sample_line
from edt_core.store.datasets import save_dataset
from edt_core.store.generated import record_drafts, record_inserted, record_judged
from edt_core.store.home import Home
from edt_core.store.memory import CallLedger
from edt_core.store.project import Project
from edt_core.store.review import decide

PER_USER = 10
EVENTS = 10
REAL_ITEMS = 20_000
FINGERPRINT = hashlib.sha256(b"million").hexdigest()[:40]
EDITIONS = ["", " Pro", " Lite", " II", " Plus", " Mini", " Classic", " XL"]
NOT_PLAIN = [
    "登山用 折りたたみ テーブル 軽量アルミ製",
    "Théière en fonte émaillée, 1,2 l – édition d’hiver",  # noqa: RUF001
    "Набор кастрюль из нержавеющей стали",  # noqa: RUF001
    "مقلاة حديد زهر بقطر 26 سم",
    "🏕️ Tent 👨‍👩‍👧‍👦 Family Size",
    "\x1b[31mRed Kettle\x1b[0m\x07",
    "[bold]Mug[/bold] [link=https://example.com]here[/link]",
    "Pan " + "very " * 300 + "large",
    "Two\nlines\tand tabs",
]


@dataclass(frozen=True)
class Texts:
    """Columns of item texts."""

    titles: list[str]
    brands: list[str]
    dates: list[str]
    prices: list[str]
    categories: list[list[str]]
    descriptions: list[str]


@dataclass(frozen=True)
class Data:
    """What ``save_dataset`` takes."""

    user_ids: list[str]
    catalogue: Catalogue
    raw: Sequences
    timestamps: Ints
    options: dict[str, Any]
    counts: dict[str, int]
    name: str = "million"
    notes: tuple[str, ...] = ("Made by benchmarks/million.py; nothing of it is real.",)
    digest: str = FINGERPRINT


@dataclass(frozen=True)
class Drafts(Texts):
    """What ``record_drafts`` takes."""

    users: Ints
    targets: Ints
    calls: Ints


@dataclass(frozen=True)
class Judged:
    """What ``record_judged`` takes."""

    source_score: Floats
    target_score: Floats
    source_rank: Ints
    anchor_position: Ints
    kept: Flags


def texts(rng: np.random.Generator, words: Vocabulary, domains: Ints, *, odd: bool) -> Texts:
    """Item texts of the given domains in the shop's words, nearly all of them distinct."""
    made = Texts([], [], [], [], [], [])
    shelves = [
        [(one, one[f"{name}_aisle"], product) for one in words.interests for product in one[name]]
        for name in SHOP_DOMAINS
    ]
    n = len(domains)
    draws = rng.random((n, 7)).tolist()
    numbers = rng.integers(100, 10_000, n).tolist()
    for domain, draw, number in zip(domains.tolist(), draws, numbers, strict=True):
        shelf = shelves[domain]
        interest, aisle, (name, category, price, sizes, sentence) = shelf[int(draw[0] * len(shelf))]
        maker = interest["brands"][int(draw[1] * 4)]
        theme, purpose = interest["themes"][int(draw[2] * 4)]
        size = sizes[int(draw[3] * len(sizes))]
        colour = interest["colours"][int(draw[4] * 4)]
        edition = EDITIONS[int(draw[5] * len(EDITIONS))]
        title = f"{maker} {theme} {size} {name}{edition} {theme[0]}{maker[0]}-{number}, {colour}"
        if odd and draw[6] < 0.001:
            title = NOT_PLAIN[int(draw[6] * 1000 * len(NOT_PLAIN))]
        made.titles.append(title)
        made.brands.append(maker)
        made.dates.append("")
        made.prices.append(f"${int(price * (0.8 + 0.5 * draw[6]))}.95")
        made.categories.append([SHOP_DOMAINS[domain].title(), aisle, category])
        made.descriptions.append(f"{sentence} Made {purpose}.")
    return made


def data_set(rng: np.random.Generator, words: Vocabulary, n_users: int) -> Data:
    """Users with ten events each among 40,000 real items."""
    domain = np.repeat([0, 1], REAL_ITEMS)
    made = texts(rng, words, domain, odd=False)
    catalogue = Catalogue(
        domain_names=list(SHOP_DOMAINS),
        domain=domain,
        source_ids=[f"B0{key:08}" for key in range(len(domain))],
        titles=made.titles,
        brands=made.brands,
        dates=made.dates,
        prices=made.prices,
        categories=made.categories,
        descriptions=made.descriptions,
    )
    n_events = n_users * EVENTS
    items = (rng.random(n_events) ** 2 * 2 * REAL_ITEMS).astype(np.int64)
    starts = rng.integers(1_400_000_000, 1_500_000_000, n_users)
    steps = rng.integers(60, 5_000_000, (n_users, EVENTS))
    return Data(
        user_ids=[f"A{number * 2_654_435_761 % 36**9:013X}" for number in range(n_users)],
        catalogue=catalogue,
        raw=Sequences(items, np.arange(0, n_events + 1, EVENTS)),
        timestamps=(starts[:, None] + steps.cumsum(axis=1)).ravel(),
        options={"format": "csv", "recipe": "none"},
        counts={"events read": n_events, "users": n_users, "items": len(domain)},
    )


def drafts_of(
    rng: np.random.Generator, words: Vocabulary, n_items: int, n_calls: int
) -> tuple[Drafts, Judged]:
    """Five drafts a user and direction; a third is kept, one user in fifty has no target score."""
    rows = np.arange(n_items)
    targets = rows // (PER_USER // 2) % 2
    made = texts(rng, words, targets, odd=True)
    calls = rows * n_calls // n_items + 1 if n_calls else np.full(n_items, -1)
    drafts = Drafts(**vars(made), users=rows // PER_USER, targets=targets, calls=calls)
    source = (1 - rng.beta(2, 6, n_items)).astype(np.float32)
    target = (1 - rng.beta(2, 8, n_items)).astype(np.float32)
    target[rows // PER_USER % 50 == 0] = -2
    by_five = source.reshape(-1, PER_USER // 2)
    rank = 1 + np.argsort(np.argsort(-by_five, axis=1), axis=1).ravel()
    anchor = rng.integers(0, EVENTS - 2, n_items)
    return drafts, Judged(source, target, rank, anchor, (rank <= 3) & (target >= 0.8))


def calls_of(
    rng: np.random.Generator, data: Data, drafts: Drafts, n_calls: int
) -> Iterator[list[Call]]:
    """The calls that the drafts came from, a thousand at a time; one in fifty went wrong."""
    names, samples = data.catalogue.domain_names, {}
    bounds = np.searchsorted(drafts.calls, np.arange(1, n_calls + 2))
    for first in range(0, n_calls, 1000):
        batch = []
        for number in range(first, min(first + 1000, n_calls)):
            start, stop = int(bounds[number]), int(bounds[number + 1])
            user, target = int(drafts.users[start]), Domain(int(drafts.targets[start]))
            shown = []
            for key in data.raw.items[user * EVENTS : user * EVENTS + 6].tolist():
                if key not in samples:
                    samples[key] = sample_line(data.catalogue.text(key))
                shown.append(samples[key])
            system, prompt = generation_prompt(
                names,
                target,
                user=user,
                source_samples=shown[:3],
                target_samples=shown[3:],
                n_generate=5,
            )
            body = {
                "model": "deepseek-chat",
                "messages": [
                    {"role": "system", "content": system},
                    {"role": "user", "content": prompt},
                ],
                "temperature": 0.7,
            }
            answer = json.dumps({"items": [_said(drafts, row) for row in range(start, stop)]})
            luck = rng.random()
            status = "answered" if luck < 0.98 else "invalid" if luck < 0.99 else "failed"
            seconds = float(rng.gamma(4, 0.4))
            batch.append(
                Call(
                    key=hashlib.sha256(f"call {number}".encode()).hexdigest()[:40],
                    step="generate",
                    template="generate",
                    user=user,
                    provider="openai",
                    model="deepseek-chat",
                    model_answered="deepseek-chat" if status != "failed" else "",
                    request=json.dumps(body),
                    status=status,
                    response={"answered": answer, "invalid": answer[:90]}.get(status, ""),
                    parsed=answer if status == "answered" else "",
                    reason={"invalid": "The answer ends too early.", "failed": "HTTP 503"}.get(
                        status, ""
                    ),
                    prompt_tokens=(len(system) + len(prompt)) // 4,
                    completion_tokens=len(answer) // 4,
                    cost=round(len(system + prompt) / 4 * 2.7e-7 + len(answer) / 4 * 1.1e-6, 8),
                    latency=seconds,
                    attempts=(Attempt(seconds, status=200),),
                )
            )
        yield batch


def _said(drafts: Drafts, row: int) -> dict[str, Any]:
    text = ItemText(drafts.titles[row], drafts.brands[row], price=drafts.prices[row])
    return {"title": text.title, "brand": text.brand, "price": text.price}


def make(project: Project, n_items: int, n_calls: int) -> None:
    """Fill an empty project."""
    rng = np.random.default_rng(7)
    words = read_vocabulary()
    data = data_set(rng, words, n_items // PER_USER)
    drafts, judged = drafts_of(rng, words, n_items, n_calls)
    save_dataset(project, data)
    ledger = CallLedger(project.database)
    for batch in calls_of(rng, data, drafts, n_calls):
        ledger.record(batch)
    record_drafts(project, FINGERPRINT, drafts)
    record_judged(project, FINGERPRINT, judged, drafts, data.raw)
    kept = np.flatnonzero(judged.kept)
    inserted = kept[rng.random(len(kept)) < 0.9]
    record_inserted(project, FINGERPRINT, 2 * REAL_ITEMS + np.arange(len(inserted)), inserted)
    decided = kept[rng.random(len(kept)) < 0.1]
    for action, some in (("accept", decided[::2]), ("reject", decided[1::2])):
        decide(project, action, (some + 1).tolist(), by="benchmarks/million.py")


def main() -> None:
    """Make the project and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--name", default="million")
    parser.add_argument("--items", type=int, default=1_000_000, help="ten a user")
    parser.add_argument("--calls", type=int, default=100_000)
    asked = parser.parse_args()
    started = time.perf_counter()
    with Home(asked.home).create(asked.name) as project:
        make(project, asked.items // PER_USER * PER_USER, asked.calls)
        size = (project.folder / "project.db").stat().st_size / 2**20
    seconds = time.perf_counter() - started
    print(f"{asked.items:,} generated items in {seconds:.0f} s, {size:,.0f} MiB")


if __name__ == "__main__":
    main()
