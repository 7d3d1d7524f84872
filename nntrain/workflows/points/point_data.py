"""The data that the points of a search are trained on and scored with, read once for all that share it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nntrain.assembly.data import Data, Prepared, checksums, wants_output_per_class
from nntrain.config.data import SplitFileConfig
from nntrain.config.experiment import Experiment
from nntrain.config.search import SearchConfig
from nntrain.data.comparison import same_examples
from nntrain.data.dataset import Dataset
from nntrain.errors import UserError
from nntrain.search.bounds import check_folds
from nntrain.workflows.run.recording import preprocess_document


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


class DataOfPoints:
    """Reads the data of every point once.

    Attributes:
        files: what was read so far, with the sha256 of what was read of each.

    Args:
        search: says what the points are scored on.
    """

    def __init__(self, search: SearchConfig) -> None:
        self._search = search
        self.files: dict[Path, str] = {}
        self._known: dict[tuple[object, ...], PointData | UserError] = {}
        self._first_scored: list[Dataset] | None = None

    def of(self, experiment: Experiment) -> PointData:
        """The data sets of a point, given the experiment there; points of the same data share them.

        Raises:
            ConfigError, DataError: it cannot be used.
        """
        config = experiment.config
        key = (config.data.model_dump_json(), config.dtype, wants_output_per_class(config))
        if key not in self._known:
            try:
                self._known[key] = self._read(experiment)
            except UserError as error:  # is not asked for again by the other points of the same data
                self._known[key] = error.with_traceback(None)
        found = self._known[key]
        if isinstance(found, UserError):
            raise found
        return found

    def check_unchanged(self, data: Data) -> None:
        """See whether data that was read once more has the same files. Raises DataError."""
        checksums([*self.files.items(), *data.sha256.items()])

    def _read(self, experiment: Experiment) -> PointData:
        folds, split = self._search.evaluation.folds, self._search.monitor.partition(".")[0]
        if folds is not None:
            _check_no_validation_file(experiment, folds)
        data = Data(experiment)
        self.files = checksums([*self.files.items(), *data.sha256.items()])
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


def _check_no_validation_file(experiment: Experiment, folds: int) -> None:
    """Folds take no part of a file that the config has for validation."""
    if isinstance(experiment.config.data.split.validation, SplitFileConfig):
        raise experiment.error(
            "search.evaluation",
            f"the {folds} folds are made of the examples in data.path, but data.split.validation is a file, whose "
            "examples would take no part",
            hint="set data.split.validation: 0.2 to do without the file, or search.evaluation: {seeds: 1} to score "
            "on it",
        )
