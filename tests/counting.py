"""Counts what a computation does, for tests of how its cost grows: a count is the same on every machine."""

import sys
import tracemalloc
from collections.abc import Callable
from typing import Any


def calls(work: Callable[[], Any]) -> int:
    """How many functions are called, those of Python's own included."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def kept(work: Callable[[], Any]) -> int:
    """How many bytes the result holds."""
    tracemalloc.start()
    try:
        result = work()
        size, _ = tracemalloc.get_traced_memory()
        del result
        return size - tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


class Watched(str):
    """A text that notes how often one like it is compared, which `calls` does not see where a list does it."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Watched.compared += 1
        return str.__eq__(self, other)
