"""Which examples train, which validate and which test; and folds for cross-validation.

Sizes are apportioned by largest remainder (Hamilton's method), so they add up to N and none is off by one or more.
With labels the split is stratified: each class is divided in the proportions of the whole, again by largest
remainder, and the sizes of the splits stay what they would be without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng

from nntrain.arrays import Array
from nntrain.errors import DataError

_STREAM = 1_001  # keeps the split's random numbers apart from those of weights, batch order and dropout
_NAMES = ("training", "validation", "test")
_REPAIR_ORDER = (0, 2, 1)  # a class too small for all three is wanted in training first, then in test


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """Indices of the examples of each split, int64 in ascending order; disjoint, together all N."""

    training: Array
    validation: Array
    test: Array


def make_split(
    n: int, *, labels: Array | None, validation: float, test: float, seed: int, target: str = "target"
) -> Split:
    """Divide N examples at random.

    Args:
        n: N.
        labels: the class [N] of each example, for a stratified split; None for one without regard to classes.
        validation: the share of the validation split, 0 for none.
        test: the share of the test split, 0 for none.
        seed: the same seed, N and labels give the same split.
        target: the name of the target column, for errors.

    Raises:
        DataError: the shares are not sensible, a split that is wanted would be empty, or a class of a stratified
            split has one example.
    """
    sizes = _split_sizes(n, validation, test)
    rng = _generator(seed)
    if labels is None:
        groups, counts = [rng.permutation(n)], np.array([sizes])
    else:
        groups = _shuffled_classes(n, labels, target, rng, divided=sum(size > 0 for size in sizes) > 1)
        counts = _stratify([len(group) for group in groups], sizes)
    parts: tuple[list[Array], ...] = ([], [], [])
    for group, row in zip(groups, counts, strict=True):
        for part, indices in zip(parts, np.split(group, np.cumsum(row)[:-1]), strict=True):
            part.append(indices)
    return Split(*(np.sort(np.concatenate(part)) for part in parts))


def make_folds(
    n: int, *, labels: Array | None, folds: int, seed: int, target: str = "target"
) -> list[tuple[Array, Array]]:
    """Divide N examples at random into folds; each is (training, validation) indices, int64 ascending.

    Every example validates in exactly one fold. The sizes of the folds differ by at most 1, with labels [N] also
    those of each class in them: the examples, ordered by class, are dealt to the folds in turn.

    Raises:
        DataError: fewer than 2 folds, fewer examples than folds, or a class with one example.
    """
    if not 2 <= folds <= n:
        raise DataError(
            f"folds must be from 2 to the number of examples, {n:,}; got {folds}", setting="search.evaluation.folds"
        )
    rng = _generator(seed)
    groups = [rng.permutation(n)] if labels is None else _shuffled_classes(n, labels, target, rng, divided=True)
    dealt = np.concatenate(groups)
    order = np.arange(n)
    fold_of = np.empty(n, dtype=np.int64)
    fold_of[dealt] = order % folds
    return [(order[fold_of != fold], order[fold_of == fold]) for fold in range(folds)]


def _generator(seed: int) -> Generator:
    return default_rng(SeedSequence(seed, spawn_key=(_STREAM,)))


def _split_sizes(n: int, validation: float, test: float) -> tuple[int, int, int]:
    for name, given in (("validation", validation), ("test", test)):
        if not 0 <= given < 1:
            raise DataError(
                f"data.split.{name} must be at least 0 and less than 1, got {given}", setting=f"data.split.{name}"
            )
    shares = [1 - Fraction(str(validation)) - Fraction(str(test)), Fraction(str(validation)), Fraction(str(test))]
    if shares[0] <= 0:
        raise DataError(
            f"data.split leaves nothing to train on: validation {validation} and test {test} add up to 1 or more",
            setting="data.split",
        )
    sizes = _apportion(n, shares)
    for name, share, size in zip(_NAMES, shares, sizes, strict=True):
        if share > 0 and size == 0:
            setting = "data.split" if name == "training" else f"data.split.{name}"
            few = "1 example is" if n == 1 else f"{n:,} examples are"
            raise DataError(
                f"{few} too few: a share of {float(share):g} for {name} leaves it empty; "
                "add examples or change data.split",
                setting=setting,
            )
    return sizes[0], sizes[1], sizes[2]


def _apportion(n: int, shares: Sequence[Fraction]) -> list[int]:
    """Whole numbers that add up to n, by largest remainder; of equal remainders the first is served first."""
    quotas = [n * share for share in shares]
    sizes = [int(quota) for quota in quotas]
    by_remainder = sorted(range(len(shares)), key=lambda k: sizes[k] - quotas[k])
    for k in by_remainder[: n - sum(sizes)]:
        sizes[k] += 1
    return sizes


def _shuffled_classes(n: int, labels: Array, target: str, rng: Generator, *, divided: bool) -> list[Array]:
    """The indices of each class, shuffled; where the classes are to be divided, none may have a single example."""
    if len(labels) != n:
        raise ValueError(f"labels must have the shape [{n}], got [{len(labels)}]")
    members: dict[object, list[int]] = {}
    for index, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(index)
    singles = [str(label) for label, indices in members.items() if len(indices) == 1]
    if divided and singles:
        raise DataError(
            f"class {min(singles)!r} of target {target!r} has 1 example, but a stratified split needs at least 2 of "
            "each class; add examples of it, remove it, or set data.split.stratify: false",
            setting="data.split.stratify",
        )
    return [rng.permutation(np.array(members[label], dtype=np.int64)) for label in sorted(members, key=str)]


def _stratify(class_sizes: Sequence[int], sizes: Sequence[int]) -> Array:
    """How many of each class go to each split [classes, 3]; rows add up to `class_sizes`, columns to `sizes`."""
    n = sum(class_sizes)
    quotas = np.outer(class_sizes, sizes)  # n times the exact share, so that remainders are whole numbers
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
    _represent_all(counts, sizes)
    return counts


def _represent_all(counts: Array, sizes: Sequence[int]) -> None:
    """Swap examples, in place, so that each class is in each split that is wanted, wherever that is possible.

    A swap moves one example of the class out of the split that has most of them, and one of another class back.
    """
    for k in range(len(counts)):
        for j in _REPAIR_ORDER:
            if sizes[j] == 0 or counts[k, j] > 0:
                continue
            donor = int(counts[k].argmax())
            back = int(counts[:, j].argmax())
            if counts[k, donor] < (1 if j == 0 else 2) or counts[back, j] < 2:
                continue
            counts[[k, back], [donor, j]] -= 1
            counts[[k, back], [j, donor]] += 1
