"""What every initializer must do, checked for every row of `initializers.py`."""

import math

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.assembly.layers import build_initializer
from nntrain.config.initializers import AnyInitializer
from nntrain.language.anatomy import variants
from nntrain.nn.initializers import Initializer, Orthogonal, Values
from nntrain.streams import Key, Purpose, Streams
from tests.conformance.definitions import concrete_subclasses
from tests.conformance.initializers import FAN_IN, FAN_OUT, GIVEN, INITIALIZERS, InitializerRow

each_row = pytest.mark.parametrize("row", INITIALIZERS, ids=lambda row: row.name)

# OfMembers means nothing to values that are given.
scaled_rows = pytest.mark.parametrize("row", [r for r in INITIALIZERS if r.name != "values"], ids=lambda r: r.name)


def filled(
    initializer: Initializer, keys: list[Key], dtype: type[np.floating] = np.float64, *, times: int = 1
) -> Array:
    """What the initializer writes into a parameter [M, FAN_IN, FAN_OUT], the last of so many times."""
    out, streams = np.full((len(keys), FAN_IN, FAN_OUT), np.nan, dtype), Streams(keys, Purpose.WEIGHTS)
    for _ in range(times):
        initializer.fill(out, streams)
    return out


def test_every_initializer_has_a_row() -> None:
    assert {type(row.make(1.0)) for row in INITIALIZERS} == concrete_subclasses(Initializer, "nntrain.nn")


# What a config needs to say beside the type.
NEEDED: dict[str, dict[str, object]] = {"constant": {"value": 1.0}, "values": {"values": [1.0]}}


def test_every_initializer_of_the_config_has_a_row() -> None:
    models = {type_: model(**NEEDED.get(type_, {})) for type_, model in variants(AnyInitializer).items()}
    built = {type(build_initializer([model])) for model in models.values()}  # type: ignore[list-item]
    assert {type(row.make(1.0)) for row in INITIALIZERS} == built


def test_an_initializer_without_a_row_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in {type(row.make(1.0)) for row in INITIALIZERS}:
        kept = [row for row in INITIALIZERS if type(row.make(1.0)) is not missing]
        monkeypatch.setattr(f"{__name__}.INITIALIZERS", kept)
        for check in (test_every_initializer_has_a_row, test_every_initializer_of_the_config_has_a_row):
            with pytest.raises(AssertionError):
                check()
        monkeypatch.undo()


@each_row
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_mean_spread_and_bounds_are_those_of_the_distribution(row: InitializerRow, scale: float) -> None:
    if isinstance(row.make(scale), Values):
        scale = 1.0
    drawn = filled(row.make(scale), [Key(seed) for seed in range(4)])
    n = drawn.size
    # Five standard errors of the mean, and of the variance (at most that of a normal distribution, √(2/n)).
    assert abs(drawn.mean() - scale * row.mean) <= 5 * scale * row.std / math.sqrt(n) + 1e-15
    assert drawn.var() == pytest.approx((scale * row.std) ** 2, rel=5 * math.sqrt(2 / n), abs=1e-30)
    if row.bounds is not None:
        low, high = (scale * bound for bound in row.bounds)
        assert drawn.min() >= low
        assert drawn.max() <= high
        # The largest of n numbers is within a few n-ths of the bound.
        assert drawn.max() >= high - 20 * (high - low) / n
        assert drawn.min() <= low + 20 * (high - low) / n


@pytest.mark.parametrize("row", [row for row in INITIALIZERS if row.is_normal], ids=lambda row: row.name)
def test_normal_numbers_are_normal(row: InitializerRow) -> None:
    drawn = filled(row.make(1.0), [Key(0), Key(1)])
    standardized = (drawn - row.mean) / row.std
    within = [float((np.abs(standardized) < bound).mean()) for bound in (1, 2, 3)]
    assert within == pytest.approx([math.erf(bound / math.sqrt(2)) for bound in (1, 2, 3)], abs=0.02)


@each_row
def test_a_members_numbers_come_from_its_key_alone(row: InitializerRow) -> None:
    keys = [Key(5), Key(7), Key(5), Key(5, replica=2)]
    together = filled(row.make(1.0), keys)
    for member, key in enumerate(keys):
        np.testing.assert_array_equal(filled(row.make(1.0), [key])[0], together[member])
    np.testing.assert_array_equal(together[0], together[2])
    is_random = row.name not in ("constant", "values")
    assert np.array_equal(together[0], together[1]) != is_random
    assert np.array_equal(together[0], together[3]) != is_random


@each_row
def test_every_draw_goes_on_in_the_stream(row: InitializerRow) -> None:
    once, twice = filled(row.make(1.0), [Key(1)]), filled(row.make(1.0), [Key(1)], times=2)
    assert np.array_equal(once, twice) == (row.name in ("constant", "values"))


@scaled_rows
def test_a_scale_may_differ_from_member_to_member(row: InitializerRow) -> None:
    scales = (0.5, 1.0, 3.0)
    keys = [Key(0), Key(4), Key(0)]
    together = filled(row.make(scales), keys)
    for member, scale in enumerate(scales):
        np.testing.assert_array_equal(filled(row.make(scale), keys[member : member + 1])[0], together[member])
    np.testing.assert_allclose(together[2], together[0] * 6, rtol=1e-13, atol=1e-13)


@each_row
def test_drawing_is_in_float64_and_rounded_once(row: InitializerRow) -> None:
    single, double = filled(row.make(1.0), [Key(0)], np.float32), filled(row.make(1.0), [Key(0)])
    np.testing.assert_array_equal(single, double.astype(np.float32))


@each_row
def test_biases_can_be_filled_too(row: InitializerRow) -> None:
    initializer = Values.of(GIVEN[0]) if row.name == "values" else row.make(1.0)
    out = np.full((2, FAN_OUT), np.nan)
    initializer.fill(out, Streams([Key(0), Key(1)], Purpose.WEIGHTS))
    assert np.isfinite(out).all()


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4), (1, 6), (6, 1)])
def test_orthogonal_matrices_are_orthogonal(shape: tuple[int, ...]) -> None:
    for seed in range(5):
        out = np.empty((1, *shape))
        Orthogonal(gain=2.0).fill(out, Streams([Key(seed)], Purpose.WEIGHTS))
        matrix = out[0].reshape(-1, shape[-1]) / 2
        product = matrix.T @ matrix if len(matrix) >= shape[-1] else matrix @ matrix.T
        np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-14)


def test_orthogonal_matrices_favor_no_direction() -> None:
    # A QR routine alone fixes the signs of R's diagonal, so that the first column would always point to one side.
    first, last = [], []
    for seed in range(400):
        out = np.empty((1, 3, 3))
        Orthogonal().fill(out, Streams([Key(seed)], Purpose.WEIGHTS))
        first.append(out[0, 0, 0])
        last.append(out[0, 2, 2])
    # An entry of a uniformly drawn rotation has mean 0 and variance 1/3.
    for entries in (first, last):
        assert abs(np.mean(entries)) < 5 * math.sqrt(1 / 3 / 400)
        assert np.var(entries) == pytest.approx(1 / 3, abs=0.07)


def test_values_say_where_they_do_not_fit() -> None:
    initializer = Values.of(np.zeros((2, 3)))
    assert initializer.mismatch((2, 3)) is None
    assert initializer.mismatch((3, 2)) == ("the values given for it have shape (2, 3), but it has shape (3, 2)")
