"""Mistakes in `search.space`: paths that lead nowhere, values that are wrong where they lead."""

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nntrain.config.numbers import unfit
from nntrain.config.root import Config
from nntrain.config.search import (
    ChoiceConfig,
    GridConfig,
    IntUniformRangeConfig,
    LogUniformRangeConfig,
    SearchConfig,
    UniformRangeConfig,
)
from nntrain.config.vocabulary import VOCABULARY
from nntrain.language.anatomy import Path, Spot, variants
from nntrain.language.mistake import Mistake
from nntrain.language.paths import ItemNames, PathError, find

_SPACE: Path = ("search", "space")
_NEVER_SEARCHED = ("version", "name", "search")
_MOST_EXPLAINED = 100  # paths and values each; for more mistakes than are ever shown nothing is proposed


def check_search(config: Config) -> Iterator[Mistake]:
    """Every mistake in the space of a search.

    Each value is checked at its path with the rest of the config as it is. Contradictions between the values of a
    point, and keys of a section whose type is searched too, show when the points are made.
    """
    if config.search is None:
        return
    spots: dict[str, Spot] = {}
    names = ItemNames()
    searched = {key.removesuffix(".type") for key in config.search.space}
    wrong = 0
    for key in config.search.space:
        part_of_searched = _below_searched_section(key, searched)
        try:
            spots[key] = find(
                key, config, VOCABULARY, names, explained=wrong < _MOST_EXPLAINED and not part_of_searched
            )
        except PathError as error:
            if not part_of_searched:
                wrong += 1
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
    checks = _ValueChecks("float64" if "dtype" in config.search.space else config.dtype)
    for key, spot in spots.items():
        yield from _check_strategy(key, config.search)
        yield from checks.check(key, spot, config.search.space[key])


def _below_searched_section(key: str, searched: set[str]) -> bool:
    """Whether a section is searched that a path leads into."""
    own = key.removesuffix(".type")
    stops = [index for index, char in enumerate(key) if char == "."]
    return any(key[:stop] in searched and key[:stop] != own for stop in stops)


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


class _ValueChecks:
    """Checks values at their paths, each kind of setting with one validator, however many paths lead to one."""

    def __init__(self, dtype: str) -> None:
        self._dtype = dtype
        self._adapters: dict[int, tuple[Any, TypeAdapter[Any]]] = {}  # by the identity of the annotation, kept alive
        self._wrong = 0

    def check(self, key: str, spot: Spot, axis: Any) -> Iterator[Mistake]:
        """The mistakes of every value that is listed, or of a few of a range."""
        for suffix, value, hint in _samples(axis):
            for mistake in self._check_value(spot, value):
                self._wrong += 1
                said, unquoted = f"search.space: {mistake.message}", mistake.unquoted
                yield Mistake((*_SPACE, key, *suffix), said, hint or mistake.hint, unquoted=unquoted)

    def _check_value(self, spot: Spot, value: Any) -> list[Mistake]:
        explained = self._wrong < _MOST_EXPLAINED
        kinds = variants(spot.family)
        if spot.path[-1] == "type" and kinds:
            if isinstance(value, str) and value in kinds:
                return []
            from nntrain.language.explain import unknown_type

            return [unknown_type(spot.path, value, tuple(kinds), VOCABULARY if explained else None)]
        try:
            checked = self._adapter(spot.annotation).validate_python(value)
        except ValidationError as error:
            from nntrain.language.explain import explain

            most = _MOST_EXPLAINED if explained else 0
            found = explain(error, spot.annotation, VOCABULARY, spot.path, most)
            return [mistake for mistake in found if not mistake.conflict]
        return list(unfit(checked, self._dtype, spot.path, spot.annotation))

    def _adapter(self, annotation: Any) -> TypeAdapter[Any]:
        if id(annotation) not in self._adapters:
            self._adapters[id(annotation)] = annotation, TypeAdapter(annotation)
        return self._adapters[id(annotation)][1]


def _samples(axis: Any) -> Iterator[tuple[Path, Any, str | None]]:
    """Values of an axis, where they stand and what helps: all that are listed, or a few of a range."""
    match axis:
        case ChoiceConfig():
            for index, value in enumerate(axis.values):
                yield ("choice", index), value, None
        case IntUniformRangeConfig() | UniformRangeConfig() | LogUniformRangeConfig():
            yield (axis.type, 0), axis.low, None
            yield (axis.type, 1), axis.high, None
            if not isinstance(axis, IntUniformRangeConfig) and axis.low.is_integer() and axis.high.is_integer():
                between = axis.low + 0.5
                if not between.is_integer():
                    yield (axis.type,), between, "int_uniform draws integers"
        case tuple():
            for index, value in enumerate(axis):
                yield (index,), value, None
