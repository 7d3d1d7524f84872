"""Single steps that were computed by hand, and what a rule refuses."""

import math

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.errors import RunError, UserError
from nntrain.optim.adagrad import Adagrad
from nntrain.optim.adam import Adam, AdamW
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.rmsprop import RmsProp
from nntrain.optim.sgd import Sgd
from tests.optim.oracle import parameters_of


def walk(optimizer: Optimizer, gradients: list[float], *, start: float = 1.0, rate: float = 0.1) -> list[float]:
    """Where one parameter goes under given gradients."""
    theta, grad = np.full((1, 1), start), np.zeros((1, 1))
    optimizer.bind(parameters_of(theta, grad))
    path = []
    for gradient in gradients:
        grad[...] = gradient
        optimizer.apply(np.full((1, 1), rate))
        path.append(float(theta[0, 0]))
    return path


@pytest.mark.parametrize(
    ("optimizer", "gradients", "expected"),
    [
        (Sgd(), [0.5, -2.0], [0.95, 1.15]),
        # v = 1, 1.9
        (Sgd(momentum=0.9), [1.0, 1.0], [0.9, 0.71]),
        # g + β v = 1.9, 2.71
        (Sgd(momentum=0.9, nesterov=True), [1.0, 1.0], [0.81, 0.539]),
        (Sgd(momentum=0.0, nesterov=True), [0.5, -2.0], [0.95, 1.15]),
        # s = 4, 8
        (Adagrad(), [2.0, 2.0], [0.9, 0.9 - 0.2 / math.sqrt(8)]),
        (Adagrad(initial_accumulator=5.0), [2.0], [1 - 0.2 / 3]),
        (Adagrad(eps=2.0), [2.0], [0.95]),
        # s = 0.4, 0.36
        (RmsProp(), [2.0, 0.0], [1 - 0.2 / math.sqrt(0.4), 1 - 0.2 / math.sqrt(0.4)]),
        (RmsProp(rho=0.75, eps=1.0), [2.0], [0.9]),
        # v = 2, then 0.5 · 2 + 0
        (RmsProp(rho=0.75, eps=1e-300, momentum=0.5), [2.0, 0.0], [0.8, 0.7]),
        # The first step of Adam is α whatever the gradient, and so is each one while it stays the same.
        (Adam(), [1e-3, 1e-3, 1e-3], [0.9, 0.8, 0.7]),
        # m = 0.09, v = 0.000999 after the second
        (Adam(), [1.0, 0.0], [0.9, 0.9 - 0.1 * (0.09 / 0.19) / math.sqrt(0.000999 / 0.001999)]),
        (Adam(eps=1.0), [1.0], [0.95]),
        (AdamW(weight_decay=0.5), [1.0], [0.95 - 0.1]),
    ],
)
def test_steps_by_hand(optimizer: Optimizer, gradients: list[float], expected: list[float]) -> None:
    np.testing.assert_allclose(walk(optimizer, gradients), expected, rtol=1e-5 if optimizer.name == "adam" else 1e-8)


def test_weight_decay_spares_biases() -> None:
    theta, grad = np.array([[2.0, 2.0, 2.0]]), np.ones((1, 3))
    optimizer = AdamW(eps=1e-12, weight_decay=0.5)
    optimizer.bind(parameters_of(theta, grad, penalized=2))
    optimizer.apply(np.array([[0.1]]))
    np.testing.assert_allclose(theta, [[1.8, 1.8, 1.9]], rtol=1e-10)


def test_nesterov_without_momentum_needs_no_velocity() -> None:
    theta, grad = np.ones((1, 2)), np.ones((1, 2))
    optimizer = Sgd(nesterov=True)
    optimizer.bind(parameters_of(theta, grad))
    assert set(optimizer.state()) == {"steps"}


def bound(optimizer: Optimizer, members: int = 2) -> Optimizer:
    optimizer.bind(parameters_of(np.ones((members, 3))))
    return optimizer


def test_a_step_before_bind_says_what_to_do() -> None:
    for optimizer in (Sgd(), bound(Sgd()).select(np.array([0]))):
        with pytest.raises(RuntimeError) as error:
            optimizer.apply(np.ones((1, 1)))
        assert str(error.value) == "the optimizer has no parameters to work on: call bind() before apply()"


@pytest.mark.parametrize(
    ("theta", "grad", "text"),
    [
        (
            np.ones((1, 3)),
            np.ones((1, 4)),
            "theta and grad must be [M, P] and alike, got [1, 3] float64 and [1, 4] float64",
        ),
        (
            np.ones((1, 3), np.float32),
            np.ones((1, 3)),
            "theta and grad must be [M, P] and alike, got [1, 3] float32 and [1, 3] float64",
        ),
        (np.ones(3), np.ones(3), "theta and grad must be [M, P] and alike, got [3] float64 and [3] float64"),
        (np.ones((3, 2)).T, np.ones((2, 3)), "theta and grad must be C-contiguous"),
        (np.ones((3, 2)), np.ones((3, 2)), "momentum has 2 members, theta has 3"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(theta: Array, grad: Array, text: str) -> None:
    with pytest.raises(ValueError, match=r"theta") as error:
        Sgd(momentum=np.array([[0.5], [0.9]])).bind(parameters_of(theta, grad))
    assert str(error.value) == text


def test_a_state_with_other_arrays_is_refused() -> None:
    optimizer = bound(Sgd(momentum=0.9))
    with pytest.raises(RunError) as error:
        optimizer.load_state({"steps": np.zeros(2, np.int64), "squares": np.zeros((2, 3))})
    assert str(error.value) == (
        "sgd: the optimizer's state has the arrays ['squares', 'steps'], expected ['steps', 'velocity']"
    )


def test_a_state_of_another_shape_is_refused() -> None:
    optimizer = bound(Sgd(momentum=0.9))
    with pytest.raises(RunError) as error:
        optimizer.load_state({"steps": np.zeros(2, np.int64), "velocity": np.zeros((2, 4))})
    assert str(error.value) == "sgd: 'velocity' in the optimizer's state has shape [2, 4], expected [2, 3]"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Sgd(momentum=1.0), "momentum must be at least 0 and below 1, got 1"),
        (lambda: Sgd(momentum=np.array([[0.5], [-0.1]])), "momentum must be at least 0 and below 1, got -0.1"),
        (lambda: Adam(beta2=float("nan")), "beta2 must be at least 0 and below 1, got nan"),
        (lambda: Adam(eps=0.0), "eps must be above 0 and finite, got 0"),
        (lambda: AdamW(weight_decay=-1.0), "weight_decay must be at least 0 and finite, got -1"),
        (
            lambda: RmsProp(rho=np.array([0.5, 0.9])),
            "rho must be a number or an array [members, 1], got an array [2]",
        ),
    ],
)
def test_hyperparameters_out_of_range_are_refused(make: type[Optimizer], text: str) -> None:
    with pytest.raises(UserError) as error:
        make()
    assert str(error.value) == text
