"""What the readers share: files that can be read, names that nearly match, bounds on size."""

import difflib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from nntrain.arrays import Array
from nntrain.data.dataset import NAMES_SHOWN, quoted
from nntrain.data.readers.opened import OpenedFile
from nntrain.errors import DataError
from nntrain.machine import bytes_in_words, total_memory
from nntrain.visible import Lines

_PIECE = 1 << 24
_MOST_MEANT = 5  # suggestions in a message

MAX_BYTES = 8 * 2**30
"""The largest array, in bytes, that a file may announce."""

TRUSTED_BYTES = 2**28
MAX_RATIO = 200
"""Below 256 MiB any ratio of compression will do; above, one of more than 200 is taken for a bomb."""

PUBLISHED_AT = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_MNIST_FILE = re.compile(r"(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")


def existing_file(path: Path, *, setting: str | None = "data.path") -> Path:
    """`path` itself if it is a file that can be opened; DataError, with near matches, where it is not."""
    try:
        if os.path.isdir(path):
            raise DataError(f"{path} is a directory; name a file in it", setting=setting)
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe or a device may never end
            raise DataError(f"{path} is not a regular file", setting=setting)
        with path.open("rb"):
            return path
    except FileNotFoundError:
        raise DataError(
            Lines(f"{path}: no such file{_nearest_file(path)}", *_where_to_look(path)), setting=setting
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{path}: cannot be read: {reason}", setting=setting) from None


def open_data(path: Path, *, setting: str | None = "data.path") -> OpenedFile:
    """Open a file that `existing_file` lets through; DataError where it has become something else meanwhile."""
    try:
        return OpenedFile(existing_file(path, setting=setting))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}", setting=setting) from None


def _where_to_look(path: Path) -> Iterator[str]:
    if _MNIST_FILE.fullmatch(path.name):
        yield (
            "MNIST is {train,t10k}-images-idx3-ubyte.gz and {train,t10k}-labels-idx1-ubyte.gz; "
            f"download them from {PUBLISHED_AT} into {path.parent}/"
        )


def _nearest_file(path: Path) -> str:
    folder = path.parent
    try:
        if not os.path.isdir(folder):
            return f" (there is no directory {folder})"
        names = sorted(entry.name for entry in folder.iterdir() if os.path.isfile(entry))
    except OSError:
        return ""
    return did_you_mean(path.name, names)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'species'?` where something near `name` is known, otherwise nothing."""
    near = _nearest([name], known)
    return f"; did you mean {near[name]!r}?" if near else ""


def _nearest(names: Sequence[str], known: Iterable[str]) -> dict[str, str]:
    """For each name that has one, what is spelt like it; of several that differ in case only the first."""
    by_lower = {each.lower(): each for each in reversed(list(known))}
    found = {}
    for place, name in enumerate(names):
        plain = name.lower()
        if plain not in by_lower and place < NAMES_SHOWN:  # comparing thousands with thousands would take minutes
            plain = next(iter(difflib.get_close_matches(plain, by_lower, n=1, cutoff=0.6)), plain)
        if plain in by_lower:
            found[name] = by_lower[plain]
    return found


def absent(what: str, names: Sequence[str], known: Sequence[str], others: Sequence[str] = ()) -> str:
    """`no target column 'specis'; did you mean 'species'? The columns are …`: the end of a message.

    Args:
        what: what is absent, in the singular: "target column".
        names: those that are absent.
        known: those that are there. The ones near to `names` are listed however many there are.
        others: those that are asked for beside `names`: none of them was meant by an absent one.
    """
    *qualifiers, noun = what.split()
    plural = "" if len(names) == 1 else "s"
    taken = set(others)
    near = _nearest(names, [each for each in known if each not in taken])
    listing = f"{noun}s are {quoted(_with_near(known, near.values())) or 'none'}"
    if not near:
        end = f"; the {listing}"
    elif len(names) == 1:
        end = f"; did you mean {near[names[0]]!r}? The {listing}"
    else:
        meant = [f"{found!r} for {name!r}" for name, found in near.items()]
        more = f" and {len(meant) - _MOST_MEANT:,} more" if len(meant) > _MOST_MEANT else ""
        end = f"; did you mean {', '.join(meant[:_MOST_MEANT])}{more}? The {listing}"
    return f"no {' '.join([*qualifiers, noun])}{plural} {quoted(names)}{end}"


def _with_near(known: Sequence[str], near: Collection[str]) -> list[str]:
    """The names in order, but those that are near among the first that `quoted` shows."""
    near = set(list(dict.fromkeys(near))[:_MOST_MEANT])
    behind = [name for name in known[NAMES_SHOWN:] if name in near]
    kept = NAMES_SHOWN - len(behind)
    return [*known[:kept], *behind, *(name for name in known[kept:] if name not in near)]


def absent_inputs(missing: Sequence[str], there: Sequence[str], trained: Sequence[str]) -> str:
    """`no input column 'carat'; …; the network was trained on …`: the end of a message, as `absent`."""
    return f"{absent('input column', missing, there, trained)}; the network was trained on {quoted(trained)}"


def check_size(source: str, announced: int) -> None:
    """Refuse an array of `announced` bytes where that is more than `MAX_BYTES`, or than this machine has."""
    if announced > MAX_BYTES:
        raise DataError(
            f"{source}: announces {announced / 2**30:,.1f} GiB; "
            f"nntrain reads arrays of at most {MAX_BYTES // 2**30} GiB into memory"
        )
    total = total_memory() if announced > TRUSTED_BYTES else None
    if total is not None and announced > total:
        raise DataError(
            f"{source}: announces {bytes_in_words(announced)}, and this machine has {bytes_in_words(total)} of memory; "
            "leave out examples, or save them in a smaller element type"
        )


def check_ratio(source: str, announced: int, packed: int, remedy: str) -> None:
    """Refuse what would be unpacked to so many times its size that it may have been made to fill the memory."""
    if announced > max(TRUSTED_BYTES, MAX_RATIO * packed):
        raise DataError(
            f"{source} announces {announced:,} bytes packed into {packed:,}; "
            f"nntrain does not unpack what may be a zip bomb: {remedy}"
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
