"""One update: the order in which its parts act, and their state."""

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.errors import RunError
from nntrain.memory import Memory
from nntrain.nn.blueprint import plan
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.network import Network
from nntrain.optim.adam import Adam
from nntrain.optim.averaging import MovingAverage
from nntrain.optim.clipping import ClipNorm
from nntrain.optim.constraints import MaxNorm
from nntrain.optim.penalties import L1, L2
from nntrain.optim.sgd import Sgd
from nntrain.optim.transformation import Transformation
from nntrain.optim.update import Update


def neurons(members: int, inputs: int = 1) -> Network:
    """Linear neurons with theta = (w, b) for each member."""
    return Network(plan(Chain({"0": Dense(1)}), (inputs,)), members, Memory(np.float64))


def average_of(update: Update) -> Array:
    """The moving average [M, P] of an update that ends with one."""
    average = update.parts[-1]
    assert isinstance(average, MovingAverage)
    return average.parameters


def test_the_parts_act_in_their_order() -> None:
    """w = 3, b = 1, gradient (1, 2).

    l2 with λ = 0.5 adds 2 · 0.5 · 3 to the first: (4, 2), of length √20. Clipped to √5: (2, 1). A step at 0.5: w = 2,
    b = 0.5. l1 with λ = 0.4 takes 0.2 from w: 1.8. The length 1.5 at most: 1.5. Nothing of this touches b but the
    gradient's length.
    """
    network = neurons(1)
    network.theta[...] = [[3.0, 1.0]]
    network.grad[...] = [[1.0, 2.0]]
    update = Update(L2(0.5), ClipNorm(np.sqrt(5.0)), Sgd(), L1(0.4), MaxNorm(1.5))
    update.bind(network)
    update.step(np.array([[0.5]]))
    np.testing.assert_allclose(network.theta, [[1.5, 0.5]], rtol=1e-15)


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (Update(Sgd()), [2.5, 0.0]),
        (Update(L2(0.5), Sgd()), [1.0, 0.0]),
        (Update(ClipNorm(np.sqrt(1.25)), Sgd()), [2.75, 0.5]),
        (Update(Sgd(), L1(0.4)), [2.3, 0.0]),
        (Update(Sgd(), L1(100.0)), [0.0, 0.0]),
        (Update(Sgd(), MaxNorm(0.75)), [0.75, 0.0]),
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
    network = Network(plan(Chain({"0": Dense(2)}), (2,)), 1, Memory(np.float64))
    network.parameters()["0.w"][...] = [[[3.0, 0.3], [4.0, 0.4]]]
    update = Update(Sgd(), MaxNorm(2.5))
    update.bind(network)
    update.step(np.array([[0.1]]))
    np.testing.assert_allclose(network.parameters()["0.w"][0], [[1.5, 0.3], [2.0, 0.4]], rtol=1e-15)


def test_selected_members_go_on_with_their_slots_and_columns() -> None:
    def update_of(rows: list[int]) -> Update:
        columns = np.array([[0.5], [0.9], [0.8]])[rows]
        return Update(
            L2(columns / 5),
            ClipNorm(columns),
            Adam(beta1=columns),
            L1(columns / 10),
            MaxNorm(columns * 2),
            MovingAverage(columns),
        )

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
        np.testing.assert_array_equal(average_of(own)[0], average_of(update)[place])


def test_its_state_has_the_arrays_of_the_optimizer_by_name_and_those_of_others_behind_theirs() -> None:
    update = Update(ClipNorm(1.0), Adam(), MaxNorm(1.0), MovingAverage(0.9))
    update.bind(neurons(2))
    update.step(np.ones((2, 1)))
    names = {"steps", "gradients", "squares", "beta1_power", "beta2_power", "average/parameters", "average/count"}
    assert update.state().keys() == names


def test_going_on_from_a_state_changes_no_bit() -> None:
    rng = np.random.default_rng(3)
    gradients, rates = rng.standard_normal((8, 2, 2)), np.array([[0.1], [0.2]])

    def fresh() -> tuple[Update, Network]:
        update, network = Update(L2(0.1), Adam(), MovingAverage(0.9)), neurons(2)
        update.bind(network)
        return update, network

    straight, network = fresh()
    later, another = fresh()
    for step, gradient in enumerate(gradients):
        if step == 4:
            another.theta[...] = network.theta
            later.load_state({name: array.copy() for name, array in straight.state().items()})
        network.grad[...] = another.grad[...] = gradient
        straight.step(rates)
        later.step(rates)
    np.testing.assert_array_equal(network.theta, another.theta)
    for name, array in straight.state().items():
        np.testing.assert_array_equal(later.state()[name], array)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"average/parameters": None},
            "average: the optimizer's state has the arrays ['count'], expected ['count', 'parameters']",
        ),
        (
            {"other/count": np.zeros(1)},
            "sgd: the optimizer's state has the arrays ['other/count', 'steps', 'velocity'], "
            "expected ['steps', 'velocity']",
        ),
        (
            {"average/count": np.zeros(2)},
            "average: 'count' in the optimizer's state has shape [2], expected [1]",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused(change: dict[str, Array | None], text: str) -> None:
    update = Update(Sgd(0.9), MovingAverage(0.9))
    update.bind(neurons(1))
    changed = {**update.state(), **change}
    with pytest.raises(RunError) as error:
        update.load_state({name: array for name, array in changed.items() if array is not None})
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([L1(0.1)], "an update has one optimizer, got 0 among ['l1']"),
        ([Sgd(), Adam()], "an update has one optimizer, got 2 among ['sgd', 'adam']"),
        ([L2(0.1), Sgd(), L2(0.2)], "the parts of an update must have different names, got ['l2', 'sgd', 'l2']"),
    ],
)
def test_parts_that_make_no_update_are_refused(parts: list[Transformation], text: str) -> None:
    with pytest.raises(ValueError, match=r"update") as error:
        Update(*parts)
    assert str(error.value) == text


def test_penalties_are_the_parts_that_add_to_the_cost() -> None:
    update = Update(L2(0.1), ClipNorm(1.0), Sgd(), L1(0.2), MaxNorm(1.0))
    assert [part.name for part in update.penalties] == ["l2", "l1"]
    assert update.optimizer is update.parts[2]
