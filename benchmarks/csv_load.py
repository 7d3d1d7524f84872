"""Reading a CSV file of a million rows and 20 numeric columns, beside numpy.loadtxt.

nntrain's reader types every column by its cells, finds missing values, and names the line of a cell that is wrong;
numpy.loadtxt is told that all cells are numbers. Both give the same float64 numbers, which is checked.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from _measure import Ratio, Side, alternate, arguments, duration, note, one_thread, print_table

from nntrain.data.readers import read

COLUMNS = 20
# As many different rows are written over and over: making a million takes longer than reading them.
DISTINCT = 10_000


def write(path: Path, rows: int) -> None:
    """Write a table of random numbers with a header."""
    numbers = np.random.default_rng(0).standard_normal((min(rows, DISTINCT), COLUMNS))
    lines = "".join(",".join(f"{number:.6g}" for number in row) + "\n" for row in numbers)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(f"x{column}" for column in range(COLUMNS)) + "\n")
        for _ in range(rows // len(numbers)):
            file.write(lines)


def check(path: Path) -> None:
    """Both readers give the same numbers."""
    data = read(path, target=f"x{COLUMNS - 1}")
    assert isinstance(data.inputs, tuple)
    columns = [column.values for column in (*data.inputs, *data.target_columns)]
    if not np.array_equal(np.stack(columns, axis=1), np.loadtxt(path, delimiter=",", skiprows=1)):
        raise SystemExit("the two readers differ")


def main() -> None:
    """Measure the reader."""
    given = arguments(__doc__, repeats=5)
    count = 20_000 if given.quick else 1_000_000
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "table.csv"
        note(f"writing {count:,} rows …")
        write(path, count)
        check(path)
        size = path.stat().st_size / 1e6
        sides = [
            Side("nntrain", partial(read, path, target=f"x{COLUMNS - 1}"), one_thread),
            Side("loadtxt", partial(np.loadtxt, path, delimiter=",", skiprows=1), one_thread),
        ]
        seconds = alternate(sides, given.repeats)
    row = [
        f"{count:,} rows × {COLUMNS} numeric columns, {size:.0f} MB",
        duration(seconds["nntrain"]),
        "numpy.loadtxt",
        duration(seconds["loadtxt"]),
        str(Ratio.of(seconds["loadtxt"], seconds["nntrain"])),
        "a few seconds",
    ]
    print_table(["reading CSV", "nntrain", "beside", "takes", "nntrain is faster by (range)", "to reach"], [row])


if __name__ == "__main__":
    main()
