"""Reduction of the learning rate on a plateau."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np

from nntrain.arrays import Array
from nntrain.optim.hyperparameters import NOT_NEGATIVE, POSITIVE, UP_TO_ONE, Hyperparameter, as_array, checked
from nntrain.optim.schedules.schedule import Schedule
from nntrain.optim.states import check_names

_STATE = ("best", "waited", "scale")


class Plateau(Schedule):
    """α is multiplied by `factor` whenever the value has not improved for `patience` epochs.

    An epoch improves if its value is below the best so far by more than `min_delta`; NaN and infinity never do, and
    do not count before a member's first number, since there is nothing that they could fall short of. After a reduction
    the count starts again, and the best value stays. As Keras's ReduceLROnPlateau without cooldown (PyTorch's waits one
    epoch more).

    State: `best`, `waited`, `scale`, each float64 [M]: the best value, the epochs since, and what α is multiplied by.

    Args:
        factor: above 0 and at most 1; default 0.1.
        patience: in epochs, above 0; default 10.
        min_delta: at least 0; default 1e-4.
    """

    def __init__(
        self, factor: Hyperparameter = 0.1, patience: Hyperparameter = 10, min_delta: Hyperparameter = 1e-4
    ) -> None:
        super().__init__(
            factor=checked("factor", factor, UP_TO_ONE),
            patience=checked("patience", patience, POSITIVE),
            min_delta=checked("min_delta", min_delta, NOT_NEGATIVE),
        )
        self._state: dict[str, Array] = {}

    def rates(self, epoch: int, base: Array) -> Array:
        """α times all reductions so far."""
        return base * self._state["scale"][:, None] if self._state else base.copy()

    def observe(self, epoch: int, values: Array) -> None:
        """Take the members' values [M] of one epoch; less is better."""
        if not self._state:
            start = {"best": np.inf, "waited": 0.0, "scale": 1.0}
            self._state = {name: as_array(value, len(values)) for name, value in start.items()}
        state = self._state
        factor, patience, min_delta = (
            as_array(self.hyperparameters[name], len(values)) for name in ("factor", "patience", "min_delta")
        )
        improved = np.isfinite(values) & (values < state["best"] - min_delta)
        state["best"] = np.where(improved, values, state["best"])
        counts = np.isfinite(values) | np.isfinite(state["best"])
        state["waited"] = np.where(improved, 0.0, state["waited"] + counts)
        reduced = state["waited"] >= patience
        state["waited"][reduced] = 0.0
        state["scale"][reduced] *= factor[reduced]

    def state(self) -> dict[str, Array]:
        """`best`, `waited`, `scale`; empty before the first value."""
        return dict(self._state)

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Go on from a state; the arrays are copied.

        Raises:
            RunError: an array is missing or unknown.
        """
        if state:
            check_names("plateau", "schedule", state, _STATE)
        self._state = {name: np.array(state[name], dtype=np.float64) for name in state}

    def select(self, rows: Array) -> Self:
        """The schedule of the members `rows` (indices), going on from where they are."""
        chosen = super().select(rows)
        chosen._state = {name: array[rows] for name, array in self._state.items()}
        return chosen
