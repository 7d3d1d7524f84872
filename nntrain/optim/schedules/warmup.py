"""Linear warm-up before another schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.hyperparameters import NOT_NEGATIVE, Hyperparameter, as_array, checked
from nntrain.optim.schedules.schedule import Schedule


class Warmup(Schedule):
    """α (e + 1) / W in the epochs e = 0 … W − 1, then `after`, whose epoch 0 is epoch W.

    So the rate rises in W equal steps, the last of which is α. (Goyal et al. 2017, gradual warm-up, by epochs;
    PyTorch's LinearLR from 1/W in W − 1 steps.) What is observed during the warm-up is no concern of `after`: the
    first value that it gets of a member is that of its epoch W.

    Args:
        epochs: W, at least 0.
        after: the schedule that follows.
    """

    def __init__(self, epochs: Hyperparameter, after: Schedule) -> None:
        super().__init__(epochs=checked("warmup_epochs", epochs, NOT_NEGATIVE))
        self.after = after

    def rates(self, epoch: int, base: Array) -> Array:
        """α (e + 1) / W, or what follows."""
        lengths = as_array(self.hyperparameters["epochs"], len(base))[:, None]
        rates = base * ((epoch + 1) / np.maximum(lengths, 1.0))
        # Members whose warm-ups differ are in different epochs of what follows.
        for length in set(lengths.ravel().tolist()):
            if epoch >= length:
                after = self.after.rates(epoch - int(length), base)
                np.copyto(rates, after, where=lengths == length)
        return rates

    def observe(self, epoch: int, values: Array) -> None:
        """Pass on the values [M] of the members whose warm-up is over, and NaN for the others."""
        lengths = as_array(self.hyperparameters["epochs"], len(values))
        self.after.observe(epoch, np.where(epoch >= lengths, values, np.nan))

    def state(self) -> dict[str, Array]:
        """That of the schedule that follows."""
        return self.after.state()

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Pass the state on."""
        self.after.load_state(state)

    def select(self, rows: Array) -> Self:
        """The same before the other schedule of the members `rows`."""
        chosen = super().select(rows)
        chosen.after = self.after.select(rows)
        return chosen
