"""What a step of training is: the protocol between the loop and a way of learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, Self, TypeAlias

from nntrain.arrays import Array
from nntrain.nn.network import Network
from nntrain.train.state import TrainingState

# Is told the name of a network whose gradients are there and whose update comes next.
BeforeUpdate: TypeAlias = Callable[[str], None]


class Objective(Protocol):
    """A way of learning: its networks, its data, and what is done with them in a step, updates included.

    The loop counts epochs and steps, asks for the losses, and selects members; what a network, a loss or an optimizer
    is, only the objective knows.
    """

    @property
    def networks(self) -> Mapping[str, Network]:
        """What is trained, by name; all of the same members."""

    @property
    def minimized(self) -> Mapping[str, str]:
        """For each network, which of `losses` it minimizes: a member for which one is not finite has diverged."""

    @property
    def examples(self) -> int:
        """How many examples each member sees in an epoch."""

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""

    def start_epoch(self) -> None:
        """Draw the order of the epoch; forget the losses of the last."""

    def step(self, number: int, rates: Mapping[str, Array], before_update: BeforeUpdate | None = None) -> None:
        """Make one step: load a batch, compute the gradients, update the networks.

        Args:
            number: of the step in its epoch, from 0.
            rates: for each network, its members' learning rates [M, 1].
            before_update: is called before each network's update, when its gradients are there.
        """

    def losses(self) -> dict[str, Array]:
        """The losses by name, each float64 [M]: means over the epoch so far."""

    def state(self) -> TrainingState:
        """All that a continuation needs beside the weights: the optimizers, the random streams, the epoch so far.

        The arrays are its own, not copies. Their paths are none of those that the loop writes.
        """

    def load_state(self, state: TrainingState) -> None:
        """Go on from a state of the same members, in which `state` is among others.

        Raises:
            RunError: it is of another training.
        """

    def select(self, rows: Array) -> Self:
        """The same for the members `rows`, with networks of their own, between two epochs.

        The streams go on from where they are, and are those of this one, which is not used any more.
        """
