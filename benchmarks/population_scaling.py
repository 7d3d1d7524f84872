"""What training M networks as a population saves over training them one after the other, on one thread.

The members differ in learning rate. With one seed, as in a grid search, all see the same batches; with a seed each, as
in `evaluation: {seeds: M}`, every member has batches of its own. Populations are cut into chunks as
`nntrain gridsearch` cuts them. The single network is measured in turn with the populations, and its time counts M
times.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _experiments import experiment_of, prepare, resolved_config
from _measure import Ratio, Side, alternate, arguments, note, one_thread, print_table

from nntrain.assembly.data import Prepared
from nntrain.config import Config, structure_key
from nntrain.search.groups import Member, group
from nntrain.train.loop import Training

BATCH = 32
MEMBERS = (1, 8, 64)

CONFIG = """
name: population-scaling
data:
  path: data.npz
  task: classification
  preprocess: {{numeric: none}}
  split: {{validation: 0, test: 0}}
network:
{hidden}
  - {{type: dense, units: auto, activation: auto}}
optimizer: adam
training: {{batch_size: 32}}
early_stopping: null
metrics: []
"""


@dataclass(frozen=True)
class Case:
    """A network by its numbers of units, inputs first, and what M = 64 reached in the prototype."""

    sizes: tuple[int, ...]
    prototype: float

    @property
    def name(self) -> str:
        """As in a row of the table."""
        return "-".join(map(str, self.sizes))


CASES = [Case((4, 10, 3), 12), Case((64, 32, 10), 4), Case((64, 64, 64, 10), 1.8)]


class Epochs:
    """Several networks, trained for some epochs at a time, as populations of the size that fits the cache."""

    def __init__(self, configs: Sequence[Config], prepared: Prepared, epochs: int, rounds: int) -> None:
        structure = structure_key(configs[0])
        groups = group(Member(number, config, structure, prepared) for number, config in enumerate(configs))
        self.chunks, self.epochs = len(groups), epochs
        self._trainings = [iter(Training(chunk.build(), epochs * rounds)) for chunk in groups]

    def run(self) -> None:
        """Train every chunk for `epochs` epochs."""
        for training in self._trainings:
            for _ in range(self.epochs):
                next(training)


def configs_of(config: Config, members: int, *, one_seed: bool) -> list[Config]:
    """The configs of the members: learning rates from 0.0001 to 0.01, one seed or a seed each."""
    return [
        config.model_copy(
            update={
                "seed": 0 if one_seed else member,
                "optimizer": config.optimizer.model_copy(update={"learning_rate": float(rate)}),
            }
        )
        for member, rate in enumerate(np.geomspace(1e-4, 1e-2, members))
    ]


def data(sizes: tuple[int, ...], folder: Path, examples: int) -> Prepared:
    """Random numbers and classes of the network's shape."""
    random = np.random.default_rng(0)
    x = random.standard_normal((examples, sizes[0]), dtype=np.float32)
    np.savez(folder / "data.npz", x=x, y=random.integers(0, sizes[-1], examples))
    return prepare(experiment_of(_text(sizes), folder))


def _text(sizes: tuple[int, ...]) -> str:
    hidden = "\n".join(f"  - {{type: dense, units: {units}, activation: relu}}" for units in sizes[1:-1])
    return CONFIG.format(hidden=hidden)


def measure(case: Case, folder: Path, repeats: int, quick: bool) -> Iterator[list[str]]:
    """A row for every number of members above 1."""
    note(f"{case.name} …")
    prepared = data(case.sizes, folder, BATCH * 30)
    config = resolved_config(experiment_of(_text(case.sizes), folder), prepared)
    epochs = 2 if quick else 20
    trained = {
        (members, one_seed): Epochs(configs_of(config, members, one_seed=one_seed), prepared, epochs, repeats + 1)
        for members in MEMBERS
        for one_seed in ((True,) if members == 1 else (True, False))
    }
    sides = [Side(f"{key}", side.run, one_thread) for key, side in trained.items()]
    seconds = alternate(sides, repeats)
    alone = seconds[f"{(1, True)}"]
    steps = epochs * 30
    for members in MEMBERS[1:]:
        shared, own = seconds[f"{(members, True)}"], seconds[f"{(members, False)}"]
        yield [
            case.name,
            str(members),
            f"{min(alone) / steps * 1e6:.0f} µs",
            f"{min(shared) / steps * 1e6:.0f} µs",
            str(Ratio.of(alone, shared, members)),
            str(Ratio.of(alone, own, members)),
            f"{case.prototype:g}×" if members == MEMBERS[-1] else "",
            str(trained[members, True].chunks),
        ]


def main() -> None:
    """Measure every network."""
    given = arguments(__doc__)
    rows: list[list[str]] = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as temporary:
            rows += measure(case, Path(temporary), given.repeats, given.quick)
    header = [
        f"network, batch {BATCH}, adam",
        "M",
        "a step of one",
        "a step of all M",
        "one seed: faster by (range)",
        "a seed each: faster by (range)",
        "prototype",
        "chunks",
    ]
    print_table(header, rows)


if __name__ == "__main__":
    main()
