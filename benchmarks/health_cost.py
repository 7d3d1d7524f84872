"""What it costs `nntrain fit` to watch a training: measuring its health, and keeping snapshots for a post-mortem.

Both take place so rarely that their share drowns in the noise of whole trainings. So each is timed by itself, in turn
with epochs of a training that nobody watches, and set against the time between two of them. An epoch includes its
evaluation, as in a fit.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from _experiments import experiment_of, prepare, resolved_config
from _measure import ROOT, Side, alternate, arguments, one_thread, print_table

from nntrain.assembly.training import build_population
from nntrain.diagnosis import health, snapshots
from nntrain.diagnosis.health import Health
from nntrain.diagnosis.snapshots import Snapshots
from nntrain.train.loop import Training
from nntrain.train.supervised import NETWORK

GOAL = 0.02

CONFIG = """
name: watched
data: {data}
network:
{hidden}
  - {{type: dense, units: auto, activation: auto}}
optimizer: {{type: {optimizer}, learning_rate: 0.001}}
training: {{batch_size: {batch}, epochs: 1000000}}
early_stopping: null
"""
IRIS = f"{{path: {ROOT}/datasets/iris.csv, target: species}}"
DIGITS = f"{{path: {ROOT}/datasets/digits.npz}}"
XOR = "{synthetic: xor, split: {validation: 0, test: 0}, preprocess: {numeric: none}}"

# Name, data, hidden units, activation, batch, optimizer, epochs that make up a round.
CASES = (
    ("4-16-3, iris", IRIS, (16,), "tanh", 16, "adam", 200),
    ("2-8-1, xor, whole batch", XOR, (8,), "tanh", "full", "sgd", 2000),
    ("64-128-10, digits", DIGITS, (128,), "relu", 32, "adam", 30),
    ("64-128-10, digits", DIGITS, (128,), "relu", 32, "sgd", 30),
    ("64-512-512-10, digits", DIGITS, (512, 512), "relu", 64, "adam", 5),
    ("64-512-512-10, digits, whole batch", DIGITS, (512, 512), "relu", "full", "sgd", 10),
    ("4-(16 × 10)-3, iris", IRIS, (16,) * 10, "sigmoid", 16, "adam", 50),
)


def experiment_text(data: str, hidden: tuple[int, ...], activation: str, batch: int | str, optimizer: str) -> str:
    layers = "\n".join(f"  - {{type: dense, units: {units}, activation: {activation}}}" for units in hidden)
    if "digits" in data:
        layers = f"  - flatten\n{layers}"
    return CONFIG.format(data=data, hidden=layers, optimizer=optimizer, batch=batch)


def again(times: int, work: Callable[[], object]) -> None:
    for _ in range(times):
        work()


def measure_health(measuring: Health) -> None:
    measuring.before_update(NETWORK)
    measuring.after_update()
    measuring.values()


def take_snapshot(kept: Snapshots, training: Training) -> None:
    kept.take(training.state())


def main() -> None:
    given = arguments(__doc__)
    rows = []
    for name, data, hidden, activation, batch, optimizer, epochs in CASES:
        with tempfile.TemporaryDirectory() as folder:
            experiment = experiment_of(experiment_text(data, hidden, activation, batch, optimizer), Path(folder))
            prepared = prepare(experiment)
        config = resolved_config(experiment, prepared)
        training = Training(build_population([config], [prepared], [0]), config.training.epochs)
        records = iter(training)
        measuring, kept, steps = Health(training.population), Snapshots(), training.population.objective.steps
        repeated, epochs = (20, 2) if given.quick else (200, epochs)
        sides = [
            Side("epochs", partial(again, epochs, partial(next, records)), one_thread),
            Side("health", partial(again, repeated, partial(measure_health, measuring)), one_thread),
            Side("snapshot", partial(again, repeated, partial(take_snapshot, kept, training)), one_thread),
        ]
        with np.errstate(all="ignore"):
            seconds = alternate(sides, given.repeats)
        step = [s / epochs / steps for s in seconds["epochs"]]
        # Of long epochs every one is measured, of short ones one in so many steps.
        between = {"health": max(health.SPACING, steps), "snapshot": snapshots.SPACING}
        shares = {
            what: [own / repeated / (between[what] * one) for own, one in zip(seconds[what], step, strict=True)]
            for what in between
        }
        rows.append(
            (
                f"{name}, {optimizer}",
                f"{statistics.median(step) * 1e6:,.0f} µs",
                *(f"{statistics.median(s):.2%} ({min(s):.2%}–{max(s):.2%})" for s in shares.values()),
                "yes" if sum(map(statistics.median, shares.values())) < GOAL else "no",
            )
        )
    print_table(("training", "a step", "health", "snapshots", f"together below {GOAL:.0%}"), rows)


if __name__ == "__main__":
    main()
