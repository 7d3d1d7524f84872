"""What the benchmarks share: side-by-side timing, the machine's description, rows of a Markdown table.

Times differ from machine to machine and from hour to hour; ratios of times that were taken in turn do so much less. So
a comparison runs its sides one after the other, again and again, and its result is the median of the ratios of each
round, with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

from nntrain.train.threads import available_cores, blas_threads

ROOT = Path(__file__).resolve().parent.parent

MISSING_PEER = "this benchmark needs {} to measure beside: pip install 'nntrain[benchmark]'"

# Seconds between two sides: threads of a numerical library go on spinning for a while after its last call.
REST = 0.2


@dataclass(frozen=True)
class Side:
    """One of the things that are compared.

    Attributes:
        name: unique within a comparison.
        run: does the work once.
        settings: makes a context that `run` is called in, such as a number of threads; entering it is not timed.
    """

    name: str
    run: Callable[[], object]
    settings: Callable[[], AbstractContextManager[object]] = nullcontext


def alternate(sides: Sequence[Side], repeats: int) -> dict[str, list[float]]:
    """Time all sides in turn, A B C A B C …, after one round that is thrown away.

    Returns:
        For each side's name, the seconds of each round.
    """
    seconds: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(repeats + 1):
        for side in sides:
            with side.settings():
                time.sleep(REST)
                started = time.perf_counter()
                side.run()
                seconds[side.name].append(time.perf_counter() - started)
    return {name: rounds[1:] for name, rounds in seconds.items()}


def fastest(seconds: Mapping[str, Sequence[float]], names: Sequence[str]) -> str:
    """Of several sides, the one with the smallest median: a peer is measured at its best setting."""
    return min(names, key=lambda name: statistics.median(seconds[name]))


@dataclass(frozen=True)
class Ratio:
    """How many times longer the peer takes: the median of the rounds, the smallest and the largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, peer: Sequence[float], own: Sequence[float], factor: float = 1.0) -> Ratio:
        """From the seconds of each round; `factor` is how much of the peer's work makes up the same work."""
        ratios = [factor * theirs / ours for theirs, ours in zip(peer, own, strict=True)]
        return cls(statistics.median(ratios), min(ratios), max(ratios))

    def __str__(self) -> str:
        return f"{_short(self.median)}× ({_short(self.low)}–{_short(self.high)})"


def _short(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.1f}" if ratio >= 9.95 else f"{ratio:.2f}"


def duration(seconds: Sequence[float]) -> str:
    """The median of some rounds in a unit that suits it, as `1.23 s` or `45.6 ms`."""
    median = statistics.median(seconds)
    return f"{median:.2f} s" if median >= 1 else f"{median * 1e3:.0f} ms" if median >= 0.1 else f"{median * 1e3:.1f} ms"


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print()
    for row in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(row)} |")
    print()


def arguments(description: str | None, *, repeats: int = 7) -> argparse.Namespace:
    """Read `--repeats` and `--quick`, which every benchmark has, and say what it runs on.

    Args:
        description: of the benchmark.
        repeats: how many rounds there are by default, at least 5.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--repeats", type=int, metavar="N", help=f"rounds to measure (default {repeats})")
    parser.add_argument("--quick", action="store_true", help="little work: to see that the program runs")
    given = parser.parse_args()
    if given.repeats is None:
        given.repeats = 2 if given.quick else repeats
    if given.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {given.repeats}")
    print(machine())
    if given.quick:
        print("--quick: the figures below say nothing about speed")
    print(flush=True)
    return given


def machine() -> str:
    """Versions, processor, cores, and how busy they are."""
    packages = " · ".join(_versions("numpy", "torch", "scikit-learn", "nntrain"))
    blas = {f"{lib['internal_api']} {lib['version']} ({lib.get('architecture', '?')})" for lib in threadpool_info()}
    text = (
        f"Python {platform.python_version()} · {packages}\n"
        f"BLAS and threads: {', '.join(sorted(blas))}\n"
        f"{_processor()}, {available_cores()} cores"
    )
    if not hasattr(os, "getloadavg"):
        return text
    load = os.getloadavg()[0]
    busy = "; other programs are running, and threads suffer most from that" if load > 0.5 else ""
    return f"{text}, load {load:.2f}{busy}"


def _versions(*names: str) -> Iterator[str]:
    for name in names:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def note(text: str) -> None:
    """Say on stderr what is being done."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """One BLAS thread."""
    with blas_threads(1):
        yield
