"""A search before it trains: every point is checked, with its data and its shapes, and has its members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nntrain.assembly.data import Prepared
from nntrain.assembly.footprint import SMALLER, refuse_beyond
from nntrain.assembly.monitors import check_monitors
from nntrain.assembly.ready import Planned, planned
from nntrain.assembly.resolve import plan_network, resolve
from nntrain.config.checks import is_weighted, unweighted
from nntrain.config.experiment import Experiment
from nntrain.config.loss import given_class_weights
from nntrain.errors import ConfigError, UserError
from nntrain.language import dump
from nntrain.language.diagnostics import Problem, config_error
from nntrain.search.bounds import check_networks
from nntrain.search.groups import Member, Sections
from nntrain.search.leaderboard import Trial
from nntrain.search.space import Point, count_drawn, points
from nntrain.visible import Lines
from nntrain.workflows.comparing import Measure, cannot_compare, measure
from nntrain.workflows.points.point_data import DataOfPoints, PointData
from nntrain.workflows.points.settings import with_data_seeds

_MOST_SETTINGS = 20  # of a point that a message names


class SearchPlan:
    """The points of a search, all of them valid, and the trainings that they take.

    Attributes:
        experiment: with the seeds of its data written out.
        config: its `search` section.
        points: in the order in which they are numbered.
        trials: one for each point, without outcomes.
        members: the trainings of all points.
        data: of the points.

    Raises:
        ConfigError, DataError: a point is invalid.
        UserError: there is nothing to search.
    """

    def __init__(self, experiment: Experiment) -> None:
        config = experiment.config.search
        if config is None or not config.space:
            raise UserError(
                "there is nothing to search: give a `search:` section with a space, "
                "or -p PATH=VALUE,VALUE such as -p optimizer.learning_rate=0.01,0.1"
            )
        self.experiment, self.config = with_data_seeds(experiment, experiment.config.seed), config
        self._without_values = self.experiment.without_search_values()
        check_networks(self.experiment, count_drawn(config.space, config.strategy), config.evaluation)
        self.points = points(config.space, config.strategy, seed=experiment.config.seed)
        check_networks(self.experiment, len(self.points), config.evaluation)
        self.data = DataOfPoints(config)
        self.trials: list[Trial] = []
        self.members: list[Member] = []
        self._sections = Sections()
        self._fitting: set[tuple[str, tuple[int, ...]]] = set()
        self._measures: set[Measure | None] = set()
        self._scored_otherwise: Point | None = None
        self._refit_without_stopping = False
        self._add_all()

    def warnings(self) -> Iterator[str]:
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

    def _add_all(self) -> None:
        """Validate every point, so that all mistakes are reported before anything is trained."""
        wrong: list[Point] = []
        problems: dict[Problem, None] = {}  # each once; many points may have the same
        for number, point in enumerate(self.points, start=1):
            try:
                self._add(number, point)
            except ConfigError as error:  # with the frames of its traceback it would keep the whole point
                problems |= dict.fromkeys(error.problems)
                wrong.append(point)
        if wrong:
            raise _of_all(len(self.points), wrong, [*problems])

    def _add(self, number: int, point: Point) -> None:
        """Check a point and its shapes, and make its members."""
        # Its data is split as the search's own, whatever the point's seed.
        experiment = with_data_seeds(self._without_values.with_values(point), self.experiment.config.seed)
        data = self.data.of(experiment)
        found = planned(experiment, data.sets[0])
        self._check_monitors(experiment, found, data)
        if not data.scored_as_the_first and self._scored_otherwise is None:
            self._scored_otherwise = point
        for shape in dict.fromkeys(each.input_shape for each in data.sets):
            if shape != found.prepared.input_shape:  # a fold whose training examples lack a category has an input less
                plan_network(found.experiment, shape)
        self.trials.append(Trial(number, point, found.blueprint.size))
        self._measures.add(measure(self.config.monitor, found.config, data.sets))
        self._add_members(number, found, data.sets)

    def _add_members(self, number: int, found: Planned, sets: Sequence[Prepared]) -> None:
        """A member for each data set and seed, once it is known that one of them fits into memory."""
        config, structure = self._sections.shared(found.config)
        if (structure, found.prepared.input_shape) not in self._fitting:
            refuse_beyond(found.footprint().most, f"training the network of point {number}", SMALLER)
            self._fitting.add((structure, found.prepared.input_shape))
        for each in sets:
            for step in range(self.config.evaluation.seeds or 1):
                one = config.model_copy(update={"seed": config.seed + step}) if step else config
                self.members.append(Member(number, one, structure, each))

    def _check_monitors(self, experiment: Experiment, found: Planned, data: PointData) -> None:
        """What the point is judged by must say something on its examples, and in the refit that may follow."""
        self._check_monitor(found)
        for fold, prepared in enumerate(data.sets, start=1):
            check_monitors(
                found.experiment, prepared, search=self.config.monitor, fold=0 if data.refit is None else fold
            )
        if data.refit is None:
            return
        has_validation = "validation" in data.refit.splits
        refit = resolve(experiment, data.refit.preprocessor, has_validation=has_validation)
        check_monitors(refit, data.refit)
        if found.config.early_stopping is not None and refit.config.early_stopping is None:
            self._refit_without_stopping = True

    def _check_monitor(self, found: Planned) -> None:
        """What the search ranks by must be there at this point."""
        monitor = self.config.monitor
        if monitor.partition(".")[0] not in found.prepared.splits:
            raise self.experiment.error(
                "search.monitor",
                f"{monitor} needs validation examples",
                hint="set data.split.validation, or evaluation: {folds: 5}",
            )
        if is_weighted(monitor) and given_class_weights(found.config.loss) is None:
            mistake = unweighted(("search", "monitor"), monitor)
            raise self.experiment.error("search.monitor", mistake.message, mistake.hint)


def _of_all(count: int, wrong: Sequence[Point], problems: Sequence[Problem]) -> ConfigError:
    """The error for `count` points of which some are `wrong`: what is, and how many they are."""
    shown = [f"{path}={dump.flow(value)}" for path, value in wrong[0].items()]
    more = [] if len(shown) <= _MOST_SETTINGS else [f"… ({len(shown) - _MOST_SETTINGS:,} more)"]
    first = ", ".join([*shown[:_MOST_SETTINGS], *more])
    last = f"{len(wrong):,} of {count:,} points cannot be trained, the first at {first}; none was"
    return ConfigError(Lines(str(config_error(problems)), last))
