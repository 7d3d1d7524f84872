"""What is shown while training goes on, on stderr: a live display on a terminal, a few plain lines elsewhere.

The training loop is never held up for it: an epoch costs two microseconds, and the display is drawn at most ten times
a second. Nor is it ever stopped by it: when stderr is closed or full, the display falls silent.
"""

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from nntrain.cli.console import (
    Display,
    count_text,
    folded,
    line_width,
    number,
    readable,
    say,
    seconds_text,
    shows,
    warn,
)
from nntrain.cli.settings import setting_text, short_names
from nntrain.cli.sparkline import ASCII_BLOCKS, BLOCKS, Curve, bar, sparkline
from nntrain.visible import Lines, prefixed, visible
from nntrain.workflows.listener import FitInfo, Listener
from nntrain.workflows.run.interruption import terminable

if TYPE_CHECKING:
    from nntrain.train.records import EpochRecord

REDRAW_SECONDS = 0.1
SECONDS_TO_JUDGE = 1.0  # before them, the time left cannot be told from the time that the first steps take
PLAIN_LINES = 15  # about as many lines as a training prints where there is no terminal

Parts = list[tuple[int, str]]
"""Pieces of a line in order, each with its rank: for want of room the highest rank is left out first."""


class Progress(Listener):
    """Follows trainings, one after the other, and shows nothing but warnings: the listener of --quiet."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.record: EpochRecord | None = None
        self._clock = clock
        self._began = clock()
        self._over = False
        self._best: Parts = []

    def started(self, info: FitInfo) -> None:
        """A training starts."""
        self.info = info
        self.record = None
        self.curve = Curve()
        self.curve_name = ""
        self._began = self._clock()
        self._over = False
        self._seconds = 0.0
        self._examples = 0

    def warned(self, message: str) -> None:
        """Something that the user should know."""
        with _unless_closed():
            warn(message)

    def best(self, point: Mapping[str, object], monitor: str, score: float) -> None:
        """A search has a new best point: keep it in words, the score first."""
        names = short_names(list(point))
        settings = [f"{names[path]}={setting_text(value)}" for path, value in point.items()]
        self._best = list(enumerate([f"best {_words(monitor)} {number(score)}", *settings]))

    def close(self) -> None:
        """No more epochs come."""

    def _follow(self, record: "EpochRecord") -> None:
        """Count the epoch in: two microseconds."""
        self.record = record
        self._seconds += record.seconds
        self._examples += record.examples
        if not self.curve_name:
            training, validation = self._losses()
            self.curve_name = validation if validation in record.values else training
        losses = record.values.get(self.curve_name)
        if losses is not None:
            self.curve.add(record.epoch, float(losses[0]))

    def _losses(self) -> tuple[str, str]:
        """The losses to show: those without class weights, unless it is the weighted one that is monitored."""
        name = "weighted_loss" if (self.info.monitor or "").endswith(".weighted_loss") else "loss"
        return f"training.{name}", f"validation.{name}"

    def _say_head(self) -> None:
        """Say what is trained: in one line, or in several without a broken path where the terminal is too narrow."""
        info = self.info
        sizes = f"{info.training:,} training, {info.validation:,} validation, {info.test:,} test examples"
        pieces = [f"{info.name}: {sizes}", count_text(info.parameters, "parameter"), str(info.run)]
        if info.done:
            pieces.append(f"going on after epoch {info.done}")
        _say(Lines(*packed(pieces, line_width(sys.stderr))))
        for note in info.notes:
            _say(readable(prefixed("note: ", note), sys.stderr))

    def _epoch_parts(self, record: "EpochRecord") -> Parts:
        """What there is to say of an epoch."""
        epochs = self.info.epochs
        parts = [(0, f"epoch {record.epoch:>{len(str(epochs))}}/{epochs}")]
        shown = [*self._losses(), _first_metric(record), "learning_rate"]
        for rank, name in zip((4, 2, 1, 6), shown, strict=True):
            if name in record.values:
                parts.append((rank, f"{_words(name)} {float(record.values[name][0]):.4g}"))
        if self._seconds > 0:
            parts.append((5, f"{_rate_text(self._examples / self._seconds)} examples/s"))
        before = self.info.done  # a resumed run has these epochs behind it, and they took no time now
        return [*parts, *self._left(record.epoch - before, epochs - before)]

    def _trials_parts(self, done: int, total: int) -> Parts:
        """What there is to say of a search."""
        if done == 0:
            self._began = self._clock()
        width = len(f"{total:,}")
        parts = [(0, f"{done:>{width},}/{total:,} networks trained")]
        elapsed = self._clock() - self._began
        if done and elapsed > 0:
            parts.append((4, f"{_rate_text(done / elapsed)} networks/s"))
        return [*parts, *self._left(done, total)]

    def _left(self, done: int, total: int) -> Parts:
        """The time left, judged by the time that was needed so far; nothing before that can be judged."""
        elapsed = self._clock() - self._began
        if self._over or not 0 < done < total or elapsed < SECONDS_TO_JUDGE:
            return []
        return [(3, f"{seconds_text(math.ceil(elapsed / done * (total - done)))} left")]


class PlainProgress(Progress):
    """About fifteen lines for a training, the first and the last epoch among them: for files and pipes."""

    _next_epoch = 1
    _next_trial = 0
    _shown: "EpochRecord | None" = None

    def started(self, info: FitInfo) -> None:
        """A training starts: one line about it."""
        self.close()
        super().started(info)
        self._next_epoch = 1
        self._say_head()

    def epoch(self, record: "EpochRecord") -> None:
        """Print a line if it is time for one."""
        self._follow(record)
        if record.epoch >= self._next_epoch:
            self._next_epoch = record.epoch + math.ceil(self.info.epochs / PLAIN_LINES)
            self._print(record)

    def trials(self, done: int, total: int) -> None:
        """Print how far the search is, if it is time for a line."""
        if done >= self._next_trial or done == total:
            self._next_trial = done + math.ceil(total / PLAIN_LINES)
            _say_parts([*self._trials_parts(done, total), *((10 + rank, text) for rank, text in self._best)])

    def close(self) -> None:
        """Print the last epoch, if early stopping has kept it from being printed."""
        self._over = True
        if self.record is not None and self.record is not self._shown:
            self._print(self.record)

    def _print(self, record: "EpochRecord") -> None:
        self._shown = record
        _say_parts(self._epoch_parts(record))


class LiveProgress(Progress):
    """One or two lines that are drawn over: the epoch's figures and a sparkline of the loss, or a search's bar."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._display = Display()
        self._blocks = BLOCKS if shows(self._display.encoding, BLOCKS) else ASCII_BLOCKS
        self._next = 0.0

    def started(self, info: FitInfo) -> None:
        """A training starts: one line about it that stays, and below it the lines that change."""
        self.close()
        super().started(info)
        self._next = 0.0
        self._say_head()

    def epoch(self, record: "EpochRecord") -> None:
        """Redraw, if a tenth of a second has passed since the last time."""
        self._follow(record)
        if self._is_time():
            self._draw(record)

    def trials(self, done: int, total: int) -> None:
        """Redraw how far the search is, if a tenth of a second has passed since the last time."""
        parts = self._trials_parts(done, total)
        if self._is_time() or done == total:
            width = self._display.width - 1
            filled = bar(done / total, min(40, width // 3), self._blocks)
            lines = [f"{filled}  {fitting(parts, width - len(filled) - 2)}"]
            self._show([*lines, fitting(self._best, width)] if self._best else lines)

    def warned(self, message: str) -> None:
        """Print the message above the lines that change."""
        with _unless_closed():
            self._display.warn(message)

    def close(self) -> None:
        """Draw the last epoch, and leave it on the screen."""
        self._over = True
        if self.record is not None:
            self._draw(self.record)
            self.record = None
        with _unless_closed():
            self._display.stop()

    def _is_time(self) -> bool:
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + REDRAW_SECONDS
        return True

    def _draw(self, record: "EpochRecord") -> None:
        width = self._display.width - 1
        lines = [fitting(self._epoch_parts(record), width)]
        if len(self.curve.values) > 1:
            lines.append(self._curve_line(width))
        self._show(lines)

    def _curve_line(self, width: int) -> str:
        name = _words(self.curve_name)
        lowest = f"lowest {self.curve.lowest:.4g} in epoch {self.curve.lowest_epoch}"
        room = width - len(name) - len(lowest) - 4
        if room < 10:
            return sparkline(self.curve.values, width, self._blocks)
        return f"{name}  {sparkline(self.curve.values, min(room, 60), self._blocks)}  {lowest}"

    def _show(self, lines: list[str]) -> None:
        with _unless_closed():
            self._display.draw(lines)


@contextlib.contextmanager
def following(quiet: bool) -> Iterator[Progress]:
    """The listener that suits stderr. When the block ends, by a signal too, the last epoch has been shown."""
    with terminable():
        progress = Progress() if quiet else LiveProgress() if _is_terminal(sys.stderr) else PlainProgress()
        try:
            yield progress
        finally:
            progress.close()


def fitting(parts: Parts, width: int) -> str:
    """The parts in one line of at most `width` characters; those of the highest rank are left out first.

    Of the last one whole words are kept.
    """
    kept = list(parts)
    while len(kept) > 1 and len(_joined(kept)) > width:
        kept.remove(max(kept, key=lambda part: part[0]))
    line = _joined(kept)
    return line if len(line) <= width else line[: max(0, width) + 1].rpartition(" ")[0].rstrip()


def packed(pieces: Sequence[str], width: int) -> list[str]:
    """The pieces, joined by semicolons, in as few lines of `width` characters as their order allows.

    A piece that is longer than a line is folded between its words; a path is never broken.
    """
    first, *others = map(visible, pieces)
    lines = [first]
    for piece in others:
        longer = f"{lines[-1]}; {piece}"
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(piece)
    return [part for line in lines for part in folded(line, width)]


def _joined(parts: Parts) -> str:
    return "  ".join(visible(text) for _, text in parts)


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")


def _say_parts(parts: Parts) -> None:
    """A plain line: all of it in a file or a pipe, what there is room for on a terminal."""
    _say(fitting(parts, line_width(sys.stderr)) if sys.stderr.isatty() else _joined(parts))


def _say(text: str) -> None:
    with _unless_closed():
        say(text)


def _unless_closed() -> contextlib.suppress:
    """Go on when stderr cannot be written to: a closed pipe or a full disk must not end a training."""
    return contextlib.suppress(OSError)


def _first_metric(record: "EpochRecord") -> str:
    """The name of the first quantity that is a metric, on the validation split if there is one; or ""."""
    splits = ("validation.", "training.")
    metrics = [name for name in record.values if name.startswith(splits) and not name.endswith("loss")]
    return next((name for name in metrics if name.startswith("validation.")), metrics[0] if metrics else "")


def _words(name: str) -> str:
    """A quantity for people: "validation.loss" as "validation loss"."""
    return name.replace(".", " ").replace("_", " ")


def _rate_text(rate: float) -> str:
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if rate >= size:
            return f"{rate / size:.3g}{suffix}"
    return f"{rate:.3g}"
