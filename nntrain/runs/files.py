"""The file layer: every byte that a run writes goes through a `Disk`, and every file is complete or absent.

`Disk` has one method per system call that changes a disk, so that a test can make any single one of them fail
(a full disk, a dying one) and look at what is left. On it stand two ways of writing: `replacing`, which
writes beside the file and renames, and the appended history (history.py).
"""

import contextlib
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BINARY: int = getattr(os, "O_BINARY", 0)  # Windows translates line ends without it
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)  # a named pipe in place of a file must not hang the reader
_CLOEXEC: int = getattr(os, "O_CLOEXEC", 0)


class Damage(Exception):
    """What is wrong with the content of a file, without the file's name; store.py makes it a RunError.

    `remedy` says what can still be done, where it is something else than what messages.py says for such a file; `{run}`
    in it stands for the run directory.
    """

    def __init__(self, problem: str, *, remedy: str | None = None) -> None:
        super().__init__(problem)
        self.remedy = remedy


class Disk:
    """The system calls that change a disk. A test overrides one of them to make it fail."""

    def open(self, path: Path, flags: int) -> int:
        """Open for writing with the `os.O_…` flags; returns the descriptor."""
        return os.open(path, flags | _BINARY | _CLOEXEC, 0o666)

    def write(self, descriptor: int, data: "ReadableBuffer") -> int:
        """Write some of `data`; returns how many bytes."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Wait until the device has what was written."""
        os.fsync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the open file to `size` bytes."""
        os.ftruncate(descriptor, size)

    def replace(self, source: Path, target: Path) -> None:
        """Rename over `target` in one step."""
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        """Remove one file."""
        os.unlink(path)

    def make_directory(self, path: Path) -> None:
        """Make one directory; FileExistsError if there is something of that name."""
        os.mkdir(path)

    def remove_directory(self, path: Path) -> None:
        """Remove one empty directory."""
        os.rmdir(path)

    def sync_directory(self, path: Path) -> None:
        """Make renames in a directory durable, where the system can open directories at all."""
        if os.name == "nt":
            return
        descriptor = os.open(path, os.O_RDONLY | _CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _Descriptor(io.RawIOBase):
    """An open file whose writes go through a `Disk`; seekable, which `zipfile` needs for its headers."""

    def __init__(self, disk: Disk, descriptor: int) -> None:
        self._disk = disk
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: "ReadableBuffer", /) -> int:
        return self._disk.write(self._descriptor, data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def temporary(path: Path) -> Path:
    """Where `replacing` writes before the rename. One name per file: only the run's owner writes."""
    return path.with_name(path.name + ".tmp")


@contextlib.contextmanager
def replacing(disk: Disk, path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which becomes `path` in one step when the block ends without an exception.

    What was at `path` before stays whole until then, and for good if anything fails.

    Raises:
        OSError: it cannot be written.
    """
    beside = temporary(path)
    try:
        with _create(disk, beside) as file:
            yield file
            file.flush()
            disk.sync(file.fileno())
        disk.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(beside)
        raise
    disk.sync_directory(path.parent)


def _create(disk: Disk, path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = disk.open(path, flags)
    except FileExistsError:  # left by a process that was killed, or a link planted by somebody else
        disk.remove(path)
        descriptor = disk.open(path, flags)
    return io.BufferedWriter(_Descriptor(disk, descriptor))


def write_bytes(disk: Disk, path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step. Raises OSError; then `path` is as it was."""
    with replacing(disk, path) as file:
        file.write(content)


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file for reading, unless it is a pipe, a device or a directory, or a link to one.

    Raises:
        Damage: it is missing, or something else than a file.
        OSError: it cannot be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # before opening, which alone can set a device off
            raise Damage("is not a file")
        descriptor = os.open(path, os.O_RDONLY | _BINARY | _CLOEXEC | _NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise Damage("is missing") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it was replaced in between
        os.close(descriptor)
        raise Damage("is not a file")
    return open(descriptor, "rb")


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a file of at most `limit` bytes. Raises Damage if it is longer, else as `open_regular`."""
    with open_regular(path) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Damage(f"is larger than {limit:,} bytes, which no run writes")
    return content
