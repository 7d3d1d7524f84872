"""The penalized cost J = L + λ Ω(θ) and its gradient, for a network as a whole."""

import numpy as np
import pytest

from nntrain.nn.losses import CrossEntropy
from nntrain.optim.penalties import L1, L2
from nntrain.streams import Key
from tests.conformance.differences import TOLERANCE, numeric_gradient, relative_error
from tests.conformance.losses import LOSSES, network_for
from tests.conformance.test_losses import Trained
from tests.optim.oracle import parameters_of

ROW = next(row for row in LOSSES if row.name == "cross-entropy")


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("kind", [L1, L2])
def test_backpropagation_plus_penalty_agrees_with_central_differences(kind: type[L1] | type[L2], members: int) -> None:
    rng = np.random.default_rng(0)
    network = network_for(ROW, [Key(seed) for seed in range(members)])
    x, t = rng.standard_normal((1, 6, 3)), ROW.targets(rng, 1, 6, ROW.outputs)
    trained = Trained(network, CrossEntropy(), x, t, None)
    strength = np.array([0.3, 0.0, 1.5])[:members, None]
    penalty = kind(strength)
    penalty.bind(parameters_of(network.theta, network.grad, penalized=network.blueprint.penalized))
    numeric = numeric_gradient(lambda: trained.cost() + penalty.value(network.theta), network.theta)
    trained.gradient()
    by_parts = network.grad + penalty.gradient(network.theta)
    assert relative_error(by_parts, numeric) < TOLERANCE
    # The value and the gradient from their definitions, member by member.
    weights = network.parameters()["0.w"]
    for member in range(members):
        w = weights[member].ravel().tolist()
        omega = sum(abs(value) if kind is L1 else value**2 for value in w)
        assert penalty.value(network.theta)[member] == pytest.approx(strength[member, 0] * omega, rel=1e-13)
    if isinstance(penalty, L2):
        penalty.apply(np.ones((members, 1)))
        np.testing.assert_allclose(network.grad, by_parts, rtol=1e-14)
