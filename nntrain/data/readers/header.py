"""The header of a table, and which of its columns are inputs and which are targets."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from nntrain.data.dataset import Kind, quoted
from nntrain.data.readers.cells import PLAIN
from nntrain.data.readers.checks import absent, absent_inputs
from nntrain.errors import DataError

Features = Literal["all"] | Sequence[str] | tuple[Literal["exclude"], Sequence[str]]


def check_header(source: str, header: list[str], delimiter: str) -> None:
    """DataError unless every column has a name of its own and the delimiter is the right one."""
    where = f"{source}: the header"
    if _looks_like_data(header):
        raise DataError(f"{where} holds numbers ({quoted(header, 5)}); the first row must name the columns")
    if len(header) == 1 and (other := _other_delimiter(header[0], delimiter)):
        raise DataError(
            f"{where} is one column, {header[0]!r}: the fields seem to be separated by {other}; "
            "separate them by commas in a .csv file, by tabs in a .tsv file"
        )
    if header[-1] == "" and (named := _without_trailing(header)) and "" not in named:
        raise DataError(f"{where} {_trailing(len(header) - len(named), delimiter)}")
    if "" in header:
        place = header.index("") + 1
        hint = " (the index of a pandas table? write it with index=False)" if place == 1 else ""
        raise DataError(f"{where} gives no name to column {place} of {len(header)}{hint}")
    seen: dict[str, int] = {}
    for place, name in enumerate(header, start=1):
        if seen.setdefault(name, place) != place:
            raise DataError(f"{where} has two columns named {name!r}, {seen[name]} and {place}; rename one of them")


def _without_trailing(header: list[str]) -> list[str]:
    """The names up to the last one that is not empty."""
    last = max((place for place, name in enumerate(header) if name), default=-1)
    return header[: last + 1]


def _trailing(count: int, delimiter: str) -> str:
    """What is wrong with a header that ends in so many delimiters."""
    mark = "tab" if delimiter == "\t" else "comma"
    if count == 1:
        return f"ends in a {mark}, so its last column has no name; remove it, and the {mark} at the end of each row"
    return f"ends in {count} {mark}s, so its last {count} columns have no names; remove them, and those of each row"


def _looks_like_data(header: list[str]) -> bool:
    """Whether most names are numbers; 0, 1, 2, … and columns of years are taken for names."""
    numbers = [value for name in header if (value := PLAIN.number(name)) is not None and not math.isnan(value)]
    if len(numbers) * 2 <= len(header):
        return False
    rising = all(later == earlier + 1 for earlier, later in pairwise(numbers))
    return not (rising and numbers[0].is_integer() and len(numbers) > 1)


def _other_delimiter(name: str, delimiter: str) -> str:
    found = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "'|'"}
    return next((word for mark, word in found.items() if mark != delimiter and mark in name), "")


def target_names(source: str, header: list[str], target: str | Sequence[str] | None, need_target: bool) -> list[str]:
    """The target columns; where they are not needed they may be absent."""
    names = [] if target is None else [target] if isinstance(target, str) else list(target)
    if not need_target:
        return names
    if not names:
        null = next((name for name in header if name.lower() in ("null", "~")), None)
        hint = "" if null is None else f"; the column {null!r} is named in quotes, target: '{null}'"
        raise DataError(
            f"{source}: data.target is not set; name the column to predict: {quoted(header)}{hint}",
            setting="data.target",
        )
    known = set(header)
    if missing := [name for name in names if name not in known]:
        raise DataError(f"{source}: {absent('target column', missing, header, names)}", setting="data.target")
    _check_unrepeated(source, names, "data.target")
    return names


def input_names(
    source: str, header: list[str], targets: list[str], features: Features, known: Mapping[str, Kind] | None
) -> list[str]:
    """The input columns, in the order asked for, or in the file's where all or all but some are.

    In a further file of a table whose columns are `known` these must be there; nothing has to be excluded, and others
    are left alone.
    """
    answers = set(targets)
    trained = [name for name in known or () if name not in answers]
    there = set(header)
    if missing := [name for name in trained if name not in there]:
        raise DataError(f"{source}: {absent_inputs(missing, header, trained)}", setting="data.features")
    excluded = _excluded(features)
    if excluded is None:
        asked = _asked(source, header, targets, [str(name) for name in features])
    else:
        if known is None:
            _check_there(source, header, excluded)
        left_out = {*excluded, *targets}
        asked = [name for name in header if name not in left_out]
        asked = [name for name in asked if known is None or name in known] or asked
    if not asked:
        raise DataError(f"{source}: no column is left to predict {quoted(targets)} from", setting="data.features")
    return asked


def _excluded(features: Features) -> list[str] | None:
    """The columns that are not to be features; None where those that are to be are listed."""
    if features == "all":
        return []
    if len(features) == 2 and features[0] == "exclude" and not isinstance(features[1], str):
        return list(features[1])
    return None


def _asked(source: str, header: list[str], targets: list[str], names: list[str]) -> list[str]:
    _check_there(source, header, names)
    _check_unrepeated(source, names, "data.features")
    answers = set(targets)
    if both := [name for name in names if name in answers]:
        raise DataError(f"{source}: {quoted(both)} cannot be a feature and the target at once", setting="data.features")
    return names


def _check_there(source: str, header: list[str], names: list[str]) -> None:
    known = set(header)
    if missing := [name for name in names if name not in known]:
        raise DataError(f"{source}: {absent('feature column', missing, header, names)}", setting="data.features")


def _check_unrepeated(source: str, names: list[str], setting: str) -> None:
    repeated = next((name for name, times in Counter(names).items() if times > 1), None)
    if repeated is not None:
        raise DataError(f"{source}: {setting} names the column {repeated!r} twice", setting=setting)
