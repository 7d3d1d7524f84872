"""The commands that messages name, to be typed as they stand."""

from __future__ import annotations

import shlex

from nntrain.runs.file_names import CONFIG
from nntrain.runs.store import RunDirectory


def fit_command(directory: RunDirectory) -> str:
    """The command that trains a run anew from its own config."""
    return f"nntrain fit {shlex.quote(str(directory.path / CONFIG))}"


def search_command(directory: RunDirectory) -> str:
    """The command that begins a search anew."""
    return f"nntrain gridsearch {shlex.quote(str(directory.path / CONFIG))}"


def resume_command(directory: RunDirectory) -> str:
    """The command that continues a run."""
    return f"nntrain fit --resume {shlex.quote(str(directory.path))}"


def how_to_go_on(directory: RunDirectory, more: str = "") -> str:
    """The command that continues a run, announced; `more` is appended to it."""
    return f"go on with: {resume_command(directory)}{more}"
