"""What `nntrain check` takes for each row and each column of a table: user CPU time and the most memory.

Two tables of each kind, one twice as long or wide as the other; the numbers are the difference, so that starting up
does not count.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

RANDOM = np.random.default_rng(0)
CONFIG = """\
version: 1
data: {path: table.csv, target: y}
network: [{type: dense, units: auto, activation: auto}]
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 1, batch_size: 32}
"""


def main(arguments: list[str]) -> None:
    """Print a line for each kind of table."""
    few = 20 if "--quick" in arguments else 1
    _compare("row of 10 numbers", 400_000 // few, lambda n: (n, 10, _number))
    _compare("row of 10 names", 400_000 // few, lambda n: (n, 10, _name))
    _compare("column of 10 numbers", 40_000 // few, lambda n: (10, n, _number))
    _compare("column of 10 names", 40_000 // few, lambda n: (10, n, _name))


def _compare(what: str, count: int, table: Callable[[int], tuple[int, int, Callable[[], str]]]) -> None:
    (time, memory), (twice_time, twice_memory) = (_check(*table(n)) for n in (count, 2 * count))
    seconds, size = (twice_time - time) / count, (twice_memory - memory) / count
    print(f"{what:22} {seconds * 1e6:8.1f} us {size:10,.0f} bytes")


def _check(rows: int, columns: int, cell: Callable[[], str]) -> tuple[float, int]:
    """User seconds and the most bytes that the command held for a table."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(CONFIG, encoding="utf-8")
        with (Path(folder) / "table.csv").open("w", encoding="utf-8") as stream:
            stream.write(",".join([*(f"c{k}" for k in range(columns)), "y"]) + "\n")
            for row in range(rows):
                stream.write(",".join([*(cell() for _ in range(columns)), "ab"[row % 2]]) + "\n")
        command = [sys.executable, "-m", "nntrain", "check", "config.yaml"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"check failed with {status}")
        return usage.ru_utime, usage.ru_maxrss * 1024


def _number() -> str:
    return f"{RANDOM.random():.4f}"


def _name() -> str:
    return ("red", "green", "blue")[int(3 * RANDOM.random())]


if __name__ == "__main__":
    main(sys.argv[1:])
