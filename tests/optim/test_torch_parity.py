"""Every rule and option against PyTorch's optimizers, over 20 steps with a change of rate in the middle."""

import numpy as np
import pytest

from nntrain.optim.adagrad import Adagrad
from nntrain.optim.adam import Adam, AdamW
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.penalties import L2
from nntrain.optim.rmsprop import RmsProp
from nntrain.optim.sgd import Sgd
from tests.optim.oracle import ORACLE, Run

# name in the oracle → (rule, rate, λ of l2). PyTorch's weight decay d adds d W to the gradient: λ = d / 2.
CASES: dict[str, tuple[Optimizer, float, float]] = {
    "sgd": (Sgd(), 0.5, 0.0),
    "sgd, l2": (Sgd(), 0.5, 0.05),
    "sgd, momentum": (Sgd(momentum=0.9), 0.2, 0.0),
    "sgd, momentum, l2": (Sgd(momentum=0.5), 0.2, 0.05),
    "sgd, nesterov": (Sgd(momentum=0.9, nesterov=True), 0.2, 0.0),
    "adagrad": (Adagrad(), 0.3, 0.0),
    "adagrad, accumulator": (Adagrad(initial_accumulator=0.1), 0.3, 0.0),
    "adagrad, eps": (Adagrad(eps=0.1), 0.3, 0.0),
    "rmsprop": (RmsProp(), 0.05, 0.0),
    "rmsprop, rho": (RmsProp(rho=0.5), 0.05, 0.0),
    "rmsprop, eps": (RmsProp(eps=0.1), 0.05, 0.0),
    "rmsprop, momentum": (RmsProp(eps=0.01, momentum=0.8), 0.02, 0.0),
    "rmsprop, l2": (RmsProp(), 0.05, 0.05),
    "adam": (Adam(), 0.1, 0.0),
    "adam, betas": (Adam(beta1=0.5, beta2=0.9), 0.1, 0.0),
    "adam, betas 0": (Adam(beta1=0.0, beta2=0.0), 0.1, 0.0),
    "adam, eps": (Adam(eps=0.1), 0.1, 0.0),
    "adam, l2": (Adam(), 0.1, 0.05),
    "adamw": (AdamW(), 0.1, 0.0),
    "adamw, decay": (AdamW(weight_decay=0.5), 0.1, 0.0),
    "adamw, options": (AdamW(beta1=0.8, beta2=0.95, eps=0.01, weight_decay=0.2), 0.1, 0.0),
    "adamw, no decay": (AdamW(weight_decay=0.0), 0.1, 0.0),
}


def test_every_stored_case_is_compared() -> None:
    assert list(CASES) == list(ORACLE["rules"])


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", CASES)
def test_the_path_is_that_of_pytorch(name: str, members: int) -> None:
    optimizer, rate, strength = CASES[name]
    run = Run(optimizer, members=members, l2=L2(strength))
    for step, expected in enumerate(ORACLE["rules"][name]):
        theta = run.step(rate if step < 10 else rate / 2)
        np.testing.assert_allclose(theta, [expected] * members, rtol=0, atol=1e-12 if step < 3 else 1e-9)


@pytest.mark.parametrize("name", CASES)
def test_float32_follows_the_same_path(name: str) -> None:
    optimizer, rate, strength = CASES[name]
    run = Run(optimizer, dtype="float32", l2=L2(strength))
    for step, expected in enumerate(ORACLE["rules"][name]):
        theta = run.step(rate if step < 10 else rate / 2)
        assert theta.dtype == np.float32
        np.testing.assert_allclose(theta[0], expected, rtol=0, atol=1e-4)
