"""Says in plain words what pydantic found wrong with a value."""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from nntrain.language import hints
from nntrain.language.anatomy import (
    Path,
    Spot,
    as_model,
    dotted,
    follow,
    forms,
    items,
    optional,
    peel,
    told_apart_by_type,
    variants,
    words,
)
from nntrain.language.diagnostics import one_of, show
from nntrain.language.mistake import Mistake
from nntrain.language.section import REFUSED, Says
from nntrain.language.suggest import did_you_mean
from nntrain.language.vocabulary import Vocabulary
from nntrain.visible import Lines

_SCALARS = {int: ["an integer"], float: ["a number"], str: ["text"], bool: ["true", "false"]}
_MOST_EXPLAINED = 1000  # nobody reads more proposals, and a hostile file could have 100 000 mistakes
_BOUNDS = {"at least": (Ge, "ge"), "above": (Gt, "gt"), "at most": (Le, "le"), "below": (Lt, "lt")}


def explain(
    error: ValidationError,
    annotation: Any,
    vocabulary: Vocabulary[Any],
    subject: Path = (),
    most: int = _MOST_EXPLAINED,
) -> list[Mistake]:
    """Every mistake that a validation found.

    Args:
        error: what pydantic raised.
        annotation: what was validated against: the root model, or what may stand at one setting.
        vocabulary: says what helps.
        subject: path of the value that was validated.
        most: for how many of them is searched what was probably meant.
    """
    details = [detail for detail in error.errors(include_url=False) if not _is_echo(detail)]
    mistakes = [
        _Explainer(vocabulary, subject, index < most).explain(detail, follow(annotation, detail["loc"]))
        for index, detail in enumerate(details)
    ]
    # `unit` for `units` is one mistake, not an unknown key and a missing one.
    meant = {(*mistake.path[:-1], mistake.hint) for mistake in mistakes if mistake.at_key}
    return [
        mistake
        for mistake in mistakes
        if mistake.missing is None or (*mistake.missing[:-1], did_you_mean(mistake.missing[-1])) not in meant
    ]


def _is_echo(detail: Any) -> bool:
    """Whether a list is called too short because none of its items is valid."""
    return detail["type"] == "too_short" and bool(detail["input"])


def describe(annotation: Any, *, limits: bool = False) -> str:
    """What may stand at an annotation, in words: 'an integer or auto', 'an integer (at least 1) or auto'."""
    first, *others = kinds(annotation)
    within = bounds(annotation) if limits else ""
    return one_of([f"{first} ({within})" if within else first, *others])


def bounds(annotation: Any) -> str:
    """The bounds of a number in words: 'at least 0 and below 1'; '' where there are none."""
    marks = [mark for form in (annotation, *forms(annotation)) for mark in peel(form)[1]]
    return " and ".join(
        f"{phrase} {getattr(mark, name):g}"
        for phrase, (kind, name) in _BOUNDS.items()
        for mark in marks
        if isinstance(mark, kind)
    )


def unknown_type(path: Path, kind: Any, known: tuple[str, ...], vocabulary: Vocabulary[Any] | None) -> Mistake:
    """The mistake of a type that is none of the known ones; the path is that of `type`.

    Without a vocabulary it is not searched what was probably meant.
    """
    listed = f"types: {', '.join(known)}"
    if not isinstance(kind, str):
        return Mistake(path, f"{dotted(path)} must be a word, got {show(kind)}", listed)
    close = hints.nearest(kind, known, vocabulary) if vocabulary is not None else None
    message = f"unknown type {show(kind)} in {dotted(path[:-1])}"
    return Mistake(path, message, Lines(close, listed) if close else listed)


@dataclass(frozen=True)
class _Explainer:
    """Explains what pydantic says of one value of a config.

    Args:
        vocabulary: says what helps.
        subject: path of the value that was validated.
        searching: whether it is searched what was probably meant.
    """

    vocabulary: Vocabulary[Any]
    subject: Path
    searching: bool

    def explain(self, detail: Any, spot: Spot) -> Mistake:
        """The mistake that pydantic describes in a detail, at the spot that its location leads to."""
        path = self.subject + spot.path
        match detail["type"]:
            case "extra_forbidden" | "invalid_key":
                hint = hints.for_key(spot, self.vocabulary) if self.searching else None
                return Mistake(path, hints.unknown_key(path, spot.owner), hint, at_key=True)
            case "missing":
                return self._missing_key(spot, path)
            case "union_tag_invalid" | "union_tag_not_found" if told_apart_by_type(spot.form):
                return self._wrong_type(spot, path, detail["input"])
            case "literal_error" if spot.path and spot.path[-1] == "type":
                return self._unknown_type(path, detail["input"], words(spot.annotation))
            case kind if kind == REFUSED:
                context = detail["ctx"]  # of `refusal`
                where = path + context["at"]
                message = f"{dotted(where)} {context['message']}"
                return Mistake(where, message, context["hint"], conflict=context["conflict"])
        return self._wrong_value(detail["type"], spot, path, detail["input"])

    def _missing_key(self, spot: Spot, path: Path) -> Mistake:
        if len(path) == 1:
            return Mistake(path, f"missing section '{path[0]}'", self.vocabulary.examples.get(str(path[0])))
        section = path[:-1]
        in_list = isinstance(section[-1], int)
        message = f"missing key '{path[-1]}' {hints.inside(section, spot.owner)}"
        hint = f"{path[-1]} is {describe(spot.annotation, limits=True)}"
        return Mistake((*section, "type") if in_list else section, message, hint, at_key=not in_list, missing=path)

    def _wrong_type(self, spot: Spot, path: Path, value: Any) -> Mistake:
        known = tuple(dict.fromkeys((*variants(spot.form), *words(spot.annotation))))
        if isinstance(value, dict) and "type" not in value:
            as_key = next((key for key in value if key in known), None)
            hint = f"write type: {as_key}" if as_key else f"types: {', '.join(known)}"
            return Mistake(path, f"missing type in {dotted(path)}", hint, at_key=True)
        kind = value["type"] if isinstance(value, dict) else value
        return self._unknown_type((*path, "type"), kind, known)

    def _unknown_type(self, path: Path, kind: Any, known: tuple[str, ...]) -> Mistake:
        return unknown_type(path, kind, known, self.vocabulary if self.searching else None)

    def _wrong_value(self, kind: str, spot: Spot, path: Path, value: Any) -> Mistake:
        if not path:
            message = f"a config is a mapping of sections, got {show(value)}"
            return Mistake((), message, hints.for_root(self.vocabulary))
        name = dotted(path)
        match kind:
            case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
                return Mistake(path, f"{name} must be {bounds(spot.form)}, got {show(value)}")
            case "finite_number":
                return Mistake(path, f"{name} must be finite, got {show(value)}")
            case "too_short" | "string_too_short":
                return Mistake(path, f"{name} must not be empty")
        message = f"{name} must be {describe(spot.annotation)}, got {show(value)}"
        scalar = value is None or isinstance(value, bool | int | float)
        hint = hints.for_value(spot, value, self.vocabulary) if self.searching else None
        return Mistake(path, message, hint, unquoted=hints.unquoted(value) if scalar else None)


def kinds(annotation: Any) -> list[str]:
    """Each kind of value that may stand at an annotation, in words: 'an integer', 'auto'."""
    return list(dict.fromkeys(_kinds(annotation)))


def _kinds(annotation: Any) -> list[str]:
    core, marks = peel(annotation)
    said = next((mark.words for mark in marks if isinstance(mark, Says)), None)
    null = ["null"] if optional(annotation) else []
    if said is not None:
        return [*said, *null]
    if get_origin(core) is Literal:
        return [str(word) for word in get_args(core)]
    if any(as_model(form) for form in (annotation, *forms(annotation))):
        return ["a mapping with a type" if variants(annotation) else "a mapping", *null]
    if forms(annotation):
        return [kind for form in forms(annotation) for kind in _kinds(form)] + null
    if items(annotation) is not None:
        return ["a list" if get_origin(core) is tuple else "a mapping"]
    return _SCALARS.get(core, ["a value"])
