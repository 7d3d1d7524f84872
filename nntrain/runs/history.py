"""history.jsonl: one JSON object per epoch, appended and handed to the system as the epoch ends.

It is the one file that is not replaced as a whole. A process that is killed while it appends leaves a last
line that is cut; the reader drops it, and whoever continues the run starts by cutting it off.
"""

import contextlib
import itertools
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from nntrain.errors import RunError
from nntrain.runs import jsonfile
from nntrain.runs.files import Damage, Disk, open_regular
from nntrain.runs.messages import cannot_write

_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)
_LONGEST_LINE = 1 << 22  # bytes; a line of a search has the outcomes of all seeds or folds of a trial


def iter_history(path: Path) -> Iterator[dict[str, Any]]:
    """The complete lines of a history, one dict per epoch. A last line without its newline is dropped.

    Raises:
        Damage: any other line is not a JSON object.
        OSError: the file cannot be read.
    """
    with open_regular(path) as file:
        for number, line in enumerate(_lines(file), start=1):
            yield _decode(line, number)


def count_epochs(path: Path) -> int:
    """How many complete lines a history has, whatever is in them. Raises as `iter_history`."""
    with open_regular(path) as file:
        return sum(1 for _ in _lines(file))


def check_history(path: Path, keep: int) -> None:
    """See whether the first `keep` lines of a history are the records of those epochs. Raises Damage."""
    _size_of(path, keep)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file that end in a newline, one at a time."""
    number = 1
    while (line := file.readline(_LONGEST_LINE)).endswith(b"\n"):
        yield line
        number += 1
    if len(line) == _LONGEST_LINE:
        raise Damage(f"is damaged: line {number} is longer than {_LONGEST_LINE:,} bytes")


def _decode(line: bytes, number: int) -> dict[str, Any]:
    try:
        return jsonfile.decode_object(line.removesuffix(b"\n"))
    except Damage as damage:
        raise Damage(f"is damaged: line {number} {damage}") from None


class HistoryWriter:
    """Appends records to a history; a context manager that closes it.

    Args:
        disk: through which it writes.
        path: the history, which need not be there.
        keep: how many of the epochs already there are kept (those before the checkpoint from which the run goes on);
            the rest is cut off.

    Raises:
        Damage: there are fewer, or one of them is no record of its epoch.
        OSError: the disk fails.
    """

    def __init__(self, disk: Disk, path: Path, keep: int = 0) -> None:
        self._disk = disk
        self._path = path
        self._size = _size_of(path, keep)
        # neither through a link to a file that is not the run's, nor into a pipe, which would wait for a reader
        self._descriptor = disk.open(path, os.O_WRONLY | os.O_CREAT | _NOFOLLOW | _NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise Damage("is not a file")
            disk.truncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
        except BaseException:
            os.close(self._descriptor)
            raise

    def append(self, record: Mapping[str, object]) -> None:
        """Write one line. If that fails, what was written of it is cut off again and RunError is raised."""
        line = jsonfile.encode(record, indent=None)
        if len(line) > _LONGEST_LINE:
            raise RunError(f"cannot write {self._path}: a line of it is longer than {_LONGEST_LINE:,} bytes")
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._disk.write(self._descriptor, rest) :]
        except OSError as error:
            with contextlib.suppress(OSError):  # the reader copes with a cut line
                self._disk.truncate(self._descriptor, self._size)
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
            raise cannot_write(self._path, error) from error
        self._size += len(line)

    def sync(self) -> None:
        """Wait until the device has every line, before a checkpoint counts on them. Raises RunError."""
        try:
            self._disk.sync(self._descriptor)
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.sync()
        finally:
            self.close()


def _size_of(path: Path, keep: int) -> int:
    """How many bytes the first `keep` lines have, each of which must be the record of its epoch."""
    if keep == 0:
        return 0
    size = count = 0
    with open_regular(path) as file:
        for count, line in enumerate(itertools.islice(_lines(file), keep), start=1):
            if _decode(line, count).get("epoch", count) != count:
                raise Damage(f"is damaged: line {count} is not the record of epoch {count}")
            size += len(line)
    if count < keep:
        raise Damage(f"has {count} complete lines, where {keep} epochs are to be kept")
    return size
