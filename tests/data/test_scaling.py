"""Centers and scales: what is constant, what is constant but for rounding, and what only looks like it."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.data.column_inputs import FILLS, NumericInput
from nntrain.data.dataset import Dataset, numeric_column
from nntrain.data.inputs import ArrayInputs, TableInputs
from nntrain.data.preprocess import Preprocessor
from nntrain.data.scaling import fit_scaling, mean, median
from nntrain.data.targets import NumberTarget
from nntrain.tasks import Task

METHODS = ["standard", "minmax"]
ROWS = 40
EPS = 2.0**-52
LARGEST, TINY, LEAST = 1.7976931348623157e308, 2.2250738585072014e-308, 5e-324


def alternating(*values: float) -> Array:
    return np.resize(np.array(values, dtype=np.float64), ROWS)


def fitted(inputs: Any, targets: Any = None, **options: Any) -> Preprocessor:
    """Columns from [N], arrays from more axes; the target is 0, 1, 2, …"""
    array = np.asarray(inputs)
    columns = (numeric_column("a", array),) if array.ndim == 1 else array
    t = np.arange(float(len(array))) if targets is None else np.asarray(targets)
    return Preprocessor.fit(Dataset(columns, t, "d.csv"), task=Task.REGRESSION, **options)


def numeric_input(inputs: Any, **options: Any) -> NumericInput:
    """What was learnt of one column."""
    encoding = fitted(inputs, **options).input_encoding
    assert isinstance(encoding, TableInputs)
    (column,) = encoding.columns
    assert isinstance(column, NumericInput)
    return column


def scikit_learn_calls_it_constant(values: Array) -> bool:
    """Its `_is_constant_feature` (sklearn/preprocessing/_data.py) in exact arithmetic: var ≤ n ε var + (n mean ε)²."""
    exact = [Fraction(float(value)) for value in values]
    n, eps = len(exact), Fraction(EPS)
    center = sum(exact) / n
    variance = sum((value - center) ** 2 for value in exact) / n
    return variance <= n * eps * variance + (n * center * eps) ** 2


CONSTANT: dict[str, list[float]] = {
    "4.2": [4.2],
    "0": [0.0],
    "-0.1": [-0.1],
    "both zeros": [0.0, -0.0],
    "1e300": [1e300],
    "the largest": [LARGEST],
    "1e-300": [1e-300],
    "a denormal": [3e-320],
    "the least": [LEAST],
    "0.3 and 0.1 + 0.2": [0.3, 0.1 + 0.2],
    "1 and ten times 0.1": [1.0, sum([0.1] * 10)],
    "Celsius and back": [36.6, ((36.6 * 9 / 5 + 32) - 32) * 5 / 9],
    "a few roundings of 1e8": [1e8, math.nextafter(1e8, 2e8), math.nextafter(1e8, 0)],
    "a rounding of 1e300": [1e300, math.nextafter(1e300, 0)],
    "a rounding of the largest": [LARGEST, math.nextafter(LARGEST, 0)],
    "a rounding of -1e-300": [-1e-300, math.nextafter(-1e-300, 0)],
    "a rounding below the normal numbers": [3e-320, math.nextafter(3e-320, 0)],
}
VARIED: dict[str, list[float]] = {
    "1e8 and small steps": [1e8, 1e8 + 1e-3, 1e8 + 2e-3],
    "1e8 and very small steps": [1e8, 1e8 + 1e-5],
    "milliseconds of 2026": [1.79e12, 1.79e12 + 1],
    "one in a million million": [1.0, 1 + 1e-12],
    "0 and 1": [0.0, 1.0],
    "0 and a little": [0.0, 1e-17],
    "either side of 0": [1e-300, -1e-300],
    "tiny": [1e-300, 2e-300],
    "tinier than a square": [1e-170, 3e-170, 5e-170],
    "below the normal numbers": [1e-310, 2e-310, 4e-310],
    "huge": [1e150, 2e150],
}


@pytest.mark.parametrize("numeric", METHODS)
@pytest.mark.parametrize("name", CONSTANT)
def test_what_is_constant_but_for_rounding_is_shifted_and_not_scaled(name: str, numeric: str) -> None:
    values = alternating(*CONSTANT[name])
    column = numeric_input(values, numeric=numeric)
    assert column.scale == 1.0
    assert values.min() <= column.center <= values.max()
    if len(CONSTANT[name]) == 1:
        assert column.center == values[0]
    x = fitted(values, numeric=numeric).inputs(Dataset((numeric_column("a", values),), None, "d"), "float64")
    assert np.abs(x).max() <= 4 * EPS * max(np.abs(values).max(), TINY)


@pytest.mark.parametrize("name", VARIED)
def test_what_varies_is_scaled_however_little(name: str) -> None:
    """Standardized as exact arithmetic has it; and minmax reaches from 0 to 1."""
    values = alternating(*VARIED[name])
    exact = [Fraction(float(value)) for value in values]
    middle = sum(exact, Fraction()) / len(exact)
    unit: Fraction = max(abs(value - middle) for value in exact)
    share = Fraction(math.sqrt(sum(((value - middle) / unit) ** 2 for value in exact) / len(exact)))
    deviation = unit * share
    scale = numeric_input(values).scale
    # The mean is known to a rounding of the numbers themselves, and so are their distances from it.
    error = 4 * EPS * float(np.abs(values).max()) + LEAST
    assert abs(Fraction(scale) - deviation) <= Fraction(error) + deviation / 10**9
    data = Dataset((numeric_column("a", values),), None, "d")
    x = fitted(values, numeric="minmax").inputs(data, "float64")
    assert (x.min(), x.max()) == (0.0, 1.0)


# Its rule has no room for rounding below the normal numbers.
@pytest.mark.parametrize("name", sorted((CONSTANT | VARIED).keys() - {"a rounding below the normal numbers"}))
def test_scikit_learn_says_the_same(name: str) -> None:
    values = alternating(*(CONSTANT | VARIED)[name])
    assert bool(fit_scaling(values, "standard")[1] == 1.0) is scikit_learn_calls_it_constant(values)


def test_many_rows_make_no_more_of_a_difference_rounding() -> None:
    """scikit-learn's n ε |mean| is 0.4 for a million time stamps, which vary by less here."""
    values = 1.7e9 + np.resize([0.0, 0.1, 0.2], 1_000_000)
    assert fit_scaling(values, "standard")[1] == pytest.approx(math.sqrt(2 / 3) / 10, rel=1e-6)
    assert fit_scaling(np.resize([0.3, 0.1 + 0.2], 1_000_000), "standard")[1] == 1.0


@pytest.mark.parametrize("numeric", METHODS)
@pytest.mark.parametrize("missing", FILLS)
@pytest.mark.parametrize("name", CONSTANT)
def test_filling_what_is_missing_leaves_a_constant_column_constant(name: str, missing: str, numeric: str) -> None:
    """Every fifth cell of 40 is empty."""
    values = np.where(np.arange(ROWS) % 5 == 4, np.nan, alternating(*CONSTANT[name]))
    column = numeric_input(values, numeric=numeric, missing=missing)
    assert column.scale == 1.0
    assert column.fill is not None
    assert min(CONSTANT[name]) <= column.fill <= max(CONSTANT[name])
    if len(CONSTANT[name]) == 1:
        assert (column.fill, column.center) == (values[0], values[0])


@pytest.mark.parametrize("numeric", METHODS)
@pytest.mark.parametrize("name", CONSTANT)
def test_targets_arrays_and_images_likewise(name: str, numeric: str) -> None:
    values = alternating(*CONSTANT[name])
    target = fitted(np.arange(ROWS), values, target=numeric).target_encoding
    assert isinstance(target, NumberTarget)
    assert target.scale == (1.0,)
    varied = np.arange(float(ROWS))
    rows = fitted(np.stack([values, varied], axis=1), numeric=numeric).input_encoding
    assert isinstance(rows, ArrayInputs)
    assert rows.scale[0] == 1.0
    assert rows.scale[1] == (varied.std() if numeric == "standard" else 39.0)
    images = fitted(values.reshape(10, 2, 2), numeric=numeric).input_encoding
    assert isinstance(images, ArrayInputs)
    assert images.scale.tolist() == 1.0


def test_of_narrower_floats_the_adjacent_number_is_rounding() -> None:
    """0.3 as float32 and the next float32 are 1e-7 of it apart, which in float64 is much; whole numbers are exact."""
    third = np.float32(0.3)
    neighbours = np.resize(np.array([third, np.nextafter(third, np.float32(1))]), (ROWS, 1))
    assert fit_scaling(neighbours, "standard")[1].tolist() == [1.0]
    assert fit_scaling(neighbours.astype(np.float64), "standard")[1][0] < 1e-7
    steps = np.resize(np.array([1e6, 1e6 + 1], np.float32), (ROWS, 1))
    assert fit_scaling(steps, "standard")[1].tolist() == [0.5]
    assert fit_scaling(np.resize(np.array([254, 255], np.uint8), (ROWS, 1)), "minmax")[1].tolist() == [1.0]
    assert fit_scaling(np.resize(np.array([1, 3], np.uint8), (ROWS, 1)), "minmax")[1].tolist() == [2.0]


@given(value=st.floats(allow_nan=False, allow_infinity=False), count=st.integers(1, 300))
def test_the_mean_of_equal_numbers_is_that_number(value: float, count: int) -> None:
    values = np.full(count, value)
    assert (mean(values), median(values)) == (value, value)
    assert [float(found) for found in fit_scaling(values, "standard")] == [value, 1.0]


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_means_and_medians_do_not_overflow(values: list[float]) -> None:
    exact = [Fraction(value) for value in sorted(values)]
    count, largest = len(exact), max([abs(value) for value in exact])
    middle = (exact[(count - 1) // 2] + exact[count // 2]) / 2
    room = 8 * Fraction(EPS) * largest + Fraction(LEAST)
    assert abs(Fraction(mean(np.array(values))) - sum(exact, Fraction()) / count) <= count * room
    assert abs(Fraction(median(np.array(values))) - middle) <= room
