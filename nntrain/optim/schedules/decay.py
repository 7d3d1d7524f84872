"""Schedules that depend on the epoch alone."""

from __future__ import annotations

import math

from nntrain.arrays import Array
from nntrain.optim.hyperparameters import AT_LEAST_ONE, NOT_NEGATIVE, UP_TO_ONE, Allowed, Hyperparameter, checked, each
from nntrain.optim.schedules.schedule import Schedule

FACTOR = Allowed("at least 0 and at most 1", lambda value: (value >= 0) & (value <= 1))


class ConstantRate(Schedule):
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

    def __init__(self, decay: Hyperparameter, constant_epochs: Hyperparameter = 0) -> None:
        super().__init__(
            decay=checked("decay", decay, NOT_NEGATIVE),
            constant_epochs=checked("constant_epochs", constant_epochs, NOT_NEGATIVE),
        )

    def rates(self, epoch: int, base: Array) -> Array:
        """α / (1 + δ t)."""
        t = _epochs_after(self.hyperparameters["constant_epochs"], epoch)
        return base / (1.0 + self.hyperparameters["decay"] * t)


class Power(Schedule):
    """α / t^δ: α for `constant_epochs` epochs, then t = 1, 2, 3, …, one step per epoch.

    The second of the lecture's strategies (ITMO, "Model convergence"), whose conditions Σα = ∞ and Σα² < ∞ ask for δ
    in (0.5, 1]. In epoch e, t = 1 + max(0, e − constant_epochs): as with InverseTime the formula's own first value
    is α.

    Args:
        exponent: δ, above 0 and at most 1.
        constant_epochs: how many epochs go before; default 0.
    """

    def __init__(self, exponent: Hyperparameter, constant_epochs: Hyperparameter = 0) -> None:
        super().__init__(
            exponent=checked("exponent", exponent, UP_TO_ONE),
            constant_epochs=checked("constant_epochs", constant_epochs, NOT_NEGATIVE),
        )

    def rates(self, epoch: int, base: Array) -> Array:
        """α / t^δ, as α exp(−δ ln t)."""
        t = 1.0 + _epochs_after(self.hyperparameters["constant_epochs"], epoch)
        return base * each(math.exp, -self.hyperparameters["exponent"] * each(math.log, t))


class StepDecay(Schedule):
    """α f^⌊e / every⌋ in epoch e: the rate drops by the factor f every so many epochs.

    PyTorch's StepLR.

    Args:
        every: after how many epochs, at least 1.
        factor: f, above 0 and at most 1.
    """

    def __init__(self, every: Hyperparameter, factor: Hyperparameter) -> None:
        super().__init__(every=checked("every", every, AT_LEAST_ONE), factor=checked("factor", factor, UP_TO_ONE))

    def rates(self, epoch: int, base: Array) -> Array:
        """α f^⌊e / every⌋."""
        every, factor = self.hyperparameters["every"], self.hyperparameters["factor"]
        return base * each(lambda every, factor: factor ** (epoch // every), every, factor)


class Exponential(Schedule):
    """α f^e in epoch e. PyTorch's ExponentialLR.

    Args:
        factor: f, above 0 and at most 1.
    """

    def __init__(self, factor: Hyperparameter) -> None:
        super().__init__(factor=checked("factor", factor, UP_TO_ONE))

    def rates(self, epoch: int, base: Array) -> Array:
        """α f^e."""
        return base * each(lambda factor: factor**epoch, self.hyperparameters["factor"])


class Cosine(Schedule):
    """α (f + (1 − f) (1 + cos(π e / E)) / 2) in epoch e of E: from α down along half a cosine to α f.

    Loshchilov & Hutter 2017 without restarts; PyTorch's CosineAnnealingLR in closed form. The last epoch, e = E − 1,
    is still just above α f, so that none is spent at rate 0. Beyond E the rate stays at α f.

    Args:
        epochs: E, at least 1: how many epochs there will be, those of a warm-up before it not counted.
        minimum_factor: f, at least 0 and at most 1; default 0.
    """

    def __init__(self, epochs: Hyperparameter, minimum_factor: Hyperparameter = 0.0) -> None:
        super().__init__(
            epochs=checked("epochs", epochs, AT_LEAST_ONE),
            minimum_factor=checked("minimum_factor", minimum_factor, FACTOR),
        )

    def rates(self, epoch: int, base: Array) -> Array:
        """α (f + (1 − f) (1 + cos(π e / E)) / 2)."""
        length = self.hyperparameters["epochs"]
        height = each(lambda epochs: 0.5 * (1.0 + math.cos(math.pi * min(epoch, epochs) / epochs)), length)
        minimum = self.hyperparameters["minimum_factor"]
        return base * (minimum + (1.0 - minimum) * height)


def _epochs_after(constant_epochs: Hyperparameter, epoch: int) -> Hyperparameter:
    """max(0, epoch − constant_epochs)."""
    return each(lambda constant: max(0.0, epoch - constant), constant_epochs)
