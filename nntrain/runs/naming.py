"""What run directories are called: `NAME-DATE-TIME-XXXX`, and something hidden until they are runs."""

import errno
import os
import re
import secrets
from datetime import datetime
from pathlib import Path

from nntrain.errors import UserError
from nntrain.runs.process import signature, signed_by_dead

TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR)
"""What a system says that is to rename a directory to what is there already."""

_RUN_NAME = re.compile(r".+-\d{8}-\d{6}-[0-9a-f]{4}")
_HIDDEN = ".nntrain-"
_LONGEST = 200  # bytes of an experiment's name; file systems allow 255 in all


def as_path(value: object, name: str) -> Path:
    """The argument `name` of a function as a path; UserError where it is none."""
    if not isinstance(value, str | os.PathLike):
        raise UserError(f"{name} must be a path, got {type(value).__name__}")
    return Path(value)


def unused(runs_dir: Path, name: str) -> Path:
    """A path that a run of an experiment can be given: the name, the time on the clocks here, and four digits."""
    while True:
        time = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        path = runs_dir / f"{_file_name(name)}-{time}-{secrets.token_hex(2)}"
        if not os.path.lexists(path):
            return path


def hidden(runs_dir: Path) -> Path:
    """A path for what this process is to make a run of."""
    return runs_dir / f"{_HIDDEN}{signature()}-{secrets.token_hex(4)}"


def is_hidden(name: str) -> bool:
    """Whether a directory's name is one that `hidden` gives."""
    return name.startswith(_HIDDEN)


def is_abandoned(name: str) -> bool:
    """Whether a directory's name is one that `hidden` gave to a process that has ended."""
    return is_hidden(name) and signed_by_dead(name.removeprefix(_HIDDEN).rpartition("-")[0])


def is_run_name(name: str) -> bool:
    """Whether a directory's name is one that `unused` gives."""
    return _RUN_NAME.fullmatch(name) is not None and not is_hidden(name)


def _file_name(name: str) -> str:
    """The experiment's name as part of a file name: letters, digits, `.`, `_`, `-`; at most 60."""
    suitable = "".join(c if c.isalnum() or c in "._-" else "-" for c in name)
    short = suitable.strip(".-")[:60].encode()[:_LONGEST]
    return short.decode(errors="ignore") or "run"
