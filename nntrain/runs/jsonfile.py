"""JSON as the run directory has it: UTF-8, sorted keys, and no token that JSON does not have.

A float that is not finite (the loss of a diverged epoch, a ROC AUC with one class) is written as null: every
other program can read it, and plots skip it. Whoever reads a number where null may stand makes it NaN.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from nntrain.runs.files import Damage

MOST_BYTES = 1 << 25  # of a document; preprocess.json names every category of every column
MOST_VALUES = 1 << 21  # of a document; what is read takes some hundred bytes for each


def encode(value: object, *, indent: int | None = 2) -> bytes:
    """`value` as JSON bytes, ending in a newline; indent=None puts it on one line.

    Takes what JSON has, and NumPy's scalars and arrays, tuples, paths. Raises TypeError for anything else.
    """
    separators = (",", ": ") if indent else (", ", ": ")
    text = json.dumps(
        _plain(value),
        sort_keys=True,
        ensure_ascii=False,
        allow_nan=False,
        indent=indent,
        separators=separators,
    )
    # backslashreplace: bytes of a command line that are no UTF-8 become \udcXX, which JSON allows
    return text.encode("utf-8", "backslashreplace") + b"\n"


def decode_object(content: bytes) -> dict[str, Any]:
    """The JSON object in `content`. Raises Damage for anything else, NaN and Infinity tokens included.

    What the object will take in memory is bounded before it is read.
    """
    check_size(content)
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise Damage(f"is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Damage("is empty" if not content.strip() else f"is not JSON: {error.msg} at {where}") from None
    except (ValueError, RecursionError) as error:
        raise Damage(f"is not JSON that a run writes: {error}") from None
    if not isinstance(value, dict):
        raise Damage("does not hold a JSON object")
    return value


def check_size(content: bytes) -> None:
    """Raises Damage for JSON that is longer, or has more values, than a run writes and reads."""
    if len(content) > MOST_BYTES:
        raise Damage(f"is larger than {MOST_BYTES:,} bytes, which no run writes")
    if _value_count(content) > MOST_VALUES:
        raise Damage(f"holds more than {MOST_VALUES:,} values, which no run writes")


def _value_count(content: bytes) -> int:
    """At least the number of values in JSON: each but the first has one of these characters before it."""
    return 1 + sum(map(content.count, (b",", b"[", b"{")))


def _plain(value: object) -> Any:
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.integer, np.bool_)):
        return _plain(value.tolist())
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not written as JSON")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key of a JSON object is a string, not {key!r}")
    return key


def _refuse(token: str) -> NoReturn:
    raise ValueError(f"{token} is not a JSON number")


def _finite(token: str) -> float:
    value = float(token)
    if not math.isfinite(value):
        raise ValueError(f"{token} is not a finite number")
    return value
