"""Who of a population still trains, and how every member stands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import full, zeros
from nntrain.train.records import Outcome, StopReason
from nntrain.train.state import TrainingState
from nntrain.train.weights import Weights

_REASONS = list(StopReason)


class Roster:
    """Keeps the books of all members, whether they still train or not.

    Attributes:
        ids: int [L], which members are still computed: those of the present population, in its order.
        live: bool [L], which of these still train.
        weights: what each member ends with; for those that are still computed, as it was when they came in.
    """

    def __init__(self, weights: Weights) -> None:
        members = weights.members
        self.ids: Array = np.arange(members)
        self.live = full(members, True)
        self.weights = weights.copy()
        self._reasons = [StopReason.INTERRUPTED] * members
        self._epochs = zeros(members, np.int64)
        self._best_epoch = zeros(members, np.int64)
        self._values: dict[str, Array] = {}

    @property
    def outcomes(self) -> list[Outcome]:
        """How each member stands; INTERRUPTED until it is done."""
        return [
            Outcome(
                reason,
                int(self._epochs[member]),
                int(self._best_epoch[member]),
                {name: float(array[member]) for name, array in self._values.items()},
            )
            for member, reason in enumerate(self._reasons)
        ]

    def note(self, epoch: int, values: Mapping[str, Array], kept: Array, epoch_of_kept: Array) -> None:
        """Take note of an epoch, counted from 1.

        Args:
            epoch: that all who live have trained in.
            values: what it recorded, each [L].
            kept: bool [L], whose weights of this epoch are kept.
            epoch_of_kept: int [L], the epochs that the kept weights are of.
        """
        self._epochs[self.ids[self.live]] = epoch
        self._best_epoch[self.ids] = epoch_of_kept
        for name, array in values.items():
            of_kept = self._values.setdefault(name, full(len(self._reasons), np.nan))
            of_kept[self.ids[kept]] = array[kept]

    def stop(self, rows: Array, reason: StopReason) -> None:
        """The members in these rows, bool [L], train no more."""
        if rows.any():
            for member in self.ids[rows]:
                self._reasons[member] = reason
            self.live = self.live & ~rows

    def select(self, rows: Array) -> None:
        """Only the members in these rows, indices, are computed from now on."""
        self.ids, self.live = self.ids[rows], self.live[rows]

    def save(self, state: TrainingState) -> None:
        """Add the books to a state."""
        state.add(self.weights.arrays, "kept_")
        reasons = np.array([_REASONS.index(reason) for reason in self._reasons])
        books = {"epochs_done": self._epochs, "best_epoch": self._best_epoch, "reasons": reasons}
        state.add({**books, "ids": self.ids, "live": self.live})
        state.add(self._values, "values/")

    def load(self, state: TrainingState) -> None:
        """Take them over; those who are still computed are selected before.

        Raises:
            RunError: the state is of another training.
        """
        state.fill(self.weights.arrays, "kept_")
        state.fill({"epochs_done": self._epochs, "best_epoch": self._best_epoch})
        self._reasons = [_REASONS[code] for code in state.array("reasons", self._best_epoch.shape).tolist()]
        self.live = state.array("live", self.live.shape).astype(bool)
        self._values = {name: array.copy() for name, array in state.section("values").items()}

    def run_out(self, *, is_over: bool) -> None:
        """Whoever is computed and was not stopped by anything else is done if the epochs are over, and else goes on."""
        before, now = StopReason.EPOCHS, StopReason.INTERRUPTED
        if is_over:
            before, now = now, before
        for row in np.flatnonzero([self._reasons[member] is before for member in self.ids]):
            self._reasons[self.ids[row]] = now
            self.live[row] = not is_over
