"""What to say about a mistake: the nearest word, the section where a key belongs, how a value is written."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from nntrain.language.anatomy import (
    Path,
    Spot,
    as_model,
    default_of,
    dotted,
    fields,
    form_of,
    forms,
    is_list,
    items,
    optional,
    peel,
    sections,
    type_names,
    variants,
    words,
)
from nntrain.language.diagnostics import all_of, show
from nntrain.language.scalars import read_scalar
from nntrain.language.section import Section
from nntrain.language.suggest import Aliases, did_you_mean, near, same
from nntrain.language.vocabulary import Vocabulary

_BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_NULLS = ("none", "nil", "null", "nan", "off", "no")
_Match = Callable[[str, Iterable[str], Aliases], str | None]
_GLUED = re.compile(r"[A-Za-z_][\w.]*:\S")


def for_root(vocabulary: Vocabulary[Any]) -> str | None:
    """The hint for a config that is no mapping."""
    required = vocabulary.required
    plural = "s" if len(required) > 1 else ""
    return f"a config has at least the section{plural} {all_of(required)}" if required else None


def for_nothing(vocabulary: Vocabulary[Any]) -> str | None:
    """The hint for a config in which nothing is written."""
    required = vocabulary.required
    return f"it needs at least {all_of(required)}" if required else None


def nearest(word: object, known: Iterable[str], vocabulary: Vocabulary[Any]) -> str | None:
    """The question whether a known word was meant, or None where none is near."""
    close = near(word, known, vocabulary.aliases)
    return did_you_mean(close) if close else None


def unknown_key(path: Path, owner: type[Section] | None) -> str:
    """The message for a key that its section does not know."""
    return f"unknown key {show(path[-1])} {inside(path[:-1], owner)}"


def inside(path: Path, model: type[Section] | None) -> str:
    """How a message names a section: 'in optimizer (adam)', 'at the top level'."""
    if not path:
        return "at the top level"
    kinds = type_names(model) if model is not None else ()
    return f"in {dotted(path)} ({kinds[0]})" if len(kinds) == 1 else f"in {dotted(path)}"


def for_key(spot: Spot, vocabulary: Vocabulary[Any]) -> str:
    """The hint for a key that its section does not know."""
    key = str(spot.path[-1])
    if _GLUED.match(key):
        return "write a space after ':'"
    known = tuple(fields(spot.owner)) if spot.owner is not None else ()
    own = same(key, known, vocabulary.aliases)
    if own is None:
        elsewhere = _other_type(key, spot) or _other_section(key, same, vocabulary)
        if elsewhere is not None:
            return elsewhere
        own = near(key, known, vocabulary.aliases)
    if own is not None:
        return did_you_mean(own)
    return _other_section(key, near, vocabulary) or _allowed(known)


def _allowed(known: tuple[str, ...]) -> str:
    return f"allowed: {', '.join(known)}" if known else "no key is allowed here"


def _other_type(key: str, spot: Spot) -> str | None:
    kinds = [kind for kind, model in variants(spot.family).items() if key in fields(model)]
    return f"'{key}' is a setting of {', '.join(kinds)}" if kinds else None


def _other_section(key: str, match: _Match, vocabulary: Vocabulary[Any]) -> str | None:
    """The question that names the only path of the config where a key like this belongs."""
    root: type[Section] = vocabulary.root
    paths = _paths_by_key(root)
    name = match(key, paths, vocabulary.aliases)
    if name is None or len(paths[name]) != 1:
        return None
    [only] = paths[name]
    return did_you_mean(only.replace("*", "0"))


@cache
def _paths_by_key(root: type[Section]) -> dict[str, frozenset[str]]:
    """The dotted paths of every setting by its last key."""
    paths: dict[str, set[str]] = {}
    for path in sections(root):
        paths.setdefault(path[-1], set()).add(dotted(path))
    return {key: frozenset(found) for key, found in paths.items()}


def for_value(spot: Spot, value: Any, vocabulary: Vocabulary[Any]) -> str | None:
    """The hint for a value of a kind that its setting does not take, or None."""
    if isinstance(value, str):
        return _for_text(spot.annotation, value, vocabulary)
    if value is None and spot.owner is not None and default_of(spot.owner, str(spot.path[-1])) is not ...:
        return "remove the key to take the default"
    if isinstance(value, list) and vocabulary.several is not None and _takes(spot.annotation, float, int):
        return vocabulary.several
    if isinstance(value, dict) and any(is_list(form) for form in (spot.annotation, *forms(spot.annotation))):
        return "begin each item of the list with '- '"
    if value is None or isinstance(value, bool | int | float):
        return _for_unquoted(spot.annotation, unquoted(value)) or _settings(spot.annotation)
    return _settings(spot.annotation)


def unquoted(value: bool | int | float | None) -> str:
    """How YAML has a value; the file may have it otherwise: 012 or 1e1."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _for_unquoted(annotation: Any, value: str) -> str | None:
    """The hint for a number, a boolean or null where a name can stand that is written like one."""
    if _takes(annotation, str):
        return f"put it in quotes: '{value}'"
    if _takes_list_of(annotation, str):
        return f"write a list, with the name in quotes: ['{value}']"
    return None


def _settings(annotation: Any) -> str | None:
    """What a section may hold, where that is what the annotation wants."""
    kinds = variants(annotation)
    if kinds:
        return f"types: {', '.join(kinds)}"
    model = next((model for form in (annotation, *forms(annotation)) if (model := as_model(form))), None)
    return f"keys: {', '.join(fields(model))}" if model is not None else None


def _for_text(annotation: Any, value: str, vocabulary: Vocabulary[Any]) -> str | None:
    plain = value.strip().lower()
    if _takes(annotation, bool) and plain in (*_BOOLEANS, "true", "false"):
        return f"write {_BOOLEANS.get(plain, plain)}"
    if optional(annotation) and plain in _NULLS:
        return "write null"
    if _takes(annotation, float, int):
        number = _as_number(plain)
        if number is not None:
            return f"write {number}"
    if any(is_list(form) and value in words(items(form)) for form in forms(annotation)):
        return f"write a list: [{value}]"
    if as_model(form_of(annotation, {})) and _GLUED.match(value):
        return "write a space after ':'"
    close = nearest(value, words(annotation), vocabulary)
    if close is None and _takes_list_of(annotation, str):
        return f"write a list: [{value}]"
    return close or _settings(annotation)


def _as_number(text: str) -> float | None:
    """The number that a text was meant to be: in quotes, with a decimal comma, underscores or a % sign."""
    percent = text.endswith("%")
    number = read_scalar(text.removesuffix("%").strip().replace("_", "").replace(",", ".") or "-")
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < float("inf"):
        return None
    return number / 100 if percent else number


def _takes(annotation: Any, *scalars: type) -> bool:
    core, _ = peel(annotation)
    return core in scalars or any(_takes(form, *scalars) for form in forms(annotation))


def _takes_list_of(annotation: Any, *scalars: type) -> bool:
    is_one = is_list(annotation) and _takes(items(annotation), *scalars)
    return is_one or any(_takes_list_of(form, *scalars) for form in forms(annotation))
