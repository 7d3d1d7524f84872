"""status.json: where a run stands, whose it is, and the checksums of its other files."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, cast, get_args

from nntrain.errors import NEWER, what_newer_needs
from nntrain.runs.files import Damage
from nntrain.runs.process import host, process_died, process_started
from nntrain.visible import lines_of

FORMAT = 1  # of the run directory; a reader refuses a higher one

_MOST_FILES = 1000
_LONGEST = 100_000  # characters of a text, such as the message of a divergence
_SHA256 = re.compile(r"[0-9a-f]{64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Status: TypeAlias = Literal["running", "complete", "interrupted", "diverged", "failed"]


@dataclass(frozen=True)
class RunStatus:
    """The content of status.json.

    Times are ISO 8601 in UTC; earlier runs have them with the offset of the place where they were written.

    Attributes:
        status: as it was written; `current` knows whether that is still so.
        pid: the number of the process that wrote it.
        process_started: when that started, as the system counts it: tells it from a later one of the same number.
        host: the machine that it ran on.
        started: when the run directory was made.
        updated: when this status was written.
        message: why, in words: the reason of a failure, the epoch of a divergence.
        sha256: the checksums of the other files by name, those that the run had written by then.
    """

    status: Status
    pid: int
    process_started: str | None
    host: str
    started: str
    updated: str
    message: str | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)

    def current(self) -> Status:
        """The status as it is now: a run that is running in a process that has ended was interrupted."""
        died = self.status == "running" and process_died(self.pid, self.process_started, self.host)
        return "interrupted" if died else self.status

    def to_json(self) -> dict[str, Any]:
        """The object that `from_json` reads."""
        return {
            "format": FORMAT,
            "status": self.status,
            "pid": self.pid,
            "process_started": self.process_started,
            "host": self.host,
            "started": self.started,
            "updated": self.updated,
            "message": self.message,
            "sha256": dict(self.sha256),
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "RunStatus":
        """The status in the object of status.json, which is checked. Raises Damage with what is wrong."""
        version = value.get("format")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise Damage("is damaged: 'format' is not a version number")
        if version > FORMAT:
            raise Damage(
                f"cannot be read: format {version} {NEWER}",
                remedy=what_newer_needs("format", FORMAT),
            )
        return RunStatus(
            status=_status(value.get("status")),
            pid=_pid(value.get("pid")),
            process_started=_text(value, "process_started", optional=True),
            host=_text(value, "host") or "",
            started=_moment(value, "started"),
            updated=_moment(value, "updated"),
            message=_text(value, "message", optional=True),
            sha256=_checksums(value.get("sha256")),
        )


def now() -> str:
    """The present time as status.json has it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def moment(time: str) -> timedelta:
    """What times of status.json are compared by, whatever their offsets. Raises ValueError for what is no time."""
    found = datetime.fromisoformat(time)
    if found.tzinfo is None:  # no nntrain writes that; the clock on the wall is the best guess
        try:
            found = found.astimezone()
        except (OverflowError, OSError):
            found = found.replace(tzinfo=UTC)
    return found - _EPOCH


def on_the_wall(time: str) -> datetime:
    """A time as people here read it off their clocks, with its offset."""
    found = datetime.fromisoformat(time)
    try:
        return found.astimezone()
    except (OverflowError, OSError):
        return found


def owned(
    status: Status, *, started: str | None = None, message: str | None = None, sha256: Mapping[str, str]
) -> RunStatus:
    """A status that this process writes now; `started` is None for a new run."""
    pid = os.getpid()
    time = now()
    message = message and "; ".join(map(str.strip, lines_of(message)))[:_LONGEST]  # it is read as one line
    return RunStatus(
        status, pid, process_started(pid), host(), started or time, time, message=message, sha256=dict(sha256)
    )


def _status(value: object) -> Status:
    for known in get_args(Status):
        if value == known:
            return cast(Status, known)
    shown = repr(value) if isinstance(value, str) and len(value) < 40 else type(value).__name__
    raise Damage(f"is damaged: 'status' is {shown}, which is none of {', '.join(get_args(Status))}")


def _pid(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Damage("is damaged: 'pid' is not a number")
    return value


def _text(value: Mapping[str, Any], key: str, *, optional: bool = False) -> str | None:
    text = value.get(key)
    if text is None and optional:
        return None
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise Damage(f"is damaged: {key!r} is not a text")
    return text


def _checksums(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > _MOST_FILES:
        raise Damage("is damaged: 'sha256' does not hold a checksum for each file")
    if not all(map(_is_file_name, value)) or not all(map(_is_sha256, value.values())):
        raise Damage("is damaged: 'sha256' holds something else than a checksum for each file")
    return value


def _is_file_name(name: str) -> bool:
    return 0 < len(name) <= 255 and name.isprintable() and "/" not in name and "\\" not in name and name != ".."


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _moment(value: Mapping[str, Any], key: str) -> str:
    """A time as `now` writes it."""
    text = _text(value, key) or ""
    try:
        moment(text)
    except (ValueError, OverflowError):
        raise Damage(f"is damaged: {key!r} is not a time") from None
    return text
