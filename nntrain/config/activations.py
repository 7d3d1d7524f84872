"""The activations, as a key of a dense layer and as layers of their own."""

from typing import Annotated, Literal

from pydantic import Field

from nntrain.config.layer import LayerSection
from nntrain.language.section import Section
from nntrain.language.unions import BY_TYPE, Shorthand
from nntrain.language.values import Number, Positive


class ActivationSection(Section):
    """What every activation is; `type` names it."""


class LinearConfig(ActivationSection):
    """f(x) = x."""

    type: Literal["linear"] = "linear"


class LinearLayerConfig(LinearConfig, LayerSection):
    """f(x) = x."""


class StepConfig(ActivationSection):
    """f(x) = 1 for x > 0, else 0. It has no gradient: only the `perceptron` loss trains it."""

    type: Literal["step"] = "step"


class StepLayerConfig(StepConfig, LayerSection):
    """f(x) = 1 for x > 0, else 0. It has no gradient: only the `perceptron` loss trains it."""


class SigmoidConfig(ActivationSection):
    """f(x) = 1 / (1 + exp(−x))."""

    type: Literal["sigmoid"] = "sigmoid"


class SigmoidLayerConfig(SigmoidConfig, LayerSection):
    """f(x) = 1 / (1 + exp(−x))."""


class TanhConfig(ActivationSection):
    """f(x) = tanh(x)."""

    type: Literal["tanh"] = "tanh"


class TanhLayerConfig(TanhConfig, LayerSection):
    """f(x) = tanh(x)."""


class ReluConfig(ActivationSection):
    """f(x) = max(0, x)."""

    type: Literal["relu"] = "relu"


class ReluLayerConfig(ReluConfig, LayerSection):
    """f(x) = max(0, x)."""


class LeakyReluConfig(ActivationSection):
    """f(x) = x for x > 0, else alpha · x."""

    type: Literal["leaky_relu"] = "leaky_relu"
    alpha: Annotated[Number, Field(ge=0, le=1)] = Field(default=0.1, description="Slope for negative inputs.")


class LeakyReluLayerConfig(LeakyReluConfig, LayerSection):
    """f(x) = x for x > 0, else alpha · x."""


class EluConfig(ActivationSection):
    """f(x) = x for x > 0, else alpha · (exp(x) − 1)."""

    type: Literal["elu"] = "elu"
    alpha: Positive = Field(default=1.0, description="The value for large negative inputs is −alpha.")


class EluLayerConfig(EluConfig, LayerSection):
    """f(x) = x for x > 0, else alpha · (exp(x) − 1)."""


class GeluConfig(ActivationSection):
    """f(x) = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))."""

    type: Literal["gelu"] = "gelu"


class GeluLayerConfig(GeluConfig, LayerSection):
    """f(x) = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))."""


class SoftplusConfig(ActivationSection):
    """f(x) = log(1 + exp(x))."""

    type: Literal["softplus"] = "softplus"


class SoftplusLayerConfig(SoftplusConfig, LayerSection):
    """f(x) = log(1 + exp(x))."""


class SoftmaxConfig(ActivationSection):
    """f(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ), over the units of the layer."""

    type: Literal["softmax"] = "softmax"


class SoftmaxLayerConfig(SoftmaxConfig, LayerSection):
    """f(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ), over the inputs of the layer."""


AnyActivation = Annotated[
    LinearConfig
    | StepConfig
    | SigmoidConfig
    | TanhConfig
    | ReluConfig
    | LeakyReluConfig
    | EluConfig
    | GeluConfig
    | SoftplusConfig
    | SoftmaxConfig,
    BY_TYPE,
]
ActivationConfig = Annotated[AnyActivation, Shorthand()]

AnyActivationLayer = (
    LinearLayerConfig
    | StepLayerConfig
    | SigmoidLayerConfig
    | TanhLayerConfig
    | ReluLayerConfig
    | LeakyReluLayerConfig
    | EluLayerConfig
    | GeluLayerConfig
    | SoftplusLayerConfig
    | SoftmaxLayerConfig
)
