"""How the learning rate changes from epoch to epoch: rules that depend on the epoch alone.

`epoch` counts from 0. Rates and constants are columns: float64 [M, 1], or a number for all members. Plateau and
Warmup are in files of their own.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from nntrain.arrays import Array
from nntrain.errors import UserError
from nntrain.optim.columns import NOT_NEGATIVE, UP_TO_ONE, Allowed, Column, column, each, rows_of

FACTOR = Allowed("at least 0 and at most 1", lambda value: (value >= 0) & (value <= 1))


class Schedule(ABC):
    """Gives every member its learning rate for an epoch, from its base rate.

    Attributes:
        columns: the constants by name.
    """

    def __init__(self, **columns: Column) -> None:
        self.columns = columns

    @abstractmethod
    def rates(self, epoch: int, base: Array) -> Array:
        """The rates [M, 1] in epoch `epoch` (from 0), where `base` [M, 1] are the rates of the config."""

    def observe(self, values: Array) -> None:  # noqa: B027  (most schedules have no use for it)
        """Take note of what an epoch led to: one value [M] for each member, less is better. After each epoch."""

    def state(self) -> dict[str, Array]:
        """What a continuation needs beside the epoch: arrays whose first axis is M. Most schedules have none."""
        return {}

    def load_state(self, state: Mapping[str, Array]) -> None:  # noqa: B027
        """Go on from a state of the same schedule and members."""

    def select(self, rows: Array) -> Self:
        """The schedule of the members `rows` (indices), going on from where they are."""
        chosen = copy.copy(self)
        chosen.columns = {name: rows_of(value, rows) for name, value in self.columns.items()}
        return chosen


class Constant(Schedule):
    """α in every epoch."""

    def rates(self, epoch: int, base: Array) -> Array:
        """α."""
        return base.copy()


class InverseTime(Schedule):
    """α / (1 + δ t): α for `constant_epochs` epochs, then t = 0, 1, 2, …, one step per epoch.

    The first of the lecture's strategies (ITMO, "Model convergence"; Robbins & Monro 1951), with its advice to keep
    the rate for the first epochs. In epoch e, t = max(0, e − constant_epochs): the formula runs as if training began
    when the constant epochs are over, and its own first value is α again.

    Args:
        decay: δ, at least 0.
        constant_epochs: how many epochs go before; default 0.
    """

    def __init__(self, decay: Column, constant_epochs: Column = 0) -> None:
        super().__init__(
            decay=column("decay", decay, NOT_NEGATIVE),
            constant_epochs=column("constant_epochs", constant_epochs, NOT_NEGATIVE),
        )

    def rates(self, epoch: int, base: Array) -> Array:
        """α / (1 + δ t)."""
        return base / (1.0 + self.columns["decay"] * _epochs_after(self.columns["constant_epochs"], epoch))


class Power(Schedule):
    """α / t^δ: α for `constant_epochs` epochs, then t = 1, 2, 3, …, one step per epoch.

    The second of the lecture's strategies (ITMO, "Model convergence"), whose conditions Σα = ∞ and Σα² < ∞ ask for δ
    in (0.5, 1]. In epoch e, t = 1 + max(0, e − constant_epochs): as with InverseTime the formula's own first value
    is α.

    Args:
        exponent: δ, above 0 and at most 1.
        constant_epochs: how many epochs go before; default 0.
    """

    def __init__(self, exponent: Column, constant_epochs: Column = 0) -> None:
        super().__init__(
            exponent=column("exponent", exponent, UP_TO_ONE),
            constant_epochs=column("constant_epochs", constant_epochs, NOT_NEGATIVE),
        )

    def rates(self, epoch: int, base: Array) -> Array:
        """α / t^δ, as α exp(−δ ln t)."""
        logarithm = each(math.log, 1.0 + _epochs_after(self.columns["constant_epochs"], epoch))
        return base * each(math.exp, -self.columns["exponent"] * logarithm)


class Step(Schedule):
    """α f^⌊e / every⌋ in epoch e: the rate drops by the factor f every so many epochs.

    PyTorch's StepLR.

    Args:
        every: after how many epochs, at least 1; the same for all members.
        factor: f, above 0 and at most 1.
    """

    def __init__(self, every: int, factor: Column) -> None:
        if every < 1:
            raise UserError(f"every must be at least 1, got {every}")
        super().__init__(factor=column("factor", factor, UP_TO_ONE))
        self.every = every

    def rates(self, epoch: int, base: Array) -> Array:
        """α f^⌊e / every⌋."""
        return base * each(lambda factor: factor ** (epoch // self.every), self.columns["factor"])


class Exponential(Schedule):
    """α f^e in epoch e. PyTorch's ExponentialLR.

    Args:
        factor: f, above 0 and at most 1.
    """

    def __init__(self, factor: Column) -> None:
        super().__init__(factor=column("factor", factor, UP_TO_ONE))

    def rates(self, epoch: int, base: Array) -> Array:
        """α f^e."""
        return base * each(lambda factor: factor**epoch, self.columns["factor"])


class Cosine(Schedule):
    """α (f + (1 − f) (1 + cos(π e / E)) / 2) in epoch e of E: from α down along half a cosine to α f.

    Loshchilov & Hutter 2017 without restarts; PyTorch's CosineAnnealingLR in closed form. The last epoch, e = E − 1,
    is still just above α f, so that none is spent at rate 0. Beyond E the rate stays at α f.

    Args:
        epochs: E, how many epochs there will be (those of a warm-up before it not counted), at least 1.
        minimum_factor: f, at least 0 and at most 1; default 0.
    """

    def __init__(self, epochs: int, minimum_factor: Column = 0.0) -> None:
        if epochs < 1:
            raise UserError(f"epochs must be at least 1, got {epochs}")
        super().__init__(minimum_factor=column("minimum_factor", minimum_factor, FACTOR))
        self.epochs = epochs

    def rates(self, epoch: int, base: Array) -> Array:
        """α (f + (1 − f) (1 + cos(π e / E)) / 2)."""
        height = 0.5 * (1.0 + math.cos(math.pi * min(epoch, self.epochs) / self.epochs))
        minimum = self.columns["minimum_factor"]
        return base * (minimum + (1.0 - minimum) * height)


def _epochs_after(constant_epochs: Column, epoch: int) -> Column:
    """max(0, epoch − constant_epochs)."""
    return each(lambda constant: max(0.0, epoch - constant), constant_epochs)
