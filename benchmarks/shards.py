"""A step in one part, and in shards on two threads: from which size on do shards pay?

    python benchmarks/shards.py [--quick]

For dense networks of growing size on random inputs: the time of a step, and how many times faster it is in 2 and in 4
shards on two threads. `nntrain.train.threads.SHARDS_PAY_FROM` is where the first ratio is safely above 1.
"""

from __future__ import annotations

import itertools
import statistics
from functools import partial

import numpy as np
from _measure import Ratio, Side, alternate, arguments, one_thread, print_table

from nntrain.data.batches import Examples
from nntrain.memory import Memory
from nntrain.nn.activations import Relu
from nntrain.nn.blueprint import plan
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.layer import Layer
from nntrain.nn.losses import CrossEntropy
from nntrain.nn.network import Network
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.streams import Key, Purpose, Streams
from nntrain.train.supervised import NETWORK, Supervised
from nntrain.train.threads import PER_OUTPUT, SHARDS_PAY_FROM, shards_for

# Units of the layers, batch size.
CASES = (
    ((784, 32, 10), 32),
    ((784, 128, 10), 64),
    ((784, 128, 10), 128),
    ((784, 256, 10), 64),
    ((784, 256, 10), 128),
    ((784, 256, 256, 10), 128),
    ((784, 512, 512, 10), 64),
    ((784, 512, 512, 10), 128),
    ((784, 512, 512, 10), 512),
    ((64, 64, 64, 64, 64, 64, 10), 512),
)
BATCHES = 4


def training(units: tuple[int, ...], batch_size: int, shards: int, threads: int) -> Supervised:
    """A training of one network on random examples."""
    layers: dict[str, Layer] = {}
    for place, width in enumerate(units[1:]):
        layers[str(place)] = Dense(width)
        if place < len(units) - 2:
            layers[f"{place}.activation"] = Relu()
    rng = np.random.default_rng(0)
    count = batch_size * BATCHES
    x = rng.standard_normal((1, count, units[0]), dtype=np.float32)
    t = np.eye(units[-1], dtype=np.float32)[rng.integers(units[-1], size=(1, count))]
    network = Network(plan(Chain(layers), (units[0],)), 1, Memory(np.float32, threads=threads))
    network.initialize([Key(0)])
    update = Update(Sgd())
    update.bind(network)
    data = Examples.of(np.zeros(1, dtype=np.intp), x=x, t=t)
    order = Streams([Key(0)], Purpose.ORDER)
    return Supervised(network, update, CrossEntropy(), data, order, batch_size=batch_size, shuffle=True, shards=shards)


def epochs(objective: Supervised, times: int) -> None:
    """Train for some epochs."""
    rates = {NETWORK: np.array([[1e-3]])}
    for _ in range(times):
        objective.start_epoch()
        for step in range(objective.steps):
            objective.step(step, rates)


def main() -> None:
    """Print the table."""
    given = arguments(__doc__)
    rows = []
    for units, batch_size in CASES:
        work = batch_size * sum(a * b for a, b in itertools.pairwise(units))
        times = max(1, (20_000_000 if given.quick else 6_000_000_000) // work // BATCHES)
        kinds = {"one": (1, 1), "two": (2, 2), "four": (4, 2)}
        objectives = {name: training(units, batch_size, *kind) for name, kind in kinds.items()}
        sides = [Side(name, partial(epochs, each, times), one_thread) for name, each in objectives.items()]
        seconds = alternate(sides, given.repeats)
        step = statistics.median(seconds["one"]) / times / BATCHES
        chosen = shards_for(objectives["one"].network.blueprint, batch_size)
        rows.append(
            (
                "-".join(map(str, units)),
                str(batch_size),
                f"{work / 1e6:.1f} M",
                f"{step * 1e6:,.0f} µs",
                *(str(Ratio.of(seconds["one"], seconds[name])) for name in ("two", "four")),
                str(chosen),
            )
        )
    head = ("network", "batch", "multiplications", "a step", "in 2 shards", "in 4 shards", "auto")
    print_table(head, rows)
    print(f"auto: 2 shards from {SHARDS_PAY_FROM / 1e6:g} M on, where an output counts as {PER_OUTPUT} multiplications")


if __name__ == "__main__":
    main()
