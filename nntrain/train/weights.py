"""What members end with: the parameters and the state of each of their networks, as one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from nntrain.arrays import Array
from nntrain.nn.network import Network
from nntrain.train.state import of_network


@dataclass(frozen=True, eq=False)
class Weights:
    """Arrays with a row for each member, which are selected, kept and written down together.

    Attributes:
        arrays: by name, each [M, …]: `theta` [M, P], and `state` [M, S] where the network carries some. Of several
            networks, `theta/generator` and so on.
    """

    arrays: dict[str, Array]

    @classmethod
    def of(cls, networks: Mapping[str, Network]) -> Self:
        """The networks' own arrays, which change with them."""
        arrays = {}
        for name, network in networks.items():
            arrays[of_network("theta", name, networks)] = network.theta
            if network.state.size:
                arrays[of_network("state", name, networks)] = network.state
        return cls(arrays)

    @property
    def members(self) -> int:
        """M."""
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, name: str) -> Array:
        """The array of that name."""
        return self.arrays[name]

    def copy(self) -> Self:
        """Arrays that no longer change with these."""
        return type(self)({name: array.copy() for name, array in self.arrays.items()})

    def select(self, rows: Array) -> Self:
        """Copies of the members `rows`."""
        return type(self)({name: array[rows] for name, array in self.arrays.items()})

    def assign(self, others: Weights) -> None:
        """Become what others of as many members are."""
        for name, array in self.arrays.items():
            np.copyto(array, others.arrays[name])

    def put(self, rows: Array, others: Weights) -> None:
        """Become, in the members `rows`, what others of as many members as that are."""
        for name, array in self.arrays.items():
            array[rows] = others.arrays[name]

    def are_finite(self) -> Array:
        """Of each member whether the sum of every array is finite: bool [M]."""
        sums = [np.add.reduce(array, axis=1) for array in self.arrays.values()]
        finite: Array = np.isfinite(sums[0])
        for more in sums[1:]:
            finite &= np.isfinite(more)
        return finite
