"""States kept in memory while training goes on, so that the steps before a divergence can be looked at again."""

from __future__ import annotations

import numpy as np

from nntrain.errors import RunError
from nntrain.train.population import Population
from nntrain.train.state import TrainingState

# Steps from one snapshot to the next. A snapshot takes as long as one or two steps, so this is what it costs at most;
# and twice this many steps are repeated at most when training has diverged.
SPACING = 250
# Where they are in a state that is written down, and which of their arrays need not be.
_SECTION = "replay"
_SAME_AS_THETA = ("kept_theta", "best/theta")


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
        arrays = {**state.arrays, **dict.fromkeys(_SAME_AS_THETA, state.arrays["theta"])}
        self.earlier, self.later = self.later, TrainingState(arrays, state.numbers)

    def save(self, state: TrainingState) -> None:
        """Add the snapshots to a state that is written down: a training that goes on repeats the same steps."""
        state.numbers[_SECTION] = {"wait": self._wait}
        for name, snapshot in (("earlier", self.earlier), ("later", self.later)):
            if snapshot is None:
                continue
            state.numbers[_SECTION][name] = snapshot.numbers
            kept = {path: array for path, array in snapshot.arrays.items() if path not in _SAME_AS_THETA}
            state.arrays.update({f"{_SECTION}/{name}/{path}": array for path, array in kept.items()})

    def load(self, state: TrainingState) -> None:
        """Take over what `save` added, or, where nothing was, begin anew with the state that the training goes on from.

        Raises:
            RunError: it is damaged.
        """
        numbers = state.numbers.get(_SECTION)
        if numbers is None:
            self.take(state)
            self.take(state)
            self._wait = SPACING
            return
        known = isinstance(numbers, dict) and numbers.keys() <= {"wait", "earlier", "later"}
        wait = numbers.get("wait") if known else None
        if not isinstance(wait, int) or not 0 < wait <= SPACING:
            raise RunError("the training state does not say where a repetition starts")
        self.earlier, self.later = (_snapshot(state, name, numbers.get(name)) for name in ("earlier", "later"))
        self._wait = wait


def without_snapshots(state: TrainingState) -> TrainingState:
    """A state without what `Snapshots.save` added to it."""
    arrays = {path: array for path, array in state.arrays.items() if not path.startswith(f"{_SECTION}/")}
    return TrainingState(arrays, {name: value for name, value in state.numbers.items() if name != _SECTION})


def _snapshot(state: TrainingState, name: str, numbers: object) -> TrainingState | None:
    if numbers is None:
        return None
    if not isinstance(numbers, dict):
        raise RunError(f"the training state does not say where its {name} snapshot is")
    found = TrainingState(state.section(f"{_SECTION}/{name}"), numbers)
    found.arrays.update(dict.fromkeys(_SAME_AS_THETA, found.array("theta", None)))
    return found
