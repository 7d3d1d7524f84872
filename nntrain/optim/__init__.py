"""How parameters change: update rules, learning rate schedules, penalties, clipping.

Import from the modules; these names are here for those who look around.
"""

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

__all__ = [
    "L1",
    "L2",
    "Adagrad",
    "Adam",
    "AdamW",
    "ClipNorm",
    "Constant",
    "Cosine",
    "Exponential",
    "InverseTime",
    "MaxNorm",
    "Optimizer",
    "Plateau",
    "Power",
    "RmsProp",
    "Schedule",
    "Sgd",
    "Step",
    "Warmup",
]
