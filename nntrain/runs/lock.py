"""One owner per run directory: a lock that the system drops when its process ends, however it ends."""

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from nntrain.errors import RunError
from nntrain.runs import jsonfile
from nntrain.runs.files import Damage, Disk, read_bytes
from nntrain.runs.status import on_the_wall

try:
    import fcntl
except ImportError:  # Windows: runs there have no lock
    fcntl = None  # type: ignore[assignment]

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


@contextlib.contextmanager
def exclusive(disk: Disk, where: Callable[[], Path]) -> Iterator[None]:
    """Hold the lock file `where()` while the block runs; its directory is what it protects, and may be renamed by it.

    Where the system or the file system has no such locks (Windows, some network file systems) the block runs
    without one.

    Raises:
        RunError: another process holds it, which is named, or it cannot be written.
    """
    path = where()
    if fcntl is None:
        yield
        return
    try:
        descriptor = _acquire(disk, path)
    except OSError as error:
        raise RunError(f"{path.parent} cannot be locked: {error.strerror or error}") from error
    try:
        yield
    finally:
        try:
            # while it is held: whoever opened it in the meantime sees in _acquire that it is no longer the file
            with contextlib.suppress(OSError):
                disk.remove(where())
        finally:
            os.close(descriptor)


def _acquire(disk: Disk, path: Path) -> int:
    while True:
        descriptor = disk.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)
        try:
            if not _lock(descriptor, path) or _is_still(path, descriptor):
                _say_who(disk, descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> bool:
    """Take the lock; False where the file system has none. Raises RunError if somebody holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            raise RunError(f"{path.parent} is in use by {_holder(path)}") from None
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _say_who(disk: Disk, descriptor: int) -> None:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    disk.truncate(descriptor, 0)
    disk.write(descriptor, json.dumps({"pid": os.getpid(), "since": since}).encode())


def _holder(path: Path) -> str:
    try:
        owner = jsonfile.decode_object(read_bytes(path, 4096))
        since = on_the_wall(owner["since"]).isoformat(sep=" ", timespec="seconds")
        return f"process {int(owner['pid'])} since {since}"
    except (OSError, Damage, ValueError, TypeError, KeyError):
        return "another process"
