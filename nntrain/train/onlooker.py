"""What may look on while a population is trained, without changing anything about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from nntrain.arrays import Array
from nntrain.train.state import TrainingState

if TYPE_CHECKING:
    from nntrain.train.loop import Training


class Onlooker(Protocol):
    """Is called at certain moments of a training; what it keeps is saved with the training's state.

    It may be bound to the arrays of a population that is never compacted, such as one of a single member.
    """

    def before_step(self, training: Training) -> None:
        """A step comes next, any of them; this is to take no time where there is nothing to do."""

    def is_due(self, epoch: int) -> bool:
        """Whether to be called at the end of an epoch, counted from 1, by what comes next here."""

    def before_update(self, network: str) -> None:
        """In the epoch's last step the gradients of this network are there, and its update comes next."""

    def after_update(self) -> None:
        """The epoch's last step is done."""

    def values(self) -> dict[str, Array]:
        """What goes into the epoch's record beside the rest, each float64 [M]; asked for after the evaluation."""

    def save(self, state: TrainingState) -> None:
        """Add to a state of the training what a continuation needs."""

    def load(self, state: TrainingState) -> None:
        """Go on from a state, whether or not something was added to it.

        Raises:
            RunError: it is damaged.
        """
