"""What will probably go wrong, found before training: each in one line, with what to do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nntrain.assembly.data import Data, Prepared
from nntrain.config.loss import loss_type
from nntrain.config.network import DenseConfig, activation_type
from nntrain.config.root import Config
from nntrain.data.dataset import quoted
from nntrain.data.split import only_examples
from nntrain.data.task import stratification_labels
from nntrain.diagnosis.audit import column_warnings
from nntrain.tasks import ACTIVATIONS, TASKS, Task
from nntrain.visible import in_short

# Inputs beyond this are called unscaled: standardized ones hardly ever reach it.
LARGE_INPUT = 20.0


def data_warnings(config: Config, data: Data, prepared: Prepared) -> list[str]:
    """Warnings about a resolved config and its data."""
    found = [
        *data.remarks,
        *column_warnings(data.pool, config.data.columns),
        *_far_from_training(data, prepared),
        _only_examples(data),
        _unscaled_inputs(config, prepared),
        _unscaled_target(config, prepared),
        _output_range(config, prepared),
        _odd_loss(config, prepared.task),
        _dead_initialization(config),
    ]
    return [in_short(message) for message in found if message]


def _far_from_training(data: Data, prepared: Prepared) -> Iterator[str]:
    """What the examples for validation and test have that those for training do not."""
    for split in ("validation", "test"):
        if prepared.size(split):
            for message in prepared.preprocessor.warnings(data.dataset(split)):
                yield f"{split} split: {message}"


def _only_examples(data: Data) -> str | None:
    """Classes with one example, which a stratified split leaves in training."""
    labels = stratification_labels(data.pool, data.task)
    if labels is None or not (data.split.validation.size or data.split.test.size):
        return None
    names, target = only_examples(labels), data.pool.target_columns[0].name
    if len(names) == 1:
        return (
            f"class {names[0]!r} of target {target!r} has 1 example: it is trained on, and no score says whether it is "
            "recognized; add examples of it, or remove the row"
        )
    if not names:
        return None
    return (
        f"{len(names):,} classes of target {target!r} have 1 example each ({quoted(names, 3)}): they are trained on, "
        "and no score says whether they are recognized; add examples of them, or remove the rows"
    )


def _unscaled_inputs(config: Config, prepared: Prepared) -> str | None:
    x = prepared.splits["training"].whole("x")
    largest = float(np.abs(x).max(initial=0.0))
    if config.data.preprocess.numeric != "none" or largest <= LARGE_INPUT:
        return None
    return f"inputs reach {largest:.4g} unscaled, which slows or breaks training: set data.preprocess.numeric: standard"


def _unscaled_target(config: Config, prepared: Prepared) -> str | None:
    if prepared.task is not Task.REGRESSION or config.data.preprocess.target != "none":
        return None
    t = prepared.splits["training"].whole("t")
    largest = float(np.abs(t).max(initial=0.0))
    if largest <= LARGE_INPUT:
        return None
    return f"targets reach {largest:.4g}, far from what a new network puts out: set data.preprocess.target: standard"


def _output_range(config: Config, prepared: Prepared) -> str | None:
    """A bounded output cannot reach targets outside of its range."""
    name = activation_type(config.network[-1])
    bounds = ACTIVATIONS[name].bounds
    if prepared.task is not Task.REGRESSION or bounds is None:
        return None
    (low, high), t = bounds, prepared.splits["training"].whole("t")
    if t.min() >= low and t.max() <= high:
        return None
    return (
        f"targets lie in [{t.min():.4g}, {t.max():.4g}], but the {name} output only reaches [{low:g}, {high:g}]: "
        f"use activation: {TASKS[prepared.task].activation} in the output layer"
    )


def _odd_loss(config: Config, task: Task) -> str | None:
    loss = loss_type(config.loss)
    if task is Task.REGRESSION or loss in TASKS[task].losses:
        return None
    slowly = f"{loss} learns a {task} task slowly, because its gradient vanishes where answers are wrong"
    return f"{slowly}: {TASKS[task].loss} suits it"


def _dead_initialization(config: Config) -> str | None:
    """Units that start alike stay alike."""
    dense = [(i, layer) for i, layer in enumerate(config.network) if isinstance(layer, DenseConfig)]
    for position, layer in dense[:-1]:
        if layer.initializer.type in ("zeros", "constant") and layer.units != 1:
            return (
                f"network.{position}: all units start with the same weights and will stay the same: use glorot_uniform"
            )
    return None
