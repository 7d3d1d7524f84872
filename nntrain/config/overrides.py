"""Settings changed from outside the file: `--set optimizer.learning_rate=0.1`, the values of a search's point."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from nntrain.config.diagnostics import Place, Problem, Text
from nntrain.config.dump import flow
from nntrain.config.load import Document, parse
from nntrain.config.paths import Part, PathError, put, trace
from nntrain.visible import visible


@dataclass(frozen=True)
class Override:
    """A new value of one setting.

    Attributes:
        text: what messages show.
        path: the dotted path.
        start: where the path begins in the text; negative where the text leaves out its first parts.
        value: the new value and its places.
    """

    text: Text
    path: str
    start: int
    value: Document


def from_argument(argument: str) -> Override:
    """Return the override that a command line argument `path=value` asks for; the value is YAML."""
    path, equals, _ = argument.partition("=")
    text = _text("--set", argument)
    start = len("--set ")
    if not equals:
        hint = "for example --set optimizer.learning_rate=0.1"
        problem = Problem("an override is path=value", Place(text, 1, start + 1, max(1, len(argument))), hint)
        return Override(text, path, start, Document(text, None, problems=(problem,), readable=False))
    return Override(text, path, start, parse(text, skip=start + len(path) + 1))


def from_value(path: str, value: Any, named: str, *, below: str = "") -> Override:
    """Return the override of a setting by a value.

    Args:
        path: the dotted path.
        value: plain data.
        named: what messages call the origin of the value.
        below: first parts of the path, which messages leave out (`search.space.`).
    """
    written = flow(value)
    text = _text(named, f"{path}={written}")
    start = len(named) + 1
    place = Place(text, 1, start + len(path) + 2, max(1, len(written)))
    return Override(text, below + path, start - len(below), Document(text, value, values={(): place}))


def apply(document: Document, overrides: Sequence[Override]) -> Document:
    """Return the document with the overrides in place, one after the other, and with their mistakes."""
    for override in overrides:
        document = _apply(document, override)
    return document


def _text(option: str, argument: str) -> Text:
    content = f"{option} {argument}"
    shown = visible(content)
    return Text(shown if len(shown) <= 100 else shown[:99] + "…", content, option=option)


def _apply(document: Document, override: Override) -> Document:
    problems = document.problems + override.value.problems
    document = replace(document, problems=problems, changes=(*document.changes, override.text))
    if not override.value.readable:
        return document
    try:
        parts = list(trace(override.path, document.data))
    except PathError as error:
        return replace(document, problems=(*problems, _path_problem(override, error)))
    path = parts[-1].spot.path
    data = put(document.data, path, override.value.data)
    keys = {key: place for key, place in document.keys.items() if key[: len(path)] != path}
    values = {key: place for key, place in document.values.items() if key[: len(path)] != path}
    for part in parts:
        if part.spot.path not in values:
            keys[part.spot.path] = _part_place(override, part)
    keys |= {path + below: place for below, place in override.value.keys.items()}
    values |= {path + below: place for below, place in override.value.values.items()}
    return replace(document, data=data, keys=keys, values=values)


def _part_place(override: Override, part: Part) -> Place:
    return Place(override.text, 1, max(1, override.start + part.start + 1), part.stop - part.start)


def _path_problem(override: Override, error: PathError) -> Problem:
    place = Place(override.text, 1, max(1, override.start + error.start + 1), max(1, error.stop - error.start))
    return Problem(str(error), place, error.hint)
