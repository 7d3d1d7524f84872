"""The `loss` section. Every loss is the mean over the examples."""

from typing import Annotated, Literal

from pydantic import Field

from nntrain.language.section import Says, Section
from nntrain.language.unions import BY_SHAPE, BY_TYPE, Shorthand
from nntrain.language.values import Auto, Fraction, NonEmpty, Positive
from nntrain.tasks import LOSSES

ClassWeights = Annotated[
    Literal["balanced"]
    | Annotated[tuple[Positive, ...], Field(min_length=1), Says("a list of weights")]
    | Annotated[dict[NonEmpty, Positive], Field(min_length=1), Says("a mapping of class to weight")],
    BY_SHAPE,
    Says("balanced", "a list of weights", "a mapping of class to weight"),
]


class OverClasses(Section):
    """A loss over classes or labels, whose targets can be smoothed and whose examples can be weighed."""

    label_smoothing: Fraction = Field(
        default=0.0,
        description="Share s of every target that is spread evenly over the classes: t ← (1 − s) t + s / K. With "
        "`binary_cross_entropy` each output has two, so that the targets 0 and 1 become s / 2 and 1 − s / 2.",
    )
    class_weights: ClassWeights | None = Field(
        default=None,
        description="Weight of each class's examples: `balanced` is n / (K n_k); a list goes by the order of the "
        "classes, a mapping by their names. What is minimized is then `weighted_loss`; `loss` is without weights.",
    )


class CrossEntropyConfig(OverClasses):
    """−Σ_k t_k log y_k, for one of K classes. The last layer's activation is softmax."""

    type: Literal["cross_entropy"] = "cross_entropy"


class BinaryCrossEntropyConfig(OverClasses):
    """−t log y − (1 − t) log(1 − y), for yes or no; its mean over several labels. The last activation is sigmoid."""

    type: Literal["binary_cross_entropy"] = "binary_cross_entropy"


class MeanSquaredErrorConfig(Section):
    """The mean over the outputs of (y − t)²."""

    type: Literal["mean_squared_error"] = "mean_squared_error"


class HalfSquaredErrorConfig(Section):
    """½ Σ (y − t)² over the outputs, the one of most textbooks."""

    type: Literal["half_squared_error"] = "half_squared_error"


class MeanAbsoluteErrorConfig(Section):
    """The mean over the outputs of |y − t|."""

    type: Literal["mean_absolute_error"] = "mean_absolute_error"


class HuberConfig(Section):
    """½ e² for |e| ≤ delta, else delta (|e| − ½ delta), with e = y − t; the mean over the outputs."""

    type: Literal["huber"] = "huber"
    delta: Positive = Field(default=1.0, description="Where the square turns into the straight line.")


class PerceptronConfig(Section):
    """Rosenblatt's rule, w ← w + α (t − y) x, for a single layer with the step activation."""

    type: Literal["perceptron"] = "perceptron"


AnyLoss = Annotated[
    CrossEntropyConfig
    | BinaryCrossEntropyConfig
    | MeanSquaredErrorConfig
    | HalfSquaredErrorConfig
    | MeanAbsoluteErrorConfig
    | HuberConfig
    | PerceptronConfig,
    BY_TYPE,
]
LossConfig = Annotated[AnyLoss | Auto, BY_SHAPE, Shorthand(words=("auto",))]


def loss_type(loss: LossConfig) -> str:
    """The type of a loss; auto where it is not decided."""
    return loss if loss == "auto" else loss.type


def needed_activation(loss: LossConfig) -> str | None:
    """The output activation that a loss is computed with and so needs; None where it takes others too, or is auto."""
    return None if loss == "auto" else LOSSES[loss.type].activation


def given_class_weights(loss: LossConfig) -> ClassWeights | None:
    """The class weights as the config has them, or None."""
    return loss.class_weights if isinstance(loss, OverClasses) else None


def given_label_smoothing(loss: LossConfig) -> float:
    """The label smoothing as the config has it; 0 for a loss without."""
    return loss.label_smoothing if isinstance(loss, OverClasses) else 0.0
