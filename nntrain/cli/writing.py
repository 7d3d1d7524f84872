"""Files that a command writes for the user: complete, or not there."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` when the block ends well, and vanishes otherwise.

    A link is followed; something that is no regular file (/dev/stdout, a named pipe) is written to directly. Raises
    OSError with `path` as its file.
    """
    target = Path(os.path.realpath(path))
    special = target.exists() and not target.is_file() and not target.is_dir()
    beside = target if special else target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with beside.open("w" if special else "x", encoding="utf-8", errors="backslashreplace", newline="") as stream:
            yield stream
        if not special:
            os.replace(beside, target)
    except BaseException as failure:
        if not special:
            beside.unlink(missing_ok=True)
        # a full disk names no file, a missing folder the temporary one
        if isinstance(failure, OSError) and failure.filename in (None, str(beside)):
            raise OSError(failure.errno, failure.strerror, str(path)) from failure
        raise
