"""Activations and losses out to the largest and the smallest numbers of the dtype, against decimals of 60 digits."""

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.memory import Memory
from nntrain.nn.activations import (
    Activation,
    Elu,
    Gelu,
    LeakyRelu,
    Linear,
    Relu,
    Sigmoid,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from nntrain.nn.layer import Layer
from nntrain.nn.losses import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Perceptron,
)
from tests.conformance.definitions import concrete_subclasses
from tests.nn.test_activations import ALL, apply
from tests.nn.test_losses import answers

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])
Dtype = type[np.floating]
Function = Callable[[Decimal], tuple[Decimal, Decimal]]


def numbers(dtype: Dtype) -> Array:
    """0, denormals, the powers of ten between and the largest numbers, of both signs."""
    info = np.finfo(dtype)
    largest = float(info.max)
    sizes = [float(info.smallest_subnormal), float(info.tiny), 1e-30, 1e-10, 1e-4, 0.5, 1, 4, 7, 9, 12, 20, 31, 33, 87]
    sizes += [89, 104, 708, 746, 1e4, 1e9, 1e13, 1.9e13, 1e18, 1.9e19, 1e20, 1e30, largest / 2, largest]
    sizes += [1e100, 1e154, 1e200, 1e300] if dtype is np.float64 else []
    return np.array([0.0, -0.0, *sizes, *(-size for size in sizes)], dtype)


ONE, HALF = Decimal(1), Decimal("0.5")


def _sigmoid(x: Decimal) -> tuple[Decimal, Decimal]:
    small = (-abs(x)).exp()
    return (ONE if x >= 0 else small) / (ONE + small), small / (ONE + small) ** 2


def _tanh(x: Decimal) -> tuple[Decimal, Decimal]:
    small = (-2 * abs(x)).exp()
    return ((ONE - small) / (ONE + small)).copy_sign(x), 4 * small / (ONE + small) ** 2


def _gelu(x: Decimal) -> tuple[Decimal, Decimal]:
    root = (Decimal(2) / Decimal("3.14159265358979323846264338327950288419716939937510582097494459")).sqrt()
    t, slope = _tanh(root * (x + Decimal("0.044715") * x**3))
    return HALF * x * (1 + t), HALF * (1 + t) + HALF * x * slope * root * (1 + 3 * Decimal("0.044715") * x**2)


def _softplus(x: Decimal) -> tuple[Decimal, Decimal]:
    return max(x, Decimal(0)) + (1 + (-abs(x)).exp()).ln(), _sigmoid(x)[0]


def _elu(alpha: float) -> Function:
    a = Decimal(alpha)
    return lambda x: (x, ONE) if x > 0 else (a * (x.exp() - 1), a * x.exp())


def _leaky(alpha: float) -> Function:
    return lambda x: (x, ONE) if x >= 0 else (Decimal(alpha) * x, Decimal(alpha))


EXACT: dict[str, tuple[Layer, Function]] = {
    "linear": (Linear(), lambda x: (x, ONE)),
    "step": (Step(), lambda x: (Decimal(x > 0), Decimal(0))),
    "sigmoid": (Sigmoid(), _sigmoid),
    "tanh": (Tanh(), _tanh),
    "relu": (Relu(), lambda x: (max(x, Decimal(0)), Decimal(x > 0))),
    "leaky_relu alpha=0.1": (LeakyRelu(), _leaky(0.1)),
    "leaky_relu alpha=0.3": (LeakyRelu(0.3), _leaky(0.3)),
    "elu alpha=1": (Elu(), _elu(1.0)),
    "elu alpha=0.5": (Elu(0.5), _elu(0.5)),
    "gelu": (Gelu(), _gelu),
    "softplus": (Softplus(), _softplus),
}


def test_every_activation_is_here() -> None:
    assert set(EXACT) | {"softmax"} == set(ALL)
    assert {type(layer) for layer in ALL.values()} == concrete_subclasses(Activation, "nntrain.nn")


@DTYPES
@pytest.mark.parametrize("name", EXACT)
def test_values_and_slopes_are_right_and_nothing_overflows(name: str, dtype: Dtype) -> None:
    layer, exact = EXACT[name]
    x = numbers(dtype)
    with np.errstate(all="raise", under="ignore"):
        y, dx = apply(layer, x[:, None], dtype=dtype)
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -999_999_999, 999_999_999
        pairs = [exact(Decimal(float(value))) for value in x]
        expected = np.array([[float(value) for value in pair] for pair in pairs])
    # Where a number is the difference of two of size 1 (or |x|, as 1 + tanh in GELU), it is accurate absolutely.
    eps = float(np.finfo(dtype).eps)
    near = np.where(np.abs(x) < 40, np.abs(x), 0)
    assert (np.abs(y[:, 0] - expected[:, 0]) <= 8 * eps * np.abs(expected[:, 0]) + eps * near + 1e-38).all()
    assert (np.abs(dx[:, 0] - expected[:, 1]) <= 8 * eps * np.abs(expected[:, 1]) + 8 * eps + 1e-38).all()


@DTYPES
@pytest.mark.parametrize("name", EXACT)
def test_the_largest_gradients_come_through(name: str, dtype: Dtype) -> None:
    """Where a slope is above 1 the product does not fit, and is infinite; nowhere else is it."""
    largest = float(np.finfo(dtype).max)
    with np.errstate(all="raise", under="ignore"):
        _, slope = apply(EXACT[name][0], numbers(dtype)[:, None], dtype=dtype)
        for sign in (1, -1):
            with np.errstate(over="ignore"):
                _, dx = apply(EXACT[name][0], numbers(dtype)[:, None], sign * largest, dtype=dtype)
                expected = slope * np.array(sign * largest, dtype)
            np.testing.assert_array_equal(dx, expected)


@DTYPES
def test_gelu_is_to_the_bit_the_plain_formula_where_that_can_be_computed(dtype: Dtype) -> None:
    x = np.random.default_rng(0).standard_normal((50, 20)).astype(dtype) * np.logspace(-3, 2, 20).astype(dtype)
    c = dtype(math.sqrt(2 / math.pi))
    t = np.tanh((x * x * dtype(0.044715) + 1) * x * c)
    slope = (1 - t * t) * ((x * x * dtype(3 * 0.044715) + 1) * x * dtype(0.5 * math.sqrt(2 / math.pi)))
    y, dx = apply(Gelu(), x, dtype=dtype)
    np.testing.assert_array_equal(y, (t + 1) * x * dtype(0.5))
    np.testing.assert_array_equal(dx, slope + t * dtype(0.5) + dtype(0.5))


def logits(dtype: Dtype) -> Array:
    """Three of each: [N, 3]."""
    some = numbers(dtype)[::3]
    largest = np.finfo(dtype).max
    some = np.concatenate([some, np.array([largest, -largest, largest / 2, -largest / 2], dtype)])
    return np.stack([np.repeat(some, len(some)), np.tile(some, len(some)), np.zeros(len(some) ** 2, dtype)], axis=1)


def exact_softmax(z: Array) -> tuple[Array, list[list[Decimal]]]:
    """softmax(z) and −ln softmax(z)_k of every class: [N, K], the latter as decimals, for it may not fit."""
    shares, losses = [], []
    for row in z:
        exact = [Decimal(float(value)) for value in row]
        largest = max(exact)
        powers = [(value - largest).exp() for value in exact]
        shares.append([float(power / sum(powers)) for power in powers])
        losses.append([sum(powers, Decimal(0)).ln() - (value - largest) for value in exact])
    return np.array(shares), losses


@DTYPES
def test_softmax(dtype: Dtype) -> None:
    z, dy = logits(dtype), np.array([[1.0, -0.5, 0.25]])
    with np.errstate(all="raise", under="ignore"):
        y, dx = apply(Softmax(), z, dy, dtype)
    expected, _ = exact_softmax(z)
    eps = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(y, expected, rtol=300 * eps, atol=1e-38)
    jacobian = expected * (dy - (expected * dy).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(dx, jacobian, rtol=300 * eps, atol=4 * eps)


def fitting(value: Decimal | Fraction, dtype: Dtype) -> float:
    """A number as the dtype has it: infinite where it is too large."""
    try:
        with np.errstate(over="ignore"):
            return float(dtype(float(value)))
    except OverflowError:
        return math.inf if value > 0 else -math.inf


@DTYPES
@pytest.mark.parametrize("weight", [None, 0.5])
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_cross_entropy(smoothing: float, weight: float | None, dtype: Dtype) -> None:
    """Every example by itself. Only a loss that is too large itself is infinite; gradients always fit."""
    z = logits(dtype)
    shares, losses = exact_softmax(z)
    for row, (share, of_class) in enumerate(zip(shares, losses, strict=True)):
        for k in range(3):
            t = np.eye(3)[k] * (1 - smoothing) + smoothing / 3
            factors = None if weight is None else [weight]
            with np.errstate(all="raise", under="ignore"):
                value, dy, outputs = answers(CrossEntropy(smoothing), [z[row]], [np.eye(3)[k]], factors, dtype)
            exact = sum((Decimal(float(a)) * b for a, b in zip(t, of_class, strict=True)), Decimal(0))
            # In half of the largest numbers the exact and the rounded one may lie on either side of the limit.
            assert value == pytest.approx(fitting(exact * Decimal(weight or 1), dtype), rel=1e-5, abs=1e-6) or (
                weight is not None and math.isinf(value) and exact > Decimal(float(np.finfo(dtype).max))
            )
            np.testing.assert_allclose(outputs[0], share, rtol=1e-4, atol=1e-38)
            np.testing.assert_allclose(dy[0], (weight or 1) * (np.array(share) - t), rtol=1e-4, atol=1e-6)


@DTYPES
def test_a_batch_in_which_one_example_is_far_apart(dtype: Dtype) -> None:
    """The others count as ever, and no state is left behind."""
    far, near = [float(np.finfo(dtype).max), -float(np.finfo(dtype).max)], [0.0, math.log(3)]
    t = [[1, 0], [0, 1]]
    with np.errstate(all="raise", under="ignore"):
        value, dy, _ = answers(CrossEntropy(), [far, near], t, dtype=dtype)
    assert value == pytest.approx(math.log(4 / 3) / 2, rel=1e-6)
    np.testing.assert_allclose(dy, np.array([[0, 0], [0.125, -0.125]]), rtol=1e-6)


def test_a_member_whose_logits_are_far_apart_or_no_numbers_changes_no_bit_of_the_others() -> None:
    rng, largest = np.random.default_rng(0), float(np.finfo(np.float32).max)
    usual = rng.standard_normal((5, 3)).astype(np.float32)
    t = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1]]
    far = np.tile(np.array([largest, 0, -largest], np.float32), (5, 1))
    far[:, 0] *= np.where(t[:, 0] == 1, 1, -1)
    lost = np.full((5, 3), np.nan, np.float32)
    memory = Memory(np.float32)
    y = memory.flowing(3, 5, (3,))
    y[...] = np.stack([usual, far, lost])
    targets = memory.flowing(1, 5, (3,))
    targets[...] = t
    loss = CrossEntropy().bind(y, targets, None, memory, training=True)
    with np.errstate(all="ignore"):
        loss.forward()
    alone, _, _ = answers(CrossEntropy(), usual, t, dtype=np.float32)
    assert loss.value[0] == pytest.approx(alone, rel=1e-6)
    y[1:] = usual
    before = loss.value[0]
    loss.forward()
    assert loss.value[0] == before
    assert loss.value[1] == before


@DTYPES
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_binary_cross_entropy(smoothing: float, dtype: Dtype) -> None:
    """A logit that fits costs no more than itself, so the loss fits."""
    for z in numbers(dtype):
        share = float(_sigmoid(Decimal(float(z)))[0])
        for t in (0.0, 1.0):
            smooth = t * (1 - smoothing) + smoothing / 2
            with np.errstate(all="raise", under="ignore"):
                value, dy, outputs = answers(BinaryCrossEntropy(smoothing), [[z]], [[t]], dtype=dtype)
            exact = _softplus(Decimal(float(z)))[0] - Decimal(smooth) * Decimal(float(z))
            assert value == pytest.approx(float(exact), rel=1e-5, abs=1e-6)
            assert outputs[0, 0] == pytest.approx(share, rel=1e-4, abs=1e-38)
            assert dy[0, 0] == pytest.approx(share - smooth, rel=1e-4, abs=1e-6)


def _huber(delta: float) -> Callable[[Fraction], tuple[Fraction, Fraction]]:
    d = Fraction(delta)
    return lambda e: (e * e / 2, e) if abs(e) <= d else (d * (abs(e) - d / 2), d if e > 0 else -d)


def _sign(e: Fraction) -> Fraction:
    return Fraction((e > 0) - (e < 0))


# The loss of one output and its derivative, from the exact error y − t.
OF_ERRORS: dict[str, tuple[Loss, Callable[[Fraction], tuple[Fraction, Fraction]]]] = {
    "mean squared": (MeanSquaredError(), lambda e: (e * e, 2 * e)),
    "mean absolute": (MeanAbsoluteError(), lambda e: (abs(e), _sign(e))),
    "huber": (Huber(), _huber(1.0)),
    "huber of 1000": (Huber(1000.0), _huber(1000.0)),
}


def test_every_loss_is_here() -> None:
    others = {BinaryCrossEntropy, CrossEntropy, HalfSquaredError, Perceptron}
    assert {type(loss) for loss, _ in OF_ERRORS.values()} | others == concrete_subclasses(Loss, "nntrain.nn")


@DTYPES
def test_half_the_square_is_taken_of_a_square_that_fits(dtype: Dtype) -> None:
    root = float(np.sqrt(np.finfo(dtype).max))
    for y, value in ((0.9 * root, 0.405), (-0.9 * root, 0.405), (1.1 * root, math.inf), (-1.1 * root, math.inf)):
        with np.errstate(all="raise", over="ignore"):
            found, dy, _ = answers(HalfSquaredError(), [[y]], [[0]], dtype=dtype)
        assert found / float(np.finfo(dtype).max) == pytest.approx(value, rel=1e-5)
        assert dy[0, 0] == pytest.approx(y, rel=1e-6)


@DTYPES
@pytest.mark.parametrize("name", OF_ERRORS)
def test_losses_of_errors(name: str, dtype: Dtype) -> None:
    """What is too large for the dtype is infinite, with the sign of the exact number; nothing is NaN."""
    loss, exact = OF_ERRORS[name]
    info = np.finfo(dtype)
    for y in numbers(dtype):
        for t in (0.0, 1.0, float(y), -float(y), float(info.max), -float(info.max)):
            error = Fraction(float(y)) - Fraction(float(np.array(t, dtype)))
            with np.errstate(all="raise", under="ignore", over="ignore"):
                value, dy, _ = answers(loss, [[y]], [[t]], dtype=dtype)
            for found, right in zip((value, float(dy[0, 0])), exact(error), strict=True):
                assert found == pytest.approx(fitting(right, dtype), rel=1e-5, abs=1e-37)


@DTYPES
def test_the_perceptron(dtype: Dtype) -> None:
    for z in numbers(dtype):
        for t in (0.0, 1.0):
            with np.errstate(all="raise", under="ignore"):
                value, dy, outputs = answers(Perceptron(), [[z]], [[t]], dtype=dtype)
            answer = float(z > 0)
            assert (value, dy[0, 0], outputs[0, 0]) == ((answer - t) * float(z), answer - t, answer)
