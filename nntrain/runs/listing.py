"""The runs in a directory at a glance, damaged ones included."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from nntrain.errors import RunError
from nntrain.runs.file_names import ENVIRONMENT, FILES, PREPROCESS, RESULT
from nntrain.runs.messages import reason_of
from nntrain.runs.naming import as_path, is_hidden, is_run_name
from nntrain.runs.status import RunStatus, Status, moment
from nntrain.runs.store import RunDirectory
from nntrain.train.metrics import METRICS, OF_POSITIVE_CLASS, is_maximized
from nntrain.visible import is_visible, visible

_LARGEST = 2**53  # beyond it a float no longer holds every integer
_MOST_SCORES = 100  # of a split, and as many splits: no run has more, and each is a column of the table
_NAME = re.compile(r"\w{1,80}")  # of a split or a score
_SPLITS = ("test", "validation", "training")  # the one that says most first
_LONGEST = 1000  # characters of the name of a class


@dataclass(frozen=True)
class RunScore:
    """The one score that stands for a run, or for a search.

    Attributes:
        split: what it was reached on: test, or else validation, or else training.
        name: of the metric, or `loss`.
        value: NaN if it is undefined.
        baseline: what a predictor that ignores its inputs has; None where that is not known.
        of_class: the positive class, if it is a figure of that; else None.
    """

    split: str
    name: str
    value: float
    baseline: float | None = None
    of_class: str | None = None

    @property
    def label(self) -> str:
        """In words: "test accuracy", "test f1 (yes)"."""
        return f"{self.split} {self.name}" + (f" ({self.of_class})" if self.of_class else "")

    @property
    def maximize(self) -> bool:
        """Whether more is better; False for what is not known."""
        return self.name in METRICS and is_maximized(self.name)


@dataclass(frozen=True)
class RunSummary:
    """One line of `nntrain runs`.

    Attributes:
        name: of its directory; `path` is that.
        status: as it is now: a run whose process died is interrupted. Damaged if status.json cannot be read.
        started: ISO 8601 with its offset from UTC; None if it cannot be read.
        epochs: those trained, or, of an unfinished run, those in the history.
        best_epoch: the one whose weights were kept.
        metrics: split → name → value, as in result.json; null is NaN. Empty for an unfinished run.
        problem: what is wrong with the run, or why it stopped, fit for the user; None if nothing is.
        baseline: the same scores of a predictor that ignores its inputs; empty for runs of nntrain 0.1.
        positive_class: of a binary task; precision, recall, F1 and ROC AUC are of it.
        kind: whether it is a search.
        monitor: of a finished search: what its points were ranked by, such as `validation.loss`.
        best_score: of a finished search: what its best point reached; NaN if undefined.
        points: of a search: how many points it has, or, if it is not finished, has finished.
    """

    name: str
    path: Path
    status: Status | Literal["damaged"]
    started: str | None
    epochs: int | None
    best_epoch: int | None
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    problem: str | None = None
    baseline: dict[str, dict[str, float]] = field(default_factory=dict)
    positive_class: str | None = None
    kind: Literal["run", "search"] = "run"
    monitor: str | None = None
    best_score: float | None = None
    points: int | None = None

    @property
    def moment(self) -> timedelta:
        """When it started, to sort by: texts with different offsets do not sort as the moments do."""
        return timedelta.min if self.started is None else moment(self.started)

    @property
    def score(self) -> RunScore | None:
        """The score that stands for it: of a run the first metric of the split that says most, else the loss.

        The first in the order of `train.metrics.METRICS`, so that runs of one task have the same.
        """
        if self.monitor is not None and self.best_score is not None:
            split, _, name = self.monitor.partition(".")
            return RunScore(split, name, self.best_score)
        for split in _SPLITS:
            scores = self.metrics.get(split)
            if scores:
                name = next((name for name in (*METRICS, "loss") if name in scores), min(scores))
                of_class = self.positive_class if name in OF_POSITIVE_CLASS else None
                return RunScore(split, name, scores[name], self.baseline.get(split, {}).get(name), of_class)
        return None


def list_runs(runs_dir: Path | str = "runs") -> list[RunSummary]:
    """All runs under `runs_dir`, oldest first; none if there is no such directory.

    A damaged run is listed with its problem; only a `runs_dir` that cannot be read raises RunError.
    """
    directory = as_path(runs_dir, "runs_dir")
    try:
        paths = sorted(path for path in directory.iterdir() if _looks_like_run(path))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise RunError(f"{directory} cannot be read: {reason_of(error)}") from error
    return sorted((summarize(path) for path in paths), key=lambda run: (run.moment, run.name))


def summarize(path: Path) -> RunSummary:
    """What `nntrain runs` shows of one run; what cannot be read becomes the problem, not an exception."""
    run = RunDirectory(path)
    try:
        status = run.read_status()
    except RunError as error:
        return RunSummary(run.name, path, "damaged", None, None, None, problem=str(error))
    current = status.current()
    result, problem = _read_result(run, status)
    so_far = None if result else _lines_so_far(run)
    summary = RunSummary(run.name, path, current, status.started, None, None, problem=problem)
    if _is_search(run, status.sha256, result):
        return replace(
            summary,
            kind="search",
            monitor=_monitor(result.get("monitor")),
            best_score=_number(result["score"]) if "score" in result else None,
            points=_count(result.get("trials")) if result else so_far,
        )
    return replace(
        summary,
        epochs=_count(result.get("epochs")) if result else so_far,
        best_epoch=_count(result.get("best_epoch")),
        metrics=_metrics(result.get("metrics")),
        baseline=_metrics(result.get("baseline")),
        positive_class=_class_name(result.get("positive_class")),
    )


def _read_result(run: RunDirectory, status: RunStatus) -> tuple[Mapping[str, Any], str | None]:
    """The content of result.json, {} if there is none to be read; and what is wrong with the run, or why it stopped."""
    missing = sorted(name for name in status.sha256 if not run.has(name))
    problem = f"{run.path} lacks {', '.join(missing)}" if missing else status.message and visible(status.message)
    try:
        return run.read_result() if run.has(RESULT) else {}, problem
    except RunError as error:
        return {}, str(error)


def _is_search(run: RunDirectory, vouched: Mapping[str, str], result: Mapping[str, Any]) -> bool:
    """Whether a directory is that of a search: it has no preprocessing, which a run writes before ENVIRONMENT."""
    begun = run.has(ENVIRONMENT) or ENVIRONMENT in vouched
    return "best_trial" in result or (begun and not run.has(PREPROCESS) and PREPROCESS not in vouched)


def _monitor(value: object) -> str | None:
    """`split.name`, or None for what is no such text."""
    if not isinstance(value, str):
        return None
    split, dot, name = value.partition(".")
    return value if dot and _NAME.fullmatch(split) and _NAME.fullmatch(name) else None


def _class_name(value: object) -> str | None:
    return value if isinstance(value, str) and is_visible(value) and len(value) <= _LONGEST else None


def _looks_like_run(path: Path) -> bool:
    if is_hidden(path.name) or not os.path.isdir(path):
        return False
    return is_run_name(path.name) or any(os.path.lexists(path / name) for name in FILES)


def _lines_so_far(run: RunDirectory) -> int | None:
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
