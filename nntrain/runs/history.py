"""history.jsonl: one JSON object per epoch, appended and handed to the system as the epoch ends.

It is the one file that is not replaced as a whole. A process that is killed while it appends leaves a last
line that is cut; the reader drops it, and whoever continues the run starts by cutting it off.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nntrain.runs import jsonfile
from nntrain.runs.files import Damage, Disk, read_bytes
from nntrain.runs.messages import cannot_write

_LIMIT = 1 << 28  # bytes; a hundred thousand epochs have some thirty million


def read_history(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a history, one dict per epoch. A last line without its newline is dropped.

    Raises Damage if any other line is not a JSON object; OSError if the file cannot be read.
    """
    *lines, _cut = read_bytes(path, _LIMIT).split(b"\n")
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            records.append(jsonfile.decode_object(line))
        except Damage as damage:
            raise Damage(f"is damaged: line {number} {damage}") from None
    return records


class HistoryWriter:
    """Appends records to a history; a context manager that closes it.

    `keep` is how many of the epochs already there are kept (those before the checkpoint from which the run
    goes on); the rest is cut off. None keeps every complete line. Raises Damage if there are fewer, OSError
    if the disk does.
    """

    def __init__(self, disk: Disk, path: Path, keep: int | None = 0) -> None:
        self._disk = disk
        self._path = path
        self._size = _size_of(path, keep)
        self._descriptor = disk.open(path, os.O_WRONLY | os.O_CREAT)
        try:
            disk.truncate(self._descriptor, self._size)
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
        except OSError:
            os.close(self._descriptor)
            raise

    def append(self, record: Mapping[str, object]) -> None:
        """Write one line. If that fails, what was written of it is cut off again and RunError is raised."""
        line = jsonfile.encode(record, indent=None)
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


def _size_of(path: Path, keep: int | None) -> int:
    """How many bytes the first `keep` lines have."""
    if keep == 0 or (keep is None and not path.exists()):
        return 0
    content = read_bytes(path, _LIMIT)
    count = content.count(b"\n")
    if keep is None:
        return content.rfind(b"\n") + 1
    if count < keep:
        raise Damage(f"has {count} complete lines, where {keep} epochs are to be kept")
    end = 0
    for _ in range(keep):
        end = content.index(b"\n", end) + 1
    return end
