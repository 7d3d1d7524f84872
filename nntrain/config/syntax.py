"""Says in plain words what is wrong with a text that is not YAML."""

import re
from typing import Any

import yaml

from nntrain.config.diagnostics import Place, Problem, Text

_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAB_INDENT = re.compile("( *)(\t+)")
_NO_SPACE = re.compile(r"\s*(?:- )*[A-Za-z_][\w.-]*:(?=[^\s/\\])")

# Part of PyYAML's text → what it means, and what to do. PyYAML and libyaml word some of them differently.
_MEANING = (
    (
        "mapping values are not allowed",
        "a key cannot stand here",
        "check the indentation, or quote a text with ': '",
    ),
    ("could not find expected ':'", "a ':' is missing after this key", None),
    ("cannot start any token", "a text cannot begin with this character", "put the text in quotes"),
    ("directive", "a line cannot begin with %", "remove it"),
    ("node content", "a value is missing here", None),
    ("expected alphabetic or numeric character", "an anchor or alias has no name", "put a text with & or * in quotes"),
    ("unexpected end of stream", "the closing quote is missing", None),
    ("'-' indicator", "this line stands where the next '- ' of the list should", "check the indentation"),
    ("expected <block end>", "this line fits nothing above it", "check the indentation, the quotes and the brackets"),
    (
        "did not find expected key",
        "this line fits nothing above it",
        "check the indentation, the quotes and the brackets",
    ),
)


def control_character(text: Text) -> Problem | None:
    """Return the problem of the first character that no text should hold, or None."""
    found = _CONTROL.search(text.content)
    if found is None:
        return None
    before = Text("", text.content[: found.start()]).lines
    place = Place(text, len(before), len(before[-1]) + 1)
    return Problem(f"control character U+{ord(found.group()):04X}", place, "remove it")


def syntax_problem(error: yaml.YAMLError, text: Text, skip: int) -> Problem:
    """Return the problem that PyYAML stumbled over.

    Args:
        error: what PyYAML raised.
        text: what it read.
        skip: characters of the first line that it did not get to see.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Problem(f"not valid YAML: {error}", text)
    place = _place(text, mark, skip)
    tab = _tab_indent(text, place)
    if tab is not None:
        return Problem("a tab is used for indentation", tab, "YAML takes spaces only")
    said = str(getattr(error, "problem", ""))
    bracket = re.search(r"expected ',' or '([\]}])'", said)
    if bracket is not None:
        opened = _place(text, getattr(error, "context_mark", None) or mark, skip)
        message = f"not valid YAML: expected ',' or '{bracket[1]}'"
        return Problem(message, place, earlier=opened, earlier_note="opened here")
    meaning, hint = next(((meaning, hint) for part, meaning, hint in _MEANING if part in said), (said, None))
    if text.lines[place.line - 1].lstrip().startswith(":"):
        meaning, hint = "a key is missing before ':'", None
    if "closing quote" in meaning or "after this key" in meaning:
        place = _place(text, getattr(error, "context_mark", None) or mark, skip)
    return _missing_space(text, place, Problem(f"not valid YAML: {meaning}", place, hint))


def _place(text: Text, mark: Any, skip: int) -> Place:
    """Return the place of a mark; the end of the last line that holds something for one behind the text."""
    line = min(mark.line, len(text.lines) - 1)
    if line == mark.line and text.lines[line]:
        return Place(text, line + 1, mark.column + 1 + (skip if line == 0 else 0))
    while line > 0 and not text.lines[line]:
        line -= 1
    return Place(text, line + 1, len(text.lines[line]) + 1)


def _tab_indent(text: Text, place: Place) -> Place | None:
    for number in range(place.line, 0, -1):
        found = _TAB_INDENT.match(text.lines[number - 1])
        if found is not None:
            return Place(text, number, found.end(1) + 1, len(found[2]))
    return None


def _missing_space(text: Text, place: Place, otherwise: Problem) -> Problem:
    for number in range(place.line, max(0, place.line - 2), -1):
        found = _NO_SPACE.match(text.lines[number - 1])
        if found is not None:
            at = Place(text, number, found.end())
            return Problem("not valid YAML: a space is missing after ':'", at)
    return otherwise
