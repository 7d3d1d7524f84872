"""From configs to a population that is ready to train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.class_weights import class_weights, example_weights
from nntrain.assembly.columns import column
from nntrain.assembly.data import Encoded, Prepared
from nntrain.assembly.layers import build_blueprint
from nntrain.config import loss as losses
from nntrain.config import optimizer as optimizers
from nntrain.config import schedule as schedules
from nntrain.config.root import Config
from nntrain.config.training import EarlyStoppingConfig
from nntrain.data.batches import Examples
from nntrain.data.targets import NumberTarget
from nntrain.memory import Memory
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
from nntrain.nn.network import Blueprint, Network
from nntrain.optim.adagrad import Adagrad
from nntrain.optim.adam import Adam, AdamW
from nntrain.optim.clipping import ClipNorm
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.penalties import L1, L2, MaxNorm
from nntrain.optim.rmsprop import RmsProp
from nntrain.optim.schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    Plateau,
    Power,
    Schedule,
    Step,
    Warmup,
)
from nntrain.optim.sgd import Sgd
from nntrain.streams import Key, Purpose, Streams
from nntrain.train.evaluator import Evaluator, Units
from nntrain.train.metrics import LOSSES, is_maximized
from nntrain.train.population import Population
from nntrain.train.stopping import EarlyStopping
from nntrain.train.supervised import Supervised
from nntrain.train.update import Update


def build_population(
    configs: Sequence[Config],
    prepared: Sequence[Prepared],
    of_member: Sequence[int],
    *,
    blueprint: Blueprint | None = None,
    keys: Sequence[Key] | None = None,
    threads: int = 1,
) -> Population:
    """Build M networks of one structure, initialized and bound to their data.

    Args:
        configs: resolved, one for each member; they may differ in columns only.
        prepared: the distinct data sets, all of the same sizes.
        of_member: for each member, which of them it uses.
        blueprint: the plan that all members share, with the columns of each; by default it is made here.
        keys: each member's random key; by default its config's seed.
        threads: how many cores a step may use.
    """
    keys = [Key(config.seed) for config in configs] if keys is None else list(keys)
    if blueprint is None:
        blueprint = build_blueprint([config.network for config in configs], prepared[0].input_shape)
    network = Network(blueprint, len(configs), Memory(np.dtype(configs[0].dtype), threads=threads))
    network.initialize(keys)
    return bound(network, configs, prepared, of_member, keys)


def batch_size_of(config: Config, prepared: Prepared) -> int:
    """N of a training step: what a resolved config asks for, and at most as many examples as there are."""
    asked, count = config.training.batch_size, prepared.size("training")
    return count if asked == "full" else min(asked, count)


def bound(
    network: Network,
    configs: Sequence[Config],
    prepared: Sequence[Prepared],
    of_member: Sequence[int],
    keys: Sequence[Key],
) -> Population:
    """Bind a network to its data, its loss and its optimizer; its parameters are not looked at."""
    first = configs[0]
    loss = build_loss(first)
    places = np.asarray(of_member, dtype=np.intp)
    weights = class_weights(first, prepared)
    training = _examples([p.splits["training"] for p in prepared], places, weights, loss)
    task = Supervised(
        network,
        loss,
        training,
        Streams(keys, Purpose.ORDER),
        batch_size=batch_size_of(first, prepared[0]),
        shuffle=first.training.shuffle,
    )
    update = build_update(configs)
    with np.errstate(over="ignore"):  # twice the largest number, as λ of L2: training will diverge and say so
        update.bind(network)
    return Population(
        network,
        task,
        update,
        column(config.optimizer.learning_rate for config in configs),
        build_schedule(configs),
        _build_stopping(configs),
        _evaluators(network, prepared, places, first, weights),
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
        if split == "validation" and name not in LOSSES and name not in metrics:
            metrics.append(name)
    wanted = {"validation": metrics}
    for monitor in monitors:
        split, _, name = monitor.partition(".")
        if split == "training" and name not in LOSSES:
            wanted.setdefault("training", []).append(name)
    return {
        split: build_evaluator(network, config, prepared, of_member, split, names, weights)
        for split, names in wanted.items()
        if split in prepared[0].splits
    }


def _examples(splits: Sequence[Encoded], of_member: Array, weights: Array | None, loss: Loss | None = None) -> Examples:
    """Stack the data sets' splits, with the `weights` [D, K] of classes; with a loss, for its targets to train on."""
    x = splits[0].x[None] if len(splits) == 1 else np.stack([split.x for split in splits])
    t = splits[0].t[None] if len(splits) == 1 else np.stack([split.t for split in splits])
    weight = None if weights is None else example_weights(t, weights)
    if loss is not None:
        t = loss.training_targets(t)
    return Examples(x, t, weight, of_member)


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


def build_optimizer(configs: Sequence[Config]) -> Optimizer:
    """The optimizer, its hyperparameters gathered from all members."""
    first = configs[0].optimizer

    def gathered(name: str) -> Array:
        return column(getattr(config.optimizer, name) for config in configs)

    match first:
        case optimizers.SgdConfig():
            return Sgd(gathered("momentum"), nesterov=first.nesterov)
        case optimizers.AdagradConfig():
            return Adagrad(gathered("eps"), gathered("initial_accumulator"))
        case optimizers.RmspropConfig():
            return RmsProp(gathered("rho"), gathered("eps"), gathered("momentum"))
        case optimizers.AdamConfig():
            return Adam(gathered("beta1"), gathered("beta2"), gathered("eps"))
        case optimizers.AdamwConfig():
            return AdamW(gathered("beta1"), gathered("beta2"), gathered("eps"), gathered("weight_decay"))
        case _:
            assert_never(first)


def build_update(configs: Sequence[Config]) -> Update:
    """Optimizer, penalties and bounds; those that no member uses are left out."""
    regularization = [config.regularization for config in configs]
    l1, l2 = column(r.l1 for r in regularization), column(r.l2 for r in regularization)
    max_norm = column(r.max_norm for r in regularization)
    clip_norm = column(r.clip_norm for r in regularization)
    return Update(
        build_optimizer(configs),
        l1=L1(l1) if l1.any() else None,
        l2=L2(l2) if l2.any() else None,
        max_norm=MaxNorm(max_norm) if np.isfinite(max_norm).any() else None,
        clip_norm=ClipNorm(clip_norm) if np.isfinite(clip_norm).any() else None,
    )


def build_schedule(configs: Sequence[Config]) -> Schedule:
    """The learning rate's schedule, its constants gathered from all members."""
    first = configs[0].schedule

    def gathered(name: str) -> Array:
        return column(getattr(config.schedule, name) for config in configs)

    schedule: Schedule
    match first:
        case schedules.ConstantScheduleConfig():
            schedule = Constant()
        case schedules.InverseTimeConfig():
            schedule = InverseTime(gathered("decay"), gathered("constant_epochs"))
        case schedules.PowerConfig():
            schedule = Power(gathered("exponent"), gathered("constant_epochs"))
        case schedules.StepScheduleConfig():
            schedule = Step(gathered("every"), gathered("factor"))
        case schedules.ExponentialConfig():
            schedule = Exponential(gathered("factor"))
        case schedules.CosineConfig():
            after_warmup = configs[0].training.epochs - gathered("warmup_epochs")
            schedule = Cosine(np.maximum(after_warmup, 1), gathered("minimum_factor"))
        case schedules.PlateauConfig():
            schedule = Plateau(gathered("factor"), gathered("patience"), gathered("min_delta"))
        case _:
            assert_never(first)
    warmup = gathered("warmup_epochs")
    return Warmup(warmup, schedule) if warmup.any() else schedule


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
