"""The `regularization` section: what keeps weights and gradients small. Weights only, never biases."""

from typing import Annotated

from pydantic import Field

from nntrain.config.column import PerMember
from nntrain.language.section import Section
from nntrain.language.values import NonNegative, Positive

Strength = Annotated[NonNegative, PerMember()]
Bound = Annotated[Positive | None, PerMember()]


class RegularizationConfig(Section):
    """Penalties on the weights and bounds on weights and gradients."""

    l1: Strength = Field(default=0.0, description="λ of λ Σ|W|, as a proximal step, so that weights become exactly 0.")
    l2: Strength = Field(default=0.0, description="λ of λ Σ‖W‖², whose gradient is 2λW.")
    max_norm: Bound = Field(default=None, description="Largest norm of the weights into one unit; null is none.")
    clip_norm: Bound = Field(default=None, description="Largest norm of the whole gradient; null is none.")
