"""Which examples train, which validate and which test; and folds for cross-validation.

Sizes are apportioned by largest remainder (Hamilton's method), so they add up to N and none is off by one or more.
With labels the split is stratified: each class is divided in the proportions of the whole (apportion.py), and the sizes
of the splits stay what they would be without. A class with one example is trained on, and nothing else.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng

from nntrain.arrays import Array
from nntrain.data.apportion import apportion, stratify
from nntrain.errors import DataError
from nntrain.memory import empty, full

_STREAM = 1_001  # keeps the split's random numbers apart from those of weights, batch order and dropout
_NAMES = ("training", "validation", "test")


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
        DataError: the shares are not sensible, a split that is wanted would be empty, or a stratified split has more
            classes than training examples.
    """
    sizes = _split_sizes(n, validation, test)
    rng = _generator(seed)
    if labels is None:
        groups, counts = [rng.permutation(n)], np.array([sizes])
    else:
        groups = _shuffled_classes(n, labels, rng)
        if len(groups) > sizes[0]:
            raise _more_classes_than_rows(len(groups), sizes[0], target)
        counts = stratify([len(group) for group in groups], sizes)
    parts: tuple[list[Array], ...] = ([], [], [])
    for group, row in zip(groups, counts, strict=True):
        for part, indices in zip(parts, np.split(group, np.cumsum(row)[:-1]), strict=True):
            part.append(indices)
    return Split(*(np.sort(np.concatenate(part)) for part in parts))


def make_folds(
    n: int, *, labels: Array | None, folds: int, seed: int, target: str = "target"
) -> list[tuple[Array, Array]]:
    """Divide N examples at random into folds; each is (training, validation) indices, int64 ascending.

    Every example validates in exactly one fold; but with labels [N], the only example of a class is trained on in all
    of them. The sizes of the folds differ by at most 1, with labels also those of each class in them: the examples,
    ordered by class, are dealt to the folds in turn.

    Raises:
        DataError: fewer than 2 folds, or fewer examples to validate on than folds.
    """
    rng = _generator(seed)
    groups = [rng.permutation(n)] if labels is None else _shuffled_classes(n, labels, rng)
    dealt = np.concatenate([empty(0, np.int64), *(each for each in groups if labels is None or len(each) > 1)])
    if not 2 <= folds <= len(dealt):
        alone = f" of {target!r} whose class has another one" if len(dealt) < n else ""
        raise DataError(
            f"folds must be from 2 to the number of examples{alone}, {len(dealt):,}; got {folds}",
            setting="search.evaluation.folds",
        )
    order = np.arange(n)
    fold_of = full(n, -1)
    fold_of[dealt] = np.arange(len(dealt)) % folds
    return [(order[fold_of != fold], order[fold_of == fold]) for fold in range(folds)]


def only_examples(labels: Array) -> list[str]:
    """The classes of which `labels` [N] has one example, as text, in the order of their names."""
    counts = Counter(labels.tolist())
    return sorted(str(label) for label, count in counts.items() if count == 1)


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
    sizes = apportion(n, shares)
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


def _shuffled_classes(n: int, labels: Array, rng: Generator) -> list[Array]:
    """The indices of each class, shuffled, in the order of the classes' names."""
    if len(labels) != n:
        raise ValueError(f"labels must have the shape [{n}], got [{len(labels)}]")
    members: dict[object, list[int]] = {}
    for index, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(index)
    return [rng.permutation(np.array(members[label], dtype=np.int64)) for label in sorted(members, key=str)]


def _more_classes_than_rows(classes: int, training: int, target: str) -> DataError:
    examples = "1 example" if training == 1 else f"{training:,} examples"
    return DataError(
        f"the target {target!r} has {classes:,} classes, but data.split leaves {examples} to train on: no network can "
        "learn a class of which it sees none; lower data.split.validation and data.split.test, or choose another "
        "target",
        setting="data.split",
    )
