"""What targets ask for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nntrain.data.dataset import Column, Dataset, numeric_column, text_column
from nntrain.data.task import class_labels, class_names, infer_task, stratification_labels
from nntrain.errors import DataError
from nntrain.tasks import Task


def column(name: str, values: Sequence[Any]) -> Column:
    return text_column(name, values) if isinstance(values[0], str) else numeric_column(name, np.array(values))


def dataset(*targets: Sequence[Any]) -> Dataset:
    n = len(targets[0])
    names = ["t", "u", "v"]
    columns = tuple(column(name, values) for name, values in zip(names, targets, strict=False))
    return Dataset((numeric_column("a", np.arange(float(n))),), columns, "d.csv", (), np.arange(n) + 2, "line")


@pytest.mark.parametrize(
    ("targets", "task"),
    [
        ([["a", "b", "a"]], Task.BINARY),
        ([["a", "b", "c"]], Task.CLASSIFICATION),
        ([[0, 1, 1, 0]], Task.BINARY),
        ([[-1, 1]], Task.BINARY),
        ([[0, 1, 2] * 3], Task.CLASSIFICATION),
        ([[0, 1, 2] * 2], Task.REGRESSION),  # three values twice each: too few to be classes
        ([list(range(20)) * 3], Task.CLASSIFICATION),
        ([list(range(21)) * 3], Task.REGRESSION),
        ([[0.5, 1.5, 0.5]], Task.REGRESSION),
        ([[0, 1, 1], [1, 1, 0]], Task.MULTILABEL),
        ([[0, 1, 1], [1, 2, 0]], Task.REGRESSION),
        ([[0.5, 1.5, 1], [1, 0, 0]], Task.REGRESSION),
    ],
)
def test_the_rule(targets: list[Sequence[Any]], task: Task) -> None:
    assert infer_task(dataset(*targets)) is task


@pytest.mark.parametrize(
    ("targets", "asked"),
    [
        ([["a", "b"]], "classification"),
        ([[0, 1, 5]], "classification"),
        ([[0, 1]], "regression"),
        ([[0, 1]], "multilabel"),
        ([[3, 7]], "binary"),
        ([[0.01], [0.99]], "regression"),  # a worked example of one row
        ([[0.5, 1.5, 2.5]], "classification"),  # the values of the target are names then
    ],
)
def test_what_is_asked_for_goes_before_the_rule(targets: list[Sequence[Any]], asked: str) -> None:
    assert infer_task(dataset(*targets), asked) == asked


@pytest.mark.parametrize(
    ("targets", "asked", "message", "setting"),
    [
        ([[7, 7, 7]], "auto", "d.csv: the target 't' is '7' in all 3 rows; there is nothing to learn", "target"),
        ([["x"]], "auto", "d.csv: the target 't' is 'x' in its only row; there is nothing to learn", "target"),
        (
            [["a", "b", "c"]],
            "binary",
            "d.csv: binary needs a target with two classes; 't' has 3: 'a', 'b', 'c'. Use task: classification",
            "task",
        ),
        (
            [[0, 1], [1, 0]],
            "classification",
            "d.csv: classification takes one target column, got 2: 't', 'u'; several columns of 0 and 1 are "
            "multilabel, several of numbers regression",
            "task",
        ),
        (
            [[0, 1], [1, 2]],
            "multilabel",
            "d.csv:3: the target 'u' is '2'; multilabel needs columns of 0 and 1",
            "task",
        ),
        (
            [["yes", "no"]],
            "multilabel",
            "d.csv:2: the target 't' is 'yes'; multilabel needs columns of 0 and 1",
            "task",
        ),
        (
            [["a", "b"]],
            "regression",
            "d.csv:2: the target 't' is text, 'a'; regression needs numbers: use task: classification",
            "task",
        ),
        (
            [["1", "2.5", "x"]],
            "regression",
            "d.csv:4: the target 't' is text, 'x'; regression needs numbers: use task: classification",
            "task",
        ),
        (
            [["1", "0", "2"]],
            "multilabel",
            "d.csv:4: the target 't' is '2'; multilabel needs columns of 0 and 1",
            "task",
        ),
        (
            [[1, 2], ["a", "b"]],
            "auto",
            "d.csv:2: the target 'u' is text, 'a'; regression needs numbers: choose one target for classification",
            "task",
        ),
        (
            [[f"id{k:04}" for k in range(1001)]],
            "auto",
            "d.csv: the target 't' has 1,001 different values ('id0000', 'id0001', 'id0002' and 998 more); "
            "at most 1,000 classes are possible. Is it the right column?",
            "target",
        ),
    ],
)
def test_targets_that_do_not_suit(targets: list[Sequence[Any]], asked: str, message: str, setting: str) -> None:
    with pytest.raises(DataError) as caught:
        infer_task(dataset(*targets), asked)
    assert str(caught.value) == message
    assert caught.value.setting == f"data.{setting}"


def test_no_targets_at_all() -> None:
    with pytest.raises(DataError, match="there are no targets to learn from"):
        infer_task(Dataset(np.zeros((2, 1)), None, "d.npz"))


def test_names_of_numeric_classes() -> None:
    numbers = column("t", [10, 9, -1, 0.5])
    assert class_names(numbers) == ("-1", "0.5", "9", "10")
    assert class_labels(numbers).tolist() == ["10", "9", "-1", "0.5"]
    assert class_names(column("t", ["b", "a", "B", "b"])) == ("B", "a", "b")


def test_labels_for_stratifying() -> None:
    labels = stratification_labels(dataset([2, 1, 2]), Task.CLASSIFICATION)
    assert labels is not None
    assert labels.tolist() == ["2", "1", "2"]
    assert stratification_labels(dataset([2, 1, 2]), Task.REGRESSION) is None


def test_targets_of_arrays() -> None:
    data = Dataset(np.zeros((4, 2)), np.array([[0, 1], [1, 0], [1, 1], [0, 0]]), "d.npz")
    assert infer_task(data) is Task.MULTILABEL
    assert [c.name for c in data.target_columns] == ["y0", "y1"]
    assert data.kinds == {"y0": "numeric", "y1": "numeric"}


def spelled(*labels: str) -> Column:
    """Numbers that remember how they are written."""
    values = np.array([float(label) for label in labels])
    return Column("t", values, np.isnan(values), "numeric", np.array(labels, dtype=object))


def of_target(column: Column) -> Dataset:
    n = len(column)
    return Dataset((numeric_column("a", np.arange(float(n))),), (column,), "d.csv", (), np.arange(n) + 2, "line")


def test_labels_keep_their_spelling_in_numeric_order() -> None:
    labels = spelled("10.0", "2.0", "10.0", "1e1", "07")
    assert class_labels(labels).tolist() == ["10.0", "2.0", "10.0", "1e1", "07"]
    assert class_names(spelled("10.0", "2.0", "07")) == ("2.0", "07", "10.0")


def test_whole_numbers_that_a_float_cannot_tell_apart_are_different_classes() -> None:
    labels = [str(2**53 + k) for k in range(3)]
    assert class_names(spelled(*labels)) == tuple(labels)
    assert infer_task(of_target(spelled(*labels * 3))) is Task.CLASSIFICATION
    assert infer_task(of_target(spelled(*labels[:2]))) is Task.BINARY


def test_one_number_written_in_two_ways_is_no_class() -> None:
    with pytest.raises(DataError) as caught:
        infer_task(of_target(spelled("0", "1", "0", "1.0", "1")))
    assert str(caught.value) == (
        "d.csv:5: the target 't' is '1.0', and '1' in d.csv:3: the same number in two ways; write it in one way, or "
        "keep "
        "the two apart with data.columns: {t: categorical}"
    )
    assert infer_task(of_target(spelled("0.5", "1", "0.50", "1.0", "1.5"))) is Task.REGRESSION
