"""Where output goes: results to stdout, progress and messages to stderr; with --json one object to stdout."""

import io
import json
import math
import os
import shutil
import sys
import textwrap
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 1000  # columns where no terminal limits them


Style = Literal["good", "doubtful", "bad", "calm"]
_COLORS: dict[Style, str] = {"good": "32", "doubtful": "33", "bad": "31", "calm": "36"}  # green, yellow, red, cyan


class Painted(str):
    """A text that is shown in a color where there is one. It is as wide as without."""

    style: Style

    def __new__(cls, text: str, style: Style) -> "Painted":
        """The text and what it is to look like."""
        painted = super().__new__(cls, text)
        painted.style = style
        return painted


def has_color(stream: TextIO) -> bool:
    """Whether a stream shows colors: a terminal that knows them. NO_COLOR takes them away, FORCE_COLOR gives them.

    An empty variable is as good as none (no-color.org), and so is FORCE_COLOR=0.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    term = os.environ.get("TERM", "dumb")
    if os.name == "nt" and "WT_SESSION" in os.environ:  # Windows Terminal; the old console shows escapes as they are
        term = "windows"
    return stream.isatty() and term not in ("dumb", "unknown", "")


def painted(text: str, style: Style, stream: TextIO | None = None) -> str:
    """The text in the color of the style, if the stream (stdout by default) shows colors."""
    if not text or not has_color(stream or sys.stdout):
        return text
    return f"\x1b[{_COLORS[style]}m{text}\x1b[0m"


def line_width(stream: TextIO | None = None) -> int:
    """How many columns a line may take on a stream, by default stdout: a terminal's width, 1000 in a file or pipe."""
    limited = (stream or sys.stdout).isatty() or "COLUMNS" in os.environ
    return shutil.get_terminal_size().columns if limited else PIPE_WIDTH


def folded(text: str, width: int, *, indent: str = "") -> list[str]:
    """A text in lines of at most `width` characters, broken between words only: paths and names stay whole.

    Every line but the first begins with `indent`.
    """
    lines = textwrap.wrap(text, max(1, width), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return lines or [""]


def print_folded(text: str, style: Style | None = None) -> None:
    """Print a text on stdout, folded between words where the terminal is too narrow for it."""
    for line in folded(text, line_width()):
        print(line if style is None else painted(line, style))


def readable(text: str, stream: TextIO) -> str:
    """A message of some lines for a stream: on a terminal prose is folded between words.

    What is laid out (a table, a line of a config) stays as it is, and a command that ends a line gets one of its own.
    """
    if not stream.isatty():
        return text
    return "\n".join(part for line in text.split("\n") for part in _readable_line(line, line_width(stream)))


def _readable_line(line: str, width: int) -> list[str]:
    prose, command, arguments = line.partition("nntrain ")
    if len(line) <= width or "  " in line or prose.endswith("`"):
        return [line]
    if command and prose:
        return [*folded(prose.rstrip(), width), f"  {command}{arguments}"]
    return [line] if command else folded(line, width)


def messages() -> "Console":
    """A console on stderr, for progress. Text is shown as it is: brackets are no markup, numbers no colors."""
    from rich.console import Console

    class Patient(Console):
        def on_broken_pipe(self) -> None:
            """Let the exception reach who can tell what it means; rich itself would end the process."""
            raise

    return Patient(file=sys.stderr, highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """One message on stderr, exactly as it is."""
    sys.stderr.write(f"{text}\n")  # at once: a signal that comes between a text and its line break would part them
    sys.stderr.flush()


def warn(text: str) -> None:
    """One warning on stderr."""
    text = readable(f"warning: {text}", sys.stderr).removeprefix("warning:")
    say(painted("warning:", "doubtful", sys.stderr) + text)


def print_json(value: object) -> None:
    """One JSON object on stdout: keys as given, non-finite numbers as null, other than UTF-8 escaped."""
    text = json.dumps(as_json(value), indent=2, allow_nan=False, ensure_ascii=not shows(sys.stdout.encoding, "é▁漢"))
    print(text)


def as_json(value: object) -> Any:
    """Dicts, lists, strings and numbers in place of dataclasses, arrays, paths and tuples; NaN becomes None."""
    if hasattr(value, "tolist"):  # a NumPy array or scalar, without importing NumPy here
        return as_json(value.tolist())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)


def shows(encoding: str | None, text: str) -> bool:
    """Whether the encoding, of a stream, can write the text."""
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def prepare_streams() -> None:
    """Let no name or path that the terminal cannot write (LC_ALL=C, a Windows code page) be an exception."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def number(value: float | None) -> str:
    """A score or a loss for a table: four decimals, or four digits where those hide it; "-" if undefined."""
    if value is None or math.isnan(value):
        return "-"
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.3e}"
    return f"{value:.4f}"


def bytes_text(count: float) -> str:
    """A size such as "1.2 MiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def seconds_text(seconds: float) -> str:
    """A duration: "0.42 s" or, of whole seconds, "3 s" below ten seconds; then "0:42", "12:05", "3:07:00"."""
    if seconds < 10:
        return f"{seconds} s" if isinstance(seconds, int) else f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def count_text(count: int, singular: str, plural: str | None = None) -> str:
    """ "1 epoch", "12,000 epochs"."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
