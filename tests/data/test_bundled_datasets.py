"""The data sets in datasets/ are those that its README describes."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from nntrain.data.readers import read
from nntrain.data.task import infer_task, stratification_labels
from nntrain.tasks import Task

FILES = ["breast-cancer.csv", "diabetes.csv", "digits.npz", "iris.csv", "wine.csv"]


def test_the_sums_in_the_readme_are_those_of_the_files(root: Path) -> None:
    folder = root / "datasets"
    stated = re.findall(r"^([0-9a-f]{64})  (\S+)$", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for _, name in stated] == FILES
    for digest, name in stated:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize(
    ("name", "target", "task", "shape", "counts"),
    [
        ("iris.csv", "species", Task.CLASSIFICATION, (4,), {"setosa": 50, "versicolor": 50, "virginica": 50}),
        ("wine.csv", "cultivar", Task.CLASSIFICATION, (13,), {"1": 59, "2": 71, "3": 48}),
        ("breast-cancer.csv", "diagnosis", Task.BINARY, (30,), {"benign": 357, "malignant": 212}),
        (
            "digits.npz",
            None,
            Task.CLASSIFICATION,
            (8, 8, 1),
            dict(zip("0123456789", [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], strict=True)),
        ),
    ],
)
def test_classes_are_as_published(
    root: Path, name: str, target: str | None, task: Task, shape: tuple[int, ...], counts: dict[str, int]
) -> None:
    """The counts are those of the UCI Machine Learning Repository."""
    data = read(root / "datasets" / name, target=target)
    labels = stratification_labels(data, infer_task(data))
    assert labels is not None
    assert infer_task(data) is task
    assert data.input_shape == shape
    assert (
        dict(zip(*(part.tolist() for part in np.unique(labels.astype(str), return_counts=True)), strict=True)) == counts
    )


def test_iris_is_fishers(root: Path) -> None:
    """The 35th and 38th flower as in Fisher's paper, not as in the UCI file; the means as in R."""
    data = read(root / "datasets" / "iris.csv", target="species")
    assert isinstance(data.inputs, tuple)
    x = np.stack([column.values for column in data.inputs], axis=1)
    assert [column.name for column in data.inputs] == ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    assert x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert x[37].tolist() == [4.9, 3.6, 1.4, 0.1]
    assert x.mean(axis=0) == pytest.approx([5.843333, 3.057333, 3.758, 1.199333], abs=1e-6)


def test_diabetes_is_not_scaled(root: Path) -> None:
    data = read(root / "datasets" / "diabetes.csv", target="progression")
    assert infer_task(data) is Task.REGRESSION
    assert isinstance(data.inputs, tuple)
    columns = {column.name: column.values for column in data.inputs}
    assert list(columns) == ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
    assert (columns["age"].min(), columns["age"].max()) == (19, 79)
    target = data.target_columns[0].values
    assert (len(target), target.min(), target.max()) == (442, 25, 346)


def test_digits_are_small_whole_numbers(root: Path) -> None:
    data = read(root / "datasets" / "digits.npz")
    assert not isinstance(data.inputs, tuple)
    assert data.inputs.dtype == np.uint8
    assert (data.inputs.min(), data.inputs.max()) == (0, 16)
    assert len(data) == 1797
