"""`load_run`: a trained network that answers, for rows of every form, in the terms of the data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.errors import DataError, RunError, UserError
from nntrain.workflows import Model
from tests.experiments import CLASSES, PETS, VALUES, load, write_pets, write_table


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


@pytest.fixture(scope="module")
def pets_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that tells cats from dogs by weight, length and home (a category)."""
    folder = tmp_path_factory.mktemp("pets")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_pets()
        run = nntrain.fit(load(PETS, "training.epochs=60"), runs_dir="runs").run
    return folder / run


@pytest.fixture
def pets(pets_run: Path) -> Model:
    return nntrain.load_run(pets_run)


CAT, DOG = [4.0, 8.0, "in"], [21.0, 42.0, "out"]
COLUMNS = {"weight": [4.0, 21.0], "length": [8.0, 42.0], "home": ["in", "out"]}


def test_names(pets: Model) -> None:
    assert pets.classes == ("cat", "dog")
    assert pets.feature_names == ("weight", "length", "home")


ROWS: dict[str, Any] = {
    "a list of rows": [CAT, DOG],
    "tuples": (tuple(CAT), tuple(DOG)),
    "an array of objects": np.array([CAT, DOG], dtype=object),
    "an array of texts": np.array([CAT, DOG]),
    "a mapping of columns": COLUMNS,
    "columns as arrays": {name: np.array(values) for name, values in COLUMNS.items()},
    "columns in another order, with others": {"name": ["Tom", "Rex"], **dict(reversed(COLUMNS.items()))},
    "mappings": [dict(zip(COLUMNS, CAT, strict=True)), {"color": "red", **dict(zip(COLUMNS, DOG, strict=True))}],
    "NumPy's numbers": [[np.float32(4), np.int64(8), np.str_("in")], [np.float64(21), np.uint8(42), "out"]],
    "numbers as texts": [["4.0", "8", "in"], ["21", "4.2e1", "out"]],
}


@pytest.mark.parametrize("form", ROWS)
def test_rows_of_every_form(pets: Model, form: str) -> None:
    expected = pets.predict_proba([CAT, DOG])
    assert pets.predict(ROWS[form]).tolist() == ["cat", "dog"]
    np.testing.assert_array_equal(pets.predict_proba(ROWS[form]), expected)


def test_rows_may_come_one_by_one(pets: Model) -> None:
    assert pets.predict(row for row in (CAT, DOG)).tolist() == ["cat", "dog"]  # type: ignore[arg-type]


def test_probabilities_are_of_the_classes_in_their_order(pets: Model) -> None:
    shares = pets.predict_proba([CAT, DOG])
    assert shares.shape == (2, 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert shares[0, 0] > 0.9 < shares[1, 1]


def test_no_rows_have_no_answers(pets: Model) -> None:
    assert pets.predict([]).shape == (0,)
    assert pets.predict_proba(np.empty((0, 3))).shape == (0, 2)


def test_answers_do_not_depend_on_the_company_that_a_row_is_in(pets: Model) -> None:
    """Blocks and batches are no part of the answer."""
    rng = np.random.default_rng(0)
    rows = [[float(w), float(2 * w), "in"] for w in rng.uniform(1, 30, 9001)]
    together = pets.predict_proba(rows)
    for place in (0, 1, 4095, 4096, 4097, 9000):
        np.testing.assert_allclose(pets.predict_proba([rows[place]])[0], together[place], rtol=1e-5)


WRONG: dict[str, tuple[Any, str]] = {
    "one row": (CAT, "rows: give a list of rows, each with the values of weight, length, home"),
    "one array": (np.zeros(3), "rows: give a list of rows, each with the values of weight, length, home"),
    "a number": (5, "rows: give a list of rows, each with the values of weight, length, home"),
    "nothing": (None, "rows: give a list of rows, each with the values of weight, length, home"),
    "a text": ("in", "rows: give a list of rows, each with the values of weight, length, home"),
    "too short a row": (
        [CAT, [1.0, 2.0]], "rows: row 1 has 2 values, but the network takes 3: weight, length, home"
    ),
    "too wide an array": (
        np.zeros((2, 4)), "rows: row 0 has 4 values, but the network takes 3: weight, length, home"
    ),
    "a column that is missing": (
        {"weight": [1.0], "home": ["in"]},
        "rows: no input column 'length'; the columns are 'weight', 'home'; the network was trained on 'weight', "
        "'length', 'home'",
    ),
    "a column that is misspelt": (
        {"weight": [1.0], "lenght": [2.0], "home": ["in"]},
        "rows: no input column 'length'; did you mean 'lenght'? The columns are 'weight', 'lenght', 'home'; the "
        "network was trained on 'weight', 'length', 'home'",
    ),
    "columns of different length": (
        {**COLUMNS, "home": ["in"]}, "rows: the columns differ in length: 'weight' has 2, 'home' 1"
    ),
    "a column that is a number": ({**COLUMNS, "length": 2}, "rows: the column 'length' must be a list of values"),
    "a column that is a text": ({**COLUMNS, "home": "in"}, "rows: the column 'home' must be a list of values"),
    "text where numbers were": (
        [["heavy", 8.0, "in"]],
        "rows: example 0: column 'weight' holds the text 'heavy', but the column was numeric in the training data; "
        "write a number there",
    ),
    "a value that is missing": (
        [CAT, [None, 8.0, "in"]],
        "rows: example 1: column 'weight' has no value; fill it in, or remove the row, or train with "
        "data.preprocess.missing: mean, median or most_frequent",
    ),
    "a key that is missing": (
        [dict(zip(COLUMNS, CAT, strict=True)), {"weight": 1.0, "home": "in"}],
        "rows: example 1: column 'length' has no value; fill it in, or remove the row, or train with "
        "data.preprocess.missing: mean, median or most_frequent",
    ),
    "an infinity": (
        [[np.inf, 8.0, "in"]],
        "rows: example 0: column 'weight' is inf, which does not fit in float32 after scaling; correct it, or set "
        "dtype: float64",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_rows_that_are_wrong(pets: Model, mistake: str) -> None:
    rows, expected = WRONG[mistake]
    with pytest.raises(DataError) as caught:
        pets.predict(rows)
    assert str(caught.value) == expected


def test_a_category_that_training_did_not_have_is_none_of_them(pets: Model) -> None:
    known, unknown = pets.predict_proba([[4.0, 8.0, "in"], [4.0, 8.0, "moon"]])
    assert not np.array_equal(known, unknown)
    assert pets.predict([[4.0, 8.0, "moon"]]).tolist() == ["cat"]


def test_missing_values_are_filled_where_the_config_says_how() -> None:
    rows = [(i if i % 4 else "", 2 * i, "pq"[i > 20]) for i in range(40)]
    write_table("t.csv", ("a", "b", "y"), rows)
    text = PETS.replace("pets.csv, target: kind", "t.csv, target: y, preprocess: {missing: median}")
    model = nntrain.load_run(nntrain.fit(load(text)).run)
    fill = model.preprocessor.to_json()["inputs"]["columns"][0]["fill"]
    assert model.predict_proba([[None, 3]]).tolist() == model.predict_proba([[fill, 3]]).tolist()
    assert model.predict_proba([[float("nan"), 3]]).tolist() == model.predict_proba([[fill, 3]]).tolist()


def test_values_are_in_the_units_of_the_data() -> None:
    """y = 100 + 50 (x1 + x2), two targets of different scales: both are learned, and answered as they were given."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (80, 2)).round(3)
    rows = [(a, b, 100 + 50 * (a + b), 0.01 * a) for a, b in x]
    write_table("t.csv", ("x1", "x2", "large", "small"), rows)
    text = (
        "data: {path: t.csv, target: [large, small], preprocess: {target: standard}}\n"
        "network: [{type: dense, units: auto, activation: auto}]\n"
        "optimizer: {type: adam, learning_rate: 0.05}\ntraining: {epochs: 150}\n"
    )
    model = nntrain.load_run(nntrain.fit(load(text)).run)
    np.testing.assert_allclose(
        model.predict([[0, 0], [0.5, 0.5]]), [[100.0, 0.0], [150.0, 0.005]], rtol=0.01, atol=1e-4
    )
    assert model.predict([[0.1, 0.2]]).dtype == np.float64
    assert model.classes is None
    with pytest.raises(UserError, match=r"^a regression has no probabilities: predict gives its values$"):
        model.predict_proba([[0, 0]])


def test_labels() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(90, 2)).round(3)
    write_table("t.csv", ("a", "b", "left", "low"), [(a, b, int(a < 0), int(b < 0)) for a, b in x])
    text = PETS.replace("pets.csv, target: kind", "t.csv, target: [left, low]")
    model = nntrain.load_run(nntrain.fit(load(text, "training.epochs=100")).run)
    assert model.classes == ("left", "low")
    rows = [[-2, 2], [2, -2], [2, 2], [-2, -2]]
    assert model.predict(rows).tolist() == [[1, 0], [0, 1], [0, 0], [1, 1]]
    shares = model.predict_proba(rows)
    np.testing.assert_array_equal(shares > 0.5, model.predict(rows) == 1)


def test_more_than_two_classes() -> None:
    model = nntrain.load_run(nntrain.fit(load(CLASSES, "training.epochs=60")).run)
    assert model.classes == ("0", "1", "2")
    centers = [[-2.73, -0.73], [0.73, -2.73], [2.0, 2.0]]
    np.testing.assert_allclose(model.predict_proba(centers).sum(axis=1), 1, rtol=1e-6)
    assert len(set(model.predict(centers).tolist())) == 3


@pytest.fixture
def images() -> Model:
    """A network for images of 4 × 4 pixels that are bright on the left or on the right."""
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
    return nntrain.load_run(nntrain.fit(load(text)).run)


def test_images(images: Model) -> None:
    left = np.zeros((4, 4), dtype=np.uint8)
    left[:, :2] = 150
    both = np.stack([left, left[:, ::-1]])
    assert images.feature_names == ()
    assert images.predict(both).tolist() == ["0", "1"]
    assert images.predict(both.astype(float).tolist()).tolist() == ["0", "1"]
    assert images.predict(both[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (np.zeros((4, 4)), "rows: examples of the shape [4], but the network was trained on [4, 4]"),
        (np.zeros((1, 4, 5)), "rows: examples of the shape [4, 5], but the network was trained on [4, 4]"),
        ([[1, 2], [3]], "rows: the examples differ in shape"),
        ([["a", "b"]], "rows: the examples must be arrays of numbers, got <U1"),
        (None, "rows: the examples must be arrays of numbers, got object"),
    ],
)
def test_images_that_are_wrong(images: Model, rows: Any, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        images.predict(rows)
    assert str(caught.value) == expected


def test_a_run_is_found_by_its_path_and_by_its_name() -> None:
    run = nntrain.fit(load(VALUES), runs_dir="elsewhere").run
    for where in (run, str(run), run.resolve()):
        assert nntrain.load_run(where).run == Path(where)
    assert nntrain.load_run(run.name, runs_dir="elsewhere").run == run
    with pytest.raises(RunError):
        nntrain.load_run(run.name)
    with pytest.raises(RunError, match="is not a run directory"):
        nntrain.load_run("elsewhere")
