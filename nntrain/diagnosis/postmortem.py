"""Where a training diverged: it is repeated, and every number of every step is looked at, until one is not finite.

A training that runs pays nothing for this but a snapshot now and then (`snapshots`). Repeating it from a snapshot gives
the same bits, so the repetition meets what the training met, and has the time to look.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from nntrain.arrays import Array
from nntrain.diagnosis.health import norm
from nntrain.nn.layer import Layer
from nntrain.train.bound import Bound
from nntrain.train.loop import Training

# An example stands out of its batch if it is more than this many times the median example's size.
STANDS_OUT = 1e3


class Quantity(StrEnum):
    """What was not finite."""

    ACTIVATION = "activation"
    LOSS = "loss"
    GRADIENT = "gradient"
    WEIGHT = "weight"
    OPTIMIZER = "optimizer state"


@dataclass(eq=False)
class Step:
    """One step of the repetition; of the one that failed, what comes after the failure means nothing.

    Attributes:
        epoch: counted from 1.
        batch: which batch of the epoch, counted from 1.
        rows: int [N], the places of the batch's examples in the training split.
        learning_rate: as the schedule had it.
        inputs: the largest |x|.
        activations: the largest |y| of each layer, in order.
        loss: the mean over the batch.
        gradient: the largest |∂L/∂θ|, and `gradient_norm` ‖∂L/∂θ‖₂, before penalty and clipping.
        weight: the largest |θ| after the update; `weight_norm` is ‖θ‖₂ before it, and `update_norm` ‖Δθ‖₂.
    """

    epoch: int
    batch: int
    rows: Array
    learning_rate: float
    inputs: float
    activations: list[float] = field(default_factory=list)
    loss: float = math.nan
    gradient: float = math.nan
    gradient_norm: float = math.nan
    weight: float = math.nan
    weight_norm: float = math.nan
    update_norm: float = math.nan

    @property
    def activation(self) -> float:
        """The largest |y| of all layers."""
        return max(self.activations, default=math.nan)


@dataclass(frozen=True, eq=False)
class Finding:
    """The first number of a training that was not finite.

    Attributes:
        quantity: what it was.
        layer: the name of the layer that it belongs to; None for the loss and the optimizer's state.
        kind: what that layer is, such as `dense`.
        path: of the parameter, such as `0.w`, or of the optimizer's array; None where it is neither's.
        infinite, nan, total: how many numbers of the array were infinite or NaN, and how many there are; all 0 where
            each was finite, and only the sum of all weights, or of the epoch's losses, was not.
        step: in which it came up.
        responsible: int [n], the places in the training split of the examples of the batch from which it came; empty
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
    step: Step
    responsible: Array
    before: list[Step]
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
        self.steps: list[Step] = []
        self._training, self._population = training, training.population
        self._network = self._population.network
        self._from_start = training.epoch == 1 and training.step == 0
        self._theta, self._grad = self._network.theta[0], self._network.grad[0]
        self._update: Array = np.empty_like(self._theta)
        self._first = next((place for place, slots in enumerate(self._network.blueprint.slots) if slots), 0)
        for bound in self._population.task.bound:
            bound.network_pass.watch(_Observer(self, bound))

    def begin_step(self, x: Array) -> None:
        """A batch x [1, N, …] is loaded."""
        training, population = self._training, self._population
        rates = population.schedule.rates(training.epoch - 1, population.learning_rate)
        rows = population.task.batches.rows(training.step)[0].astype(np.int32)
        if self.steps and np.array_equal(rows, self.steps[-1].rows):
            rows = self.steps[-1].rows  # the whole data in every step need not be kept in every step
        np.copyto(self._update, self._theta)
        self.steps.append(Step(training.epoch, training.step + 1, rows, float(rates[0, 0]), largest(x)))

    def end_step(self) -> None:
        """The weights are updated."""
        step, update = self.steps[-1], self._update
        step.weight_norm = norm([update])
        np.subtract(self._theta, update, out=update)
        step.update_norm, step.weight = norm([update]), largest(self._theta)
        for place, slots in enumerate(self._network.blueprint.slots):
            for slot in slots:
                weights = self._theta[slot.start : slot.start + slot.param.size]
                self.look(Quantity.WEIGHT, weights, place, slot.path)
        for name, array in self._population.update.optimizer.state().items():
            self.look(Quantity.OPTIMIZER, array, None, name)

    def gradients(self, place: int, layer: Layer) -> None:
        """A layer's parameter gradients are there."""

        def shares() -> Array:
            return sizes(layer.x[0]) * sizes(layer.dy[0])

        for slot in self._network.blueprint.slots[place]:
            gradient = self._grad[slot.start : slot.start + slot.param.size]
            self.look(Quantity.GRADIENT, gradient, place, slot.path, shares)
        if place == self._first:
            # All are there, and the update will use them up.
            self.steps[-1].gradient, self.steps[-1].gradient_norm = largest(self._grad), norm([self._grad])

    def look(
        self,
        quantity: Quantity,
        array: Array,
        place: int | None,
        path: str | None = None,
        of_examples: Callable[[], Array] | None = None,
    ) -> float:
        """The largest |·| of an array. The first that is not finite is the finding.

        Args:
            quantity: what the array is.
            array: of any shape.
            place: the layer's.
            path: of the parameter.
            of_examples: gives the part [N] that each example has in it.
        """
        value = largest(array)
        if not math.isfinite(value) and self.finding is None:
            self._record(quantity, array, place, path, of_examples)
        return value

    def too_large_a_sum(self) -> Finding | None:
        """The finding where every number is finite, but the sum of the weights or of the epoch's losses is not."""
        none = np.zeros(0)
        if self.steps and not math.isfinite(float(np.add.reduce(self._theta))):
            slots = [(place, slot) for place, group in enumerate(self._network.blueprint.slots) for slot in group]
            ends = [(largest(self._theta[s.start : s.start + s.param.size]), place, s.path) for place, s in slots]
            _, place, path = max(ends)
            self._record(Quantity.WEIGHT, none, place, path, None)
        elif self.steps and not np.isfinite(self._population.task.mean_loss()).all():
            self._record(Quantity.LOSS, none, None, None, None)
        return self.finding

    def _record(
        self,
        quantity: Quantity,
        array: Array,
        place: int | None,
        path: str | None,
        of_examples: Callable[[], Array] | None,
    ) -> None:
        named = None if place is None else self._network.blueprint.layers[place]
        step = self.steps[-1]
        shares = of_examples() if of_examples is not None else np.zeros(len(step.rows))
        self.finding = Finding(
            quantity,
            None if named is None else named.name,
            None if named is None else type(named.layer).__name__.lower(),
            path,
            int(np.isinf(array).sum()),
            int(np.isnan(array).sum()),
            array.size,
            step,
            step.rows[shares > STANDS_OUT * np.median(shares)],
            self.steps[:-1],
            self._from_start,
        )


class _Observer:
    """Takes what a pass has computed to the inspection, in the order in which it comes about."""

    def __init__(self, inspection: _Inspection, bound: Bound) -> None:
        self._inspection, self._bound = inspection, bound

    def after_forward(self, place: int, layer: Layer) -> None:
        if place == 0:
            self._inspection.begin_step(self._bound.network_pass.x)
        value = self._inspection.look(Quantity.ACTIVATION, layer.y, place, None, lambda: sizes(layer.y[0]))
        self._inspection.steps[-1].activations.append(value)

    def before_backward(self) -> None:
        loss, inspection = self._bound.loss, self._inspection
        if not self._bound.network_pass.layers:  # all there was is computed by the loss
            inspection.begin_step(self._bound.network_pass.x)
        inspection.steps[-1].loss = float(loss.value[0])
        inspection.look(Quantity.LOSS, loss.total, None, None, lambda: np.maximum(sizes(loss.y[0]), sizes(loss.t[0])))
        last = len(self._bound.network_pass.layers) - 1
        inspection.look(Quantity.GRADIENT, loss.dy, last, None, lambda: sizes(loss.dy[0]))

    def after_backward(self, place: int, layer: Layer, dx: Array | None) -> None:
        self._inspection.gradients(place, layer)
        if dx is not None:
            self._inspection.look(Quantity.GRADIENT, dx, place, None, lambda: sizes(dx[0]))
