"""Settings changed from outside the file: `--set optimizer.learning_rate=0.1`, the values of a search's point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nntrain.language.anatomy import Path
from nntrain.language.diagnostics import Place, Problem, Text
from nntrain.language.dump import flow
from nntrain.language.load import Document, parse
from nntrain.language.paths import ItemNames, Part, PathError, put, trace
from nntrain.language.vocabulary import Vocabulary
from nntrain.visible import visible

ON_COMMAND_LINE = "--set"
"""The option that gives an override, and the `option` of its text."""
_MOST_EXPLAINED = 100  # paths that lead nowhere; for more of them nothing is proposed


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


def from_argument(argument: str, vocabulary: Vocabulary[Any]) -> Override:
    """The override that a command line argument `path=value` asks for; the value is YAML."""
    path, equals, _ = argument.partition("=")
    text = _text(ON_COMMAND_LINE, argument)
    start = len(ON_COMMAND_LINE) + 1
    if not equals:
        hint = f"for example {ON_COMMAND_LINE} {vocabulary.override}"
        problem = Problem("an override is path=value", Place(text, 1, start + 1, max(1, len(argument))), hint)
        return Override(text, path, start, Document(text, None, problems=(problem,), readable=False))
    return Override(text, path, start, parse(text, skip=start + len(path) + 1))


def from_value(path: str, value: Any, named: str, *, below: str = "") -> Override:
    """The override of a setting by a value.

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


def apply(document: Document, overrides: Sequence[Override], vocabulary: Vocabulary[Any]) -> Document:
    """The document with the overrides in place, one after the other, and with their mistakes."""
    if not overrides:
        return document
    edited = _Edited(document, vocabulary)
    for override in overrides:
        edited.apply(override)
    return replace(
        document,
        data=edited.data,
        keys=edited.keys.all,
        values=edited.values.all,
        problems=(*document.problems, *edited.problems),
        changes=(*document.changes, *(override.text for override in overrides)),
    )


def _text(option: str, argument: str) -> Text:
    content = f"{option} {argument}"
    shown = visible(content)
    return Text(shown if len(shown) <= 100 else shown[:99] + "…", content, option=option)


class _Edited:
    """A document that many overrides change; each costs what it changes, not what the document holds."""

    def __init__(self, document: Document, vocabulary: Vocabulary[Any]) -> None:
        self.vocabulary = vocabulary
        self.data = document.data
        self.keys, self.values = _Places(document.keys), _Places(document.values)
        self.problems: list[Problem] = []
        self._made: dict[int, Any] = {}
        self._names = ItemNames()
        self._unknown = 0

    def apply(self, override: Override) -> None:
        self.problems += override.value.problems
        if not override.value.readable:
            return
        try:
            explained = self._unknown < _MOST_EXPLAINED
            parts = list(trace(override.path, self.data, self.vocabulary, self._names, explained=explained))
        except PathError as error:
            self._unknown += 1
            self.problems.append(_path_problem(override, error))
            return
        path = parts[-1].spot.path
        self.data = put(self.data, path, override.value.data, self.vocabulary.root, self._made)
        if isinstance(path[-1], int) or path[-1] == "name":  # all else leaves the names in a list as they are
            self._names = ItemNames()
        self.keys.remove(path)
        self.values.remove(path)
        for part in parts:
            if part.spot.path not in self.values.all:
                self.keys.add(part.spot.path, _part_place(override, part))
        for below, place in override.value.keys.items():
            self.keys.add(path + below, place)
        for below, place in override.value.values.items():
            self.values.add(path + below, place)


class _Places:
    """Places by path, from which all that is below a path can be taken out."""

    def __init__(self, places: Mapping[Path, Place]) -> None:
        self.all = dict(places)
        self._below: dict[Path, dict[Path, None]] = {}
        for path in places:
            self._note(path)

    def add(self, path: Path, place: Place) -> None:
        self.all[path] = place
        self._note(path)

    def remove(self, path: Path) -> None:
        """Take out a path and all below it."""
        waiting = [path]
        while waiting:
            each = waiting.pop()
            self.all.pop(each, None)
            waiting += self._below.pop(each, ())
        if path:
            self._below.get(path[:-1], {}).pop(path, None)

    def _note(self, path: Path) -> None:
        while path:
            beside = self._below.setdefault(path[:-1], {})
            if path in beside:
                return
            beside[path] = None
            path = path[:-1]


def _part_place(override: Override, part: Part) -> Place:
    return Place(override.text, 1, max(1, override.start + part.start + 1), part.stop - part.start)


def _path_problem(override: Override, error: PathError) -> Problem:
    place = Place(override.text, 1, max(1, override.start + error.start + 1), max(1, error.stop - error.start))
    return Problem(str(error), place, error.hint)
