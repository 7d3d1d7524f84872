"""Dotted paths: `optimizer.learning_rate`, `network.0.units`, `network.hidden.units`.

An item of a list goes by its position, or by its `name` where it has one. Behind a mapping with free keys
(`search.space`) the rest of a path is one key, dots and all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, get_origin

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
from nntrain.language.vocabulary import Vocabulary

_ABSENT = object()


class ItemNames:
    """The positions of named items of lists, for many paths through one config that does not change meanwhile."""

    def __init__(self) -> None:
        self._positions: dict[int, tuple[Any, dict[Any, int]]] = {}  # by the identity of the list, kept alive

    def position(self, name: str, items: Any) -> int:
        """Where the first item of a name stands in a list; -1 for none."""
        if id(items) not in self._positions:
            positions: dict[Any, int] = {}
            for position, each in enumerate(_names(items)):
                if isinstance(each, str):
                    positions.setdefault(each, position)
            self._positions[id(items)] = items, positions
        return self._positions[id(items)][1].get(name, -1)


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


def trace(
    text: str, data: Any, vocabulary: Vocabulary[Any], names: ItemNames | None = None, *, explained: bool = True
) -> Iterator[Part]:
    """The steps of a dotted path through a config.

    A key that the config language does not have is a step to a spot without annotation; what follows it too.

    Args:
        text: the dotted path.
        data: the config as plain data or models, in full or in part; it decides types, lengths and names of items.
        vocabulary: what the config may say.
        names: remembers the names of items from one path to the next.
        explained: whether an error says what was probably meant.

    Raises:
        PathError: a part is empty, or a list has no such item.
    """
    names = names or ItemNames()
    spot, value, start = _root(vocabulary), data, 0
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
            key = _position(part, value, names)
            if key < 0:
                hint = _items(part, value, vocabulary) if explained else None
                raise PathError(f"{dotted(spot.path)} has no item {show(part)}", hint, start, stop)
        if as_model(spot.form) is None and not is_list(spot.form):
            spot = replace(spot, form=_section_instead(spot, part))
        spot, value = enter(spot, key), _child(value, key, spot.form)
        yield Part(spot, start, stop)
        start = stop + 1


def parse_path(text: str, data: Any, vocabulary: Vocabulary[Any]) -> Path:
    """The keys and positions of a dotted path; what a list does not have stays as it is written."""
    path: Path = ()
    try:
        for part in trace(text, data, vocabulary, explained=False):
            path = part.spot.path
    except PathError:
        return (*path, *text.split(".")[len(path) :])
    return path


def find(
    text: str, data: Any, vocabulary: Vocabulary[Any], names: ItemNames | None = None, *, explained: bool = True
) -> Spot:
    """The spot that a dotted path leads to; the arguments are those of `trace`.

    Raises:
        PathError: it leads nowhere.
    """
    found = _root(vocabulary)
    for part in trace(text, data, vocabulary, names, explained=explained):
        if part.spot.annotation is None:
            message, hint = _dead_end(part.spot, found, vocabulary if explained else None)
            raise PathError(message, hint, part.start, part.stop)
        found = part.spot
    return found


def put(data: Any, path: Path, value: Any, root: type[Section], made: dict[int, Any] | None = None) -> Any:
    """A copy of plain data with a value at a path; it shares with `data` what lies beside the path.

    Sections on the way that are absent are made, of the type that they have by default; a shorthand is written out.

    Args:
        data: plain data.
        path: keys and positions.
        value: plain data.
        root: the model of the whole data.
        made: the copies that were made so far, by identity; those are changed in place, and new ones added. With it
            many values are put into large data without a copy for each of them.
    """
    return _put(Spot((), root, root), data, path, value, {} if made is None else made)


def _root(vocabulary: Vocabulary[Any]) -> Spot:
    return Spot((), vocabulary.root, vocabulary.root)


def _settle(spot: Spot, value: Any) -> tuple[Spot, Any]:
    """The spot with the form that its value has, and the value in its long form."""
    value = expand(spot.annotation, value)
    return replace(spot, form=None if spot.annotation is None else form_of(spot.annotation, value)), value


def _section_instead(spot: Spot, part: str) -> Any:
    """The section that a setting becomes when a part of it is set that is auto, a number or null so far."""
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


def _position(part: str, value: Any, names: ItemNames) -> int:
    """The position that a number or the name of an item stands for; -1 for none."""
    count = len(value) if isinstance(value, list | tuple) else 0
    if part.isdecimal() and part.isascii() and len(part) < 9 and int(part) < count:
        return int(part)
    return names.position(part, value)


def _names(value: Any) -> list[Any]:
    items = value if isinstance(value, list | tuple) else ()
    return [item.get("name") if isinstance(item, dict) else getattr(item, "name", None) for item in items]


def _items(part: str, value: Any, vocabulary: Vocabulary[Any]) -> str:
    names = _names(value)
    from nntrain.language import hints  # here and below: most paths lead somewhere

    close = hints.nearest(part, tuple(name for name in names if isinstance(name, str)), vocabulary)
    known = [f"{index} ({name})" if isinstance(name, str) else str(index) for index, name in enumerate(names)]
    return close or (f"it has {', '.join(known)}" if known else "it is empty")


def _dead_end(spot: Spot, before: Spot, vocabulary: Vocabulary[Any] | None) -> tuple[str, str | None]:
    """What is said of a path that leads nowhere; without a vocabulary it is not searched what was meant."""
    if spot.owner is None:
        return f"{dotted(before.path)} has no settings inside it", None
    from nntrain.language import hints

    return hints.unknown_key(spot.path, spot.owner), hints.for_key(spot, vocabulary) if vocabulary else None


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
    """A copy of a list or a mapping that may be changed: itself, if it is such a copy."""
    if id(container) in made:
        return container
    copy = dict(container) if isinstance(container, dict) else list(container)
    made[id(copy)] = copy
    return copy


def _section(spot: Spot, current: Any) -> dict[Any, Any]:
    """The mapping that a value is, or the one that takes its place."""
    current = expand(spot.annotation, current)
    if isinstance(current, dict):
        return current
    if current is _ABSENT and spot.owner is not None and spot.annotation is not None:
        kind = getattr(default_of(spot.owner, str(spot.path[-1])), "type", None)
        return {} if kind is None else {"type": kind}
    return {}
