"""Schedules against PyTorch's, the lecture's formulas by hand, and the rules of populations."""

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.assembly.optimization import build_schedule
from nntrain.config.schedule import AnySchedule
from nntrain.errors import RunError, UserError
from nntrain.optim.schedules import (
    ConstantRate,
    Cosine,
    Exponential,
    InverseTime,
    Plateau,
    Power,
    Schedule,
    StepDecay,
    Warmup,
)
from tests.conformance.definitions import concrete_subclasses
from tests.optim.configs import configured, types_of
from tests.optim.oracle import ORACLE

BASE = np.array([[0.4]])


def first_rates(schedule: Schedule, epochs: int, base: Array = BASE) -> list[float]:
    return [float(schedule.rates(epoch, base)[0, 0]) for epoch in range(epochs)]


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("step", StepDecay(every=4, factor=0.5)),
        ("exponential", Exponential(0.9)),
        ("cosine", Cosine(epochs=12, minimum_factor=0.1)),
        ("inverse_time", InverseTime(0.2)),
        ("power", Power(0.7)),
        ("warmup 4, exponential", Warmup(4, Exponential(0.9))),
    ],
)
def test_rates_are_those_of_pytorch(name: str, schedule: Schedule) -> None:
    np.testing.assert_allclose(first_rates(schedule, 12), ORACLE["schedules"][name], rtol=1e-12)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (ConstantRate(), [0.4, 0.4, 0.4]),
        # t = 0, 1, 2, 3
        (InverseTime(1.0), [0.4, 0.2, 0.4 / 3, 0.1]),
        (InverseTime(1.0, constant_epochs=2), [0.4, 0.4, 0.4, 0.2, 0.4 / 3, 0.1]),
        (InverseTime(0.0), [0.4, 0.4]),
        # t = 1, 2, 3, 4
        (Power(1.0), [0.4, 0.2, 0.4 / 3, 0.1]),
        (Power(0.5, constant_epochs=2), [0.4, 0.4, 0.4, 0.4 / 2**0.5, 0.4 / 3**0.5, 0.2]),
        (StepDecay(every=2, factor=0.1), [0.4, 0.4, 0.04, 0.04, 0.004]),
        (Exponential(0.5), [0.4, 0.2, 0.1]),
        # half of it at half time, and the minimum after the end
        (Cosine(epochs=2), [0.4, 0.2, 0.0, 0.0]),
        (Cosine(epochs=2, minimum_factor=0.5), [0.4, 0.3, 0.2, 0.2]),
        (Warmup(1, ConstantRate()), [0.4, 0.4, 0.4]),
        (Warmup(2, ConstantRate()), [0.2, 0.4, 0.4]),
        (Warmup(4, InverseTime(1.0)), [0.1, 0.2, 0.3, 0.4, 0.4, 0.2]),
        (Warmup(0, Exponential(0.5)), [0.4, 0.2]),
    ],
)
def test_rates_by_hand(schedule: Schedule, expected: list[float]) -> None:
    np.testing.assert_allclose(first_rates(schedule, len(expected)), expected, rtol=1e-12, atol=1e-17)


def test_the_last_rate_of_a_cosine_is_above_its_minimum() -> None:
    """The minimum is that of the epoch after the last: of 5 epochs at 0.1 the last has 0.186, as docs/maths.md says."""
    shares = [rate / 0.4 for rate in first_rates(Cosine(epochs=5, minimum_factor=0.1), 6)]
    cos_144 = -(1 + 5**0.5) / 4
    assert shares[4] == pytest.approx(0.1 + 0.9 * (1 + cos_144) / 2, rel=1e-12)
    assert shares[4] == pytest.approx(0.186, abs=5e-4)
    assert shares[5] == pytest.approx(0.1, rel=1e-12)


def test_the_rates_of_the_slide_which_counts_epochs_from_1() -> None:
    """ITMO, "Model convergence": α / (1 + δ t) in epoch t = 1, 2, …; how docs/maths.md says that they are had."""
    alpha, delta = 0.5, 0.25
    assert alpha / (1 + delta) == 0.4  # the base rate of these tests
    slide = [alpha / (1 + delta * t) for t in range(1, 9)]
    np.testing.assert_allclose(first_rates(InverseTime(delta / (1 + delta)), 8), slide, rtol=1e-12)


# Every schedule, with columns for three members and for each of them alone.
POPULATIONS: list[tuple[Schedule, list[Schedule]]] = [
    (ConstantRate(), [ConstantRate()] * 3),
    (
        InverseTime(np.array([[0.1], [0.2], [0.0]]), np.array([[0], [3], [1]])),
        [InverseTime(0.1, 0), InverseTime(0.2, 3), InverseTime(0.0, 1)],
    ),
    (
        Power(np.array([[0.6], [1.0], [0.77]]), np.array([[0], [3], [1]])),
        [Power(0.6), Power(1.0, 3), Power(0.77, 1)],
    ),
    (
        StepDecay(np.array([[2], [1], [3]]), np.array([[0.3], [0.9], [0.77]])),
        [StepDecay(2, 0.3), StepDecay(1, 0.9), StepDecay(3, 0.77)],
    ),
    (Exponential(np.array([[0.3], [1.0], [0.77]])), [Exponential(0.3), Exponential(1.0), Exponential(0.77)]),
    (
        Cosine(np.array([[7], [9], [12]]), np.array([[0.3], [1.0], [0.0]])),
        [Cosine(7, 0.3), Cosine(9, 1.0), Cosine(12, 0.0)],
    ),
    (
        Plateau(np.array([[0.3], [0.7], [0.5]]), np.array([[2], [1], [3]]), np.array([[0.0], [0.1], [0.2]])),
        [Plateau(0.3, 2, 0.0), Plateau(0.7, 1, 0.1), Plateau(0.5, 3, 0.2)],
    ),
    (
        Warmup(3, Plateau(np.array([[0.3], [0.7], [0.5]]), 2)),
        [Warmup(3, Plateau(0.3, 2)), Warmup(3, Plateau(0.7, 2)), Warmup(3, Plateau(0.5, 2))],
    ),
    (
        Warmup(np.array([[4], [0], [1]]), Exponential(np.array([[0.3], [0.7], [0.5]]))),
        [Warmup(4, Exponential(0.3)), Exponential(0.7), Warmup(1, Exponential(0.5))],
    ),
    (
        Warmup(np.array([[6], [0], [2]]), Plateau(np.array([[0.3], [0.7], [0.5]]), np.array([[1], [2], [1]]))),
        [Warmup(6, Plateau(0.3, 1)), Plateau(0.7, 2), Warmup(2, Plateau(0.5, 1))],
    ),
]
BASES = np.array([[0.4], [0.1], [0.03]])
VALUES = np.random.default_rng(1).standard_normal((12, 3)) / np.arange(1, 13)[:, None]


# What the config needs to be told of those that have no defaults for everything.
REQUIRED = {
    "inverse_time": {"decay": 0.1},
    "power": {"exponent": 0.6},
    "step": {"every": 2, "factor": 0.5},
    "exponential": {"factor": 0.9},
}
WITH_ROWS = {type(together) for together, _ in POPULATIONS}


def test_every_schedule_has_a_row() -> None:
    assert concrete_subclasses(Schedule, "nntrain.optim") == WITH_ROWS


def test_every_schedule_of_the_config_has_a_row() -> None:
    sections = [{"type": type_, **REQUIRED.get(type_, {})} for type_ in types_of(AnySchedule)]
    built = {type(build_schedule([configured(schedule=section)])) for section in sections}
    built.add(type(build_schedule([configured(schedule={"type": "constant", "warmup_epochs": 3})])))
    assert len(built) == len(sections) + 1
    assert built == WITH_ROWS


@pytest.mark.parametrize(("together", "alone"), POPULATIONS)
def test_alone_equals_together_bit_for_bit(together: Schedule, alone: list[Schedule]) -> None:
    for epoch, values in enumerate(VALUES):
        rates = together.rates(epoch, BASES)
        assert rates.shape == (3, 1)
        assert rates.dtype == np.float64
        for place, schedule in enumerate(alone):
            assert schedule.rates(epoch, BASES[place : place + 1]).tobytes() == rates[place].tobytes()
            schedule.observe(epoch, values[place : place + 1])
        together.observe(epoch, values)


@pytest.mark.parametrize("together", [together for together, _ in POPULATIONS])
def test_those_who_are_left_go_on_as_before(together: Schedule) -> None:
    rows = np.array([2, 0])
    left: Schedule | None = None
    restored: Schedule | None = None
    for epoch, values in enumerate(VALUES):
        if epoch == 5:
            left, restored = together.select(rows), together.select(rows)
            restored.load_state({name: array[rows].copy() for name, array in together.state().items()})
        expected = together.rates(epoch, BASES)[rows]
        together.observe(epoch, values)
        for schedule in (left, restored):
            if schedule is not None:
                assert schedule.rates(epoch, BASES[rows]).tobytes() == expected.tobytes()
                schedule.observe(epoch, values[rows])


def test_rates_leave_the_base_alone() -> None:
    base = np.array([[0.4]])
    for schedule in (ConstantRate(), Plateau()):
        rates = schedule.rates(0, base)
        rates *= 2
        assert base[0, 0] == 0.4


def plateau_rates(schedule: Plateau, values: list[float]) -> list[float]:
    rates = []
    for epoch, value in enumerate(values):
        schedule.observe(epoch, np.array([value]))
        rates.append(float(schedule.rates(epoch + 1, np.ones((1, 1)))[0, 0]))
    return rates


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # improves by more than 0.1 each time
        ([5.0, 4.0, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0]),
        # two epochs without: halved, and counted anew
        ([5.0, 5.0, 5.0, 5.0, 5.0], [1.0, 1.0, 0.5, 0.5, 0.25]),
        # 0.1 is not more than min_delta; the best value stays 5
        ([5.0, 4.9, 4.89], [1.0, 1.0, 1.0]),
        ([5.0, 4.95, 4.91], [1.0, 1.0, 0.5]),
        # an improvement resets the count
        ([5.0, 6.0, 4.0, 6.0, 6.0], [1.0, 1.0, 1.0, 1.0, 0.5]),
        # what is no number counts from the first number on
        ([float("nan"), float("inf"), 1.0, float("nan"), 2.0], [1.0, 1.0, 1.0, 1.0, 0.5]),
        ([float("nan")] * 5, [1.0] * 5),
        ([1.0, float("nan"), float("nan"), 1.0, float("nan")], [1.0, 1.0, 0.5, 0.5, 0.25]),
    ],
)
def test_plateau_by_hand(values: list[float], expected: list[float]) -> None:
    assert plateau_rates(Plateau(factor=0.5, patience=2, min_delta=0.1), values) == expected


WARM = 5
# What follows five epochs of warm-up to 0.4, worked out by hand; no epoch is better than another.
AFTER_WARMUP = [
    (ConstantRate(), [0.4, 0.4, 0.4, 0.4]),
    (InverseTime(1.0), [0.4, 0.2, 0.4 / 3, 0.1]),
    (Power(1.0), [0.4, 0.2, 0.4 / 3, 0.1]),
    (StepDecay(every=2, factor=0.1), [0.4, 0.4, 0.04, 0.04]),
    (Exponential(0.5), [0.4, 0.2, 0.1, 0.05]),
    (Cosine(epochs=2), [0.4, 0.2, 0.0, 0.0]),
    # the first epoch after the warm-up is the first that others can fall short of
    (Plateau(factor=0.5, patience=1), [0.4, 0.4, 0.2, 0.1]),
    (Plateau(factor=0.5, patience=2), [0.4, 0.4, 0.4, 0.2]),
]


@pytest.mark.parametrize(("after", "expected"), AFTER_WARMUP)
def test_what_is_observed_in_the_warmup_does_not_count(after: Schedule, expected: list[float]) -> None:
    schedule, rates = Warmup(WARM, after), []
    for epoch in range(WARM + len(expected)):
        rates.append(float(schedule.rates(epoch, BASE)[0, 0]))
        schedule.observe(epoch, np.array([1.0]))
    np.testing.assert_allclose(rates, [0.08, 0.16, 0.24, 0.32, 0.4, *expected], rtol=1e-12, atol=1e-17)


def test_a_value_of_the_warmup_is_no_best_one() -> None:
    """0.1, reached in the warm-up, is not what the epochs after it are compared with."""
    schedule, rates = Warmup(1, Plateau(factor=0.5, patience=1, min_delta=0.0)), []
    for epoch, value in enumerate([0.1, 0.9, 0.8, 0.8, 0.7]):
        rates.append(float(schedule.rates(epoch, BASE)[0, 0]))
        schedule.observe(epoch, np.array([value]))
    assert rates == [0.4, 0.4, 0.4, 0.4, 0.2]


def test_plateau_refuses_a_state_that_is_not_its_own() -> None:
    with pytest.raises(RunError) as error:
        Plateau().load_state({"best": np.zeros(1)})
    assert str(error.value) == (
        "plateau: the schedule's state has the arrays ['best'], expected ['best', 'scale', 'waited']"
    )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: StepDecay(0, 0.5), "every must be at least 1 and finite, got 0"),
        (lambda: StepDecay(1, 0.0), "factor must be above 0 and at most 1, got 0"),
        (lambda: Exponential(1.5), "factor must be above 0 and at most 1, got 1.5"),
        (lambda: Cosine(0), "epochs must be at least 1 and finite, got 0"),
        (lambda: Cosine(5, 2.0), "minimum_factor must be at least 0 and at most 1, got 2"),
        (lambda: Power(0.0), "exponent must be above 0 and at most 1, got 0"),
        (lambda: InverseTime(-1.0), "decay must be at least 0 and finite, got -1"),
        (lambda: Plateau(patience=0), "patience must be above 0 and finite, got 0"),
        (lambda: Warmup(-1, ConstantRate()), "warmup_epochs must be at least 0 and finite, got -1"),
    ],
)
def test_constants_out_of_range_are_refused(make: type[Schedule], text: str) -> None:
    with pytest.raises(UserError) as error:
        make()
    assert str(error.value) == text
