"""YAML text → plain data, with the place of every key and value.

The text is read event by event, and never by PyYAML's constructors: no tag makes an object, an alias is the value that
it names, and size, depth and number of values are bounded before they cost memory.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from nntrain.language.anatomy import Path
from nntrain.language.diagnostics import Place, Problem, Text, config_error
from nntrain.language.scalars import read_scalar
from nntrain.language.suggest import did_you_mean, near
from nntrain.language.syntax import control_character, syntax_problem

MAX_BYTES = 1 << 20
MAX_VALUES = 100_000
MAX_DEPTH = 32

_PARSER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "map", "seq")}
_TEXT_TAGS = {"!", "tag:yaml.org,2002:str"}
_FORGOTTEN = "\0"  # stands in paths for what is read and not kept


@dataclass(frozen=True)
class Document:
    """What a YAML text says, and where.

    Attributes:
        text: the text.
        data: mappings, lists and scalars.
        keys: place of each key, by the path of its value.
        values: place of each value.
        problems: mistakes of the YAML itself.
        changes: the overrides that are in `data`.
        readable: whether `data` is all that the text says; it is not after a mistake of syntax.
    """

    text: Text
    data: Any
    keys: dict[Path, Place] = field(repr=False, default_factory=dict)
    values: dict[Path, Place] = field(repr=False, default_factory=dict)
    problems: tuple[Problem, ...] = ()
    changes: tuple[Text, ...] = ()
    readable: bool = True

    def place(self, path: Path, *, key: bool = False) -> Place | None:
        """The place of a value or of a key, or of the nearest thing around it that the text has.

        The key stands in for a value that is empty or begins on another line.
        """
        while path:
            named, value = self.keys.get(path), self.values.get(path)
            if named is not None and (key or value is None or value.line != named.line or not value.width):
                return named
            if value is not None:
                return value
            path, key = path[:-1], False
        return None


class _Stop(Exception):
    """The text cannot be read further, because of `problem`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Refused(Exception):
    """PyYAML raised `error`."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def read_text(path: str | os.PathLike[str]) -> Text:
    """The text of a config file.

    Raises:
        ConfigError: there is no such file, or it is a directory, too large or not UTF-8.
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise config_error([_unreadable(name, error)]) from None
    if len(content) > MAX_BYTES:
        text = Text(name, "")
        raise config_error([Problem(f"the file is larger than {MAX_BYTES >> 20} MiB", text)])
    try:
        return Text(name, content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise config_error([_not_utf8(name, content, error.start)]) from None


def _unreadable(name: str, error: OSError | ValueError) -> Problem:
    text = Text(name, "")
    path = FilePath(name)
    if isinstance(error, IsADirectoryError):
        inside = path / "config.yaml"
        hint = did_you_mean(inside) if os.path.isfile(inside) else None
        return Problem("is a directory, not a config file", text, hint)
    if isinstance(error, FileNotFoundError):
        try:
            beside = [entry.name for entry in path.parent.iterdir() if entry.suffix in (".yaml", ".yml")]
        except FileNotFoundError:
            return Problem("no such file", text, f"the directory '{path.parent}' does not exist")
        except OSError:  # one can go through the directory, but not look what else is in it
            beside = []
        close = near(path.name, beside)
        return Problem("no such file", text, did_you_mean(path.with_name(close)) if close else None)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return Problem(f"cannot be read: {reason}", text)


def _not_utf8(name: str, content: bytes, offset: int) -> Problem:
    text = Text(name, content.decode("utf-8", errors="replace"))
    before = Text(name, content[:offset].decode("utf-8")).lines
    hint = "save the file as UTF-8"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        hint += "; it looks like UTF-16"
    place = Place(text, len(before), len(before[-1]) + 1)
    return Problem(f"not UTF-8 text: byte 0x{content[offset]:02x} at offset {offset}", place, hint)


def parse(text: Text, *, skip: int = 0) -> Document:
    """What the YAML in a text says.

    Args:
        text: the text.
        skip: characters of its first line that come before the YAML (`--set path=`).
    """
    reader = _Reader(text, skip)
    try:
        data, readable = reader.read(), True
    except (_Stop, _Refused) as stop:
        reader.problems.append(stop.problem if isinstance(stop, _Stop) else _refused(reader, stop.error))
        data, readable = None, False
    return Document(text, data, reader.keys, reader.values, tuple(reader.problems), readable=readable)


def _refused(reader: "_Reader", error: Exception) -> Problem:
    """The problem of a text that PyYAML refused.

    PyYAML looks far ahead, and its releases limit nesting differently, with words of their own or with a
    RecursionError: what they refuse so may lie behind what is already too deep here. So the text before is read again.
    """
    mark = getattr(error, "problem_mark", None)
    before = reader.content[: _deep_bracket(reader.content) if mark is None else mark.index]
    try:
        _Reader(reader.text, reader.skip, before).read()
    except _Stop as found:
        return found.problem
    except _Refused:
        pass  # because it is cut off, or as before
    if isinstance(error, MemoryError):
        raise error
    return syntax_problem(error, reader.text, reader.skip, reader.reached)


def _deep_bracket(content: str) -> int:
    """The end of the bracket that is one too deep, or 0; those in quotes and comments count as well."""
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", content):
        depth = depth + 1 if bracket.group() in "[{" else max(0, depth - 1)
        if depth > MAX_DEPTH:
            return bracket.end()
    return 0


class _Reader:
    """Reads the YAML in a text; `content` is that YAML, or as much of it as is to be read."""

    def __init__(self, text: Text, skip: int, content: str | None = None) -> None:
        self.text = text
        self.skip = skip
        self.content = text.content.removeprefix("\ufeff")[skip:] if content is None else content
        self.reached: Any = None  # the end of the last event
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Any, int] | None] = {}  # value and number of values; None while it is read
        self.count = 0
        self.events = self._events()

    def read(self) -> Any:
        """What the text says; adds to `keys`, `values` and `problems`.

        Raises:
            _Stop: it cannot be read further.
            _Refused: PyYAML cannot read it further.
        """
        data = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    raise self._stop("a config is one YAML document; a second one begins here", event)
            elif isinstance(event, yaml.NodeEvent):
                data = self._value(event, (), 1)
        return data

    def _events(self) -> Iterator[Any]:
        problem = control_character(self.text)
        if problem is not None:
            raise _Stop(problem)
        try:
            for event in yaml.parse(self.content, Loader=_PARSER):
                self.reached = event.end_mark
                yield event
        except Exception as error:  # its parser in Python does not stop at its own exceptions
            raise _Refused(error) from None

    def _value(self, event: Any, path: Path, depth: int) -> Any:
        self.count += 1
        if depth > MAX_DEPTH:
            raise self._stop(f"nested deeper than {MAX_DEPTH} levels", event)
        if self.count > MAX_VALUES:
            raise self._stop(f"the file holds more than {MAX_VALUES} values", event)
        self.values[path] = self._at(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self.count
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        value = self._node(event, path, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.count - before + 1)
        return value

    def _node(self, event: Any, path: Path, depth: int) -> Any:
        self._check_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            plain = not event.style and event.tag not in _TEXT_TAGS
            return read_scalar(event.value) if plain or event.tag in _PLAIN_TAGS else event.value
        is_list = isinstance(event, yaml.SequenceStartEvent)
        value, end = self._list(path, depth) if is_list else self._mapping(path, depth)
        if event.flow_style:
            self.values[path] = self._at(event, end)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            self.problems.append(Problem(f"no anchor '&{event.anchor}' before this alias", self._at(event)))
            return None
        anchored = self.anchors[event.anchor]
        if anchored is None:
            raise self._stop("the alias stands for a value that contains it", event)
        value, size = anchored
        self.count += size - 1
        if self.count > MAX_VALUES:
            raise self._stop(f"aliases repeat more than {MAX_VALUES} values", event)
        return value

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _PLAIN_TAGS | _TEXT_TAGS:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            hint = "a config is plain data; remove the tag"
            self.problems.append(Problem(f"unknown tag {tag[:60]}", self._at(event), hint))

    def _list(self, path: Path, depth: int) -> tuple[list[Any], Any]:
        result: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            result.append(self._value(event, (*path, len(result)), depth + 1))
        return result, event

    def _mapping(self, path: Path, depth: int) -> tuple[dict[str, Any], Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, depth)
            if key is None or key in result:
                if key is not None:
                    self._duplicate(event, (*path, key))
                self._value(next(self.events), (*path, _FORGOTTEN), depth + 1)
                continue
            self.keys[(*path, key)] = self._at(event)
            result[key] = self._value(next(self.events), (*path, key), depth + 1)
        return result, event

    def _key(self, event: Any, depth: int) -> str | None:
        """A key as text, or None where it cannot be one."""
        if not isinstance(event, yaml.ScalarEvent):
            self._value(event, (_FORGOTTEN,), depth + 1)
            self.problems.append(Problem("a key must be a word, not a list, a mapping or an alias", self._at(event)))
            return None
        self._check_tag(event)
        plain = not event.style
        if plain and event.value == "<<":
            problem = Problem("merge keys (<<) are not part of the config language", self._at(event), "repeat the keys")
        elif plain and not event.value:
            problem = Problem("a key is missing before ':'", self._at(event))
        else:
            return str(event.value)
        self.problems.append(problem)
        return None

    def _duplicate(self, event: Any, path: Path) -> None:
        section = ".".join(map(str, path[:-1]))
        message = f"duplicated key {path[-1]!r} {f'in {section}' if section else 'at the top level'}"
        self.problems.append(Problem(message, self._at(event), "again here", earlier=self.keys[path]))

    def _at(self, event: Any, last: Any = None) -> Place:
        """The place from the start of one event to the end of another, or as much of it as is on one line."""
        start, end = event.start_mark, (last or event).end_mark
        lines = self.text.lines
        if start.line >= len(lines):  # an empty value at the very end
            return Place(self.text, len(lines), len(lines[-1]) + 1, 0)
        column = start.column + (self.skip if start.line == 0 else 0)
        if end.line == start.line:
            width = end.column - start.column
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            width = 1
        else:
            width = len(lines[start.line]) - column
        return Place(self.text, start.line + 1, column + 1, width)

    def _stop(self, message: str, event: Any) -> _Stop:
        return _Stop(Problem(message, self._at(event)))
