"""The types of single values.

They are strict, because YAML has types of its own: the text '5' is not the number 5 and `true` is not 1. A float that
is a whole number is accepted as an integer (`epochs: 1e3`).
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict

from nntrain.language.section import refusal

LARGEST_INTEGER = 2**53  # beyond it a float no longer holds every integer


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise refusal(f"must be at most {LARGEST_INTEGER}, got {value:.3g}")
    return value


WHOLE = BeforeValidator(_whole)

NonEmpty = Annotated[str, Strict(), Field(min_length=1)]
Flag = Annotated[bool, Strict()]
Natural = Annotated[int, Strict(), Field(ge=0), WHOLE]
Count = Annotated[int, Strict(), Field(ge=1), WHOLE]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
NonNegative = Annotated[Number, Field(ge=0)]
Fraction = Annotated[Number, Field(ge=0, lt=1)]
Auto = Literal["auto"]
