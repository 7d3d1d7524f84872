"""Values out of a JSON document that anyone may have edited: what is not as it should be is a ValueError."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

MAX_ITEMS = 1_000_000
MAX_TEXT = 200_000


def section(document: object, key: str) -> Mapping[str, Any]:
    """The object under `key`."""
    value = _get(document, key)
    if not isinstance(value, dict):
        raise ValueError(f"{key!r} must be an object")
    return value


def items(document: object, key: str) -> list[Any]:
    """The list under `key`, of 1 to `MAX_ITEMS` items."""
    value = _get(document, key)
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_ITEMS:
        raise ValueError(f"{key!r} must be a list of 1 to {MAX_ITEMS:,} items")
    return value


def text(document: object, key: str) -> str:
    """The string under `key`."""
    value = _get(document, key)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"{key!r} must be a string of at most {MAX_TEXT:,} characters")
    return value


def texts(document: object, key: str) -> tuple[str, ...]:
    """The different strings under `key`."""
    values = items(document, key)
    if not all(isinstance(value, str) and len(value) <= MAX_TEXT for value in values):
        raise ValueError(f"{key!r} must be a list of strings of at most {MAX_TEXT:,} characters")
    if len(set(values)) < len(values):
        raise ValueError(f"{key!r} names something twice")
    return tuple(values)


def number(document: object, key: str) -> float:
    """The finite number under `key`."""
    return _finite(_get(document, key), key)


def scale(document: object, key: str) -> float:
    """The positive finite number under `key`."""
    return _positive(number(document, key), key)


def numbers(document: object, key: str) -> list[float]:
    """The finite numbers under `key`."""
    return [_finite(value, key) for value in items(document, key)]


def scales(document: object, key: str) -> list[float]:
    """The positive finite numbers under `key`."""
    return [_positive(value, key) for value in numbers(document, key)]


def size(document: object, key: str) -> int:
    """The whole number from 1 to `MAX_ITEMS` under `key`."""
    return _size(_get(document, key), key)


def sizes(document: object, key: str) -> tuple[int, ...]:
    """The whole numbers from 1 to `MAX_ITEMS` under `key`."""
    return tuple(_size(value, key) for value in items(document, key))


def _get(document: object, key: str) -> object:
    if not isinstance(document, dict):
        raise ValueError(f"an object with {key!r} was expected")
    if key not in document:
        raise ValueError(f"{key!r} is missing")
    return document[key]


def _finite(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key!r} must be a number")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ValueError(f"{key!r} must be finite")
    return result


def _positive(value: float, key: str) -> float:
    if value <= 0:
        raise ValueError(f"{key!r} must be greater than 0")
    return value


def _size(value: object, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_ITEMS:
        raise ValueError(f"{key!r} must be a whole number from 1 to {MAX_ITEMS:,}")
    return value


def optional(read: Callable[[object, str], T], document: object, key: str) -> T | None:
    """What `read` makes of the value under `key`, or None where it is null."""
    return None if _get(document, key) is None else read(document, key)
