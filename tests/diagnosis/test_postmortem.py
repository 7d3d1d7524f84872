"""Where a training diverged, against blow-ups that can be worked out by hand."""

import math
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.batches import Examples
from nntrain.diagnosis.health import SPACING as MEASURED_EVERY
from nntrain.diagnosis.health import Health
from nntrain.diagnosis.postmortem import Finding, Quantity, find
from nntrain.diagnosis.snapshots import SPACING, Snapshots, snapshots_of
from nntrain.memory import Memory
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.initializers import Values
from nntrain.nn.losses import Loss, MeanSquaredError
from nntrain.nn.network import Network
from nntrain.optim.adam import Adam
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.streams import Key, Purpose, Streams
from nntrain.train.loop import Training
from nntrain.train.population import Population
from nntrain.train.records import EpochRecord, StopReason
from nntrain.train.supervised import Supervised, supervised
from tests.nn.chains import chain
from tests.train.problems import Setup
from tests.train.test_loop import alone
from tests.train.test_members import SETUPS

LARGEST = float(np.finfo(np.float32).max)  # 3.4e38


def linear(
    weights: Sequence[Array],
    x: Sequence[Sequence[float]],
    t: Sequence[float],
    *,
    rate: float,
    batch_size: int = 10**6,
    shuffle: bool = False,
    optimizer: Optimizer | None = None,
    loss: Loss | None = None,
    dtype: type[np.floating] = np.float32,
) -> Population:
    """Dense layers without bias, from given weights [I, O]; the squared error of one output."""
    layers = [(str(k), Dense(w.shape[1], Values.of(np.array(w)), bias_initializer=None)) for k, w in enumerate(weights)]
    network = Network(plan(chain(layers), (len(x[0]),)), 1, Memory(dtype))
    keys = [Key(4)]
    network.initialize(keys)
    examples = Examples.of(
        np.zeros(1, dtype=int), x=np.array([x], dtype=dtype), t=np.array(t, dtype=dtype).reshape(1, -1, 1)
    )
    order = Streams(keys, Purpose.ORDER)
    batch_size = min(batch_size, len(x))
    update = Update(optimizer or Sgd())
    update.bind(network)
    given = loss or MeanSquaredError()
    objective = Supervised(network, update, given, examples, order, batch_size=batch_size, shuffle=shuffle)
    return alone(objective, np.array([[rate]]))


def one(weight: float) -> Array:
    return np.array([[weight]])


def found(population: Population, epochs: int = 1000) -> Finding:
    """What the repetition of a training from its beginning finds."""
    finding = find(Training(population, epochs, pause=lambda: True), epochs)
    assert finding is not None
    return finding


def growing(factor: float, **more: object) -> Population:
    """y = w x on x = 1, t = 0 from w = 1, with w ← w (1 − 2α) = −factor · w in each of the two steps of an epoch."""
    return linear([one(1.0)], [[1.0]] * 4, [0.0] * 4, rate=(1 + factor) / 2, batch_size=2, **more)  # type: ignore[arg-type]


def test_a_rate_that_is_too_high_by_hand() -> None:
    """Before step k the weight is ±10ᵏ⁻¹ and its square is 10²⁽ᵏ⁻¹⁾, which float32 holds up to 10³⁸, k = 20."""
    finding = found(growing(10.0))
    assert (finding.quantity, finding.layer, finding.path) == (Quantity.LOSS, None, None)
    assert (finding.step.epoch, finding.step.batch) == (11, 1)
    assert (finding.infinite, finding.nan, finding.total) == (1, 0, 1)
    assert finding.from_start
    assert len(finding.before) == 20
    for k, step in enumerate(finding.before, start=1):
        assert (step.epoch, step.batch) == ((k + 1) // 2, 2 - k % 2)
        assert step.loss == pytest.approx(10.0 ** (2 * k - 2), rel=1e-4)
        assert step.activation == pytest.approx(10.0 ** (k - 1), rel=1e-4)
        assert step.gradient == pytest.approx(2 * 10.0 ** (k - 1), rel=1e-4)
        assert step.gradient_norm == pytest.approx(2 * 10.0 ** (k - 1), rel=1e-4)
        assert step.weight == pytest.approx(10.0**k, rel=1e-4)
        assert step.weight_norm == pytest.approx(10.0 ** (k - 1), rel=1e-4)
        assert step.update_norm == pytest.approx(11 * 10.0 ** (k - 1), rel=1e-4)
        assert (step.inputs, step.learning_rate) == (1.0, 5.5)
    assert math.isinf(finding.step.loss)
    assert finding.step.activation == pytest.approx(1e20, rel=1e-4)
    assert finding.step.rows.tolist() == [0, 1]
    assert finding.responsible.tolist() == []  # both rows alike


def test_the_training_itself_diverges_in_that_epoch() -> None:
    training = Training(growing(10.0), 1000)
    records = [record for record in training if isinstance(record, EpochRecord)]
    assert [record.epoch for record in records] == list(range(1, 12))
    assert training.outcomes[0].reason is StopReason.DIVERGED


def test_a_weight_by_hand() -> None:
    """The gradient is 2 and the rate the largest number there is: their product is none, though the loss is 1."""
    finding = found(linear([one(1.0), one(1.0)], [[1.0]], [0.0], rate=LARGEST))
    assert (finding.quantity, finding.layer, finding.kind, finding.path) == (Quantity.WEIGHT, "0", "dense", "0.w")
    assert (finding.step.epoch, finding.step.batch, finding.step.loss) == (1, 1, 1.0)
    assert (finding.infinite, finding.nan, finding.total, finding.before) == (1, 0, 1, [])


def test_a_gradient_by_hand() -> None:
    """10²⁵ · 10⁻²⁵ · 10¹⁵ = 10¹⁵ has the square 10³⁰; the first weight's gradient would be 2 · 10¹⁵ · 10¹⁵ · 10²⁵."""
    finding = found(linear([one(1e-25), one(1e15)], [[1e25], [0.0]], [0.0, 0.0], rate=1e-30))
    assert (finding.quantity, finding.layer, finding.path) == (Quantity.GRADIENT, "0", "0.w")
    assert finding.step.loss == pytest.approx(0.5e30, rel=1e-5)
    assert finding.responsible.tolist() == []  # of two rows none stands out of the median


def test_the_gradient_between_layers_by_hand() -> None:
    """The loss is 10³⁶ and its gradient 2 · 10¹⁸; times 10³⁰ it is too large, but the weights get it times 10⁻²."""
    finding = found(linear([one(1e-10), one(1e-10), one(1e30)], [[1e8]], [0.0], rate=1e-30))
    assert (finding.quantity, finding.layer, finding.path) == (Quantity.GRADIENT, "2", None)
    assert finding.step.loss == pytest.approx(1e36, rel=1e-5)


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_activation_and_its_row_by_hand(shuffle: bool) -> None:
    """Row 5 of 8 alone has 2 · 10³⁸ + 2 · 10³⁸, which float32 does not hold."""
    x = [[1.0, -1.0]] * 8
    x[5] = [1e38, 1e38]
    population = linear([np.array([[2.0], [2.0]])], x, [0.0] * 8, rate=0.1, batch_size=4, shuffle=shuffle)
    finding = found(population, epochs=1)
    assert (finding.quantity, finding.layer, finding.path) == (Quantity.ACTIVATION, "0", None)
    assert (finding.infinite, finding.nan, finding.total) == (1, 0, 4)
    assert finding.responsible.tolist() == [5]
    assert 5 in finding.step.rows
    assert finding.step.inputs == pytest.approx(1e38)
    if not shuffle:
        assert (finding.step.batch, finding.step.rows.tolist()) == (2, [4, 5, 6, 7])


def test_a_target_that_stands_out() -> None:
    finding = found(linear([one(1.0)], [[1.0]] * 5, [0, 0, 1e30, 0, 0], rate=0.1))
    assert finding.quantity is Quantity.LOSS
    assert finding.responsible.tolist() == [2]


def test_an_optimizer_that_overflows_though_the_weights_do_not() -> None:
    """Adam divides by the root of the squared gradient, 4 · 10⁴⁰ or infinite: the weight stays where it is."""
    finding = found(linear([one(1.0)], [[1e20]], [0.9999999e20], rate=0.1, optimizer=Adam()), epochs=1)
    assert (finding.quantity, finding.layer, finding.path) == (Quantity.OPTIMIZER, None, "squares")


def test_weights_whose_sum_overflows() -> None:
    """Both are finite, but what training looks at, their sum, is not."""
    finding = found(linear([np.array([[2e38], [3e38]])], [[0.0, 0.0]], [1.0], rate=0.1), epochs=1)
    assert (finding.quantity, finding.layer, finding.path) == (Quantity.WEIGHT, "0", "0.w")
    assert (finding.infinite, finding.nan, finding.total) == (0, 0, 0)
    assert finding.step.weight == pytest.approx(3e38)


def test_losses_whose_sum_overflows() -> None:
    """10³⁰⁸ in each of two batches."""
    population = linear([one(1e154)], [[1.0]] * 2, [0.0] * 2, rate=1e-300, batch_size=1, dtype=np.float64)
    finding = found(population, epochs=1)
    assert (finding.quantity, finding.layer) == (Quantity.LOSS, None)
    assert (finding.infinite, finding.nan, finding.total) == (0, 0, 0)


def test_nothing_is_found_where_nothing_is() -> None:
    assert find(Training(growing(0.5), 3, pause=lambda: True), 3) is None


def test_what_is_not_a_number_is_counted() -> None:
    """∞ · 1 − ∞ · 1: the first layer overflows to both sides, so the second would be NaN; the first is reported."""
    weights = [np.array([[2.0, -2.0], [2.0, -2.0]]), np.array([[1.0], [1.0]])]
    finding = found(linear(weights, [[1e38, 1e38], [1.0, 1.0]], [0.0, 0.0], rate=0.1))
    assert (finding.layer, finding.infinite, finding.nan, finding.total) == ("0", 2, 0, 4)


SLOWLY = 1.05
# The squares of a batch's two rows are summed: 1.05ᵏ⁻¹ exceeds the root of half the largest number, 1.30e19, from
# k = 904 on.
BLOW_UP = 904


def watched(population: Population, epochs: int = 1000, *, pause: Callable[[], bool] | None = None) -> Training:
    """A training as `fit` has it."""
    return Training(population, epochs, pause=pause, onlookers=[Snapshots(), Health(population)])


def test_a_repetition_starts_from_the_last_snapshot_but_one() -> None:
    training = watched(growing(SLOWLY))
    for _ in training:
        pass
    assert training.outcomes[0].epochs == BLOW_UP // 2
    snapshot = snapshots_of(training).earlier
    assert snapshot is not None
    done = 2 * (snapshot.number("epoch") - 1) + snapshot.number("step")
    assert SPACING <= BLOW_UP - 1 - done <= 2 * SPACING
    again = Training(growing(SLOWLY), 1000, pause=lambda: True)
    again.load_state(snapshot)
    finding, whole = find(again, training.outcomes[0].epochs), found(growing(SLOWLY))
    assert finding is not None
    assert len(whole.before) == BLOW_UP - 1
    assert (finding.from_start, whole.from_start) == (False, True)
    for ours, theirs in ((finding.step, whole.step), (finding.before[-1], whole.before[-1])):
        assert (ours.epoch, ours.batch, ours.loss) == (theirs.epoch, theirs.batch, theirs.loss)
        assert (ours.gradient_norm, ours.weight) == (theirs.gradient_norm, theirs.weight)


def test_a_short_training_is_repeated_from_its_beginning() -> None:
    training = watched(growing(10.0))
    for _ in training:
        pass
    assert snapshots_of(training).earlier is None


def test_a_resumed_training_is_repeated_from_where_it_was_resumed() -> None:
    first = Training(growing(10.0), 1000, pause=lambda: True)
    steps = iter(first)
    while (first.epoch, first.step) != (9, 1):
        next(steps)
    state = first.state()
    resumed = watched(growing(10.0))
    resumed.load_state(state)
    for _ in resumed:
        pass
    start = snapshots_of(resumed).earlier
    assert start is not None
    again = Training(growing(10.0), 1000, pause=lambda: True)
    again.load_state(start)
    finding = find(again, resumed.outcomes[0].epochs)
    assert finding is not None
    assert (finding.step.epoch, finding.step.batch) == (11, 1)
    assert [(step.epoch, step.batch) for step in finding.before] == [(9, 2), (10, 1), (10, 2)]


@pytest.mark.parametrize(
    "name", ["everything", "early stopping, dropout, Adam", "whole batch", "plateau after warm-up"]
)
def test_watching_changes_nothing(name: str) -> None:
    """Over several snapshots and measurements: the same weights and the same records, bit for bit."""
    setup = SETUPS[name]
    epochs = 2 * SPACING // len(supervised(setup.population([0]).objective).batches.schedule) + 3
    ends = []
    for training in (Training(setup.population([0]), epochs), watched(setup.population([0]), epochs)):
        records = [record for record in training if isinstance(record, EpochRecord)]
        ends.append((training.weights["theta"].tobytes(), repr(training.outcomes), records))
    (theta, outcomes, plain), (theta_too, outcomes_too, looked_at) = ends
    assert theta == theta_too
    assert outcomes == outcomes_too
    assert len(plain) == len(looked_at)
    for ours, theirs in zip(plain, looked_at, strict=True):
        assert repr(ours.values) == repr({name: theirs.values[name] for name in ours.values})


def test_a_repetition_sees_the_same_numbers() -> None:
    """With dropout, Adam and early stopping: although all is looked at, the weights become the same."""
    setup = SETUPS["early stopping, dropout, Adam"]
    plain = Training(setup.population([0]), 4)
    for _ in plain:
        pass
    looked_at = Training(setup.population([0]), 4, pause=lambda: True)
    assert find(looked_at, 4) is None
    np.testing.assert_array_equal(plain.weights["theta"], looked_at.weights["theta"])


def test_a_watched_step_allocates_nothing() -> None:
    """Between snapshots and measurements; the network has 300 kB of weights."""
    training = watched(Setup(seeds=(1,), rates=(0.01,), units=5000).population(), 3, pause=lambda: True)
    steps = iter(training)
    assert MEASURED_EVERY > 8
    for _ in range(5):  # the first epoch, which is measured, and a step of the second
        next(steps)
    tracemalloc.start()
    next(steps)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000
