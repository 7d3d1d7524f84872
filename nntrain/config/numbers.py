"""Numbers that the config's `dtype` cannot hold: they would become infinite, or 0 where 0 is not allowed."""

from collections.abc import Iterator
from typing import Any

from annotated_types import Gt
from pydantic import BaseModel

from nntrain.language.anatomy import Path, dotted, fields, forms, items, peel
from nntrain.language.mistake import Mistake

_LARGEST = {"float32": (2 - 2.0**-23) * 2.0**127, "float64": (2 - 2.0**-52) * 2.0**1023}
_ROUNDED_TO_0 = {"float32": 2.0**-150, "float64": 0.0}
# What no number of the network is computed from; the values of a search are looked at one by one.
_APART: tuple[Path, ...] = (("search",), ("training", "checkpoint"))
# What is computed in float64 and may be as small as it likes.
_EXACT = "schedule"
_MAY_HOLD_NUMBERS = (float, tuple, dict, BaseModel)


def unfit(value: Any, dtype: str, path: Path = (), annotation: Any = None) -> Iterator[Mistake]:
    """A mistake for every number in a validated value that its dtype cannot hold.

    Args:
        value: a config, a section of one, or a setting.
        dtype: float32 or float64.
        path: where it stands.
        annotation: what it was validated by; only settings need it.
    """
    if isinstance(value, float):
        if abs(value) > _LARGEST[dtype]:
            message = f"{dotted(path)} is {value:g}, beyond what {dtype} holds ({_LARGEST[dtype]:.2g})"
            yield Mistake(path, message, "write a smaller number, or dtype: float64", involves=(("dtype",),))
        elif 0 < value <= _ROUNDED_TO_0[dtype] and path[0] != _EXACT and _above_0(annotation):
            message = f"{dotted(path)} must be above 0, but {value:g} is 0 in {dtype}"
            yield Mistake(path, message, "write a larger number, or dtype: float64", involves=(("dtype",),))
    elif isinstance(value, BaseModel):
        for name, child in value.__dict__.items():
            if isinstance(child, _MAY_HOLD_NUMBERS) and (*path, name) not in _APART:
                yield from unfit(child, dtype, (*path, name), fields(type(value)).get(name))
    elif isinstance(value, tuple | dict):
        for key, child in enumerate(value) if isinstance(value, tuple) else value.items():
            if isinstance(child, _MAY_HOLD_NUMBERS):
                yield from unfit(child, dtype, (*path, key), annotation)


def _above_0(annotation: Any) -> bool:
    """Whether a number of this annotation must be above 0."""
    _, marks = peel(annotation)
    inner = items(annotation)
    return (
        any(isinstance(mark, Gt) for mark in marks)
        or any(_above_0(form) for form in forms(annotation))
        or (inner is not None and _above_0(inner))
    )
