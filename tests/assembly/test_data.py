"""From the `data` section to the splits: seeds, separate files, folds, and errors with their place in the config."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.assembly.data import Data
from nntrain.data.dataset import Dataset
from nntrain.data.inputs import TableInputs
from nntrain.errors import ConfigError, DataError
from nntrain.tasks import Task
from tests.experiments import BINARY, CLASSES, PETS, VALUES, load, write_pets, write_table


def numbers(dataset: Dataset) -> list[object]:
    """The cells of the first input column."""
    assert isinstance(dataset.inputs, tuple)
    values: list[object] = dataset.inputs[0].values.tolist()
    return values


def rows_of(data: Data) -> dict[str, list[int]]:
    """The examples of each split."""
    return {name: getattr(data.split, name).tolist() for name in ("training", "validation", "test")}


def test_the_shares_of_the_splits() -> None:
    prepared = Data(load(CLASSES, "data.split={validation: 0.3, test: 0.1}")).prepare()
    assert [prepared.size(split) for split in ("training", "validation", "test")] == [54, 27, 9]
    prepared = Data(load(CLASSES, "data.split={validation: 0, test: 0}")).prepare()
    assert list(prepared.splits) == ["training"]
    assert (prepared.size("training"), prepared.size("test"), prepared.input_shape) == (90, 0, (2,))


def test_the_seed_of_the_experiment_splits_unless_the_split_has_its_own() -> None:
    write_pets()
    split = rows_of(Data(load(PETS)))
    assert rows_of(Data(load(PETS))) == split
    assert rows_of(Data(load(PETS, "seed=1"))) != split
    assert rows_of(Data(load(PETS, "seed=1", "data.split.seed=0"))) == split
    assert rows_of(Data(load(PETS, "data.split.seed=1"))) == rows_of(Data(load(PETS, "seed=1")))


def test_the_seed_of_the_experiment_makes_synthetic_data_unless_that_has_its_own() -> None:
    def made(*overrides: str) -> list[object]:
        return numbers(Data(load(CLASSES, *overrides)).pool)

    assert made() == made("data.split.seed=9", "data.synthetic.seed=0")
    assert made("seed=1") != made()
    assert made("seed=1", "data.synthetic.seed=0") == made()


def test_splits_keep_the_classes_in_proportion_where_there_are_classes() -> None:
    write_pets(n=90)
    for overrides, even in (([], True), (["data.split.stratify=false"], False)):
        data = Data(load(PETS, *overrides))
        cats = [int((data.pool.rows(getattr(data.split, name)).target_columns[0].values == "cat").sum())
                for name in ("training", "validation", "test")]  # fmt: skip
        assert (cats == [18, 6, 6]) == even
        assert sum(cats) == 30


def test_preprocessing_is_fitted_on_the_training_split_alone() -> None:
    write_pets()
    data = Data(load(PETS))
    prepared = data.prepare()
    weights = data.pool.rows(data.split.training).inputs
    assert isinstance(weights, tuple)
    x = prepared.splits["training"].whole("x")
    np.testing.assert_allclose(x[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(x[:, 0].std(), 1, rtol=1e-6)
    assert abs(prepared.splits["test"].whole("x")[:, 0].mean()) > 1e-3
    mean, scale = weights[0].values.mean(), weights[0].values.std()
    test = data.pool.rows(data.split.test).inputs
    assert isinstance(test, tuple)
    np.testing.assert_allclose(prepared.splits["test"].whole("x")[:, 0], (test[0].values - mean) / scale, rtol=1e-5)


def test_splits_that_are_files_of_their_own() -> None:
    write_pets("pets.csv", n=60)
    write_pets("more.csv", n=20)
    data = Data(load(PETS, "data.split={validation: 0.25, test: {path: more.csv}}"))
    prepared = data.prepare()
    assert [prepared.size(split) for split in ("training", "validation", "test")] == [45, 15, 20]
    assert data.files == (Path("pets.csv"), Path("more.csv"))
    both = Data(load(PETS, "data.split={validation: {path: more.csv}, test: {path: more.csv}}"))
    assert [both.prepare().size(split) for split in ("training", "validation", "test")] == [60, 20, 20]
    assert both.files == (Path("pets.csv"), Path("more.csv"))


def test_a_separate_file_is_read_like_the_first() -> None:
    """A column of text stays one, although the second file has only numbers in it; its columns go by name."""
    write_table("a.csv", ("x", "code", "y"), [(i, f"{i % 3}" if i % 5 else "n/k", "pq"[i % 2]) for i in range(40)])
    write_table("b.csv", ("y", "extra", "code", "x"), [("pq"[i % 2], "?", i % 3, i) for i in range(10)])
    text = "data: {path: a.csv, target: y, columns: {code: categorical}, split: {test: {path: b.csv}}}\n"
    prepared = Data(load(text + "network: [{type: dense, units: auto}]\n")).prepare()
    assert isinstance(prepared.preprocessor.input_encoding, TableInputs)
    assert prepared.preprocessor.input_encoding.features == ("x", "code=0", "code=1", "code=2", "code=n/k")
    assert prepared.splits["test"].whole("x")[:, 1:].tolist() == [
        [i % 3 == 0, i % 3 == 1, i % 3 == 2, 0] for i in range(10)
    ]


RARE = "data: {path: rare.csv, target: y}\nnetwork: [{type: dense, units: auto, activation: auto}]\n"


def write_rare(alone: int = 1) -> None:
    """Forty rows of two classes, and a class with `alone` rows."""
    rows = [(i, "pq"[i % 2]) for i in range(40)] + [(i, "rare") for i in range(alone)]
    write_table("rare.csv", ("x", "y"), rows)


def test_a_class_of_one_is_trained_on_whatever_the_seed() -> None:
    write_rare()
    for seed in range(12):
        data = Data(load(RARE, f"seed={seed}"))
        assert 40 in data.split.training
        assert data.prepare().preprocessor.classes == ("p", "q", "rare")
        folds = data.prepare_folds(4)
        assert all(fold.preprocessor.classes == ("p", "q", "rare") for fold in folds)
        assert sum(fold.size("validation") for fold in folds) == 41 - len(data.split.test) - 1


@pytest.mark.parametrize("alone", [1, 2])
def test_chance_may_keep_a_class_from_training_and_what_helps_then(alone: int) -> None:
    """Without stratification some seeds do, and are told to use it; with it every seed can be trained."""
    write_rare(alone)
    refused = []
    for seed in range(60):
        try:
            Data(load(RARE, f"seed={seed}", "data.split.stratify=false")).prepare()
        except ConfigError as error:
            refused.append(str(error).splitlines()[0])
            Data(load(RARE, f"seed={seed}", "data.split.stratify=auto")).prepare()
    assert set(refused) == {
        "--set data.split.stratify=false: class 'rare' of target 'y' is not among the 25 examples to train on, so that "
        "those of it elsewhere could not be scored: set data.split.stratify: auto, which keeps every class in training"
    }


def test_chance_may_keep_a_class_from_a_fold() -> None:
    write_rare(2)
    refused = 0
    for seed in range(20):
        try:
            Data(load(RARE, f"seed={seed}", "data.split={validation: 0, test: 0, stratify: false}")).prepare_folds(2)
        except ConfigError as error:
            refused += 1
            assert "class 'rare' of target 'y' is not among the 21 examples to train on" in str(error)  # noqa: PT017
        Data(load(RARE, f"seed={seed}", "data.split={validation: 0, test: 0}")).prepare_folds(2)
    assert refused > 0


@pytest.mark.parametrize("folds", [2, 5])
def test_folds_are_of_all_that_is_not_for_testing(folds: int) -> None:
    write_pets()
    data = Data(load(PETS))
    sets = data.prepare_folds(folds)
    kept = 60 - len(data.split.test)
    assert [set(fold.splits) for fold in sets] == [{"training", "validation"}] * folds
    assert all(fold.size("training") + fold.size("validation") == kept for fold in sets)
    assert sum(fold.size("validation") for fold in sets) == kept
    assert max(f.size("validation") for f in sets) - min(f.size("validation") for f in sets) <= 1


def test_every_example_validates_once_and_none_is_a_test_example() -> None:
    """Each example has a number of its own as its only feature, unscaled, by which it is known."""
    write_table("n.csv", ("x", "y"), [(i, "pq"[i % 2]) for i in range(50)])
    text = "data: {path: n.csv, target: y, preprocess: {numeric: none}}\nnetwork: [{type: dense, units: auto}]\n"
    data = Data(load(text))
    validated: Array = np.concatenate([fold.splits["validation"].whole("x")[:, 0] for fold in data.prepare_folds(4)])
    assert sorted(validated.tolist()) == sorted([*data.split.training, *data.split.validation])


def test_each_fold_is_scaled_by_its_own_training_examples() -> None:
    write_pets()
    for fold in Data(load(PETS)).prepare_folds(3):
        np.testing.assert_allclose(fold.splits["training"].whole("x")[:, 0].mean(), 0, atol=1e-6)
        assert abs(fold.splits["validation"].whole("x")[:, 0].mean()) > 1e-4


@pytest.mark.parametrize(
    ("text", "overrides", "task"),
    [
        (CLASSES, [], Task.CLASSIFICATION),
        (BINARY, [], Task.BINARY),
        (BINARY, ["data.task=classification"], Task.CLASSIFICATION),
        (VALUES, [], Task.REGRESSION),
    ],
)
def test_the_task(text: str, overrides: list[str], task: Task) -> None:
    data = Data(load(text, *overrides))
    assert data.task is task
    assert data.prepare().task is task


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_have_the_dtype_of_the_experiment(dtype: str) -> None:
    split = Data(load(CLASSES, f"dtype={dtype}")).prepare().splits["training"]
    assert split.whole("x").dtype == split.whole("t").dtype == np.dtype(dtype)
    assert len(split) == len(split.whole("x"))


# What is wrong with the data, and what is said of it; «» are about what is blamed in the config.
PLACES: dict[str, tuple[str, str, str]] = {
    "no such file": (
        "data: {path: «pest.csv», target: kind}",
        "pest.csv: no such file; did you mean 'pets.csv'?",
        "",
    ),
    "no such target": (
        "data: {path: pets.csv, target: «knid»}",
        "pets.csv: no target column 'knid'; did you mean 'kind'? The columns are 'weight', 'length', 'home', 'kind'",
        "",
    ),
    "no such test file": (
        "data: {path: pets.csv, target: kind, split: {test: «{path: quite-different}»}}",
        "quite-different: no such file",
        "",
    ),
    "stratified numbers": (
        "data: {path: pets.csv, target: weight, split: {stratify: «true»}}",
        "data.split.stratify cannot be true for a regression task, which has no classes to keep in proportion",
        "",
    ),
    "a test share that is empty": (
        "data: {path: pets.csv, target: kind, split: {test: «0.001»}}",
        "60 examples are too few: a share of 0.001 for test leaves it empty; add examples or change data.split",
        "",
    ),
    "the wrong task": (
        "data: {path: pets.csv, target: kind, task: «regression»}",
        "pets.csv:2: the target 'kind' is text, 'cat'; regression needs numbers: use task: classification",
        "",
    ),
}


@pytest.mark.parametrize("mistake", PLACES)
def test_what_the_config_is_to_blame_for_has_its_place(mistake: str) -> None:
    marked, message, hint = PLACES[mistake]
    write_pets()
    line, column = marked.replace("«", "").replace("»", ""), marked.index("«")
    width = marked.index("»") - column - 1
    with pytest.raises(ConfigError) as caught:
        Data(load(line + "\nnetwork: [{type: dense, units: auto}]\n")).prepare()
    caret = " " * column + "^" * width + hint
    assert str(caught.value) == (
        f"a.yaml:1:{column + 1}: {message}\n    1 | {line}\n      | {caret}\n1 error in a.yaml"
    )


def test_folds_beyond_the_examples_are_refused_at_their_place() -> None:
    text = CLASSES + "search: {space: {seed: [1]}, evaluation: {folds: 100}}\n"
    with pytest.raises(ConfigError) as caught:
        Data(load(text)).prepare_folds(100)
    assert str(caught.value) == (
        "a.yaml:6:50: folds must be from 2 to the number of examples, 72; got 100\n"
        "    6 | search: {space: {seed: [1]}, evaluation: {folds: 100}}\n"
        "      |                                                  ^^^\n"
        "1 error in a.yaml"
    )


def test_what_only_the_data_is_to_blame_for_has_its_row() -> None:
    write_table("t.csv", ("x", "y"), [(1, "p"), ("", "q"), (2, "p"), (3, "q")] * 5)
    text = "data: {path: t.csv, target: y, preprocess: {missing: mean}}\nnetwork: [{type: dense, units: auto}]\n"
    Data(load(text)).prepare()
    write_table("t.csv", ("x", "y"), [(1, "p"), (2, ""), (2, "p"), (3, "q")] * 5)
    with pytest.raises(DataError) as caught:
        Data(load(text)).prepare()
    assert str(caught.value).startswith("t.csv:3: the target 'y' has no value (5 rows lack it)")


def test_a_class_that_training_lacks() -> None:
    """Without stratification a class may be in one split only: it is said where."""
    write_table("t.csv", ("x", "y"), [(i, "pq"[i % 2]) for i in range(30)])
    write_table("u.csv", ("x", "y"), [(1, "p"), (2, "r")])
    text = "data: {path: t.csv, target: y, split: {test: {path: u.csv}}}\nnetwork: [{type: dense, units: auto}]\n"
    with pytest.raises(DataError) as caught:
        Data(load(text)).prepare()
    assert str(caught.value) == (
        "u.csv:3: the target 'y' is 'r', a class that the training rows do not have; they have 'p', 'q'"
    )


def test_paths_are_relative_to_the_config() -> None:
    Path("deep").mkdir()
    write_pets("pets.csv")
    data = Data(load(PETS.replace("pets.csv", "../pets.csv"), name="deep/a.yaml"))
    assert len(data.pool) == 60
