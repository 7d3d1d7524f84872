"""Files that a command writes for the user: complete, or not there, and never in the place of what it reads."""

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from nntrain.errors import UserError

_DESCRIPTOR = re.compile(r"/dev/(?:fd/(\d{1,9})|(stdout)|(stderr))|/proc/self/fd/(\d{1,9})")


def check_output(path: Path, inputs: Iterable[tuple[Path, str]]) -> None:
    """Refuse to write over what a command reads, a file of a run, or a folder; a device or a pipe is none.

    Args:
        path: where it is to write.
        inputs: each file that it reads, and what it is: "the file to predict".

    Raises:
        UserError: it would; nothing was done.
    """
    from nntrain.runs.ownership import run_of_file, same_file  # here, for most commands write nothing

    if is_special(path):
        return
    if os.path.isdir(path):
        raise UserError(f"{path} is a folder: give the name of a file in it")
    for read, what in inputs:
        if same_file(path, read):
            named = "" if str(read) == str(path) else f", {read}"
            raise UserError(f"{path} is {what}{named}, and would be overwritten: give another name")
    run = run_of_file(path)
    if run is not None:
        raise UserError(f"{path} is a file of the run {run.name}, which would no longer know it: give another name")


def is_special(path: Path) -> bool:
    """Whether a path is a device, a pipe or an open descriptor (/dev/stdout), which are written to as they are."""
    if _descriptor(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` when the block ends well, and vanishes otherwise.

    A link is followed; what `is_special` is written to directly. Raises OSError with `path` as its file.
    """
    target = Path(os.path.realpath(path))
    if os.path.isdir(target):  # before anything is made beside it: / has no beside
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if os.path.islink(target):  # followed to the end, it is one of a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    special = is_special(path)
    # A name of its own: of no other process, and not longer than the system allows.
    beside = path if special else target.with_name(f".nntrain-{os.urandom(8).hex()}.tmp")
    try:
        with _opened(beside, new=not special) as stream:
            yield stream
        if not special:
            os.replace(beside, target)
    except BaseException as failure:
        if not special:
            _remove(beside)
        # a full disk names no file, a missing folder the temporary one
        if isinstance(failure, OSError) and failure.filename in (None, str(beside)):
            raise OSError(failure.errno, failure.strerror, str(path)) from failure
        raise


def _opened(path: Path, *, new: bool) -> TextIO:
    descriptor = _descriptor(path)
    if descriptor is None:
        return path.open("x" if new else "w", encoding="utf-8", errors="backslashreplace", newline="")
    # What it was opened for may be a file, of which the beginning is to stay.
    sys.stdout.flush()
    return open(os.dup(descriptor), "w", encoding="utf-8", errors="backslashreplace", newline="")


def _descriptor(path: Path) -> int | None:
    """The number of the open descriptor that a path stands for, or None."""
    found = _DESCRIPTOR.fullmatch(os.fspath(path)) if os.name != "nt" else None
    if found is None:
        return None
    return 1 if found[2] else 2 if found[3] else int(found[1] or found[4])


def _remove(path: Path) -> None:
    """Remove a file if it is there, whatever signals come meanwhile: the command is at its end anyway."""
    while True:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return
        except KeyboardInterrupt:
            continue
        return
