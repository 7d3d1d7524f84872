"""What may look on while a population is trained, without changing anything about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from nntrain.arrays import Array
from nntrain.train.state import TrainingState

if TYPE_CHECKING:
    from nntrain.train.loop import Training


class Onlooker(Protocol):
    """Is called at certain moments of a training; what it keeps is saved with the training's state.

    It is bound to a population that is never compacted, such as one of a single member.
    """

    def before_step(self, training: Training) -> None:
        """A step comes next, any of them; this is to take no time where there is nothing to do."""

    def before_update(self, training: Training, network: str) -> None:
        """In an epoch's last step the gradients of this network are there, and its update comes next."""

    def after_update(self, training: Training) -> None:
        """The epoch's last step is done."""

    def values(self, training: Training) -> dict[str, Array]:
        """What goes into the epoch's record beside the rest, each float64 [M]; asked for after the evaluation."""

    def save(self, state: TrainingState) -> None:
        """Add to a state of the training what a continuation needs."""

    def load(self, state: TrainingState) -> None:
        """Go on from a state, whether or not something was added to it.

        Raises:
            RunError: it is damaged.
        """
