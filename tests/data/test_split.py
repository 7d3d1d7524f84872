"""Splits and folds: sizes by hand, and what holds for all of them."""

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.data.apportion import stratify
from nntrain.data.split import Split, make_folds, make_split, only_examples
from nntrain.errors import DataError


def sizes(split: Split) -> tuple[int, int, int]:
    return len(split.training), len(split.validation), len(split.test)


def counts(split: Split, labels: Array) -> list[list[int]]:
    """Of each class, in order, how many are in training, validation and test."""
    parts = (split.training, split.validation, split.test)
    return [[int((labels[part] == label).sum()) for part in parts] for label in sorted(set(labels.tolist()))]


@pytest.mark.parametrize(
    ("n", "validation", "test", "expected"),
    [
        (150, 0.2, 0.2, (90, 30, 30)),
        (10, 0.0, 0.0, (10, 0, 0)),
        (10, 0.3, 0.0, (7, 3, 0)),
        (4, 0.2, 0.2, (2, 1, 1)),  # quotas 2.4, 0.8, 0.8
        (11, 0.2, 0.2, (7, 2, 2)),  # quotas 6.6, 2.2, 2.2
        (13, 0.2, 0.1, (9, 3, 1)),  # quotas 9.1, 2.6, 1.3
        (1000, 0.1, 0.2, (700, 100, 200)),
    ],
)
def test_sizes_by_largest_remainder(n: int, validation: float, test: float, expected: tuple[int, int, int]) -> None:
    assert sizes(make_split(n, labels=None, validation=validation, test=test, seed=0)) == expected


def test_classes_are_divided_in_proportion() -> None:
    labels = np.array(["a"] * 50 + ["b"] * 30 + ["c"] * 20)
    split = make_split(100, labels=labels, validation=0.2, test=0.1, seed=3)
    assert counts(split, labels) == [[35, 10, 5], [21, 6, 3], [14, 4, 2]]


def test_remainders_of_classes() -> None:
    """n = 12, shares 0.6, 0.2, 0.2: sizes 7, 3, 2. Quotas of a: 4.08, 1.75, 1.17; of b: 2.92, 1.25, 0.83."""
    labels = np.array(["a"] * 7 + ["b"] * 5)
    split = make_split(12, labels=labels, validation=0.2, test=0.2, seed=0)
    assert counts(split, labels) == [[4, 2, 1], [3, 1, 1]]


def test_a_rare_class_is_in_training_and_test_within_its_quotas() -> None:
    """Quotas of the rare class: 2.4, 0.3, 0.3; so 2 or 3 are in training, and one other split has one at most."""
    labels = np.array(["rare"] * 3 + ["usual"] * 97)
    split = make_split(100, labels=labels, validation=0.1, test=0.1, seed=0)
    assert counts(split, labels) == [[2, 0, 1], [78, 10, 9]]


def test_a_class_of_one_is_trained_on() -> None:
    """Quotas of the others: 78.4, 9.8, 9.8 of 98 and 0.8, 0.1, 0.1 of 1."""
    labels = np.array(["alone"] + ["lonely"] + ["usual"] * 98)
    for seed in range(20):
        split = make_split(100, labels=labels, validation=0.1, test=0.1, seed=seed)
        assert counts(split, labels) == [[1, 0, 0], [1, 0, 0], [78, 10, 10]]
        assert only_examples(labels) == ["alone", "lonely"]


def test_a_class_of_two_is_in_training_and_test() -> None:
    labels = np.array(["rare"] * 2 + ["usual"] * 98)
    split = make_split(100, labels=labels, validation=0.1, test=0.1, seed=0)
    assert counts(split, labels) == [[1, 0, 1], [79, 10, 9]]


def test_the_seed_decides() -> None:
    def training(seed: int, labels: Array | None) -> list[int]:
        split = make_split(100, labels=labels, validation=0.2, test=0.2, seed=seed)
        indices: list[int] = split.training.tolist()
        return indices

    for labels in (None, np.arange(100) % 3):
        assert training(1, labels) == training(1, labels)
        assert training(1, labels) != training(2, labels)


@given(
    sizes_of_classes=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    validation=st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.4]),
    test=st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5]),
    seed=st.integers(0, 2**32),
)
def test_every_stratified_split(sizes_of_classes: list[int], validation: float, test: float, seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes_of_classes)), sizes_of_classes)
    n = len(labels)
    try:
        split = make_split(n, labels=labels, validation=validation, test=test, seed=seed)
    except DataError as error:
        assert "too few" in str(error) or "no network can learn" in str(error)  # noqa: PT017
        return
    plain = make_split(n, labels=None, validation=validation, test=test, seed=seed)
    assert sizes(split) == sizes(plain)
    everything = np.concatenate([split.training, split.validation, split.test])
    assert sorted(everything.tolist()) == list(range(n))
    got = counts(split, labels)
    assert all(of_class[0] > 0 for of_class in got)
    allowed = roundings(sizes_of_classes, sizes(split))
    if any(all(of_class[0] for of_class in rounding) for rounding in allowed):
        assert got in allowed


def roundings(class_sizes: list[int], split_sizes: tuple[int, ...]) -> list[list[list[int]]]:
    """Every table of counts that rounds each quota down or up and keeps the sizes, by trying all of them."""
    n = sum(class_sizes)
    rows = []
    for size in class_sizes:
        either = [sorted({size * part // n, -(-size * part // n)}) for part in split_sizes]
        rows.append([row for row in itertools.product(*either) if sum(row) == size])
    tables = ([list(row) for row in table] for table in itertools.product(*rows))
    return [table for table in tables if tuple(map(sum, zip(*table, strict=True))) == split_sizes]


def test_a_class_in_training_goes_before_the_quotas() -> None:
    """Five training examples for five classes, though the quota of the large one is 4.8, and of the others 0.05."""
    found = stratify([96, 1, 1, 1, 1], (5, 50, 45))
    assert found.tolist() == [[1, 50, 45], [1, 0, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]]


@given(
    sizes_of_classes=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    folds=st.integers(2, 7),
    stratified=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_every_set_of_folds(sizes_of_classes: list[int], folds: int, stratified: bool, seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes_of_classes)), sizes_of_classes)
    n = len(labels)
    alone = [int(np.flatnonzero(labels == k)[0]) for k, size in enumerate(sizes_of_classes) if size == 1 and stratified]
    dealt = n - len(alone)
    if folds > dealt:
        return
    made = make_folds(n, labels=labels if stratified else None, folds=folds, seed=seed)
    validated = np.concatenate([validation for _, validation in made]).tolist()
    assert sorted([*validated, *alone]) == list(range(n))
    assert {len(validation) - dealt // folds for _, validation in made} <= {0, 1}
    for training, validation in made:
        assert sorted([*training.tolist(), *validation.tolist()]) == list(range(n))
        assert training.dtype == validation.dtype == np.int64
    if stratified:
        for label, size in enumerate(sizes_of_classes):
            assert size == 1 or {int((labels[v] == label).sum()) - size // folds for _, v in made} <= {0, 1}
            assert all((labels[training] == label).any() for training, _ in made)


def test_five_folds_of_iris() -> None:
    labels = np.repeat(["setosa", "versicolor", "virginica"], 50)
    for training, validation in make_folds(150, labels=labels, folds=5, seed=0):
        assert Counter(labels[validation].tolist()) == {"setosa": 10, "versicolor": 10, "virginica": 10}
        assert len(training) == 120


@pytest.mark.parametrize(
    ("options", "message", "setting"),
    [
        (
            {"n": 3},
            "3 examples are too few: a share of 0.2 for test leaves it empty; add examples or change data.split",
            "data.split.test",
        ),
        (
            {"validation": 0.6, "test": 0.4},
            "data.split leaves nothing to train on: validation 0.6 and test 0.4 add up to 1 or more",
            "data.split",
        ),
        (
            {"n": 1, "validation": 0.4, "test": 0.5},
            "1 example is too few: a share of 0.1 for training leaves it empty",
            "data.split",
        ),
        (
            {"test": 1.0},
            "data.split.test must be at least 0 and less than 1, got 1.0",
            "data.split.test",
        ),
        (
            {"validation": float("nan")},
            "data.split.validation must be at least 0 and less than 1, got nan",
            "data.split.validation",
        ),
        (
            {"labels": np.array(list("abcdefghij")), "target": "species"},
            "the target 'species' has 10 classes, but data.split leaves 6 examples to train on: no network can learn a "
            "class of which it sees none; lower data.split.validation and data.split.test, or choose another target",
            "data.split",
        ),
        (
            {"labels": np.array(list("aaaaabbbbb")), "validation": 0.5, "test": 0.4},
            "the target 'target' has 2 classes, but data.split leaves 1 example to train on: no network can learn a "
            "class of which it sees none; lower data.split.validation and data.split.test, or choose another target",
            "data.split",
        ),
    ],
)
def test_splits_that_cannot_be(options: dict[str, Any], message: str, setting: str) -> None:
    defaults: dict[str, Any] = {"n": 10, "labels": None, "validation": 0.2, "test": 0.2, "seed": 0}
    with pytest.raises(DataError) as caught:
        make_split(**(defaults | options))
    assert str(caught.value).startswith(message)
    assert caught.value.setting == setting


@pytest.mark.parametrize("labels", [np.array([0, 1, 1]), np.array(["", "b", "b"])])
def test_a_class_of_one_whatever_its_name(labels: Array) -> None:
    for seed in range(10):
        assert 0 in make_split(3, labels=labels, validation=0.0, test=0.4, seed=seed).training
    assert sizes(make_split(3, labels=labels, validation=0.0, test=0.0, seed=0)) == (3, 0, 0)


@pytest.mark.parametrize("folds", [0, 1, 11])
def test_folds_that_cannot_be(folds: int) -> None:
    with pytest.raises(DataError) as caught:
        make_folds(10, labels=None, folds=folds, seed=0)
    assert str(caught.value) == f"folds must be from 2 to the number of examples, 10; got {folds}"


def test_folds_of_a_class_of_one() -> None:
    """Every fold trains on it; the others are dealt out: two and one."""
    made = make_folds(4, labels=np.array(["a", "a", "a", "b"]), folds=2, seed=0)
    assert [len(validation) for _, validation in made] == [2, 1]
    assert all(3 in training for training, _ in made)
    with pytest.raises(DataError) as caught:
        make_folds(4, labels=np.array(["a", "a", "b", "c"]), folds=3, seed=0, target="t")
    assert str(caught.value) == (
        "folds must be from 2 to the number of examples of 't' whose class has another one, 2; got 3"
    )


def test_folds_of_a_class_with_fewer_examples_than_folds() -> None:
    made = make_folds(12, labels=np.array(["rare"] * 2 + ["usual"] * 10), folds=5, seed=0)
    assert sorted(int((validation < 2).sum()) for _, validation in made) == [0, 0, 0, 1, 1]
    assert all((training < 2).any() for training, _ in made)
