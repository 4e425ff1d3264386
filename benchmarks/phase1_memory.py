"""Peak memory of one phase-1 step, batch 512, d_L 1,536, beside every position padded to 200.

Each contender runs in a process of its own; what counts is the highest resident memory during two
steps above the resident memory before them (Linux: VmHWM, reset through clear_refs).
"""

import argparse
import subprocess
import sys
from pathlib import Path

import torch
from phase1_step import ours, padded
from real_data import corpus

BAR = 20.0


def status(name: str) -> float:
    """A field of this process's status, in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise SystemExit("This benchmark needs Linux.")


def worker(which: str, data: str, steps: int) -> None:
    """Print the memory that the steps of one contender take."""
    logs = corpus(data)
    step = ours(logs) if which == "ours" else padded(logs, 200)
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    for _ in range(steps):
        step()
    print(status("VmHWM") - before)


def measured(which: str, data: str, steps: int) -> float:
    """MiB of one contender, from a fresh process."""
    command = [sys.executable, __file__, "--worker", which, "--data", data, "--steps", str(steps)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="food-kitchen-order")
    parser.add_argument("--worker", choices=["ours", "padded"])
    parser.add_argument("--steps", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(2)
    if given.worker:
        worker(given.worker, given.data, given.steps)
        return
    packed = measured("ours", given.data, 20)
    wide = measured("padded", given.data, 1)
    print(f"\npeak memory of a phase-1 step, {given.data}, batch 512")
    print(f"{'ours, packed (worst of 20 steps)':40}{packed:10.0f} MiB")
    print(f"{'released layout, length 200 (1 step)':40}{wide:10.0f} MiB")
    verdict = "reached" if wide / packed >= BAR else "MISSED"
    print(f"{wide / packed:.1f}x less; bar {BAR:g}x: {verdict}")


if __name__ == "__main__":
    main()
