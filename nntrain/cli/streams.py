"""Stdin, stdout and stderr: that they are there, and what becomes of output that cannot be written."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TextIO

from nntrain.errors import NntrainError
from nntrain.visible import Lines

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# Where descriptors lead that were closed: reading from the first ends at once, writing to the second fails (and so does
# writing to /dev/stdout, which opens it anew), and what is written to the third is lost.
_IN_PLACE = (
    (os.devnull, os.O_RDONLY),
    ("/dev/full" if os.path.exists("/dev/full") else os.devnull, os.O_RDONLY),
    (os.devnull, os.O_WRONLY),
)


class OutputError(NntrainError):
    """What a command has to say cannot be written to stdout.

    Attributes:
        reader_left: whether whoever read it from a pipe has seen enough.
    """

    exit_code = 2

    def __init__(self, error: OSError) -> None:
        reason = "stdout is closed" if error.errno == errno.EBADF else error.strerror or str(error)
        super().__init__(f"the output could not be written: {reason}")
        self.reader_left = error.errno == errno.EPIPE


@contextlib.contextmanager
def reporting(safe: str) -> Iterator[None]:
    """Print in the block what was done. If that cannot be written, the OutputError goes on with what is safe by now."""
    try:
        yield
        sys.stdout.flush()
    except OutputError as failure:
        failure.args = (Lines(str(failure), safe),)
        raise


def make_sure() -> None:
    """Let descriptors 0 to 2 be open and stdout and stderr be streams, from the beginning of the process on.

    Otherwise the next file that is opened is what all messages go to, and `print` writes to stdout what was meant for
    stderr.
    """
    for descriptor, (path, flags) in enumerate(_IN_PLACE):
        try:
            os.fstat(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.set_inheritable(os.open(path, flags), True)  # the lowest number that is free, so it is this one
    sys.stdout = _watched(sys.stdout, 1)
    sys.stderr = _watched(sys.stderr, 2)


def _watched(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is None:
        raw = io.FileIO(descriptor, "w", closefd=False)
        return io.TextIOWrapper(io.BufferedWriter(_Watched(raw, descriptor)), errors="backslashreplace")
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    below: Any = getattr(stream.buffer, "raw", stream.buffer)  # with PYTHONUNBUFFERED there is no buffer between
    return io.TextIOWrapper(
        io.BufferedWriter(_Watched(below, descriptor)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
    )


class _Watched(io.RawIOBase):
    """What is below stdout or stderr.

    Where stdout cannot be written to, that is an OutputError once; then the output is lost, and nobody, the interpreter
    at its end included, has anything more to say about it. Messages that stderr does not take are lost.
    """

    def __init__(self, raw: io.RawIOBase, descriptor: int) -> None:
        self._raw, self._is_result, self._is_lost = raw, descriptor == 1, False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def write(self, data: "ReadableBuffer", /) -> int:
        size = memoryview(data).nbytes
        try:
            while not self._is_lost:
                written = self._raw.write(data)
                if written is not None:
                    return written
                self._wait()
        except OSError as error:
            if self._is_result:
                self._is_lost = True
                raise OutputError(error) from None
        return size

    def _wait(self) -> None:
        """Wait for a terminal or a pipe that another program has told not to wait by itself."""
        import select

        select.select([], [self.fileno()], [])
