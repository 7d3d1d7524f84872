"""What is shown while training goes on, on stderr: a live display on a terminal, a few plain lines elsewhere.

The training loop is never held up for it: an epoch costs a few microseconds, and the display is drawn at most
ten times a second. Nor is it ever stopped by it: when stderr is closed or full, the display falls silent.
"""

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from nntrain.cli.console import count_text, messages, say, seconds_text, shows
from nntrain.workflows.listener import FitInfo, Listener

if TYPE_CHECKING:
    from rich.live import Live

    from nntrain.train.records import EpochRecord

REDRAW_SECONDS = 0.1
PLAIN_LINES = 15  # about as many lines as a run prints where there is no terminal
BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-:=+*#"  # the same heights, roughly, for terminals without the blocks
CURVE_POINTS = 512  # at most twice as many losses are kept for the sparkline


class Curve:
    """The course of one quantity in bounded memory: every second point goes when there are too many."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.lowest = math.inf
        self.lowest_epoch = 0
        self._stride = 1

    def add(self, epoch: int, value: float) -> None:
        """Take the value of an epoch (counted from 1)."""
        if value < self.lowest:
            self.lowest, self.lowest_epoch = value, epoch
        if epoch % self._stride:
            return
        self.values.append(value)
        if len(self.values) >= 2 * CURVE_POINTS:
            self.values = self.values[1::2]
            self._stride *= 2


def sparkline(values: list[float], width: int, blocks: str = BLOCKS) -> str:
    """The values as a line of at most `width` blocks, the lowest value the lowest block; a gap where not
    finite.

    Several values that share a block are shown by their mean.
    """
    step = max(1, math.ceil(len(values) / max(1, width)))
    means = []
    for start in range(0, len(values), step):
        finite = [value for value in values[start : start + step] if math.isfinite(value)]
        means.append(sum(finite) / len(finite) if finite else math.nan)
    finite_means = [value for value in means if not math.isnan(value)]
    if not finite_means:
        return " " * len(means)
    low, span = min(finite_means), max(finite_means) - min(finite_means)
    top = len(blocks) - 1
    heights = (0.0 if span == 0 else (value - low) / span for value in means)
    return "".join(" " if math.isnan(height) else blocks[round(height * top)] for height in heights)


class Progress(Listener):
    """Follows one or several trainings, one after the other, and shows nothing: the listener of --quiet.

    `started` may be called again, by a search for each of its populations and for the last fit.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.record: EpochRecord | None = None
        self._clock = clock

    def started(self, info: FitInfo) -> None:
        """A training of `info.members` networks starts."""
        self.info = info
        self.record = None
        self.curve = Curve()
        self.curve_name = ""
        self._began = self._clock()
        self._seconds = 0.0
        self._examples = 0

    def epoch(self, record: "EpochRecord") -> None:
        """An epoch is done."""

    def warned(self, message: str) -> None:
        """Something that the user should know."""
        with _unless_closed():
            say(f"warning: {message}")

    def close(self) -> None:
        """No more epochs come."""

    def _follow(self, record: "EpochRecord") -> None:
        """Count the epoch in: a few microseconds."""
        self.record = record
        self._seconds += record.seconds
        self._examples += record.examples * len(record.members)
        if not self.curve_name:
            self.curve_name = "validation.loss" if "validation.loss" in record.values else "training.loss"
        losses = record.values.get(self.curve_name)
        if losses is not None and len(losses):
            self.curve.add(record.epoch, float(losses.min()))

    def _head(self) -> str:
        info = self.info
        sizes = f"{info.training:,} training, {info.validation:,} validation, {info.test:,} test examples"
        networks = "" if info.members == 1 else f"{info.members:,} networks of "
        return f"{info.name}: {sizes}; {networks}{count_text(info.parameters, 'parameter')}; {info.run}"

    def _parts(self, record: "EpochRecord") -> list[tuple[int, str]]:
        """What there is to say of an epoch, in order; for want of room the highest rank is dropped first."""
        width = len(str(self.info.epochs))
        parts = [(0, f"epoch {record.epoch:>{width}}/{self.info.epochs}")]
        if self.info.members == 1:
            shown = ["training.loss", "validation.loss", _first_metric(record), "learning_rate"]
            for rank, name in zip((3, 1, 4, 6), shown, strict=True):
                if name in record.values and len(record.values[name]):
                    parts.append((rank, f"{_words(name)} {float(record.values[name][0]):.4g}"))
        else:
            parts.append((1, f"{len(record.members):,} of {self.info.members:,} still training"))
            parts.append((3, f"lowest {_words(self.curve_name)} {self.curve.lowest:.4g}"))
        if self._seconds > 0:
            parts.append((5, f"{_rate_text(self._examples / self._seconds)} examples/s"))
        left = self.info.epochs - record.epoch
        if left:
            per_epoch = (self._clock() - self._began) / record.epoch
            parts.append((2, f"{seconds_text(math.ceil(left * per_epoch))} left"))
        return parts


class PlainProgress(Progress):
    """About fifteen lines for a whole run, the first and the last epoch among them: for files and pipes."""

    _next = 1
    _shown: "EpochRecord | None" = None

    def started(self, info: FitInfo) -> None:
        """A training starts: one line about it."""
        self.close()
        super().started(info)
        self._next = 1
        with _unless_closed():
            say(self._head())

    def epoch(self, record: "EpochRecord") -> None:
        """Print a line if it is time for one."""
        self._follow(record)
        if record.epoch >= self._next:
            self._next = record.epoch + max(1, math.ceil(self.info.epochs / PLAIN_LINES))
            self._print(record)

    def close(self) -> None:
        """Print the last epoch, if early stopping has kept it from being printed."""
        if self.record is not None and self.record is not self._shown:
            self._print(self.record)

    def _print(self, record: "EpochRecord") -> None:
        self._shown = record
        with _unless_closed():
            say("  ".join(text for _, text in self._parts(record)))


class LiveProgress(Progress):
    """Two lines that are drawn over: the epoch's figures, and a sparkline of the loss."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._console = messages()
        self._blocks = BLOCKS if shows(self._console.encoding, BLOCKS) else ASCII_BLOCKS
        self._live: Live | None = None
        self._next = 0.0

    def started(self, info: FitInfo) -> None:
        """A training starts: one line about it that stays, and below it the lines that change."""
        from rich.live import Live

        self.close()
        super().started(info)
        self._next = 0.0
        with _unless_closed():
            say(self._head())
            self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
            self._live.start()

    def epoch(self, record: "EpochRecord") -> None:
        """Redraw, if a tenth of a second has passed since the last time."""
        self._follow(record)
        now = self._clock()
        if now >= self._next:
            self._next = now + REDRAW_SECONDS
            self._draw(record)

    def warned(self, message: str) -> None:
        """Print the message above the lines that change."""
        with _unless_closed():
            self._console.print(f"warning: {message}", soft_wrap=True)

    def close(self) -> None:
        """Draw the last epoch, and leave it on the screen."""
        if self._live is None:
            return
        if self.record is not None:
            self._draw(self.record)
        with _unless_closed():
            self._live.stop()
        self._live = None

    def _draw(self, record: "EpochRecord") -> None:
        from rich.text import Text

        if self._live is None:
            return
        width = self._console.width - 1
        lines = [fitting(self._parts(record), width)]
        if len(self.curve.values) > 1:
            lines.append(self._curve_line(width))
        with _unless_closed():
            self._live.update(Text("\n".join(lines), no_wrap=True, overflow="crop"), refresh=True)

    def _curve_line(self, width: int) -> str:
        name = ("lowest " if self.info.members > 1 else "") + _words(self.curve_name)
        lowest = f"lowest {self.curve.lowest:.4g} in epoch {self.curve.lowest_epoch}"
        room = width - len(name) - len(lowest) - 4
        if room < 10:
            return sparkline(self.curve.values, width, self._blocks)
        return f"{name}  {sparkline(self.curve.values, min(room, 60), self._blocks)}  {lowest}"


@contextlib.contextmanager
def following(quiet: bool) -> Iterator[Progress]:
    """The listener that suits stderr. When the block ends the last epoch has been shown."""
    progress = Progress() if quiet else LiveProgress() if _is_terminal(sys.stderr) else PlainProgress()
    try:
        yield progress
    finally:
        progress.close()


def fitting(parts: list[tuple[int, str]], width: int) -> str:
    """The parts in one line of at most `width` characters; those of the highest rank are left out first."""
    kept = list(parts)
    while len(kept) > 1 and len("  ".join(text for _, text in kept)) > width:
        kept.remove(max(kept, key=lambda part: part[0]))
    return "  ".join(text for _, text in kept)[: max(1, width)]


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def _unless_closed() -> contextlib.suppress:
    """Go on when stderr cannot be written to: a closed pipe or a full disk must not end a training."""
    return contextlib.suppress(OSError)


def _first_metric(record: "EpochRecord") -> str:
    metrics = [name for name in record.values if "." in name and not name.endswith(".loss")]
    return next((name for name in metrics if name.startswith("validation.")), metrics[0] if metrics else "")


def _words(name: str) -> str:
    """ "validation.loss" as "validation loss"."""
    return name.replace(".", " ").replace("_", " ")


def _rate_text(rate: float) -> str:
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if rate >= size:
            return f"{rate / size:.3g}{suffix}"
    return f"{rate:.3g}"
