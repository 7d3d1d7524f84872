"""A training step and the evaluation of a split."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.batches import Examples
from nntrain.data.source import Arrays, Source
from nntrain.memory import Memory
from nntrain.nn.activations import Linear, Sigmoid, Softmax
from nntrain.nn.blueprint import plan
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.layer import Layer
from nntrain.nn.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from nntrain.nn.network import Network
from nntrain.nn.reshape import Flatten
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.streams import Key, Purpose, Streams
from nntrain.tasks import Task
from nntrain.train import evaluator as evaluator_module
from nntrain.train.evaluator import Evaluator, Units
from nntrain.train.supervised import NETWORK, Supervised
from tests.data.sources import Computed, chosen, everything, mapped
from tests.nn.chains import chain


def network_of(
    last: Layer, outputs: int, members: int = 3, *, dropout: bool = False, shape: tuple[int, ...] = (4,)
) -> Network:
    layers = [("0", Flatten()), ("1", Dense(outputs)), ("1", last)]
    if dropout:
        layers.insert(1, ("d", Dropout(0.5)))
    network = Network(plan(chain(layers), shape), members, Memory(np.float64))
    network.initialize([Key(seed) for seed in range(members)])
    return network


def examples_of(
    count: int, outputs: int, of_member: list[int], shape: tuple[int, ...] = (4,), *, seed: int = 0
) -> Examples:
    rng, sets = np.random.default_rng(seed), max(of_member) + 1
    x = rng.standard_normal((sets, count, *shape))
    t = np.eye(max(outputs, 2))[rng.integers(max(outputs, 2), size=(sets, count))][:, :, :outputs]
    return Examples.of(np.array(of_member), x=x, t=t)


CASES: dict[str, tuple[Layer, Loss, int, Task, tuple[str, ...]]] = {
    "classification": (Softmax(), CrossEntropy(), 3, Task.CLASSIFICATION, ("accuracy", "f1")),
    "binary": (Sigmoid(), BinaryCrossEntropy(), 1, Task.BINARY, ("accuracy", "roc_auc")),
    "multilabel": (Sigmoid(), BinaryCrossEntropy(), 4, Task.MULTILABEL, ("accuracy", "f1")),
    "regression": (Linear(), MeanSquaredError(), 2, Task.REGRESSION, ("rmse", "r2")),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("of_member", [[0, 0, 0], [0, 1, 0], [1, 1, 1]], ids=["shared", "folds", "second-set"])
@pytest.mark.parametrize("shape", [(4,), (2, 2, 1)], ids=["vectors", "images"])
def test_evaluation_in_blocks_equals_evaluation_at_once(
    name: str, of_member: list[int], shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    last, loss, outputs, task, metrics = CASES[name]
    network, examples = network_of(last, outputs, shape=shape), examples_of(53, outputs, of_member, shape)
    whole = Evaluator(network, loss, examples, task=task, metrics=metrics)
    at_once = whole.evaluate()
    for block, shards in ((1, 1), (7, 1), (52, 1), (53, 1), (1, 2), (7, 2), (53, 2), (53, 4)):
        monkeypatch.setattr(evaluator_module, "EVALUATION_BLOCK", block * 3 * 4)
        evaluator = Evaluator(network, loss, examples, task=task, metrics=metrics, shards=shards)
        for _ in range(2):
            values = evaluator.evaluate()
            assert set(values) == {"loss", *metrics}
            for key, array in values.items():
                assert array.dtype == np.float64
                assert array.shape == (3,)
                np.testing.assert_allclose(array, at_once[key], rtol=1e-12)
        np.testing.assert_allclose(evaluator.outputs, whole.outputs, rtol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_losses_are_those_of_the_network_on_each_members_data(name: str) -> None:
    last, loss, outputs, task, _ = CASES[name]
    network, examples = network_of(last, outputs, dropout=True), examples_of(20, outputs, [1, 0, 1])
    evaluator = Evaluator(network, loss, examples, task=task, metrics=())
    values = evaluator.evaluate()
    for member, which in enumerate(examples.of_member):
        y = network.forward(examples.by_set("x")[which])[member]
        np.testing.assert_allclose(evaluator.outputs[member], y, rtol=1e-12)
        assert values["loss"][member] == pytest.approx(mean_loss(name, y, examples.by_set("t")[which]), rel=1e-12)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("of_member", [[0, 0, 0], [0, 1, 0]], ids=["shared", "folds"])
def test_the_weighted_loss_of_evaluation_and_of_training(
    name: str, of_member: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mean of weight times loss over the examples, in blocks or at once, beside a loss of the very same bits."""
    last, loss, outputs, task, _ = CASES[name]
    network, examples = network_of(last, outputs), examples_of(53, outputs, of_member)
    weight = np.random.default_rng(7).uniform(0.5, 3, (examples.sets, 53, 1))
    weighted = Examples(
        examples.source.with_fields({"weight": weight.reshape(-1, 1)}), examples.of_member, examples.sets
    )
    expected = []
    for member, which in enumerate(of_member):
        y, t = network.forward(examples.by_set("x")[which])[member].copy(), examples.by_set("t")[which]
        of_each = [mean_loss(name, y[n : n + 1], t[n : n + 1]) for n in range(len(y))]
        expected.append(np.mean(weight[which, :, 0] * of_each))
    for block, shards in ((1, 1), (7, 1), (7, 3), (53, 2), (53, 1)):
        monkeypatch.setattr(evaluator_module, "EVALUATION_BLOCK", block * 3 * 4)
        plain = Evaluator(network, loss, examples, task=task, metrics=(), shards=shards).evaluate()
        found = Evaluator(network, loss, weighted, task=task, metrics=(), shards=shards).evaluate()
        assert list(found) == ["loss", "weighted_loss"]
        np.testing.assert_array_equal(found["loss"], plain["loss"])
        np.testing.assert_allclose(found["weighted_loss"], expected, rtol=1e-12)
    streams = Streams([Key(0), Key(1), Key(2)], Purpose.ORDER)
    training = Supervised(network, plain_update(network), loss, weighted, streams, batch_size=10, shuffle=True)
    training.start_epoch()
    for step in range(training.steps):
        training.step(step, {NETWORK: np.zeros((3, 1))})
    means = training.losses()
    assert list(means) == ["loss", "weighted_loss"]
    np.testing.assert_allclose(means["loss"], plain["loss"], rtol=1e-12)
    np.testing.assert_allclose(means["weighted_loss"], expected, rtol=1e-12)
    assert training.minimized == {NETWORK: "weighted_loss"}


@pytest.mark.parametrize("pixels", [False, True], ids=["numbers", "pixels"])
@pytest.mark.parametrize("of_member", [[0, 0, 0], [0, 1, 0]], ids=["shared", "folds"])
@pytest.mark.parametrize("block", [1, 7, 53])
def test_rows_that_are_not_in_memory_are_trained_on_and_scored_alike(
    block: int, of_member: list[int], pixels: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Computed or mapped, bytes or numbers, and with fields that supervised learning does not use."""
    names, sets = ("x", "t", "second", "weight", "token"), max(of_member) + 1
    arrays = everything(53 * sets, pixels=pixels)
    sources: list[Source] = [
        Arrays({**chosen(arrays, names), "x": arrays["x"] * (1 / 255) if pixels else arrays["x"]}),
        Computed(53 * sets, names, pixels=pixels),
        mapped(53 * sets, names, tmp_path, pixels=pixels),
    ]
    found = []
    monkeypatch.setattr(evaluator_module, "EVALUATION_BLOCK", block * 3 * 4)
    for source in sources:
        network = network_of(Softmax(), 3, shape=(2, 2, 1) if pixels else (4,))
        examples = Examples(source, np.array(of_member), sets)
        streams = Streams([Key(0), Key(1), Key(2)], Purpose.ORDER)
        update = plain_update(network)
        training = Supervised(network, update, CrossEntropy(), examples, streams, batch_size=10, shuffle=True)
        training.start_epoch()
        for step in range(training.steps):
            training.step(step, {NETWORK: np.ones((3, 1))})
        evaluator = Evaluator(network, CrossEntropy(), examples, task=Task.CLASSIFICATION, metrics=("accuracy", "f1"))
        values = evaluator.evaluate()
        found.append({**training.losses(), **{f"scored {name}": value for name, value in values.items()}})
        found[-1] |= {"theta": network.theta.copy(), "outputs": evaluator.outputs.copy()}
    assert {"scored loss", "scored weighted_loss", "scored f1", "weighted_loss"} <= found[0].keys()
    for name, expected in found[0].items():
        assert np.isfinite(expected).all()
        for other in found[1:]:
            np.testing.assert_array_equal(other[name], expected)


def mean_loss(name: str, y: Array, t: Array) -> float:
    if name == "regression":
        return float(((y - t) ** 2).mean())
    if name == "classification":
        return float(-np.log((y * t).sum(axis=1)).mean())
    return float(-np.log(np.where(t == 1, y, 1 - y)).mean())


def test_evaluation_follows_the_weights_and_costs_no_memory_of_their_size() -> None:
    network = network_of(Softmax(), 3)
    evaluator = Evaluator(
        network, CrossEntropy(), examples_of(20_000, 3, [0, 0, 0]), task=Task.CLASSIFICATION, metrics=()
    )
    before = evaluator.evaluate()["loss"].copy()
    network.theta[...] = 0
    tracemalloc.start()
    try:
        values = evaluator.evaluate()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(values["loss"], np.log(3), rtol=1e-12)
    assert (before != values["loss"]).all()
    assert peak < 200_000


def test_smoothing_and_dropout_are_for_training_only() -> None:
    network, examples = network_of(Softmax(), 3, dropout=True), examples_of(10, 3, [0, 0, 0])
    losses = [
        Evaluator(network, loss, examples, task=Task.CLASSIFICATION, metrics=()).evaluate()["loss"]
        for loss in (CrossEntropy(), CrossEntropy(label_smoothing=0.3))
    ]
    np.testing.assert_array_equal(losses[0], losses[1])


def test_regression_scores_are_in_the_targets_own_units() -> None:
    """Targets of set d were standardized with mean and deviation of their own; scores are of y · std + mean."""
    network, examples = network_of(Linear(), 2), examples_of(15, 2, [0, 1, 1])
    units = Units(center=np.array([[10.0, -3.0], [0.5, 7.0]]), scale=np.array([[2.0, 0.1], [30.0, 4.0]]))
    evaluator = Evaluator(
        network, MeanSquaredError(), examples, task=Task.REGRESSION, metrics=("rmse", "mae"), units=units
    )
    values = evaluator.evaluate()
    for member, which in enumerate(examples.of_member):
        error = (evaluator.outputs[member] - examples.by_set("t")[which]) * units.scale[which]
        assert values["mae"][member] == pytest.approx(np.abs(error).mean())
        assert values["loss"][member] == pytest.approx(
            ((evaluator.outputs[member] - examples.by_set("t")[which]) ** 2).mean()
        )
    chosen = evaluator.select(np.array([2]), network.select(np.array([2]), Memory(np.float64))).evaluate()
    assert chosen["mae"][0] == pytest.approx(values["mae"][2], rel=1e-14)
    assert chosen["rmse"][0] == pytest.approx(values["rmse"][2], rel=1e-14)


def test_a_selected_evaluator_scores_the_members_it_was_given() -> None:
    network, examples = network_of(Softmax(), 3), examples_of(20, 3, [0, 1, 0])
    evaluator = Evaluator(network, CrossEntropy(), examples, task=Task.CLASSIFICATION, metrics=("accuracy",))
    values, rows = evaluator.evaluate(), np.array([2, 1])
    chosen = evaluator.select(rows, network.select(rows, Memory(np.float64))).evaluate()
    for name, array in values.items():
        np.testing.assert_array_equal(chosen[name], array[rows])


def plain_update(network: Network) -> Update:
    """Gradient descent."""
    update = Update(Sgd())
    update.bind(network)
    return update


def test_mean_loss_weights_the_smaller_last_batch_by_its_size() -> None:
    network = network_of(Softmax(), 3)
    examples = examples_of(10, 3, [0, 1, 0])
    streams = Streams([Key(0), Key(1), Key(2)], Purpose.ORDER)
    objective = Supervised(
        network, plain_update(network), CrossEntropy(), examples, streams, batch_size=4, shuffle=True
    )
    assert objective.steps == 3
    # With weights that do not change, the mean over an epoch's batches is the mean over the examples.
    expected = Evaluator(network, CrossEntropy(), examples, task=Task.CLASSIFICATION, metrics=()).evaluate()["loss"]
    for _ in range(2):
        objective.start_epoch()
        for step in range(objective.steps):
            objective.step(step, {NETWORK: np.zeros((3, 1))})
        np.testing.assert_allclose(objective.losses()["loss"], expected, rtol=1e-12)


def test_the_gradient_of_a_smaller_last_batch_is_the_mean_over_its_own_examples() -> None:
    network, examples = network_of(Linear(), 2, members=1), examples_of(5, 2, [0])
    streams = Streams([Key(0)], Purpose.ORDER)
    update, gradients = plain_update(network), []
    objective = Supervised(network, update, MeanSquaredError(), examples, streams, batch_size=4, shuffle=False)
    objective.start_epoch()
    for step in range(objective.steps):
        objective.step(step, {NETWORK: np.zeros((1, 1))}, lambda _: gradients.append(network.gradients()["1.w"].copy()))
    assert len(gradients) == 2
    y = network.forward(examples.whole("x")[0, 4:])[0, 0]
    expected = np.outer(examples.whole("x")[0, 4], y - examples.whole("t")[0, 4])
    np.testing.assert_allclose(gradients[1][0], expected, rtol=1e-12)


@pytest.mark.parametrize("is_weighted", [False, True], ids=["plain", "weighted"])
def test_a_training_step_allocates_no_arrays(is_weighted: bool) -> None:
    network, examples = network_of(Softmax(), 3, dropout=True), examples_of(40_000, 3, [0, 0, 0])
    if is_weighted:
        examples = Examples(examples.source.with_fields({"weight": np.ones((40_000, 1))}), examples.of_member)
    streams = Streams([Key(0)] * 3, Purpose.ORDER)
    update, rates = plain_update(network), {NETWORK: np.full((3, 1), 0.1)}
    objective = Supervised(network, update, CrossEntropy(), examples, streams, batch_size=15_000, shuffle=True)
    objective.start_epoch()
    tracemalloc.start()
    try:
        for step in range(objective.steps):
            objective.step(step, rates)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 200_000
