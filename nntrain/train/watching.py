"""The quantity that a training of one network is judged by: when it was best, and when it was no number."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class BestValue:
    """The best value of a recorded quantity: its name, the value, and the epoch (from 1) that had it first."""

    name: str
    value: float
    epoch: int


class Watch:
    """Sees a quantity after every epoch.

    Args:
        name: the recorded value, such as `validation.loss`.
        maximize: whether more is better.
        decides: whether weights, the end of the training or the learning rate depend on it.
    """

    def __init__(self, name: str, *, maximize: bool, decides: bool) -> None:
        self.name, self.maximize, self._decides = name, maximize, decides
        self._best: BestValue | None = None
        self._told = False

    @property
    def best(self) -> BestValue | None:
        """The best one so far, or None if there was no number yet."""
        return self._best

    def observe(self, epoch: int, value: float | None) -> list[str]:
        """Take note of an epoch; None, NaN and infinity are undefined. Returns what is to be said of it."""
        if value is None or not math.isfinite(value):
            return self._undefined(epoch)
        if self._best is None or (value > self._best.value if self.maximize else value < self._best.value):
            self._best = BestValue(self.name, value, epoch)
        return []

    def _undefined(self, epoch: int) -> list[str]:
        """A word about the first undefined value, where something depends on it."""
        if self._told or not self._decides:
            return []
        self._told = True
        what = "counts as one without improvement" if self._best else "does not count before the first number"
        return [
            f"{self.name} is undefined in epoch {epoch}, because the network puts out numbers that are not finite or "
            f"too large for some examples; such an epoch is never the best one, and {what}"
        ]
