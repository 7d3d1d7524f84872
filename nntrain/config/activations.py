"""The activations, as a key of a dense layer and as layers of their own."""

from typing import Annotated, Literal

from pydantic import Field

from nntrain.config.layer import Layer
from nntrain.language.section import Section
from nntrain.language.unions import BY_TYPE, Shorthand
from nntrain.language.values import Number, Positive


class Activation(Section):
    """What every activation is; `type` names it."""


class LinearConfig(Activation):
    """f(x) = x."""

    type: Literal["linear"] = "linear"


class LinearLayerConfig(LinearConfig, Layer):
    """f(x) = x."""


class StepConfig(Activation):
    """f(x) = 1 for x > 0, else 0. It has no gradient: only the `perceptron` loss trains it."""

    type: Literal["step"] = "step"


class StepLayerConfig(StepConfig, Layer):
    """f(x) = 1 for x > 0, else 0. It has no gradient: only the `perceptron` loss trains it."""


class SigmoidConfig(Activation):
    """f(x) = 1 / (1 + exp(−x))."""

    type: Literal["sigmoid"] = "sigmoid"


class SigmoidLayerConfig(SigmoidConfig, Layer):
    """f(x) = 1 / (1 + exp(−x))."""


class TanhConfig(Activation):
    """f(x) = tanh(x)."""

    type: Literal["tanh"] = "tanh"


class TanhLayerConfig(TanhConfig, Layer):
    """f(x) = tanh(x)."""


class ReluConfig(Activation):
    """f(x) = max(0, x)."""

    type: Literal["relu"] = "relu"


class ReluLayerConfig(ReluConfig, Layer):
    """f(x) = max(0, x)."""


class LeakyReluConfig(Activation):
    """f(x) = x for x > 0, else alpha · x."""

    type: Literal["leaky_relu"] = "leaky_relu"
    alpha: Annotated[Number, Field(ge=0, le=1)] = Field(default=0.1, description="Slope for negative inputs.")


class LeakyReluLayerConfig(LeakyReluConfig, Layer):
    """f(x) = x for x > 0, else alpha · x."""


class EluConfig(Activation):
    """f(x) = x for x > 0, else alpha · (exp(x) − 1)."""

    type: Literal["elu"] = "elu"
    alpha: Positive = Field(default=1.0, description="The value for large negative inputs is −alpha.")


class EluLayerConfig(EluConfig, Layer):
    """f(x) = x for x > 0, else alpha · (exp(x) − 1)."""


class GeluConfig(Activation):
    """f(x) = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))."""

    type: Literal["gelu"] = "gelu"


class GeluLayerConfig(GeluConfig, Layer):
    """f(x) = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))."""


class SoftplusConfig(Activation):
    """f(x) = log(1 + exp(x))."""

    type: Literal["softplus"] = "softplus"


class SoftplusLayerConfig(SoftplusConfig, Layer):
    """f(x) = log(1 + exp(x))."""


class SoftmaxConfig(Activation):
    """f(x)ᵢ = exp(xᵢ) / Σⱼ exp(xⱼ), over the units of the layer."""

    type: Literal["softmax"] = "softmax"


class SoftmaxLayerConfig(SoftmaxConfig, Layer):
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
