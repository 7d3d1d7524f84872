"""Whole numbers in given proportions: how large splits are, and how many examples of each class go to each of them.

In a stratified split every count is its quota (size of the class times share of the split), rounded down or up, and
both the classes and the splits keep their sizes. Such a rounding always exists (Cox 1987, "controlled rounding").
Largest remainders, with exchanges for rare classes, find one as a rule. Where they do not, the one is taken in which as
many classes as possible are in training, then in test, then in validation.

One thing goes before the quotas: a class that is not in training cannot be learned, and its examples elsewhere could
not be scored. Where the rounding leaves it out, it gets one training example for one of the class that has most there.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import zeros

# How much it is worth that a class is in training, validation, test, where it could be missing. A rounding becomes
# another by exchanges among at most three splits, and what remainders change in one is less than 3: so nothing is given
# up for something that is worth less.
_PRESENCE = (16, 4, 8)
_WANTED = (0, 2, 1)  # the same order: training, test, validation


def apportion(n: int, shares: Sequence[Fraction]) -> list[int]:
    """Whole numbers that add up to n, by largest remainder; of equal remainders the first is served first."""
    quotas = [n * share for share in shares]
    sizes = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda k: sizes[k] - quotas[k])
    for k in by_remainder[: n - sum(sizes)]:
        sizes[k] += 1
    return sizes


def stratify(class_sizes: Sequence[int], sizes: Sequence[int]) -> Array:
    """How many of each class go to training, validation and test: [classes, 3] int64.

    Args:
        class_sizes: examples of each class, at least 1, as many in all as those of the splits.
        sizes: examples of each of the three splits; at least as many in training as there are classes.

    Returns:
        Rows that add up to `class_sizes`, columns that add up to `sizes`; each class is in training.
    """
    quotas = np.outer(class_sizes, sizes)  # n times the exact quota, so that remainders are whole numbers
    counts = _by_largest_remainder(class_sizes, sizes, quotas)
    _represent_all(counts, sizes)
    if not _fits(counts, quotas):  # kept where it does: what runs of earlier versions were split by stays as it was
        counts = _best_rounding(class_sizes, sizes, quotas)
        _represent_in_training(counts)
    return counts


def _by_largest_remainder(class_sizes: Sequence[int], sizes: Sequence[int], quotas: Array) -> Array:
    """Counts with the right sums, the cells with the largest remainders rounded up first."""
    n = sum(class_sizes)
    counts = quotas // n
    rest_of_class = np.array(class_sizes) - counts.sum(axis=1)
    rest_of_split = np.array(sizes) - counts.sum(axis=0)
    cells = np.argsort(-(quotas % n), axis=None, kind="stable").tolist()
    while rest_of_class.any():
        for k, j in (divmod(cell, len(sizes)) for cell in cells):
            if rest_of_class[k] and rest_of_split[j]:
                counts[k, j] += 1
                rest_of_class[k] -= 1
                rest_of_split[j] -= 1
    return counts


def _represent_all(counts: Array, sizes: Sequence[int]) -> None:
    """Swap examples, in place, so that each class is in each split that is wanted, wherever that is possible.

    A swap moves one example of the class out of the split that has most of them, and one of another class back.
    """
    for k in range(len(counts)):
        for j in _WANTED:
            if sizes[j] == 0 or counts[k, j] > 0:
                continue
            donor = int(counts[k].argmax())
            back = int(counts[:, j].argmax())
            if counts[k, donor] < (1 if j == 0 else 2) or counts[back, j] < 2:
                continue
            counts[[k, back], [donor, j]] -= 1
            counts[[k, back], [j, donor]] += 1


def _fits(counts: Array, quotas: Array) -> bool:
    """Whether every count is its quota rounded down or up, and every class is in training."""
    n = int(counts.sum())
    return bool((np.abs(counts * n - quotas) < n).all() and (counts[:, 0] > 0).all())


def _best_rounding(class_sizes: Sequence[int], sizes: Sequence[int], quotas: Array) -> Array:
    """The counts in which the cells that are rounded up are worth most together.

    Each class first rounds up the cells that are worth most to it. Then, while a split has too many, an example goes
    from it to one that has too few, perhaps by way of the third, wherever that costs least. (Successive shortest paths:
    what comes out is the best of all.)
    """
    n = sum(class_sizes)
    down, rest = quotas // n, quotas % n
    can_rise = rest > 0
    worth = rest + n * np.where(down == 0, _PRESENCE, 0)
    order = np.argsort(np.where(can_rise, -worth, 1), axis=1, kind="stable")
    wanted = np.array(class_sizes) - down.sum(axis=1)
    up = zeros(can_rise.shape, can_rise.dtype)
    np.put_along_axis(up, order, np.arange(len(sizes)) < wanted[:, None], axis=1)
    excess = (down + up).sum(axis=0) - np.array(sizes)
    while excess.any():
        path = _cheapest_path(_moves(up, can_rise, worth), excess)
        for start, stop in path:
            row = _cheapest_row(up, can_rise, worth, start, stop)
            up[row, start], up[row, stop] = False, True
        excess[path[0][0]] -= 1
        excess[path[-1][1]] += 1
    return down + up


def _costs(up: Array, can_rise: Array, worth: Array, start: int, stop: int) -> Array:
    """What it costs in each class to round up `stop` instead of `start`, [classes]; infinity where it cannot."""
    possible = up[:, start] & can_rise[:, stop] & ~up[:, stop]
    return np.where(possible, (worth[:, start] - worth[:, stop]).astype(np.float64), np.inf)


def _cheapest_row(up: Array, can_rise: Array, worth: Array, start: int, stop: int) -> int:
    return int(_costs(up, can_rise, worth, start, stop).argmin())


def _moves(up: Array, can_rise: Array, worth: Array) -> Array:
    """[splits, splits]: what it costs at least to move one example from a split to another."""
    splits = range(up.shape[1])
    return np.array(
        [[_costs(up, can_rise, worth, i, j).min(initial=np.inf) if i != j else np.inf for j in splits] for i in splits]
    )


def _cheapest_path(moves: Array, excess: Array) -> list[tuple[int, int]]:
    """The cheapest way from a split that has too many to one that has too few, as one move or two."""
    splits = range(len(excess))
    ways = [
        way
        for i in splits
        for j in splits
        if excess[i] > 0 > excess[j]
        for way in ([(i, j)], *([(i, k), (k, j)] for k in splits if k not in (i, j)))
    ]
    return min(ways, key=lambda way: sum(moves[move] for move in way))


def _represent_in_training(counts: Array) -> None:
    """Give every class that misses training an example there, in place, for one of the class that has most there."""
    for k in np.flatnonzero(counts[:, 0] == 0).tolist():
        donor, back = int(counts[k].argmax()), int(counts[:, 0].argmax())
        counts[[k, back], [donor, 0]] -= 1
        counts[[k, back], [0, donor]] += 1
