"""What the readers share: files that can be read, names that nearly match, bounds on size."""

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import quoted
from nntrain.errors import DataError

_PIECE = 1 << 24

MAX_BYTES = 8 * 2**30
"""The largest array, in bytes, that a file may announce."""

PUBLISHED_AT = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_MNIST_FILE = re.compile(r"(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")


def existing_file(path: Path, *, setting: str | None = "data.path") -> Path:
    """`path` itself if it is a file that can be opened; DataError, with near matches, where it is not."""
    try:
        if path.is_dir():
            raise DataError(f"{path} is a directory; name a file in it", setting=setting)
        if path.exists() and not path.is_file():  # a pipe or a device may never end
            raise DataError(f"{path} is not a regular file", setting=setting)
        with path.open("rb"):
            return path
    except FileNotFoundError:
        raise DataError(f"{path}: no such file{_where_to_look(path)}", setting=setting) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{path}: cannot be read: {reason}", setting=setting) from None


def _where_to_look(path: Path) -> str:
    hint = _nearest_file(path)
    if _MNIST_FILE.fullmatch(path.name):
        hint += (
            "\nMNIST is {train,t10k}-images-idx3-ubyte.gz and {train,t10k}-labels-idx1-ubyte.gz; "
            f"download them from {PUBLISHED_AT} into {path.parent}/"
        )
    return hint


def _nearest_file(path: Path) -> str:
    folder = path.parent
    try:
        if not folder.is_dir():
            return f" (there is no directory {folder})"
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return ""
    return did_you_mean(path.name, names)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'species'?` where something near `name` is known, otherwise nothing."""
    by_lower = {each.lower(): each for each in reversed(list(known))}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""


def absent(what: str, names: Sequence[str], known: Sequence[str]) -> str:
    """`no target column 'specis'; did you mean 'species'? The columns are …`: the end of a message."""
    *qualifiers, noun = what.split()
    plural = "" if len(names) == 1 else "s"
    hint = did_you_mean(names[0], known) if len(names) == 1 else ""
    listing = f"{noun}s are {quoted(known) or 'none'}"
    end = f"{hint} The {listing}" if hint else f"; the {listing}"
    return f"no {' '.join([*qualifiers, noun])}{plural} {quoted(names)}{end}"


def check_size(source: str, announced: int) -> None:
    """Refuse an array of `announced` bytes where that is more than `MAX_BYTES`."""
    if announced > MAX_BYTES:
        raise DataError(
            f"{source}: announces {announced / 2**30:,.1f} GiB; "
            f"nntrain reads arrays of at most {MAX_BYTES // 2**30} GiB into memory"
        )


class ByteStream(Protocol):
    """What bytes are read from: a file, a member of an archive, a gzip stream."""

    def read(self, size: int, /) -> bytes: ...


def fill(stream: ByteStream, data: Array, name: str) -> None:
    """Read all of `data` [n] uint8, a piece at a time: memory is touched only as bytes arrive."""
    filled = 0
    while filled < len(data):
        piece = stream.read(min(_PIECE, len(data) - filled))
        if not piece:
            raise DataError(f"{name} is cut short: {filled:,} of {len(data):,} bytes are there")
        data[filled : filled + len(piece)] = np.frombuffer(piece, dtype=np.uint8)
        filled += len(piece)
