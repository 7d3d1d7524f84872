"""Where a training diverged: it is repeated, and every number of every step is looked at, until one is not finite.

A training that runs pays nothing for this but a snapshot now and then (`snapshots`). Repeating it from a snapshot gives
the same bits, so the repetition meets what the training met, and has the time to look.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from nntrain.arrays import Array
from nntrain.diagnosis.health import layer_name, norm
from nntrain.memory import zeros
from nntrain.nn.layer import Node
from nntrain.nn.losses.loss import BoundLoss
from nntrain.train.bound_batch import BoundBatch
from nntrain.train.loop import Training
from nntrain.train.supervised import NETWORK, supervised

# An example stands out of its batch if it is more than this many times the median example's size.
STANDS_OUT = 1e3


class Quantity(StrEnum):
    """What was not finite."""

    ACTIVATION = "activation"
    LOSS = "loss"
    GRADIENT = "gradient"
    WEIGHT = "weight"
    STATE = "state"
    OPTIMIZER = "optimizer state"


@dataclass(eq=False)
class InspectedStep:
    """One step of the repetition; of the one that failed, what comes after the failure means nothing.

    Attributes:
        epoch: counted from 1.
        batch: which batch of the epoch, counted from 1.
        rows: int [N], the rows of the training split that are the batch's examples.
        learning_rate: as the schedule had it.
        inputs: the largest |x|.
        activations: the largest |y| of each layer, by path, in order.
        loss: the mean over the batch.
        gradient: the largest |∂L/∂θ|, and `gradient_norm` ‖∂L/∂θ‖₂, before penalty and clipping.
        weight: the largest |θ| after the update; `weight_norm` is ‖θ‖₂ before it, and `update_norm` ‖Δθ‖₂.
        state: the largest number after the step of what layers carry without training it.
    """

    epoch: int
    batch: int
    rows: Array
    learning_rate: float
    inputs: float
    activations: dict[str, float] = field(default_factory=dict)
    loss: float = math.nan
    gradient: float = math.nan
    gradient_norm: float = math.nan
    weight: float = math.nan
    weight_norm: float = math.nan
    update_norm: float = math.nan
    state: float = math.nan

    @property
    def activation(self) -> float:
        """The largest |y| of all layers."""
        return max(self.activations.values(), default=math.nan)


@dataclass(frozen=True, eq=False)
class Finding:
    """The first number of a training that was not finite.

    Attributes:
        quantity: what it was.
        layer: the name of the layer that it belongs to; None for the loss and the optimizer's state.
        kind: what that layer is, such as `dense`.
        path: of the parameter or the state, such as `0.w`, or of the optimizer's array; None where it is of none.
        infinite, nan, total: how many numbers of the array were infinite or NaN, and how many there are; all 0 where
            each was finite, and only the sum of all weights, of all state or of the epoch's losses was not.
        step: in which it came up.
        responsible: int [n], the rows of the training split from which it came, of those in the batch; empty
            where it came from all alike.
        before: the repeated steps before it, the latest last.
        from_start: whether these go back to the beginning of the training.
    """

    quantity: Quantity
    layer: str | None
    kind: str | None
    path: str | None
    infinite: int
    nan: int
    total: int
    step: InspectedStep
    responsible: Array
    before: list[InspectedStep]
    from_start: bool


def find(training: Training, until: int) -> Finding | None:
    """Repeat a training of one network until a number is not finite.

    Args:
        training: in the state to start from; it pauses after every batch.
        until: the epoch that diverged, counted from 1.

    Returns:
        The finding, or None if the epoch went well.
    """
    inspection = _Inspection(training)
    with np.errstate(all="ignore"):
        for _ in training:
            inspection.end_step()
            if inspection.finding is not None or training.epoch > until:
                break
        return inspection.finding or inspection.too_large_a_sum()


def largest(array: Array) -> float:
    """The largest |·|; NaN if there is one in the array."""
    if not array.size:  # a network may have no weights
        return 0.0
    low, high = float(array.min()), float(array.max())
    return math.nan if math.isnan(low) else max(-low, high)


def sizes(array: Array) -> Array:
    """The largest |·| of each example [N] of an array [N, …]; infinite where it is not finite."""
    found = np.abs(array).reshape(len(array), -1).max(axis=1)
    return np.where(np.isfinite(found), found, np.inf).astype(np.float64)


class _Inspection:
    """Looks at every array when it has been computed, and remembers the steps."""

    def __init__(self, training: Training) -> None:
        self.finding: Finding | None = None
        self.steps: list[InspectedStep] = []
        self._training, self._population = training, training.population
        self._network, self._objective = self._population.network, supervised(self._population.objective)
        self._from_start = training.epoch == 1 and training.step == 0
        self._theta, self._grad = self._network.theta[0], self._network.grad[0]
        self._states = _by_owner(self._network.states())
        self._update = self._network.memory.empty(self._theta.shape)
        self._leaves = {leaf.path: leaf for leaf in self._network.blueprint.leaves}
        for bound in self._objective.bound:
            bound.watch(self)

    def before_step(self, bound: BoundBatch) -> None:
        """A batch is loaded."""
        training = self._training
        rates = self._population.rates(training.epoch)[NETWORK]
        rows = self._objective.batches.rows(training.step)[0].astype(np.int32)
        if self.steps and np.array_equal(rows, self.steps[-1].rows):
            rows = self.steps[-1].rows  # the whole data in every step need not be kept in every step
        np.copyto(self._update, self._theta)
        self.steps.append(
            InspectedStep(training.epoch, training.step + 1, rows, float(rates[0, 0]), largest(bound.network_pass.x))
        )

    def end_step(self) -> None:
        """The weights are updated."""
        step, update = self.steps[-1], self._update
        step.weight_norm = norm([update])
        np.subtract(self._theta, update, out=update)
        step.update_norm, step.weight = norm([update]), largest(self._theta)
        step.state = largest(self._network.state)
        for path, location in self._network.blueprint.params.items():
            self.look(Quantity.WEIGHT, self._theta[location.columns], _owner(path), path)
        for owner, states in self._states.items():
            for path, array in states.items():
                self.look(Quantity.STATE, array, owner, path)
        for name, array in self._objective.update.optimizer.state().items():
            self.look(Quantity.OPTIMIZER, array, None, name)

    def after_forward(self, node: Node) -> None:
        """A layer's state has been moved on, and its outputs are there."""
        for path, array in self._states.get(node.path, {}).items():
            self.look(Quantity.STATE, array, node.path, path, lambda: sizes(node.x[0]), node.rows)
        value = self.look(Quantity.ACTIVATION, node.y, node.path, None, lambda: sizes(node.y[0]), node.rows)
        seen = self.steps[-1].activations
        seen[node.path] = largest(np.array([seen.get(node.path, value), value]))

    def after_loss(self, loss: BoundLoss, nodes: Sequence[Node], rows: slice) -> None:
        """The loss and its gradient are there."""
        step, leaves = self.steps[-1], [node.path for node in nodes if node.is_leaf]
        part = float(loss.value[0])
        step.loss = part if rows.start == 0 else step.loss + part
        shares = lambda: np.maximum(sizes(loss.y[0]), sizes(loss.t[0]))  # noqa: E731
        self.look(Quantity.LOSS, loss.total, None, None, shares, rows)
        last = (leaves or [*self._leaves])[-1]
        self.look(Quantity.GRADIENT, loss.dy, last, None, lambda: sizes(loss.dy[0]), rows)

    def after_backward(self, node: Node) -> None:
        """A layer's parameter gradients and its dx are there."""
        x, dy, dx = node.x, node.dy, node.dx
        if dy is None:
            return

        def shares() -> Array:
            return sizes(x[0]) * sizes(dy[0])

        for path, gradient in node.gradients.items():
            self.look(Quantity.GRADIENT, gradient, node.path, path, shares, node.rows)
        if dx is not None:
            self.look(Quantity.GRADIENT, dx, node.path, None, lambda: sizes(dx[0]), node.rows)

    def after_gradients(self, bound: BoundBatch) -> None:
        """All gradients are there, and the update will use them up."""
        self.steps[-1].gradient, self.steps[-1].gradient_norm = largest(self._grad), norm([self._grad])

    def look(
        self,
        quantity: Quantity,
        array: Array,
        layer: str | None,
        path: str | None = None,
        of_examples: Callable[[], Array] | None = None,
        rows: slice = slice(None),
    ) -> float:
        """The largest |·| of an array. The first that is not finite is the finding.

        Args:
            quantity: what the array is.
            array: of any shape.
            layer: the path of the layer that it belongs to.
            path: of the parameter or the state.
            of_examples: gives the part that each example of `rows` has in it.
            rows: of the batch.
        """
        value = largest(array)
        if not math.isfinite(value) and self.finding is None:
            self._record(quantity, array, layer, path, of_examples, rows)
        return value

    def too_large_a_sum(self) -> Finding | None:
        """The finding where every number is finite, but the sum of the weights, the state or the losses is not."""
        network, none = self._network, zeros(0)
        for quantity, flat, arrays in (
            (Quantity.WEIGHT, self._theta, network.parameters()),
            (Quantity.STATE, network.state[0], network.states()),
        ):
            if self.steps and not math.isfinite(float(np.add.reduce(flat))):
                paths = [*arrays]
                path = paths[max((largest(arrays[path]), index) for index, path in enumerate(paths))[1]]
                self._record(quantity, none, _owner(path), path)
                return self.finding
        if self.steps and not self._population.are_sound().all():
            self._record(Quantity.LOSS, none, None, None)
        return self.finding

    def _record(
        self,
        quantity: Quantity,
        array: Array,
        layer: str | None,
        path: str | None,
        of_examples: Callable[[], Array] | None = None,
        rows: slice = slice(None),
    ) -> None:
        step = self.steps[-1]
        examples = step.rows[rows]
        shares = of_examples() if of_examples is not None else zeros(len(examples))
        self.finding = Finding(
            quantity,
            None if layer is None else layer_name(layer),
            None if layer is None else self._leaves[layer].layer.kind,
            path,
            int(np.isinf(array).sum()),
            int(np.isnan(array).sum()),
            array.size,
            step,
            examples[shares > STANDS_OUT * np.median(shares)],
            self.steps[:-1],
            self._from_start,
        )


def _owner(path: str) -> str:
    """The path of the layer that has a parameter or a state."""
    return path.rpartition(".")[0]


def _by_owner(arrays: Mapping[str, Array]) -> dict[str, dict[str, Array]]:
    """Arrays by path, for each layer that has some."""
    found: dict[str, dict[str, Array]] = {}
    for path, array in arrays.items():
        found.setdefault(_owner(path), {})[path] = array
    return found
