"""Linear warm-up before another schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from nntrain.arrays import Array
from nntrain.errors import UserError
from nntrain.optim.schedules import Schedule


class Warmup(Schedule):
    """α (e + 1) / (W + 1) in the epochs e = 0 … W − 1, then `after`, whose epoch 0 is epoch W.

    So W epochs are below the base rate, in equal steps, and the next one has whatever `after` begins with. (Goyal et
    al. 2017, gradual warm-up, by epochs.) Values that are observed during the warm-up reach `after` too.

    Args:
        epochs: W, at least 0; the same for all members.
        after: the schedule that follows.
    """

    def __init__(self, epochs: int, after: Schedule) -> None:
        if epochs < 0:
            raise UserError(f"warmup_epochs must be at least 0, got {epochs}")
        super().__init__()
        self.epochs, self.after = epochs, after

    def rates(self, epoch: int, base: Array) -> Array:
        """α (e + 1) / (W + 1), or what follows."""
        if epoch < self.epochs:
            return base * ((epoch + 1) / (self.epochs + 1))
        return self.after.rates(epoch - self.epochs, base)

    def observe(self, values: Array) -> None:
        """Pass the values [M] on."""
        self.after.observe(values)

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
