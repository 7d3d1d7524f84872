"""States kept in memory while training goes on, so that the steps before a divergence can be looked at again."""

from __future__ import annotations

from collections.abc import Sequence

from nntrain.arrays import Array
from nntrain.errors import RunError
from nntrain.train.loop import Training
from nntrain.train.state import TrainingState

# Steps from one snapshot to the next. A snapshot takes as long as one or two steps, so this is what it costs at most;
# and twice this many steps are repeated at most when training has diverged.
SPACING = 250
# Where they are in a state that is written down.
_SECTION = "replay"
# What comes before the names of weights that are kept, for which a repetition has no use.
_KEPT, _BEST = "kept_", "best/"


class Snapshots:
    """The last two states of a training that were sound, SPACING steps apart; an onlooker of it.

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

    @property
    def states(self) -> list[TrainingState]:
        """The states that `earlier` may be, now or in the next few hundred steps, the earlier one first."""
        return [state for state in (self.earlier, self.later) if state is not None]

    def before_step(self, training: Training) -> None:
        """Count a step, and keep the state before it where that is due."""
        self._wait -= 1
        if self._wait > 0:
            return
        self._wait = SPACING
        if training.population.are_sound().all():
            self.take(training.state())

    def is_due(self, epoch: int) -> bool:
        """Never: the ends of epochs are as other steps."""
        return False

    def before_update(self, network: str) -> None:
        """Nothing."""

    def after_update(self) -> None:
        """Nothing."""

    def values(self) -> dict[str, Array]:
        """Nothing."""
        return {}

    def take(self, state: TrainingState) -> None:
        """Keep a state, without the weights that a repetition has no use for."""
        arrays = {**state.arrays, **_in_place_of_kept(state, _weights(state))}
        self.earlier, self.later = self.later, TrainingState(arrays, state.numbers)

    def save(self, state: TrainingState) -> None:
        """Add the snapshots to a state that is written down: a training that goes on repeats the same steps."""
        state.numbers[_SECTION] = {"wait": self._wait}
        for name, snapshot in (("earlier", self.earlier), ("later", self.later)):
            if snapshot is None:
                continue
            state.numbers[_SECTION][name] = snapshot.numbers
            absent = _in_place_of_kept(snapshot, _weights(snapshot))
            kept = {path: array for path, array in snapshot.arrays.items() if path not in absent}
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


def snapshots_of(training: Training) -> Snapshots:
    """Those that look on at a training.

    Raises:
        ValueError: there are none.
    """
    [found] = [onlooker for onlooker in training.onlookers if isinstance(onlooker, Snapshots)]
    return found


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
    found.arrays.update(_in_place_of_kept(found, _weights(state)))
    return found


def _weights(state: TrainingState) -> list[str]:
    """The names of the weights in a state, of which it keeps others beside them."""
    return [path.removeprefix(_KEPT) for path in state.arrays if path.startswith(_KEPT)]


def _in_place_of_kept(state: TrainingState, names: Sequence[str]) -> dict[str, Array]:
    """The present weights in place of those that are kept. Raises RunError where one of them is missing."""
    return {f"{prefix}{name}": state.array(name, None) for prefix in (_KEPT, _BEST) for name in names}
