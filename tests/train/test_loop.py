"""The loop: what its records say, against numbers worked out by hand and a trainer in plain loops."""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.batches import Examples
from nntrain.memory import Memory
from nntrain.nn.activations import Sigmoid, Step, Tanh
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.initializers import Constant as Filled
from nntrain.nn.initializers import Normal
from nntrain.nn.losses import HalfSquaredError, Loss, MeanSquaredError, Perceptron
from nntrain.nn.network import Network
from nntrain.optim.adam import Adam
from nntrain.optim.schedules import ConstantRate, Exponential, Plateau, Schedule
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.streams import Key, Purpose, Streams
from nntrain.tasks import Task
from nntrain.train.evaluator import Evaluator
from nntrain.train.loop import Training
from nntrain.train.population import Population
from nntrain.train.records import EpochRecord, StopReason
from nntrain.train.stopping import EarlyStopping
from nntrain.train.supervised import NETWORK, Supervised, supervised
from tests.nn.chains import chain
from tests.nn.naive import NaiveLayer, backpropagate
from tests.train.problems import CENTERS, Run, Setup


def alone(
    objective: Supervised,
    rate: Array,
    schedule: Schedule | None = None,
    evaluators: dict[str, Evaluator] | None = None,
) -> Population:
    """A population without early stopping."""
    return Population(objective, {NETWORK: rate}, {NETWORK: schedule or ConstantRate()}, None, evaluators or {})


def one_weight(
    *,
    batch_size: int = 2,
    weight: list[float] | None = None,
    schedule: Schedule | None = None,
    rates: Sequence[float] = (0.1,),
    metrics: tuple[str, ...] = (),
) -> Population:
    """y = w x from w = 0 on x = 1, 2, 3 and t = 2, 4, 5 in this order, with the squared error; validation on 1, 2."""
    members = len(rates)
    dense = Dense(1, Filled(0.0), bias_initializer=None)
    network = Network(plan(chain([("0", dense)]), (1,)), members, Memory(np.float64))
    keys, shared = [Key(0)] * members, np.zeros(members, dtype=int)
    network.initialize(keys)

    def examples(x: list[float], t: list[float], factors: list[float] | None = None) -> Examples:
        x_, t_, w_ = (np.array(a if a is not None else [], float).reshape(1, -1, 1) for a in (x, t, factors))
        return Examples.of(shared, x=x_, t=t_, weight=None if factors is None else w_)

    loss, update = MeanSquaredError(), Update(Sgd())
    update.bind(network)
    objective = Supervised(
        network,
        update,
        loss,
        examples([1, 2, 3], [2, 4, 5], weight),
        Streams(keys, Purpose.ORDER),
        batch_size=batch_size,
        shuffle=False,
    )
    validation = Evaluator(network, loss, examples([1, 2], [2, 4]), task=Task.REGRESSION, metrics=metrics)
    rate = np.array(rates)[:, None]
    return alone(objective, rate, schedule, {"validation": validation})


def test_an_epoch_by_hand() -> None:
    """Batches (1, 2) and (3).

    At w = 0 the first has the loss (4 + 16)/2 = 10 and the gradient −10: w = 1. The second has the loss (3 − 5)² = 4
    and the gradient −12: w = 2.2. The mean over the three examples is (2 · 10 + 4)/3 = 8, not (10 + 4)/2.
    In the second epoch: 0.1 and 1, so w = 2.1; 1.69 and 7.8, so w = 1.32.
    """
    run = Run.of(one_weight(metrics=("rmse",)), 2)
    first, second = run.records
    assert (first.epoch, second.epoch) == (1, 2)
    assert first.members.tolist() == [0]
    assert (first.examples, first.seconds > 0) == (3, True)
    assert {name: array.tolist() for name, array in first.values.items()} == {
        "training.loss": [pytest.approx(8.0)],
        "validation.loss": [pytest.approx(0.1)],
        "validation.rmse": [pytest.approx(math.sqrt(0.1))],
        "learning_rate": [0.1],
        "gradient_norm": [pytest.approx(12.0)],
    }
    assert second.values["training.loss"] == pytest.approx(1.89 / 3)
    assert second.values["gradient_norm"] == pytest.approx(7.8)
    assert second.values["validation.loss"] == pytest.approx((0.68**2 + 1.36**2) / 2)
    np.testing.assert_allclose(run.theta, [[1.32]], rtol=1e-14)
    assert all(array.dtype == np.float64 for array in first.values.values())


def test_a_weighted_epoch_by_hand() -> None:
    """Weights 1, 2, 3; evaluation takes no weights.

    The first batch has the loss (1 · 4 + 2 · 16)/2 = 18 and the gradient −18, so w = 1.8; the second 3 · 0.4² = 0.48
    and 7.2, so w = 1.08. Without the weights the losses are (4 + 16)/2 = 10 and 0.4² = 0.16.
    """
    run = Run.of(one_weight(weight=[1, 2, 3]), 1)
    assert run.records[0].values["training.weighted_loss"] == pytest.approx((2 * 18 + 0.48) / 3)
    assert run.records[0].values["training.loss"] == pytest.approx((2 * 10 + 0.16) / 3)
    np.testing.assert_allclose(run.theta, [[1.08]], rtol=1e-14)
    assert run.records[0].values["validation.loss"] == pytest.approx((0.92**2 + 1.84**2) / 2)


def test_full_batches_and_batches_of_one_by_hand() -> None:
    # The mean gradient at w = 0 is −2 (2 + 8 + 15)/3 = −50/3.
    assert Run.of(one_weight(batch_size=3), 1).theta == pytest.approx(np.array([[5 / 3]]))
    # One by one: −4 → 0.4; 2 (0.8 − 4) 2 = −12.8 → 1.68; 2 (5.04 − 5) 3 = 0.24 → 1.656.
    assert Run.of(one_weight(batch_size=1), 1).theta == pytest.approx(np.array([[1.656]]))


def test_the_rate_of_an_epoch_is_the_schedules() -> None:
    """The second epoch starts at w = 2.2; at half the rate its steps lead to 2.15, and by 0.05 · 8.7 to 1.715."""
    np.testing.assert_allclose(Run.of(one_weight(schedule=Exponential(0.5)), 2).theta, [[1.715]], rtol=1e-14)
    run = Run.of(one_weight(rates=(0.1, 0.01), schedule=Exponential(0.5)), 3)
    assert [record.values["learning_rate"].tolist() for record in run.records] == [
        pytest.approx([0.1, 0.01]),
        pytest.approx([0.05, 0.005]),
        pytest.approx([0.025, 0.0025]),
    ]


NAIVE_LOSSES: dict[str, tuple[Loss, Callable[[list[float], list[float]], tuple[float, list[float]]]]] = {
    "half squared": (
        HalfSquaredError(),
        lambda y, t: (
            sum((a - b) ** 2 for a, b in zip(y, t, strict=True)) / 2,
            [a - b for a, b in zip(y, t, strict=True)],
        ),
    ),
    "mean squared": (
        MeanSquaredError(),
        lambda y, t: (
            sum((a - b) ** 2 for a, b in zip(y, t, strict=True)) / len(y),
            [2 * (a - b) / len(y) for a, b in zip(y, t, strict=True)],
        ),
    ),
}


@pytest.mark.parametrize("name", NAIVE_LOSSES)
@pytest.mark.parametrize("batch_size", [1, 4, 11])
def test_training_is_that_of_a_trainer_in_plain_loops(name: str, batch_size: int) -> None:
    """A 2-3-2 network, shuffled batches of 11 examples, momentum 0.9, three epochs."""
    loss, naive_loss = NAIVE_LOSSES[name]
    layers = [
        ("0", Dense(3, Normal(0.0, 1.0), Normal(0.0, 1.0))),
        ("0", Tanh()),
        ("1", Dense(2, Normal(0.0, 1.0), Normal(0.0, 1.0))),
        ("1", Sigmoid()),
    ]
    network = Network(plan(chain(layers), (2,)), 1, Memory(np.float64))
    network.initialize([Key(3)])
    naive = [
        NaiveLayer(network.parameters()[f"{k}.w"][0].tolist(), network.parameters()[f"{k}.b"][0].tolist(), f)
        for k, f in enumerate(["tanh", "sigmoid"])
    ]
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((1, 11, 2)), rng.random((1, 11, 2))
    update = Update(Sgd(momentum=0.9))
    update.bind(network)
    order = Streams([Key(3)], Purpose.ORDER)
    shuffled, drawn = Streams([Key(3)], Purpose.ORDER), np.empty((1, 11), np.intp)
    data = Examples.of(np.zeros(1, int), x=x, t=t)
    objective = Supervised(network, update, loss, data, order, batch_size=batch_size, shuffle=True)
    run = Run.of(alone(objective, np.array([[0.5]])), 3)

    dw = [[[0.0] * len(layer.b) for _ in layer.w] for layer in naive]
    db = [[0.0] * len(layer.b) for layer in naive]
    for epoch in range(3):
        # With the whole data as one batch the order does not matter, and none is drawn.
        permutation = list(range(11))
        if batch_size < 11:
            shuffled.permutations(drawn)
            permutation = drawn[0].tolist()
        total = 0.0
        for start in range(0, 11, batch_size):
            rows = permutation[start : start + batch_size]
            xs, ts = x[0, rows].tolist(), t[0, rows].tolist()
            answers = backpropagate(naive, xs, [[0.0, 0.0] for _ in rows]).y
            losses = [naive_loss(y, target) for y, target in zip(answers, ts, strict=True)]
            total += sum(value for value, _ in losses)
            gradients = backpropagate(naive, xs, [[g / len(rows) for g in slope] for _, slope in losses])
            for k, layer in enumerate(naive):
                for o in range(len(layer.b)):
                    db[k][o] = 0.9 * db[k][o] + gradients.db[k][o]
                    layer.b[o] -= 0.5 * db[k][o]
                    for i in range(len(layer.w)):
                        dw[k][i][o] = 0.9 * dw[k][i][o] + gradients.dw[k][i][o]
                        layer.w[i][o] -= 0.5 * dw[k][i][o]
        assert run.records[epoch].values["training.loss"] == pytest.approx(total / 11, rel=1e-10)
    flat = [np.ravel(layer.w) for layer in naive] + [np.ravel(layer.b) for layer in naive]
    np.testing.assert_allclose(run.theta[0], np.concatenate(flat), rtol=1e-10)


@pytest.mark.parametrize("truth", [[0, 0, 0, 1], [0, 1, 1, 1]], ids=["and", "or"])
def test_the_perceptron_follows_rosenblatts_rule_until_it_is_right(truth: list[int]) -> None:
    """One example at a time, w ← w + (t − y)(1, x), in whole numbers from 0; compared after every epoch."""
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    network = Network(plan(chain([("0", Dense(1, Filled(0.0))), ("0", Step())]), (2,)), 1, Memory(np.float64))
    network.initialize([Key(0)])
    x, t = np.array([corners], float), np.array(truth, float).reshape(1, 4, 1)
    examples = Examples.of(np.zeros(1, int), x=x, t=t)
    update, loss = Update(Sgd()), Perceptron()
    update.bind(network)
    order = Streams([Key(0)], Purpose.ORDER)
    objective = Supervised(network, update, loss, examples, order, batch_size=1, shuffle=False)
    accuracy = Evaluator(network, loss, examples, task=Task.BINARY, metrics=("accuracy",))
    training = Training(alone(objective, np.ones((1, 1)), evaluators={"training": accuracy}), 20)
    w, b = [0, 0], 0
    for record in training:
        for (x1, x2), target in zip(corners, truth, strict=True):
            wrong = target - (1 if w[0] * x1 + w[1] * x2 + b > 0 else 0)
            w, b = [w[0] + wrong * x1, w[1] + wrong * x2], b + wrong
        assert isinstance(record, EpochRecord)
        assert training.weights["theta"].tolist() == [[*w, b]]
    assert training.outcomes[0].values["training.accuracy"] == 1.0
    assert training.outcomes[0].values["training.loss"] == 0.0


class Scripted:
    """Stands for an Evaluator whose values are given: [epoch][member]."""

    def __init__(self, network: Network, script: list[list[float]], members: Array, told: list[int]) -> None:
        self.network, self.script, self.members, self.told = network, script, members, told

    def evaluate(self) -> dict[str, Array]:
        # Only the first one of a chain of selections counts epochs for all.
        self.told.append(len(self.told))
        return {"loss": np.array(self.script[len(self.told) - 1])[self.members]}

    def select(self, rows: Array, network: Network) -> "Scripted":
        return Scripted(network, self.script, self.members[rows], self.told)


def scripted(setup: Setup, script: list[list[float]]) -> Population:
    population = setup.population()
    members = np.arange(len(setup.seeds))
    population.evaluators["validation"] = cast(Evaluator, Scripted(population.network, script, members, []))
    return population


@pytest.mark.parametrize("restore_best", [True, False])
def test_members_stop_by_themselves_and_end_with_the_weights_they_should(restore_best: bool) -> None:
    """Three members with patience 1, 2 and 9; the weights of every epoch are known from a run without stopping."""

    def stopping(pick: Any) -> EarlyStopping:
        return EarlyStopping("validation.loss", False, pick((1, 2, 9))[:, 0], np.zeros(3), restore_best)

    script = [[3.0, 3.0, 3.0], [2.0, 4.0, 2.0], [2.5, 2.0, 2.5], [9.0, 3.0, 2.4], [9.0, 3.0, 2.3], [9.0, 9.0, 2.2]]
    # Member 0 stops after epoch 3, best 2; member 1 after 5, best 3; member 2 never, best 2.
    expected = [(StopReason.EARLY, 3, 2), (StopReason.EARLY, 5, 3), (StopReason.EPOCHS, 6, 2)]
    weights = [Setup().train(epochs).theta for epochs in range(7)]
    run = Run.of(scripted(Setup(stopping=stopping), script), 6)
    for member, (reason, last, best) in enumerate(expected):
        kept = best if restore_best else last
        outcome = run.outcomes[member]
        assert (outcome.reason, outcome.epochs, outcome.best_epoch) == (reason, last, kept)
        np.testing.assert_array_equal(run.theta[member], weights[kept][member])
        assert outcome.values["validation.loss"] == script[kept - 1][member]
        assert [epoch for epoch, _ in run.history(member)] == list(range(1, last + 1))
        assert outcome.values == run.history(member)[kept - 1][1]


@pytest.mark.parametrize("restore_best", [True, False])
def test_a_member_that_has_stopped_is_not_looked_at_again(restore_best: bool) -> None:
    """One of five stops and is computed along; what would have been its best value comes after that."""

    def stopping(pick: Any) -> EarlyStopping:
        return EarlyStopping("validation.loss", False, np.array([1, 9, 9, 9, 9]), np.zeros(5), restore_best)

    setup = Setup(seeds=range(5), rates=[0.1] * 5, stopping=stopping)
    population = scripted(setup, [[2.0] * 5, [3.0] * 5, [1.0] * 5, [0.5] * 5])
    training = Training(population, 4)
    run = Run.until_the_end(training)
    assert training.population.network is population.network
    kept = 1 if restore_best else 2
    outcome = run.outcomes[0]
    assert (outcome.reason, outcome.epochs, outcome.best_epoch) == (StopReason.EARLY, 2, kept)
    np.testing.assert_array_equal(run.theta[0], setup.train(kept).theta[0])
    assert outcome.values["validation.loss"] == (2.0 if restore_best else 3.0)
    assert run.outcomes[1].best_epoch == 4


def test_training_ends_when_everybody_has_stopped() -> None:
    def stopping(pick: Any) -> EarlyStopping:
        return EarlyStopping("validation.loss", False, np.array([1, 1, 2]), np.zeros(3), True)

    run = Run.of(scripted(Setup(stopping=stopping), [[1.0, 1.0, 1.0]] * 50), 50)
    assert [record.members.tolist() for record in run.records] == [[0, 1, 2], [0, 1, 2], [2]]


def test_whoever_stops_listening_has_what_was_reached() -> None:
    setup = Setup()
    training = Training(setup.population(), 10)
    assert [outcome.reason for outcome in training.outcomes] == [StopReason.INTERRUPTED] * 3
    np.testing.assert_array_equal(training.weights["theta"], setup.population().network.theta)
    for record in training:
        assert isinstance(record, EpochRecord)
        if record.epoch == 4:
            break
    np.testing.assert_array_equal(training.weights["theta"], setup.train(4).theta)
    assert [(o.reason, o.epochs, o.best_epoch) for o in training.outcomes] == [(StopReason.INTERRUPTED, 4, 4)] * 3
    assert [o.values for o in training.outcomes] == [o.values for o in setup.train(4).outcomes]


def test_no_epochs_leave_the_weights_as_they_were() -> None:
    run = Setup().train(0)
    assert run.records == []
    np.testing.assert_array_equal(run.theta, Setup().population().network.theta)
    assert [(o.reason, o.epochs, o.best_epoch) for o in run.outcomes] == [(StopReason.INTERRUPTED, 0, 0)] * 3


def test_training_and_validation_can_both_be_evaluated_after_the_epoch() -> None:
    setup = Setup()
    population = setup.population()
    on_training = Evaluator(
        population.network,
        supervised(population.objective).loss,
        setup.data(setup.everyone(), 50, seed=100),
        task=Task.CLASSIFICATION,
        metrics=("accuracy", "f1"),
    )
    population.evaluators["training"] = on_training
    record = Run.of(population, 1).records[0]
    assert set(record.values) == {
        "training.loss",
        "training.accuracy",
        "training.f1",
        "validation.loss",
        "validation.accuracy",
        "learning_rate",
        "gradient_norm",
    }
    # The loss stays the mean over the epoch's batches.
    plain = setup.train(1).records[0]
    np.testing.assert_array_equal(record.values["training.loss"], plain.values["training.loss"])


@pytest.mark.parametrize(
    ("maximize", "script", "expected"),
    [
        (False, [3.0, 3.0, 2.0, 2.0, 2.0], [1.0, 1.0, 0.5, 0.5, 0.25]),
        (True, [3.0, 3.0, 4.0, 4.0, 4.0], [1.0, 1.0, 0.5, 0.5, 0.25]),
        (True, [3.0, 4.0, 5.0, 6.0, 7.0], [1.0] * 5),
    ],
)
def test_a_plateau_is_judged_by_what_is_monitored(maximize: bool, script: list[float], expected: list[float]) -> None:
    def stopping(pick: Any) -> EarlyStopping:
        return EarlyStopping("validation.loss", maximize, np.full(3, 99), np.zeros(3), True)

    setup = Setup(rates=(1.0, 1.0, 1.0), stopping=stopping, schedule=lambda pick: Plateau(0.5, 1, 0.0))
    run = Run.of(scripted(setup, [[value] * 3 for value in script]), len(script))
    assert [record.values["learning_rate"][0] for record in run.records] == expected


def test_the_population_learns_its_problem() -> None:
    """The best possible classifier of round clouds of one size goes by the nearest center."""
    setup = Setup(update=lambda pick: Update(Adam()), rates=(0.05, 0.05, 0.02), examples=300)
    last = setup.train(30).records[-1].values
    validation = setup.data([0], 30, seed=200)
    distances = np.linalg.norm(validation.whole("x")[0][:, None] - CENTERS, axis=2)
    best = (distances.argmin(axis=1) == validation.whole("t")[0].argmax(axis=1)).mean()
    assert (last["validation.accuracy"] >= best - 0.1).all()


def test_nothing_is_printed_and_nothing_warned(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Setup(dtype=np.float32).train(2)
    assert capsys.readouterr() == ("", "")
    assert caught == []
