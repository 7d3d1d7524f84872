"""Signals, from the first line of the program on. It imports next to nothing, for Ctrl-C may come at once."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` stands on; that takes longer to import
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

SIGNALS: list[int] = [
    getattr(_signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(_signal, name)
]  # SIGHUP: the terminal was closed; Windows has none


class AtOnce:
    """A context, of the whole process, in which Ctrl-C, SIGTERM and SIGHUP end it with a word and an exit code.

    They do not raise: a module that is being imported may swallow an exception or make another one of it, and so may a
    destructor. What leaves something behind handles signals in its own way meanwhile (workflows/interruption.py), and
    when that is on its way out, with a message of its own, this lets it go. What was to be ignored when the process was
    started (nohup, a job in the background) stays ignored.

    Attributes:
        is_over: whether the process ends already, and has said so.
    """

    def __init__(self) -> None:
        self.is_over = False

    def __enter__(self) -> None:
        self._heard = [number for number in SIGNALS if _signal.getsignal(number) not in (_signal.SIG_IGN, None)]
        for number in self._heard:
            _signal.signal(number, self._end)
        sys.unraisablehook = self._not_raised

    def __exit__(self, *_: object) -> None:
        for number in self._heard:
            _signal.signal(number, _signal.SIG_IGN)  # nothing is left to stop, and the interpreter could stumble

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self.is_over:  # one more, before this is
            return
        error = sys.exc_info()[1]
        while error is not None:
            if isinstance(error, KeyboardInterrupt) or hasattr(error, "signal"):  # or Interrupted
                return
            error = error.__context__
        self.is_over = True
        _write(2, "interrupted\n")
        if wants_json(sys.argv[1:]):
            _write(1, _JSON % (128 + number))
        os._exit(128 + number)

    def _not_raised(self, lost: sys.UnraisableHookArgs) -> None:
        """Let a signal that came while an object was destroyed, where exceptions are lost, come once more."""
        if isinstance(lost.exc_value, KeyboardInterrupt):
            from nntrain.workflows.run.interruption import send_again, signal_of

            send_again(signal_of(lost.exc_value))
        else:
            sys.__unraisablehook__(lost)


def said_to_end() -> None:
    """Let no further signal be answered: the word of an interruption is on its way, and the process at its end."""
    for number in SIGNALS:
        at_once = getattr(_signal.getsignal(number), "__self__", None)
        if isinstance(at_once, AtOnce):
            at_once.is_over = True


_JSON = """{
  "error": {
    "type": "Interrupted",
    "message": "interrupted",
    "exit_code": %d
  }
}
"""


def _write(descriptor: int, text: str) -> None:
    try:  # noqa: SIM105  contextlib takes its time to import
        os.write(descriptor, text.encode())
    except OSError:  # the terminal is gone, say
        pass


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, even if it is wrong and cannot be parsed."""
    words = list(arguments)
    return "--json" in (words[: words.index("--")] if "--" in words else words)
