"""One update of the parameters: a chain of transformations, one of which is the optimizer's rule."""

from __future__ import annotations

from collections.abc import Mapping

from nntrain.arrays import Array
from nntrain.nn.network import Network
from nntrain.optim.optimizer import Optimizer
from nntrain.optim.penalties import Penalty
from nntrain.optim.transformation import Parameters, Transformation


class Update:
    """What happens between the gradient of the loss and the next batch.

    The parts act in the order in which they are given. Those that change the gradient come before the optimizer, and
    those that change parameters, or look at them, after it. nntrain's own order, which `assembly` keeps, is

    1. `L2`: the penalty's gradient is added;
    2. `ClipNorm`: the gradient is clipped;
    3. the optimizer makes its step;
    4. `L1`: a proximal step, so that weights become exactly 0;
    5. `MaxNorm`: what has grown too long is rescaled;
    6. `MovingAverage`: the new parameters are taken into the average.

    Args:
        parts: transformations of different names, of which one is an optimizer.

    Attributes:
        parts: these, in order.
        optimizer: the one that is.

    Raises:
        ValueError: none is, or more than one; or two have the same name.
    """

    def __init__(self, *parts: Transformation) -> None:
        optimizers = [part for part in parts if isinstance(part, Optimizer)]
        names = [part.name for part in parts]
        if len(optimizers) != 1:
            raise ValueError(f"an update has one optimizer, got {len(optimizers)} among {names}")
        if len(set(names)) < len(names):
            raise ValueError(f"the parts of an update must have different names, got {names}")
        self.parts = parts
        self.optimizer = optimizers[0]
        self._calls = [part.apply for part in parts]

    @property
    def penalties(self) -> list[Penalty]:
        """Those parts that add to the cost."""
        return [part for part in self.parts if isinstance(part, Penalty)]

    def bind(self, network: Network) -> None:
        """Take the network's parameters and gradients; further arrays come from its memory."""
        parameters = Parameters(
            network.theta, network.grad, network.blueprint.penalized, network.unit_weights(), network.memory
        )
        for part in self.parts:
            part.bind(parameters)

    def step(self, learning_rate: Array) -> None:
        """Advance all members by one step; `learning_rate` is float64 [M, 1]. The gradient is used up."""
        for apply in self._calls:
            apply(learning_rate)

    def state(self) -> dict[str, Array]:
        """All that a continuation needs: the optimizer's arrays by name, and those of another part as `part/name`."""
        return {f"{self._prefix(part)}{name}": array for part in self.parts for name, array in part.state().items()}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Go on from a state of the same chain and members, after `bind`; the arrays are copied.

        Raises:
            RunError: an array is missing, unknown or of the wrong shape.
        """
        rest = dict(state)
        for part in self.parts:
            if part is not self.optimizer:
                prefix = self._prefix(part)
                names = [name for name in rest if name.startswith(prefix)]
                part.load_state({name.removeprefix(prefix): rest.pop(name) for name in names})
        self.optimizer.load_state(rest)

    def select(self, rows: Array, network: Network) -> Update:
        """The update of the members `rows`, bound to their network, going on from where it is."""
        chosen = Update(*(part.select(rows) for part in self.parts))
        chosen.bind(network)
        chosen.load_state({name: array[rows] for name, array in self.state().items()})
        return chosen

    def _prefix(self, part: Transformation) -> str:
        return "" if part is self.optimizer else f"{part.name}/"
