"""What every part of an update beside the optimizer must do. One row for each; a test compares them with the config."""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.assembly.optimization import build_update
from nntrain.config.regularization import RegularizationConfig
from nntrain.errors import RunError
from nntrain.optim.averaging import MovingAverage
from nntrain.optim.clipping import ClipNorm
from nntrain.optim.constraints import MaxNorm
from nntrain.optim.hyperparameters import Hyperparameter
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.penalties import L1, L2
from nntrain.optim.transformation import Parameters, Transformation
from tests.conformance.definitions import concrete_subclasses
from tests.optim.configs import configured
from tests.optim.oracle import parameters_of


@dataclass(frozen=True)
class Row:
    """A transformation under test: made from its one hyperparameter, in which three members differ."""

    make: Callable[[Hyperparameter], Transformation]
    values: tuple[float, float, float]

    def together(self) -> Transformation:
        return self.make(np.array(self.values)[:, None])

    def alone(self, member: int) -> Transformation:
        return self.make(self.values[member])


ROWS = {
    "l1": Row(L1, (0.1, 0.0, 0.7)),
    "l2": Row(L2, (0.1, 0.0, 0.7)),
    "max_norm": Row(MaxNorm, (1.0, np.inf, 0.1)),
    "clip_norm": Row(ClipNorm, (0.1, np.inf, 1.0)),
    "average": Row(MovingAverage, (0.999, 0.0, 0.2)),
}
# Parts that no config asks for yet.
NOT_CONFIGURED = {"average"}
# NumPy casts and broadcasts through buffers of 8192 numbers, whatever the size of the array.
CAST_BUFFERS = 100_000
RATES = np.array([[0.1], [0.03], [0.2]])
INPUTS, UNITS = 4, 5
SIZE = INPUTS * UNITS + UNITS
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
both_dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def test_every_transformation_has_a_row() -> None:
    ours = {row.make for row in ROWS.values()}
    assert ours == {part for part in concrete_subclasses(Transformation, "nntrain.optim") if not is_rule(part)}
    assert {row.alone(0).name for row in ROWS.values()} == ROWS.keys()


def is_rule(part: type) -> bool:
    return issubclass(part, Optimizer)


def test_every_regularization_of_the_config_has_a_row() -> None:
    names = []
    for field in RegularizationConfig.model_fields:
        update = build_update([configured(regularization={field: 0.5})])
        names += [part.name for part in update.parts if part is not update.optimizer]
        assert names[-1] == field
    assert set(names) == ROWS.keys() - NOT_CONFIGURED


class Walk:
    """Members with a layer's weights and biases, moved by given steps between which a transformation is applied."""

    def __init__(self, part: Transformation, members: list[int], dtype: str = "float64") -> None:
        self.part, self.members = part, members
        rng = np.random.default_rng(7)
        self.noise = rng.standard_normal((30, 2, 3, SIZE)).astype(dtype)[:, :, members]
        self.theta, self.grad = self.noise[0].copy()
        self.bind(part)

    def bind(self, part: Transformation) -> None:
        self.part = part
        part.bind(parameters(self.theta, self.grad))

    def go(self, first: int, last: int) -> bytes:
        """The bits of all arrays after some steps."""
        for moved, grad in self.noise[first:last]:
            self.theta += moved
            self.grad[...] = grad
            self.part.apply(RATES[self.members])
        return self.bits(range(len(self.members)))

    def bits(self, places: list[int] | range) -> bytes:
        arrays = [self.theta, self.grad, *self.part.state().values()]
        return b"".join(array[list(places)].tobytes() for array in arrays)


def parameters(theta: Array, grad: Array) -> Parameters:
    weights = theta[:, : INPUTS * UNITS]
    return parameters_of(theta, grad, penalized=INPUTS * UNITS, units=[weights.reshape(len(theta), INPUTS, UNITS)])


@both_dtypes
@every_row
@pytest.mark.parametrize("block_bytes", [100, 300, 512 * 1024])
def test_alone_equals_together_bit_for_bit(
    row: Row, dtype: str, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntrain.optim.blocks.BLOCK_BYTES", block_bytes)
    together = Walk(row.together(), [0, 1, 2], dtype)
    together.go(1, 20)
    assert together.theta.dtype == together.grad.dtype == dtype
    for member in range(3):
        alone = Walk(row.alone(member), [member], dtype)
        assert alone.go(1, 20) == together.bits([member])


@every_row
def test_it_does_something(row: Row) -> None:
    walk = Walk(row.together(), [0, 1, 2])
    before = walk.bits([0, 2])
    walk.part.apply(RATES)
    assert walk.bits([0, 2]) != before


@every_row
def test_going_on_from_a_state_changes_no_bit(row: Row) -> None:
    straight, first = Walk(row.together(), [0, 1, 2]), Walk(row.together(), [0, 1, 2])
    first.go(1, 8)
    state = {name: array.copy() for name, array in first.part.state().items()}
    first.bind(row.together())
    first.part.apply(np.zeros((3, 1)))  # what was there before is forgotten
    second = Walk(row.together(), [0, 1, 2])
    second.go(1, 8)
    second.bind(row.together())
    second.part.load_state(state)
    assert second.go(8, 20) == straight.go(1, 20)


@pytest.mark.parametrize("rows", [[0, 2], [1], [2, 1, 0]])
@every_row
def test_those_who_are_left_go_on_as_before(row: Row, rows: list[int]) -> None:
    straight, first = Walk(row.together(), [0, 1, 2]), Walk(row.together(), [0, 1, 2])
    straight.go(1, 20)
    first.go(1, 8)
    left = Walk(first.part.select(np.array(rows)), rows)
    left.theta[...] = first.theta[rows]
    left.part.load_state({name: array[rows] for name, array in first.part.state().items()})
    assert left.go(8, 20) == straight.bits(rows)


@every_row
def test_a_state_that_does_not_fit_is_refused(row: Row) -> None:
    part = Walk(row.together(), [0, 1, 2]).part
    with pytest.raises(RunError, match=rf"^{part.name}: the optimizer's state has the arrays"):
        part.load_state({**part.state(), "something": np.zeros(3)})
    for name, array in part.state().items():
        with pytest.raises(RunError, match=rf"^{part.name}: '{name}' in the optimizer's state has shape"):
            part.load_state({**part.state(), name: array[:2]})


@pytest.mark.parametrize("value", [np.inf, np.nan])
@every_row
def test_a_member_that_is_not_finite_touches_nobody(row: Row, value: float) -> None:
    healthy, ill = Walk(row.together(), [0, 1, 2]), Walk(row.together(), [0, 1, 2])
    healthy.go(1, 8)
    ill.noise[3, :, 1, ::2] = value
    with np.errstate(invalid="ignore"):
        ill.go(1, 8)
    assert ill.bits([0, 2]) == healthy.bits([0, 2])


@every_row
def test_hyperparameters_of_other_members_are_refused(row: Row) -> None:
    with pytest.raises(ValueError, match=r"has 3 members, theta has 2"):
        row.together().bind(parameters(np.zeros((2, SIZE)), np.zeros((2, SIZE))))


@every_row
@pytest.mark.parametrize("members", [[0], [0, 1, 2]])
def test_a_step_allocates_nothing_of_the_size_of_theta(row: Row, members: list[int]) -> None:
    if row.make is MaxNorm:
        members = members[:1]  # NumPy copies what it shortens of several members
    theta, grad = np.full((len(members), 40_000), 3.0), np.full((len(members), 40_000), 3.0)
    part, rates = row.together().select(np.array(members)), RATES[members]
    units = [theta[:, :30_000].reshape(len(members), 150, 200)]
    part.bind(parameters_of(theta, grad, penalized=30_000, units=units))
    part.apply(rates)
    theta[...], grad[...] = 3.0, 3.0
    tracemalloc.start()
    try:
        part.apply(rates)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < CAST_BUFFERS < theta.nbytes / len(members)
