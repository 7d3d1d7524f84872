"""From configs to a population that is ready to train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.class_weights import class_weights, example_weights
from nntrain.assembly.data import Prepared
from nntrain.assembly.hyperparameters import of_members
from nntrain.assembly.layers import build_blueprint
from nntrain.assembly.optimization import build_schedule, build_update
from nntrain.config import loss as losses
from nntrain.config.root import Config
from nntrain.config.training import EarlyStoppingConfig
from nntrain.data.batches import Examples
from nntrain.data.source import Source, joined
from nntrain.data.targets import NumberTarget
from nntrain.memory import Memory
from nntrain.nn.blueprint import Blueprint
from nntrain.nn.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Perceptron,
)
from nntrain.nn.network import Network
from nntrain.streams import Key, Purpose, Streams
from nntrain.train.evaluator import Evaluator, Units
from nntrain.train.metrics import RECORDED_LOSSES, is_maximized
from nntrain.train.population import Population
from nntrain.train.stopping import EarlyStopping
from nntrain.train.supervised import NETWORK, Supervised


def build_population(
    configs: Sequence[Config],
    prepared: Sequence[Prepared],
    of_member: Sequence[int],
    *,
    blueprint: Blueprint | None = None,
    batch_size: int | None = None,
    shards: int | None = None,
    threads: int = 1,
) -> Population:
    """Build M networks of one structure, initialized and bound to their data.

    Args:
        configs: resolved, one for each member; they may differ in columns only.
        prepared: the distinct data sets, all of the same sizes.
        of_member: for each member, which of them it uses.
        blueprint: the plan that all members share, with the columns of each; by default it is made here.
        batch_size: N of a step; by default what the first config says.
        shards: in how many parts a batch is computed; by default what the first config says, or one if it is `auto`.
        threads: how many cores a step may use.
    """
    keys = [Key(config.seed) for config in configs]
    if blueprint is None:
        blueprint = build_blueprint([config.network for config in configs], prepared[0].input_shape)
    network = Network(blueprint, len(configs), Memory(np.dtype(configs[0].dtype), threads=threads))
    network.initialize(keys)
    size = batch_size_of(configs[0], prepared[0]) if batch_size is None else batch_size
    parts = _asked_shards(configs[0]) if shards is None else shards
    return bound(network, configs, prepared, of_member, keys, batch_size=size, shards=parts)


def batch_size_of(config: Config, prepared: Prepared) -> int:
    """N of a training step: what a resolved config asks for, and at most as many examples as there are."""
    asked, count = config.training.batch_size, prepared.size("training")
    return count if asked == "full" else min(asked, count)


def _asked_shards(config: Config) -> int:
    return 1 if config.runtime.shards == "auto" else config.runtime.shards


def bound(
    network: Network,
    configs: Sequence[Config],
    prepared: Sequence[Prepared],
    of_member: Sequence[int],
    keys: Sequence[Key],
    *,
    batch_size: int,
    shards: int,
) -> Population:
    """Bind a network to its data, its loss and its optimizer; its parameters are not looked at."""
    first = configs[0]
    loss = build_loss(first)
    used = np.asarray(of_member, dtype=np.intp)
    weights = class_weights(first, prepared)
    training = _examples([p.splits["training"] for p in prepared], used, weights, loss)
    update = build_update(configs)
    with np.errstate(over="ignore"):  # twice the largest number, as λ of L2: training will diverge and say so
        update.bind(network)
    objective = Supervised(
        network,
        update,
        loss,
        training,
        Streams(keys, Purpose.ORDER),
        batch_size=batch_size,
        shuffle=first.training.shuffle,
        shards=shards,
    )
    return Population(
        objective,
        {NETWORK: of_members(config.optimizer.learning_rate for config in configs)},
        {NETWORK: build_schedule(configs)},
        _build_stopping(configs),
        _evaluators(network, prepared, used, first, weights),
    )


def build_evaluator(
    network: Network,
    config: Config,
    prepared: Sequence[Prepared],
    of_member: Array,
    split: str,
    metrics: Sequence[str],
    weights: Array | None = None,
) -> Evaluator:
    """Loss and metrics of a network on one split; targets are the true ones, every example counts the same.

    With the `weights` [D, K] of the classes, there is the weighted loss beside the loss.
    """
    return Evaluator(
        network,
        build_loss(config),
        _examples([p.splits[split] for p in prepared], of_member, weights),
        task=prepared[0].task,
        metrics=tuple(metrics),
        units=build_units(prepared),
        shards=_asked_shards(config),
    )


def build_units(prepared: Sequence[Prepared]) -> Units | None:
    """The units of regression targets, or None where the network's outputs are in them already."""
    targets = [p.preprocessor.target_encoding for p in prepared]
    numbers = [target for target in targets if isinstance(target, NumberTarget)]
    centers, scales = np.array([n.center for n in numbers]), np.array([n.scale for n in numbers])
    return Units(centers, scales) if centers.any() or (scales != 1).any() else None


def _evaluators(
    network: Network, prepared: Sequence[Prepared], of_member: Array, config: Config, weights: Array | None
) -> dict[str, Evaluator]:
    """What is computed after each epoch: the validation split, and the training split if its metric is monitored."""
    metrics = list(config.metrics)
    monitors = [config.early_stopping.monitor] if isinstance(config.early_stopping, EarlyStoppingConfig) else []
    if config.search is not None:
        monitors.append(config.search.monitor)
    for monitor in monitors:
        split, _, name = monitor.partition(".")
        if split == "validation" and name not in RECORDED_LOSSES and name not in metrics:
            metrics.append(name)
    wanted = {"validation": metrics}
    for monitor in monitors:
        split, _, name = monitor.partition(".")
        if split == "training" and name not in RECORDED_LOSSES:
            wanted.setdefault("training", []).append(name)
    return {
        split: build_evaluator(network, config, prepared, of_member, split, names, weights)
        for split, names in wanted.items()
        if split in prepared[0].splits
    }


def _examples(splits: Sequence[Source], of_member: Array, weights: Array | None, loss: Loss | None = None) -> Examples:
    """Join the data sets' splits, with the `weights` [D, K] of classes; with a loss, for its targets to train on."""
    source, sets = joined(splits), len(splits)
    t, others = source.whole("t"), {}
    if weights is not None:
        others["weight"] = example_weights(t.reshape(sets, -1, t.shape[1]), weights).reshape(-1, 1)
    if loss is not None and (smoothed := loss.training_targets(t)) is not t:
        others["t"] = smoothed
    return Examples(source.with_fields(others), of_member, sets)


def build_loss(config: Config) -> Loss:
    """The loss of a resolved config."""
    loss = config.loss
    match loss:
        case losses.CrossEntropyConfig():
            return CrossEntropy(loss.label_smoothing)
        case losses.BinaryCrossEntropyConfig():
            return BinaryCrossEntropy(loss.label_smoothing)
        case losses.MeanSquaredErrorConfig():
            return MeanSquaredError()
        case losses.HalfSquaredErrorConfig():
            return HalfSquaredError()
        case losses.MeanAbsoluteErrorConfig():
            return MeanAbsoluteError()
        case losses.HuberConfig():
            return Huber(loss.delta)
        case losses.PerceptronConfig():
            return Perceptron()
        case "auto":
            raise ValueError("loss must be resolved before it is built")
        case _:
            assert_never(loss)


def _build_stopping(configs: Sequence[Config]) -> EarlyStopping | None:
    rules = [c.early_stopping for c in configs if isinstance(c.early_stopping, EarlyStoppingConfig)]
    if not rules:
        return None
    return EarlyStopping(
        rules[0].monitor,
        is_maximized(rules[0].monitor),
        np.array([rule.patience for rule in rules]),
        np.array([rule.min_delta for rule in rules]),
        rules[0].restore_best,
    )
