"""What a column is: shown by `check`, said by the config, kept with the run, and used for every other file."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.assembly.data import Data
from nntrain.data.describe import ColumnRow
from nntrain.errors import ConfigError, DataError
from nntrain.workflows import CheckReport
from tests.experiments import load, write_table

pytestmark = pytest.mark.usefixtures("workdir")

LAYERS = "network: [{type: dense, units: 6, activation: tanh}, {type: dense, units: auto, activation: auto}]\n"
SHORT = "training: {epochs: 30}\noptimizer: {type: adam, learning_rate: 0.05}\n"


def config(data: str, more: str = "") -> str:
    return f"data: {{path: t.csv, target: y{', ' if data else ''}{data}}}\n{LAYERS}{SHORT}{more}"


def check(data: str, *overrides: str) -> CheckReport:
    return nntrain.check(load(config(data), *overrides))


def row(report: CheckReport, name: str) -> ColumnRow:
    return next(row for row in report.columns if row.name == name)


def write_labels(labels: list[str], n: int = 90, name: str = "t.csv") -> None:
    """A table whose label follows from `a`."""
    k = len(labels)
    write_table(name, ("a", "b", "y"), [(i % k + 0.01 * (i % 7), i * 31 % 17, labels[i % k]) for i in range(n)])


# check


def test_check_shows_every_column() -> None:
    rows = [
        (20 + i % 40 if i % 10 else "NA", ["Rom", "Wien", "Rom", "Oslo"][i % 4], f"{i % 50}%", i, 1 + i % 3)
        for i in range(60)
    ]
    write_table("t.csv", ("age", "city", "share", "id", "y"), rows)
    report = check("columns: {share: {type: numeric, unit: '%'}, id: excluded}, preprocess: {missing: median}")
    assert report.columns == [
        ColumnRow("age", "input", "numeric", "standard, missing: median", 1, 6, 36, 21.0, 59.0, {}),
        ColumnRow("city", "input", "categorical", "one-hot", 3, 0, 3, None, None, {"Rom": 30, "Oslo": 15, "Wien": 15}),
        ColumnRow("share", "input", "numeric", "standard", 1, 0, 50, 0.0, 49.0, {}),
        ColumnRow("y", "target", "numeric", "3 classes", 0, 0, 3, 1.0, 3.0, {}),
        ColumnRow("id", "excluded", "excluded", "left out", 0, 0, None, None, None, {}),
    ]
    assert report.input_shape == (sum(each.inputs for each in report.columns),) == (5,)
    assert [(each.name, each.examples) for each in report.class_counts] == [("1", 20), ("2", 20), ("3", 20)]
    assert all(each.training + each.validation + each.test == 20 for each in report.class_counts)
    assert sum(each.test for each in report.class_counts) == report.test == 12


def test_check_shows_arrays_and_their_labels() -> None:
    np.savez("t.npz", x=np.arange(120.0).reshape(40, 3), y=np.arange(40) % 2)
    report = nntrain.check(load(f"data: {{path: t.npz}}\n{LAYERS}"))
    assert report.columns == [
        ColumnRow("x", "input", "array", "standard", 3, 0, None, 0.0, 119.0, {}),
        ColumnRow("y", "target", "numeric", "2 classes", 0, 0, 2, 0.0, 1.0, {}),
    ]


# what is said in the config


def test_codes_are_kept_as_names() -> None:
    write_table("t.csv", ("code", "x", "y"), [(f"{i % 3:02}", i * 7 % 11, "pq"[i % 2]) for i in range(60)])
    guessed = check("")
    assert row(guessed, "code").kind == "numeric"
    assert guessed.warnings == [
        "t.csv: column 'code' is written with leading zeros, as codes are ('00', '01', '02'), and read as numbers; if "
        "they are names, set data.columns: {code: categorical}"
    ]
    declared = check("columns: {code: categorical}")
    assert declared.warnings == []
    assert row(declared, "code").values == {"00": 20, "01": 20, "02": 20}


def test_a_search_goes_over_what_a_column_is() -> None:
    write_table("t.csv", ("code", "y"), [(i % 3, "pq"[i % 3 == 1]) for i in range(90)])
    board = nntrain.gridsearch(
        load(config("")), parameters={"data.columns": [{}, {"code": "categorical"}]}, listener=None
    )
    assert board.best["data.columns"] == {"code": "categorical"}  # the middle one of three cannot be cut off by a line


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("columns: {Code: categorical}", "no column 'Code'; did you mean 'code'? The columns are 'code', 'x', 'y'"),
        ("columns: {y: excluded}", "data.columns.y excludes the target"),
        ("features: [x], columns: {x: excluded}", "data.columns.x excludes a column that data.features lists"),
        ("columns: {x: number}", "unknown type 'number' in data.columns.x"),
        ("thousands: .", "data.thousands is '.', which is the decimal mark"),
        ("columns: {x: {type: numeric, thousands: .}}", "data.columns.x has '.' as the decimal mark and between"),
        ("missing_values: [-1]", "data.missing_values.0 must be text, got -1"),
    ],
)
def test_mistakes_in_what_is_said(data: str, message: str) -> None:
    write_table("t.csv", ("code", "x", "y"), [(i % 3, i % 7, "pq"[i % 2]) for i in range(30)])
    with pytest.raises(ConfigError) as caught:
        check(data)
    assert message in str(caught.value)
    assert str(caught.value).startswith("a.yaml:1:")


@pytest.mark.parametrize("setting", ["columns: {a: numeric}", "missing_values: []", "decimal: ','", "thousands: ' '"])
def test_settings_of_tables_are_refused_for_arrays(setting: str) -> None:
    np.savez("t.npz", x=np.arange(40.0).reshape(20, 2), y=np.arange(20) % 2)
    with pytest.raises(ConfigError, match="npz files have no named columns") as caught:
        nntrain.check(load(f"data: {{path: t.npz, {setting}}}\n{LAYERS}"))
    assert f"data.{setting.partition(':')[0]} is set" in str(caught.value)
    with pytest.raises(ConfigError, match="is for files"):
        load(f"data: {{synthetic: xor, {setting}}}\n{LAYERS}")


# missing values


def test_missing_cells_are_counted_in_the_whole_file() -> None:
    write_table("t.csv", ("a", "b", "y"), [("NA" if i % 5 == 2 else i % 7, i % 3, "pq"[i % 2]) for i in range(95)])
    with pytest.raises(ConfigError) as caught:
        check("")
    assert (
        "t.csv:4: column 'a' is 'NA', which counts as missing (19 cells are missing: 'a': 19); fill it in, or remove "
        "the "
        "row, or train with data.preprocess.missing: mean, median or most_frequent"
    ) in str(caught.value)


def test_a_mark_that_may_be_a_name() -> None:
    write_table("t.csv", ("country", "x", "y"), [(["US", "DE", "NA"][i % 3], i % 7, "pq"[i % 2]) for i in range(60)])
    with pytest.raises(ConfigError) as caught:
        check("")
    kept = "set data.columns: {country: {type: categorical, missing_values: []}}"
    assert "t.csv:4: column 'country' is 'NA', which counts as missing (20 cells" in str(caught.value)
    assert f"if it is a name there, {kept}" in str(caught.value)
    report = check("preprocess: {missing: most_frequent}")
    assert report.warnings == [
        "t.csv: column 'country': 'NA' (20 cells) counts as missing, and may be a name like its others ('US', 'DE'); "
        f"if so, {kept}"
    ]
    kept_report = check("columns: {country: {type: categorical, missing_values: []}}")
    assert row(kept_report, "country").values == {"DE": 20, "NA": 20, "US": 20}
    assert kept_report.warnings == []


def test_a_mark_that_may_be_a_name_in_a_declared_column() -> None:
    """What is declared is not said again, and a column with marks of its own has said which they are."""
    write_table("t.csv", ("size", "y"), [(["US", "DE", "NA"][i % 3], "pq"[i % 2]) for i in range(60)])
    order = "columns: {size: {type: ordinal, order: [US, DE, NA]%s}}"
    with pytest.raises(ConfigError) as caught:
        check(order % "")
    assert "if it is a name there, give the column missing_values: [] in data.columns" in str(caught.value)
    [warning] = check(f"{order % ''}, preprocess: {{missing: most_frequent}}").warnings
    assert warning.endswith("; if so, give the column missing_values: [] in data.columns")
    assert check(order % ", missing_values: []").warnings == []
    assert check(f"{order % ', missing_values: [NA]'}, preprocess: {{missing: most_frequent}}").warnings == []


@pytest.mark.parametrize("rows", [{"x": ["-999"]}, {"x": [-999]}, [[-999.0]], np.array([[-999.0]])])
def test_a_number_that_is_a_mark_is_missing_from_python_too(rows: Any) -> None:
    cells = [("-999" if i % 9 == 4 else i % 7, i % 7 > 3) for i in range(90)]
    write_table("t.csv", ("x", "y"), [(x, "pq"[y]) for x, y in cells])
    text = config("missing_values: {add: ['-999']}, preprocess: {missing: median}")
    model = nntrain.load_run(nntrain.fit(load(text)).run)
    np.testing.assert_array_equal(model.predict_proba(rows), model.predict_proba({"x": [None]}))


def test_columns_can_be_without_thousands() -> None:
    write_table("t.csv", ("a", "b", "y"), [(f'"1.{100 + i},5"', f"{i}.25", "pq"[i % 2]) for i in range(40)])
    columns = "columns: {b: {type: numeric, decimal: ., thousands: ''}}"
    report = check(f"decimal: ',', thousands: ., {columns}")
    assert (row(report, "a").high, row(report, "b").high) == (1139.5, 39.25)


def test_rows_without_a_target_are_left_out_everywhere() -> None:
    rows = [(i % 2 + 0.1 * (i % 3), i % 5, "" if i % 10 == 3 else "pq"[i % 2]) for i in range(60)]
    write_table("t.csv", ("a", "b", "y"), rows)
    result = nntrain.fit(load(config("missing_target: drop")))
    assert result.warnings == ["t.csv:5: 6 of 60 rows have no value of the target 'y' and are left out"]
    report = nntrain.check(load(config("missing_target: drop")))
    assert report.training + report.validation + report.test == 54
    assert nntrain.evaluate(result.run, split="test")["accuracy"] == result.metrics["test"]["accuracy"]
    assert nntrain.verify(result.run).reproducible
    assert nntrain.workflows.evaluation(result.run, data="t.csv").examples == 54


# labels


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        (["01", "02", "03"], "auto"),
        (["1.0", "2.0", "3.0"], "auto"),
        (["9007199254740992", "9007199254740993", "9007199254740994"], "auto"),
        (["01", "02", "1A"], "classification"),
        (["0.5", "1.5", "1e1"], "classification"),
        (["10", "9", "-1"], "auto"),
        (["n/a", "yes", "no"], "auto"),
    ],
)
def test_predictions_are_spelled_like_the_labels(labels: list[str], task: str) -> None:
    write_labels(labels)
    result = nntrain.fit(load(config(f"task: {task}")))
    predicted = [label for (label,) in nntrain.workflows.predict(result.run, "t.csv").rows]
    with Path("t.csv").open() as file:
        given = [line["y"] for line in csv.DictReader(file)]
    assert set(predicted) <= set(labels)
    right = sum(a == b for a, b in zip(predicted, given, strict=True))
    assert right / len(given) == nntrain.evaluate(result.run, data="t.csv")["accuracy"]
    assert right > 80  # joined with the file they are mostly right


def test_class_weights_take_either_spelling() -> None:
    write_labels(["1.0", "2.0"])
    weighted = [
        nntrain.fit(load(config("", f"loss: {{type: binary_cross_entropy, class_weights: {{'{name}': 3.0}}}}\n")))
        for name in ("2.0", "2", "2.00")
    ]
    assert len({result.weights_sha256 for result in weighted}) == 1
    assert weighted[0].weights_sha256 != nntrain.fit(load(config(""))).weights_sha256
    with pytest.raises(ConfigError, match=r"names the class '2\.0' twice, as '2' and '2\.00'"):
        nntrain.fit(load(config("", "loss: {type: binary_cross_entropy, class_weights: {'2': 2.0, '2.00': 3.0}}\n")))
    with pytest.raises(ConfigError, match=r"the target has no class '3'"):
        nntrain.fit(load(config("", "loss: {type: binary_cross_entropy, class_weights: {'3': 2.0}}\n")))


def test_a_class_that_is_rare_is_a_name() -> None:
    """1, 2, 3 and now and then an X: refused as numbers, and names where classes are asked for."""
    write_labels(["1", "2", "3"] * 9 + ["X"], n=112)
    with pytest.raises(DataError, match=r"t\.csv:29: column 'y' holds the text 'X'"):
        check("")
    assert check("task: classification").classes == ["1", "2", "3", "X"]
    assert check("columns: {y: categorical}").classes == ["1", "2", "3", "X"]


# kept with the run


def test_another_file_is_read_as_the_training_data_was() -> None:
    """Labels 01, 02, 1A, and a file that has only 01 and 02: they are still names."""
    write_labels(["01", "02", "1A"])
    run = nntrain.fit(load(config("task: classification"))).run
    write_labels(["01", "02"], name="two.csv")
    report = nntrain.workflows.evaluation(run, data="two.csv")
    assert [each.support for each in report.per_class] == [45, 45, 0]
    write_table("other.csv", ("y", "b", "a"), [("01", 1, 2), ("1", 1, 2)])
    with pytest.raises(DataError) as caught:
        nntrain.workflows.evaluation(run, data="other.csv")
    assert str(caught.value) == (
        "other.csv:3: the target 'y' is '1', a class that the training rows do not have; they have '01', '02', '1A'"
    )


def test_labels_that_are_numbers_may_be_written_otherwise_in_another_file() -> None:
    write_labels(["1", "2", "3"])
    run = nntrain.fit(load(config(""))).run
    write_labels(["1.0", "02", "3e0"], name="again.csv")
    same, other = nntrain.evaluate(run, data="t.csv"), nntrain.evaluate(run, data="again.csv")
    assert same == other
    write_table("bad.csv", ("a", "b", "y"), [(1, 2, "2"), (1, 2, "1"), (1, 2, "1"), (1, 2, '"12,5"')])
    with pytest.raises(DataError, match=r"bad\.csv:5: the target 'y' is '12,5', a class that the training rows"):
        nntrain.evaluate(run, data="bad.csv")


def test_the_wrong_cell_of_a_numeric_target_is_named() -> None:
    write_table("t.csv", ("a", "b", "y"), [(i, i * 7 % 13, 0.5 * i) for i in range(60)])
    run = nntrain.fit(load(config(""))).run
    write_table("bad.csv", ("a", "b", "y"), [(1, 2, 2.5), (1, 2, 3), ("1", "2", '"12,5"')])
    with pytest.raises(DataError) as caught:
        nntrain.evaluate(run, data="bad.csv")
    assert str(caught.value) == (
        "bad.csv:4: column 'y' holds the text '12,5', but the column was numeric in the training data; write a number "
        "there, or remove the row"
    )


def test_a_reading_is_kept_with_the_run() -> None:
    """Decimal commas, units and marks of the config are those of every later file."""
    rows = [(f'"{i % 4},5 km"', f'"{i % 9},25"' if i % 8 else "-", "pq"[i % 2]) for i in range(80)]
    write_table("t.csv", ("a", "b", "y"), rows)
    said = "decimal: ',', missing_values: {add: ['-']}, columns: {a: {type: numeric, unit: km}}"
    result = nntrain.fit(load(config(f"{said}, preprocess: {{missing: mean}}")))
    stored = Path(result.run, "config.yaml").read_text()
    assert "decimal: ','" in stored
    assert nntrain.verify(result.run).reproducible
    predicted = nntrain.workflows.predict(result.run, "t.csv")
    assert {label for (label,) in predicted.rows} <= {"p", "q"}
    assert predicted.warnings == []
    again = nntrain.fit(nntrain.load_experiment(Path(result.run, "config.yaml")))
    assert again.weights_sha256 == result.weights_sha256


# what was not there in training


def test_what_validation_and_test_have_that_training_had_not() -> None:
    rows = [(i % 7, ["in", "out"][i % 2], "pq"[i % 2]) for i in range(60)]
    write_table("t.csv", ("a", "place", "y"), rows)
    write_table("v.csv", ("a", "place", "y"), [*rows[:9], (3, "roof", "q")])
    write_table("w.csv", ("a", "place", "y"), [*rows[:9], (700, "in", "p"), (-900, "in", "p")])
    data = "split: {validation: {path: v.csv}, test: {path: w.csv}}"
    said = [
        "validation split: v.csv: column 'place': 1 cell holds categories that the training rows do not have ('roof'); "
        "they are encoded as zeros",
        "test split: w.csv:11: column 'a' is 700 (2 such cells), far from the training rows, where it is from 0 to 6: "
        "the network was not trained for that",
    ]
    assert check(data).warnings == said
    result = nntrain.fit(load(config(data)))
    assert result.warnings == said
    assert list(nntrain.workflows.evaluation(result.run, split="validation").warnings) == [said[0].partition(": ")[2]]
    assert list(nntrain.workflows.evaluation(result.run, split="test").warnings) == [said[1].partition(": ")[2]]
    assert nntrain.workflows.predict(result.run, "w.csv").warnings == [said[1].partition(": ")[2]]
    assert nntrain.workflows.evaluation(result.run, data="v.csv").to_json()["warnings"] == [said[0].partition(": ")[2]]


def test_numbers_far_out_of_the_range_of_an_array() -> None:
    x = np.arange(80.0).reshape(40, 2) % 11
    np.savez("t.npz", x=x, y=np.arange(40) % 2)
    result = nntrain.fit(load(f"data: {{path: t.npz}}\n{LAYERS}{SHORT}"))
    x[3, 1] = -500
    np.savez("u.npz", x=x, y=np.arange(40) % 2)
    assert list(nntrain.workflows.evaluation(result.run, data="u.npz").warnings) == [
        "u.npz: example 3: -500 at [1] is far from the training rows, where it is from 0 to 10: the network was not "
        "trained for that"
    ]


# names with an order


def write_grades() -> None:
    grades = ["low", "high", "mid", "low"]
    write_table("t.csv", ("grade", "size", "y"), [(grades[i % 4], 10 ** (i % 3), "pq"[i % 2]) for i in range(48)])


def test_names_with_an_order_become_one_number() -> None:
    """Places 0, 1 and 2 of a column that is half low, a quarter mid and a quarter high: mean 3/4, deviation √11/4."""
    write_grades()
    text = config("columns: {grade: {type: ordinal, order: [low, mid, high]}}, split: {validation: 0, test: 0}")
    x = Data(load(text)).prepare().splits["training"].whole("x")
    place = np.array([0.0, 2.0, 1.0, 0.0] * 12)
    np.testing.assert_allclose(x[:, 0], (place - 0.75) / (11**0.5 / 4), rtol=1e-6)
    report = nntrain.check(load(text))
    expected = {"low": 24, "mid": 12, "high": 12}
    assert row(report, "grade") == ColumnRow(
        "grade", "input", "categorical", "ordinal, standard", 1, 0, 3, None, None, expected
    )
    result = nntrain.fit(load(text))
    assert nntrain.verify(result.run).reproducible
    model = nntrain.load_run(result.run)
    assert len(model.predict({"grade": ["high", "low"], "size": [1, 10]})) == 2
    with pytest.raises(DataError) as caught:
        model.predict({"grade": ["high", "top"], "size": [1, 10]})
    assert str(caught.value) == (
        "rows: example 1: column 'grade' holds 'top', which has no place in its order: 'low', 'mid', 'high'"
    )


def test_the_order_of_numbers_is_known_and_that_of_words_must_be_said() -> None:
    write_grades()
    text = config("columns: {size: ordinal}, split: {validation: 0, test: 0}")
    x = Data(load(text)).prepare().splits["training"].whole("x")
    place = np.array([0.0, 1.0, 2.0] * 16)  # of 1, 10 and 100
    np.testing.assert_allclose(x[:, -1], (place - 1) / (2 / 3) ** 0.5, rtol=1e-6)
    with pytest.raises(ConfigError) as caught:
        check("columns: {grade: ordinal}")
    assert (
        "t.csv: column 'grade' is ordinal, and the order of its values is not known ('high', 'low', 'mid'); write them "
        "from the least to the greatest: data.columns: {grade: {type: ordinal, order: [LEAST, ..., GREATEST]}}"
    ) in str(caught.value)
    with pytest.raises(DataError, match=r"t\.csv:3: column 'grade' holds 'high', which has no place in its order"):
        check("columns: {grade: {type: ordinal, order: [low, mid]}}")
    with pytest.raises(ConfigError, match=r"data\.columns\.grade\.order names 'low' twice"):
        check("columns: {grade: {type: ordinal, order: [low, mid, low]}}")
    with pytest.raises(ConfigError, match=r"data\.columns\.grade\.order must name at least two values"):
        check("columns: {grade: {type: ordinal, order: [low]}}")
    with pytest.raises(ConfigError, match=r"data\.columns\.y is the target, and ordinal is for features"):
        check("columns: {y: ordinal}")


def test_the_order_of_numbers_is_that_of_the_way_they_are_written() -> None:
    write_table("t.csv", ("size", "y"), [(('"1,5"', "10", '"2,25"')[i % 3], "pq"[i % 2]) for i in range(48)])
    text = config("decimal: ',', columns: {size: ordinal}, split: {validation: 0, test: 0}")
    x = Data(load(text)).prepare().splits["training"].whole("x")
    place = np.array([0.0, 2.0, 1.0] * 16)
    np.testing.assert_allclose(x[:, 0], (place - 1) / (2 / 3) ** 0.5, rtol=1e-6)
    write_table("t.csv", ("size", "y"), [(("1", "2", "1.0")[i % 3], "pq"[i % 2]) for i in range(48)])
    with pytest.raises(ConfigError, match=r"writes one number in two ways, '1' and '1\.0', which would be two places"):
        check("columns: {size: ordinal}, split: {validation: 0, test: 0}")


def test_missing_places_are_filled() -> None:
    grades = ["low", "high", "", "mid", "low"]
    write_table("t.csv", ("grade", "y"), [(grades[i % 5], "pq"[i % 2]) for i in range(50)])
    order = "columns: {grade: {type: ordinal, order: [low, mid, high]}}, split: {validation: 0, test: 0}"
    data = Data(load(config(f"{order}, preprocess: {{missing: median, numeric: none}}")))
    x = data.prepare().splits["training"].whole("x")
    assert x[:, 0].tolist() == [0.0, 2.0, 0.5, 1.0, 0.0] * 10  # the median of 0, 0, 1, 2
