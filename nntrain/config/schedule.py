"""The `schedule` section: the learning rate over the epochs. α is the base rate, t the epochs done, from 0."""

from typing import Annotated, Literal

from pydantic import Field

from nntrain.config.column import PerMember
from nntrain.language.section import Section
from nntrain.language.unions import BY_TYPE, Shorthand
from nntrain.language.values import Count, Natural, NonNegative, Number

Factor = Annotated[Number, Field(gt=0, le=1), PerMember()]
Epochs = Annotated[Natural, PerMember()]


class _Schedule(Section):
    warmup_epochs: Epochs = Field(
        default=0,
        description="Epochs w over which the rate first rises in equal steps to the base rate: α (t + 1) / w.",
    )


class ConstantScheduleConfig(_Schedule):
    """α in every epoch."""

    type: Literal["constant"] = "constant"


class InverseTimeConfig(_Schedule):
    """α / (1 + decay · t), with t = 0, 1, 2, … after `constant_epochs` epochs of α."""

    type: Literal["inverse_time"] = "inverse_time"
    decay: Annotated[NonNegative, PerMember()] = Field(description="How fast the rate falls.")
    constant_epochs: Epochs = Field(default=0, description="Epochs of the base rate before t starts to count.")


class PowerConfig(_Schedule):
    """α / t^exponent, with t = 1, 2, 3, … after `constant_epochs` epochs of α."""

    type: Literal["power"] = "power"
    exponent: Annotated[Number, Field(gt=0.5, le=1), PerMember()] = Field(
        description="In (0.5, 1]: there the rates sum to infinity and their squares do not."
    )
    constant_epochs: Epochs = Field(default=0, description="Epochs of the base rate before t starts to count.")


class StepScheduleConfig(_Schedule):
    """α · factor^⌊t / every⌋."""

    type: Literal["step"] = "step"
    every: Annotated[Count, PerMember()] = Field(description="Epochs from one step to the next.")
    factor: Factor = Field(description="What the rate is multiplied by at a step.")


class ExponentialConfig(_Schedule):
    """α · factor^t."""

    type: Literal["exponential"] = "exponential"
    factor: Factor = Field(description="What the rate is multiplied by in every epoch.")


class CosineConfig(_Schedule):
    """Half a cosine from α towards minimum_factor · α, which it would reach in the epoch after the training."""

    type: Literal["cosine"] = "cosine"
    minimum_factor: Annotated[Number, Field(ge=0, le=1), PerMember()] = Field(
        default=0.0,
        description="Limit of the rate, as a share of the base rate. The last epoch is still above it: with 0.1 and 5 "
        "epochs its rate is 0.186 of the base rate.",
    )


class PlateauConfig(_Schedule):
    """Lowers the rate when what early stopping monitors (or the loss) has stopped getting better."""

    type: Literal["plateau"] = "plateau"
    factor: Annotated[Number, Field(gt=0, lt=1), PerMember()] = Field(
        default=0.5, description="What the rate is multiplied by."
    )
    patience: Annotated[Count, PerMember()] = Field(default=10, description="Epochs without improvement before it is.")
    min_delta: Annotated[NonNegative, PerMember()] = Field(
        default=1e-4, description="Least change that is an improvement."
    )


AnySchedule = Annotated[
    ConstantScheduleConfig
    | InverseTimeConfig
    | PowerConfig
    | StepScheduleConfig
    | ExponentialConfig
    | CosineConfig
    | PlateauConfig,
    BY_TYPE,
]
ScheduleConfig = Annotated[AnySchedule, Shorthand()]
