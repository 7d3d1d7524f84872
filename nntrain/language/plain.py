"""A config that is a mapping in Python, as the text of a file: it is checked, shown and kept like one."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nntrain.errors import ConfigError
from nntrain.language.anatomy import Path, dotted
from nntrain.language.diagnostics import IN_PYTHON, Problem, Text, config_error, show
from nntrain.language.dump import block
from nntrain.language.load import MAX_DEPTH, MAX_VALUES

_LARGEST = 1 << 1000  # larger integers have no place in a config; Python refuses to write some of them


def text_of(config: Mapping[str, Any]) -> Text:
    """The YAML of a config.

    Args:
        config: mappings with keys of text, lists, tuples, texts, numbers, booleans and None; paths and NumPy's scalars
            and arrays become these.

    Raises:
        ConfigError: it holds something else, or itself, or too much; the dotted path says where.
    """
    return Text(IN_PYTHON, block(_Converter().plain(config, ())), option=IN_PYTHON)


def plain_values(values: Mapping[str, Any], path: Path = ()) -> dict[str, Any]:
    """Values for settings of a config as plain data, as `text_of` makes it.

    Args:
        values: by dotted path.
        path: where messages say that they stand.

    Raises:
        ConfigError: as `text_of`.
    """
    if not isinstance(values, Mapping):
        raise _refused(path, f"must be a mapping of dotted path to values, got {show(values)}")
    plain: dict[str, Any] = _Converter().plain(values, path)
    return plain


class _Converter:
    """Makes plain data of one config; everything is bounded, for a mapping can hold itself in many ways."""

    def __init__(self) -> None:
        self._count = 0
        self._around: list[int] = []  # identities of the lists and mappings that are being converted

    def plain(self, value: Any, path: Path) -> Any:
        """A value of the config as what YAML has; ConfigError for what it has not."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise _refused((), f"holds more than {MAX_VALUES} values")
        value = _of_other_libraries(value)
        if isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes):
            return self._container(value, path)
        match value:
            case None | bool():
                return value
            case int():
                return int(value) if abs(value) < _LARGEST else math.inf if value > 0 else -math.inf
            case float():
                return float(value)
            case str():
                return str(value)
        allowed = "text, a number, True, False, None, a list or a mapping"
        raise _refused(path, f"must be plain data ({allowed}), got a value of type {type(value).__name__}")

    def _container(self, value: Mapping[Any, Any] | Sequence[Any], path: Path) -> Any:
        if id(value) in self._around:
            raise _refused(path, "holds itself")
        if len(self._around) >= MAX_DEPTH:
            raise _refused(path[:1], f"is nested deeper than {MAX_DEPTH} levels")
        self._around.append(id(value))
        try:
            if isinstance(value, Mapping):
                return {key: self.plain(value[each], (*path, key)) for each, key in _keys(value, path)}
            return [self.plain(item, (*path, index)) for index, item in enumerate(value)]
        finally:
            self._around.pop()


def _keys(mapping: Mapping[Any, Any], path: Path) -> Iterator[tuple[Any, str]]:
    """Each key of a mapping, and its text."""
    for key in mapping:
        if not isinstance(key, str):
            hint = f"write '{key}'" if isinstance(key, int | float) else None
            raise _refused(path, f"has as a key {_shown(key)}; keys must be text", hint)
        yield key, str(key)


def _of_other_libraries(value: Any) -> Any:
    """A path as text, an array or a number of NumPy as Python's; all else as it is."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    return value


def _shown(key: Any) -> str:
    return str(key)[:40] if isinstance(key, int | float) else f"a value of type {type(key).__name__}"


def _refused(path: Path, message: str, hint: str | None = None) -> ConfigError:
    return config_error([Problem(f"{dotted(path) or 'the config'} {message}", located(path), hint)])


def located(path: Path) -> Text:
    """What messages call a setting of a config that has no lines: `config.network.0.units`."""
    return Text(dotted((IN_PYTHON, *path)), "", option=IN_PYTHON)
