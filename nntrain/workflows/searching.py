"""Train a network for every point of a space, rank them, and refit the best one."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from nntrain.assembly.data import Data
from nntrain.assembly.ready import ready
from nntrain.config.experiment import Experiment, check_loaded
from nntrain.errors import DataError, Interrupted, RunError, UserError
from nntrain.runs.creation import new_run
from nntrain.runs.file_names import LEADERBOARD
from nntrain.runs.naming import as_path
from nntrain.runs.ownership import check_runs_dir
from nntrain.runs.store import RunDirectory
from nntrain.search.completion import Completion
from nntrain.search.executors import train_groups
from nntrain.search.groups import group
from nntrain.search.leaderboard import Trial, as_csv, ranked, rows
from nntrain.search.space import Point
from nntrain.train.threads import available_cores
from nntrain.visible import Lines, prefixed
from nntrain.workflows.fitting import Fit
from nntrain.workflows.listener import Listener
from nntrain.workflows.points.plan import SearchPlan
from nntrain.workflows.points.record import (
    NOT_FINITE,
    close_points,
    trial_line,
    write_best,
    write_finished,
    write_start,
)
from nntrain.workflows.points.settings import with_data_seeds, with_space
from nntrain.workflows.results import FitResult
from nntrain.workflows.run.commands import search_command
from nntrain.workflows.run.interruption import signal_of, terminable


@dataclass(frozen=True)
class Leaderboard:
    """The result of a search.

    Attributes:
        best: the best point, dotted path → value.
        table: one row for each trial, best first.
        monitor: what they are ranked by.
        run: the directory of the search; `path` is its leaderboard.csv.
        refit: the best point, trained as an ordinary run.
        seconds: of the search, without the refit.
        warnings: what makes the ranking or the refit another thing than one may think.
    """

    best: Point
    table: list[dict[str, Any]]
    monitor: str
    run: Path
    path: Path
    refit: FitResult
    seconds: float
    warnings: list[str] = field(default_factory=list)


def gridsearch(
    experiment: Experiment,
    *,
    runs_dir: Path | str = "runs",
    parameters: Mapping[str, Any] | None = None,
    trials: int | None = None,
    seed: int | None = None,
    listener: Listener | None = None,
) -> Leaderboard:
    """Search the space of the config's `search` section.

    Every point is validated and its shapes are checked before the first one is trained. Each is scored on the
    validation split, over several seeds or over folds; all of them are members of populations.

    Args:
        experiment: from `load_experiment`.
        runs_dir: where the search's directory and the refitted run are made.
        parameters: dotted path → list of values or distribution; adds to the config's space.
        trials: draw this many random points instead of taking the whole grid.
        seed: of that draw.
        listener: hears of the trials that are done, then of the refit.

    Raises:
        ConfigError, DataError: a point is invalid; nothing was created.
        DivergedError: no point reached a score.
        Interrupted: Ctrl-C or SIGTERM; the points that were done are in the search's directory.
    """
    check_loaded(experiment)
    check_runs_dir(as_path(runs_dir, "runs_dir"))
    with terminable():
        plan = SearchPlan(with_space(experiment, parameters or {}, trials, seed))
        return Search(plan, listener or Listener()).run(Path(runs_dir))


class Search:
    """The training of a search whose points are all valid.

    Attributes:
        plan: what is trained.
        finished: the trials that are done, with their outcomes.
        warnings: what was said.
    """

    def __init__(self, plan: SearchPlan, listener: Listener) -> None:
        self.plan, self._listener = plan, listener
        self.finished: list[Trial] = []
        self.warnings: list[str] = []
        self._best: Trial | None = None

    def run(self, runs_dir: Path) -> Leaderboard:
        """Train all points, write the leaderboard, refit the best."""
        plan, monitor = self.plan, self.plan.config.monitor
        self._warn(plan.warnings())
        started = time.perf_counter()
        name = f"{plan.experiment.name[:45]}-search"
        with new_run(runs_dir, name, partial(write_start, plan)) as directory:
            self._train_or_fail(directory)
            self._warn(self._undefined_scores())
            table = rows(self.finished, monitor)
            directory.write_leaderboard(as_csv(table))
            seconds = time.perf_counter() - started
            best = ranked(self.finished, monitor)[0]
            close_points(plan, directory, best)
        refit = self._refit_or_fail(directory, best, runs_dir)
        with directory.lock():
            write_best(plan, directory, best, refit)
            directory.set_status("complete")
        path = directory.path / LEADERBOARD
        return Leaderboard(best.point, table, monitor, directory.path, path, refit, seconds, self.warnings)

    def _train_or_fail(self, directory: RunDirectory) -> None:
        """Train all points; whatever ends that, it is in the status."""
        try:
            self._train(directory)
        except KeyboardInterrupt as interrupt:
            message = write_finished(self.plan, directory, self.finished)
            directory.set_status("interrupted", message)
            again = f"search again with: {search_command(directory)}"
            raise Interrupted(Lines(f"interrupted: {message}", again), signal=signal_of(interrupt)) from None
        except BaseException as error:
            with contextlib.suppress(RunError, OSError):  # the disk may be what failed
                directory.set_status("failed", str(error) or type(error).__name__)
            raise

    def _train(self, directory: RunDirectory) -> None:
        """Train all members; each trial is written down as soon as all of its members are done."""
        plan = self.plan
        asked = plan.experiment.config.runtime.threads
        cores = available_cores() if asked == "auto" else asked
        groups = group(plan.members, parallel=cores)
        completion = Completion(plan.trials, plan.members)
        self._listener.trials(0, len(plan.members))
        with directory.history_writer() as history, closing(train_groups(groups, asked_threads=cores)) as trained:
            for done, outcomes in trained:
                completed = completion.add(done, outcomes)
                for trial in completed:
                    self.finished.append(trial)
                    history.append(trial_line(trial))
                history.sync()
                self._tell_best(completed)
                self._listener.trials(len(completion), len(plan.members))

    def _tell_best(self, finished: list[Trial]) -> None:
        """Let the listener hear of the best of all finished points, if it is among those that were finished now."""
        monitor, before = self.plan.config.monitor, self._best
        if not finished:
            return
        best = ranked([*finished, *([] if before is None else [before])], monitor)[0]
        self._best = best
        if best is not before and not math.isnan(best.mean(monitor)):
            self._listener.best(best.point, monitor, best.mean(monitor))

    def _refit_or_fail(self, directory: RunDirectory, best: Trial, runs_dir: Path) -> FitResult:
        """Train the best point as an ordinary run; where there is none in the end, the status says why."""
        done = f"the search is done, see {directory.path / LEADERBOARD}"
        try:
            return self._refit(best, runs_dir)
        except (Interrupted, KeyboardInterrupt) as interrupt:
            how = f": {interrupt}" if isinstance(interrupt, Interrupted) else ""
            message = f"{done}; the training of its best point was interrupted{how}"
            _say_without_refit(directory, "the training of its best point was interrupted")
            raise Interrupted(message, signal=signal_of(interrupt)) from None
        except DataError as changed:
            _say_without_refit(directory, "the data changed before its best point was trained")
            raise DataError(prefixed(f"{done}; its best point was not trained: ", str(changed))) from changed
        except Exception as error:  # without a word of it, the search would seem to be at work while this process lives
            _say_without_refit(directory, prefixed("the training of its best point failed: ", str(error)))
            raise

    def _refit(self, best: Trial, runs_dir: Path) -> FitResult:
        """Train the best point on the ordinary splits."""
        experiment = self.plan.experiment
        experiment = with_data_seeds(experiment.with_values(best.point), experiment.config.seed)
        try:
            data = Data(experiment)
        except UserError as error:  # which it was not when it was read a first time
            raise DataError(str(error)) from error
        self.plan.data.check_unchanged(data)
        return Fit(ready(experiment, data), self._listener).run(runs_dir)

    def _undefined_scores(self) -> Iterator[str]:
        """A word on points that are finished and have no score."""
        monitor = self.plan.config.monitor
        count = sum(not trial.diverged and not trial.has_score(monitor) for trial in self.finished)
        if 0 < count < len(self.finished):
            yield f"{monitor} is undefined for {count} of {len(self.finished)} points, which come last: {NOT_FINITE}"

    def _warn(self, messages: Iterable[str]) -> None:
        for message in messages:
            self.warnings.append(message)
            self._listener.warned(message)


def _say_without_refit(directory: RunDirectory, message: str) -> None:
    """Say in the status of a search that is done why its best point has no run."""
    with contextlib.suppress(RunError), directory.lock():
        directory.set_status("complete", message)
