"""Texts as they may be shown: no value from a file, a config or the command line steers a terminal or deceives.

Every message is one line, and what would break it, move the cursor, color, hide or reorder is shown as Python escapes
it: a line break as \\n, U+202E as \\u202e. Only a text that was made of several lines on purpose, `Lines`, has more.
"""

import unicodedata

LONGEST = 2000
"""How many characters a line of a message has at most: what holds a value of any length can still be read."""

# Letters and marks that no font draws. `str.isprintable` knows all else that is not seen.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")


def is_visible(text: str) -> bool:
    """Whether each character is seen, where it stands: no control, no format character, no lone surrogate."""
    return text.isprintable() and (text.isascii() or _UNSEEN.isdisjoint(text))


def visible(text: str) -> str:
    """A text of one line as it may be shown."""
    if is_visible(text):
        return str(text)
    return "".join(char if is_visible(char) else char.encode("unicode_escape").decode() for char in text)


class Lines(str):
    """A text of several lines that were meant to be lines, each of them visible. `str(error)` keeps the type."""

    def __new__(cls, *parts: str) -> "Lines":
        """The parts below each other: one that is `Lines` stays several lines, any other is one."""
        return super().__new__(cls, "\n".join(visible(line) for part in parts for line in lines_of(part)))

    def __str__(self) -> str:
        return self

    def __reduce__(self) -> tuple[type["Lines"], tuple[str, ...]]:  # for copies and pickles
        return Lines, tuple(lines_of(self))


def lines_of(text: str) -> list[str]:
    """The lines of a text: one, unless it is `Lines`."""
    return text.split("\n") if isinstance(text, Lines) else [text]


def prefixed(before: str, text: str) -> Lines:
    """A text with something before its first line."""
    first, *others = lines_of(text)
    return Lines(before + first, *others)


def as_message(text: str) -> str:
    """A text, of several lines if it is `Lines`, as an error or a warning has it: visible, and no line too long."""
    return Lines(*map(in_short, lines_of(text))) if isinstance(text, Lines) else in_short(visible(text))


def in_short(line: str) -> str:
    """A line of at most LONGEST characters: of a longer one the beginning and the end, and how much is between."""
    if len(line) <= LONGEST:
        return line
    left_out = f" … {len(line):,} characters in all … "
    kept = LONGEST - len(left_out)
    return f"{line[: kept - kept // 3]}{left_out}{line[-(kept // 3) :]}"


def json_visible(text: str) -> str:
    """A JSON text that says the same, with what is not seen as \\u escapes."""
    return "\n".join(line if is_visible(line) else "".join(map(_json_char, line)) for line in text.split("\n"))


def _json_char(char: str) -> str:
    if is_visible(char):
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


def cell_width(text: str) -> int:
    """How many columns of a terminal a text takes: East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
