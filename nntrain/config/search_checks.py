"""Mistakes in `search.space`: paths that lead nowhere, values that are wrong where they lead."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nntrain.config.anatomy import Path, Spot, variants
from nntrain.config.mistake import Mistake
from nntrain.config.numbers import unfit
from nntrain.config.paths import PathError, find
from nntrain.config.root import Config
from nntrain.config.search import (
    ChoiceConfig,
    GridConfig,
    IntUniformRangeConfig,
    LogUniformRangeConfig,
    SearchConfig,
    UniformRangeConfig,
)

_SPACE: Path = ("search", "space")
_NEVER_SEARCHED = ("version", "name", "search")
_MOST_VALUES = 1000  # of one path that are looked at here; a search looks at every point anyway


def check_search(config: Config) -> Iterator[Mistake]:
    """Yield every mistake in the space of a search.

    Each value is checked at its path with the rest of the config as it is. Contradictions between the values of a
    point, and keys of a section whose type is searched too, show when the points are made.
    """
    if config.search is None:
        return
    spots: dict[str, Spot] = {}
    for key in config.search.space:
        try:
            spots[key] = find(key, config)
        except PathError as error:
            if not _below_searched_section(key, config.search):
                yield Mistake(
                    (*_SPACE, key),
                    f"search.space: {error}",
                    error.hint,
                    at_key=True,
                    involves=((key.split(".")[0],),),
                    part=(error.start, error.stop),
                )
    yield from _check_paths(spots)
    # Where the dtype is searched too, what it holds shows when the points are made.
    dtype = "float64" if "dtype" in config.search.space else config.dtype
    for key, spot in spots.items():
        yield from _check_strategy(key, config.search)
        yield from _check_values(key, spot, config.search.space[key], dtype)


def _below_searched_section(key: str, search: SearchConfig) -> bool:
    sections = [other.removesuffix(".type") for other in search.space if other != key]
    return any(key.startswith(f"{section}.") for section in sections)


def _check_paths(spots: dict[str, Spot]) -> Iterator[Mistake]:
    seen: dict[Path, str] = {}
    for key, spot in spots.items():
        if spot.path[0] in _NEVER_SEARCHED:
            yield Mistake((*_SPACE, key), f"search.space: {spot.path[0]} is nothing to search over", at_key=True)
        if seen.setdefault(spot.path, key) != key:
            message = f"search.space: {key} is the same setting as {seen[spot.path]}"
            yield Mistake((*_SPACE, key), message, at_key=True)
    for path, key in seen.items():
        for length in range(1, len(path)):
            if path[:length] in seen:
                message = f"search.space: {key} is part of {seen[path[:length]]}, and only one of them can have its way"
                yield Mistake((*_SPACE, key), message, "list whole sections, or search settings in them", at_key=True)


def _check_strategy(key: str, search: SearchConfig) -> Iterator[Mistake]:
    axis = search.space[key]
    if isinstance(search.strategy, GridConfig) and not isinstance(axis, tuple):
        hint = "write the list by itself" if isinstance(axis, ChoiceConfig) else "or list the values to try"
        message = f"search.space: {key} is a distribution, which the grid strategy cannot enumerate"
        hint = f"write strategy: {{type: random, trials: 50}}, {hint}"
        yield Mistake((*_SPACE, key), message, hint, involves=(("search", "strategy"),))


def _check_values(key: str, spot: Spot, axis: Any, dtype: str) -> Iterator[Mistake]:
    adapter: TypeAdapter[Any] = TypeAdapter(spot.annotation)
    for suffix, value, hint in _samples(axis):
        for mistake in _check_value(spot, adapter, value, dtype):
            said, unquoted = f"search.space: {mistake.message}", mistake.unquoted
            yield Mistake((*_SPACE, key, *suffix), said, hint or mistake.hint, unquoted=unquoted)


def _samples(axis: Any) -> Iterator[tuple[Path, Any, str | None]]:
    """Yield values of an axis, where they stand and what helps: all that are listed, or a few of a range."""
    match axis:
        case ChoiceConfig():
            for index, value in enumerate(axis.values[:_MOST_VALUES]):
                yield ("choice", index), value, None
        case IntUniformRangeConfig():
            yield (axis.type, 0), axis.low, None
            yield (axis.type, 1), axis.high, None
        case UniformRangeConfig() | LogUniformRangeConfig():
            yield (axis.type, 0), axis.low, None
            yield (axis.type, 1), axis.high, None
            if axis.low.is_integer() and axis.high.is_integer():
                yield (axis.type,), axis.low + 0.5, "int_uniform draws integers"
        case tuple():
            for index, value in enumerate(axis[:_MOST_VALUES]):
                yield (index,), value, None


def _check_value(spot: Spot, adapter: TypeAdapter[Any], value: Any, dtype: str) -> list[Mistake]:
    kinds = variants(spot.family)
    if spot.path[-1] == "type" and kinds:
        from nntrain.config.explain import unknown_type

        return [] if value in kinds else [unknown_type(spot.path, value, tuple(kinds))]
    try:
        checked = adapter.validate_python(value)
    except ValidationError as error:
        from nntrain.config.explain import explain

        return [mistake for mistake in explain(error, spot.annotation, spot.path) if not mistake.conflict]
    return list(unfit(checked, dtype, spot.path, spot.annotation))
