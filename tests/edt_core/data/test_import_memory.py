"""An import in a process of its own stays small, whatever the file holds."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"
)

IMPORT = """
import sys
from pathlib import Path
from edt_core.data.importing import DomainFiles, ImportOptions, import_files
from edt_core.errors import EdtError
big, small, kind = sys.argv[1:]
files = DomainFiles("big", Path(big)), DomainFiles("small", Path(small))
try:
    import_files("x", files, ImportOptions(format=kind, recipe="none"))
    print("imported")
except EdtError as error:
    print(type(error).__name__, error)
# not ru_maxrss: across fork and exec it keeps what the test runner itself once used
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""
REVIEW = {"reviewerID": "A1", "asin": "B1", "unixReviewTime": 1, "reviewText": "x" * 400}


def packed(path, block, times):
    with gzip.open(path, "wb", compresslevel=9) as file:
        for _ in range(times):
            file.write(block)
    return path


def outcome(big, small, kind):
    """What the import printed, and its peak memory in MB."""
    command = [sys.executable, "-c", IMPORT, str(big), str(small), kind]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    said, peak = printed.strip().splitlines()
    return said, int(peak)


@pytest.mark.slow
def test_a_megabyte_that_unpacks_to_a_gigabyte_is_refused_in_little_memory(tmp_path):
    block = (json.dumps(REVIEW) + "\n").encode() * 2300
    bomb = packed(tmp_path / "big.gz", block, 1000)
    assert bomb.stat().st_size < 5 << 20
    small = tmp_path / "small.json"
    small.write_text(json.dumps(REVIEW) + "\n")
    said, peak = outcome(bomb, small, "amazon")
    assert "while unpacking" in said
    assert peak < 400


@pytest.mark.slow
def test_a_line_of_600_megabytes_is_refused_in_little_memory(tmp_path):
    line = packed(tmp_path / "big.gz", b"x" * (1 << 20), 600)
    small = tmp_path / "small.csv"
    small.write_text("user_id,item_id,timestamp\nu,i,1\n")
    said, peak = outcome(line, small, "csv")
    assert "longer than 16 MB" in said
    assert peak < 300


@pytest.mark.slow
def test_many_users_cost_disk_and_no_memory(tmp_path):
    """1,500,000 users with one event each: a dictionary of them alone would be 250 MB."""
    big = tmp_path / "big.csv"
    with big.open("w") as file:
        file.write("user_id,item_id,timestamp\n")
        file.writelines(f"A{n:013d},B{n % 1000:05d},{n}\n" for n in range(1_500_000))
    small = tmp_path / "small.csv"
    small.write_text("user_id,item_id,timestamp\nu,i,1\n")
    said, peak = outcome(big, small, "csv")
    assert "users and items are left" in said
    assert peak < 350
