"""A data file that is opened once: what is hashed is what is read, whatever becomes of its name meanwhile."""

import errno
import hashlib
import io
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from nntrain.errors import DataError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 1 << 20
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)  # a named pipe that took the file's place must not hang the reader


class OpenedFile:
    """A context in which a file can be read several times, each time from its beginning.

    Every reading that comes to the end is hashed, and must have found the same bytes as the one before: a file that is
    written to meanwhile is a DataError.

    Raises OSError where it cannot be opened, or is a pipe or a device, which may not end.

    Attributes:
        path: the file, as it was named.
        size: in bytes, when it was opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not stat.S_ISREG(os.stat(path).st_mode):  # before opening, which alone can set a device off
            raise OSError(errno.EINVAL, "is not a file", str(path))
        self._raw = io.FileIO(path, opener=lambda name, flags: os.open(name, flags | _NONBLOCK))
        self.size = os.fstat(self._raw.fileno()).st_size
        self._sha256: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    @property
    def sha256(self) -> str:
        """The sha256 of what was read, once that has come to the end of the file."""
        if self._sha256 is None:
            raise RuntimeError(f"{self.path} was not read to its end")
        return self._sha256

    def stream(self) -> io.BufferedReader:
        """The file from its beginning, to be read forwards."""
        return io.BufferedReader(_Pass(self, self._raw), _BLOCK)

    def read_through(self) -> None:
        """Read all of it for its sha256 alone; a DataError if that has changed."""
        with self.stream() as stream:
            finish(stream)

    def anywhere(self) -> BinaryIO:
        """The file to be read in any order, between two `read_through` that notice what changes; not to be closed."""
        self._raw.seek(0)
        return self._raw

    def found(self, sha256: str) -> None:
        """Take note of what a reading has found."""
        if self._sha256 not in (None, sha256):
            raise DataError(f"{self.path} changed while it was read; try again when nobody writes to it any more")
        self._sha256 = sha256


def finish(stream: BinaryIO) -> None:
    """Read what is left of a file, so that its sha256 is known."""
    while stream.read(_BLOCK):
        pass


class _Pass(io.RawIOBase):
    """One reading of a file; there may be others in between."""

    def __init__(self, file: OpenedFile, raw: io.FileIO) -> None:
        self._file, self._raw, self._at = file, raw, 0
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        self._raw.seek(self._at)
        count = self._raw.readinto(buffer) or 0
        with memoryview(buffer) as view:
            self._digest.update(view[:count])
            if not count and view.nbytes:
                self._file.found(self._digest.hexdigest())
        self._at += count
        return count
