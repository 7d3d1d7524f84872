"""Work on several cores: NumPy lets go of the interpreter lock inside its operations on long arrays.

Threads of our own, which sleep when they have nothing to do. Those of BLAS spin instead, and several processes that
spin on the same cores slow each other down a hundredfold; so BLAS is kept to one thread (see train/threads.py).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import TypeVar

T = TypeVar("T")


class _Worker:
    """A thread that does one job at a time and sleeps in between."""

    def __init__(self) -> None:
        self._start, self._done = threading.Lock(), threading.Lock()
        self._start.acquire()
        self._done.acquire()
        self._job: Callable[[], object] | None = None
        self._failure: BaseException | None = None
        threading.Thread(target=self._serve, name="nntrain-worker", daemon=True).start()

    def begin(self, job: Callable[[], object]) -> None:
        self._job, self._failure = job, None
        self._start.release()

    def end(self) -> BaseException | None:
        """Wait for the job; returns what it raised. A Ctrl-C in the meantime is raised once the job is done."""
        interrupt: KeyboardInterrupt | None = None
        while True:
            try:
                self._done.acquire()
                break
            except KeyboardInterrupt as error:
                interrupt = error
        return interrupt or self._failure

    def _serve(self) -> None:
        while True:
            self._start.acquire()
            try:
                if self._job is not None:
                    self._job()
            except BaseException as error:
                self._failure = error
            self._job = None
            self._done.release()


class _Crew:
    """The workers of this process. Whoever finds them at work does all of its own work by itself."""

    def __init__(self) -> None:
        self.workers: list[_Worker] = []
        self.free = threading.Lock()


_crew = _Crew()


def in_parallel(work: Callable[[T], object], parts: Sequence[T]) -> None:
    """Do `work(part)` for all parts at once, the first one in this thread; return when all are done.

    Handing work over and waiting for it costs about 15 µs. The other threads see this thread's context variables, of
    which np.errstate is one.

    Raises:
        Exception: what `work` raised, after every part has come to an end.
    """
    crew = _crew
    if len(parts) == 1 or not crew.free.acquire(blocking=False):
        for part in parts:
            work(part)
        return
    try:
        while len(crew.workers) < len(parts) - 1:
            crew.workers.append(_Worker())
        at_work = crew.workers[: len(parts) - 1]
        for worker, part in zip(at_work, parts[1:], strict=True):
            worker.begin(_job(copy_context(), work, part))
        failures: list[BaseException | None] = []
        try:
            work(parts[0])
        finally:
            failures += [worker.end() for worker in at_work]
    finally:
        crew.free.release()
    for failure in failures:
        if failure is not None:
            raise failure


def _job(context: Context, work: Callable[[T], object], part: T) -> Callable[[], object]:
    return lambda: context.run(work, part)


def _forget_workers() -> None:
    """Threads do not survive a fork: a child process makes its own."""
    global _crew
    _crew = _Crew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)
