"""How well the gradient reaches each layer: a few numbers per layer, measured now and then at an epoch's last batch.

By name, with the layer's own behind the dot, as they stand in an epoch's record:

gradient_norm.0   ‖∂L/∂θ‖₂ over the layer's weights and biases, as `gradient_norm` is over all layers'
update_ratio.0    ‖Δθ‖₂ / ‖θ‖₂: how much of the layer the last update changed; about 1e-3 is usual
growth.0          the root mean square of what a hidden layer puts out, relative to that of the network's inputs
dead.0            the fraction of a hidden ReLU layer's units that put out 0 for every example of the sample
saturated.0       the fraction of a hidden sigmoid or tanh layer's units that are within SATURATED of one of their
                  bounds for every example of the sample, where their derivative is close to 0

The sample is the validation split, or the last batch where there is none. Glorot & Bengio 2010 introduced such
measurements to show where gradients vanish; the lectures show their figure. `symptoms` says when a number is bad.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.layers import ACTIVATION
from nntrain.nn.activations import Relu, Sigmoid, Tanh
from nntrain.nn.blueprint import Blueprint
from nntrain.nn.layer import Node
from nntrain.nn.network import Pass
from nntrain.train.loop import Training
from nntrain.train.population import Population
from nntrain.train.state import TrainingState
from nntrain.train.supervised import supervised

# Steps between two measurements, so that they take less than a fiftieth of the time.
SPACING = 100
# What a sigmoid or tanh may lack to its bound and still be called saturated.
SATURATED = 0.01
# Of fewer examples, unless they are all that there are, nobody can tell whether a unit is dead.
SMALLEST_SAMPLE = 30

# Sums of squares outside of this may have lost something in float32.
_SAFE = (1e-28, 1e36)


class Health:
    """Measures a population of one, as an onlooker of its training.

    It is due in the first epoch and then whenever SPACING more steps are done, which depends on nothing but the epoch:
    a training that was interrupted measures in the same epochs as one that was not. It reads the arrays of the step
    and changes none of them.
    """

    def __init__(self, population: Population) -> None:
        network, objective = population.network, supervised(population.objective)
        blueprint, last = network.blueprint, objective.bound[objective.batches.schedule[-1]]
        self._steps = objective.steps
        self._theta, self._grad = network.theta[0], network.grad[0]
        self._update: Array = network.memory.empty(self._theta.shape)
        self._parameters = parameters_of_layers(blueprint)
        self._sizes: list[float] = []
        self._values: dict[str, float] = {}
        self._memory = network.memory
        self._input, self._outputs = _flows(blueprint, last.network_pass)
        self._sample = _hidden(blueprint, _sample(population))

    def is_due(self, epoch: int) -> bool:
        """Whether to measure in an epoch, counted from 1."""
        return epoch == 1 or epoch * self._steps // SPACING > (epoch - 1) * self._steps // SPACING

    def before_step(self, training: Training) -> None:
        """Nothing."""

    def save(self, state: TrainingState) -> None:
        """Nothing."""

    def load(self, state: TrainingState) -> None:
        """Nothing."""

    def before_update(self, network: str) -> None:
        """Measure the gradient, and remember the weights."""
        self._values, self._sizes = {}, []
        for name, parts in self._parameters.items():
            self._values[f"gradient_norm.{name}"] = norm([self._grad[part] for part in parts])
            self._sizes.append(norm([self._theta[part] for part in parts]))
        np.copyto(self._update, self._theta)

    def after_update(self) -> None:
        """Measure how far the weights have gone."""
        np.subtract(self._theta, self._update, out=self._update)
        for (name, parts), size in zip(self._parameters.items(), self._sizes, strict=True):
            length = norm([self._update[part] for part in parts])
            self._values[f"update_ratio.{name}"] = length / size if size else math.nan

    def values(self) -> dict[str, Array]:
        """Everything by name, each float64 [1]; comes after the epoch's evaluation."""
        inputs = self._root_mean_square(self._input)
        for name, output in self._outputs:
            self._values[f"growth.{name}"] = self._root_mean_square(output) / inputs if inputs else math.nan
        for name, node in self._sample:
            if isinstance(node.layer, Relu):
                self._values[f"dead.{name}"] = dead(node.y)
            else:
                middle, bound = (0.5, 0.5) if isinstance(node.layer, Sigmoid) else (0.0, 1.0)
                self._values[f"saturated.{name}"] = saturated(node.y, middle, bound)
        return {name: np.array([value]) for name, value in self._values.items()}

    def _root_mean_square(self, x: Array) -> float:
        return norm([*self._memory.flat(x)]) / math.sqrt(x.size)


def parameters_of_layers(blueprint: Blueprint) -> dict[str, list[slice]]:
    """For each layer that has parameters, the columns of theta [P] that are its own."""
    found: dict[str, list[slice]] = {}
    for leaf in blueprint.leaves:
        if leaf.params:
            found.setdefault(layer_name(leaf.path), []).extend(location.columns for location in leaf.params)
    return found


def norm(parts: Sequence[Array]) -> float:
    """‖·‖₂ of all parts together, each [n]; where squares would overflow or vanish in float32, in float64."""
    total = sum(float(np.dot(part, part)) for part in parts)
    if not _SAFE[0] < total < _SAFE[1]:
        total = sum(float(np.einsum("p,p->", part, part, dtype=np.float64)) for part in parts)
    return math.sqrt(total)


def dead(y: Array) -> float:
    """The fraction of units that are 0 for every example, from a ReLU's outputs [1, N, …, units]."""
    silent = _over_examples(np.maximum, y) <= 0
    return float(np.count_nonzero(silent) / silent.size)


def saturated(y: Array, middle: float, bound: float) -> float:
    """The fraction of units [1, N, …, units] whose outputs in middle ± bound are all within SATURATED of an end."""
    nearest = _over_examples(np.minimum, np.abs(y - y.dtype.type(middle)))
    return float(np.count_nonzero(nearest > bound - SATURATED) / nearest.size)


def _over_examples(extreme: np.ufunc, y: Array) -> Array:
    """The extreme of each unit [units] over examples, and over the positions of an image or a sequence."""
    extremes: Array = extreme.reduce(y, axis=tuple(range(y.ndim - 1)))
    return extremes


def _flows(blueprint: Blueprint, bound: Pass) -> tuple[Array, list[tuple[str, Array]]]:
    """What comes into the first layer with parameters, and what comes into the others with the layer it comes from."""
    learning = {leaf.path for leaf in blueprint.leaves if leaf.params}
    leaves = [node for node in bound.nodes if node.is_leaf]
    trained = [node for node in leaves if node.path in learning]
    if not trained:
        return bound.x, []
    # What a composition puts out may be what its last layer does: then it is called that layer's.
    before = {id(node.y): node.path for node in (*bound.nodes, *leaves)}
    sources = [(before.get(id(node.x)), node.x) for node in trained[1:]]
    return trained[0].x, [(layer_name(path), x) for path, x in sources if path is not None]


def _sample(population: Population) -> Sequence[Node]:
    """The layers that hold the activations of a large enough sample; none where there is no such.

    Of a batch in shards, these are those of its first shard.
    """
    objective = supervised(population.objective)
    if "validation" in population.evaluators:
        bound = population.evaluators["validation"].bound
        if bound.size >= SMALLEST_SAMPLE:
            return bound.network_pass.nodes
    bound = objective.bound[objective.batches.schedule[-1]]
    enough = bound.size >= min(SMALLEST_SAMPLE, objective.examples)
    return bound.network_pass.nodes if enough else ()


def _hidden(blueprint: Blueprint, nodes: Sequence[Node]) -> list[tuple[str, Node]]:
    """The activations that can die or saturate to no good: those of hidden layers, for an output shall be sure."""
    last = blueprint.leaves[-1].path if blueprint.leaves else ""
    return [
        (layer_name(node.path), node)
        for node in nodes
        if isinstance(node.layer, Relu | Sigmoid | Tanh) and node.path != last
    ]


def layer_name(path: str) -> str:
    """The name of a layer of the config from the path of one of the layers that it is made of."""
    return path.removesuffix(ACTIVATION)
