"""Configs of older versions of the config language, rewritten line by line, so that comments and layout stay.

A step leads from one version to the next. It is a list of renamed keys, each a dotted path whose `*` stands for every
item of a list or every key of a section; whatever more a later version needs is added here. Version 1 is the first, so
all that can be older is a config that does not say its version.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nntrain.errors import NEWER, ConfigError, what_newer_needs
from nntrain.language.anatomy import Path
from nntrain.language.diagnostics import Place, Problem, Text, config_error, show
from nntrain.language.load import Document, parse, read_text

# From each version to the one after it: old path → new name of its last key. 0 is a config that says no version.
STEPS: tuple[Mapping[str, str], ...] = ({},)

_KEY = "version"


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


def migrate(path: str | os.PathLike[str], *, steps: Sequence[Mapping[str, str]] = STEPS) -> Migration:
    """Rewrite a config for the present version of the config language.

    Only what is of older versions is looked at; whether the config is right otherwise is for `check` to say.

    Args:
        path: the config file; it is only read.
        steps: how to get from each version to the next.

    Raises:
        ConfigError: the file cannot be read as YAML, is of a newer version, or cannot be rewritten automatically.
    """
    text = read_text(path)
    document = _parsed(text)
    before, current = _version_of(document, len(steps)), len(steps)
    if before == current:
        return Migration(before, current, text.content, ())
    changes = []
    for step in steps[before:]:
        for old, new in step.items():
            document, renamed = _rename(document, tuple(old.split(".")), new)
            changes += renamed
    document, said = _say_version(document, current)
    return Migration(before, current, document.text.content, (*changes, said))


def _parsed(text: Text) -> Document:
    document = parse(text)
    if document.problems:
        raise config_error(document.problems)
    if not isinstance(document.data, dict):
        raise config_error([Problem("a config is a mapping of sections", text, "it needs at least data and network")])
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


# Renaming


def _rename(document: Document, pattern: Path, new: str) -> tuple[Document, list[str]]:
    """Give every key that matches the pattern another name, where it stands."""
    found = [path for path in document.keys if _matches(path, pattern)]
    for path in found:
        if (*path[:-1], new) in document.keys:
            message = f"{path[-1]!r} is now called {new!r}, which is there too"
            place, other = document.keys[path], document.keys[(*path[:-1], new)]
            raise config_error([Problem(message, place, "keep one of the two", other, "the new name")])
    if not found:
        return document, []
    edits = [(document.keys[path], new) for path in found]
    expected = _renamed(document.data, (), set(found), new)
    rewritten = _checked(document, _replaced(document.text, edits), expected)
    return rewritten, [f"renamed {'.'.join(map(str, path))} to {new}" for path in found]


def _matches(path: Path, pattern: Path) -> bool:
    return len(path) == len(pattern) and all(
        each == "*" or each == str(part) for part, each in zip(path, pattern, strict=True)
    )


def _renamed(value: Any, path: Path, found: set[Path], new: str) -> Any:
    """The data with those keys renamed."""
    if isinstance(value, list):
        return [_renamed(item, (*path, place), found, new) for place, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return {
        (new if (*path, key) in found else key): _renamed(child, (*path, key), found, new)
        for key, child in value.items()
    }


# The version


def _say_version(document: Document, version: int) -> tuple[Document, str]:
    """Put the version into the text, where it is or before the first section."""
    expected = {**document.data, _KEY: version}
    if _KEY in document.data:
        content = _replaced(document.text, [(document.values[(_KEY,)], str(version))])
        return _checked(document, content, expected), f"changed to `version: {version}`"
    content = _with_first_line(document, f"{_KEY}: {version}")
    return _checked(document, content, expected), f"added `version: {version}`"


def _with_first_line(document: Document, line: str) -> str:
    """The text with a line before its first section, behind the comments at the head of the file."""
    keys = [place for path, place in document.keys.items() if len(path) == 1]
    first = min(keys, key=lambda place: (place.line, place.column))
    lines = document.text.lines
    whole = document.values[()]
    if lines[whole.line - 1].startswith("{", whole.column - 1):  # {data: …, network: …}, all in braces
        return _replaced(document.text, [(Place(document.text, first.line, first.column, 0), f"{line}, ")])
    head, number = lines[first.line - 1][: first.column - 1], first.line
    while number > 1 and lines[number - 2].lstrip().startswith("#"):  # comments that belong to the section
        number -= 1
    if number == 1:  # they are the head of the file
        number = first.line
    content, start = document.text.content, _offset(document.text, number)
    end = "\r\n" if "\r\n" in content else "\n"
    return content[:start] + head + line + end + content[start:]


# Text


def _replaced(text: Text, edits: Sequence[tuple[Place, str]]) -> str:
    """The text with other words at some places."""
    content = text.content
    for place, new in sorted(edits, key=lambda edit: (edit[0].line, edit[0].column), reverse=True):
        start = _offset(text, place.line) + place.column - 1
        content = content[:start] + new + content[start + place.width :]
    return content


def _offset(text: Text, line: int) -> int:
    """Where a line begins in the content; lines count from 1."""
    mark = len(text.content) - len(text.content.removeprefix("\ufeff"))
    return mark + sum(len(each) for each in _with_ends(text, line - 1))


def _with_ends(text: Text, count: int) -> Iterator[str]:
    """The first `count` lines, each with what ends it."""
    rest = text.content.removeprefix("\ufeff")
    for line in text.lines[:count]:
        end = 2 if rest.startswith("\r\n", len(line)) else 1
        yield rest[: len(line) + end]
        rest = rest[len(line) + end :]


def _checked(before: Document, content: str, expected: Any) -> Document:
    """The new text, read again: it must say what was meant, whatever form the old one had."""
    text = Text(before.text.name, content)
    document = parse(text)
    if document.problems or document.data != expected:
        raise _not_automatic(before.text)
    return document


def _not_automatic(text: Text) -> ConfigError:
    hint = f"add the line `{_KEY}: {len(STEPS)}` to it by hand, and see what `nntrain check` says"
    return config_error([Problem("cannot be rewritten without changing more than its version", text, hint)])
