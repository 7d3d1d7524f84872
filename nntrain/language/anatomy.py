"""Reads the annotations of the models: what a section may hold, and where a path leads.

An annotation is one of
  a model            a section
  a typed union      sections told apart by `type`
  a shape union      forms told apart by what they look like (unions.py)
  X | None           an optional value
  tuple[X, ...]      a list            dict[str, X]   a mapping with free keys
  anything else      a scalar
with metadata wrapped around it by Annotated.
"""

import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nntrain.language.section import Section
from nntrain.language.unions import Shorthand, shape_of, shape_taken

Path = tuple[str | int, ...]


def dotted(path: Path) -> str:
    """A path as users write it: network.0.units."""
    return ".".join(map(str, path))


def peel(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Annotated[X, …] as X and its metadata, Field(…) taken apart into its constraints."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    core, *metadata = get_args(annotation)
    flat: list[Any] = []
    for mark in metadata:
        flat.extend(mark.metadata if isinstance(mark, FieldInfo) else [mark])
    return core, tuple(flat)


def forms(annotation: Any) -> tuple[Any, ...]:
    """The members of a union but None; () for what is no union."""
    core, _ = peel(annotation)
    if get_origin(core) not in (Union, types.UnionType):
        return ()
    return tuple(member for member in get_args(core) if member is not type(None))


def optional(annotation: Any) -> bool:
    """Whether null is allowed."""
    core, _ = peel(annotation)
    return get_origin(core) in (Union, types.UnionType) and type(None) in get_args(core)


def as_model(annotation: Any) -> type[Section] | None:
    """The section that an annotation is, or None."""
    core, _ = peel(annotation)
    return core if isinstance(core, type) and issubclass(core, Section) else None


@cache
def fields(model: type[Section]) -> dict[str, Any]:
    """The annotations of a section's fields by name, in their order."""
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


@cache
def type_names(model: type[Section]) -> tuple[str, ...]:
    """The words that the `type` of a section may be: one, or several where they share their settings."""
    if "type" not in model.model_fields:
        return ()
    core, _ = peel(fields(model)["type"])
    return get_args(core)


def variants(annotation: Any) -> dict[str, type[Section]]:
    """The sections of a typed union by type; {} for anything else. Looks through None and shape unions."""
    found: dict[str, type[Section]] = {}
    for member in (annotation, *forms(annotation)):
        model = as_model(member)
        if model is not None:
            found.update(dict.fromkeys(type_names(model), model))
        elif member is not annotation:
            found.update(variants(member))
    return found


def told_apart_by_type(annotation: Any) -> bool:
    """Whether an annotation is a typed union, whose sections their `type` tells apart."""
    members = forms(annotation)
    if len(members) == 1:
        return told_apart_by_type(members[0])
    return bool(_by_type(members))


def words(annotation: Any) -> tuple[str, ...]:
    """The bare words that an annotation takes: those of its literals and, with a shorthand, its types."""
    core, marks = peel(annotation)
    if get_origin(core) is Literal:
        return tuple(word for word in get_args(core) if isinstance(word, str))
    found = [word for member in forms(annotation) for word in words(member)]
    if any(isinstance(mark, Shorthand) for mark in marks):
        found.extend(variants(core))
    return tuple(dict.fromkeys(found))


def items(annotation: Any) -> Any | None:
    """What a list or a free mapping holds; None for what is neither."""
    core, _ = peel(annotation)
    if get_origin(core) is tuple or get_origin(core) is dict:
        return get_args(core)[0 if get_origin(core) is tuple else 1]
    return None


def is_list(annotation: Any) -> bool:
    """Whether an annotation is a list."""
    return get_origin(peel(annotation)[0]) is tuple


def form_of(annotation: Any, value: Any) -> Any:
    """The form of an annotation that a value takes: no union any more, or None where it takes none."""
    members = forms(annotation)
    if not members:
        return annotation
    if len(members) == 1:
        return form_of(members[0], value)
    typed = _by_type(members)
    if typed:
        return typed.get(_type_of(value))
    value = expand(annotation, value)
    member = _by_shape(members, shape_of(value))
    return None if member is None else form_of(member, value)


def _by_type(members: tuple[Any, ...]) -> dict[str, Any]:
    """The members of a typed union by type; {} for a shape union."""
    return {name: model for member in members if (model := as_model(member)) for name in type_names(model)}


def _by_shape(members: tuple[Any, ...], shape: str) -> Any:
    return next((member for member in members if shape_taken(member) == shape), None)


def _type_of(value: Any) -> Any:
    """The `type` that a section has, in its long or its short form."""
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", value)
    return kind if isinstance(kind, str) else None


def expand(annotation: Any, value: Any) -> Any:
    """The long form of a shorthand."""
    for mark in peel(annotation)[1]:
        if isinstance(mark, Shorthand):
            return mark.expand(value)
    members = forms(annotation)
    return expand(members[0], value) if len(members) == 1 else value


@dataclass(frozen=True)
class Spot:
    """Where a location of pydantic leads.

    Attributes:
        path: keys and positions, as in the file.
        annotation: what may stand there, with all of its forms; None for an unknown key.
        form: the form that the value has; None where it fits none.
        owner: the section that the last key belongs to.
        family: the annotation that the section itself is at.
    """

    path: Path
    annotation: Any
    form: Any
    owner: type[Section] | None = None
    family: Any = None


def follow(root: Any, location: Path) -> Spot:
    """Where a location of pydantic, which names the forms on the way, leads from the annotation `root`."""
    spot = Spot((), root, root)
    rest = list(location)
    while rest and spot.form is not None:
        members = forms(spot.form)
        if not members:
            spot = enter(spot, rest.pop(0))
        else:
            spot = replace(spot, form=members[0] if len(members) == 1 else _member(members, str(rest.pop(0))))
    return spot


def enter(spot: Spot, key: str | int) -> Spot:
    """A key of a section, or an item of a list or a mapping; annotation and form are None where there is none."""
    model = as_model(spot.form)
    if model is not None:
        annotation = fields(model).get(str(key))
        return Spot((*spot.path, key), annotation, annotation, model, spot.annotation)
    inner = items(spot.form)
    return Spot((*spot.path, key), inner, inner, None, None)


def _member(members: tuple[Any, ...], tag: str) -> Any:
    typed = _by_type(members)
    return typed.get(tag) if typed else _by_shape(members, tag)


def sections(model: type[Section], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field of a section and of the sections in it, whatever their type; `*` for a position."""
    for name, annotation in fields(model).items():
        yield (*path, name)
        yield from _inner(annotation, (*path, name))


def _inner(annotation: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    model = as_model(annotation)
    if model is not None:
        yield from sections(model, path)
    for member in forms(annotation):
        yield from _inner(member, path)
    if is_list(annotation):
        yield from _inner(items(annotation), (*path, "*"))


def default_of(model: type[BaseModel], name: str) -> Any:
    """The default of a field; ... where it must be given."""
    field = model.model_fields[name]
    return ... if field.is_required() else field.get_default(call_default_factory=True)
