"""The runs in a directory at a glance, damaged ones included."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from nntrain.errors import RunError
from nntrain.runs.status import Status
from nntrain.runs.store import FILES, RESULT, RunDirectory, is_run_name

_LARGEST = 2**53  # beyond it a float no longer holds every integer
_MOST_SCORES = 100  # of a split, and as many splits: no run has more, and each is a column of the table
_NAME = re.compile(r"\w{1,80}")  # of a split or a score


@dataclass(frozen=True)
class RunSummary:
    """One line of `nntrain runs`."""

    name: str
    path: Path
    status: Status | Literal["damaged"]
    """As it is now: a run whose process died is interrupted. Damaged if status.json cannot be read."""
    started: str | None
    """ISO 8601; None if it cannot be read."""
    epochs: int | None
    """Those trained, or, of an unfinished run, those in the history."""
    best_epoch: int | None
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    """Split → name → value, as in result.json; null is NaN. Empty for an unfinished run."""
    problem: str | None = None
    """What is wrong with the run, or why it stopped, fit for the user; None if nothing is."""


def list_runs(runs_dir: Path | str = "runs") -> list[RunSummary]:
    """All runs under `runs_dir`, oldest first; none if there is no such directory.

    A damaged run is listed with its problem; only a `runs_dir` that cannot be read raises RunError.
    """
    directory = Path(runs_dir)
    try:
        paths = sorted(path for path in directory.iterdir() if _looks_like_run(path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{directory} cannot be read: {error.strerror or error}") from error
    return sorted((summarize(path) for path in paths), key=lambda run: (run.started or "", run.name))


def summarize(path: Path) -> RunSummary:
    """What `nntrain runs` shows of one run; what cannot be read becomes the problem, not an exception."""
    run = RunDirectory(path)
    try:
        status = run.read_status()
    except RunError as error:
        return RunSummary(run.name, path, "damaged", None, None, None, problem=str(error))
    current = status.current()
    result: Mapping[str, Any] = {}
    missing = sorted(name for name in status.sha256 if not run.has(name))
    problem = f"{path} lacks {', '.join(missing)}" if missing else status.message
    try:
        if run.has(RESULT):
            result = run.read_result()
    except RunError as error:
        problem = str(error)
    return RunSummary(
        name=run.name,
        path=path,
        status=current,
        started=status.started,
        epochs=_count(result.get("epochs")) if result else _epochs_so_far(run),
        best_epoch=_count(result.get("best_epoch")),
        metrics=_metrics(result.get("metrics")),
        problem=problem,
    )


def _looks_like_run(path: Path) -> bool:
    if not os.path.isdir(path):
        return False
    return is_run_name(path.name) or any(os.path.lexists(path / name) for name in FILES)


def _epochs_so_far(run: RunDirectory) -> int | None:
    try:
        return run.count_epochs()
    except RunError:
        return None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST else None


def _metrics(value: object) -> dict[str, dict[str, float]]:
    if not isinstance(value, Mapping):
        return {}
    return {
        split: {name: _number(score) for name, score in islice(scores.items(), _MOST_SCORES) if _NAME.fullmatch(name)}
        for split, scores in islice(value.items(), _MOST_SCORES)
        if _NAME.fullmatch(split) and isinstance(scores, Mapping)
    }


def _number(value: object) -> float:
    if isinstance(value, float):
        return value
    return math.nan if (count := _count(value)) is None else float(count)
