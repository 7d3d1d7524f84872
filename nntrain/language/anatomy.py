"""Reads the annotations of the models: what a section may hold, and where a path leads.

An annotation is one of
  a model            a section
  a typed union      sections told apart by `type`
  a shape union      forms told apart by what they look like (shape_of), each with a Tag
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

from pydantic import BaseModel, Tag
from pydantic.fields import FieldInfo

from nntrain.language.section import Section, Shorthand, shape_of

Path = tuple[str | int, ...]


def dotted(path: Path) -> str:
    """Return a path as users write it: network.0.units."""
    return ".".join(map(str, path))


def peel(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Split Annotated[X, …] into X and its metadata, Field(…) taken apart into its constraints."""
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    core, *metadata = get_args(annotation)
    flat: list[Any] = []
    for mark in metadata:
        flat.extend(mark.metadata if isinstance(mark, FieldInfo) else [mark])
    return core, tuple(flat)


def forms(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union but None; () for what is no union."""
    core, _ = peel(annotation)
    if get_origin(core) not in (Union, types.UnionType):
        return ()
    return tuple(member for member in get_args(core) if member is not type(None))


def optional(annotation: Any) -> bool:
    """Whether null is allowed."""
    core, _ = peel(annotation)
    return get_origin(core) in (Union, types.UnionType) and type(None) in get_args(core)


def as_model(annotation: Any) -> type[Section] | None:
    """Return the section that an annotation is, or None."""
    core, _ = peel(annotation)
    return core if isinstance(core, type) and issubclass(core, Section) else None


@cache
def fields(model: type[Section]) -> dict[str, Any]:
    """Return the annotations of a section's fields by name, in their order."""
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


@cache
def type_names(model: type[Section]) -> tuple[str, ...]:
    """Return the words that the `type` of a section may be: one, or several where they share their settings."""
    if "type" not in model.model_fields:
        return ()
    core, _ = peel(fields(model)["type"])
    return get_args(core)


def variants(annotation: Any) -> dict[str, type[Section]]:
    """Return the sections of a typed union by type; {} for anything else. Looks through None and shape unions."""
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
    return any(type_names(model) for member in members if (model := as_model(member)) is not None)


def words(annotation: Any) -> tuple[str, ...]:
    """Return the bare words that an annotation takes: those of its literals and, with a shorthand, its types."""
    core, marks = peel(annotation)
    if get_origin(core) is Literal:
        return tuple(word for word in get_args(core) if isinstance(word, str))
    found = [word for member in forms(annotation) for word in words(member)]
    if any(isinstance(mark, Shorthand) for mark in marks):
        found.extend(variants(core))
    return tuple(dict.fromkeys(found))


def items(annotation: Any) -> Any | None:
    """Return what a list or a free mapping holds; None for anything else."""
    core, _ = peel(annotation)
    if get_origin(core) is tuple or get_origin(core) is dict:
        return get_args(core)[0 if get_origin(core) is tuple else 1]
    return None


def is_list(annotation: Any) -> bool:
    """Whether an annotation is a list."""
    return get_origin(peel(annotation)[0]) is tuple


def form_of(annotation: Any, value: Any) -> Any:
    """Return the form of an annotation that a value takes: no union any more, or None where it takes none."""
    members = forms(annotation)
    if not members:
        return annotation
    if len(members) == 1:
        return form_of(members[0], value)
    typed = {name: model for member in members if (model := as_model(member)) for name in type_names(model)}
    if typed:
        return typed.get(type_of(value))
    value = expand(annotation, value)
    for member in members:
        if _tag(member) == shape_of(value):
            return form_of(member, value)
    return None


def type_of(value: Any) -> Any:
    """Return the `type` that a section has, in its long or its short form."""
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", value)
    return kind if isinstance(kind, str) else None


def expand(annotation: Any, value: Any) -> Any:
    """Return the long form of a shorthand."""
    for mark in peel(annotation)[1]:
        if isinstance(mark, Shorthand):
            return mark.expand(value)
    members = forms(annotation)
    return expand(members[0], value) if len(members) == 1 else value


def _tag(member: Any) -> str | None:
    return next((mark.tag for mark in peel(member)[1] if isinstance(mark, Tag)), None)


@dataclass(frozen=True)
class Spot:
    """Where a location of pydantic leads.

    Attributes:
        path: keys and positions, as in the file.
        annotation: what may stand there, with all of its forms; None for an unknown key.
        form: the form that the value has; None where it fits none.
        owner: the section that the last key belongs to.
        family: the annotation at the place of that section.
    """

    path: Path
    annotation: Any
    form: Any
    owner: type[Section] | None = None
    family: Any = None


def follow(root: Any, location: Path) -> Spot:
    """Follow a location of pydantic, which names the forms on the way, from the annotation `root`."""
    spot = Spot((), root, root)
    rest = list(location)
    while rest and spot.form is not None:
        members = forms(spot.form)
        if not members:
            spot = enter(spot, rest.pop(0))
        else:
            spot = replace(spot, form=members[0] if len(members) == 1 else _member(members, rest.pop(0)))
    return spot


def enter(spot: Spot, key: str | int) -> Spot:
    """Go to a key of a section or to an item of a list or mapping; annotation and form are None where there is none."""
    model = as_model(spot.form)
    if model is not None:
        annotation = fields(model).get(str(key))
        return Spot((*spot.path, key), annotation, annotation, model, spot.annotation)
    inner = items(spot.form)
    return Spot((*spot.path, key), inner, inner, None, None)


def _member(members: tuple[Any, ...], tag: str | int) -> Any:
    for member in members:
        model = as_model(member)
        if _tag(member) == tag or (model is not None and tag in type_names(model)):
            return member
    return None


def sections(model: type[Section], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every field of a section and of the sections in it, whatever their type; `*` for a position."""
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
    """Return the default of a field; ... where it must be given."""
    field = model.model_fields[name]
    return ... if field.is_required() else field.get_default(call_default_factory=True)
