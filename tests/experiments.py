"""Experiments for tests: configs as texts in the working directory, tables, and what is built of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.data import Data, Prepared
from nntrain.assembly.resolve import resolve
from nntrain.config.experiment import Experiment, load_experiment

# Three classes in the plane, which a small network learns in a few epochs.
CLASSES = """\
data: {synthetic: {type: gaussians, examples: 90, classes: 3, noise: 0.1}}
network:
  - {type: dense, name: hidden, units: 4, activation: tanh}
  - {type: dense, name: output, units: auto, activation: auto}
training: {epochs: 5, batch_size: 16}
"""
# Yes or no.
BINARY = CLASSES.replace("type: gaussians, examples: 90, classes: 3", "type: moons, examples: 80")
# Numbers.
VALUES = CLASSES.replace("type: gaussians, examples: 90, classes: 3", "type: plane, examples: 80")


def load(text: str, *overrides: str, name: str = "a.yaml") -> Experiment:
    """Write a config to the working directory and load it."""
    Path(name).write_text(text, encoding="utf-8")
    return load_experiment(name, overrides)


def prepare(experiment: Experiment) -> tuple[Experiment, Prepared]:
    """The experiment with nothing left to decide, and its data."""
    prepared = Data(experiment).prepare()
    resolved = resolve(experiment, prepared.preprocessor, has_validation="validation" in prepared.splits)
    return resolved, prepared


def write_table(path: str | Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    """Write a CSV file."""
    lines = [",".join(map(str, row)) for row in [columns, *rows]]
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Path(path)


def write_pets(path: str | Path = "pets.csv", n: int = 60) -> Path:
    """A table that can be learned: a cat is lighter than a dog; the numbers overlap a little."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        kind = "cat" if i % 3 == 0 else "dog"
        weight = rng.normal(4.0 if kind == "cat" else 20.0, 3.0)
        rows.append((f"{weight:.2f}", f"{2 * weight + rng.normal(0, 4):.1f}", "in" if i % 2 else "out", kind))
    return write_table(path, ("weight", "length", "home", "kind"), rows)


PETS = """\
name: pets
data: {path: pets.csv, target: kind}
network:
  - {type: dense, units: 4, activation: tanh}
  - {type: dense, units: auto, activation: auto}
optimizer: {type: adam, learning_rate: 0.03}
training: {epochs: 20, batch_size: 16}
"""


def equal(a: dict[str, Array], b: dict[str, Array]) -> bool:
    """Whether two dicts of arrays are the same to the bit."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
