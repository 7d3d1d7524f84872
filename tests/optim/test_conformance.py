"""What every optimizer must do. One row for each; a test compares the rows with the config's optimizers."""

import inspect
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.assembly.optimization import build_optimizer
from nntrain.config.optimizer import AnyOptimizer
from nntrain.optim.adagrad import Adagrad
from nntrain.optim.adam import Adam, AdamW
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.rmsprop import RmsProp
from nntrain.optim.sgd import Sgd
from tests.conformance.definitions import concrete_subclasses
from tests.optim.configs import configured, types_of
from tests.optim.oracle import Run, parameters_of


@dataclass(frozen=True)
class Row:
    """An optimizer under test.

    Attributes:
        rule: its class.
        differing: hyperparameters that three members differ in; `fixed`, options that are alike for all.
        rate: one with which it gets Rosenbrock's function down in 5000 steps.
    """

    rule: type[Optimizer]
    differing: dict[str, tuple[float, float, float]]
    rate: float
    fixed: dict[str, Any] = field(default_factory=dict)

    def member(self, place: int) -> Optimizer:
        """The rule with one member's values."""
        return self.rule(**{name: values[place] for name, values in self.differing.items()}, **self.fixed)

    def population(self) -> Optimizer:
        """The rule with those of all three."""
        return self.rule(**{name: np.array(values)[:, None] for name, values in self.differing.items()}, **self.fixed)


ROWS = {
    "sgd": Row(Sgd, {}, 1e-3),
    "sgd with momentum": Row(Sgd, {"momentum": (0.9, 0.0, 0.5)}, 1e-4),
    "sgd with nesterov": Row(Sgd, {"momentum": (0.9, 0.0, 0.5)}, 5e-4, {"nesterov": True}),
    "adagrad": Row(Adagrad, {"eps": (1e-10, 1e-3, 0.5), "initial_accumulator": (0.0, 0.1, 1.0)}, 0.5),
    "rmsprop": Row(RmsProp, {"rho": (0.99, 0.5, 0.0), "eps": (1e-8, 1e-3, 0.5)}, 2e-3),
    "rmsprop with momentum": Row(RmsProp, {"momentum": (0.9, 0.0, 0.5), "rho": (0.9, 0.5, 0.9)}, 2e-4),
    "adam": Row(Adam, {"beta1": (0.9, 0.0, 0.5), "beta2": (0.999, 0.9, 0.0), "eps": (1e-8, 1e-3, 0.5)}, 0.02),
    "adam, shared betas": Row(Adam, {"eps": (1e-8, 1e-3, 0.5)}, 0.02),
    "adamw": Row(AdamW, {"beta2": (0.999, 0.9, 0.5), "weight_decay": (0.0, 0.01, 0.5)}, 0.02),
}
RATES = np.array([[0.1], [0.03], [0.2]])
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
both_dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def test_every_optimizer_has_a_row() -> None:
    assert {row.rule for row in ROWS.values()} == concrete_subclasses(Optimizer, "nntrain.optim")


def test_every_optimizer_of_the_config_has_a_row() -> None:
    built = {type_: type(build_optimizer([configured(optimizer={"type": type_})])) for type_ in types_of(AnyOptimizer)}
    assert built == {row.rule.name: row.rule for row in ROWS.values()}


def test_an_optimizer_without_a_row_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in {row.rule for row in ROWS.values()}:
        monkeypatch.setattr(f"{__name__}.ROWS", {name: row for name, row in ROWS.items() if row.rule is not missing})
        for check in (test_every_optimizer_has_a_row, test_every_optimizer_of_the_config_has_a_row):
            with pytest.raises(AssertionError):
                check()
        monkeypatch.undo()


@every_row
def test_every_hyperparameter_differs_between_members_in_some_row(row: Row) -> None:
    covered = {name for other in ROWS.values() if other.rule is row.rule for name in (*other.differing, *other.fixed)}
    parameters = set(inspect.signature(row.rule).parameters)
    if row.rule is AdamW:
        covered |= {name for other in ROWS.values() if other.rule is Adam for name in other.differing}
    assert parameters == covered


@every_row
def test_solves_a_parabola(row: Row) -> None:
    goal = np.array([3.0, -1.0])
    run = Run(row.member(0), start=np.zeros(2), gradient=lambda theta: 2 * (theta - goal), penalized=0)
    for step in range(1000):
        run.step(0.5 if row.rule is Adagrad else 0.05 / (1 + 0.01 * step))
    np.testing.assert_allclose(run.theta[0], goal, atol=1e-2)


def rosenbrock(theta: Array) -> Array:
    x, y = theta[:, 0], theta[:, 1]
    values: Array = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    return values


def rosenbrock_gradient(theta: Array) -> Array:
    x, y = theta[:, 0], theta[:, 1]
    return np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=1)


@every_row
def test_gets_rosenbrock_down(row: Row) -> None:
    run = Run(row.member(0), start=np.array([-1.2, 1.0]), gradient=rosenbrock_gradient, penalized=0)
    assert rosenbrock(run.theta)[0] == pytest.approx(24.2)
    run.steps(5000, row.rate)
    assert rosenbrock(run.theta)[0] < 0.1


@both_dtypes
@every_row
def test_alone_equals_together_bit_for_bit(row: Row, dtype: str) -> None:
    together = Run(row.population(), members=3, dtype=dtype)
    together.steps(25, RATES)
    for place in range(3):
        alone = Run(row.member(place), dtype=dtype).steps(25, RATES[place])
        assert together.theta[place].tobytes() == alone[0].tobytes()
    assert together.theta.dtype == dtype


def noise(members: int, size: int, dtype: str, steps: int = 6) -> list[Array]:
    rng = np.random.default_rng(5)
    return [rng.standard_normal((members, size)).astype(dtype) for _ in range(steps)]


def follow(optimizer: Optimizer, gradients: list[Array], rates: Array, *, threads: int = 1) -> Array:
    """Where ones go under given gradients, which are the same whatever theta is."""
    theta, grad = np.ones_like(gradients[0]), np.empty_like(gradients[0])
    penalized = theta.shape[1] * 2 // 3
    optimizer.bind(parameters_of(theta, grad, penalized=penalized, threads=threads))
    for gradient in gradients:
        grad[...] = gradient
        optimizer.apply(rates)
    return theta


@pytest.mark.parametrize("block_bytes", [256, 6_000, 9_000])
@both_dtypes
@every_row
def test_blocks_and_threads_change_no_bit(
    row: Row, dtype: str, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gradients = noise(3, 777, dtype)
    whole = follow(row.population(), gradients, RATES)
    monkeypatch.setattr("nntrain.optim.blocks.BLOCK_BYTES", block_bytes)
    monkeypatch.setattr("nntrain.optim.optimizer.PARALLEL_FROM", 1)
    for threads in (1, 2, 3):
        assert follow(row.population(), gradients, RATES, threads=threads).tobytes() == whole.tobytes()
        for place in range(3):
            own = [gradient[place : place + 1] for gradient in gradients]
            alone = follow(row.member(place), own, RATES[place : place + 1], threads=threads)
            assert alone.tobytes() == whole[place].tobytes()


@both_dtypes
@every_row
def test_going_on_from_a_state_changes_no_bit(row: Row, dtype: str) -> None:
    straight = Run(row.population(), members=3, dtype=dtype).steps(20, RATES)
    first = Run(row.population(), members=3, dtype=dtype)
    first.steps(7, RATES)
    state = {name: array.copy() for name, array in first.optimizer.state().items()}
    second = Run(row.population(), members=3, dtype=dtype)
    second.steps(2, RATES)  # what was there before is forgotten
    second.theta[...] = first.theta
    second.optimizer.load_state(state)
    assert second.optimizer.state()["steps"].tolist() == [7, 7, 7]
    assert second.steps(13, RATES).tobytes() == straight.tobytes()
    assert second.optimizer.state()["steps"].tolist() == [20, 20, 20]


@pytest.mark.parametrize("rows", [[0, 2], [1], [2, 1, 0]])
@every_row
def test_those_who_are_left_go_on_as_before(row: Row, rows: list[int]) -> None:
    straight = Run(row.population(), members=3).steps(20, RATES)
    first, left = Run(row.population(), members=3), np.array(rows)
    first.steps(7, RATES)
    second = Run(first.optimizer.select(left), members=len(rows))
    second.theta[...] = first.theta[left]
    second.optimizer.load_state({name: array[left] for name, array in first.optimizer.state().items()})
    assert second.steps(13, RATES[left]).tobytes() == straight[left].tobytes()


@every_row
def test_members_may_be_at_different_steps(row: Row) -> None:
    runs = [Run(row.member(place)) for place in range(3)]
    for place, run in enumerate(runs):
        run.steps(4 * place, RATES[place])
    together = Run(row.population(), members=3)
    together.theta[...] = np.concatenate([run.theta for run in runs])
    # A rule with momentum in some members has a velocity for all.
    states = [run.optimizer.state() for run in runs]
    blank = {name: array[:1] for name, array in together.optimizer.state().items()}
    together.optimizer.load_state(
        {name: np.concatenate([state.get(name, blank[name]) for state in states]) for name in blank}
    )
    together.steps(5, RATES)
    for place, run in enumerate(runs):
        assert run.steps(5, RATES[place])[0].tobytes() == together.theta[place].tobytes()


@every_row
def test_an_overflowing_member_touches_nobody(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.optim.optimizer.PARALLEL_FROM", 1)
    gradients = noise(3, 400, "float32")
    expected = follow(row.population(), gradients, RATES)
    for gradient, bad in zip(gradients, (1e38, np.inf, np.nan), strict=False):
        gradient[1] = bad
    with np.errstate(all="ignore"):
        theta = follow(row.population(), gradients, RATES, threads=2)
    assert theta[[0, 2]].tobytes() == expected[[0, 2]].tobytes()


@every_row
def test_a_rate_of_zero_stands_still(row: Row) -> None:
    run = Run(row.population(), members=3)
    before = run.theta.copy()
    run.steps(3, [[0.1], [0.0], [0.1]])
    assert run.theta[1].tobytes() == before[1].tobytes()
    assert (run.theta[[0, 2]] != before[[0, 2]]).any()


def peak_of(work: Callable[[], object]) -> int:
    """How many bytes are allocated at most while working, after a first time."""
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@every_row
def test_a_step_allocates_nothing_of_the_size_of_theta(row: Row) -> None:
    theta, grad = np.ones((3, 20_000)), np.ones((3, 20_000))
    optimizer = row.population()
    optimizer.bind(parameters_of(theta, grad, penalized=15_000))
    assert peak_of(lambda: optimizer.apply(RATES)) < 8_000
