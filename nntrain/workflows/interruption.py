"""Ctrl-C and SIGTERM.

While a network trains, the first of them asks it to stop after the batch, and a second Ctrl-C stops it at once.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any, Self

from nntrain.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """A context in which a signal is a request, not an exception.

    Outside of the main thread, where Python lets nobody handle signals, it changes nothing; and a signal that whoever
    started the process wants ignored stays ignored.

    Attributes:
        signal: the number of the signal that asked to stop, or None.
        is_over: whether nothing is left to stop; further signals are not heard.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.is_over = False
        self._before: dict[int, Any] = {}

    def asked(self) -> bool:
        """Whether training is to stop. Whoever trains asks once after every batch."""
        return self.signal is not None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._handle) for number in heard}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.is_over:
            return
        if self.signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
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


class Terminated(KeyboardInterrupt):
    """SIGTERM, as an exception like that of Ctrl-C."""


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Let SIGTERM raise Terminated inside the block, so that what Ctrl-C leaves in order is left in order by it too.

    An Interruption inside the block has precedence. As there, only the main thread can do it, and a signal that is
    ignored stays so. A Terminated that nobody caught leaves the block as Interrupted.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        yield
    except Terminated:
        raise Interrupted("interrupted", signal=int(signal.SIGTERM)) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise_terminated(number: int, frame: FrameType | None) -> None:
    raise Terminated


def signal_of(interrupt: KeyboardInterrupt | Interrupted) -> int:
    """The number of the signal that an exception stands for."""
    if isinstance(interrupt, Interrupted):
        return interrupt.signal
    return int(signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT)
