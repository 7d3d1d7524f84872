"""What is said of a directory that has no network to use: a search, or a run that is still being trained."""

from __future__ import annotations

import os
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

from nntrain.errors import RunError, UserError
from nntrain.language import dump
from nntrain.runs.file_names import ENVIRONMENT, HISTORY, LEADERBOARD, PREPROCESS, RESULT, WEIGHTS
from nntrain.runs.listing import list_runs
from nntrain.runs.messages import is_search
from nntrain.runs.process import process_died
from nntrain.runs.status import RunStatus, on_the_wall
from nntrain.runs.store import RunDirectory
from nntrain.workflows.run.commands import fit_command, search_command


def refuse_search(directory: RunDirectory, what: str = "is a search") -> None:
    """Say of the directory of a search where its best network is, or what became of it.

    Args:
        directory: any run.
        what: how the message begins behind the directory's name.

    Raises:
        UserError: it is a search.
        RunError: it is damaged.
    """
    status = directory.read_status()
    if any(name in status.sha256 or directory.has(name) for name in (PREPROCESS, WEIGHTS)):
        return
    if ENVIRONMENT in status.sha256 or directory.has(ENVIRONMENT):
        raise UserError(f"{directory.name} {what}; {_what_became_of(directory, status)}")


def refuse_unfinished(directory: RunDirectory) -> None:
    """Say of a run that another process still trains, or that never began, and has no weights yet, what to do.

    Raises:
        RunError: it is one, or it is damaged.
    """
    status = directory.read_status()
    if status.current() == "running" and not directory.has(WEIGHTS):
        raise RunError(still_trained(directory))
    refuse_unbegun(directory, "to use")


def refuse_unbegun(directory: RunDirectory, purpose: str) -> None:
    """Say of a run that was killed before its training began that there is nothing in it.

    Only earlier versions left such directories: now they appear when all is in them that is known before training.

    Raises:
        RunError: it is one, or it is damaged.
    """
    if ENVIRONMENT in directory.read_status().sha256 or directory.has(ENVIRONMENT):
        return  # it is the last file that is written before training
    what, command = (
        ("first point was trained", "gridsearch") if is_search(directory.path) else ("training began", "fit")
    )
    raise RunError(
        f"{directory.name} was killed before its {what}, so there is nothing {purpose}: start it again with "
        f"nntrain {command}; its directory can be deleted"
    )


def still_trained(directory: RunDirectory) -> str:
    """Who trains a run that is not done, and what to do."""
    return f"{directory.name} is still being trained, by {_owner(directory.read_status())}: {_wait(directory)}"


def _owner(status: RunStatus) -> str:
    """The process that a run is in the hands of: "process 1234 since 2026-11-20 09:59:44+01:00"."""
    since = datetime.fromisoformat(status.updated)
    since = since if since.utcoffset() else on_the_wall(status.updated)  # another offset says itself when that was
    return f"process {status.pid} since {since.isoformat(sep=' ', timespec='seconds')}"


def _wait(directory: RunDirectory) -> str:
    """What to do about a run that is not done: wait, or use the newest one that is."""
    older = _newest_complete(directory.path.parent)
    return "wait for it" if older is None else f"wait for it, or use the newest complete run, {older}"


def _newest_complete(runs_dir: Path) -> Path | None:
    """The run that was started last among those that are complete and have scores, which a search has not."""
    complete = [run.path for run in list_runs(runs_dir) if run.status == "complete" and run.metrics]
    return complete[-1] if complete else None


def _what_became_of(directory: RunDirectory, status: RunStatus) -> str:
    """Where the best network of a search is, or why there is none and what to do."""
    result = directory.read_result() if directory.has(RESULT) else {}
    refit = result.get("refit")
    if isinstance(refit, str) and refit.isprintable():
        run = directory.path.parent / refit
        return f"the network of its best point {'is' if os.path.exists(run) else 'was'} in {run}"
    match status.current():
        case "running":
            return f"it is still at work, in {_owner(status)}, and {_finished(directory)}: {_wait(directory)}"
        case "complete":
            return _without_refit(directory, status, result)
        case "diverged":
            return f"the network of its best point was not trained to the end: {status.message}"
        case "failed":
            how = f"failed ({status.message})" if status.message else "failed"
        case _:
            how = "was interrupted"
    if isinstance(result.get("best"), dict) and not status.message:  # its points were done
        return _untrained(directory, result["best"])
    return f"it {how} and {_finished(directory)}; no network was kept. Search again with: {search_command(directory)}"


def _without_refit(directory: RunDirectory, status: RunStatus, result: dict[str, Any]) -> str:
    """A search whose points are all done, but not the run of its best one."""
    if status.message is None and not process_died(status.pid, status.process_started, status.host):
        return f"its best point is still being trained, by {_owner(status)}: {_wait(directory)}"
    return _untrained(directory, result.get("best"))


def _untrained(directory: RunDirectory, best: object) -> str:
    """What to do about the best point of a search, of which there is no network."""
    said = "the network of its best point was not trained to the end"
    if not isinstance(best, dict):
        return said
    overrides = " ".join(f"--set {shlex.quote(f'{path}={dump.flow(value)}')}" for path, value in best.items())
    return f"{said}. Train it with: {fit_command(directory)} {overrides}"


def _finished(directory: RunDirectory) -> str:
    """How many points are done, and where they are listed."""
    count = directory.count_epochs() if directory.has(HISTORY) else 0
    if not count:
        return "has finished none of its points"
    where = LEADERBOARD if directory.has(LEADERBOARD) else HISTORY
    return f"has finished {count:,} of its points, which are in {directory.path / where}"
