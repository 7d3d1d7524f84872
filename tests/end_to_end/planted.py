"""A text that attacks a terminal, planted wherever a text can come from, and what may reach the terminal of it."""

import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from nntrain.cli.app import main
from nntrain.visible import is_visible

FORGED = "FORGED"  # begins the line that the planted line break wants to begin
MARK = (
    f"\x1b]0;PWNED\x07\x9b31m\u202e\n{FORGED}\x1b[31mRED\x1b[0m[bold red]:smile:"
    "\r\x08\x7f\x0b\x0c\t\x85\u2028\u200b\u2066\u200e\u061c\u3164\U000e0041"
)
"""For files; without a comma, a quote or a surrogate, which mean something there."""
ARGUMENT = MARK + "\udc9b"  # a command line may hold bytes that are no UTF-8
FILE_NAME = MARK.replace("/", "")

_COLORS = re.compile(r"\x1b\[(?:0|31|32|33|36)m")
_DRAWN = re.compile(r"\x1b\[\?25[lh]|\x1b\[\d*[AK]|\r|" + _COLORS.pattern)  # by rich: cursor, and lines drawn over


class Screen(io.TextIOWrapper):
    """A stream into memory that may say that it is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="", write_through=True)
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._terminal

    def shown(self) -> str:
        """All that was written to it."""
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode("utf-8")


@dataclass(frozen=True)
class Printed:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path, terminal: bool = False) -> Printed:
    """Run a command here, in front of a terminal that shows colors, or into pipes."""
    with pytest.MonkeyPatch.context() as patch:
        out, err = Screen(terminal=terminal), Screen(terminal=terminal)
        patch.setattr(sys, "argv", [f"nntrain{MARK}", *map(str, arguments)])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        if terminal:
            patch.setenv("TERM", "xterm-256color")
            patch.delenv("NO_COLOR", raising=False)
            patch.setenv("COLUMNS", "100")
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code
    return Printed(code if isinstance(code, int) else 0, out.shown(), err.shown())


def complaints(shown: str, *, terminal: bool = False) -> Iterator[str]:
    """What should not have reached the stream, each as a line."""
    if f"\x1b[31mRED{_COLORS.pattern}" in shown or "\x1b[31mRED" in shown:
        yield "a color that is not nntrain's own"
    rest = _DRAWN.sub("", shown) if terminal else shown
    for line in rest.split("\n"):
        if not is_visible(line):
            yield f"raw: {line!r}"
        if line.lstrip(" |").startswith(FORGED):
            yield f"forged: {line!r}"


def holds(text: object) -> bool:
    """Whether a parsed JSON value has the mark in it, as it was planted."""
    if isinstance(text, dict):
        return any(holds(part) for item in text.items() for part in item)
    return any(map(holds, text)) if isinstance(text, list) else isinstance(text, str) and MARK in text


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all texts and keys in a JSON document; that of a key ends in None."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key, None)
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value[:2]):
            yield from leaves(item, (*path, place))
    else:
        yield path


def planted(value: Any, path: tuple[Any, ...]) -> Any:
    """A copy of a JSON document with the mark behind the text, or for the value or the key, at a path."""
    if not path:
        return f"{value}{MARK}" if isinstance(value, str) else MARK
    first, *rest = path
    if rest == [None]:
        return {f"{key}{MARK}" if key == first else key: item for key, item in value.items()}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    copies = {key: planted(item, tuple(rest)) if key == first else item for key, item in items}
    return copies if isinstance(value, dict) else list(copies.values())


def vouch(run_directory: Path, name: str) -> None:
    """Let status.json have the checksum of a file as it is now."""
    path = run_directory / "status.json"
    status = json.loads(path.read_text(encoding="utf-8"))
    status["sha256"][name] = sha256((run_directory / name).read_bytes()).hexdigest()
    path.write_text(json.dumps(status), encoding="utf-8")
