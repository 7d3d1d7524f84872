"""Saved states that do not fit what they are to be loaded into."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from nntrain.arrays import Array
from nntrain.errors import RunError


def check_names(owner: str, kind: str, given: Collection[str], expected: Collection[str]) -> None:
    """Raise RunError unless a state has exactly the expected arrays.

    Args:
        owner: whose state it is, such as `adam`.
        kind: what that is, such as `optimizer`.
        given: the names of the arrays in the state.
        expected: the names that there must be.
    """
    if set(given) != set(expected):
        raise RunError(f"{owner}: the {kind}'s state has the arrays {sorted(given)}, expected {sorted(expected)}")


def check_shapes(owner: str, kind: str, given: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    """Raise RunError unless every array of a state has the shape of the expected one of its name."""
    for name, array in expected.items():
        shape = np.shape(given[name])
        if shape != array.shape:
            raise RunError(
                f"{owner}: '{name}' in the {kind}'s state has shape {list(shape)}, expected {list(array.shape)}"
            )
