"""Products with their arrays bound are products, whatever the layout, and of the same bits alone and together."""

import numpy as np
import pytest

from nntrain.nn.product import product


@pytest.mark.parametrize("members", [1, 2, 5])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("by_feature", [False, True])
def test_a_product_is_that_of_plain_loops(members: int, shared: bool, by_feature: bool) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((1 if shared else members, 7, 4)), rng.standard_normal((members, 4, 3))
    out = np.empty((members, 3, 7)).swapaxes(1, 2) if by_feature else np.empty((members, 7, 3))
    product(a, b, out)()
    for member in range(members):
        for row in range(7):
            for column in range(3):
                left = a[0 if shared else member, row]
                expected = sum(left[k] * b[member, k, column] for k in range(4))
                assert out[member, row, column] == pytest.approx(expected, rel=1e-12)


SIZES = [(7, 4, 3), (33, 17, 10), (300, 301, 10), (777, 333, 3), (64, 50, 1), (128, 96, 64)]


@pytest.mark.parametrize("members", [2, 3, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_member_has_the_same_bits_alone_and_together(
    members: int, dtype: type[np.floating], transposed: bool
) -> None:
    rng = np.random.default_rng(0)
    for rows, inner, columns in SIZES:
        b = rng.standard_normal((members, inner, columns)).astype(dtype)
        for shared in (False, True):
            shape = (inner, rows) if transposed else (rows, inner)
            a = rng.standard_normal((1 if shared else members, *shape)).astype(dtype)
            a = a.swapaxes(1, 2) if transposed else a
            together = np.empty((members, rows, columns), dtype)
            product(a, b, together)()
            for member in range(members):
                own = slice(0, 1) if shared else slice(member, member + 1)
                alone = np.empty((1, rows, columns), dtype)
                product(a[own], b[member : member + 1], alone)()
                assert alone[0].tobytes() == together[member].tobytes()


def test_one_member_goes_the_shorter_way_to_blas() -> None:
    a, b, out = np.ones((1, 2, 2)), np.ones((1, 2, 2)), np.empty((1, 2, 2))
    assert product(a, b, out).func is np.dot  # type: ignore[attr-defined]
