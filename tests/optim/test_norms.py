"""The length of gradients, by hand."""

import numpy as np
import pytest

from nntrain.optim.norms import gradient_norm, squared_norms


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradients_norm_by_hand(dtype: type[np.floating]) -> None:
    norm = gradient_norm(np.array([[3.0, 4.0], [-5.0, 12.0], [0.0, 0.0]], dtype))
    assert norm.dtype == np.float64
    assert norm.tolist() == [5.0, 13.0, 0.0]


def test_the_gradients_norm_does_not_overflow_before_a_float32_does() -> None:
    assert gradient_norm(np.full((1, 4), 3e38, np.float32)) == pytest.approx(6e38)


def test_a_member_has_the_bits_that_it_has_alone() -> None:
    grad = np.random.default_rng(0).standard_normal((3, 20_000)).astype(np.float32)
    squares = squared_norms(grad)
    assert squares.dtype == np.float64
    for member in range(3):
        assert squared_norms(grad[member : member + 1]).tobytes() == squares[member].tobytes()
    np.testing.assert_allclose(squares, (grad.astype(np.float64) ** 2).sum(axis=1), rtol=1e-12)
