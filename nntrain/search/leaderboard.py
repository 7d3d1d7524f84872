"""The trials of a search, best first."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nntrain.language.dump import flow
from nntrain.search.space import Point
from nntrain.train.metrics import is_maximized
from nntrain.train.records import Outcome, StopReason


@dataclass(frozen=True)
class Trial:
    """One point and how its members did.

    Attributes:
        number: its place among the points, from 1.
        point: dotted path → value.
        parameters: P.
        outcomes: one for each seed or fold.
    """

    number: int
    point: Point
    parameters: int
    outcomes: Sequence[Outcome] = field(default_factory=tuple)

    def scores(self, monitor: str) -> list[float]:
        """What each member reached in its best epoch; NaN for one that diverged before it had any."""
        return [outcome.values.get(monitor, math.nan) for outcome in self.outcomes]

    @property
    def diverged(self) -> int:
        """How many of the members diverged."""
        return sum(outcome.reason is StopReason.DIVERGED for outcome in self.outcomes)

    def mean(self, monitor: str) -> float:
        """The mean over the members; NaN if one of them has no score."""
        with np.errstate(all="ignore"):  # of those that diverged
            return float(np.mean(self.scores(monitor)))

    def has_score(self, monitor: str) -> bool:
        """Whether that mean is a number, neither undefined nor infinite."""
        return math.isfinite(self.mean(monitor))

    def std(self, monitor: str) -> float:
        """The standard deviation over the members, with divisor n − 1."""
        with np.errstate(all="ignore"):
            return float(np.std(self.scores(monitor), ddof=1))


def ranked(trials: Sequence[Trial], monitor: str) -> list[Trial]:
    """Best first; of equals the smaller network comes first, then the earlier one.

    Behind all others come trials with a member that diverged, whatever it had reached before, and last those without a
    score: undefined, or infinite.
    """
    sign = -1.0 if is_maximized(monitor) else 1.0

    def order(trial: Trial) -> tuple[bool, bool, float, int, int]:
        mean = trial.mean(monitor)
        scored = math.isfinite(mean)
        return not scored, trial.diverged > 0, sign * mean if scored else 0.0, trial.parameters, trial.number

    return sorted(trials, key=order)


def rows(trials: Sequence[Trial], monitor: str) -> list[dict[str, Any]]:
    """The ranked trials as rows: rank, trial, the point's values, score (mean, std), status, further values, epochs."""
    return [_row(rank, trial, monitor) for rank, trial in enumerate(ranked(trials, monitor), start=1)]


def _row(rank: int, trial: Trial, monitor: str) -> dict[str, Any]:
    row: dict[str, Any] = {"rank": rank, "trial": trial.number, **trial.point, monitor: trial.mean(monitor)}
    if len(trial.outcomes) > 1:
        row[f"{monitor}.std"] = trial.std(monitor)
    row["status"] = _status(trial)
    names = dict.fromkeys(name for outcome in trial.outcomes for name in outcome.values)
    for name in names:
        if name.startswith(("validation.", "training.")) and name != monitor:
            row[name] = trial.mean(name)
    row["best_epoch"] = float(np.mean([outcome.best_epoch for outcome in trial.outcomes]))
    if len(trial.outcomes) == 1:
        row["best_epoch"] = trial.outcomes[0].best_epoch
    row["parameters"] = trial.parameters
    return row


def _status(trial: Trial) -> str:
    """`ok`, or how many members diverged and when."""
    epochs = [outcome.epochs for outcome in trial.outcomes if outcome.reason is StopReason.DIVERGED]
    if not epochs:
        return "ok"
    if len(trial.outcomes) == 1:
        return f"diverged in epoch {epochs[0]}"
    return f"diverged ({len(epochs)} of {len(trial.outcomes)}, first in epoch {min(epochs)})"


def as_csv(table: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV text with a header.

    NaN, and what a row does not have, is an empty cell. A value that is null, true, false or a section is written as in
    a config.
    """
    columns = list(dict.fromkeys(name for row in table for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in table:
        writer.writerow([_cell(row[name]) if name in row else "" for name in columns])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, float) and math.isnan(value):
        return ""
    return flow(value) if value is None or isinstance(value, bool | dict | list | tuple) else value
