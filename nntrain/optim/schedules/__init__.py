"""How the learning rate changes from epoch to epoch.

`epoch` counts from 0. Rates and constants are columns: float64 [M, 1], or a number for all members.
"""

from nntrain.optim.schedules.decay import Constant, Cosine, Exponential, InverseTime, Power, Step
from nntrain.optim.schedules.plateau import Plateau
from nntrain.optim.schedules.schedule import Schedule
from nntrain.optim.schedules.warmup import Warmup

__all__ = ["Constant", "Cosine", "Exponential", "InverseTime", "Plateau", "Power", "Schedule", "Step", "Warmup"]
