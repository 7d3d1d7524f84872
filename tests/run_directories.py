"""Run directories without a training."""

from pathlib import Path

from nntrain.runs.creation import Creation
from nntrain.runs.files import Disk
from nntrain.runs.store import RunDirectory


def create_run(runs_dir: Path | str, name: str, *, disk: Disk | None = None) -> RunDirectory:
    """A new run in status running, with nothing in it; if anything fails nothing is left behind."""
    creation = Creation(runs_dir, name, disk=disk)
    try:
        creation.appear()
    except BaseException:
        creation.discard()
        raise
    return creation.directory
