"""What commands take for each row and column of a table, and for each value, path and point of a search.

User CPU time and the most memory of two inputs of each kind, one twice as large as the other; the numbers are the
difference, so that starting up does not count. The last line is a whole search of 10,000 points.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path

import numpy as np

IRIS = Path(__file__).resolve().parents[1] / "configs" / "iris.yaml"
RANDOM = np.random.default_rng(0)
CONFIG = """\
version: 1
data: {path: table.csv, target: y}
network: [{type: dense, units: auto, activation: auto}]
optimizer: {type: sgd, learning_rate: 0.1}
training: {epochs: 1, batch_size: 32}
"""


# All that a search does before it trains.
PREPARE = "import nntrain, nntrain.workflows.points.plan as s; s.SearchPlan(nntrain.load_experiment('config.yaml'))"
CHECK = ("-m", "nntrain", "check", "config.yaml")
SEARCH = ("-m", "nntrain", "gridsearch", "config.yaml", "--quiet")

# What is written of an input of a size: the config, and the lines of the table, which are never held: a process begins
# with the most memory that the one had that starts it.
Input = Callable[[int], tuple[str, Iterable[str]]]


def main(arguments: list[str]) -> None:
    """Print a line for each kind of input."""
    few = 20 if "--quick" in arguments else 1
    _compare("row of 10 numbers", 400_000 // few, lambda n: (CONFIG, _table(n, 10, _number)))
    _compare("row of 10 names", 400_000 // few, lambda n: (CONFIG, _table(n, 10, _name)))
    _compare("column of 10 numbers", 40_000 // few, lambda n: (CONFIG, _table(10, n, _number)))
    _compare("column of 10 names", 40_000 // few, lambda n: (CONFIG, _table(10, n, _name)))
    flowers = [*_table(150, 4, _number)]
    _compare("blank line", 10_000_000 // few, lambda n: (CONFIG, chain(flowers, repeat("\n", n))))
    _compare("value of a search", 20_000 // few, lambda n: (CONFIG + _rates(n), flowers))
    _compare("path of a search", 2_000 // few, lambda n: (_layers(n), flowers))
    _compare("point, checked", 5_000 // few, lambda n: (CONFIG + _rates(n), flowers), ("-c", PREPARE))
    _compare("point, 1 epoch", 5_000 // few, lambda n: (CONFIG + _rates(n), flowers), SEARCH)
    seconds, size = _run(SEARCH, _iris(10_000 // few), [])
    print(f"{'iris, 10,000 points':22} {seconds:8.2f} s  {size:10,.0f} bytes")


def _compare(what: str, count: int, made: Input, command: Sequence[str] = CHECK) -> None:
    (time, memory), (twice_time, twice_memory) = (_run(command, *made(n)) for n in (count, 2 * count))
    seconds, size = (twice_time - time) / count, (twice_memory - memory) / count
    print(f"{what:22} {seconds * 1e6:8.2f} us {size:10,.0f} bytes")


def _run(command: Sequence[str], config: str, table: Iterable[str]) -> tuple[float, int]:
    """User seconds and the most bytes that a command held."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(config, encoding="utf-8")
        with (Path(folder) / "table.csv").open("w", encoding="utf-8") as stream:
            stream.writelines(table)
        process = subprocess.Popen([sys.executable, *command], cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{' '.join(command)} failed with {status}")
        return usage.ru_utime, usage.ru_maxrss * 1024


def _table(rows: int, columns: int, cell: Callable[[], str]) -> Iterator[str]:
    yield ",".join([*(f"c{k}" for k in range(columns)), "y\n"])
    for row in range(rows):
        yield ",".join([*(cell() for _ in range(columns)), "ab"[row % 2] + "\n"])


def _rates(count: int) -> str:
    return f"search: {{space: {{optimizer.learning_rate: {[(place + 1) / 1e5 for place in range(count)]}}}}}\n"


def _layers(count: int) -> str:
    """A config with so many layers, each with a path of a search."""
    data, _, rest = CONFIG.partition("network: [")
    paths = ", ".join(f"network.{place}.rate: [0.1]" for place in range(count))
    return f"{data}network: [{'{type: dropout, rate: 0.1}, ' * count}{rest}search: {{space: {{{paths}}}}}\n"


def _iris(points: int) -> str:
    text = IRIS.read_text(encoding="utf-8")
    return text.replace("../datasets", str(IRIS.parents[1] / "datasets")) + _rates(points)


def _number() -> str:
    return f"{RANDOM.random():.4f}"


def _name() -> str:
    return ("red", "green", "blue")[int(3 * RANDOM.random())]


if __name__ == "__main__":
    main(sys.argv[1:])
