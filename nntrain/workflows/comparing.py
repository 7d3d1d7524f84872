"""Whether the points of a search can be compared by the loss that is monitored: whether it is one quantity for all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nntrain.assembly.class_weights import class_weights
from nntrain.assembly.data import Prepared
from nntrain.config.loss import OverClasses, given_label_smoothing, loss_type
from nntrain.config.root import Config
from nntrain.data.targets import NumberTarget
from nntrain.tasks import LOSSES, TASKS
from nntrain.train.metrics import RECORDED_LOSSES, WEIGHTED_LOSS

# Cross-entropies of two classes are the same quantity, with one output and with two.
_CROSS_ENTROPIES = ("cross_entropy", "binary_cross_entropy")


@dataclass(frozen=True)
class Measure:
    """What a monitored loss is measured by, apart from the examples.

    Attributes:
        loss: the loss and its options, and how many outputs it is added up over.
        scale: of regression targets, for each data set and output; a shift changes no error.
        smoothing: the label smoothing, which is in the training loss only.
        weights: of the classes, for each data set, where the weighted loss is monitored.
        metric: one that suits the task, which compares whatever the loss.
    """

    loss: tuple[object, ...]
    scale: tuple[tuple[float, ...], ...]
    smoothing: float
    weights: tuple[object, ...]
    metric: str


def measure(monitor: str, config: Config, prepared: Sequence[Prepared]) -> Measure | None:
    """What the monitored quantity of a resolved config is measured by; None for a metric, which is one for all."""
    split, _, name = monitor.partition(".")
    if name not in RECORDED_LOSSES:
        return None
    options = {} if config.loss == "auto" else config.loss.model_dump(exclude={"type", *OverClasses.model_fields})
    kind = loss_type(config.loss)
    if kind in _CROSS_ENTROPIES and TASKS[prepared[0].task].has_classes:
        kind = "cross_entropy"
    outputs = prepared[0].preprocessor.outputs if kind in LOSSES and LOSSES[kind].is_sum else None
    targets = [each.preprocessor.target_encoding for each in prepared]
    weights = class_weights(config, prepared) if name == WEIGHTED_LOSS else None
    return Measure(
        (kind, outputs, *options.items()),
        tuple(target.scale for target in targets if isinstance(target, NumberTarget)),
        given_label_smoothing(config.loss) if split == "training" else 0.0,
        () if weights is None else tuple(map(tuple, weights.tolist())),
        TASKS[prepared[0].task].default_metrics[0],
    )


def cannot_compare(monitor: str, measures: Collection[Measure | None]) -> str | None:
    """Why the monitored quantity cannot compare points that are measured so, and what can; None where it does."""
    known = [each for each in measures if each is not None]
    split, instead = monitor.partition(".")[0], ""
    if len({(each.loss, each.scale) for each in known}) > 1:
        differ = "the loss or in the scale of the target"
    elif len({each.weights for each in known}) > 1:
        differ, instead = "their class weights", f"{split}.loss or "
    elif len({each.smoothing for each in known}) > 1:
        differ, instead = "label smoothing, which the training loss is of", "validation.loss or "
    else:
        return None
    metrics = " or ".join(f"{split}.{name}" for name in sorted({each.metric for each in known}))
    return (
        f"the points differ in {differ}, so {monitor} cannot compare them: set search.monitor to {instead}a metric, "
        f"such as {metrics}"
    )
