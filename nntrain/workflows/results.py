"""What the workflows return."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nntrain.arrays import Shape

if TYPE_CHECKING:  # a fit has no need of them
    from nntrain.data.describe import ClassCounts, ColumnRow

# Below scores with a weighted loss.
WEIGHTED_LOSS_NOTE = (
    "weighted_loss is what training minimizes: each example's loss times the weight of its class (loss.class_weights). "
    "loss is without weights; early stopping watches it unless early_stopping.monitor says weighted_loss."
)


@dataclass(frozen=True)
class FitResult:
    """A finished training.

    Attributes:
        run: the run directory.
        metrics: split (training, validation, test) → name → value, at the weights that were kept.
        best_epoch: the epoch whose weights were kept, from 1: the best one where `keeps` is "best", else the last one.
        epochs: how many were trained.
        stop_reason: why training ended: `all epochs done` or `early stopping`.
        seconds: of training, without reading the data.
        weights_sha256: of the weights' names, types, shapes and bytes.
        parameters: P.
        warnings: what deserves attention.
        baseline: split → name → value, the same scores of a predictor that ignores its inputs and always gives the mean
            target of the training split.
        positive_class: of a binary task, the class that precision, recall, F1 and ROC AUC are of.
        longer: the command that trains it longer, where its epochs ran out while it was still improving.
        keeps: "best" where early stopping chose the weights, or "last".
        judged_by: the recorded value that says which epoch is the best.
        undefined: why scores are undefined, a sentence for each.
        note: where the last weights are kept although another epoch was better: which one, and how to keep its weights.
    """

    run: Path
    metrics: dict[str, dict[str, float]]
    best_epoch: int
    epochs: int
    stop_reason: str
    seconds: float
    weights_sha256: str
    parameters: int
    warnings: list[str] = field(default_factory=list)
    baseline: dict[str, dict[str, float]] = field(default_factory=dict)
    positive_class: str | None = None
    longer: str | None = None
    keeps: Literal["best", "last"] = "best"
    judged_by: str = "validation.loss"
    undefined: list[str] = field(default_factory=list)
    note: str | None = None


@dataclass(frozen=True)
class LayerRow:
    """One layer in the table of `check`."""

    name: str
    type: str
    output_shape: Shape
    parameters: int


@dataclass(frozen=True)
class CheckReport:
    """What `check` found out; nothing was trained.

    Attributes:
        name: of the experiment.
        task: classification, binary, multilabel or regression.
        layers: one row for each layer of the config.
        parameters: P.
        memory_bytes: the arrays that training allocates, the data included.
        training, validation, test: examples in each split.
        input_shape: of one example after encoding.
        outputs: K.
        classes: their names, or None for regression.
        loss: the loss that is minimized.
        columns: what each column of the data is and what becomes of it.
        class_counts: how many examples of each class each split has; [] where there are no classes.
        warnings: what will probably go wrong.
        positive_class: of a binary task, the class that precision, recall, F1 and ROC AUC are of.
    """

    name: str
    task: str
    layers: list[LayerRow]
    parameters: int
    memory_bytes: int
    training: int
    validation: int
    test: int
    input_shape: Shape
    outputs: int
    classes: list[str] | None
    loss: str
    warnings: list[str]
    columns: list[ColumnRow]
    class_counts: list[ClassCounts]
    positive_class: str | None = None


GradientVerdict = Literal["correct", "wrong", "unclear"]


@dataclass(frozen=True)
class GradientRow:
    """How far backpropagation and central differences are apart for one parameter: ‖g − ĝ‖ / (‖g‖ + ‖ĝ‖).

    Attributes:
        name: of the parameter, or `input`.
        relative_error: the distance; NaN where the cost or a gradient is not finite.
        checked: how many numbers were compared.
        proven: the part of the distance that the errors of the differences do not explain; by default all of it.
    """

    name: str
    relative_error: float
    checked: int
    proven: float = math.inf


@dataclass(frozen=True)
class GradientReport:
    """The result of a gradient check."""

    rows: list[GradientRow]
    tolerance: float

    @property
    def worst(self) -> float:
        """The largest relative error; NaN if there is one."""
        return max((row.relative_error for row in self.rows), key=lambda e: (math.isnan(e), e), default=0.0)

    @property
    def passed(self) -> bool:
        """Whether every parameter is within the tolerance."""
        return all(self.verdict_on(row) == "correct" for row in self.rows)

    @property
    def verdict(self) -> GradientVerdict:
        """`wrong` if one of the gradients is, else `unclear` if of one it cannot be told, else `correct`."""
        verdicts = [self.verdict_on(row) for row in self.rows]
        return "wrong" if "wrong" in verdicts else "unclear" if "unclear" in verdicts else "correct"

    def verdict_on(self, row: GradientRow) -> GradientVerdict:
        """On one gradient: it is within the tolerance, proven not to be, or lost in the rounding of the differences."""
        if row.relative_error <= self.tolerance:
            return "correct"
        return "wrong" if row.proven > self.tolerance else "unclear"
