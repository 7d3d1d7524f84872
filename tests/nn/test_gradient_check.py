"""The gradient check finds what is wrong, and only that."""

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.nn.gradient_check import MOST_ENTRIES, check_array


def cubic(values: Array) -> Array:
    """J [M] = Σ v³ of values [M, 2, 3]."""
    summed: Array = (values**3).sum(axis=(1, 2))
    return summed


def test_a_right_gradient_passes_for_every_member() -> None:
    values = np.random.default_rng(0).standard_normal((3, 2, 3))
    kept = values.copy()
    difference = check_array("w", values, 3 * values**2, lambda: cubic(values))
    assert difference.name == "w"
    assert difference.checked == 6
    assert difference.relative_error.shape == (3,)
    assert (difference.relative_error < 1e-9).all()
    np.testing.assert_array_equal(values, kept)


def test_a_wrong_entry_is_found_and_put_down_to_its_member() -> None:
    values = np.random.default_rng(0).standard_normal((3, 2, 3))
    gradient = 3 * values**2
    gradient[1, 0, 2] *= 1.001
    error = check_array("w", values, gradient, lambda: cubic(values)).relative_error
    assert error[1] > 1e-6
    assert max(error[0], error[2]) < 1e-9


def test_the_error_is_relative_to_both_gradients() -> None:
    values = np.full((1, 1), 2.0)
    # J = v: the gradient is 1, 3 is claimed: |3 − 1| / (3 + 1).
    assert check_array("w", values, np.full((1, 1), 3.0), lambda: values[:, 0]).relative_error == pytest.approx(0.5)
    # The opposite sign is as wrong as can be.
    assert check_array("w", values, np.full((1, 1), -1.0), lambda: values[:, 0]).relative_error == pytest.approx(1)


def test_where_both_vanish_there_is_no_error() -> None:
    values = np.ones((2, 4))
    assert check_array("w", values, np.zeros((2, 4)), lambda: np.zeros(2)).relative_error.tolist() == [0, 0]


def test_a_gradient_that_is_lost_in_the_rounding_of_the_cost_vanishes() -> None:
    """Saturated units have gradients of 1e-20; claimed to be 1e-3, they are as wrong as can be."""
    values = np.ones((2, 4))
    claimed = np.array([[1e-20], [1e-3]]) * np.ones((2, 4))
    error = check_array("w", values, claimed, lambda: 5 + 1e-20 * values.sum(axis=1)).relative_error
    assert error.tolist() == [0, pytest.approx(1)]


def test_large_arrays_are_sampled_the_same_way_each_time() -> None:
    values = np.random.default_rng(0).standard_normal((1, 50, 40))
    perturbed: list[int] = []

    def cost() -> Array:
        perturbed.append(int(np.argmax(np.abs(values - kept))))
        return cubic(values)

    kept = values.copy()
    for _ in range(2):
        assert check_array("w", values, 3 * values**2, cost).checked == MOST_ENTRIES
    once = 1 + 2 * MOST_ENTRIES  # J as it is, and on both sides of each entry
    assert perturbed[:once] == perturbed[once:]
    assert len(set(perturbed[1:once])) == MOST_ENTRIES
    assert max(perturbed) > values.size * 0.9  # from anywhere in the array


def test_a_view_of_theta_is_perturbed_in_place() -> None:
    theta = np.random.default_rng(1).standard_normal((2, 10))
    view = theta[:, 2:8].reshape(2, 3, 2)
    difference = check_array("w", view, 2 * view, lambda: (theta**2).sum(axis=1))
    assert (difference.relative_error < 1e-9).all()


def test_a_small_gradient_of_a_large_cost_is_not_lost_in_rounding() -> None:
    """J = 1000 + 1e-3 Σ sin v: the difference of two costs keeps few digits of the gradient."""
    values = np.random.default_rng(0).uniform(0, 1, (2, 5))
    gradient = 1e-3 * np.cos(values)
    wrong = gradient * np.array([[1], [1.00001]])

    def cost() -> Array:
        summed: Array = 1000 + 1e-3 * np.sin(values).sum(axis=1)
        return summed

    assert (check_array("w", values, gradient, cost).relative_error < 1e-6).all()
    error = check_array("w", values, wrong, cost).relative_error
    assert error[0] < 1e-6 < error[1]


def test_a_cost_that_bends_sharply_is_not_taken_for_a_wrong_gradient() -> None:
    """J = Σ tanh 300 v: at ε = 1e-5 its third derivative shows."""
    values = np.random.default_rng(0).uniform(-0.003, 0.003, (2, 5))
    gradient = 300 * (1 - np.tanh(300 * values) ** 2)
    wrong = gradient * np.array([[1], [1.00001]])

    def cost() -> Array:
        summed: Array = np.tanh(300 * values).sum(axis=1)
        return summed

    assert (check_array("w", values, gradient, cost).relative_error < 1e-9).all()
    error = check_array("w", values, wrong, cost).relative_error
    assert error[0] < 1e-7 < 1e-6 < error[1]


def test_a_right_gradient_that_rounding_parts_from_its_differences_is_not_proven_wrong() -> None:
    """J = 1e6 + 1e-3 Σ v: its last bit is 1e-10, and the differences are good to 1e-5 of the gradient at best."""
    values = np.ones((2, 4))
    right, wrong = np.full((1, 4), 1e-3), np.full((1, 4), 1.01e-3)
    found = check_array("w", values, np.vstack([right, wrong]), lambda: 1e6 + 1e-3 * values.sum(axis=1) ** 3 / 48)
    assert (found.relative_error > 1e-7).all() or found.relative_error.max() == 0  # lost beside J, or in its rounding
    assert found.proven[0] == 0


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_one_wrong_entry_is_proven_as_far_as_rounding_allows(offset: float) -> None:
    values = np.random.default_rng(0).standard_normal((2, 6))
    gradient = 3 * values**2
    gradient[1, 4] *= 1.01
    found = check_array("w", values, gradient, lambda: offset + (values**3).sum(axis=1))
    assert found.proven[1] > 1e-4
    assert found.proven[0] == 0


def test_large_values_are_moved_by_a_share_of_them() -> None:
    """1e12 + 1e-5 is 1e12."""
    values = np.array([[1e12, 3.0]])
    found = check_array("w", values, np.array([[1e-12, 1.0]]) * [[1.0, 1.0]], lambda: values @ [1e-12, 1.0])
    assert (found.relative_error < 1e-9).all()


def test_what_is_not_finite_is_neither_right_nor_wrong() -> None:
    values = np.array([[1.0], [1.0]])
    found = check_array("w", values, np.array([[np.inf], [1.0]]), lambda: values[:, 0] * [np.inf, 1.0])
    assert np.isnan(found.relative_error[0])
    assert found.proven.tolist() == [0, 0]
    assert found.relative_error[1] < 1e-9


def test_a_kink_that_is_nearer_than_every_step() -> None:
    """J = max(0, v) at 1e-11: every difference is 1/2, and the gradient 1. The slopes on both sides give it away."""
    values = np.full((2, 3), 1e-11)
    gradient = np.ones((2, 3))
    assert check_array("w", values, gradient, lambda: np.maximum(values, 0).sum(axis=1)).proven.tolist() == [0, 0]
    gradient[1] = 1.5  # that of neither side
    found = check_array("w", values, gradient, lambda: np.maximum(values, 0).sum(axis=1))
    assert (found.relative_error > 0.1).all()
