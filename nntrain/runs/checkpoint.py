"""checkpoint.npz: the full state of a training that is not over, and the one before it.

Arrays lie in it under their paths, and everything else, as JSON, in the array `numbers` of bytes. The file proves its
own content by a sha256. A new checkpoint is complete on disk before it takes the place of the old one, which is kept as
checkpoint.previous.npz.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.errors import RunError
from nntrain.runs import jsonfile
from nntrain.runs.file_names import CHECKPOINTS
from nntrain.runs.files import Damage
from nntrain.runs.store import RunDirectory
from nntrain.visible import Lines, lines_of

_NUMBERS = "numbers"
_MOST_NUMBERS = 1 << 24  # bytes of JSON


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What was read: arrays by path, the plain numbers, and a warning if it is not the latest one."""

    arrays: dict[str, Array]
    numbers: dict[str, Any]
    warning: str | None = None


def write_checkpoint(directory: RunDirectory, arrays: Mapping[str, Array], numbers: Mapping[str, Any]) -> None:
    """Write a checkpoint and keep the one that was there. Raises RunError if it cannot be written."""
    text = json.dumps(numbers, sort_keys=True, allow_nan=False).encode("utf-8")
    with_numbers = {**arrays, _NUMBERS: np.frombuffer(text, dtype=np.uint8)}
    directory.write_checkpoint(with_numbers)


def read_checkpoint(directory: RunDirectory, *, most_bytes: int) -> Checkpoint | None:
    """The latest checkpoint that is whole, or None if there never was one.

    Args:
        directory: the run.
        most_bytes: what the arrays of this training can have; a larger file is refused before it is read.

    Raises:
        RunError: there are checkpoints, but none is whole.
    """
    problems = []
    for name in CHECKPOINTS:
        if not directory.has(name):
            continue
        try:
            arrays = directory.read_checkpoint(name, most_bytes=most_bytes + _MOST_NUMBERS)
            numbers = _decode(directory, name, arrays.pop(_NUMBERS, None))
        except RunError as error:
            problems.append(str(error))
            continue
        warning = f"{lines_of(problems[0])[0]}; going on from the checkpoint before it" if problems else None
        return Checkpoint(arrays, numbers, warning)
    if problems:
        raise RunError(Lines(*problems))
    return None


def _decode(directory: RunDirectory, name: str, array: Array | None) -> dict[str, Any]:
    try:
        if array is None or array.dtype != np.uint8 or array.ndim != 1:
            raise Damage("are missing")
        return jsonfile.decode_object(array.tobytes())
    except Damage as damage:
        raise RunError(f"{directory.path / name} is damaged: its numbers {damage}") from None
