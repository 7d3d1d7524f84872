"""Where output goes: results to stdout, progress and messages to stderr; with --json one object to stdout.

All that nntrain prints passes through here, and nothing else writes to either stream: a text is shown as
`nntrain.visible` has it, so that the only escapes that leave are the colors of `Painted` texts and what rich draws the
`Display` with.
"""

import contextlib
import io
import json
import math
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TextIO

from nntrain.visible import Lines, as_message, json_visible, lines_of, prefixed, visible

if TYPE_CHECKING:
    from rich.live import Live

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


def _shown(piece: str, stream: TextIO) -> str:
    """A piece of a line as it is written to a stream: in its color, if it is `Painted` and the stream shows colors."""
    text = piece if isinstance(piece, Lines) else visible(piece)
    if not isinstance(piece, Painted) or not text or not has_color(stream):
        return text
    return f"\x1b[{_COLORS[piece.style]}m{text}\x1b[0m"


BREAK = Lines("", "")
"""A piece that begins a new line."""


def put(*pieces: str, stream: TextIO | None = None) -> None:
    """Print pieces of one line, or `Lines`, on a stream, by default stdout."""
    stream = stream or sys.stdout
    # at once: a signal that comes between a text and its line break would part them
    stream.write("".join([*(_shown(piece, stream) for piece in pieces), "\n"]))


def say(*pieces: str) -> None:
    """One message on stderr, from its pieces."""
    put(*pieces, stream=sys.stderr)
    sys.stderr.flush()


def warn(text: str) -> None:
    """One warning on stderr."""
    say(*warning_pieces(text, sys.stderr))


def put_warning(text: str) -> None:
    """One warning on stdout, among the results."""
    put(*warning_pieces(text, sys.stdout))


def warning_pieces(text: str, stream: TextIO) -> list[str]:
    """A warning for a stream, as pieces."""
    first, *others = lines_of(readable(prefixed("warning: ", as_message(text)), stream))
    return [Painted("warning:", "doubtful"), Lines(first.removeprefix("warning:"), *others)]


def line_width(stream: TextIO | None = None) -> int:
    """How many columns a line may take on a stream, by default stdout: a terminal's width, 1000 in a file or pipe."""
    limited = (stream or sys.stdout).isatty() or "COLUMNS" in os.environ
    return shutil.get_terminal_size().columns if limited else PIPE_WIDTH


def folded(text: str, width: int, *, indent: str = "") -> list[str]:
    """A text in lines of at most `width` characters, broken between words only: paths and names stay whole.

    Every line but the first begins with `indent`.
    """
    text = visible(text)  # before it would take a line break in a value for a space
    lines = textwrap.wrap(text, max(1, width), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return lines or [""]


def print_folded(text: str, style: Style | None = None) -> None:
    """Print a text on stdout, folded between words where the terminal is too narrow for it."""
    for line in folded(text, line_width()):
        put(line if style is None else Painted(line, style))


def readable(text: str, stream: TextIO) -> Lines:
    """A message, of several lines if it is `Lines`, for a stream: on a terminal prose is folded between words.

    What is laid out (a table, a line of a config) stays as it is, and a command that ends a line gets one of its own.
    """
    if not stream.isatty():
        return Lines(text)
    return Lines(*(part for line in lines_of(Lines(text)) for part in _readable_line(line, line_width(stream))))


def _readable_line(line: str, width: int) -> list[str]:
    prose, command, arguments = line.partition("nntrain ")
    if len(line) <= width or "  " in line or prose.endswith("`"):
        return [line]
    if command and prose:
        return [*folded(prose.rstrip(), width), f"  {command}{arguments}"]
    return [line] if command else folded(line, width)


class Display:
    """Lines on stderr, a terminal, that are drawn over, with messages above them. Whoever writes meets its OSErrors."""

    def __init__(self) -> None:
        from rich.console import Console

        class Patient(Console):
            def on_broken_pipe(self) -> None:
                """Let the exception reach who can tell what it means; rich itself would end the process."""
                raise

        # Text is shown as it is: brackets are no markup, numbers no colors.
        self._console = Patient(file=sys.stderr, highlight=False, markup=False, emoji=False)
        self._live: Live | None = None

    @property
    def width(self) -> int:
        """The columns of the terminal."""
        return self._console.width

    @property
    def encoding(self) -> str:
        """Of the terminal."""
        return self._console.encoding

    def draw(self, lines: Sequence[str]) -> None:
        """Draw lines in the place of those before."""
        from rich.live import Live
        from rich.text import Text

        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
            self._live.start()
        self._live.update(Text(Lines(*lines), no_wrap=True, overflow="crop"), refresh=True)

    def warn(self, text: str) -> None:
        """Print a warning above the lines."""
        from rich.text import Text

        shown = Text("".join(warning_pieces(text, sys.stderr)))
        if has_color(sys.stderr):
            shown.stylize("yellow", 0, len("warning:"))
        self._console.print(shown, soft_wrap=True)

    def stop(self) -> None:
        """Leave the lines as they are; the next ones are drawn below them."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()


def print_json(value: object) -> None:
    """One JSON object on stdout: keys as given, non-finite numbers as null, other than UTF-8 escaped.

    So is what is not seen, which leaves the texts what they are.
    """
    text = json.dumps(as_json(value), indent=2, allow_nan=False, ensure_ascii=not shows(sys.stdout.encoding, "é▁漢"))
    sys.stdout.write(f"{json_visible(text)}\n")


def put_text(text: str) -> None:
    """A text with its own line ends on stdout: the bytes of its UTF-8; on a terminal as it may be shown."""
    if sys.stdout.isatty():
        put(Lines(*text.replace("\r\n", "\n").removesuffix("\n").split("\n")))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()


@contextlib.contextmanager
def csv_stream() -> Iterator[TextIO]:
    """Stdout as UTF-8 with plain line feeds, for CSV goes to files and pipes; a terminal stays as it is."""
    if not isinstance(sys.stdout, io.TextIOWrapper) or sys.stdout.isatty():
        yield sys.stdout
        return
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")  # a run may name anything
    try:
        yield sys.stdout
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.reconfigure(encoding=encoding, errors=errors, newline=None)


def visible_cells(cells: Iterable[object]) -> list[object]:
    """The cells of a row as a terminal gets them; in a file or pipe they are data, and exact."""
    return [visible(cell) if isinstance(cell, str) else cell for cell in cells]


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
