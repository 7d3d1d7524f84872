"""Dropout: what is dropped, how often, and from whose stream."""

import math

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.blueprint import plan
from nntrain.nn.dropout import Dropout
from nntrain.nn.layer import Layer
from nntrain.nn.network import Network
from nntrain.streams import Key
from tests.nn.chains import chain


def network_of(layer: Layer, keys: list[Key], shape: tuple[int, ...] = (100,)) -> Network:
    network = Network(plan(chain([("0", layer)]), shape), len(keys), Memory(np.float64))
    network.initialize(keys)
    return network


def dropped(rate: float | tuple[float, ...], keys: list[Key], examples: int = 200) -> Array:
    """The outputs for inputs that are all 1."""
    return network_of(Dropout(rate), keys).forward(np.ones((examples, 100)), training=True).copy()


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_units_are_dropped_at_the_rate_and_the_others_scaled_up(rate: float) -> None:
    y = dropped(rate, [Key(0)])
    kept = y != 0
    assert kept.mean() == pytest.approx(1 - rate, abs=5 * math.sqrt(rate * (1 - rate) / y.size))
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-15)


def test_the_mean_is_kept() -> None:
    rate = 0.3
    standard_error = math.sqrt(rate / (1 - rate) / 20_000)
    assert dropped(rate, [Key(5)]).mean() == pytest.approx(1.0, abs=5 * standard_error)


def test_every_pass_draws_a_new_mask_and_backward_uses_it() -> None:
    network = network_of(Dropout(0.5), [Key(0)])
    x, dy = np.ones((20, 100)), np.full((1, 20, 100), 3.0)
    masks = []
    for _ in range(2):
        y = network.forward(x, training=True).copy()
        np.testing.assert_array_equal(network.backward(dy.copy()), 3 * y)
        masks.append(y)
    assert not np.array_equal(masks[0], masks[1])


def test_masks_differ_by_example_unit_seed_and_replica() -> None:
    y = dropped(0.5, [Key(0), Key(1), Key(0, replica=1), Key(0)])
    assert not np.array_equal(y[0, 0], y[0, 1])
    assert not np.array_equal(y[0, :, 0], y[0, :, 1])
    assert not np.array_equal(y[0], y[1])
    assert not np.array_equal(y[0], y[2])
    np.testing.assert_array_equal(y[0], y[3])


def test_members_of_one_seed_drop_nested_sets() -> None:
    rates = (0.2, 0.5, 0.8)
    low, middle, high = dropped(rates, [Key(7)] * 3) != 0
    assert (high <= middle).all()
    assert (middle <= low).all()
    assert low.sum() > middle.sum() > high.sum()


def test_a_column_of_rates_is_each_members_own() -> None:
    keys = [Key(1), Key(2), Key(1)]
    together = dropped((0.1, 0.4, 0.7), keys)
    for member, rate in enumerate([0.1, 0.4, 0.7]):
        np.testing.assert_array_equal(dropped(rate, [keys[member]])[0], together[member])


def test_evaluation_passes_everything_through_both_ways() -> None:
    network = network_of(Dropout(0.5), [Key(0), Key(1)])
    x = np.random.default_rng(0).standard_normal((2, 5, 100))
    np.testing.assert_array_equal(network.forward(x), x)
    np.testing.assert_array_equal(network.backward(2 * x), 2 * x)


def test_images_are_dropped_number_by_number() -> None:
    y = network_of(Dropout(0.5), [Key(0)], (4, 5, 3)).forward(np.ones((50, 4, 5, 3)), training=True)
    assert y.shape == (1, 50, 4, 5, 3)
    assert (y == 0).mean() == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(y.size))
