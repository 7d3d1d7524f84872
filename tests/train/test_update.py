"""One update: the order in which its parts act, and the gradient's norm."""

import numpy as np
import pytest

from nntrain.memory import Memory
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.network import Network
from nntrain.optim.adam import Adam
from nntrain.optim.clipping import ClipNorm
from nntrain.optim.penalties import L1, L2, MaxNorm
from nntrain.optim.sgd import Sgd
from nntrain.train.update import Update, gradient_norm
from tests.nn.chains import chain


def neurons(members: int, inputs: int = 1) -> Network:
    """Linear neurons with theta = (w, b) for each member."""
    return Network(plan(chain([("0", Dense(1))]), (inputs,)), members, Memory(np.float64))


def test_the_parts_act_in_their_order() -> None:
    """w = 3, b = 1, gradient (1, 2).

    l2 with λ = 0.5 adds 2 · 0.5 · 3 to the first: (4, 2), of length √20. Clipped to √5: (2, 1). A step at 0.5: w = 2,
    b = 0.5. l1 with λ = 0.4 takes 0.2 from w: 1.8. The length 1.5 at most: 1.5. Nothing of this touches b but the
    gradient's length.
    """
    network = neurons(1)
    network.theta[...] = [[3.0, 1.0]]
    network.grad[...] = [[1.0, 2.0]]
    update = Update(Sgd(), L1(0.4), L2(0.5), MaxNorm(1.5), ClipNorm(np.sqrt(5.0)))
    update.bind(network)
    update.step(np.array([[0.5]]))
    np.testing.assert_allclose(network.theta, [[1.5, 0.5]], rtol=1e-15)


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (Update(Sgd()), [2.5, 0.0]),
        (Update(Sgd(), l2=L2(0.5)), [1.0, 0.0]),
        (Update(Sgd(), clip_norm=ClipNorm(np.sqrt(1.25))), [2.75, 0.5]),
        (Update(Sgd(), l1=L1(0.4)), [2.3, 0.0]),
        (Update(Sgd(), l1=L1(100.0)), [0.0, 0.0]),
        (Update(Sgd(), max_norm=MaxNorm(0.75)), [0.75, 0.0]),
    ],
    ids=["plain", "l2", "clip_norm", "l1", "much l1", "max_norm"],
)
def test_parts_may_be_left_out(update: Update, expected: list[float]) -> None:
    network = neurons(1)
    network.theta[...] = [[3.0, 1.0]]
    network.grad[...] = [[1.0, 2.0]]
    update.bind(network)
    update.step(np.array([[0.5]]))
    np.testing.assert_allclose(network.theta, [expected], rtol=1e-15)


def test_max_norm_measures_the_vector_that_comes_into_a_unit() -> None:
    network = Network(plan(chain([("0", Dense(2))]), (2,)), 1, Memory(np.float64))
    network.parameters()["0.w"][...] = [[[3.0, 0.3], [4.0, 0.4]]]
    update = Update(Sgd(), max_norm=MaxNorm(2.5))
    update.bind(network)
    update.step(np.array([[0.1]]))
    np.testing.assert_allclose(network.parameters()["0.w"][0], [[1.5, 0.3], [2.0, 0.4]], rtol=1e-15)


def test_selected_members_go_on_with_their_slots_and_columns() -> None:
    def update_of(rows: list[int]) -> Update:
        columns = np.array([[0.5], [0.9], [0.8]])[rows]
        return Update(Adam(beta1=columns), L1(columns / 10), L2(columns / 5), MaxNorm(columns * 2), ClipNorm(columns))

    rng = np.random.default_rng(0)
    start, gradients = rng.standard_normal((3, 5)), rng.standard_normal((6, 3, 5))
    rates = np.array([[0.1], [0.2], [0.3]])
    everyone, update = neurons(3, inputs=4), update_of([0, 1, 2])
    everyone.theta[...] = start
    update.bind(everyone)
    network, rows = everyone, np.array([0, 1, 2])
    for step in range(6):
        if step == 3:
            rows = np.array([2, 0])
            network = network.select(rows, Memory(np.float64))
            update = update.select(rows, network)
        network.grad[...] = gradients[step, rows]
        update.step(rates[rows])
    for place, member in enumerate(rows.tolist()):
        alone, own = neurons(1, inputs=4), update_of([member])
        alone.theta[...] = start[member]
        own.bind(alone)
        for step in range(6):
            alone.grad[...] = gradients[step, member]
            own.step(rates[member : member + 1])
        np.testing.assert_array_equal(alone.theta[0], network.theta[place])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradients_norm_by_hand(dtype: type[np.floating]) -> None:
    norm = gradient_norm(np.array([[3.0, 4.0], [-5.0, 12.0], [0.0, 0.0]], dtype))
    assert norm.dtype == np.float64
    assert norm.tolist() == [5.0, 13.0, 0.0]


def test_the_gradients_norm_does_not_overflow_before_a_float32_does() -> None:
    assert gradient_norm(np.full((1, 4), 3e38, np.float32)) == pytest.approx(6e38)
