"""Which settings may differ between the members of one population, and which decide what a population is.

A field whose annotation carries `PerMember()` becomes a column `[M, 1]` when a network is trained; every other field is
structure. Two trials can be members of one population when their structure is equal.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

_NOT_STRUCTURE = ("name", "seed", "search")


@dataclass(frozen=True, slots=True)
class PerMember:
    """Marks a field that may differ between members: `rate: Annotated[float, PerMember()]`."""


def structure_key(config: BaseModel) -> str:
    """The structure of a config as canonical JSON: all of it but name, seed, search and the columns.

    Configs with equal keys differ in columns only. The seeds of the data (`data.split.seed`,
    `data.synthetic.seed`) are structure, since they say which examples a member sees.
    """
    plain = config.model_dump(mode="json", exclude=set(_NOT_STRUCTURE))
    for path in columns(config):
        if path[0] not in _NOT_STRUCTURE:
            _remove(plain, path)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"))


def columns(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every column of a config, or of a part of it that stands at `path`."""
    if isinstance(value, BaseModel):
        for name, is_column in _fields(type(value)):
            child = getattr(value, name)
            if is_column:
                yield (*path, name)
            elif isinstance(child, BaseModel | tuple):
                yield from columns(child, (*path, name))
    elif isinstance(value, tuple):
        for index, child in enumerate(value):
            yield from columns(child, (*path, index))


@cache
def _fields(model: type[BaseModel]) -> tuple[tuple[str, bool], ...]:
    """The fields of a section, and whether each is a column."""
    return tuple(
        (name, any(isinstance(mark, PerMember) for mark in field.metadata))
        for name, field in model.model_fields.items()
    )


def _remove(plain: Any, path: tuple[str | int, ...]) -> None:
    for part in path[:-1]:
        plain = plain[part]
    del plain[path[-1]]
