"""Train a network for every point of a space, rank them, and refit the best one."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nntrain.assembly.class_weights import given_class_weights
from nntrain.assembly.data import Data, Prepared, checksums, wants_output_per_class
from nntrain.assembly.footprint import SMALLER, footprint, refuse_beyond
from nntrain.assembly.monitors import check_monitors
from nntrain.assembly.ready import ready
from nntrain.assembly.resolve import plan_network, resolve
from nntrain.config import dump
from nntrain.config.checks import is_weighted, unweighted
from nntrain.config.data import SplitFileConfig
from nntrain.config.diagnostics import config_error
from nntrain.config.experiment import Experiment, check_loaded
from nntrain.config.search import RandomConfig, SearchConfig, is_random
from nntrain.config.written import searchable_text
from nntrain.data.comparison import same_examples
from nntrain.data.dataset import Dataset
from nntrain.errors import ConfigError, DataError, DivergedError, Interrupted, RunError, UserError
from nntrain.runs.creation import new_run
from nntrain.runs.environment import environment, seen_from
from nntrain.runs.file_names import HISTORY, LEADERBOARD
from nntrain.runs.naming import as_path
from nntrain.runs.ownership import check_runs_dir
from nntrain.runs.store import RunDirectory
from nntrain.search.bounds import check_folds, check_networks
from nntrain.search.executors import train_groups
from nntrain.search.groups import Group, Member, Sections, group
from nntrain.search.leaderboard import Trial, as_csv, ranked, rows
from nntrain.search.space import Point, count_drawn, points
from nntrain.train.records import Outcome
from nntrain.train.threads import available_cores
from nntrain.visible import Lines, prefixed
from nntrain.workflows.commands import search_command
from nntrain.workflows.comparing import Measure, cannot_compare, measure
from nntrain.workflows.fitting import Fit
from nntrain.workflows.interruption import signal_of, terminable
from nntrain.workflows.listener import Listener
from nntrain.workflows.recording import point_with_data_paths, portable, preprocess_document
from nntrain.workflows.results import FitResult

_MOST_SETTINGS = 20  # of a point that a message names
NOT_FINITE = "for some examples their networks put out numbers that are not finite or too large"


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
    listener = listener or Listener()
    check_loaded(experiment)
    check_runs_dir(as_path(runs_dir, "runs_dir"))
    with terminable():
        search = Search(_with_space(experiment, parameters or {}, trials, seed))
        return search.run(Path(runs_dir), listener)


@dataclass(frozen=True)
class PointData:
    """The data of a point.

    Attributes:
        sets: what it is trained on and scored with, one for each fold, or the ordinary one.
        refit: the ordinary one where there are folds, for the run of the best point.
        scored_as_the_first: whether it is scored on the examples that the first point is scored on.
    """

    sets: list[Prepared]
    refit: Prepared | None
    scored_as_the_first: bool


class Search:
    """A search whose points are all validated."""

    def __init__(self, experiment: Experiment) -> None:
        config = experiment.config.search
        if config is None or not config.space:
            raise UserError(
                "there is nothing to search: give a `search:` section with a space, "
                "or -p PATH=VALUE,VALUE such as -p optimizer.learning_rate=0.01,0.1"
            )
        self.experiment, self.config = _with_data_seeds(experiment, experiment.config.seed), config
        self._without_values = self.experiment.without_search_values()
        check_networks(self.experiment, count_drawn(config.space, config.strategy), config.evaluation)
        self.points = points(config.space, config.strategy, seed=experiment.config.seed)
        check_networks(self.experiment, len(self.points), config.evaluation)
        self._sections = Sections()
        self._files: dict[Path, str] = {}
        self._prepared: dict[tuple[object, ...], PointData | UserError] = {}
        self._first_scored: list[Dataset] | None = None
        self._scored_otherwise: Point | None = None
        self._refit_without_stopping = False
        self.members: list[Member] = []
        self._fitting: set[tuple[str, tuple[int, ...]]] = set()
        self.trials: list[Trial] = []
        self.finished: list[Trial] = []
        self.warnings: list[str] = []
        self._best: Trial | None = None
        self._measures: set[Measure | None] = set()
        self._add_all()

    def run(self, runs_dir: Path, listener: Listener) -> Leaderboard:
        """Train all points, write the leaderboard, refit the best."""
        self._warn(listener, self._before_training())
        started = time.perf_counter()
        name = f"{self.experiment.name[:45]}-search"
        with new_run(runs_dir, name, self._write_start) as directory:
            try:
                self._train(directory, listener)
            except KeyboardInterrupt as interrupt:
                message = self._write_finished(directory)
                directory.set_status("interrupted", message)
                again = f"search again with: {search_command(directory)}"
                raise Interrupted(Lines(f"interrupted: {message}", again), signal=signal_of(interrupt)) from None
            except BaseException as error:
                with contextlib.suppress(RunError, OSError):  # the disk may be what failed
                    directory.set_status("failed", str(error) or type(error).__name__)
                raise
            self._warn(listener, self._undefined_scores())
            table = rows(self.finished, self.config.monitor)
            path = directory.path / LEADERBOARD
            directory.write_leaderboard(as_csv(table))
            seconds = time.perf_counter() - started
            best = ranked(self.finished, self.config.monitor)[0]
            self._close(directory, best)
        try:
            refit = self._refit(best, runs_dir, listener)
        except (Interrupted, KeyboardInterrupt) as interrupt:
            how = f": {interrupt}" if isinstance(interrupt, Interrupted) else ""
            message = f"the search is done, see {path}; the training of its best point was interrupted{how}"
            with contextlib.suppress(RunError), directory.lock():
                directory.set_status("complete", "the training of its best point was interrupted")
            raise Interrupted(message, signal=signal_of(interrupt)) from None
        except DataError as changed:
            with contextlib.suppress(RunError), directory.lock():
                directory.set_status("complete", "the data changed before its best point was trained")
            said = prefixed(f"the search is done, see {path}; its best point was not trained: ", str(changed))
            raise DataError(said) from changed
        except Exception as error:  # without a word of it, the search would seem to be at work while this process lives
            with contextlib.suppress(RunError), directory.lock():
                directory.set_status("complete", prefixed("the training of its best point failed: ", str(error)))
            raise
        with directory.lock():
            directory.write_result(self._result(directory, best, refit))
            directory.set_status("complete")
        return Leaderboard(best.point, table, self.config.monitor, directory.path, path, refit, seconds, self.warnings)

    def _add_all(self) -> None:
        """Validate every point, so that all mistakes are reported before anything is trained."""
        wrong: list[Point] = []
        problems: dict[Any, None] = {}  # each once; many points may have the same
        for number, point in enumerate(self.points, start=1):
            try:
                self._add(number, point)
            except ConfigError as error:  # with the frames of its traceback it would keep the whole point
                problems |= dict.fromkeys(error.problems)
                wrong.append(point)
        if wrong:
            shown = [f"{path}={dump.flow(value)}" for path, value in wrong[0].items()]
            more = [] if len(shown) <= _MOST_SETTINGS else [f"… ({len(shown) - _MOST_SETTINGS:,} more)"]
            first = ", ".join([*shown[:_MOST_SETTINGS], *more])
            last = f"{len(wrong):,} of {len(self.points):,} points cannot be trained, the first at {first}; none was"
            raise ConfigError(Lines(str(config_error([*problems])), last))

    def _add(self, number: int, point: Point) -> None:
        """Check a point and its shapes, and make its members."""
        experiment = self._at(point)
        data = self._prepare(experiment)
        prepared = data.sets
        resolved = resolve(experiment, prepared[0].preprocessor, has_validation="validation" in prepared[0].splits)
        split = self.config.monitor.partition(".")[0]
        if split not in prepared[0].splits:
            raise self.experiment.error(
                "search.monitor",
                f"{self.config.monitor} needs validation examples",
                hint="set data.split.validation, or evaluation: {folds: 5}",
            )
        if is_weighted(self.config.monitor) and given_class_weights(resolved.config) is None:
            mistake = unweighted(("search", "monitor"), self.config.monitor)
            raise self.experiment.error("search.monitor", mistake.message, mistake.hint)
        self._check_monitors(experiment, resolved, data)
        if not data.scored_as_the_first and self._scored_otherwise is None:
            self._scored_otherwise = point
        # A fold whose training examples lack a category has one input less.
        plans = [plan_network(resolved, shape) for shape in dict.fromkeys(data.input_shape for data in prepared)]
        self.trials.append(Trial(number, point, plans[0].size))
        config, structure = self._sections.shared(resolved.config)
        self._measures.add(measure(self.config.monitor, resolved.config, prepared))
        if (structure, data.sets[0].input_shape) not in self._fitting:
            needed = footprint(plans[0], [resolved.config], prepared[:1], [0]).most
            refuse_beyond(needed, f"training the network of point {number}", SMALLER)
            self._fitting.add((structure, data.sets[0].input_shape))
        for each in prepared:
            for step in range(self.config.evaluation.seeds or 1):
                one = config.model_copy(update={"seed": config.seed + step}) if step else config
                self.members.append(Member(number, one, structure, each))

    def _check_monitors(self, experiment: Experiment, resolved: Experiment, data: PointData) -> None:
        """What the point is judged by must say something on its examples, and in the refit that may follow."""
        for fold, prepared in enumerate(data.sets, start=1):
            check_monitors(resolved, prepared, search=self.config.monitor, fold=0 if data.refit is None else fold)
        if data.refit is None:
            return
        has_validation = "validation" in data.refit.splits
        refit = resolve(experiment, data.refit.preprocessor, has_validation=has_validation)
        check_monitors(refit, data.refit)
        if resolved.config.early_stopping is not None and refit.config.early_stopping is None:
            self._refit_without_stopping = True

    def _at(self, point: Point) -> Experiment:
        """The experiment at a point; its data is split as the search's own, whatever the point's seed."""
        return _with_data_seeds(self._without_values.with_values(point), self.experiment.config.seed)

    def _prepare(self, experiment: Experiment) -> PointData:
        """The data sets of a point; points of the same data share them."""
        config = experiment.config
        key = (config.data.model_dump_json(), config.dtype, wants_output_per_class(config))
        if key not in self._prepared:
            try:
                self._prepared[key] = self._read(experiment)
            except UserError as error:  # is not asked for again by the other points of the same data
                self._prepared[key] = error.with_traceback(None)
        prepared = self._prepared[key]
        if isinstance(prepared, UserError):
            raise prepared
        return prepared

    def _read(self, experiment: Experiment) -> PointData:
        folds, split = self.config.evaluation.folds, self.config.monitor.partition(".")[0]
        if folds is not None and isinstance(experiment.config.data.split.validation, SplitFileConfig):
            raise experiment.error(
                "search.evaluation",
                f"the {folds} folds are made of the examples in data.path, but data.split.validation is a file, whose "
                "examples would take no part",
                hint="set data.split.validation: 0.2 to do without the file, or search.evaluation: {seeds: 1} to score "
                "on it",
            )
        data = Data(experiment)
        self._files = checksums([*self._files.items(), *data.sha256.items()])
        if folds is None:
            sets, refit, scored = [data.prepare()], None, [data.dataset(split)]
        else:
            refit = data.prepare()
            check_folds(experiment, folds, (part for name, part in refit.splits.items() if name != "test"))
            sets = data.prepare_folds(folds)
            scored = [data.pool.rows(pair[split == "validation"]) for pair in data.fold_rows(folds)]
        preprocess_document(experiment, (refit or sets[0]).preprocessor)  # it must not show after the search
        if self._first_scored is None:
            self._first_scored = scored
        return PointData(sets, refit, all(map(same_examples, self._first_scored, scored)))

    def _warn(self, listener: Listener, messages: Iterable[str]) -> None:
        for message in messages:
            self.warnings.append(message)
            listener.warned(message)

    def _before_training(self) -> Iterator[str]:
        """What makes the ranking or the refit another thing than one may think."""
        monitor, first, other = self.config.monitor, self.points[0], self._scored_otherwise
        if warning := cannot_compare(monitor, self._measures):
            yield warning
        if other is not None:
            differing = [path for path in first if path.split(".")[0] == "data" and first[path] != other[path]]
            one, two = (", ".join(f"{path}={dump.flow(point[path])}" for path in differing) for point in (first, other))
            yield (
                f"{one} and {two} are not scored on the same {monitor.partition('.')[0]} examples, so {monitor} cannot "
                "rank them: search only settings that leave these examples as they are, or train each point by "
                "`nntrain fit` and score it on one file by `nntrain eval RUN --data FILE`"
            )
        if self._refit_without_stopping:
            yield (
                "the folds stop early, but the run of the best point will have no validation examples to stop by and "
                "train all of its epochs: set data.split.validation: 0.2 to let it stop too"
            )

    def _undefined_scores(self) -> Iterator[str]:
        monitor = self.config.monitor
        count = sum(not trial.diverged and not math.isfinite(trial.mean(monitor)) for trial in self.finished)
        if 0 < count < len(self.finished):
            yield f"{monitor} is undefined for {count} of {len(self.finished)} points, which come last: {NOT_FINITE}"

    def _write_start(self, directory: RunDirectory) -> None:
        directory.write_config(searchable_text(self.experiment, portable(self.experiment, directory.path)))
        directory.write_source(self.experiment.source_with_overrides())
        directory.write_environment(environment(directory.path, data_files=self._files))
        directory.set_status("running")

    def _write_finished(self, directory: RunDirectory) -> str:
        """Write the leaderboard of the points that were finished, and say in words which those are."""
        done = f"{len(self.finished)} of {len(self.trials)} points are finished"
        if not self.finished:
            return done
        directory.write_leaderboard(as_csv(rows(self.finished, self.config.monitor)))
        return f"{done}; they are in {directory.path / LEADERBOARD}, and in {HISTORY} beside it"

    def _train(self, directory: RunDirectory, listener: Listener) -> None:
        """Train all members; each trial is written down as soon as all of its members are done."""
        asked = self.experiment.config.runtime.threads
        cores = available_cores() if asked == "auto" else asked
        groups = group(self.members, parallel=cores)
        reached: dict[Member, Outcome] = {}
        of_trial: dict[int, list[Member]] = {}
        for member in self.members:
            of_trial.setdefault(member.trial, []).append(member)
        written: set[int] = set()
        listener.trials(0, len(self.members))
        with directory.history_writer() as history, closing(train_groups(groups, asked_threads=cores)) as trained:
            for done, outcomes in trained:
                reached.update(zip(done.members, outcomes, strict=True))
                completed = _completed(done, of_trial, reached, written)
                for number in completed:
                    trial = self.trials[number - 1]
                    results = [reached[member] for member in of_trial[number]]
                    self.finished.append(Trial(number, trial.point, trial.parameters, results))
                    history.append(_line(self.finished[-1]))
                    written.add(number)
                history.sync()
                self._tell_best(self.finished[len(self.finished) - len(completed) :], listener)
                listener.trials(len(reached), len(self.members))

    def _tell_best(self, finished: list[Trial], listener: Listener) -> None:
        """Let the listener hear of the best of all finished points, if it is among those that were finished now."""
        monitor, before = self.config.monitor, self._best
        if not finished:
            return
        best = ranked([*finished, *([] if before is None else [before])], monitor)[0]
        self._best = best
        if best is not before and not math.isnan(best.mean(monitor)):
            listener.best(best.point, monitor, best.mean(monitor))

    def _close(self, directory: RunDirectory, best: Trial) -> None:
        score = best.mean(self.config.monitor)
        directory.write_result(self._result(directory, best))
        if best.diverged:
            message = "every point diverged"
            directory.set_status("diverged", message)
            raise DivergedError(
                f"{message}; what they reached before is in {directory.path / LEADERBOARD}. "
                "Try lower learning rates, or regularization.clip_norm"
            )
        if not math.isfinite(score):
            message = f"{self.config.monitor} is undefined for every point, so there is no best one"
            directory.set_status("failed", message)
            raise UserError(f"{message}: {NOT_FINITE}; look for values far from those that they are trained on")
        directory.set_status("complete")

    def _result(self, directory: RunDirectory, best: Trial, refit: FitResult | None = None) -> dict[str, Any]:
        return {
            "best": self._seen_from(directory, best.point),
            "best_trial": best.number,
            "monitor": self.config.monitor,
            "refit": None if refit is None else refit.run.name,  # it is beside the search's directory
            "score": best.mean(self.config.monitor),
            "trials": len(self.trials),
        }

    def _seen_from(self, directory: RunDirectory, point: Point) -> dict[str, Any]:
        """A point with its data paths as the search's config.yaml has them."""
        return point_with_data_paths(point, lambda path: seen_from(directory.path, self.experiment.data_path(path)))

    def _refit(self, best: Trial, runs_dir: Path, listener: Listener) -> FitResult:
        """Train the best point as an ordinary run, on the ordinary splits."""
        experiment = _with_data_seeds(self.experiment.with_values(best.point), self.experiment.config.seed)
        try:
            data = Data(experiment)
        except UserError as error:  # which it was not when it was read a first time
            raise DataError(str(error)) from error
        checksums([*self._files.items(), *data.sha256.items()])
        return Fit(ready(experiment, data), listener).run(runs_dir)


def _with_data_seeds(experiment: Experiment, seed: int) -> Experiment:
    """The experiment with the seeds of its data written out, so that every point's data is split alike."""
    data = experiment.config.data
    update: dict[str, Any] = {}
    if data.split.seed is None:
        update["split"] = data.split.model_copy(update={"seed": seed})
    if data.synthetic is not None and data.synthetic.seed is None:
        update["synthetic"] = data.synthetic.model_copy(update={"seed": seed})
    if not update:
        return experiment
    # Not as values of a point: mistakes are to be shown where the user wrote something.
    return experiment.with_config(experiment.config.model_copy(update={"data": data.model_copy(update=update)}))


def _completed(
    done: Group, of_trial: Mapping[int, Sequence[Member]], reached: Mapping[Member, Outcome], written: set[int]
) -> list[int]:
    """The trials that this group completes."""
    touched = dict.fromkeys(member.trial for member in done.members)
    return [n for n in touched if n not in written and all(member in reached for member in of_trial[n])]


def _line(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "point": trial.point,
        "parameters": trial.parameters,
        "members": [
            {"best_epoch": o.best_epoch, "epochs": o.epochs, "reason": str(o.reason), "values": o.values}
            for o in trial.outcomes
        ],
    }


def _with_space(
    experiment: Experiment, parameters: Mapping[str, Any], trials: int | None, seed: int | None
) -> Experiment:
    """The experiment with the axes and the strategy of the command line in its `search` section."""
    if trials is not None or seed is not None:
        # First, because a distribution among the axes is a mistake in a grid.
        search = experiment.config.search or SearchConfig()
        if trials is None and not is_random(search.strategy, [*search.space.values(), *parameters.values()]):
            raise UserError(
                "a seed is for random points, but this search takes the whole grid: say how many (--trials N)"
            )
        given = search.strategy if isinstance(search.strategy, RandomConfig) else RandomConfig()
        strategy = {
            "type": "random",
            "trials": given.trials if trials is None else trials,
            "seed": given.seed if seed is None else seed,
        }
        experiment = experiment.with_values({"search.strategy": strategy})
    return experiment.with_search_space(parameters) if parameters else experiment
