"""The sections `training`, `early_stopping`, `metrics` and `runtime`."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, WithJsonSchema

from nntrain.config.column import PerMember
from nntrain.language.section import Says, Section, refusal
from nntrain.language.suggest import did_you_mean, near
from nntrain.language.unions import BY_SHAPE
from nntrain.language.values import Auto, Count, Flag, NonEmpty, NonNegative, Positive

Metric = Literal[
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "rmse",
    "mae",
    "r2",
    "max_error",
]
METRICS: tuple[str, ...] = get_args(Metric)
MONITORED = ("loss", *METRICS, "weighted_loss")
MOST_THREADS = 1024
MOST_SHARDS = 64
MONITORS = tuple(f"{split}.{name}" for split in ("validation", "training") for name in MONITORED)


def _check_monitor(value: str) -> str:
    if value in MONITORS:
        return value
    if value.startswith("test."):
        hint = "the test split is for the final score; what is chosen by it makes that score too good"
    else:
        close = f"validation.{value}" if value in MONITORED else near(value, MONITORS)
        hint = did_you_mean(close) if close else "metrics: " + ", ".join(MONITORED)
    raise refusal(f"must be validation. or training. followed by loss or a metric, got {value!r}", hint=hint)


Monitor = Annotated[
    NonEmpty,
    AfterValidator(_check_monitor),
    WithJsonSchema({"enum": list(MONITORS)}),
    Says("validation.loss and the like"),
]


class CheckpointConfig(Section):
    """How often the full state is saved while training goes on; whichever comes first."""

    every_epochs: Count | None = Field(
        default=None, description="Epochs from one checkpoint to the next; null is no such rule."
    )
    every_seconds: Positive | None = Field(
        default=30.0, description="Seconds from one checkpoint to the next, within an epoch too; null is no such rule."
    )


class TrainingConfig(Section):
    """How long and in which batches."""

    epochs: Count = Field(default=100, description="Passes over the training examples, at most.")
    batch_size: Annotated[Count | Literal["full"], BY_SHAPE] = Field(
        default=32, description="Examples per update; 1 is stochastic gradient descent, full is batch gradient descent."
    )
    shuffle: Flag = Field(default=True, description="Draw a new order of the examples in every epoch.")
    checkpoint: CheckpointConfig | None = Field(
        default_factory=CheckpointConfig,
        description="How often the state is saved for `fit --resume`; null is only when training is interrupted.",
    )


class EarlyStoppingConfig(Section):
    """Ends the training when the monitored quantity has stopped getting better."""

    monitor: Monitor = Field(
        default="validation.loss",
        description="`validation.` or `training.`, and `loss`, a metric (which need not be among `metrics`) or, with "
        "`loss.class_weights`, `weighted_loss`.",
    )
    patience: Annotated[Count, PerMember()] = Field(
        default=20, description="Epochs without improvement before it ends."
    )
    min_delta: Annotated[NonNegative, PerMember()] = Field(
        default=1e-4, description="Least change that is an improvement."
    )
    restore_best: Flag = Field(default=True, description="Keep the weights of the best epoch, not those of the last.")


class RuntimeConfig(Section):
    """How the work is shared out; no result depends on it beyond rounding."""

    threads: Annotated[Annotated[Count, Field(le=MOST_THREADS)] | Auto, BY_SHAPE] = Field(
        default="auto",
        description="Threads that compute a step; auto takes one for each shard, as far as there are cores. "
        "However many there are, the weights are the same.",
    )
    shards: Annotated[Annotated[Count, Field(le=MOST_SHARDS)] | Auto, BY_SHAPE] = Field(
        default="auto",
        description="Parts that a batch is cut into, so that as many threads can work on it; auto goes by the size "
        "of the network and of the batch. Their gradients are added up, which is rounded otherwise than one sum.",
    )


EarlyStopping = Annotated[
    EarlyStoppingConfig | Auto,
    BY_SHAPE,
    Says("a mapping", "auto"),
]
Metrics = Annotated[Annotated[tuple[Metric, ...], Says("a list of metrics")] | Auto, BY_SHAPE]
