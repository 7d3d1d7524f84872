"""One row for every initializer: what `test_initializers.py` is run on.

The expected spreads are written here once more, from the papers: Glorot and Bengio 2010 eq. 12 and 16, He et al. 2015
eq. 10, LeCun et al. 1998 eq. 16.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntrain.nn.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    Normal,
    OfMembers,
    Orthogonal,
    Uniform,
    Values,
)

FAN_IN, FAN_OUT = 60, 100
GIVEN = np.arange(FAN_IN * FAN_OUT, dtype=np.float64).reshape(FAN_IN, FAN_OUT)


@dataclass(frozen=True)
class InitializerRow:
    """An initializer under test, on a weight [FAN_IN, FAN_OUT].

    Attributes:
        name: of the test case.
        make: the initializer with a scale: its gain, or what stands for it.
        mean, std: of the numbers it draws at scale 1.
        bounds: between which all of them lie at scale 1, if the distribution has bounds.
        is_normal: whether they are normally distributed.
    """

    name: str
    make: Callable[[OfMembers], Initializer]
    mean: float
    std: float
    bounds: tuple[float, float] | None = None
    is_normal: bool = False


def _times(factor: float, scale: OfMembers) -> OfMembers:
    return tuple(factor * each for each in scale) if isinstance(scale, tuple) else factor * scale


def _uniform(name: str, make: Callable[[OfMembers], Initializer], bound: float) -> InitializerRow:
    return InitializerRow(name, make, 0.0, bound / math.sqrt(3), (-bound, bound))


def _normal(name: str, make: Callable[[OfMembers], Initializer], std: float) -> InitializerRow:
    return InitializerRow(name, make, 0.0, std, is_normal=True)


INITIALIZERS = (
    _uniform("glorot-uniform", GlorotUniform, math.sqrt(6 / (FAN_IN + FAN_OUT))),
    _normal("glorot-normal", GlorotNormal, math.sqrt(2 / (FAN_IN + FAN_OUT))),
    _uniform("he-uniform", HeUniform, math.sqrt(6 / FAN_IN)),
    _normal("he-normal", HeNormal, math.sqrt(2 / FAN_IN)),
    _normal("lecun-normal", LecunNormal, math.sqrt(1 / FAN_IN)),
    _uniform("uniform", lambda scale: Uniform(_times(-1, scale), scale), 1.0),
    InitializerRow(
        "uniform-above-0",
        lambda scale: Uniform(_times(0, scale), _times(2, scale)),
        mean=1.0,
        std=1 / math.sqrt(3),
        bounds=(0.0, 2.0),
    ),
    _normal("normal", lambda scale: Normal(0.0, scale), 1.0),
    InitializerRow("normal-around-3", lambda scale: Normal(_times(3, scale), scale), 3.0, 1.0, is_normal=True),
    # The entries of a random orthogonal [I, O] with I < O have mean square I / (I O) = 1/O.
    InitializerRow("orthogonal", Orthogonal, 0.0, 1 / math.sqrt(FAN_OUT)),
    InitializerRow("constant", Constant, 1.0, 0.0, (1.0, 1.0)),
    InitializerRow("values", lambda _: Values.of(GIVEN), float(GIVEN.mean()), float(np.std(GIVEN))),
)
