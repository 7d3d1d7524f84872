"""The `network` section: a list of layers."""

from typing import Annotated, Literal

from pydantic import Field

from nntrain.config.activations import (
    ActivationSection,
    AnyActivation,
    EluConfig,
    GeluConfig,
    LeakyReluConfig,
    LinearConfig,
    ReluConfig,
    SigmoidConfig,
    SoftmaxConfig,
    SoftplusConfig,
    StepConfig,
    TanhConfig,
)
from nntrain.config.column import PerMember
from nntrain.config.initializers import GlorotUniformConfig, InitializerConfig, ZerosConfig
from nntrain.language.section import Says, Section
from nntrain.language.unions import BY_SHAPE, BY_TYPE, Shorthand
from nntrain.language.values import Auto, Count, Flag, Fraction

LAYER_NAME = r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$"


class LayerSection(Section):
    """What every layer has."""

    name: Annotated[str, Field(pattern=LAYER_NAME), Says("a word of letters, digits, _ and -")] | None = Field(
        default=None,
        description="Name of the layer, for paths (`network.hidden.units`) and reports; default: its position.",
    )


class DenseConfig(LayerSection):
    """Every unit is connected to every input: y = f(x W + b)."""

    type: Literal["dense"] = "dense"
    units: Annotated[Count | Auto, BY_SHAPE] = Field(
        description="Number of outputs; auto, on the last dense layer, is what the task wants."
    )
    activation: Annotated[
        AnyActivation | Auto,
        BY_SHAPE,
        Shorthand(words=("auto",)),
    ] = Field(
        default_factory=LinearConfig,
        description="Activation f; auto, on the last dense layer, is what the task wants: softmax, sigmoid or linear.",
    )
    initializer: InitializerConfig = Field(default_factory=GlorotUniformConfig, description="How the weights W start.")
    bias: Flag = Field(default=True, description="Whether there is a bias b.")
    bias_initializer: InitializerConfig = Field(default_factory=ZerosConfig, description="How the bias starts.")


class DropoutConfig(LayerSection):
    """Sets inputs to 0 at random in training and scales the others by 1 / (1 − rate); does nothing otherwise."""

    type: Literal["dropout"] = "dropout"
    rate: Annotated[Fraction, PerMember()] = Field(default=0.5, description="Probability of a 0.")


class FlattenConfig(LayerSection):
    """Makes one vector of each example: an image becomes its pixels."""

    type: Literal["flatten"] = "flatten"


class ReshapeConfig(LayerSection):
    """Gives each example another shape with as many numbers."""

    type: Literal["reshape"] = "reshape"
    shape: Annotated[tuple[Count, ...], Field(min_length=1), Says("a list of sizes")] = Field(
        description="The new shape, without the axis of the examples: [28, 28, 1]."
    )


class LinearLayerConfig(LinearConfig, LayerSection):
    """f(x) = x."""


class StepLayerConfig(StepConfig, LayerSection):
    """f(x) = 1 for x > 0, else 0. It has no gradient: only the `perceptron` loss trains it."""


class SigmoidLayerConfig(SigmoidConfig, LayerSection):
    """f(x) = 1 / (1 + exp(−x))."""


class TanhLayerConfig(TanhConfig, LayerSection):
    """f(x) = tanh(x)."""


class ReluLayerConfig(ReluConfig, LayerSection):
    """f(x) = max(0, x)."""


class LeakyReluLayerConfig(LeakyReluConfig, LayerSection):
    """f(x) = x for x > 0, else alpha · x."""


class EluLayerConfig(EluConfig, LayerSection):
    """f(x) = x for x > 0, else alpha · (exp(x) − 1)."""


class GeluLayerConfig(GeluConfig, LayerSection):
    """f(x) = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))."""


class SoftplusLayerConfig(SoftplusConfig, LayerSection):
    """f(x) = log(1 + exp(x))."""


class SoftmaxLayerConfig(SoftmaxConfig, LayerSection):
    """f(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ), over the inputs of the layer."""


AnyLayer = Annotated[
    DenseConfig
    | DropoutConfig
    | FlattenConfig
    | ReshapeConfig
    | LinearLayerConfig
    | StepLayerConfig
    | SigmoidLayerConfig
    | TanhLayerConfig
    | ReluLayerConfig
    | LeakyReluLayerConfig
    | EluLayerConfig
    | GeluLayerConfig
    | SoftplusLayerConfig
    | SoftmaxLayerConfig,
    BY_TYPE,
]
LayerConfig = Annotated[AnyLayer, Shorthand()]
NetworkConfig = Annotated[tuple[LayerConfig, ...], Field(min_length=1), Says("a list of layers")]


def activation_type(layer: LayerConfig) -> str:
    """The type of the activation that a layer has or is: auto where it is not decided, linear where there is none."""
    if isinstance(layer, DenseConfig):
        return layer.activation if layer.activation == "auto" else layer.activation.type
    return layer.type if isinstance(layer, ActivationSection) else "linear"
