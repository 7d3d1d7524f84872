"""The course of a loss in one line of characters."""

import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-:=+*#"  # the same heights, roughly, for terminals without the blocks
CURVE_POINTS = 512  # at most twice as many values are kept


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


def sparkline(values: Sequence[float], width: int, blocks: str = BLOCKS) -> str:
    """The values as a line of at most `width` blocks, the lowest value the lowest block; a gap where not finite.

    Several values that share a block are shown by their mean.
    """
    step = max(1, math.ceil(len(values) / max(1, width)))
    means = [_mean_of_finite(values[start : start + step]) for start in range(0, len(values), step)]
    finite = [mean for mean in means if not math.isnan(mean)]
    if not finite:
        return " " * len(means)
    low, span = min(finite), max(finite) - min(finite)
    top = len(blocks) - 1
    return "".join(
        " " if math.isnan(mean) else blocks[round((mean - low) / span * top) if span else 0] for mean in means
    )


def _mean_of_finite(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def bar(share: float, width: int, blocks: str = BLOCKS) -> str:
    """A bar of `width` characters of which `share` (0 to 1) is filled."""
    filled = round(share * width)
    return blocks[-1] * filled + blocks[0] * (width - filled)
