"""How the parameters of a layer start. `fan_in` and `fan_out` are the inputs and outputs of the layer."""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from nntrain.config.column import PerMember
from nntrain.language.section import Says, Section, refusal
from nntrain.language.unions import BY_TYPE, Shorthand, shape_of
from nntrain.language.values import NonNegative, Number, Positive

_MOST_AXES = 4  # a convolution kernel [KH, KW, C, F]


class _Scaled(Section):
    gain: Annotated[Positive, PerMember()] = Field(default=1.0, description="Factor on every drawn number.")


class GlorotUniformConfig(_Scaled):
    """U(−a, a) with a = √6 / √(fan_in + fan_out)."""

    type: Literal["glorot_uniform"] = "glorot_uniform"


class GlorotNormalConfig(_Scaled):
    """N(0, 2 / (fan_in + fan_out))."""

    type: Literal["glorot_normal"] = "glorot_normal"


class HeUniformConfig(_Scaled):
    """U(−a, a) with a = √(6 / fan_in)."""

    type: Literal["he_uniform"] = "he_uniform"


class HeNormalConfig(_Scaled):
    """N(0, 2 / fan_in)."""

    type: Literal["he_normal"] = "he_normal"


class LecunNormalConfig(_Scaled):
    """N(0, 1 / fan_in)."""

    type: Literal["lecun_normal"] = "lecun_normal"


class OrthogonalConfig(_Scaled):
    """A random orthogonal matrix."""

    type: Literal["orthogonal"] = "orthogonal"


class UniformConfig(Section):
    """U(low, high)."""

    type: Literal["uniform"] = "uniform"
    low: Annotated[Number, PerMember()] = Field(default=-0.05, description="Lower end.")
    high: Annotated[Number, PerMember()] = Field(default=0.05, description="Upper end.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            raise refusal(f"must be above low ({self.low:g}), got {self.high:g}", at=("high",), conflict=True)
        return self


class NormalConfig(Section):
    """N(mean, std²)."""

    type: Literal["normal"] = "normal"
    mean: Annotated[Number, PerMember()] = Field(default=0.0, description="Mean.")
    std: Annotated[NonNegative, PerMember()] = Field(default=0.05, description="Standard deviation.")


class ZerosConfig(Section):
    """All 0."""

    type: Literal["zeros"] = "zeros"


class ConstantConfig(Section):
    """All the same value."""

    type: Literal["constant"] = "constant"
    value: Annotated[Number, PerMember()] = Field(description="The value.")


def _check_numbers(value: Any) -> Any:
    """Nested lists of finite numbers, all lists of one depth equally long, as nested tuples."""
    numbers = _tuples(value, ())
    _check_rectangular(numbers)
    return numbers


def _tuples(value: Any, at: tuple[int, ...]) -> Any:
    if shape_of(value) == "list":
        if len(at) == _MOST_AXES:
            raise refusal(f"must not be nested deeper than {_MOST_AXES} lists", at=at)
        if not value:
            raise refusal("must not hold an empty list", at=at)
        return tuple(_tuples(child, (*at, index)) for index, child in enumerate(value))
    if not at:
        raise refusal("must be a list of numbers or of such lists")
    try:
        number = float(value) if shape_of(value) == "number" else math.nan
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise refusal("must be a finite number", at=at)
    return number


def _check_rectangular(numbers: Any) -> None:
    first: dict[int, Any] = {}
    for at, child in _walk(numbers, ()):
        length = len(child) if isinstance(child, tuple) else None
        expected = first.setdefault(len(at), length)
        if length != expected:
            has = "a number" if length is None else f"a list of {length}"
            wants = "a number" if expected is None else f"a list of {expected}"
            raise refusal(f"is {has} where the first beside it is {wants}", at=at)


def _walk(value: Any, at: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Any]]:
    yield at, value
    if isinstance(value, tuple):
        for index, child in enumerate(value):
            yield from _walk(child, (*at, index))


class ValuesConfig(Section):
    """The numbers themselves, so that a worked example can be run. `type` may be left out."""

    type: Literal["values"] = "values"
    values: Annotated[Any, BeforeValidator(_check_numbers), Says("nested lists of numbers")] = Field(
        description="Weights as rows, one per input, of one number per unit; biases as one list of a number per unit."
    )


AnyInitializer = Annotated[
    GlorotUniformConfig
    | GlorotNormalConfig
    | HeUniformConfig
    | HeNormalConfig
    | LecunNormalConfig
    | OrthogonalConfig
    | UniformConfig
    | NormalConfig
    | ZerosConfig
    | ConstantConfig
    | ValuesConfig,
    BY_TYPE,
]
InitializerConfig = Annotated[AnyInitializer, Shorthand(from_keys=("values",))]
