"""How much memory there is, and how much is free: what the system says, less where a container or a shell limits it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OF_PROCESS = Path("/proc/self/cgroup")
_MEMINFO = Path("/proc/meminfo")


def total_memory() -> int | None:
    """The bytes that this process can have at most; None where the system does not say."""
    return min((*_physical(), *_cgroup_limits(), *_own_limits()), default=None)


def free_memory() -> int | None:
    """The bytes that are free now, as far as the system says."""
    total = total_memory()
    for line in _text(_MEMINFO).splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable" and value.split()[:1] and value.split()[0].isdecimal():
            free = int(value.split()[0]) * 1024
            return free if total is None else min(free, total)
    return total


def bytes_in_words(count: int) -> str:
    """ "4.6 GiB", "850.0 MiB", "1,000+ TiB"."""
    if count > _MOST * _SIZES["TiB"]:
        return f"{_MOST:,}+ TiB"
    unit = next((unit for unit in ("TiB", "GiB") if count >= _SIZES[unit]), "MiB")
    return f"{count / _SIZES[unit]:,.1f} {unit}"


_MOST = 1_000  # TiB: beyond it, digits say nothing
_SIZES = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def _physical() -> Iterator[int]:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such question on this system
        return
    if pages > 0 and size > 0:
        yield pages * size


def _cgroup_limits() -> Iterator[int]:
    """The limits of the process's control groups, version 2 and 1, and of the groups that these are in."""
    for line in _text(_OF_PROCESS).splitlines():
        _, controllers, group = ([*line.split(":", 2), "", ""])[:3]
        if not controllers:
            root, name = _CGROUPS, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = _CGROUPS / "memory", "memory.limit_in_bytes"
        else:
            continue
        place = Path(group.lstrip("/"))
        for folder in (place, *place.parents):
            limit = _text(root / folder / name).strip()
            if limit.isdecimal():
                yield int(limit)


def _own_limits() -> Iterator[int]:
    """What `ulimit -v` says."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        limit = resource.getrlimit(kind)[0]
        if limit != resource.RLIM_INFINITY:
            yield limit


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
