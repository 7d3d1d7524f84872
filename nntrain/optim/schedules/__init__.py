"""How the learning rate changes from epoch to epoch.

`epoch` counts from 0. Rates are float64 [M, 1].
"""

from nntrain.optim.schedules.decay import ConstantRate, Cosine, Exponential, InverseTime, Power, StepDecay
from nntrain.optim.schedules.plateau import Plateau
from nntrain.optim.schedules.schedule import Schedule
from nntrain.optim.schedules.warmup import Warmup

__all__ = [
    "ConstantRate",
    "Cosine",
    "Exponential",
    "InverseTime",
    "Plateau",
    "Power",
    "Schedule",
    "StepDecay",
    "Warmup",
]
