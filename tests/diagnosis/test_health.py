"""What is measured of each layer, by hand, and what is said about it."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.batches import Examples
from nntrain.diagnosis.health import SMALLEST_SAMPLE, SPACING, Health, norm
from nntrain.diagnosis.symptoms import Symptoms
from nntrain.memory import Memory
from nntrain.nn.activations import LeakyRelu, Relu, Sigmoid, Softmax, Tanh
from nntrain.nn.blueprint import Blueprint, plan
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.initializers import Constant as Filled
from nntrain.nn.initializers import Values
from nntrain.nn.layer import Layer
from nntrain.nn.losses import MeanSquaredError
from nntrain.nn.network import Network
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.streams import Key, Purpose, Streams
from nntrain.tasks import Task
from nntrain.train.evaluator import Evaluator
from nntrain.train.loop import Training
from nntrain.train.population import Population
from nntrain.train.records import EpochRecord
from nntrain.train.supervised import Supervised
from tests.nn.chains import chain
from tests.train.problems import Run, Setup
from tests.train.test_loop import alone, one_weight

HEALTH = ("gradient_norm.", "update_ratio.", "growth.", "dead.", "saturated.")


def population(
    layers: Sequence[tuple[str, Layer]], x: Array, *, validation: Array | None = None, batch_size: int | None = None
) -> Population:
    """A network with one output that learns 0 from x [n, I] in order, with the squared error and a rate of 0.1."""

    def examples(inputs: Array) -> Examples:
        return Examples.of(np.zeros(1, dtype=int), x=inputs[None], t=np.zeros((1, len(inputs), 1)))

    network = Network(plan(chain(layers), x.shape[1:]), 1, Memory(np.float64))
    network.initialize([Key(0)])
    loss, update = MeanSquaredError(), Update(Sgd())
    order = Streams([Key(0)], Purpose.ORDER)
    update.bind(network)
    objective = Supervised(network, update, loss, examples(x), order, batch_size=batch_size or len(x), shuffle=False)
    evaluators = {}
    if validation is not None:
        evaluator = Evaluator(network, loss, examples(validation), task=Task.REGRESSION, metrics=())
        evaluators["validation"] = evaluator
    return alone(objective, np.array([[0.1]]), evaluators=evaluators)


def watched(population: Population, epochs: int, *, pause: Callable[[], bool] | None = None) -> Training:
    """A training whose health is measured."""
    return Training(population, epochs, pause=pause, onlookers=[Health(population)])


def dense(weights: Sequence[Sequence[float]], bias: Sequence[float] | None = None) -> Dense:
    return Dense(len(weights[0]), Values.of(np.array(weights)), None if bias is None else Values.of(np.array(bias)))


def first_epoch(population: Population) -> dict[str, float]:
    """The health values in the record of the first epoch."""
    [record] = [r for r in watched(population, 1) if isinstance(r, EpochRecord)]
    return {name: float(array[0]) for name, array in record.values.items() if name.startswith(HEALTH)}


def test_an_epoch_by_hand() -> None:
    """As in the test of the loop: in the last batch w goes from 1 to 2.2 along a gradient of −12."""
    [record] = [r for r in watched(one_weight(), 1) if isinstance(r, EpochRecord)]
    assert record.values["gradient_norm.0"] == pytest.approx(12.0)
    assert record.values["update_ratio.0"] == pytest.approx(1.2)
    assert record.values["gradient_norm.0"].shape == (1,)
    assert record.values["gradient_norm.0"].dtype == np.float64


def test_gradients_and_updates_of_two_layers_by_hand() -> None:
    """x = (1, 2), h = w₁ᵀx + b₁ = 3 + 1, y = 2 h = 8, L = 64, ∂L/∂y = 16.

    ∂L/∂w₂ = 16 h = 64. ∂L/∂h = 32, so ∂L/∂w₁ = (32, 64) and ∂L/∂b₁ = 32; the layer's is 32 √(1 + 4 + 1) = 78.4. Its
    weights and bias are (1, 1, 1), and the update is a tenth of the gradient.
    """
    layers = [("first", dense([[1.0], [1.0]], [1.0])), ("second", dense([[2.0]]))]
    assert first_epoch(population(layers, np.array([[1.0, 2.0]]))) == {
        "gradient_norm.first": pytest.approx(32 * math.sqrt(6)),
        "gradient_norm.second": pytest.approx(64.0),
        "update_ratio.first": pytest.approx(3.2 * math.sqrt(2)),
        "update_ratio.second": pytest.approx(3.2),
        "growth.first": pytest.approx(4 / math.sqrt(2.5)),
    }


def test_the_growth_of_a_linear_network_by_hand() -> None:
    """Each layer multiplies by 8."""
    layers = [(str(k), dense([[8.0]])) for k in range(4)]
    values = first_epoch(population(layers, np.array([[3.0], [-1.0]])))
    assert [values[f"growth.{k}"] for k in range(3)] == [pytest.approx(8.0), pytest.approx(64.0), pytest.approx(512.0)]
    assert "growth.3" not in values


X = np.linspace(-1, 1, 40)[:, None]


def test_dead_units_by_hand() -> None:
    """Of x, −x, x − 2 and x − 1 on [−1, 1], the last two are never above 0."""
    layers = [
        ("0", dense([[1.0, -1.0, 1.0, 1.0]], [0.0, 0.0, -2.0, -1.0])),
        ("0", Relu()),
        ("1", Dense(1)),
    ]
    assert first_epoch(population(layers, X))["dead.0"] == 0.5


def test_what_is_dead_in_the_batch_may_live_in_the_validation_split() -> None:
    layers = [("0", dense([[1.0, 1.0]], [0.0, -5.0])), ("0", Relu()), ("1", Dense(1))]
    assert first_epoch(population(layers, X))["dead.0"] == 0.5
    layers = [("0", dense([[1.0, 1.0]], [0.0, -5.0])), ("0", Relu()), ("1", Dense(1))]
    assert first_epoch(population(layers, X, validation=10 * X))["dead.0"] == 0.0


@pytest.mark.parametrize(
    ("activation", "sharp"),
    [(Sigmoid(), 4.6), (Tanh(), 2.7)],  # σ(4.6) = 0.9900, tanh 2.7 = 0.9910
)
def test_saturated_units_by_hand(activation: Layer, sharp: float) -> None:
    """On |x| ≥ 1 a unit with a weight of `sharp` is beyond 0.99, or below 0.01 and −0.99, on both sides."""
    x = np.concatenate([X - 2, X + 2])
    layers = [("0", dense([[sharp, 0.1, -sharp, 1.0]])), ("0", activation), ("1", Dense(1))]
    assert first_epoch(population(layers, x, batch_size=80))["saturated.0"] == 0.5


def test_the_last_layer_may_be_as_sure_as_it_likes() -> None:
    layers = [("0", dense([[0.0]], [-9.0])), ("0", Sigmoid())]
    values = first_epoch(population(layers, X))
    assert not [name for name in values if name.startswith(("dead", "saturated"))]


def test_few_examples_tell_nothing_about_dead_units() -> None:
    """Unless they are all there are."""
    layers = [("0", dense([[0.0]], [-9.0])), ("0", Relu()), ("1", Dense(1))]
    few = X[: SMALLEST_SAMPLE - 1]
    assert "dead.0" not in first_epoch(population(layers, X, batch_size=SMALLEST_SAMPLE - 1))
    assert "dead.0" not in first_epoch(population(layers, X, validation=few, batch_size=10))
    assert first_epoch(population(layers, few))["dead.0"] == 1.0
    assert first_epoch(population(layers, X, validation=few))["dead.0"] == 1.0
    assert first_epoch(population(layers, X, batch_size=SMALLEST_SAMPLE - 1, validation=X))["dead.0"] == 1.0


def test_weights_that_are_zero_have_no_ratio() -> None:
    layers = [("0", Dense(1, Filled(0.0), bias_initializer=None))]
    assert math.isnan(first_epoch(population(layers, X))["update_ratio.0"])


def test_dropout_between_layers_is_part_of_what_is_put_out() -> None:
    layers = [("0", dense([[1.0]])), ("1", Dropout(0.5)), ("2", dense([[1.0]]))]
    assert set(first_epoch(population(layers, X))) >= {"growth.1", "gradient_norm.0", "gradient_norm.2"}


@pytest.mark.parametrize("size", [1e-30, 1e-15, 1.0, 1e15, 1e30])
def test_norms_neither_overflow_nor_vanish(size: float) -> None:
    parts = [np.full(3, size, dtype=np.float32), np.full(1, size, dtype=np.float32)]
    with np.errstate(over="ignore"):  # as in the loop
        assert norm(parts) == pytest.approx(2 * size, rel=1e-6)


@pytest.mark.parametrize(
    ("steps", "expected"), [(1, [1, 100, 200, 300]), (30, [1, 4, 7, 10]), (99, [1, 2, 3, 4]), (SPACING, [1, 2, 3, 4])]
)
def test_it_is_due_in_the_first_epoch_and_after_every_hundred_steps(steps: int, expected: list[int]) -> None:
    health = Health(population([("0", Dense(1))], np.ones((steps, 1)), batch_size=1))
    assert [epoch for epoch in range(1, 401) if health.is_due(epoch)][:4] == expected


def measured(records: Sequence[object]) -> dict[int, str]:
    """The health values of each epoch that has some, as text."""
    found = {}
    for record in records:
        assert isinstance(record, EpochRecord)
        values = {name: array.tolist() for name, array in record.values.items() if name.startswith(HEALTH)}
        if values:
            found[record.epoch] = repr(values)
    return found


def test_a_resumed_training_measures_the_same() -> None:
    """50 examples in batches of 16 are 4 steps: the epochs 1, 25, 50 and 75 are measured."""
    setup = Setup(seeds=(1,), rates=(0.1,), update=lambda pick: Update(Sgd(0.9)), dropout=lambda pick: 0.3)
    reference = measured(list(watched(setup.population(), 80)))
    assert list(reference) == [1, 25, 50, 75]
    first = watched(setup.population(), 80, pause=lambda: True)
    steps = iter(first)
    while (first.epoch, first.step) != (50, 3):
        next(steps)
    resumed = watched(setup.population(), 80)
    resumed.load_state(first.state())
    assert measured(list(resumed)) == {epoch: reference[epoch] for epoch in (50, 75)}


def test_outcomes_have_no_health_in_them() -> None:
    """They tell of the best epoch, which need not have been measured."""
    training = watched(Setup(seeds=(1,), rates=(0.1,)).population(), 3)
    assert measured(list(training))
    assert not [name for name in training.outcomes[0].values if name.startswith(HEALTH)]


def test_populations_are_not_measured() -> None:
    assert not measured(Run.of(Setup().population(), 3).records)


# What is said.


def blueprint(*activations: Layer) -> Blueprint:
    """Layers of 16 units with these activations, and 3 outputs."""
    layers = []
    for place, activation in enumerate(activations):
        layers += [(str(place), Dense(16)), (str(place), activation)]
    last = str(len(activations))
    return plan(chain([*layers, (last, Dense(3)), (last, Softmax())]), (4,))


def norms(*values: float) -> dict[str, float]:
    return {f"gradient_norm.{place}": value for place, value in enumerate(values)}


def said(symptoms: Symptoms, *epochs: Mapping[str, float]) -> list[list[str]]:
    return [symptoms.observe(epoch, values) for epoch, values in enumerate(epochs, start=1)]


def test_health_gets_no_comment() -> None:
    values = {**norms(0.01, 0.2, 1.0), "dead.0": 0.8, "dead.1": 0.5, "growth.0": 20.0, "update_ratio.0": 0.9}
    assert said(Symptoms(blueprint(Relu(), Relu())), *[values] * 5) == [[]] * 5


VANISHING = (
    "the gradient vanishes on its way back: layer 0 gets 1.0e-06 of what layer 3 gets, and layers 0, 1 hardly learn: "
    "use activation: relu with initializer: he_normal, or fewer layers"
)


def test_a_vanishing_gradient_is_told_once_when_it_was_seen_twice() -> None:
    values = norms(1e-7, 1e-6, 1e-3, 0.1)
    symptoms = Symptoms(blueprint(Sigmoid(), Sigmoid(), Sigmoid()))
    assert said(symptoms, values, values, values) == [[], [VANISHING], []]


def test_epochs_that_were_not_measured_do_not_count() -> None:
    values, nothing = norms(1e-7, 1e-6, 1e-3, 0.1), {"training.loss": 0.3, "gradient_norm": 0.1}
    symptoms = Symptoms(blueprint(Sigmoid(), Sigmoid(), Sigmoid()))
    assert said(symptoms, values, nothing, values) == [[], [], [VANISHING]]


def test_what_comes_and_goes_is_not_told() -> None:
    ill, well = norms(1e-7, 1.0), norms(0.1, 1.0)
    assert said(Symptoms(blueprint(Tanh())), ill, well, ill, well) == [[]] * 4


def test_layers_that_follow_are_told_when_they_do() -> None:
    symptoms = Symptoms(blueprint(LeakyRelu(), LeakyRelu()))
    first, second = norms(1e-7, 0.1, 1.0), norms(1e-7, 1e-7, 1.0)
    told = said(symptoms, first, first, second, second)
    assert [len(messages) for messages in told] == [0, 1, 0, 1]
    assert (
        "layer 0 gets 1.0e-07 of what layer 2 gets, and layer 0 hardly learns: start from larger weights" in told[1][0]
    )
    assert "and layer 1 hardly learns" in told[3][0]


def test_a_dead_layer_is_told_at_once_and_not_as_a_vanishing_gradient() -> None:
    values = {**norms(0.0, 0.0, 0.3), "dead.0": 0.1, "dead.1": 1.0}
    assert said(Symptoms(blueprint(Relu(), Relu())), values, values, values) == [
        [
            "layer 1 is dead: all of its 16 relu units put out 0 for every example, so it passes nothing on and no "
            "gradient back: start from other weights (initializer: he_normal, bias_initializer: zeros), or lower "
            "optimizer.learning_rate"
        ],
        [],
        [],
    ]


def test_a_layer_that_dies_later_has_another_cause() -> None:
    well, nearly = {**norms(0.2, 0.3), "dead.0": 0.5}, {**norms(0.2, 0.3), "dead.0": 0.9375}
    assert said(Symptoms(blueprint(Relu())), well, nearly, nearly) == [
        [],
        [],
        [
            "layer 0 is dead: 94% of its 16 relu units put out 0 for every example, so it passes nothing on and no "
            "gradient back: lower optimizer.learning_rate, or use leaky_relu"
        ],
    ]


def test_a_saturated_layer() -> None:
    values = {**norms(1e-9, 0.3), "saturated.0": 1.0}
    assert said(Symptoms(blueprint(Tanh())), values, values) == [
        [],
        [
            "layer 0 is saturated: all of its 16 tanh units are at one of their bounds for every example, where the "
            "gradient vanishes: scale the inputs, start from smaller weights (initializer: glorot_uniform), or lower "
            "optimizer.learning_rate"
        ],
    ]


def test_explosions() -> None:
    values = {**norms(1e7, 10.0, 1.0), "growth.0": 10.0, "growth.1": 1e6, "update_ratio.2": 3.0, "update_ratio.1": 0.1}
    assert said(Symptoms(blueprint(Relu(), Relu())), values, values)[1] == [
        "activations explode: what layer 1 puts out is 1.0e+06 times the size of the inputs (layer 1): start from "
        "smaller weights (initializer: he_normal), or lower optimizer.learning_rate",
        "the gradient explodes on its way back: layer 0 gets 1.0e+07 times what layer 2 gets (layer 0): start from "
        "smaller weights (initializer: glorot_uniform), or set regularization.clip_norm",
        "updates explode: one changed layer 2 by 3 times its size (layer 2): lower optimizer.learning_rate",
    ]


def test_what_is_far_beyond_the_bounds_is_told_at_once_and_the_rest_with_it() -> None:
    symptoms = Symptoms(blueprint(Sigmoid(), Sigmoid(), Sigmoid()))
    told = said(symptoms, norms(1e-10, 1e-6, 1e-3, 0.1), norms(1e-10, 1e-6, 1e-3, 0.1))
    assert [len(messages) for messages in told] == [1, 0]
    assert "layer 0 gets 1.0e-09 of what layer 3 gets, and layers 0, 1 hardly learn" in told[0][0]
    linear = Symptoms(blueprint(Relu(), Relu()))
    [[message]] = said(linear, {**norms(1.0, 1.0, 1.0), "growth.0": 1e5, "growth.1": 1e9})
    assert "what layer 1 puts out is 1.0e+09 times the size of the inputs (layers 0, 1)" in message


def test_many_layers_are_counted() -> None:
    deep = blueprint(*[Sigmoid() for _ in range(9)])
    values = norms(*[10.0**-k for k in range(14, 4, -1)])
    values["gradient_norm.9"] = 1.0
    [[message]] = said(Symptoms(deep), values)
    assert "and layers 0, 1, 2, 3, 4 and 4 more hardly learn" in message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 0.0])
def test_values_that_mean_nothing_are_no_reason_to_fail(value: float) -> None:
    values = dict.fromkeys(("gradient_norm.0", "gradient_norm.1", "dead.0", "growth.0", "update_ratio.1"), value)
    for epoch in range(1, 4):
        assert all(isinstance(message, str) for message in Symptoms(blueprint(Relu())).observe(epoch, values))


def test_of_hundreds_of_dead_layers_there_are_not_hundreds_of_lines() -> None:
    count = 300
    values = {f"{name}.{k}": 1.0 for k in range(count) for name in ("gradient_norm", "dead")}
    (messages,) = said(Symptoms(blueprint(*[Relu()] * count)), values)
    assert len(messages) == 11
    assert messages[-1].startswith("and 290 more layers that are dead: '10', '11', ")
