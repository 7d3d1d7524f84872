"""What trainings leave that can be compared bit for bit, and where two of them differ first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.runs import jsonfile
from nntrain.runs.arrays_file import arrays_sha256
from nntrain.runs.file_names import HISTORY
from nntrain.runs.store import RunDirectory


class Trace:
    """What a training left: its history line by line, and its weights.

    Attributes:
        lines: of history.jsonl, one for each epoch, as they are; `record` reads one.
        arrays: the weights by layer path; `sha256` is theirs.
    """

    def __init__(self, directory: RunDirectory) -> None:
        epochs = sum(1 for _ in directory.iter_history())  # each is looked at; all at once can be more than fit
        self.lines = (directory.path / HISTORY).read_bytes().split(b"\n")[:epochs]
        self.arrays = directory.read_weights()
        self.sha256 = arrays_sha256(self.arrays)

    def record(self, epoch: int) -> dict[str, Any]:
        """What the history says of an epoch, which counts from 1."""
        return jsonfile.decode_object(self.lines[epoch - 1])


@dataclass(frozen=True)
class FirstDifference:
    """The first thing in which a run and its repetition differ.

    Attributes:
        where: `history` or `weights`.
        epoch: of the history; None for weights.
        name: the recorded value (`validation.loss`), or the array (`0.w`); None if one of the two has no such epoch.
        recorded: the value in the run; of an array how many of its numbers differ and by how much at most.
        repeated: the value in the repetition.
    """

    where: str
    epoch: int | None
    name: str | None
    recorded: Any
    repeated: Any


def first_difference(recorded: Trace, repeated: Trace) -> FirstDifference | None:
    """The first thing in which a training and its repetition differ to the bit; None if nothing does."""
    lines = zip_longest(recorded.lines, repeated.lines)
    for epoch, (ours, theirs) in enumerate(lines, start=1):
        if ours is None or theirs is None:
            return FirstDifference("history", epoch, None, len(recorded.lines), len(repeated.lines))
        if ours != theirs:
            return _difference_of_lines(epoch, recorded.record(epoch), repeated.record(epoch))
    for path in sorted(recorded.arrays.keys() | repeated.arrays.keys()):
        found = _difference_of_arrays(path, recorded.arrays.get(path), repeated.arrays.get(path))
        if found is not None:
            return found
    return None


def _difference_of_lines(epoch: int, recorded: dict[str, Any], repeated: dict[str, Any]) -> FirstDifference:
    for name in sorted(recorded.keys() | repeated.keys()):
        ours, theirs = recorded.get(name), repeated.get(name)
        if ours != theirs or name not in recorded or name not in repeated:
            return FirstDifference("history", epoch, name, ours, theirs)
    # Equal objects that were written otherwise.
    return FirstDifference("history", epoch, None, json.dumps(recorded), json.dumps(repeated))


def _difference_of_arrays(path: str, recorded: Array | None, repeated: Array | None) -> FirstDifference | None:
    """The first number that differs in its bits; `None` for an array stands for one that is not there."""
    if recorded is None or repeated is None or (recorded.shape, recorded.dtype) != (repeated.shape, repeated.dtype):
        return FirstDifference("weights", None, path, _described(recorded), _described(repeated))
    bits = [array.view(f"u{array.itemsize}") for array in (recorded, repeated)]
    different = np.flatnonzero(bits[0] != bits[1])
    if not len(different):
        return None
    index = tuple(int(axis) for axis in np.unravel_index(different[0], recorded.shape))
    name = f"{path}[{', '.join(map(str, index))}]"
    return FirstDifference("weights", None, name, float(recorded[index]), float(repeated[index]))


def _described(array: Array | None) -> str | None:
    return None if array is None else f"{array.dtype} {list(array.shape)}"
