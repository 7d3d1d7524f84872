"""`predict`: answers for a file, whatever the order of its columns and with or without the target."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.errors import DataError, UserError
from tests.experiments import PETS, load, write_pets, write_table


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that tells cats from dogs."""
    folder = tmp_path_factory.mktemp("pets")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_pets()
        return folder / nntrain.fit(load(PETS, "training.epochs=60"), runs_dir="runs").run


HEADER = ("weight", "length", "home")
ROWS = [("4.0", "8.0", "in"), ("21.0", "42.0", "out"), ("20", "39", "in")]


def predicted(run: Path, file: str, **options: Any) -> tuple[list[str], list[list[Any]], list[str]]:
    answer = nntrain.predict(run, file, **options)
    return answer.columns, list(answer.rows), answer.warnings


def test_answers(run: Path) -> None:
    write_table("new.csv", HEADER, ROWS)
    assert predicted(run, "new.csv") == (["kind"], [["cat"], ["dog"], ["dog"]], [])


def test_probabilities(run: Path) -> None:
    write_table("new.csv", HEADER, ROWS)
    columns, rows, _ = predicted(run, "new.csv", probabilities=True)
    assert columns == ["kind", "probability_cat", "probability_dog"]
    shares = nntrain.load_run(run).predict_proba([[4.0, 8.0, "in"], [21.0, 42.0, "out"], [20.0, 39.0, "in"]])
    np.testing.assert_allclose([row[1:] for row in rows], shares, rtol=1e-6)
    assert all(len(str(row[1])) <= 14 for row in rows), "more digits than float32 has"


def test_columns_go_by_name_and_others_are_ignored(run: Path) -> None:
    write_table("new.csv", HEADER, ROWS)
    expected = predicted(run, "new.csv", probabilities=True)
    table = [("x", home, length, "?", weight) for weight, length, home in ROWS]
    write_table("other.csv", ("kind", "home", "length", "color", "weight"), table)
    assert predicted(run, "other.csv", probabilities=True) == expected


def test_a_category_that_training_did_not_have_is_warned_of(run: Path) -> None:
    write_table("new.csv", HEADER, [*ROWS, ("4", "8", "moon"), ("5", "9", "moon"), ("5", "9", "sun")])
    _, rows, warnings = predicted(run, "new.csv")
    assert len(rows) == 6
    assert warnings == [
        "new.csv: column 'home': 3 cells hold categories that the training rows do not have ('moon', 'sun'); "
        "they are encoded as zeros"
    ]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        (
            ("weight", "home"), [("4", "in")],
            "new.csv: no input column 'length'; the columns are 'weight', 'home'; the network was trained on 'weight', "
            "'length', 'home'",
        ),
        (
            HEADER, [*ROWS, ("", "8", "in")],
            "new.csv:5: column 'weight' has no value; fill it in, or remove the row, or train with "
            "data.preprocess.missing: mean, median or most_frequent",
        ),
        (
            HEADER, [("four", "8", "in")],
            "new.csv:2: column 'weight' holds the text 'four', but the column was numeric in the training data; "
            "write a number there, or leave the cell empty if the network was trained with data.preprocess.missing",
        ),
        (HEADER, [("4", "8")], "new.csv:2: 2 fields, but the header has 3"),
        (HEADER, [], "new.csv: a header and no rows below it"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_suit(
    run: Path, header: tuple[str, ...], rows: list[tuple[str, ...]], expected: str
) -> None:
    write_table("new.csv", header, rows)
    with pytest.raises(DataError) as caught:
        nntrain.predict(run, "new.csv")
    assert str(caught.value) == expected


def test_a_file_that_is_not_there(run: Path) -> None:
    with pytest.raises(DataError) as caught:
        nntrain.predict(run, "absent.csv")
    assert str(caught.value) == "absent.csv: no such file"


def test_values_in_the_units_of_the_data() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (80, 2)).round(3)
    write_table("t.csv", ("x1", "x2", "price", "days"), [(a, b, 100 + 50 * (a + b), 3 * a) for a, b in x])
    text = (
        "data: {path: t.csv, target: [price, days], preprocess: {target: standard}}\n"
        "network: [{type: dense, units: auto, activation: auto}]\n"
        "optimizer: {type: adam, learning_rate: 0.05}\ntraining: {epochs: 150}\n"
    )
    run = nntrain.fit(load(text)).run
    write_table("new.csv", ("x2", "x1"), [(0, 0), (0.5, 0.5)])
    columns, rows, _ = predicted(run, "new.csv")
    assert columns == ["price", "days"]
    np.testing.assert_allclose(rows, [[100.0, 0.0], [150.0, 1.5]], atol=1)
    with pytest.raises(UserError, match="a regression has no probabilities"):
        nntrain.predict(run, "new.csv", probabilities=True)


def test_labels() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 2)).round(3)
    write_table("t.csv", ("a", "b", "left", "low"), [(a, b, int(a < 0), int(b < 0)) for a, b in x])
    text = PETS.replace("pets.csv, target: kind", "t.csv, target: [left, low]")
    run = nntrain.fit(load(text, "training.epochs=60")).run
    write_table("new.csv", ("a", "b"), [(-2, 2), (2, -2)])
    columns, rows, _ = predicted(run, "new.csv", probabilities=True)
    assert columns == ["left", "low", "probability_left", "probability_low"]
    assert [row[:2] for row in rows] == [[1, 0], [0, 1]]


def test_images() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 100, (60, 4, 4)).astype(np.uint8)
    x[::2, :, :2] += 100
    x[1::2, :, 2:] += 100
    np.savez("i.npz", x=x, y=np.arange(60) % 2)
    text = (
        "data: {path: i.npz, preprocess: {numeric: minmax}}\n"
        "network: [flatten, {type: dense, units: auto, activation: auto}]\n"
        "optimizer: {type: adam, learning_rate: 0.05}\ntraining: {epochs: 40}\n"
    )
    run = nntrain.fit(load(text)).run
    np.savez("new.npz", x=x[:4])
    assert predicted(run, "new.npz")[:2] == (["y"], [["0"], ["1"], ["0"], ["1"]])
    np.save("new.npy", x[:2])
    assert predicted(run, "new.npy")[1] == [["0"], ["1"]]
    np.savez("new.npz", x=x[:4, :3])
    with pytest.raises(DataError) as caught:
        nntrain.predict(run, "new.npz")
    assert str(caught.value) == "new.npz: examples of the shape [3, 4], but the network was trained on [4, 4]"
    write_pets()
    with pytest.raises(DataError, match="a table, but the network was trained on arrays"):
        nntrain.predict(run, "pets.csv")


@pytest.mark.parametrize("how", ["predict", "evaluate"])
@pytest.mark.parametrize("features", ["all", "[carat, cut]", "{exclude: [id]}"])
def test_a_column_of_another_case_in_a_later_file_is_listed_and_suggested(how: str, features: str) -> None:
    rows = [(i, i / 10, "ab"[i % 2], 3.5 * i) for i in range(40)]
    write_table("train.csv", ("id", "carat", "cut", "price"), rows)
    text = PETS.replace("pets.csv, target: kind", f"train.csv, target: price, features: {features}")
    run = nntrain.fit(load(text)).run
    write_table("later.csv", ("price", "Cut", "Id", "Carat"), [(row[3], row[2], row[0], row[1]) for row in rows])
    with pytest.raises(DataError) as caught:
        nntrain.predict(run, "later.csv") if how == "predict" else nntrain.evaluate(run, data="later.csv")
    missing, meant = ("'id', 'carat', 'cut'", "'Id' for 'id', ") if features == "all" else ("'carat', 'cut'", "")
    assert str(caught.value) == (
        f"later.csv: no input columns {missing}; did you mean {meant}'Carat' for 'carat', 'Cut' for 'cut'? The columns "
        f"are 'price', 'Cut', 'Id', 'Carat'; the network was trained on {missing}"
    )
