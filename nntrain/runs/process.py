"""Which process owns a run, and whether it is still alive."""

import hashlib
import os
import re
import socket
from pathlib import Path

_MAX_PID = 2**31 - 1
_SIGNATURE = re.compile(r"([0-9a-f]{8})-(\d{1,10})-([0-9a-f]{8})")


def host() -> str:
    """The name of this machine; runs on a shared file system may belong to another one."""
    return socket.gethostname()


def process_started(pid: int) -> str | None:
    """When a process started, as a string to compare; None if the system does not tell.

    On Linux the boot and the clock tick, so that a number which another process has got since is not mistaken
    for the run's.
    """
    fields = _stat_fields(pid)
    if fields is None:
        return None
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return f"{boot}:{fields[19]}"  # field 22 of proc(5), the start time in ticks; these begin at field 3


def signature() -> str:
    """This process in a few characters that can be part of a file's name."""
    pid = os.getpid()
    return f"{_digest(host())}-{pid}-{_digest(process_started(pid))}"


def signed_by_dead(text: str) -> bool:
    """Whether a text is the `signature` of a process that has ended; False if it cannot be known."""
    found = _SIGNATURE.fullmatch(text)
    if found is None or found[1] != _digest(host()) or not _can_be_asked(int(found[2])):
        return False
    if _is_gone(int(found[2])):
        return True
    now = process_started(int(found[2]))
    return now is not None and _digest(None) != found[3] != _digest(now)


def process_died(pid: int, started: str | None, on_host: str) -> bool:
    """Whether the process of this number, start time and host has ended; False if it cannot be known."""
    if on_host != host() or not _can_be_asked(pid):
        return False
    if _is_gone(pid):
        return True
    now = process_started(pid)
    return started is not None and now is not None and now != started


def _can_be_asked(pid: int) -> bool:
    return os.name != "nt" and 0 < pid <= _MAX_PID


def _is_gone(pid: int) -> bool:
    """Whether no process of this number works any more."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, and belongs to another user
        pass
    fields = _stat_fields(pid)
    return fields is not None and fields[0] in ("Z", "X")  # ended, but its parent has not noticed


def _digest(text: str | None) -> str:
    return hashlib.sha256((text or "").encode("utf-8", "backslashreplace")).hexdigest()[:8]


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command's name (which may hold anything): the third and on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
