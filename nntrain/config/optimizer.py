"""The `optimizer` section. g is the gradient, θ the parameters, α the learning rate of the epoch."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nntrain.config.column import PerMember
from nntrain.language.section import Section, refusal
from nntrain.language.unions import BY_TYPE, Shorthand
from nntrain.language.values import Flag, Fraction, NonNegative, Positive

Rate = Annotated[Positive, PerMember()]
Decay = Annotated[Fraction, PerMember()]


class SgdConfig(Section):
    """v ← β v + g, θ ← θ − α v, with β the momentum."""

    type: Literal["sgd"] = "sgd"
    learning_rate: Rate = Field(
        default=0.01, description="Base learning rate; the schedule changes it over the epochs."
    )
    momentum: Decay = Field(default=0.0, description="Share β of the velocity that is kept.")
    nesterov: Flag = Field(default=False, description="Nesterov's momentum, θ ← θ − α (g + β v).")

    @model_validator(mode="after")
    def _nesterov_has_momentum(self) -> Self:
        if self.nesterov and self.momentum == 0:
            raise refusal(
                "needs momentum above 0, got 0", at=("nesterov",), hint="for example momentum: 0.9", conflict=True
            )
        return self


class AdagradConfig(Section):
    """s ← s + g², θ ← θ − α g / (√s + eps)."""

    type: Literal["adagrad"] = "adagrad"
    learning_rate: Rate = Field(
        default=0.01, description="Base learning rate; the schedule changes it over the epochs."
    )
    eps: Rate = Field(default=1e-10, description="Keeps the division finite.")
    initial_accumulator: Annotated[NonNegative, PerMember()] = Field(default=0.0, description="What s starts at.")


class RmspropConfig(Section):
    """s ← rho s + (1 − rho) g², v ← β v + g / (√s + eps), θ ← θ − α v, with β the momentum."""

    type: Literal["rmsprop"] = "rmsprop"
    learning_rate: Rate = Field(
        default=0.001, description="Base learning rate; the schedule changes it over the epochs."
    )
    rho: Decay = Field(default=0.9, description="Share of the mean square that is kept.")
    eps: Rate = Field(default=1e-8, description="Keeps the division finite.")
    momentum: Decay = Field(default=0.0, description="Share β of the velocity that is kept.")


class AdamConfig(Section):
    """m ← β₁ m + (1 − β₁) g, s ← β₂ s + (1 − β₂) g², θ ← θ − α m̂ / (√ŝ + eps), m̂ and ŝ corrected for their start."""

    type: Literal["adam"] = "adam"
    learning_rate: Rate = Field(
        default=0.001, description="Base learning rate; the schedule changes it over the epochs."
    )
    beta1: Decay = Field(default=0.9, description="Share β₁ of the mean that is kept.")
    beta2: Decay = Field(default=0.999, description="Share β₂ of the mean square that is kept.")
    eps: Rate = Field(default=1e-8, description="Keeps the division finite.")


class AdamwConfig(Section):
    """Adam, with θ ← θ − α · weight_decay · θ beside it (weights only, not biases)."""

    type: Literal["adamw"] = "adamw"
    learning_rate: Rate = Field(
        default=0.001, description="Base learning rate; the schedule changes it over the epochs."
    )
    beta1: Decay = Field(default=0.9, description="Share β₁ of the mean that is kept.")
    beta2: Decay = Field(default=0.999, description="Share β₂ of the mean square that is kept.")
    eps: Rate = Field(default=1e-8, description="Keeps the division finite.")
    weight_decay: Annotated[NonNegative, PerMember()] = Field(default=0.01, description="Strength of the decay.")


AnyOptimizer = Annotated[SgdConfig | AdagradConfig | RmspropConfig | AdamConfig | AdamwConfig, BY_TYPE]
OptimizerConfig = Annotated[AnyOptimizer, Shorthand()]
