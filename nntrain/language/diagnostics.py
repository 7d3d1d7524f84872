"""How mistakes are shown: where, what, and what to do.

configs/iris.yaml:14:3: unknown key 'learning_rat' in optimizer (adam)
   14 |   learning_rat: 0.01
      |   ^^^^^^^^^^^^ did you mean 'learning_rate'?
1 error in configs/iris.yaml
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from nntrain.errors import ConfigError
from nntrain.visible import Lines, cell_width, is_visible, lines_of, prefixed

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML takes for the end of a line
_WIDEST = 110  # longer lines are shown in part
_CONTEXT = 50  # columns shown before the caret of a longer line
_MOST_SHOWN = 50
_MOST_CHANGES_SHOWN = 4
IN_PYTHON = "config"
"""What messages call a config that is a dict, and the `option` of its text."""


@dataclass(frozen=True)
class Text:
    """A text that mistakes are found in: the config file, or one override.

    Args:
        name: what the text is called in messages.
        content: the text itself.
        option: where an override comes from (`--set`), or IN_PYTHON; None for a file. All but files are shown without
            line and column.
    """

    name: str
    content: str = field(repr=False)
    option: str | None = None

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends and without a byte order mark."""
        return LINE_BREAK.split(self.content.removeprefix("\ufeff"))


@dataclass(frozen=True, slots=True)
class Place:
    """`width` characters of a text, 0 for an empty value; line and column count from 1."""

    text: Text
    line: int
    column: int
    width: int = 1

    @property
    def written(self) -> str:
        """The characters themselves."""
        return self.text.lines[self.line - 1][self.column - 1 : self.column - 1 + self.width]


@dataclass(frozen=True)
class Problem:
    """A mistake with its place in a text, ready to be shown.

    Args:
        message: what is wrong; `Lines` where it has several.
        place: where; a whole text when no one place in it is to blame.
        hint: what to do about it; `Lines` where it has several.
        earlier: the place that this one contradicts, shown above it.
        earlier_note: what to say there.
    """

    message: str
    place: Place | Text
    hint: str | None = None
    earlier: Place | None = None
    earlier_note: str = "first here"

    @property
    def text(self) -> Text:
        """The text that the mistake is in."""
        return self.place if isinstance(self.place, Text) else self.place.text

    def render(self) -> Lines:
        """The text that is shown, of one or more lines."""
        if isinstance(self.place, Text):
            return Lines(prefixed(f"{self.place.name}: ", self.message), *_hint_lines("", self.hint))
        where = self.place.text.name
        if self.place.text.option is None:
            where += f":{self.place.line}:{self.place.column}"
        earlier = [] if self.earlier is None else _excerpt(self.earlier, self.earlier_note)
        return Lines(prefixed(f"{where}: ", self.message), *earlier, *_excerpt(self.place, self.hint))


def config_error(problems: Sequence[Problem], changes: Sequence[Text] = ()) -> ConfigError:
    """The error that reports all problems, those of the file by line, then those of overrides.

    Args:
        problems: one or more.
        changes: the overrides that are in effect; what is wrong in the file may follow from them.
    """
    # A text can be among the changes twice (--set), and counts where it was first.
    turns = {change: turn for turn, change in reversed([*enumerate(changes, start=1)])}
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: _order(problem, turns))
    shown: list[str] = [problem.render() for problem in ordered[:_MOST_SHOWN]]
    if len(ordered) > _MOST_SHOWN:
        shown.append(f"… and {len(ordered) - _MOST_SHOWN:,} more")
    count = "1 error" if len(ordered) == 1 else f"{len(ordered):,} errors"
    texts = dict.fromkeys(problem.text.option or problem.text.name for problem in ordered)
    last = f"{count} in {' and '.join(texts)}"
    if changes and any(problem.text.option in (None, IN_PYTHON) for problem in ordered):
        last += f", with {', '.join(change.name for change in changes[:_MOST_CHANGES_SHOWN])}"
    return ConfigError(Lines(*shown, last), ordered)


def show(value: object) -> str:
    """A value as messages quote it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value}"[:40]
        case str():
            return repr(value if len(value) <= 40 else value[:37] + "…")
        case list() | tuple():
            return "a list" if value else "an empty list"
        case dict():
            return "a mapping" if value else "an empty mapping"
        case _:
            return f"a value of type {type(value).__name__}"


def one_of(words: Sequence[str]) -> str:
    """'a', 'a or b', or 'a, b or c'."""
    return _joined(words, "or")


def all_of(words: Sequence[str]) -> str:
    """'a', 'a and b', or 'a, b and c'."""
    return _joined(words, "and")


def _joined(words: Sequence[str], conjunction: str) -> str:
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def _order(problem: Problem, turns: Mapping[Text, int]) -> tuple[int, int, int]:
    """What problems are sorted by: those of the file or the dict, then those of each override."""
    override = problem.text.option not in (None, IN_PYTHON)
    text = turns.get(problem.text, 1) if override else 0
    return (text, 0, 0) if isinstance(problem.place, Text) else (text, problem.place.line, problem.place.column)


def _excerpt(place: Place, note: str | None) -> list[str]:
    lines = place.text.lines
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    start = place.column - 1
    end = max(start + 1, min(start + place.width, len(line)))
    first = start - _CONTEXT if len(line) > _WIDEST and start > _CONTEXT else 0
    before, marked = _visible(line[first:start]), _visible(line[start : min(end, start + _WIDEST + 1)])
    after = _visible(line[end : first + max(_WIDEST, end - first)])
    if first:
        before = "…" + before
    if len(marked) > _WIDEST:
        marked, after = marked[:_WIDEST], "…"
    elif end < len(line) and len(line) > first + _WIDEST:
        after += "…"
    number = f"{place.line:>5}" if place.text.option is None else " " * 5
    pointer = " " * cell_width(before) + "^" * max(1, cell_width(marked))
    return [f"{number} | {before}{marked}{after}".rstrip(), *_hint_lines(pointer, note)]


def _hint_lines(pointer: str, hint: str | None) -> list[str]:
    first, *others = lines_of(hint or "")
    marked = f"      | {pointer} {first}".rstrip() if pointer else f"      | {first}"
    return ([marked] if pointer or first else []) + [f"      | {other}" for other in others]


def _visible(text: str) -> str:
    """A text of one printed line: a tab is one space, and what would move the cursor is shown as a dot."""
    return "".join(char if is_visible(char) else " " if char == "\t" else "·" for char in text)
