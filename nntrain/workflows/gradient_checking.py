"""Compare backpropagation with central differences on an experiment's own network and data."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.footprint import SMALLER, refuse_beyond
from nntrain.assembly.layers import build_blueprint
from nntrain.assembly.ready import Ready, ready
from nntrain.config.experiment import Experiment, check_loaded
from nntrain.config.loss import PerceptronConfig
from nntrain.config.network import DropoutConfig
from nntrain.data.batches import first_examples
from nntrain.errors import UserError
from nntrain.memory import Memory
from nntrain.nn.gradient_check import Difference, check_array
from nntrain.nn.layer import ShapeError
from nntrain.nn.network import Network
from nntrain.streams import Draws
from nntrain.train.bound_batch import BoundBatch
from nntrain.train.population import Population
from nntrain.train.supervised import supervised
from nntrain.workflows.results import GradientReport, GradientRow

TOLERANCE = 1e-7
# Enough examples for every unit to be used, few enough for the check to be quick.
EXAMPLES = 16
# Penalties are checked at weights that are moved between these sizes, as they are the same function of every weight.
PENALIZED = (0.1, 10.0)


def gradcheck(experiment: Experiment) -> GradientReport:
    """Check the gradients of the loss and of the penalties, at the initial weights, in float64, without dropout.

    The first examples of the training split are used, and zeros among the parameters and the inputs are moved a little,
    since a ReLU has no derivative there. State is put back before each evaluation. For the penalties, weights below 0.1
    or above 10 are moved there. Arrays of more than 200 numbers are checked at 200 of them.

    Raises:
        ConfigError, DataError: what `fit` would raise.
        UserError: the perceptron loss is not the integral of its rule, so there is nothing to compare.
    """
    check_loaded(experiment)
    config = experiment.config.model_copy(update={"dtype": "float64"})
    begun = ready(experiment.with_config(config))
    if isinstance(begun.config.loss, PerceptronConfig):
        raise UserError(
            "the perceptron's rule does not follow from a derivative (that of the step activation is 0), "
            "so there is nothing to check"
        )
    checked = _without_dropout(begun)
    refuse_beyond(checked.footprint().most, "checking this network in float64", SMALLER)
    population = checked.population()
    with np.errstate(all="ignore"):  # a cost that overflows leaves nothing to compare, which is said
        return GradientReport(_rows(population), TOLERANCE)


def check_gradients(network: Network, x: object, *, training: bool = False, seed: int = 0) -> GradientReport:
    """Check the backward pass of a network, and so of layers of one's own, against central differences.

    The cost is J = Σ v ∘ y with random numbers v, whose gradient at y is v. Parameters and inputs are moved and put
    back; gradients are left in `network.gradients()`. Random draws are the same in every evaluation, and state is put
    back before each.

    Args:
        network: from `build_network` with dtype float64.
        x: [N, *input_shape] or [M, N, *input_shape]; keep away from kinks, such as 0 for a ReLU.
        training: whether dropout is on, and state is written.
        seed: of v.

    Raises:
        UserError: the network is not of float64, x has another shape or no examples, the seed is none, or a function of
            an operation returns an array of another shape.
    """
    if not isinstance(network, Network):
        raise UserError(f"network must come from build_network, got {network!r}")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise UserError(f"seed must be a whole number of at least 0, got {seed!r}")
    if network.theta.dtype != np.float64:
        raise UserError(
            f"differences of {network.theta.dtype} say little: build the network with dtype='float64' to check it"
        )
    try:
        inputs = network.as_batch(x).astype(np.float64)
    except ValueError as error:  # as the network's own methods do
        raise UserError(str(error)) from error
    if not inputs.size:
        raise UserError("x has no examples")
    try:
        return GradientReport(_compared(network, inputs, training=training, seed=seed), TOLERANCE)
    except ShapeError as error:
        raise UserError(str(error)) from error


def _compared(network: Network, inputs: Array, *, training: bool, seed: int) -> list[GradientRow]:
    """A row for each parameter and the inputs [M or 1, N, *input_shape]; the network is left as it was."""
    memory = network.memory.fresh()
    bound = network.bind(inputs, training=training, memory=memory)
    v = memory.empty((network.members, *bound.y.shape[1:]))
    v[...] = Draws(seed).normal(v.shape)
    dy = memory.empty(v.shape)
    bound.bind_backward(dy, input_gradient=True)
    streams, state = copy.deepcopy(network.dropout_streams.state()), network.state.copy()

    def cost() -> Array:
        network.dropout_streams.load_state(streams)
        network.state[...] = state
        product = (bound.forward() * v).reshape(network.members, -1)
        summed: Array = np.add.reduce(product, axis=1)
        return summed

    with np.errstate(all="ignore"):  # a cost that overflows leaves nothing to compare, which is said
        cost()
        dy[...] = v
        bound.backward()
        gradients = {**network.gradients(), "input": bound.dx}
        kept = {path: array.copy() for path, array in gradients.items()}
        values = {**network.parameters(), "input": inputs}
        rows = [_checked(path, values[path], kept[path], cost) for path in values]
    network.dropout_streams.load_state(streams)
    network.state[...] = state
    return rows


def _checked(name: str, values: Array, gradient: Array, cost: Callable[[], Array]) -> GradientRow:
    """One array of all members; a batch that they share has the sum of their gradients, each of which is its own."""
    if len(values) == len(gradient):
        found = check_array(name, values, gradient, cost)
        return GradientRow(name, float(found.relative_error.max()), found.checked, float(found.proven.max()))
    shared = check_array(name, values, gradient.sum(axis=0)[None], lambda: cost().sum()[None])
    return GradientRow(name, float(shared.relative_error.max()), shared.checked, float(shared.proven.max()))


def _without_dropout(ready: Ready) -> Ready:
    """The same network without its dropout layers."""
    layers = tuple(layer for layer in ready.config.network if not isinstance(layer, DropoutConfig))
    config = ready.config.model_copy(update={"network": layers, "search": None})
    blueprint = build_blueprint([layers], ready.prepared.input_shape)
    return replace(ready, experiment=ready.experiment.with_config(config), blueprint=blueprint, threads=1)


def _rows(population: Population) -> list[GradientRow]:
    objective = supervised(population.objective)
    network, examples, update = objective.network, objective.data, objective.update
    memory = Memory(np.float64)
    batch = first_examples(examples, min(EXAMPLES, len(examples)), memory)
    _move_zeros(network.theta)
    _move_zeros(batch["x"])
    bound = BoundBatch(network, objective.loss, [batch], memory, training=True, input_gradient=True)
    state = network.state.copy()
    bound.step()
    values = {**network.parameters(), "input": batch["x"]}
    gradients = {path: array.copy() for path, array in {**network.gradients(), "input": bound.network_pass.dx}.items()}

    def loss() -> Array:
        network.state[...] = state
        bound.forward()
        return bound.loss.value

    parts = {path: [check_array(path, array, gradients[path], loss)] for path, array in values.items()}
    # By themselves, for a large penalty would drown the differences of the loss in its rounding. Away from 0, where |w|
    # has a kink, and within two powers of ten, so that no weight's penalty drowns another's.
    network.theta[...] = np.copysign(np.clip(np.abs(network.theta), *PENALIZED), network.theta)
    for penalty in update.penalties:
        network.grad[...] = penalty.gradient(network.theta)
        for path, gradient in network.gradients().items():
            cost = partial(penalty.value, network.theta)
            parts[path].append(check_array(path, values[path], gradient, cost))
    return [_row(path, of_path) for path, of_path in parts.items()]


def _row(name: str, parts: Sequence[Difference]) -> GradientRow:
    """The worst of the differences of the loss and the penalties."""
    errors = [float(part.relative_error[0]) for part in parts]
    worst = math.nan if any(map(math.isnan, errors)) else max(errors)
    return GradientRow(name, worst, parts[0].checked, max(float(part.proven[0]) for part in parts))


def _move_zeros(values: Array) -> None:
    """Replace zeros (fresh biases, flags) by small numbers: there a ReLU can sit on its kink and has no derivative."""
    zeros = values == 0
    values[zeros] = Draws(0).uniform(-0.1, 0.1, (int(zeros.sum()),))
