"""Two versions of nntrain beside each other: how long the same trainings and searches take.

    python benchmarks/versions.py BEFORE AFTER [--quick]

BEFORE and AFTER are checkouts, such as a `git worktree` of an earlier commit and `.`. Each row is a training or a
search through the Python API, in a process of its own for each round, the two versions in turn. What is timed is the
function itself, not the start of the process. MNIST's rows are left out where its files are not beside the checkout.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import ROOT, Ratio, machine, note, print_table

MNIST = ROOT.parent / "shared" / "datasets" / "mnist"
MNIST_CONFIG = """
name: mnist
data: {{path: "{folder}/train-images-idx3-ubyte.gz", preprocess: {{numeric: minmax}}, split: {{test: 0}}}}
network: [flatten, {layers}, {{type: dense, units: auto, activation: auto}}]
optimizer: {{type: {optimizer}, learning_rate: 0.01}}
training: {{epochs: {epochs}, batch_size: {batch}}}
early_stopping: null
"""
# What is called, a name, overrides of a config in configs/.
OF_CONFIGS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("fit", "iris", ("training.epochs=400", "early_stopping=null")),
    ("fit", "digits", ("training.epochs=20", "early_stopping=null")),
    ("fit", "spiral", ("training.epochs=300", "early_stopping=null")),
    ("gridsearch", "iris-gridsearch", ()),
)
# Units of the hidden layers, batch size, optimizer, epochs.
OF_MNIST = (
    ((32,), 32, "sgd", 2),
    ((32,), 32, "adam", 2),
    ((128,), 64, "adam", 2),
    ((512, 512), 128, "sgd", 1),
    ((512, 512), 128, "adam", 1),
)
PROGRAM = """
import sys, time, nntrain
what, config, runs, *overrides = sys.argv[1:]
experiment = nntrain.load_experiment(config, overrides=overrides)
started = time.perf_counter()
getattr(nntrain, what)(experiment, runs_dir=runs)
print(time.perf_counter() - started)
"""


# Name, what is called, config, overrides.
Case = tuple[str, str, Path, tuple[str, ...]]


def seconds(checkout: Path, what: str, config: Path, overrides: tuple[str, ...]) -> float:
    """How long one version takes."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    with tempfile.TemporaryDirectory() as runs:
        command = [sys.executable, "-c", PROGRAM, what, str(config), runs, *overrides]
        done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=True)
    return float(done.stdout)


def cases(folder: Path, quick: bool) -> list[Case]:
    """Name, what is called, config and overrides of each row."""
    found: list[Case] = [
        (f"{what} {name}", what, ROOT / "configs" / f"{name}.yaml", more) for what, name, more in OF_CONFIGS
    ]
    if not MNIST.is_dir():
        note("no MNIST beside the checkout: its rows are left out")
        return found[:1] if quick else found
    for units, batch, optimizer, epochs in OF_MNIST:
        layers = ", ".join(f"{{type: dense, units: {width}, activation: relu}}" for width in units)
        config = folder / f"{len(found)}.yaml"
        config.write_text(
            MNIST_CONFIG.format(folder=MNIST, layers=layers, optimizer=optimizer, epochs=epochs, batch=batch),
            encoding="utf-8",
        )
        widths = "-".join(map(str, (784, *units, 10)))
        found.append((f"fit {widths} on MNIST, batch {batch}, {optimizer}, {epochs} epochs", "fit", config, ()))
    return found[:1] if quick else found


def main(arguments: list[str]) -> None:
    """Print the table."""
    quick = "--quick" in arguments
    checkouts = [Path(each).resolve() for each in arguments if not each.startswith("-")]
    if len(checkouts) != 2:  # `make bench` names none
        note("versions.py compares two checkouts: python benchmarks/versions.py BEFORE AFTER")
        return
    before, after = checkouts
    print(machine())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, what, config, overrides in cases(Path(folder), quick):
            times: dict[Path, list[float]] = {before: [], after: []}
            for _ in range(2 if quick else 7):
                for version in times:
                    time.sleep(0.2)
                    times[version].append(seconds(version, what, config, overrides))
            median = {version: statistics.median(found) for version, found in times.items()}
            rows.append(
                (name, f"{median[before]:.2f} s", f"{median[after]:.2f} s", str(Ratio.of(times[before], times[after])))
            )
            note(f"{rows[-1]}")
    print_table(("what", "before", "after", "faster by (range)"), rows)


if __name__ == "__main__":
    main(sys.argv[1:])
