"""What is learnt from the training rows, and what it makes of these and of other rows: numbers by hand."""

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.data.dataset import Column, Dataset, numeric_column, text_column
from nntrain.data.inputs import TableInputs
from nntrain.data.preprocess import Preprocessor
from nntrain.errors import DataError
from nntrain.tasks import Task

NAN = math.nan


def column(name: str, values: Sequence[Any]) -> Column:
    return text_column(name, values) if isinstance(values[0], str) else numeric_column(name, np.array(values, float))


def table(target: Sequence[Any] | None = None, **columns: Sequence[Any]) -> Dataset:
    inputs = tuple(column(name, values) for name, values in columns.items())
    targets = None if target is None else (column("t", target),)
    return Dataset(inputs, targets, "d.csv", (), np.arange(len(inputs[0])) + 2, "line")


def regression(data: Dataset, **options: Any) -> Preprocessor:
    if data.targets is None:
        data = Dataset(data.inputs, np.arange(float(len(data))), data.source, (), data.numbers, data.numbered)
    return Preprocessor.fit(data, task=Task.REGRESSION, **options)


def encoded(fitted: Dataset, other: Dataset | None = None, **options: Any) -> list[Any]:
    rows: list[Any] = regression(fitted, **options).inputs(other or fitted, "float64").tolist()
    return rows


def message(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_standard_scaling() -> None:
    """Mean 4, population deviation √((9 + 1 + 1 + 9) / 4) = √5."""
    x = np.array(encoded(table(a=[1, 3, 5, 7])))[:, 0]
    np.testing.assert_allclose(x, np.array([-3, -1, 1, 3]) / math.sqrt(5), rtol=1e-15)
    other = encoded(table(a=[1, 3, 5, 7]), table(a=[4, 4 + math.sqrt(5)]))
    np.testing.assert_allclose(other, [[0], [1]], atol=1e-15)


def test_minmax_scaling_and_none() -> None:
    assert encoded(table(a=[2, 4, 10]), table(a=[2, 4, 10, 18]), numeric="minmax") == [[0], [0.25], [1], [2]]
    assert encoded(table(a=[2, 4, 10]), numeric="none") == [[2], [4], [10]]


@pytest.mark.parametrize("numeric", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.1, -7.3e12, 0.0, 1e-300])
def test_a_constant_column_becomes_zero(numeric: str, value: float) -> None:
    """Rounding must not make a deviation, and so a scale, of nothing."""
    fitted = table(a=[value] * 999)
    assert encoded(fitted, numeric=numeric) == [[0.0]] * 999
    assert encoded(fitted, table(a=[value + 2]), numeric=numeric) == [[pytest.approx(2.0, abs=1e-2)]]


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_scaled_training_values(values: list[float]) -> None:
    standard = np.array(encoded(table(a=values)))
    small = np.array(encoded(table(a=values), numeric="minmax"))
    assert small.min() >= 0
    assert small.max() <= 1
    if np.ptp(values) > 1e-3:
        assert standard.mean() == pytest.approx(0, abs=1e-6)
        assert standard.std() == pytest.approx(1, abs=1e-6)
        assert (small.min(), small.max()) == (0, 1)


def test_only_the_rows_given_count() -> None:
    data = table(a=[0, 2, 1000, -1000])
    fitted = regression(data.rows(np.array([0, 1])))
    assert fitted.inputs(data, "float64").tolist() == [[-1], [1], [999], [-1001]]


def test_one_hot_categories() -> None:
    fitted = regression(table(color=["red", "blue", "red"], a=[0, 0, 0]))
    assert isinstance(fitted.input_encoding, TableInputs)
    assert fitted.input_encoding.features == ("color=blue", "color=red", "a")
    assert fitted.input_columns == ("color", "a")
    assert fitted.input_shape == (3,)
    assert fitted.kinds == {"color": "categorical", "a": "numeric", "y": "numeric"}
    x = fitted.inputs(table(color=["blue", "red", "green"], a=[0, 0, 5]), "float32")
    assert x.dtype == np.float32
    assert x.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 5]]


def test_categories_that_were_never_seen_are_reported() -> None:
    fitted = regression(table(color=["red", "blue"]))
    assert fitted.warnings(table(color=["red", "blue"])) == []
    assert fitted.warnings(table(color=["red", "teal"])) == [
        "d.csv: column 'color': 1 cell holds categories that the training rows do not have ('teal'); "
        "they are encoded as zeros"
    ]
    assert fitted.warnings(table(color=["pink", "teal", "pink"])) == [
        "d.csv: column 'color': 3 cells hold categories that the training rows do not have ('pink', 'teal'); "
        "they are encoded as zeros"
    ]


@pytest.mark.parametrize(("missing", "fill"), [("mean", 4.0), ("median", 3.0), ("most_frequent", 2.0)])
def test_missing_numbers_are_filled(missing: str, fill: float) -> None:
    fitted = table(a=[2, 2, NAN, 3, 5, 8])
    assert encoded(fitted, table(a=[NAN, 1]), missing=missing, numeric="none") == [[fill], [1.0]]
    x = np.array(encoded(fitted, missing=missing))
    assert x.mean() == pytest.approx(0, abs=1e-15)
    assert x.std() == pytest.approx(1)


def test_missing_categories_are_filled_with_the_most_frequent() -> None:
    fitted = table(c=["b", "a", "", "b"])
    assert encoded(fitted, table(c=["", "a"]), missing="median") == [[0, 1], [1, 0]]
    tie = table(c=["b", "a", ""])
    assert encoded(tie, table(c=[""]), missing="most_frequent") == [[1, 0]]


def test_missing_cells_are_refused() -> None:
    data = table(a=[1, 2, NAN, NAN], b=["x", "", "", "y"])
    assert message(regression, data) == (
        "d.csv:3: column 'b' has no value (4 cells are missing: 'a': 2, 'b': 2); fill it in, or remove the row, or "
        "train with data.preprocess.missing: mean, median or most_frequent"
    )
    fitted = regression(table(a=[1, 2], b=["x", "y"]))
    assert message(fitted.inputs, table(a=[1, NAN], b=["x", "x"]), "float32") == (
        "d.csv:3: column 'a' has no value; fill it in, or remove the row, or train with data.preprocess.missing: "
        "mean, median or most_frequent"
    )


def test_a_column_without_any_value() -> None:
    assert message(regression, table(a=[NAN, NAN], b=[1, 2]), missing="mean") == (
        "d.csv: column 'a' has no value in any of the 2 training rows; leave it out with data.columns: {a: excluded}"
    )


def test_too_many_categories() -> None:
    names = [f"n{k:04}" for k in range(1001)]
    assert message(regression, table(name=names)) == (
        "d.csv: column 'name' has 1,001 different texts ('n0000', 'n0001', 'n0002' and 998 more); one-hot encoding "
        "takes at most 1,000. Leave it out with data.columns: {name: excluded}"
    )


def test_columns_are_found_by_name() -> None:
    fitted = regression(table(a=[0, 2], b=[0, 20]))
    assert fitted.inputs(table(extra=["x"], b=[10], a=[2]), "float64").tolist() == [[1, 0]]
    assert message(fitted.inputs, table(B=[1]), "float64") == (
        "d.csv: no input columns 'a', 'b'; did you mean 'B' for 'b'? The columns are 'B'; the network was trained on "
        "'a', 'b'"
    )
    assert message(fitted.inputs, table(a=[1], B=[1]), "float64") == (
        "d.csv: no input column 'b'; did you mean 'B'? The columns are 'a', 'B'; the network was trained on 'a', 'b'"
    )


def test_columns_read_otherwise_than_in_training() -> None:
    fitted = regression(table(code=["1", "2x"], a=[0, 2]), numeric="none")
    assert fitted.inputs(table(code=[1, 7], a=["2", " 3 "]), "float64").tolist() == [[1, 0, 2], [0, 0, 3]]
    assert message(fitted.inputs, table(code=["1", "1"], a=["1", "many"]), "float64") == (
        "d.csv:3: column 'a' holds the text 'many', but the column was numeric in the training data; "
        "write a number there"
    )


def test_arrays_are_matched_to_columns_by_position() -> None:
    fitted = regression(table(a=[0, 2], b=[0, 20]))
    assert fitted.inputs(Dataset(np.array([[2, 10]]), None, "rows"), "float64").tolist() == [[1, 0]]
    assert message(fitted.inputs, Dataset(np.zeros((1, 3)), None, "rows"), "float64") == (
        "rows: the inputs have the shape [1, 3]; the network was trained on 2 columns: 'a', 'b'"
    )


def images(x: Any, dtype: str = "u1") -> Dataset:
    array: Array = np.array(x, dtype=dtype)
    return Dataset(array, np.arange(float(len(array))), "d.npz")


def test_arrays_are_scaled_per_feature() -> None:
    fitted = regression(images([[0, 5], [2, 5]]))
    assert fitted.inputs(images([[2, 6], [0, 5]]), "float32").tolist() == [[1, 1], [-1, 0]]
    assert fitted.input_columns == ()


def test_images_are_scaled_as_a_whole() -> None:
    """The pixels 0, 0, 0, 4, 4, 4, 8, 8: mean 3.5, variance (3 · 12.25 + 3 · 0.25 + 2 · 20.25) / 8 = 9.75."""
    data = images(np.array([0, 0, 0, 4, 4, 4, 8, 8]).reshape(2, 2, 2, 1))
    fitted = regression(data)
    assert fitted.input_shape == (2, 2, 1)
    x = fitted.inputs(data, "float64")
    np.testing.assert_allclose(x.ravel()[[0, 3, 6]], (np.array([0, 4, 8]) - 3.5) / math.sqrt(9.75), rtol=1e-15)
    assert regression(data, numeric="minmax").inputs(data, "float32").max() == 1
    assert regression(data, numeric="none").inputs(data, "float32").max() == 8


def test_statistics_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 1))
    monkeypatch.setattr("nntrain.data.scaling._BLOCK", 100)
    scaled = regression(images(x)).inputs(images(x), "float64")
    np.testing.assert_allclose(scaled, (x - x.mean()) / x.std(), rtol=1e-12, atol=1e-12)


def test_arrays_of_another_shape() -> None:
    fitted = regression(images(np.zeros((2, 3, 3, 1))))
    assert message(fitted.inputs, images(np.zeros((2, 4, 4, 1))), "float32") == (
        "d.npz: examples of the shape [4, 4, 1], but the network was trained on [3, 3, 1]"
    )
    features = regression(images([[1, 2], [3, 4]]))
    assert message(features.inputs, images([[1, 2, 0]]), "float32") == (
        "d.npz: examples of the shape [3], but the network was trained on [2]; "
        "leave out the last column if it is the target"
    )
    assert message(fitted.inputs, table(a=[1]), "float32") == (
        "d.csv: a table, but the network was trained on arrays of the shape [N, 3, 3, 1]; "
        "save the inputs as .npy or .npz"
    )


def test_numbers_too_large_for_the_dtype() -> None:
    data = table(a=[1.0, 1e39])
    fitted = regression(data, numeric="none")
    assert fitted.inputs(data, "float64").tolist() == [[1.0], [1e39]]
    assert message(fitted.inputs, data, "float32") == (
        "d.csv:3: column 'a' is 1e+39, which does not fit in float32 after scaling; correct it, or set dtype: float64"
    )
    array = Dataset(np.array([[0, 0], [0, 1e39]]), np.zeros(2), "d.npz")
    assert message(regression(array, numeric="none").inputs, array, "float32") == (
        "d.npz: example 1: 1e+39 at [1] does not fit in float32 after scaling; correct it, or set dtype: float64"
    )


@pytest.mark.parametrize("numeric", ["standard", "minmax"])
def test_numbers_too_large_to_be_scaled(numeric: str) -> None:
    values = [-1.5e308, 1.0, 1.7e308]
    assert message(regression, table(a=values), numeric=numeric) == (
        "d.csv:4: column 'a' is 1.7e+308: numbers of this size overflow when they are scaled; "
        "express the column in another unit, or take its logarithm"
    )
    assert "overflow" in message(regression, Dataset(np.array([values]).T, np.zeros(3), "d.npz"), numeric=numeric)
    assert "overflow" in message(regression, table(values, a=[1, 2, 3]), target=numeric)


def test_float32_is_the_float64_result_rounded() -> None:
    data = table(a=[1e9 + 1, 1e9 + 2, 1e9 + 3])
    x32, x64 = (regression(data).inputs(data, dtype) for dtype in ("float32", "float64"))
    assert np.array_equal(x32, x64.astype("float32"))
    assert x32[1, 0] == 0


def fit(values: Sequence[Any], task: Task, **options: Any) -> tuple[Preprocessor, Dataset]:
    data = table(values, a=range(len(values)))
    return Preprocessor.fit(data, task=task, **options), data


def test_classes_are_one_hot_in_sorted_order() -> None:
    fitted, data = fit(["b", "c", "a"], Task.CLASSIFICATION)
    assert fitted.classes == ("a", "b", "c")
    assert fitted.outputs == 3
    assert fitted.target_names == ("t",)
    assert fitted.targets(data, "float32").tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
    decoded = fitted.decode(np.array([[0.2, 0.2, 0.6], [0.4, 0.4, 0.2]]))
    assert decoded.dtype == object
    assert decoded.tolist() == ["c", "a"]


def test_numeric_classes_are_sorted_as_numbers() -> None:
    fitted, data = fit([10, 9, 2], Task.CLASSIFICATION)
    assert fitted.classes == ("2", "9", "10")
    assert fitted.targets(data, "float64").argmax(axis=1).tolist() == [2, 1, 0]


def test_the_second_of_two_classes_is_the_positive_one() -> None:
    fitted, data = fit(["yes", "no", "yes"], Task.BINARY)
    assert fitted.classes == ("no", "yes")
    assert fitted.outputs == 1
    assert fitted.targets(data, "float64").tolist() == [[1], [0], [1]]
    assert fitted.decode(np.array([[0.49], [0.5], [0.51]])).tolist() == ["no", "no", "yes"]
    two, _ = fit(["yes", "no"], Task.CLASSIFICATION)
    assert two.outputs == 2


def test_labels() -> None:
    data = Dataset(np.zeros((3, 1)), np.array([[0, 1], [1, 1], [0, 0]]), "d.npz")
    fitted = Preprocessor.fit(data, task=Task.MULTILABEL)
    assert fitted.classes is None
    assert fitted.outputs == 2
    assert fitted.target_names == ("y0", "y1")
    assert fitted.targets(data, "float32").tolist() == [[0, 1], [1, 1], [0, 0]]
    assert fitted.decode(np.array([[0.51, 0.5]])).tolist() == [[1, 0]]
    worse = Dataset(np.zeros((1, 1)), np.array([[0, 0.5]]), "d.npz")
    assert message(fitted.targets, worse, "float32") == (
        "d.npz: example 0: the target 'y1' is '0.5'; multilabel needs columns of 0 and 1"
    )


def test_values() -> None:
    fitted, data = fit([1, 3, 5, 7], Task.REGRESSION)
    assert fitted.targets(data, "float32").tolist() == [[1], [3], [5], [7]]
    assert fitted.decode(np.array([[2.5]], dtype=np.float32)).tolist() == [[2.5]]
    assert fitted.classes is None


def test_standardized_values_come_back_in_their_units() -> None:
    fitted, data = fit([1, 3, 5, 7], Task.REGRESSION, target="standard")
    y = fitted.targets(data, "float64")
    np.testing.assert_allclose(y[:, 0], np.array([-3, -1, 1, 3]) / math.sqrt(5), rtol=1e-15)
    np.testing.assert_allclose(fitted.decode(y)[:, 0], [1, 3, 5, 7], rtol=1e-15)
    small, _ = fit([1, 3, 5], Task.REGRESSION, target="minmax")
    assert small.decode(np.array([[0.0], [1.0]])).tolist() == [[1], [5]]


def test_targets_that_were_not_trained_on() -> None:
    fitted, _ = fit(["a", "b"], Task.CLASSIFICATION)
    assert message(fitted.targets, table(["a", "z"], a=[1, 2]), "float32") == (
        "d.csv:3: the target 't' is 'z', a class that the training rows do not have; they have 'a', 'b'"
    )
    assert message(fitted.targets, table(a=[1]), "float32") == (
        "d.csv: no target 't'; it is needed to score predictions"
    )
    numbers, _ = fit([1, 2], Task.REGRESSION)
    assert message(numbers.targets, table(["x"], a=[1]), "float32") == (
        "d.csv:2: the target 't' is text, 'x'; it was numeric in the training data"
    )
    assert message(numbers.targets, table([1e300], a=[1]), "float32") == (
        "d.csv:2: the target 't' is 1e+300, which does not fit in float32 after scaling; "
        "correct it, or set dtype: float64"
    )


def test_too_few_classes_in_the_training_rows() -> None:
    assert message(fit, ["a", "a"], Task.BINARY) == (
        "d.csv: the target 't' has 1 class in the 2 training rows ('a'); binary needs two"
    )


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("numeric", "numeric must be one of standard, minmax, none, got 'x'"),
        ("categorical", "categorical must be one of one_hot, got 'x'"),
        ("missing", "missing must be one of error, mean, median, most_frequent, got 'x'"),
        ("target", "target must be one of standard, minmax, none, got 'x'"),
    ],
)
def test_options_that_do_not_exist(option: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        regression(table(a=[1, 2]), **{option: "x"})


AWKWARD = table([0.1, 1 / 3, 1e-300], a=[0.1, 0.2, 0.30000000000000004], b=["ü", "", "a\nb"], c=[1e300, NAN, -1e300])


@pytest.mark.parametrize(
    "fitted",
    [
        regression(AWKWARD, missing="mean", numeric="minmax", target="standard"),
        regression(images(np.arange(24).reshape(2, 3, 4, 1))),
        regression(images([[1, 2], [3, 5]])),
        fit(["a", "b"], Task.BINARY)[0],
        fit([3, 2, 1], Task.CLASSIFICATION)[0],
        Preprocessor.fit(Dataset(np.eye(2), np.eye(2), "d"), task=Task.MULTILABEL),
    ],
    ids=["table", "images", "features", "binary", "classes", "labels"],
)
def test_json_keeps_everything_to_the_bit(fitted: Preprocessor) -> None:
    text = json.dumps(fitted.to_json(), allow_nan=False)
    again = Preprocessor.from_json(json.loads(text))
    assert json.dumps(again.to_json()) == text
    assert (again.task, again.classes, again.input_shape) == (fitted.task, fitted.classes, fitted.input_shape)
    if fitted.input_columns == ("a", "b", "c"):
        assert np.array_equal(again.inputs(AWKWARD, "float64"), fitted.inputs(AWKWARD, "float64"))


def valid() -> Any:
    document = regression(table(a=[1, 2], c=["x", "y"]), missing="mean").to_json()
    return json.loads(json.dumps(document))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("version", 2, "'version' must be 1"),
        ("version", True, "'version' must be a whole number"),
        ("task", "guessing", "'guessing' is not a valid Task"),
        ("task", None, "'task' must be a string"),
        ("inputs", [], "'inputs' must be an object"),
        ("inputs.kind", "x", "'kind' must be table or array"),
        ("inputs.columns", [], "'columns' must be a list of 1 to"),
        ("inputs.columns", {}, "'columns' must be a list of 1 to"),
        ("inputs.columns.0", 3, "an object with 'name' was expected"),
        ("inputs.columns.0.name", "c", "'columns' has two of one name"),
        ("inputs.columns.0.name", 7, "'name' must be a string"),
        ("inputs.columns.0.kind", "odd", "'kind' must be numeric, categorical or ordinal, got 'odd'"),
        ("inputs.columns.0.center", math.inf, "'center' must be finite"),
        ("inputs.columns.0.center", math.nan, "'center' must be finite"),
        ("inputs.columns.0.center", 10**400, "'center' must be finite"),
        ("inputs.columns.0.center", "1", "'center' must be a number"),
        ("inputs.columns.0.center", True, "'center' must be a number"),
        ("inputs.columns.0.scale", 0, "'scale' must be greater than 0"),
        ("inputs.columns.0.scale", -1.5, "'scale' must be greater than 0"),
        ("inputs.columns.0.fill", "x", "'fill' must be a number"),
        ("inputs.columns.1.fill", "z", "the categories of 'c' are not as nntrain writes them"),
        ("inputs.columns.1.categories", ["x", "x"], "'categories' names something twice"),
        ("inputs.columns.1.categories", ["x", ""], "the categories of 'c' are not as nntrain writes them"),
        ("inputs.columns.1.categories", ["x", 1], "'categories' must be a list of strings"),
        ("inputs.columns.1.categories", [str(k) for k in range(1001)], "the categories of 'c' are not"),
        ("target.names", ["t", "t"], "'names' names something twice"),
        ("target.center", [1, 2], "'names', 'center' and 'scale' must be equally long"),
        ("target", None, "'target' must be an object"),
    ],
)
def test_json_that_was_tampered_with(path: str, value: Any, message: str) -> None:
    document = valid()
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    node = document
    for key in parents:
        node = node[key]
    node[last] = value
    with pytest.raises(ValueError, match="not a preprocessor as nntrain writes it: ") as caught:
        Preprocessor.from_json(document)
    assert message in str(caught.value)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"version": 1}])
def test_json_that_is_something_else(document: object) -> None:
    with pytest.raises(ValueError, match="not a preprocessor as nntrain writes it"):
        Preprocessor.from_json(document)


def test_json_of_arrays_that_does_not_add_up() -> None:
    document = regression(images([[1, 2], [3, 5]])).to_json()
    document["inputs"]["shape"] = [10**6]
    with pytest.raises(ValueError, match="must have 1000000 numbers for examples of the shape"):
        Preprocessor.from_json(document)
    document["inputs"]["shape"] = [0]
    with pytest.raises(ValueError, match="'shape' must be a whole number from 1 to"):
        Preprocessor.from_json(document)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@given(data=st.data())
def test_any_json_is_taken_or_refused(data: st.DataObject) -> None:
    """A valid document with one value, anywhere, replaced by anything: a preprocessor or a ValueError."""
    document = valid()
    node = document
    while True:
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = data.draw(JSON)
    try:
        again = Preprocessor.from_json(document)
    except ValueError:
        return
    assert again.to_json()["version"] == 1
