"""Configs of older versions of a language, rewritten in place, so that comments and layout stay.

A step leads from one version to the next. A config that does not say its version is one of the first.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.errors import NEWER, ConfigError, what_newer_needs
from nntrain.language.diagnostics import LINE_BREAK, Place, Problem, Text, config_error, show
from nntrain.language.hints import for_nothing
from nntrain.language.load import Document, parse, read_text
from nntrain.language.vocabulary import Vocabulary

_KEY = "version"


@dataclass(frozen=True)
class Edit:
    """Another text for a place of a config, and what is said of it."""

    place: Place
    text: str
    said: str


Rewriting = Callable[[Document], Sequence[Edit]]
"""What has to change in a config of one version, for the next one."""


@dataclass(frozen=True)
class Migration:
    """A config as a newer version has it.

    Attributes:
        before: the version that it said, or 0 if it said none.
        version: the one it has now.
        text: its text now; to the byte what it was where nothing had to change.
        changes: what was changed, in words.
    """

    before: int
    version: int
    text: str
    changes: tuple[str, ...]


def migrate(path: str | os.PathLike[str], vocabulary: Vocabulary[Any], steps: Sequence[Rewriting]) -> Migration:
    """The config in a file, rewritten for the present version.

    Only what is of older versions is looked at; whether the config is right otherwise is for a check to say.

    Args:
        path: the config file; it is only read.
        vocabulary: what a config may say.
        steps: from each version to the next, the first of them from version 1.

    Raises:
        ConfigError: the file cannot be read as YAML, is of a newer version, or cannot be rewritten automatically.
    """
    document, current = _read(path, vocabulary), len(steps) + 1
    before = _version_of(document, current)
    if before == current:
        return Migration(before, current, document.text.content, ())
    changes = []
    by_hand = f"add the line `{_KEY}: {current}` to it by hand, and see what `{vocabulary.checker}` says"
    for step in steps[max(before, 1) - 1 :]:
        edits = step(document)
        document = _rewritten(document, edits, by_hand)
        changes += [edit.said for edit in edits]
    edit = _version_edit(document, current)
    expected = {**document.data, _KEY: current}
    document = _rewritten(document, [edit], by_hand)
    if document.data != expected:
        raise _not_automatic(document.text, by_hand)
    return Migration(before, current, document.text.content, (*changes, edit.said))


def _read(path: str | os.PathLike[str], vocabulary: Vocabulary[Any]) -> Document:
    text = read_text(path)
    document = parse(text)
    if document.problems:
        raise config_error(document.problems)
    if not isinstance(document.data, dict):
        raise config_error([Problem("a config is a mapping of sections", text, for_nothing(vocabulary))])
    return document


def _version_of(document: Document, current: int) -> int:
    if _KEY not in document.data:
        return 0
    version, place = document.data[_KEY], document.place((_KEY,)) or document.text
    if isinstance(version, float) and version.is_integer():
        version = int(version)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        known = "1" if current == 1 else f"a number from 1 to {current}"
        raise config_error([Problem(f"version must be {known}, got {show(version)}", place)])
    if version > current:
        raise config_error([Problem(f"version {version} {NEWER}", place, what_newer_needs("version", current))])
    return version


def _version_edit(document: Document, version: int) -> Edit:
    """The edit that puts the version where it is, or before the first section, behind the head of the file."""
    line = f"{_KEY}: {version}"
    if _KEY in document.data:
        return Edit(document.values[(_KEY,)], str(version), f"changed to `{line}`")
    keys = [place for path, place in document.keys.items() if len(path) == 1]
    first = min(keys, key=lambda place: (place.line, place.column))
    lines, whole = document.text.lines, document.values[()]
    if lines[whole.line - 1].startswith("{", whole.column - 1):  # {data: …, network: …}, all in braces
        return Edit(Place(document.text, first.line, first.column, 0), f"{line}, ", f"added `{line}`")
    number = first.line
    while number > 1 and lines[number - 2].lstrip().startswith("#"):  # comments that belong to the section
        number -= 1
    if number == 1:  # they are the head of the file
        number = first.line
    indent = lines[first.line - 1][: first.column - 1]
    end = "\r\n" if "\r\n" in document.text.content else "\n"
    return Edit(Place(document.text, number, 1, 0), indent + line + end, f"added `{line}`")


def _rewritten(document: Document, edits: Sequence[Edit], by_hand: str) -> Document:
    """The document with its edits, read again."""
    content = document.text.content
    for edit in sorted(edits, key=lambda edit: (edit.place.line, edit.place.column), reverse=True):
        start = _offset(content, edit.place)
        content = content[:start] + edit.text + content[start + edit.place.width :]
    rewritten = parse(Text(document.text.name, content))
    if rewritten.problems:
        raise _not_automatic(document.text, by_hand)
    return rewritten


def _offset(content: str, place: Place) -> int:
    """Where a place begins in the content, which may begin with a byte order mark."""
    start = len(content) - len(content.removeprefix("\ufeff"))
    ends = [start, *(found.end() for found in LINE_BREAK.finditer(content))]
    return ends[place.line - 1] + place.column - 1


def _not_automatic(text: Text, by_hand: str) -> ConfigError:
    return config_error([Problem("cannot be rewritten without changing more than its version", text, by_hand)])
