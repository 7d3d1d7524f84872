"""Score a trained network: on a split of its own data, or on another file."""

from __future__ import annotations

import math
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.class_weights import example_weights, known_class_weights
from nntrain.assembly.data import SPLITS, Prepared, read_file
from nntrain.assembly.training import build_evaluator, build_loss
from nntrain.config.data import SplitFileConfig
from nntrain.config.loss import given_class_weights
from nntrain.data.dataset import Dataset
from nntrain.errors import RunError, UserError
from nntrain.memory import zeros
from nntrain.runs.file_names import CONFIG, RESULT
from nntrain.runs.naming import as_path
from nntrain.runs.store import RunDirectory
from nntrain.tasks import Task
from nntrain.train.baseline import constant_losses
from nntrain.train.evaluation import Evaluation, evaluate_predictions
from nntrain.train.metrics import LOSS, WEIGHTED_LOSS
from nntrain.visible import Lines, in_short
from nntrain.workflows.again.reading import shown
from nntrain.workflows.again.recorded_data import unchanged_data
from nntrain.workflows.model import Model

# How far the loss that a run ended with may be from the one computed again, on another machine and by other libraries.
_REL_TOLERANCE = 1e-3
_ABS_TOLERANCE = 1e-5


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
        run: its directory, its name or `latest`.
        split: training, validation or test, as they were split in training.
        data: a file with the same columns to score on instead.
        runs_dir: where a run that is given by its name, or as `latest`, is looked for.

    Raises:
        UserError: there is no latest run, no such split, or no example in it.
        RunError: the run directory is damaged or unfinished.
        DataError: the data is missing, or is no longer what the run was trained on.
    """
    model = Model(run, runs_dir=runs_dir)
    preprocessor = model.preprocessor
    reference = None
    if data is None:
        name, dataset, training = split, *_splits_of(model, split)
        reference = preprocessor.targets(training, np.dtype(np.float64))
    else:
        name, dataset = str(data), read_file(model.experiment, as_path(data, "data"), kinds=preprocessor.kinds)
    prepared = model.prepared(name, dataset)
    y, losses = _outputs_and_losses(model, prepared, name)
    if data is None:
        _check_loss(model.directory, split, losses[LOSS])
    t = prepared.splits[name].whole("t")
    reference = t if reference is None else reference
    report = evaluate_predictions(
        preprocessor.task,
        _in_units(model, y),
        _in_units(model, t),
        model.classes,
        split=name,
        outputs=preprocessor.target_names,
        baseline_losses=constant_losses(build_loss(model.experiment.config), reference, t, _weight(model, t)),
        reference=_in_units(model, reference),
        loss=losses[LOSS],
        weighted_loss=losses.get(WEIGHTED_LOSS),
    )
    remarks = () if data is None else dataset.remarks  # of its own data it was said when it was trained on
    unknown = () if split == "training" and data is None else preprocessor.warnings(dataset)
    return replace(report, warnings=tuple(map(in_short, (*remarks, *unknown))))


def _in_units(model: Model, values: Array) -> Array:
    """Outputs or targets [n, K] of a regression in the data's units; others stay as they are."""
    return model.preprocessor.decode(values) if model.preprocessor.task is Task.REGRESSION else values


def _outputs_and_losses(model: Model, prepared: Prepared, name: str) -> tuple[Array, dict[str, float]]:
    first, config = zeros(1, np.intp), model.experiment.config
    weights = _class_weights(model)
    evaluator = build_evaluator(model.network, config, [prepared], first, name, (), weights)
    with np.errstate(all="ignore"):
        losses = evaluator.evaluate()
    return evaluator.outputs[0], {name: float(array[0]) for name, array in losses.items()}


def _class_weights(model: Model) -> Array | None:
    """The weights of the classes in training [1, K], or None where there were none.

    Those that are `balanced` are in result.json; a run of an nntrain that did not write them there has none to show.
    """
    config, classes = model.experiment.config, model.preprocessor.classes
    if classes is None or given_class_weights(config.loss) is None:
        return None
    try:
        recorded = model.directory.read_result().get("class_weights")
    except RunError:  # the network can be scored without it
        recorded = None
    try:
        return known_class_weights(config, classes, recorded)
    except ValueError as error:
        raise model.directory.damaged(RESULT, f"is damaged: {error}") from None


def _weight(model: Model, t: Array) -> Array | None:
    """What each example counts in the weighted loss, [n, 1], or None."""
    weights = _class_weights(model)
    return None if weights is None else example_weights(t[None], weights)[0]


def _check_loss(run: RunDirectory, split: str, loss: float) -> None:
    """A run must have the loss that it ended with: files of different runs can fit together and mean nothing.

    Without a result.json that can be read there is nothing to compare with.
    """
    try:
        metrics = run.read_result().get("metrics")
    except RunError:
        return
    scores = metrics.get(split) if isinstance(metrics, dict) else None
    if not isinstance(scores, dict) or "loss" not in scores:
        return
    recorded = math.nan if scores["loss"] is None else scores["loss"]
    same = isinstance(recorded, float) and (
        math.isclose(loss, recorded, rel_tol=_REL_TOLERANCE, abs_tol=_ABS_TOLERANCE)
        or (math.isnan(recorded) and not math.isfinite(loss))
    )
    if not same:
        raise RunError(
            Lines(
                f"{run.path} is damaged: the loss on its {split} split is {loss:.6g}, but {RESULT} says "
                f"{shown(recorded)}: its files do not belong together",
                f"  `nntrain fit {shlex.quote(str(run.path))}/{CONFIG}` trains the run again from its config",
            )
        )


def _splits_of(model: Model, split: str) -> tuple[Dataset, Dataset]:
    """A split of the data that the run was trained on, split again as it was then, and the training split."""
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    data = unchanged_data(
        model.experiment,
        model.directory.read_environment(),
        model.directory,
        kinds=model.preprocessor.kinds,
        otherwise=", or score on another file with --data FILE",
    )
    dataset, training = data.dataset(split), data.dataset("training")
    if not len(dataset):
        part = getattr(model.experiment.config.data.split, split, None)
        size = "a file" if isinstance(part, SplitFileConfig) else f"data.split.{split} is {part:g}"
        raise UserError(f"{model.run.name} has no {split} examples ({size}): use --split or --data FILE")
    return dataset, training
