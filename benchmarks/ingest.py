"""Reading reviews: EDT's reader beside the json module and, where it is installed, polars.

    python benchmarks/ingest.py --polars-python /path/to/venv/bin/python

Every contender reads user, item and time of the same packed JSON lines into columns; EDT checks
every id and time stamp while it does. Polars is no dependency, so it runs in its own interpreter,
which takes the time inside. The columns are given up again only when the clock has stopped. Last,
the whole import with its staging on disk is timed for itself.
"""

import argparse
import gzip
import json
import random
import subprocess
import tempfile
from pathlib import Path

from side_by_side import Bar, Contender, compare, timed

from edt_core.data import amazon
from edt_core.data.importing import DomainFiles, ImportOptions, import_files
from edt_core.data.interactions import Events
from edt_core.data.source import Source

POLARS = """
import sys, time
import polars
for line in sys.stdin:
    started = time.perf_counter()
    reviews = polars.scan_ndjson(line.strip())
    frame = reviews.select("reviewerID", "asin", "unixReviewTime").collect()
    print(time.perf_counter() - started, len(frame), flush=True)
"""


def write_reviews(path: Path, reviews: int) -> None:
    """Made-up reviews of the 2018 layout, about 600 bytes each."""
    rng = random.Random(3)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(4000)]
    with gzip.open(path, "wt", compresslevel=6) as file:
        for _ in range(reviews):
            review = {
                "overall": float(rng.randint(1, 5)),
                "verified": True,
                "reviewTime": "06 17, 2018",
                "reviewerID": f"A{rng.randrange(80_000):013d}",
                "asin": f"B0{rng.randrange(20_000):08d}",
                "style": {"Color:": " Red"},
                "reviewerName": "A. Reader",
                "reviewText": " ".join(rng.choices(words, k=rng.randint(5, 60))),
                "summary": " ".join(rng.choices(words, k=4)),
                "unixReviewTime": 1400000000 + 86400 * rng.randrange(1500),
            }
            file.write(json.dumps(review) + "\n")


def edt(path: Path) -> list[Events]:
    """Columns by EDT's reader."""
    return list(amazon.read_interactions(Source(path)))


def plain_json(path: Path) -> tuple[list[str], list[str], list[int]]:
    """Columns by the standard library."""
    users, items, times = [], [], []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            review = json.loads(line)
            users.append(review["reviewerID"])
            items.append(review["asin"])
            times.append(review["unixReviewTime"])
    return users, items, times


def polars(python: str, path: Path, reviews: int) -> Contender:
    """Columns by polars in its own interpreter, which stays open and imports nothing twice."""
    child = subprocess.Popen(
        [python, "-c", POLARS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def measured() -> float:
        print(path, file=child.stdin, flush=True)
        seconds, rows = child.stdout.readline().split()
        assert int(rows) == reviews
        return float(seconds)

    return measured


def whole_import(path: Path, folder: Path) -> None:
    """The whole import of the file as one domain, beside a small second one."""
    small = folder / "small.csv"
    small.write_text("A0000000000001,B000000000,5.0,1400000000\n")
    files = DomainFiles("big", path), DomainFiles("small", small)
    import_files("benchmark", files, ImportOptions(format="amazon", recipe="none"))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reviews", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--polars-python", help="an interpreter that has polars")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "reviews.json.gz"
        write_reviews(path, asked.reviews)
        contenders = {"EDT": timed(lambda: edt(path)), "json": timed(lambda: plain_json(path))}
        if asked.polars_python:
            contenders["polars"] = polars(asked.polars_python, path, asked.reviews)
        contenders["EDT, whole import"] = timed(lambda: whole_import(path, Path(name)))
        title = f"{asked.reviews:,} reviews, {path.stat().st_size >> 20} MB packed"
        bars = (Bar("polars", 1.0), Bar("json", 3.0))
        compare(title, "EDT", contenders, asked.rounds, bars)


if __name__ == "__main__":
    main()
