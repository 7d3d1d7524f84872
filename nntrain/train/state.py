"""The state of a training between two batches: arrays and plain numbers, ready to be written down."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from nntrain.arrays import Array, Shape
from nntrain.errors import RunError


@dataclass(frozen=True, eq=False)
class TrainingState:
    """What `Training.state` takes down and `Training.load_state` goes on from.

    Attributes:
        arrays: by path, such as `theta` or `optimizer/velocity`.
        numbers: what is no array, as JSON has it: where in the training it is, the states of the random streams.
    """

    arrays: dict[str, Array]
    numbers: dict[str, Any]

    def add(self, arrays: Mapping[str, Array], prefix: str = "") -> None:
        """Take down copies of arrays, their paths with `prefix` before them."""
        self.arrays.update({f"{prefix}{name}": array.copy() for name, array in arrays.items()})

    def section(self, section: str) -> dict[str, Array]:
        """The arrays under `section/`, by name."""
        prefix = f"{section}/"
        return {path.removeprefix(prefix): a for path, a in self.arrays.items() if path.startswith(prefix)}

    def array(self, path: str, shape: Shape | None, kind: str | None = None) -> Array:
        """An array that must be there, with the shape and the kind of dtype that it must have.

        Raises:
            RunError: it is not, or has not.
        """
        if path not in self.arrays:
            raise RunError(f"the training state lacks {path!r}: it is of another training or damaged")
        array = self.arrays[path]
        if shape is not None and array.shape != shape:
            raise RunError(f"{path!r} in the training state has shape {array.shape}, this training needs {shape}")
        if kind is not None and array.dtype.kind != kind:
            raise RunError(f"{path!r} in the training state has type {array.dtype}, which does not fit")
        return array

    def fill(self, arrays: Mapping[str, Array], prefix: str = "") -> None:
        """Copy into arrays what `add` took down of them.

        Raises:
            RunError: one of them is missing or has another shape.
        """
        for name, array in arrays.items():
            array[...] = self.array(f"{prefix}{name}", array.shape)

    def number(self, name: str) -> int:
        """A whole number that must be there.

        Raises:
            RunError: it is not.
        """
        value = self.numbers.get(name)
        if not isinstance(value, int):
            raise RunError(f"the training state lacks the number {name!r}: it is of another training or damaged")
        return value


def of_network(word: str, network: str, networks: Collection[str], separator: str = "/") -> str:
    """What goes by `word` for a network: that word where there is one network, `word/network` where there are more."""
    return word if len(networks) == 1 else f"{word}{separator}{network}"
