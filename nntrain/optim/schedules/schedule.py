"""What all learning rate schedules have in common."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from nntrain.arrays import Array
from nntrain.optim.hyperparameters import Hyperparameter, rows_of


class Schedule(ABC):
    """Gives every member its learning rate for an epoch, from its base rate.

    Attributes:
        hyperparameters: the constants by name, each a number or an array [M, 1].
    """

    def __init__(self, **hyperparameters: Hyperparameter) -> None:
        self.hyperparameters = hyperparameters

    @abstractmethod
    def rates(self, epoch: int, base: Array) -> Array:
        """The rates [M, 1] in epoch `epoch` (from 0), where `base` [M, 1] are the rates of the config."""

    def observe(self, epoch: int, values: Array) -> None:  # noqa: B027  (most schedules have no use for it)
        """Take note of what epoch `epoch` (from 0) led to: one value [M] for each member, less is better, or NaN."""

    def state(self) -> dict[str, Array]:
        """What a continuation needs beside the epoch: arrays whose first axis is M. Most schedules have none."""
        return {}

    def load_state(self, state: Mapping[str, Array]) -> None:  # noqa: B027
        """Go on from a state of the same schedule and members."""

    def select(self, rows: Array) -> Self:
        """The schedule of the members `rows` (indices), going on from where they are."""
        chosen = copy.copy(self)
        chosen.hyperparameters = {name: rows_of(value, rows) for name, value in self.hyperparameters.items()}
        return chosen
