"""What a failure becomes: a text on stderr and an exit code.

0  done      2  the config, the command line or the data is wrong      3  training diverged
1  other     4  a run directory is damaged or in use                   130  interrupted (143 by SIGTERM, 129 by SIGHUP)
"""

import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any

from nntrain.cli.console import BREAK, Painted, print_json, readable, say
from nntrain.cli.signals import said_to_end
from nntrain.cli.signals import wants_json as wants_json
from nntrain.cli.streams import OutputError
from nntrain.errors import ConfigError, Interrupted, NntrainError, RunError, UserError
from nntrain.visible import Lines, as_message, in_short, lines_of, visible

Expected = (NntrainError, KeyboardInterrupt, OSError, MemoryError)
"""What users meet without a bug in nntrain. Anything else ends in a traceback."""

_EXCERPT = re.compile(r" *\d* *\| ")  # a line of a config, or what is said below it
_POINTER = re.compile(r"( +\| +)(\^+)")  # what points at a mistake in it


def report(failure: BaseException, *, json: bool = False) -> int:
    """Say what went wrong on stderr, in one message without a traceback, and return the exit code.

    `failure` is one of `Expected`. With `json` stdout gets the same as an object: {"error": {…}}.
    """
    if isinstance(failure, BrokenPipeError) or (isinstance(failure, OutputError) and failure.reader_left):
        silence_stdout()
        return 0  # whoever read the output has seen enough
    if isinstance(failure, KeyboardInterrupt) and isinstance(failure.__context__, Interrupted):
        return report(failure.__context__, json=json)  # one more Ctrl-C, while that was on its way here
    if isinstance(failure, KeyboardInterrupt | Interrupted):
        said_to_end()
    text, code = _text_and_code(failure)
    text = as_message(text)  # the system's own words are no NntrainError
    say(*_colored(text, failure))
    if json:
        kind = "Interrupted" if isinstance(failure, KeyboardInterrupt) else type(failure).__name__
        problems = [_place(problem) for problem in failure.problems] if isinstance(failure, ConfigError) else None
        _print_error(kind, text, code, problems)
    return code


def report_usage(wrong: Any, *, json: bool = False) -> int:
    """Say on stderr how a command line cannot be parsed, an exception of typer, and return the exit code.

    With `json` stdout gets the same as an object.
    """
    message = wrong.format_message()
    context: Any = getattr(wrong, "ctx", None)
    usage = [] if context is None else context.get_usage().split("\n")
    if context is not None and message == context.get_help():  # no command was given
        message = Lines(*message.split("\n"))
        say(message)
    else:
        hint = [f"Try '{context.command_path} {context.help_option_names[0]}' for help.", ""] if usage else []
        message = as_message(message)
        say(Lines(*usage, *hint, f"Error: {message}"))
    if json:
        _print_error("UsageError", message, wrong.exit_code)
    code: int = wrong.exit_code
    return code


def report_bug(bug: Exception, *, json: bool = False) -> int:
    """Show the traceback of what should not have happened and say what to do with it; return the exit code."""
    say(
        Lines(
            *map(in_short, _traceback(bug)),
            "",
            "This is a bug in nntrain, not a mistake of yours. Please report it to the developers, with the text",
            "above, the config, and what `nntrain --version` says.",
        )
    )
    if json:
        _print_error(type(bug).__name__, as_message(str(bug)), 1)
    return 1


def _traceback(bug: BaseException) -> list[str]:
    """The lines of a traceback; the text of an exception is one of them, whatever values are in it."""
    text = "".join(traceback.format_exception(bug))
    found: BaseException | None = bug
    while found is not None:
        text = text.replace(f"{found}\n", f"{visible(str(found))}\n")
        found = found.__cause__ or found.__context__
    return text.removesuffix("\n").split("\n")


def error_object(kind: str, message: str, code: int, problems: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """What --json says of a failure: its type, the text for people, the exit code, and of a config every mistake."""
    error: dict[str, Any] = {"type": kind, "message": message, "exit_code": code}
    return error if problems is None else {**error, "problems": problems}


def _print_error(kind: str, message: str, code: int, problems: list[dict[str, Any]] | None = None) -> None:
    try:
        print_json({"error": error_object(kind, message, code, problems)})
        sys.stdout.flush()
    except (OSError, OutputError):  # stdout is closed or its disk is full: stderr has said what there is to say
        silence_stdout()


def _place(problem: Any) -> dict[str, Any]:
    """A mistake in a config (a `Problem` of config.diagnostics) as plain values; a place that is unknown is null."""
    text = problem.text
    known = problem.place is not text
    return {
        "file": in_short(text.name) if text.option is None else None,
        "option": text.name if text.option is not None else None,
        "line": problem.place.line if known and text.option is None else None,
        "column": problem.place.column if known and text.option is None else None,
        "message": as_message(problem.message),
        "hint": problem.hint and as_message(problem.hint),
    }


def _text_and_code(failure: BaseException) -> tuple[str, int]:
    if isinstance(failure, KeyboardInterrupt):
        return "interrupted", 130
    if isinstance(failure, MemoryError):
        return _memory_text(failure), UserError.exit_code
    if isinstance(failure, OSError):
        in_run = _in_run_directory(failure.filename)
        return _system_text(failure), RunError.exit_code if in_run else UserError.exit_code
    return str(failure), failure.exit_code if isinstance(failure, NntrainError) else 1


def _colored(text: str, failure: BaseException) -> list[str]:
    """The message in pieces. What is wrong is red: of a config each mistake and what points at it, else one line."""
    pieces: list[str] = []
    for number, line in enumerate(lines_of(text)):
        if isinstance(failure, ConfigError) and _EXCERPT.match(line):
            pointer = _POINTER.match(line)
            pieces += [BREAK, *([pointer[1], Painted(pointer[2], "bad"), line[pointer.end() :]] if pointer else [line])]
            continue
        for part in lines_of(readable(line, sys.stderr)):
            is_wrong = isinstance(failure, ConfigError) or number == 0
            pieces += [BREAK, Painted(part, "bad") if is_wrong else part]
    return pieces[1:]


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
    return Lines(
        f"not enough memory{detail}", "A smaller network, batch_size or data set needs less; so does dtype: float32."
    )


def _system_text(failure: OSError) -> str:
    reason = failure.strerror or str(failure)
    if failure.filename is None or isinstance(failure.filename, int):
        return f"a file could not be read or written: {reason}"
    return f"{os.fsdecode(failure.filename)}: {reason}"


def _in_run_directory(filename: str | bytes | int | None) -> bool:
    if filename is None or isinstance(filename, int):
        return False
    path = Path(os.fsdecode(filename))
    return any(os.path.isfile(folder / "status.json") for folder in (path, path.parent))
