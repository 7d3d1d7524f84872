"""Whether a training was still getting better at its end."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from nntrain.train.improvement import still_improving


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.linspace(1.2, 0.6, 200), True),  # iris at a rate of 0.0001
        (1 / np.arange(1.0, 101.0), True),  # from 1/90 to 1/100: by a tenth
        (0.5 + np.exp(-np.arange(100.0) / 5), False),  # it has come down to its floor
        (0.7 * 0.99 ** np.arange(700.0), False),  # creeping from 0.0012 to 0.0006, a thousandth of the way
        (np.full(50, 0.3), False),
        (np.zeros(30), False),  # a perceptron that is done
        (np.concatenate([np.linspace(1, 0.5, 50), np.linspace(0.5, 0.8, 50)]), False),  # overfitting
        ([1.0], False),
        ([1.0, 0.5], True),
        ([0.5, 1.0], False),
        ([math.nan] * 10, False),
        ([math.inf, 1.0, 0.9, math.nan], False),
        ([], False),
    ],
)
def test_of_a_loss(values: Sequence[float], expected: bool) -> None:
    assert still_improving(values) is expected


def test_a_lucky_epoch_of_a_noisy_curve_is_no_gain() -> None:
    noise = 0.5 + 0.002 * np.random.default_rng(0).standard_normal(200)
    noise[195] = noise.min() - 0.001
    assert not still_improving(noise.tolist())


def test_of_a_score() -> None:
    rising = np.linspace(0.5, 0.9, 100).tolist()
    assert still_improving(rising, maximize=True)
    assert not still_improving(rising)
    assert not still_improving(rising[::-1], maximize=True)
