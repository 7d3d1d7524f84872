"""What an update is a chain of: transformations of gradients or of parameters."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from nntrain.arrays import Array
from nntrain.optim.hyperparameters import Hyperparameter, rows_of
from nntrain.optim.states import check_names, check_shapes

if TYPE_CHECKING:
    from nntrain.memory import Memory


@dataclass(frozen=True, eq=False)
class Parameters:
    """What transformations work on.

    Attributes:
        theta: the parameters [M, P], C-contiguous; they change in place.
        grad: their gradients, of the same shape and dtype; an update uses them up.
        penalized: how many leading columns of theta are weights; the others are biases.
        units: for every weight, a view [M, fan_in, units] of theta: the vector that comes into each unit.
        memory: where further arrays come from; its threads may be used where that is faster.

    Raises:
        ValueError: theta and grad do not fit each other.
    """

    theta: Array
    grad: Array
    penalized: int
    units: Sequence[Array]
    memory: Memory

    def __post_init__(self) -> None:
        theta, grad = self.theta, self.grad
        if theta.ndim != 2 or theta.shape != grad.shape or theta.dtype != grad.dtype:
            raise ValueError(
                f"theta and grad must be [M, P] and alike, got {list(theta.shape)} {theta.dtype} "
                f"and {list(grad.shape)} {grad.dtype}"
            )
        if not self.memory.alike(theta, grad):
            raise ValueError("theta and grad must be C-contiguous")

    @property
    def members(self) -> int:
        """M."""
        return len(self.theta)

    @property
    def weights(self) -> Array:
        """The part of theta that is penalized: a view [M, penalized]."""
        return self.theta[:, : self.penalized]


class Transformation(ABC):
    """One link of an update, for all members of a population at once.

    Its life: made with its hyperparameters, bound to parameters, then applied in every step. What stands before the
    optimizer in the chain sees the gradient, and what stands behind it the new parameters. Applying allocates nothing
    of size P, and what it does to a member depends on nothing but that member's own numbers.

    Attributes:
        hyperparameters: by name, each a number or an array [M, 1].
    """

    # In messages, and before the names of its arrays in a checkpoint.
    name: ClassVar[str]

    def __init__(self, **hyperparameters: Hyperparameter) -> None:
        self.hyperparameters = hyperparameters

    def bind(self, parameters: Parameters) -> None:
        """Take the parameters to work on, allocate what is needed, and start from the beginning.

        Raises:
            ValueError: the hyperparameters are of another number of members.
        """
        for name, value in self.hyperparameters.items():
            if not isinstance(value, float) and len(value) != parameters.members:
                raise ValueError(f"{name} has {len(value)} members, theta has {parameters.members}")
        self._take(parameters)

    @abstractmethod
    def _take(self, parameters: Parameters) -> None:
        """`bind`, once the hyperparameters are known to fit."""

    @abstractmethod
    def apply(self, rates: Array) -> None:
        """Do what is done in every step; `rates` are the learning rates, float64 [M, 1]."""

    def state(self) -> dict[str, Array]:
        """What goes on from step to step, by name: arrays whose first axis is M, live or new. Most have none."""
        return {}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Go on from a state of the same transformation and members, after `bind`; the arrays are copied.

        Raises:
            RunError: an array is missing, unknown or of the wrong shape.
        """
        expected = self.state()
        check_names(self.name, "optimizer", state, expected)
        check_shapes(self.name, "optimizer", state, expected)
        self._load(state)

    def _load(self, state: Mapping[str, Array]) -> None:  # noqa: B027  (most have no state)
        """`load_state`, once the arrays are known to fit."""

    def select(self, rows: Array) -> Self:
        """The same for the members `rows` (indices), not yet bound."""
        chosen = copy.copy(self)
        chosen.hyperparameters = {name: rows_of(value, rows) for name, value in self.hyperparameters.items()}
        return chosen
