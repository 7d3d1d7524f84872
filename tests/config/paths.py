"""The dotted paths of a config."""

from collections.abc import Iterator
from typing import Any

from nntrain.config import Config
from nntrain.config.column import columns
from nntrain.language.anatomy import dotted
from nntrain.language.section import Section


def column_paths(config: Config) -> set[str]:
    """The dotted paths of every column of this config (`optimizer.learning_rate`, `network.1.rate`, …)."""
    return {dotted(path) for path in columns(config)}


def valid_paths(config: Config) -> list[str]:
    """Every dotted path of a config, sections before what is in them; layers by position, then by name."""
    return list(_below(config, ""))


def _below(value: Any, prefix: str) -> Iterator[str]:
    if isinstance(value, Section):
        for name in type(value).model_fields:
            yield prefix + name
            yield from _below(getattr(value, name), f"{prefix}{name}.")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            if isinstance(item, Section):
                for key in (index, getattr(item, "name", None)):
                    if key is not None:
                        yield f"{prefix}{key}"
                        yield from _below(item, f"{prefix}{key}.")
