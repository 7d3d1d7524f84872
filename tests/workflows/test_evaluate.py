"""`evaluate` and `evaluation`: scores of any split and of other files, against plain counting and formulas."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.assembly.data import Data
from nntrain.config.experiment import load_experiment
from nntrain.errors import DataError, UserError
from nntrain.tasks import Task
from nntrain.workflows import FitResult, evaluation
from tests.experiments import BINARY, CLASSES, PETS, VALUES, load, write_pets, write_table

SPLITS = ("training", "validation", "test")


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def fit(text: str, *overrides: str) -> FitResult:
    return nntrain.fit(load(text, *overrides))


def answers(result: FitResult, split: str) -> tuple[Array, Array]:
    """What the network says of a split, and what is true, both in the terms of the data."""
    data = Data(load_experiment(result.run / "config.yaml"))
    dataset = data.pool.rows(getattr(data.split, split))
    model = nntrain.load_run(result.run)
    assert isinstance(dataset.inputs, tuple)
    rows = {column.name: column.values for column in dataset.inputs}
    return model.predict(rows), dataset.target_columns[0].values


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("text", [CLASSES, BINARY, VALUES], ids=["classes", "binary", "values"])
def test_scores_are_those_of_the_fit(text: str, split: str) -> None:
    result = fit(text)
    scores = nntrain.evaluate(result.run, split=split)
    for name, value in result.metrics[split].items():
        assert scores[name] == pytest.approx(value, rel=1e-6)
    assert next(iter(scores)) == "loss"
    if split == "test":
        assert nntrain.evaluate(result.run) == scores


def test_the_report_of_three_classes_counted_by_hand() -> None:
    result = fit(CLASSES, "training.epochs=3", "data.synthetic.noise=0.4")
    said, true = answers(result, "test")
    report = evaluation(result.run)
    pairs = Counter(zip(true.tolist(), said.tolist(), strict=True))
    assert report.confusion is not None
    assert report.confusion.tolist() == [[pairs[t, p] for p in "012"] for t in "012"]
    assert (report.split, report.task, report.examples, report.classes) == (
        "test", Task.CLASSIFICATION, 18, ("0", "1", "2"),
    )  # fmt: skip
    assert report.scores["accuracy"] == pytest.approx(np.mean(said == true))
    for row in report.per_class:
        hits, predicted, support = (
            pairs[row.name, row.name],
            int((said == row.name).sum()),
            int((true == row.name).sum()),
        )
        assert row.support == support
        assert row.precision == pytest.approx(hits / predicted if predicted else 0)
        assert row.recall == pytest.approx(hits / support)
        assert row.f1 == pytest.approx(2 * hits / (predicted + support))
    assert report.scores["f1"] == pytest.approx(np.mean([row.f1 for row in report.per_class]))
    assert report.baseline["accuracy"] == pytest.approx(1 / 3)  # always the same of three even classes


def test_the_roc_auc_of_two_classes_by_comparing_all_pairs() -> None:
    write_pets()
    result = fit(PETS, "training.epochs=1", "optimizer.learning_rate=0.001")
    model = nntrain.load_run(result.run)
    data = Data(load_experiment(result.run / "config.yaml"))
    dataset = data.pool.rows(data.split.test)
    assert isinstance(dataset.inputs, tuple)
    shares = model.predict_proba({column.name: column.values for column in dataset.inputs})[:, 1]
    dogs = dataset.target_columns[0].values == "dog"
    wins = [float(d > c) + 0.5 * (d == c) for d in shares[dogs] for c in shares[~dogs]]
    report = evaluation(result.run)
    assert report.scores["roc_auc"] == pytest.approx(np.mean(wins))
    assert report.classes == ("cat", "dog")
    assert report.baseline["accuracy"] == pytest.approx(8 / 12)


def test_the_report_of_values_by_formula() -> None:
    result = fit(VALUES, "data.preprocess.target=standard", "training.epochs=20")
    said, true = answers(result, "test")
    assert said.shape == true.shape
    error = said - true
    report = evaluation(result.run)
    assert report.scores["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
    assert report.scores["mae"] == pytest.approx(np.mean(np.abs(error)), rel=1e-5)
    assert report.scores["max_error"] == pytest.approx(np.abs(error).max(), rel=1e-5)
    assert report.scores["r2"] == pytest.approx(1 - np.sum(error**2) / np.sum((true - true.mean()) ** 2), rel=1e-5)
    assert report.confusion is None
    assert report.per_class == ()
    [row] = report.per_output
    assert (row.name, row.rmse) == ("y", report.scores["rmse"])
    # the baseline is the mean of the training split
    data = Data(load_experiment(result.run / "config.yaml"))
    mean = data.pool.rows(data.split.training).target_columns[0].values.mean()
    assert report.baseline["rmse"] == pytest.approx(np.sqrt(np.mean((true - mean) ** 2)), rel=1e-5)


def test_labels_have_their_names() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)).round(3)
    write_table("t.csv", ("a", "b", "left", "low"), [(a, b, int(a < 0), int(b < 0)) for a, b in x])
    result = fit(PETS.replace("pets.csv, target: kind", "t.csv, target: [left, low]"))
    report = evaluation(result.run)
    assert report.classes == ("left", "low")
    assert [row.name for row in report.per_class] == ["left", "low"]
    assert report.confusion is None
    assert set(result.metrics["test"]) == {"loss", "accuracy", "f1"}


def test_another_file() -> None:
    write_pets("pets.csv", n=60)
    result = fit(PETS)
    rows = [("21.0", "in", "x", "dog", "42.0"), ("4.0", "out", "y", "cat", "9.0"), ("3.0", "in", "z", "dog", "8.0")]
    write_table("more.csv", ("weight", "home", "name", "kind", "length"), rows)
    report = evaluation(result.run, data="more.csv")
    assert report.confusion is not None
    assert report.confusion.tolist() == [[1, 0], [1, 1]]
    assert (report.split, report.examples) == ("more.csv", 3)
    model = nntrain.load_run(result.run)
    shares = model.predict_proba([[21.0, 42.0, "in"], [4.0, 9.0, "out"], [3.0, 8.0, "in"]])
    expected = -np.mean(np.log([shares[0, 1], shares[1, 0], shares[2, 1]]))
    assert report.scores["loss"] == pytest.approx(expected, rel=1e-5)
    assert nntrain.evaluate(result.run, data="more.csv", split="training")["loss"] == report.scores["loss"]


def test_a_file_with_one_class() -> None:
    write_pets()
    result = fit(PETS)
    write_table("cats.csv", ("weight", "length", "home", "kind"), [(4, 8, "in", "cat"), (3.5, 7, "out", "cat")])
    scores = nntrain.evaluate(result.run, data="cats.csv")
    assert scores["accuracy"] == 1
    assert np.isnan(scores["roc_auc"])


OTHER_FILES: dict[str, tuple[Any, str]] = {
    "no such file": (None, "other.csv: no such file"),
    "no target": (
        [("weight", "length", "home"), (1, 2, "in")],
        "other.csv: no target column 'kind'; the columns are 'weight', 'length', 'home'",
    ),
    "a column that is missing": (
        [("weight", "home", "kind"), (1, "in", "cat")],
        "other.csv: no input column 'length'; the columns are 'weight', 'home', 'kind'; the network was trained on "
        "'weight', 'length', 'home'",
    ),
    "a class that is new": (
        [("weight", "length", "home", "kind"), (1, 2, "in", "cat"), (1, 2, "in", "cow")],
        "other.csv:3: the target 'kind' is 'cow', a class that the training rows do not have; they have 'cat', 'dog'",
    ),
    "text where numbers were": (
        [("weight", "length", "home", "kind"), ("heavy", 2, "in", "cat")],
        "other.csv:2: column 'weight' holds the text 'heavy', but the column was numeric in the training data; "
        "write a number there",
    ),
    "no rows": ([("weight", "length", "home", "kind")], "other.csv: a header and no rows below it"),
}


@pytest.mark.parametrize("mistake", OTHER_FILES)
def test_a_file_that_does_not_suit(mistake: str) -> None:
    write_pets()
    result = fit(PETS)
    table, expected = OTHER_FILES[mistake]
    if table is not None:
        write_table("other.csv", table[0], table[1:])
    with pytest.raises(DataError) as caught:
        nntrain.evaluate(result.run, data="other.csv")
    assert str(caught.value).startswith(expected)


def test_splits_that_are_not_there() -> None:
    result = fit(CLASSES, "data.split={validation: 0, test: 0}")
    with pytest.raises(UserError) as caught:
        nntrain.evaluate(result.run)
    assert str(caught.value) == (
        f"{result.run.name} has no test examples (data.split.test is 0): use --split or --data FILE"
    )
    with pytest.raises(UserError) as caught:
        nntrain.evaluate(result.run, split="tset")
    assert str(caught.value) == "unknown split 'tset': choose one of training, validation, test"
    assert nntrain.evaluate(result.run, split="training")["accuracy"] == result.metrics["training"]["accuracy"]


def test_two_files_of_one_name() -> None:
    for folder, n in (("train", 60), ("test", 20)):
        Path(folder).mkdir()
        write_pets(f"{folder}/pets.csv", n)
    text = PETS.replace("pets.csv, target: kind", "train/pets.csv, target: kind, split: {test: {path: test/pets.csv}}")
    result = fit(text)
    assert evaluation(result.run).examples == 20
    assert evaluation(result.run, split="training").examples == 48


def test_data_that_has_changed_is_refused() -> None:
    write_pets()
    result = fit(PETS)
    Path("pets.csv").write_text(Path("pets.csv").read_text().replace("dog", "cat", 1))
    with pytest.raises(DataError, match="has changed since"):
        nntrain.evaluate(result.run)
    Path("pets.csv").unlink()
    with pytest.raises(DataError, match=r"but .* was trained on it: put it back"):
        nntrain.evaluate(result.run)


def test_a_network_without_parameters_can_be_scored() -> None:
    result = fit("data: {synthetic: moons}\nnetwork: [softmax]\ntraining: {epochs: 1}\n")
    assert result.parameters == 0
    assert nntrain.evaluate(result.run)["loss"] == pytest.approx(result.metrics["test"]["loss"])
