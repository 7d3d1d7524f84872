"""Ctrl-C, SIGTERM and SIGHUP, which says that the terminal was closed.

While a network trains, the first of them asks it to stop after the batch, and a second Ctrl-C stops it at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

from nntrain.errors import Interrupted

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_AGAIN_SECONDS = 0.01


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, as an exception like that of Ctrl-C; `signal` is its number."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__()
        self.signal = int(number)


class _Handling:
    """A context in which signals are handled by the method `_handle`.

    Outside of the main thread, where Python lets nobody handle signals, it changes nothing; and a signal that whoever
    started the process wants ignored stays ignored.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._is_inside = False

    def __enter__(self) -> Self:
        self._earlier = sys.exc_info()[1]
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # None: of a program that Python is embedded in
                if (before := signal.getsignal(number)) not in (signal.SIG_IGN, None):
                    self._before[number] = before
                    signal.signal(number, self._hear)
        self._is_inside = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_inside = False
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._is_inside:
            self._handle(number, frame)
        else:  # an exception would leave handlers behind
            send_again(number)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        raise NotImplementedError

    def _may_raise(self, number: int, frame: FrameType | None) -> bool:
        """Whether it is the moment for an exception.

        It is not while one like it is on its way, for that is not to be kept from leaving things in order; nor where
        somebody might swallow it or make another exception of it: then the signal comes again a little later.
        """
        error = sys.exc_info()[1]
        while error is not None and error is not self._earlier:
            if isinstance(error, KeyboardInterrupt | Interrupted):
                return False
            error = error.__context__
        if _may_be_lost(frame):
            send_again(number)
            return False
        return True


class Interruption(_Handling):
    """A context in which a signal is a request, not an exception.

    Attributes:
        signal: the number of the signal that asked to stop, or None.
        is_over: whether nothing is left to stop; further signals are not heard.
        at_once: whether a second Ctrl-C raised KeyboardInterrupt; what comes of that is no mistake of anybody.
    """

    def __init__(self) -> None:
        super().__init__()
        self.signal: int | None = None
        self.is_over = self.at_once = False

    def asked(self) -> bool:
        """Whether training is to stop. Whoever trains asks once after every batch."""
        return self.signal is not None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.is_over:
            return
        if self.signal is not None and number == signal.SIGINT:
            if self._may_raise(number, frame):
                self.at_once = True
                raise KeyboardInterrupt
        else:
            self.signal = number


class Rehearsal(Interruption):
    """An interruption that comes by itself after so many batches, or never if None; real signals are heard as well.

    Attributes:
        took_place: whether it was this, and no real signal, that asked to stop.
    """

    def __init__(self, batches: int | None) -> None:
        super().__init__()
        self.took_place = False
        self._left = batches

    def asked(self) -> bool:
        """Whether training is to stop; counts the batch that was done."""
        if self._left is not None and self.signal is None:
            self._left -= 1
            if self._left == 0:
                self.took_place = True
                self.signal = int(signal.SIGINT)
        return super().asked()


class _Raising(_Handling):
    """See `terminable`."""

    _raised: int | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, Terminated):
            raise Interrupted("interrupted", signal=error.signal) from None
        if self._raised is not None and isinstance(error, Exception) and not isinstance(error, Interrupted):
            raise Interrupted("interrupted", signal=self._raised) from None  # whatever it was made into

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._may_raise(number, frame):
            self._raised = int(number)
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def terminable() -> _Raising:
    """Let SIGTERM and SIGHUP raise Terminated inside a block, so that it leaves what Ctrl-C leaves in order in order.

    The first signal is enough: until its exception has left the block no other one is raised. An Interruption inside
    the block has precedence. As there, only the main thread can do it, and a signal that is ignored stays so. A
    Terminated that nobody caught leaves the block as Interrupted.
    """
    return _Raising()


def send_again(number: int) -> None:
    """Let a signal that came at a bad moment come once more, a little later."""

    def send() -> None:
        time.sleep(_AGAIN_SECONDS)
        if os.name == "nt":
            signal.raise_signal(number)
        else:
            os.kill(os.getpid(), number)  # to the main thread first, which may be waiting for something

    threading.Thread(target=send, name="nntrain-signal", daemon=True).start()


def signal_of(interrupt: BaseException) -> int:
    """The number of the signal that an exception stands for."""
    return interrupt.signal if isinstance(interrupt, Interrupted | Terminated) else int(signal.SIGINT)


def _may_be_lost(frame: FrameType | None) -> bool:
    """Whether a module is being imported, or pydantic at work: it takes any exception for that of a value."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if frame.f_code.co_filename.startswith("<frozen importlib") or module.partition(".")[0] == "pydantic":
            return True
        frame = frame.f_back
    return False
