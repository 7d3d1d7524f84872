"""Dotted paths: `optimizer.learning_rate`, `network.0.units`, `network.hidden.units`.

A layer goes by its position or by its name. Behind a mapping with free keys (`search.space`) the rest of a path is
one key, dots and all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, get_origin

from nntrain.config.root import Config
from nntrain.language.anatomy import (
    Path,
    Spot,
    as_model,
    default_of,
    dotted,
    enter,
    expand,
    fields,
    form_of,
    forms,
    is_list,
    peel,
    variants,
)
from nntrain.language.diagnostics import show
from nntrain.language.section import Section

_ABSENT = object()


class LayerNames:
    """The positions of named layers, for many paths through one config; a config that does not change meanwhile."""

    def __init__(self) -> None:
        self._positions: dict[int, tuple[Any, dict[Any, int]]] = {}  # by the identity of the list, kept alive

    def position(self, name: str, layers: Any) -> int:
        """Return where the first layer of a name stands; -1 for none."""
        if id(layers) not in self._positions:
            positions: dict[Any, int] = {}
            for place, each in enumerate(_names(layers)):
                if isinstance(each, str):
                    positions.setdefault(each, place)
            self._positions[id(layers)] = layers, positions
        return self._positions[id(layers)][1].get(name, -1)


class PathError(Exception):
    """A dotted path leads nowhere.

    Attributes:
        hint: what was probably meant.
        start, stop: the characters of the path that are to blame.
    """

    def __init__(self, message: str, hint: str | None, start: int, stop: int) -> None:
        super().__init__(message)
        self.hint = hint
        self.start = start
        self.stop = stop


@dataclass(frozen=True)
class Part:
    """One step along a path: the spot it leads to, and the characters of the dotted text that it takes."""

    spot: Spot
    start: int
    stop: int


def trace(text: str, data: Any, layers: LayerNames | None = None, *, explained: bool = True) -> Iterator[Part]:
    """Yield the steps of a dotted path through a config.

    A key that the config language does not have is a step to a spot without annotation; what follows it too.

    Args:
        text: the dotted path.
        data: the config as plain data or models, in full or in part; it decides types, lengths and layer names.
        layers: remembers the names of layers from one path to the next.
        explained: whether an error says what was probably meant.

    Raises:
        PathError: a part is empty, or a list has no such item.
    """
    layers = layers or LayerNames()
    spot, value, start = Spot((), Config, Config), data, 0
    rest = text.split(".")
    while rest:
        spot, value = _settle(spot, value)
        part = ".".join(rest) if _free_keys(spot.form) else rest[0]
        rest = [] if _free_keys(spot.form) else rest[1:]
        stop = start + len(part)
        if not part:
            raise PathError(f"a part of the path {show(text)} is empty", None, start, stop)
        key: str | int = part
        if is_list(spot.form):
            key = _position(part, value, layers)
            if key < 0:
                hint = _items(part, value) if explained else None
                raise PathError(f"{dotted(spot.path)} has no item {show(part)}", hint, start, stop)
        if as_model(spot.form) is None and not is_list(spot.form):
            spot = replace(spot, form=_section_instead(spot, part))
        spot, value = enter(spot, key), _child(value, key, spot.form)
        yield Part(spot, start, stop)
        start = stop + 1


def parse_path(text: str, data: Any) -> Path:
    """Return the keys and positions of a dotted path; what a list does not have stays as it is written."""
    path: Path = ()
    try:
        for part in trace(text, data):
            path = part.spot.path
    except PathError:
        return (*path, *text.split(".")[len(path) :])
    return path


def find(text: str, data: Any, layers: LayerNames | None = None, *, explained: bool = True) -> Spot:
    """Return the spot that a dotted path leads to; the arguments are those of `trace`.

    Raises:
        PathError: it leads nowhere.
    """
    found = Spot((), Config, Config)
    for part in trace(text, data, layers, explained=explained):
        if part.spot.annotation is None:
            message, hint = _dead_end(part.spot, found, explained)
            raise PathError(message, hint, part.start, part.stop)
        found = part.spot
    return found


def put(data: Any, path: Path, value: Any, made: dict[int, Any] | None = None) -> Any:
    """Return a copy of plain data with a value at a path; shares with `data` what lies beside the path.

    Sections on the way that are absent are made, of the type that they have by default; a shorthand is written out.

    Args:
        data: plain data.
        path: keys and positions.
        value: plain data.
        made: the copies that were made so far, by identity; those are changed in place, and new ones added. With it
            many values are put into large data without a copy for each of them.
    """
    return _put(Spot((), Config, Config), data, path, value, {} if made is None else made)


def valid_paths(config: Config) -> list[str]:
    """Return every dotted path of a config, sections before what is in them; layers by position, then by name."""
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


def _settle(spot: Spot, value: Any) -> tuple[Spot, Any]:
    """Return the spot with the form that its value has, and the value in its long form."""
    value = expand(spot.annotation, value)
    return replace(spot, form=None if spot.annotation is None else form_of(spot.annotation, value)), value


def _section_instead(spot: Spot, part: str) -> Any:
    """Return the section that a setting becomes when a part of it is set that is auto, a number or null so far."""
    typed = list(variants(spot.annotation).values())
    if part == "type" and typed:
        return typed[0]
    sections = [form for form in _all_forms(spot.annotation) if as_model(form) is not None]
    return sections[0] if len(sections) == 1 else spot.form


def _all_forms(annotation: Any) -> Iterator[Any]:
    for form in forms(annotation):
        yield form
        yield from _all_forms(form)


def _free_keys(form: Any) -> bool:
    return get_origin(peel(form)[0]) is dict


def _child(value: Any, key: str | int, form: Any) -> Any:
    if isinstance(value, list | tuple):
        return value[key] if isinstance(key, int) else None
    if isinstance(value, Section):
        return getattr(value, str(key), None)
    model = as_model(form)
    default = default_of(model, str(key)) if model is not None and key in fields(model) else None
    return value.get(key, default) if isinstance(value, dict) else default


def _position(part: str, value: Any, layers: LayerNames) -> int:
    """Return the position that a number or the name of a layer stands for; -1 for none."""
    count = len(value) if isinstance(value, list | tuple) else 0
    if part.isdecimal() and part.isascii() and len(part) < 9 and int(part) < count:
        return int(part)
    return layers.position(part, value)


def _names(value: Any) -> list[Any]:
    items = value if isinstance(value, list | tuple) else ()
    return [item.get("name") if isinstance(item, dict) else getattr(item, "name", None) for item in items]


def _items(part: str, value: Any) -> str:
    names = _names(value)
    from nntrain.config import hints  # here and below: most paths lead somewhere

    close = hints.did_you_mean(part, tuple(name for name in names if isinstance(name, str)))
    known = [f"{index} ({name})" if isinstance(name, str) else str(index) for index, name in enumerate(names)]
    return close or (f"it has {', '.join(known)}" if known else "it is empty")


def _dead_end(spot: Spot, before: Spot, explained: bool) -> tuple[str, str | None]:
    if spot.owner is None:
        return f"{dotted(before.path)} has no settings inside it", None
    from nntrain.language import hints

    return hints.unknown_key(spot.path, spot.owner), hints.for_key(spot) if explained else None


def _put(spot: Spot, current: Any, path: Path, value: Any, made: dict[int, Any]) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(current, list | tuple) and isinstance(key, int):
        items = _own(current, made)
        if 0 <= key < len(items):
            items[key] = _put(enter(_settle(spot, items)[0], key), items[key], rest, value, made)
        return items
    section = _own(_section(spot, current), made)
    spot, _ = _settle(spot, section)
    section[key] = _put(enter(spot, key), section.get(key, _ABSENT), rest, value, made)
    return section


def _own(container: Any, made: dict[int, Any]) -> Any:
    """Return a copy of a list or a mapping that may be changed: itself, if it is such a copy."""
    if id(container) in made:
        return container
    copy = dict(container) if isinstance(container, dict) else list(container)
    made[id(copy)] = copy
    return copy


def _section(spot: Spot, current: Any) -> dict[Any, Any]:
    """Return the mapping that a value is, or the one that takes its place."""
    current = expand(spot.annotation, current)
    if isinstance(current, dict):
        return current
    if current is _ABSENT and spot.owner is not None and spot.annotation is not None:
        kind = getattr(default_of(spot.owner, str(spot.path[-1])), "type", None)
        return {} if kind is None else {"type": kind}
    return {}
