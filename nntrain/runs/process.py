"""Which process owns a run, and whether it is still alive."""

import os
import socket
from pathlib import Path

_MAX_PID = 2**31 - 1


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


def process_died(pid: int, started: str | None, on_host: str) -> bool:
    """Whether the process of this number, start time and host has ended; False if it cannot be known."""
    if on_host != host() or os.name == "nt" or not 0 < pid <= _MAX_PID:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, and belongs to another user
        pass
    fields = _stat_fields(pid)
    if fields is not None and fields[0] in ("Z", "X"):  # ended, but its parent has not noticed
        return True
    now = process_started(pid)
    return started is not None and now is not None and now != started


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command's name (which may hold anything): the third and on."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
