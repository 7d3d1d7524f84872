"""What every loss must do, checked for every row of `losses.py`."""

import itertools
import tracemalloc

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.assembly.training import build_loss
from nntrain.config.loss import AnyLoss
from nntrain.language.anatomy import variants
from nntrain.memory import Memory
from nntrain.nn.losses import Loss
from nntrain.nn.network import Network
from nntrain.streams import Key
from tests.conformance.definitions import concrete_subclasses
from tests.conformance.differences import TOLERANCE, numeric_gradient, relative_error
from tests.conformance.losses import LOSSES, LossRow, network_for
from tests.conformance.test_layers import BIG, CAST_BUFFERS
from tests.optim.configs import configured

# Fewer examples than outputs, as many, and more: both layouts of Memory.flowing.
EXAMPLES = (1, 4, 9)

each_row = pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)


def test_every_loss_has_a_row() -> None:
    assert {type(row.loss) for row in LOSSES} == concrete_subclasses(Loss, "nntrain.nn")


def test_every_loss_of_the_config_has_a_row() -> None:
    built = {type(build_loss(configured(loss={"type": type_}))) for type_ in variants(AnyLoss)}
    assert {type(row.loss) for row in LOSSES} == built


def test_a_loss_without_a_row_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in {type(row.loss) for row in LOSSES}:
        monkeypatch.setattr(f"{__name__}.LOSSES", [row for row in LOSSES if type(row.loss) is not missing])
        for check in (test_every_loss_has_a_row, test_every_loss_of_the_config_has_a_row):
            with pytest.raises(AssertionError):
                check()
        monkeypatch.undo()


class Trained:
    """A network with a loss at its end, bound for training."""

    def __init__(self, network: Network, loss: Loss, x: Array, t: Array, weight: Array | None) -> None:
        self.network = network
        self.bound = network.bind(x, training=True, fused=loss.fuses)
        members, examples, outputs = t.shape
        laid_out = network.memory.flowing(members, examples, (outputs,))
        laid_out[...] = t
        self.loss = loss.bind(self.bound.y, laid_out, weight, network.memory, training=True)
        self.bound.bind_backward(self.loss.dy, input_gradient=True)

    def cost(self) -> Array:
        self.bound.forward()
        self.loss.forward()
        return self.loss.value

    def gradient(self) -> Array:
        self.cost()
        self.loss.backward()
        self.bound.backward()
        assert self.bound.dx is not None
        return self.bound.dx


def case(
    row: LossRow,
    members: int,
    examples: int,
    *,
    shared: bool = True,
    weighted: bool = False,
    dtype: type[np.floating] = np.float64,
) -> Trained:
    rng = np.random.default_rng(3)
    batch = 1 if shared else members
    x = rng.standard_normal((batch, examples, 3)).astype(dtype)
    t = row.targets(rng, batch, examples, row.outputs).astype(dtype)
    weight = (rng.random((batch, examples, 1)) + 0.5).astype(dtype) if weighted else None
    network = network_for(row, [Key(seed) for seed in range(members)], dtype)
    return Trained(network, row.loss, x, row.loss.training_targets(t), weight)


@each_row
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("shared", [True, False], ids=["shared-batch", "own-batches"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_backpropagation_agrees_with_central_differences(
    row: LossRow, members: int, shared: bool, weighted: bool
) -> None:
    for examples in EXAMPLES:
        trained = case(row, members, examples, shared=shared, weighted=weighted)
        errors = {"input": relative_error(trained.gradient().copy(), numeric_gradient(trained.cost, trained.bound.x))}
        gradients = {path: gradient.copy() for path, gradient in trained.network.gradients().items()}
        for path, parameter in trained.network.parameters().items():
            errors[path] = relative_error(gradients[path], numeric_gradient(trained.cost, parameter))
        assert max(errors.values()) < TOLERANCE, (examples, errors)


@each_row
def test_the_layout_of_outputs_and_targets_does_not_matter(row: LossRow) -> None:
    rng = np.random.default_rng(5)
    for examples, weighted in itertools.product(EXAMPLES, (False, True)):
        y = rng.standard_normal((2, examples, row.outputs))
        t = row.targets(rng, 1, examples, row.outputs)
        weight = rng.random((1, examples, 1)) if weighted else None
        by_rows = _answers(row.loss, y, t, weight)
        for y_transposed, t_transposed in itertools.product((False, True), repeat=2):
            found = _answers(row.loss, _columns(y, y_transposed), _columns(t, t_transposed), weight)
            for ours, theirs in zip(found, by_rows, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-13)


def _columns(array: Array, transposed: bool) -> Array:
    return array.swapaxes(1, 2).copy().swapaxes(1, 2) if transposed else array


def _answers(loss: Loss, y: Array, t: Array, weight: Array | None) -> tuple[Array, Array, Array]:
    """value, dy and the outputs of a loss bound directly to y."""
    bound = loss.bind(y, t, weight, Memory(y.dtype), training=True)
    bound.forward()
    outputs = bound.outputs.copy()
    bound.backward()
    return bound.value, bound.dy, outputs


@each_row
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared-batch", "own-batches"])
def test_members_together_compute_what_each_computes_alone(row: LossRow, weighted: bool, shared: bool) -> None:
    for examples in EXAMPLES:
        together = case(row, 3, examples, shared=shared, weighted=weighted)
        dx = together.gradient()
        for member in range(3):
            network = network_for(row, [Key(member)])
            place = slice(0, 1) if shared else slice(member, member + 1)
            weight = None if together.loss.weight is None else together.loss.weight[place]
            alone = Trained(network, row.loss, together.bound.x[place], together.loss.t[place], weight)
            np.testing.assert_array_equal(alone.gradient()[0], dx[member])
            np.testing.assert_array_equal(network.grad[0], together.network.grad[member])
            np.testing.assert_array_equal(alone.loss.value[0], together.loss.value[member])


@each_row
def test_outputs_are_those_of_the_network_with_its_last_activation(row: LossRow) -> None:
    rng = np.random.default_rng(6)
    for examples in EXAMPLES:
        for training in (True, False):
            network, x = network_for(row, [Key(0), Key(1)]), rng.standard_normal((1, examples, 3))
            t = row.targets(rng, 1, examples, row.outputs)
            bound = network.bind(x, training=training, fused=row.loss.fuses)
            loss = row.loss.bind(bound.y, t, None, network.memory, training=training)
            bound.forward()
            loss.forward()
            np.testing.assert_allclose(loss.outputs, network.forward(x), rtol=1e-12)


@each_row
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_the_value_is_the_weighted_mean_of_the_examples_own_losses(row: LossRow, weighted: bool) -> None:
    rng = np.random.default_rng(7)
    y, t = rng.standard_normal((2, 6, row.outputs)), row.targets(rng, 2, 6, row.outputs)
    weight = rng.random((2, 6, 1)) if weighted else None
    singles = [_answers(row.loss, y[:, n : n + 1], t[:, n : n + 1], None)[0] for n in range(6)]
    factors = np.ones((2, 6)) if weight is None else weight[:, :, 0]
    expected = [sum(factors[m, n] * singles[n][m] for n in range(6)) / 6 for m in range(2)]
    np.testing.assert_allclose(_answers(row.loss, y, t, weight)[0], expected, rtol=1e-13)


@each_row
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_float32_stays_float32_in_every_array(row: LossRow, weighted: bool) -> None:
    for examples in EXAMPLES:
        trained = case(row, 2, examples, weighted=weighted, dtype=np.float32)
        trained.gradient()
        arrays = [value for value in vars(trained.loss).values() if isinstance(value, np.ndarray)]
        wrong = [array.dtype for array in arrays if array.dtype.kind == "f" and array.dtype != np.float32]
        assert not wrong
        assert trained.network.grad.dtype == np.float32


@each_row
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_a_step_allocates_no_arrays(row: LossRow, weighted: bool) -> None:
    trained = case(row, 2, BIG, weighted=weighted)
    trained.gradient()
    tracemalloc.start()
    try:
        for _ in range(3):
            trained.gradient()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < CAST_BUFFERS


@each_row
def test_logits_of_ten_thousand_are_finite(row: LossRow) -> None:
    rng = np.random.default_rng(8)
    for dtype in (np.float32, np.float64):
        y = rng.choice([-1e4, 1e4], (2, 9, row.outputs)).astype(dtype)
        t = row.targets(rng, 1, 9, row.outputs).astype(dtype)
        value, dy, outputs = _answers(row.loss, y, t, None)
        assert np.isfinite(value).all()
        assert np.isfinite(dy).all()
        assert np.isfinite(outputs).all()


@each_row
def test_evaluation_gives_the_same_value_as_training(row: LossRow) -> None:
    rng = np.random.default_rng(9)
    for examples in EXAMPLES:
        y, t = rng.standard_normal((2, examples, row.outputs)), row.targets(rng, 1, examples, row.outputs)
        evaluated = row.loss.bind(y, t, None, Memory(np.float64), training=False)
        evaluated.forward()
        first = evaluated.value.copy()
        np.testing.assert_array_equal(first, _answers(row.loss, y, t, None)[0])
        evaluated.forward()
        np.testing.assert_array_equal(evaluated.value, first)
