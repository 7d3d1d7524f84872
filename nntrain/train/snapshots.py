"""States kept in memory while training goes on, so that the steps before a divergence can be looked at again."""

from __future__ import annotations

import numpy as np

from nntrain.train.population import Population
from nntrain.train.state import TrainingState

# Steps from one snapshot to the next. A snapshot takes as long as one or two steps, so this is what it costs at most;
# and twice this many steps are repeated at most when training has diverged.
SPACING = 250


class Snapshots:
    """The last two states of a training that were sound, SPACING steps apart.

    Two of them, because the steps before the one that failed are wanted too, and the last snapshot may have been taken
    right before it. A state is sound if the weights and the losses of the epoch so far are finite; from there on a
    repetition meets the first number that is not.

    Attributes:
        earlier: where a repetition starts; None for the beginning of the training.
        later: the state after it, or None if there is none yet.
    """

    def __init__(self) -> None:
        self.earlier: TrainingState | None = None
        self.later: TrainingState | None = None
        self._wait = SPACING

    def is_due(self, population: Population) -> bool:
        """Count a step; whether a snapshot is to be taken before it."""
        self._wait -= 1
        if self._wait > 0:
            return False
        self._wait = SPACING
        sums = np.add.reduce(population.network.theta, axis=None) + population.task.mean_loss().sum()
        return bool(np.isfinite(sums))

    def take(self, state: TrainingState) -> None:
        """Keep a state, without the weights that a repetition has no use for."""
        theta = state.arrays["theta"]
        arrays = {**state.arrays, "kept_theta": theta, "best/theta": theta}
        self.earlier, self.later = self.later, TrainingState(arrays, state.numbers)

    def start(self, state: TrainingState) -> None:
        """Begin anew with the state that the training goes on from."""
        self.take(state)
        self.take(state)
        self._wait = SPACING
