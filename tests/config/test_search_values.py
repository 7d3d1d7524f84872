"""Values of a search that nothing can be compared with, and ranges whose ends are far apart."""

import contextlib
import math
from typing import Any

import pytest

from nntrain.config.experiment import load_experiment
from nntrain.config.search import GridConfig, IntUniformRangeConfig, LogUniformRangeConfig, RandomConfig
from nntrain.config.search import UniformRangeConfig as Uniform
from nntrain.errors import UserError
from nntrain.search.bounds import count_text
from nntrain.search.space import Axis, points
from tests.config.conftest import Errors
from tests.config.listed import OPTIMIZERS
from tests.config.paths import valid_paths

CONFIG: dict[str, Any] = {"data": {"synthetic": "moons"}, "network": ["flatten", {"type": "dense", "units": "auto"}]}
ODD = [{"type": "sgd"}, {"type": {}}, [["sgd"]], [{}], {}, [], {"a": {"b": [1]}}, math.nan, math.inf, True, None, ""]


@pytest.mark.parametrize("written", ["[{type: sgd}]", "[[sgd]]", "{choice: [{type: sgd}]}", "[{a: {b: 1}}]"])
def test_a_type_is_a_word(errors: Errors, written: str) -> None:
    text = errors(f"data: {{synthetic: moons}}\nnetwork: [flatten]\nsearch:\n  space:\n    optimizer.type: {written}\n")
    got = "a list" if "[[" in written else "a mapping"
    assert f"search.space: optimizer.type must be a word, got {got}\n" in text
    assert f"types: {OPTIMIZERS}" in text
    assert text.endswith("1 error in a.yaml")


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_no_value_of_any_setting_ends_in_a_traceback(value: object) -> None:
    for path in [*valid_paths(load_experiment(CONFIG).config), "loss.class_weights.a", "data.columns.a", "x", "1"]:
        for axis in ([value], {"choice": [value, value]}, value):
            with contextlib.suppress(UserError):
                load_experiment({**CONFIG, "search": {"space": {path: axis}}})


def test_ranges_as_wide_as_numbers_go() -> None:
    largest = 1.7976931348623157e308
    axes: dict[str, Axis] = {
        "wide": Uniform(low=-1.7e308, high=1.7e308),
        "widest": Uniform(low=-largest, high=largest),
        "orders": LogUniformRangeConfig(low=5e-324, high=largest),
        "integers": IntUniformRangeConfig(low=-(2**53), high=2**53),
    }
    drawn = points(axes, RandomConfig(trials=400), seed=0)
    for path, low, high in (("wide", -1.7e308, 1.7e308), ("widest", -largest, largest), ("orders", 5e-324, largest)):
        values = [point[path] for point in drawn]
        assert all(low <= value <= high for value in values)
        middle = 0 if low < 0 else 1e-8
        assert sum(value < middle for value in values) == pytest.approx(200, abs=40)


def test_many_axes_and_many_points_can_be_drawn_from() -> None:
    """NumPy has at most 64 axes, and counts to 2⁶³."""
    ones: dict[str, Axis] = {f"a{place}": [place] for place in range(100)}
    assert points({**ones, "b": [1, 2, 3]}, RandomConfig(trials=9), seed=0) == points(
        {**ones, "b": [1, 2, 3]}, RandomConfig(trials=3), seed=0
    )
    for axes, values in ((62, 2), (63, 2), (64, 2), (9, 400), (11, 100), (8, 215), (20_000, 3)):
        space: dict[str, Axis] = {f"a{place}": list(range(values)) for place in range(axes)}
        drawn = points(space, RandomConfig(trials=5), seed=1)
        assert len({tuple(point.values()) for point in drawn}) == 5
        assert list(drawn[0]) == list(space)
        with pytest.raises(UserError, match=r"^the grid has (10\^22|about .*) points, the most is 1,000,000: use"):
            points(space, GridConfig(), seed=0)


def test_draws_are_those_of_earlier_releases() -> None:
    """By hand from NumPy's own numbering of a grid."""
    import numpy as np

    space: dict[str, Axis] = {"a": list("uvwxyz"), "b": list(range(9)), "c": [True, None, 0.5]}
    numbers = np.random.default_rng(4).choice(6 * 9 * 3, size=40, replace=False)
    a, b, c = np.unravel_index(numbers, (6, 9, 3))
    expected = [{"a": "uvwxyz"[i], "b": j, "c": [True, None, 0.5][k]} for i, j, k in zip(a, b, c, strict=True)]
    assert points(space, RandomConfig(trials=40), seed=4) == expected


@pytest.mark.parametrize(("count", "text"), [
    (1, "1"), (999_999_999_999, "999,999,999,999"), (10**12, "10^12"), (100**11, "10^22"), (10**22 + 1, "about 10^22"),
    (400**9, "about 2.6 × 10^23"), (2**63, "about 9.2 × 10^18"), (10**24 - 1, "about 10^24"),
])  # fmt: skip
def test_counts_that_people_can_read(count: int, text: str) -> None:
    assert count_text(count) == text


def test_a_count_may_have_more_digits_than_python_writes() -> None:
    assert count_text(3**20_000) == "about 2.7 × 10^9542"
