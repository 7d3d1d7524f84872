"""From configs to what changes parameters: the update, its optimizer, and the schedule of the learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.hyperparameters import of_members
from nntrain.config import optimizer as optimizers
from nntrain.config import schedule as schedules
from nntrain.config.root import Config
from nntrain.optim.adagrad import Adagrad
from nntrain.optim.adam import Adam, AdamW
from nntrain.optim.clipping import ClipNorm
from nntrain.optim.constraints import MaxNorm
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.penalties import L1, L2
from nntrain.optim.rmsprop import RmsProp
from nntrain.optim.schedules import (
    ConstantRate,
    Cosine,
    Exponential,
    InverseTime,
    Plateau,
    Power,
    Schedule,
    StepDecay,
    Warmup,
)
from nntrain.optim.sgd import Sgd
from nntrain.optim.transformation import Transformation
from nntrain.optim.update import Update


def build_optimizer(configs: Sequence[Config]) -> Optimizer:
    """The optimizer, its hyperparameters gathered from all members."""
    first = configs[0].optimizer

    def gathered(name: str) -> Array:
        return of_members(getattr(config.optimizer, name) for config in configs)

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
    """The chain of what happens in a step, in the order that `Update` documents, without what no member uses."""
    regularization = [config.regularization for config in configs]
    l1, l2 = of_members(r.l1 for r in regularization), of_members(r.l2 for r in regularization)
    max_norm = of_members(r.max_norm for r in regularization)
    clip_norm = of_members(r.clip_norm for r in regularization)
    chain: list[Transformation | None] = [
        L2(l2) if l2.any() else None,
        ClipNorm(clip_norm) if np.isfinite(clip_norm).any() else None,
        build_optimizer(configs),
        L1(l1) if l1.any() else None,
        MaxNorm(max_norm) if np.isfinite(max_norm).any() else None,
    ]
    return Update(*(part for part in chain if part is not None))


def build_schedule(configs: Sequence[Config]) -> Schedule:
    """The learning rate's schedule, its constants gathered from all members."""
    first = configs[0].schedule

    def gathered(name: str) -> Array:
        return of_members(getattr(config.schedule, name) for config in configs)

    schedule: Schedule
    match first:
        case schedules.ConstantScheduleConfig():
            schedule = ConstantRate()
        case schedules.InverseTimeConfig():
            schedule = InverseTime(gathered("decay"), gathered("constant_epochs"))
        case schedules.PowerConfig():
            schedule = Power(gathered("exponent"), gathered("constant_epochs"))
        case schedules.StepScheduleConfig():
            schedule = StepDecay(gathered("every"), gathered("factor"))
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
