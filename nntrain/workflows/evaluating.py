"""Score a trained network: on a split of its own data, or on another file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nntrain.arrays import Array
from nntrain.build.data import SPLITS, Data, Prepared, read_file
from nntrain.build.training import build_evaluator
from nntrain.config.data import SplitFileConfig
from nntrain.config.experiment import Experiment
from nntrain.data.dataset import Dataset
from nntrain.data.task import Task
from nntrain.errors import DataError, RunError, UserError
from nntrain.runs.environment import file_sha256
from nntrain.runs.store import ENVIRONMENT, RunDirectory
from nntrain.train.evaluation import Evaluation, evaluate_predictions
from nntrain.workflows.model import Model


def evaluate(
    run: Path | str, *, split: str = "test", data: Path | str | None = None, runs_dir: Path | str = "runs"
) -> dict[str, float]:
    """The scores of `evaluation` alone: {"loss": …, "accuracy": …}."""
    return dict(evaluation(run, split=split, data=data, runs_dir=runs_dir).scores)


def evaluation(
    run: Path | str, *, split: str = "test", data: Path | str | None = None, runs_dir: Path | str = "runs"
) -> Evaluation:
    """Every score that suits the task, with the confusion matrix and a row for each class or output.

    Args:
        run: a run directory.
        split: training, validation or test, as they were split in training.
        data: a file with the same columns to score on instead.
        runs_dir: where a run that is given by its name is looked for.

    Raises:
        RunError: the run directory is damaged or unfinished.
        DataError: the data is missing, or is no longer what the run was trained on.
    """
    model = Model(run, runs_dir=runs_dir)
    preprocessor = model.preprocessor
    reference = None
    if data is None:
        name, dataset, training = split, *_splits_of(model, split)
        reference = _in_units(model, preprocessor.targets(training, np.dtype(np.float64)))
    else:
        name, dataset = str(data), read_file(model.experiment, Path(data), kinds=preprocessor.kinds)
    prepared = model.prepared(name, dataset)
    y, loss = _outputs_and_loss(model, prepared, name)
    return evaluate_predictions(
        preprocessor.task,
        _in_units(model, y),
        _in_units(model, prepared.splits[name].t),
        model.classes,
        split=name,
        outputs=preprocessor.target_names,
        loss=loss,
        reference=reference,
    )


def _in_units(model: Model, values: Array) -> Array:
    """Outputs or targets [n, K] of a regression in the data's units; others stay as they are."""
    return model.preprocessor.decode(values) if model.preprocessor.task is Task.REGRESSION else values


def _outputs_and_loss(model: Model, prepared: Prepared, name: str) -> tuple[Array, float]:
    first = np.zeros(1, dtype=np.intp)
    evaluator = build_evaluator(model.network, model.experiment.config, [prepared], first, name, ())
    with np.errstate(all="ignore"):
        loss = float(evaluator.evaluate()["loss"][0])
    return evaluator.outputs[0], loss


def _splits_of(model: Model, split: str) -> tuple[Dataset, Dataset]:
    """A split of the data that the run was trained on, split again as it was then, and the training split."""
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    check_data_unchanged(
        model.experiment,
        model.directory.read_environment(),
        model.directory,
        otherwise=", or score on another file with --data FILE",
    )
    data = Data(model.experiment)
    training = data.pool.rows(data.split.training)
    if split in data.separate:
        return data.separate[split], training
    rows = getattr(data.split, split)
    if not len(rows):
        part = getattr(model.experiment.config.data.split, split, None)
        size = "a file" if isinstance(part, SplitFileConfig) else f"data.split.{split} is {part:g}"
        raise UserError(f"{model.run.name} has no {split} examples ({size}): use --split or --data FILE")
    return data.pool.rows(rows), training


def check_data_unchanged(
    experiment: Experiment, environment: Mapping[str, object], run: RunDirectory, *, otherwise: str
) -> None:
    """Refuse data that is not what the run was trained on: its splits could not be found again.

    Args:
        experiment: of the run.
        environment: its environment.json.
        run: for messages.
        otherwise: what can be done but to bring the data back; it ends the messages.

    Raises:
        DataError: a file is gone or its sha256 differs.
        RunError: environment.json has no checksums.
    """
    known = environment.get("data")
    if not isinstance(known, dict):
        raise RunError(f"{run.path / ENVIRONMENT} is damaged: 'data' does not hold a checksum for each data file")
    recorded: dict[str, list[object]] = {}
    for path, sha256 in known.items():  # by name, since a project may have moved; two files may share one
        recorded.setdefault(Path(path).name, []).append(sha256)
    for file in _data_files(experiment):
        try:
            sha256 = file_sha256(file)
        except OSError as error:
            raise DataError(
                f"{file} cannot be read ({error.strerror}), but {run.name} was trained on it: put it back{otherwise}"
            ) from error
        if sha256 not in recorded.get(file.name, [sha256]):
            raise DataError(
                f"{file} has changed since {run.name} was trained on it, so its splits cannot be found again: "
                f"restore it{otherwise}"
            )


def _data_files(experiment: Experiment) -> list[Path]:
    """The files that the config names."""
    config = experiment.config.data
    named = [config.path, config.labels]
    for part in (config.split.validation, config.split.test):
        if isinstance(part, SplitFileConfig):
            named += [part.path, part.labels]
    return [experiment.data_path(path) for path in named if path is not None]
