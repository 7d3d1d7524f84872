"""Clipping by norm: PyTorch's numbers, hand-computed ones, and exactness where it is off."""

from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.errors import UserError
from nntrain.optim.clipping import RUN, ClipNorm
from tests.optim.oracle import ORACLE, parameters_of

NORMS = ORACLE["norms"]


def clip(limit: Any, grad: Array) -> tuple[Array, Array]:
    """The clipped gradient and the norms."""
    grad = grad.copy()
    clipping = ClipNorm(limit)
    clipping.bind(parameters_of(np.zeros_like(grad), grad))
    clipping.apply(np.ones((len(grad), 1)))
    return grad, clipping.norms


def test_clips_like_pytorch() -> None:
    # PyTorch divides by the norm plus 1e-6.
    clipped, norms = clip(1.5, np.array([NORMS["vector"]]))
    np.testing.assert_allclose(norms, [NORMS["norm"]], rtol=1e-14)
    np.testing.assert_allclose(clipped[0], NORMS["clipped to 1.5"], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_by_hand(dtype: str) -> None:
    grad = np.array([[3.0, 4.0], [0.3, 0.4], [30.0, 40.0], [0.0, 0.0]], dtype)
    clipped, norms = clip(np.array([[1.0], [1.0], [np.inf], [1.0]]), grad)
    np.testing.assert_allclose(norms, [5.0, 0.5, 50.0, 0.0], rtol=1e-6)
    np.testing.assert_allclose(clipped[0], [0.6, 0.8], rtol=1e-6)
    assert clipped[1:].tobytes() == grad[1:].tobytes()
    assert clipped.dtype == dtype


@pytest.mark.parametrize("size", [1, 7, RUN - 1, RUN, RUN + 1, 3 * RUN + 5])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_alone_equals_together(size: int, dtype: str) -> None:
    grad = np.random.default_rng(2).standard_normal((3, size)).astype(dtype)
    limits = np.array([[0.5], [2.0], [1e9]])
    clipped, norms = clip(limits, grad)
    np.testing.assert_allclose(norms, np.linalg.norm(grad.astype(np.float64), axis=1), rtol=1e-6)
    for place in range(3):
        alone, norm = clip(float(limits[place, 0]), grad[place : place + 1])
        assert alone[0].tobytes() == clipped[place].tobytes()
        assert norm[0] == norms[place]


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_norm_that_is_not_finite_leaves_the_gradient_alone_without_a_warning(value: float) -> None:
    grad = np.ones((3, 2 * RUN), np.float32)
    grad[1, RUN // 2] = value
    clipped, norms = clip(1.0, grad)
    assert not np.isfinite(norms[1])
    assert clipped[1].tobytes() == grad[1].tobytes()
    assert clipped[[0, 2]].tobytes() == clip(1.0, grad[[0, 2]])[0].tobytes()


def test_off_measures_only() -> None:
    grad = np.array([[3.0, -4.0]])
    clipped, norms = clip(np.inf, grad)
    assert clipped.tobytes() == grad.tobytes()
    assert norms.tolist() == [5.0]


def test_select_keeps_the_members_limits() -> None:
    clipping = ClipNorm(np.array([[1.0], [np.inf], [2.0]]))
    assert np.array_equal(clipping.select(np.array([2, 1])).hyperparameters["clip_norm"], [[2.0], [np.inf]])


def test_a_limit_out_of_range_is_refused() -> None:
    with pytest.raises(UserError) as error:
        ClipNorm(0.0)
    assert str(error.value) == "clip_norm must be above 0 (infinity switches it off), got 0"


def test_a_gradient_whose_squares_overflow_is_clipped_all_the_same() -> None:
    grad = np.array([[3e30, 4e30], [3, 4]], dtype=np.float32)  # norms 5e30 and 5, by hand
    clipped, norms = clip(np.array([[10.0], [10.0]]), grad)
    assert norms == pytest.approx([5e30, 5.0])
    assert clipped.tolist() == [pytest.approx([6.0, 8.0]), [3.0, 4.0]]
