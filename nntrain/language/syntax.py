"""Says in plain words what is wrong with a text that is not YAML."""

import re
from typing import Any

from yaml.scanner import ScannerError

from nntrain.language.diagnostics import Place, Problem, Text

_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAB_INDENT = re.compile("( *)(\t+)")
_CLOSING = {"[": "]", "{": "}"}
_QUOTED = re.compile(r"""'(?:[^']|'')*'(?!')|"(?:[^"\\]|\\.)*\"""")
_DIRECTIVE_LINE = re.compile(r"\ufeff?(?:[ \t]*(?:#.*)?\r?\n)*%")
_NO_SPACE = re.compile(r"\s*(?:- )*[A-Za-z_][\w.-]*:(?=[^\s/\\])")

# What an error means is told from where PyYAML stopped and from what it was reading, never from its words: they differ
# between its two parsers and change from release to release. Each entry is a meaning and what to do about it.
_Meaning = tuple[str, str | None]
_CHECK = "check the indentation, the quotes and the brackets"
_UNKNOWN: _Meaning = ("the text cannot be understood from here on", _CHECK)
_DIRECTIVE: _Meaning = ("a line cannot begin with %", "remove it")
_TAG: _Meaning = ("this is no complete tag", "a config is plain data; remove the tag, or put a text with ! in quotes")
_NO_COLON: _Meaning = ("a ':' is missing after this key", None)
_NO_QUOTE: _Meaning = ("the closing quote is missing", None)
_ESCAPE: _Meaning = ("this is no escape sequence", "write a backslash as \\\\, or use single quotes")
# By the first character of what could not be read to its end.
_BEGUN: dict[str, _Meaning] = {
    **dict.fromkeys("&*", ("an anchor or alias has no name", "put a text with & or * in quotes")),
    **dict.fromkeys("|>", ("nothing but a comment may follow | or >", "write the text below it, or put it in quotes")),
    "!": _TAG,
    "%": _DIRECTIVE,
}
# By the character that may not stand where it does.
_MISPLACED: dict[str, _Meaning] = {
    **dict.fromkeys(":?", ("a key cannot stand here", "check the indentation, or quote a text with ': '")),
    **dict.fromkeys("@`%", ("a text cannot begin with this character", "put the text in quotes")),
    "-": ("a list cannot begin here", "write its items on lines of their own, or as [a, b]"),
}


def control_character(text: Text) -> Problem | None:
    """The problem of the first character that no text should hold, or None."""
    found = _CONTROL.search(text.content)
    if found is None:
        return None
    before = Text("", text.content[: found.start()]).lines
    place = Place(text, len(before), len(before[-1]) + 1)
    return Problem(f"control character U+{ord(found.group()):04X}", place, "remove it")


def syntax_problem(error: Exception, text: Text, skip: int, reached: Any) -> Problem:
    """The problem that PyYAML stumbled over.

    Args:
        error: what PyYAML raised.
        text: what it read.
        skip: characters of the first line that it did not get to see.
        reached: the mark up to which it could read; None if it could not at all.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # no error that PyYAML means to raise
        return Problem(f"not valid YAML: {_UNKNOWN[0]}", _place(text, reached, skip) if reached else text, _CHECK)
    place = _place(text, mark, skip)
    tab = _tab_indent(text, place)
    if tab is not None:
        return Problem("a tab is used for indentation", tab, "YAML takes spaces only")
    context = getattr(error, "context_mark", None)
    begun = _place(text, context, skip) if context is not None else place
    if isinstance(error, ScannerError):
        meaning, place = _unfinished(text, begun, place)
    elif context is None:
        meaning, place = _behind(text, place)
    elif begun != place and (closing := _CLOSING.get(_rest(text, begun)[:1])):
        message = f"not valid YAML: expected ',' or '{closing}'"
        return Problem(message, place, earlier=begun, earlier_note="opened here")
    else:
        meaning = _unexpected(text, begun, place)
    if text.lines[place.line - 1].lstrip().startswith(":"):
        meaning = ("a key is missing before ':'", None)
    return _missing_space(text, place, Problem(f"not valid YAML: {meaning[0]}", place, meaning[1]))


def _unfinished(text: Text, begun: Place, place: Place) -> tuple[_Meaning, Place]:
    """What is wrong with a single token, and where: it began at one place and cannot go on at the other."""
    first, here = _rest(text, begun)[:1], _rest(text, place)
    if begun == place:
        return _MISPLACED.get(here[:1], _UNKNOWN), place
    if first in _BEGUN:
        return _BEGUN[first], begun if first == "%" else place
    backslash = text.lines[place.line - 1].rfind("\\", max(0, place.column - 3), place.column)
    if first == '"' and here and backslash >= 0:
        return _ESCAPE, Place(text, place.line, backslash + 1)
    if first in ("'", '"') and not _QUOTED.match(_rest(text, begun)):
        return _NO_QUOTE, begun
    return _NO_COLON, begun


def _behind(text: Text, place: Place) -> tuple[_Meaning, Place]:
    """What is wrong with what stands outside of everything, and where: a directive, or more than one value."""
    directive = _DIRECTIVE_LINE.match(text.content)
    if directive is None:
        return _UNKNOWN, place
    return _DIRECTIVE, Place(text, len(Text("", directive.group()).lines), 1)


def _unexpected(text: Text, begun: Place, place: Place) -> _Meaning:
    """What is wrong with a token that is none by itself, in what began at `begun`."""
    if begun == place:
        return _TAG if _rest(text, place).startswith("!") else ("a value is missing here", None)
    if re.match(r"-(\s|$)", _rest(text, begun)):
        return "this line stands where the next '- ' of the list should", "check the indentation"
    return "this line fits nothing above it", _CHECK


def _rest(text: Text, place: Place) -> str:
    """The line from a place on."""
    return text.lines[place.line - 1][place.column - 1 :]


def _place(text: Text, mark: Any, skip: int) -> Place:
    """The place of a mark; the end of the last line that holds something for one behind the text."""
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
