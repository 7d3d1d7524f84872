"""What a failure becomes: a text on stderr and an exit code.

0  done      2  the config, the command line or the data is wrong      3  training diverged
1  other     4  a run directory is damaged or in use                   130  interrupted (143 by SIGTERM)
"""

import os
import sys
import traceback
from pathlib import Path

from nntrain.cli.console import say
from nntrain.errors import Interrupted, NntrainError, RunError, UserError

Expected = (NntrainError, KeyboardInterrupt, OSError, MemoryError)
"""What users meet without a bug in nntrain. Anything else ends in a traceback."""


def report(failure: BaseException) -> int:
    """Say what went wrong on stderr, in one message without a traceback, and return the exit code.

    `failure` is one of `Expected`.
    """
    if isinstance(failure, BrokenPipeError):
        silence_stdout()
        return 0  # whoever read the output has seen enough
    if isinstance(failure, KeyboardInterrupt):
        if isinstance(failure.__context__, Interrupted):  # one more Ctrl-C, while that was on its way here
            return report(failure.__context__)
        say("interrupted")
        return 130
    if isinstance(failure, MemoryError):
        say(_memory_text(failure))
        return UserError.exit_code
    if isinstance(failure, OSError):
        say(_system_text(failure))
        return RunError.exit_code if _in_run_directory(failure.filename) else UserError.exit_code
    say(str(failure))
    return failure.exit_code if isinstance(failure, NntrainError) else 1


def report_bug(bug: Exception) -> int:
    """Show the traceback of what should not have happened and say what to do with it; return the exit code."""
    traceback.print_exception(bug)
    say(
        "\nThis is a bug in nntrain, not a mistake of yours. Please report it to the developers, with the text\n"
        "above, the config, and what `nntrain --version` says."
    )
    return 1


def silence_stdout() -> None:
    """Send what is still buffered for a closed pipe nowhere, so that the interpreter's last flush succeeds."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # stdout is no real file (a test's, a notebook's)
        pass


def _memory_text(failure: MemoryError) -> str:
    detail = f": {failure}" if str(failure) else ""
    return f"not enough memory{detail}\nA smaller network, batch_size or data set needs less; so does dtype: float32."


def _system_text(failure: OSError) -> str:
    reason = failure.strerror or str(failure)
    if failure.filename is None or isinstance(failure.filename, int):
        return f"a file could not be read or written: {reason}"
    return f"{os.fsdecode(failure.filename)}: {reason}"


def _in_run_directory(filename: str | bytes | int | None) -> bool:
    if filename is None or isinstance(filename, int):
        return False
    path = Path(os.fsdecode(filename))
    return any((folder / "status.json").is_file() for folder in (path, path.parent))
