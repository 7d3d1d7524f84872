"""Which points a search tries."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.random import Generator

from nntrain.config.search import (
    ChoiceConfig,
    GridConfig,
    IntUniformRangeConfig,
    LogUniformRangeConfig,
    RandomConfig,
    UniformRangeConfig,
    is_random,
)
from nntrain.errors import UserError
from nntrain.search.bounds import MOST_NETWORKS, count_text

# One point of the space: dotted config path → value.
Point = dict[str, Any]
# A list of values, or a distribution.
Axis = Sequence[Any] | UniformRangeConfig | LogUniformRangeConfig | IntUniformRangeConfig | ChoiceConfig

_RANGES = (UniformRangeConfig, LogUniformRangeConfig, IntUniformRangeConfig)

# Beyond this NumPy does not count.
MOST_COUNTED = 2**62


def points(
    space: Mapping[str, Axis], strategy: GridConfig | RandomConfig | Literal["auto"], *, seed: int
) -> list[Point]:
    """The points to try, in order.

    Args:
        space: the axes.
        strategy: `grid` takes every combination, the last axis running fastest; `random` draws, from lists
            alone without drawing a point twice; `auto` draws where an
            axis is a distribution.
        seed: of the draws, where the strategy has none.

    Raises:
        UserError: a grid over a distribution, or a grid that is too large.
    """
    strategy = _decided(space, strategy)
    if isinstance(strategy, RandomConfig):
        generator = np.random.default_rng(seed if strategy.seed is None else strategy.seed)
        if not _has_ranges(space):
            return _some_of_grid(space, strategy.trials, generator)
        return [{path: _draw(axis, generator) for path, axis in space.items()} for _ in range(strategy.trials)]
    values = {path: _listed(path, axis) for path, axis in space.items()}
    count = math.prod(len(each) for each in values.values())
    if count > MOST_NETWORKS:
        raise UserError(
            f"the grid has {count_text(count)} points, the most is {MOST_NETWORKS:,}: use random search (--trials N)"
        )
    return [dict(zip(values, combination, strict=True)) for combination in itertools.product(*values.values())]


def count_drawn(space: Mapping[str, Axis], strategy: GridConfig | RandomConfig | Literal["auto"]) -> int:
    """How many points will be drawn at random; 0 of a grid, which `points` bounds by itself."""
    strategy = _decided(space, strategy)
    if not isinstance(strategy, RandomConfig):
        return 0
    if _has_ranges(space):
        return strategy.trials
    return min(strategy.trials, math.prod(len(_listed(path, axis)) for path, axis in space.items()))


def _decided(
    space: Mapping[str, Axis], strategy: GridConfig | RandomConfig | Literal["auto"]
) -> GridConfig | RandomConfig:
    if strategy != "auto":
        return strategy
    return RandomConfig() if is_random(strategy, space.values()) else GridConfig()


def _has_ranges(space: Mapping[str, Axis]) -> bool:
    return any(isinstance(axis, _RANGES) for axis in space.values())


def _some_of_grid(space: Mapping[str, Axis], trials: int, generator: Generator) -> list[Point]:
    """Different points of a grid, in random order; all of them where there are no more than `trials`."""
    values = {path: _listed(path, axis) for path, axis in space.items()}
    shape = tuple(len(each) for each in values.values())
    count = math.prod(shape)
    if count > MOST_COUNTED:
        return _distinct_draws(values, trials, generator)
    drawn = generator.choice(count, size=min(trials, count), replace=False)
    return [_numbered(values, number) for number in drawn.tolist()]


def _numbered(values: Mapping[str, Sequence[Any]], number: int) -> Point:
    """The point of a grid with this number, from 0; the last axis runs fastest."""
    point: Point = {}
    for path, each in reversed([*values.items()]):
        number, index = divmod(number, len(each))
        point[path] = each[index]
    return {path: point[path] for path in values}


def _distinct_draws(values: Mapping[str, Sequence[Any]], trials: int, generator: Generator) -> list[Point]:
    """Different points of a grid whose points cannot be numbered; it has so many that hardly one is drawn twice."""
    shape = tuple(len(each) for each in values.values())
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < trials:
        drawn[tuple(generator.integers(shape).tolist())] = None
    return [{path: each[i] for (path, each), i in zip(values.items(), indices, strict=True)} for indices in drawn]


def _listed(path: str, axis: Axis) -> Sequence[Any]:
    """The values of a list, each once."""
    if isinstance(axis, ChoiceConfig):
        return _distinct(axis.values)
    if isinstance(axis, _RANGES):
        raise UserError(f"{path} has a distribution, which a grid cannot list: use random search (--trials N)")
    return _distinct(axis)


def _distinct(values: Sequence[Any]) -> list[Any]:
    """The values without repetitions; 1 and true, or 1 and 1.0, are different ones."""
    return list({repr(value): value for value in values}.values())


def _draw(axis: Axis, generator: Generator) -> Any:
    match axis:
        case UniformRangeConfig():
            if math.isinf(axis.high - axis.low):  # NumPy draws from ranges whose width is a number
                share = float(generator.random())
                return axis.low * (1 - share) + axis.high * share
            return float(generator.uniform(axis.low, axis.high))
        case LogUniformRangeConfig():
            exponent = generator.uniform(math.log(axis.low), math.log(axis.high))
            # Rounding must not lead out of the range, nor beyond the largest number.
            drawn = math.exp(min(exponent, math.log(axis.high)))
            return float(min(max(drawn, axis.low), axis.high))
        case IntUniformRangeConfig():
            return int(generator.integers(axis.low, axis.high, endpoint=True))
        case ChoiceConfig():
            return axis.values[int(generator.integers(len(axis.values)))]
        case _:
            return axis[int(generator.integers(len(axis)))]
