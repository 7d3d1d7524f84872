"""The root of the config."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from nntrain.config.column import PerMember
from nntrain.config.data import DataConfig
from nntrain.config.loss import LossConfig
from nntrain.config.network import NetworkConfig
from nntrain.config.optimizer import AdamConfig, OptimizerConfig
from nntrain.config.regularization import RegularizationConfig
from nntrain.config.schedule import ConstantScheduleConfig, ScheduleConfig
from nntrain.config.search import SearchConfig
from nntrain.config.training import EarlyStopping, Metrics, RuntimeConfig, TrainingConfig
from nntrain.errors import NEWER, what_newer_needs
from nntrain.language.section import Says, Section, refusal
from nntrain.language.unions import shape_of
from nntrain.language.values import Natural

VERSION = 1  # of the config language
NAME = r"^\w[\w.+-]{0,79}$"


def _check_version(value: Any) -> Any:
    if shape_of(value) != "number" or value == VERSION:
        return value
    if value > VERSION and (isinstance(value, int) or value.is_integer()):
        raise refusal(f"{int(value)} {NEWER}", hint=what_newer_needs("version", VERSION))
    raise refusal(f"must be {VERSION}, got {value}", hint="this nntrain reads version 1 of the config language")


class Config(Section):
    """An experiment: what is learned, from which data, by which network, and how it is trained."""

    version: Annotated[Literal[1], BeforeValidator(_check_version)] = Field(
        default=1, description="Version of the config language."
    )
    name: Annotated[str, Field(pattern=NAME), Says("a word of letters, digits and _ . + -")] | None = Field(
        default=None, description="Name of the experiment, used in the run directory's name; default: the file's stem."
    )
    seed: Annotated[Natural, PerMember()] = Field(
        default=0,
        description="Seed of everything random: initial weights, batch order, dropout and, by default, the data.",
    )
    dtype: Literal["float32", "float64"] = Field(default="float32", description="Type of all numbers of the network.")
    data: DataConfig = Field(description="The examples.")
    network: NetworkConfig = Field(description="The layers, in order.")
    loss: LossConfig = Field(
        default="auto",
        description="What is minimized; auto is what the task wants: `cross_entropy`, `binary_cross_entropy` or "
        "`mean_squared_error`, and `perceptron` where the last activation is `step`.",
    )
    optimizer: OptimizerConfig = Field(default_factory=AdamConfig, description="How the weights are updated.")
    schedule: ScheduleConfig = Field(
        default_factory=ConstantScheduleConfig, description="The learning rate over the epochs."
    )
    regularization: RegularizationConfig = Field(
        default_factory=RegularizationConfig, description="Penalties and bounds."
    )
    training: TrainingConfig = Field(default_factory=TrainingConfig, description="Epochs and batches.")
    early_stopping: EarlyStopping | None = Field(
        default="auto",
        description="When to end early; null is never, auto is with the defaults if there are validation examples.",
    )
    metrics: Metrics = Field(
        default="auto",
        description="What is reported beside the loss; auto is what the task wants. For classes and labels: "
        "`accuracy`, `balanced_accuracy`, `precision`, `recall`, `f1`, `roc_auc` (two classes, labels); for values: "
        "`rmse`, `mae`, `r2`, `max_error`.",
    )
    runtime: RuntimeConfig = Field(default_factory=RuntimeConfig, description="What the machine gives.")
    search: SearchConfig | None = Field(
        default=None, description="Which settings `gridsearch` tries; only it reads this."
    )
