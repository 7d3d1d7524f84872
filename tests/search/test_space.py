"""Which points a search tries."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from nntrain.search.space import Axis, points


def test_a_grid_is_every_combination_and_the_last_axis_runs_fastest() -> None:
    assert points({"b": [1, 2], "a": ["x", "y", None]}, GridConfig(), seed=0) == [
        {"b": 1, "a": "x"}, {"b": 1, "a": "y"}, {"b": 1, "a": None},
        {"b": 2, "a": "x"}, {"b": 2, "a": "y"}, {"b": 2, "a": None},
    ]  # fmt: skip


def test_a_choice_is_a_list_in_a_grid() -> None:
    space: dict[str, Axis] = {"a": ChoiceConfig(values=(1, 2)), "b": (3,)}
    assert points(space, GridConfig(), seed=0) == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]


def test_auto_is_a_grid_unless_there_is_a_distribution() -> None:
    assert len(points({"a": [1, 2], "b": [3, 4]}, "auto", seed=0)) == 4
    drawn = points({"a": [1, 2], "b": UniformRangeConfig(low=0, high=1)}, "auto", seed=0)
    assert len(drawn) == RandomConfig().trials == 20


def test_auto_draws_from_a_choice_which_is_a_distribution_too() -> None:
    choice = ChoiceConfig(values=tuple(range(100)))
    assert is_random("auto", [choice])
    drawn = points({"a": choice}, "auto", seed=0)
    assert drawn == points({"a": choice}, RandomConfig(), seed=0)
    assert len({point["a"] for point in drawn}) == RandomConfig().trials
    assert not is_random("auto", [[1, 2], (3,)])
    assert not is_random(GridConfig(), [choice])


def test_a_grid_cannot_list_a_distribution() -> None:
    with pytest.raises(UserError) as caught:
        points({"a": UniformRangeConfig(low=0, high=1)}, GridConfig(), seed=0)
    assert str(caught.value) == "a has a distribution, which a grid cannot list: use random search (--trials N)"


def test_a_grid_that_is_too_large_is_refused_before_it_is_made() -> None:
    axes = {name: list(range(1000)) for name in "abc"}
    with pytest.raises(UserError) as caught:
        points(axes, GridConfig(), seed=0)
    assert str(caught.value) == (
        "the grid has 1,000,000,000 points, the most is 1,000,000: use random search (--trials N)"
    )


SPACE: dict[str, Axis] = {
    "u": UniformRangeConfig(low=-1, high=3),
    "l": LogUniformRangeConfig(low=1e-4, high=1e2),
    "i": IntUniformRangeConfig(low=-2, high=2),
    "c": ChoiceConfig(values=("x", "y", "z")),
    "g": [1, 2],
}


def test_the_seed_of_the_strategy_decides_and_else_that_of_the_experiment() -> None:
    first = points(SPACE, RandomConfig(trials=5, seed=1), seed=7)
    assert points(SPACE, RandomConfig(trials=5, seed=1), seed=8) == first
    assert points(SPACE, RandomConfig(trials=5), seed=1) == first
    assert points(SPACE, RandomConfig(trials=5), seed=2) != first
    assert points(SPACE, RandomConfig(trials=9, seed=1), seed=0)[:5] == first


def test_draws_are_spread_over_the_whole_of_each_range() -> None:
    drawn = points(SPACE, RandomConfig(trials=3000, seed=0), seed=0)
    u, logs, i = ([point[name] for point in drawn] for name in "uli")
    assert all(-1 <= value < 3 for value in u)
    assert sum(value < 1 for value in u) == pytest.approx(1500, abs=120)
    assert all(1e-4 <= value <= 1e2 for value in logs)
    # every order of magnitude is as likely as the others
    orders = Counter(math.floor(math.log10(value)) for value in logs)
    assert all(orders[order] == pytest.approx(500, abs=100) for order in range(-4, 2))
    assert set(i) == {-2, -1, 0, 1, 2}
    assert all(count == pytest.approx(600, abs=100) for count in Counter(i).values())
    for name, values in (("c", "xyz"), ("g", (1, 2))):
        counts = Counter(point[name] for point in drawn)
        assert set(counts) == set(values)
        assert max(counts.values()) < 1.2 * min(counts.values())
    kinds = [type(drawn[0][name]) for name in ("u", "l", "i", "c", "g")]
    assert kinds == [float, float, int, str, int]


@given(low=st.floats(1e-300, 1e300), factor=st.floats(1.0000001, 1e3), seed=st.integers(0, 1000))
def test_no_draw_leaves_its_range(low: float, factor: float, seed: int) -> None:
    """Not even by the rounding of exp(log(x)): a bound of the language may be the end of the range."""
    axis = LogUniformRangeConfig(low=low, high=low * factor)
    for point in points({"a": axis}, RandomConfig(trials=5, seed=seed), seed=0):
        assert axis.low <= point["a"] <= axis.high


def test_from_lists_alone_no_point_is_drawn_twice() -> None:
    space: dict[str, Axis] = {"a": [1, 2, 3], "b": ChoiceConfig(values=("x", "y")), "c": [None, None]}
    grid = {(a, b, None) for a in (1, 2, 3) for b in "xy"}
    for trials in (1, 4, 6, 50):
        drawn = [tuple(point.values()) for point in points(space, RandomConfig(trials=trials), seed=3)]
        assert len(drawn) == len(set(drawn)) == min(trials, 6)
        assert set(drawn) <= grid


def test_a_grid_that_is_refused_for_its_size_can_be_drawn_from() -> None:
    """10²² points cannot be numbered."""
    space: dict[str, Axis] = {f"a{place}": list(range(10)) for place in range(22)}
    with pytest.raises(UserError, match=r"use random search \(--trials N\)"):
        points(space, GridConfig(), seed=0)
    drawn = points(space, RandomConfig(trials=300), seed=0)
    assert len({tuple(point.values()) for point in drawn}) == 300
    assert drawn == points(space, RandomConfig(trials=300), seed=0)
    counts = Counter(value for point in drawn for value in point.values())
    assert set(counts) == set(range(10))
    assert max(counts.values()) < 1.3 * min(counts.values())


def test_a_value_listed_twice_is_tried_once() -> None:
    assert points({"a": [0.1, 0.1, 1, True]}, GridConfig(), seed=0) == [{"a": 0.1}, {"a": 1}, {"a": True}]
