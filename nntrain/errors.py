"""The family of exceptions.

NntrainError            1   anything nntrain raises on purpose
├── UserError           2   the command line, the config or the data is wrong
│   ├── ConfigError     2   … the config, with file, line and column of every mistake
│   └── DataError       2   … the data, with file, row and column
├── DivergedError       3   training produced a non-finite loss or weight
├── RunError            4   a run directory is damaged, incomplete or in use
└── Interrupted  129…143   stopped by Ctrl-C (130), SIGTERM (143) or SIGHUP (129); what was reached is saved

The number is the exit code of the command line.
"""

from collections.abc import Iterable
from typing import Any

from nntrain.visible import as_message

NEWER = "is that of a newer nntrain"
"""How the refusal of a file that a newer nntrain wrote goes on behind `version 2` or `format 2`, wherever that is."""


def what_newer_needs(kind: str, known: int) -> str:
    """What to do about a `kind` ("version", "format") beyond `known`, the highest that this nntrain reads."""
    return f"this nntrain reads {kind}s up to {known}: use the nntrain that wrote it, or a later one"


class NntrainError(Exception):
    """Base of every exception that nntrain raises on purpose; its text is fit for the user as it stands.

    It is one line, whatever values are in it, unless it was given as `Lines`; no line has more than `visible.LONGEST`
    characters.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(as_message(message))


class UserError(NntrainError):
    """The command line, the config or the data is wrong: nothing was trained and nothing was created."""

    exit_code = 2


class ConfigError(UserError):
    """One or more mistakes in a config; the text lists all of them with file, line, column and caret.

    `problems` has them one by one (config.diagnostics.Problem), so that several errors can be reported as one.
    """

    def __init__(self, message: str, problems: Iterable[Any] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class DataError(UserError):
    """The data cannot be used.

    `setting` is the dotted config path that is to blame where there is one (`data.target`), so that whoever knows
    the config file can add the line and the column.
    """

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting


class DivergedError(NntrainError):
    """Every member's loss or weights became non-finite before anything worth keeping was reached."""

    exit_code = 3


class RunError(NntrainError):
    """A run directory is damaged, incomplete or in use by another process."""

    exit_code = 4


class Interrupted(NntrainError):
    """Training was stopped by Ctrl-C, SIGTERM or SIGHUP; what was reached is in the run directory.

    `signal` is the number of the signal; the exit code is 128 more, as shells have it.
    """

    def __init__(self, message: str, *, signal: int = 2) -> None:
        super().__init__(message)
        self.signal = signal
        self.exit_code = 128 + signal
