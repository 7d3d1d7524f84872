"""CSV and TSV files that are not as they should be: one message that names the place and says what to do."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from nntrain.data.readers import read
from nntrain.data.readers.cells import Reading
from nntrain.data.readers.rules import TableRules
from nntrain.errors import DataError

pytestmark = pytest.mark.usefixtures("workdir")


def error(content: str | bytes, name: str = "t.csv", **options: Any) -> DataError:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        read(name, **({"target": "y"} | options))
    return caught.value


def test_a_file_that_is_not_there() -> None:
    Path("iris.csv").touch()
    with pytest.raises(DataError) as caught:
        read("irsi.csv", target="y")
    assert str(caught.value) == "irsi.csv: no such file; did you mean 'iris.csv'?"
    assert caught.value.setting == "data.path"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("x.csv", "x.csv: no such file"),
        ("nowhere/x.csv", "nowhere/x.csv: no such file (there is no directory nowhere)"),
        (".", ". is a directory; name a file in it"),
        ("a\0b.csv", "a\\x00b.csv: cannot be read: embedded null byte"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(path, target="y")
    assert str(caught.value) == message


def test_a_pipe_is_not_waited_for() -> None:
    os.mkfifo("p.csv")
    with pytest.raises(DataError) as caught:
        read("p.csv", target="y")
    assert str(caught.value) == "p.csv is not a regular file"


def test_mnist_that_was_not_downloaded() -> None:
    with pytest.raises(DataError) as caught:
        read("mnist/train-images-idx3-ubyte.gz")
    assert str(caught.value) == (
        "mnist/train-images-idx3-ubyte.gz: no such file (there is no directory mnist)\n"
        "MNIST is {train,t10k}-images-idx3-ubyte.gz and {train,t10k}-labels-idx1-ubyte.gz; download them from "
        "https://ossci-datasets.s3.amazonaws.com/mnist/ into mnist/"
    )


def test_a_name_that_tells_no_format() -> None:
    caught = error("a,y\n1,2\n", "t.txt")
    assert str(caught) == (
        "t.txt: its name does not tell its format; end it in .csv, .tsv, .npz, .npy or .idx, or set data.format to one "
        "of csv, tsv, npz, npy, idx"
    )
    assert caught.setting == "data.format"
    assert error("", "t.csv.gz").setting == "data.format"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t.csv: the file is empty; a header and one row per example are expected"),
        ("\n  \n", "t.csv: the file is empty; a header and one row per example are expected"),
        (b"\xef\xbb\xbf", "t.csv: the file is empty; a header and one row per example are expected"),
        ("a,y\n", "t.csv: a header and no rows below it"),
        ("a,y\n\n  \n", "t.csv: a header and no rows below it"),
        ('"a","y"\n', "t.csv: a header and no rows below it"),
        ("a,b,y\n1,2,3\n4,5\n", "t.csv:3: 2 fields, but the header has 3"),
        ("a,b,y\n1,2,3\n\n4\n", "t.csv:4: 1 field, but the header has 3"),
        (
            "a,b,y\n1,2,3,4\n",
            "t.csv:2: 4 fields, but the header has 3; a field that holds a comma must be quoted",
        ),
        ('a,b,y\n1,"x\nz",3\n4,5\n', "t.csv:4: 2 fields, but the header has 3"),
        ("a,b,a,y\n1,2,3,4\n", "t.csv: the header has two columns named 'a', 1 and 3; rename one of them"),
        ("a, ,y\n1,2,3\n", "t.csv: the header gives no name to column 2 of 3"),
        ("a,,y,\n1,2,3,\n", "t.csv: the header gives no name to column 2 of 4"),
        (
            "a,b,y,\n1,2,3\n",
            "t.csv: the header ends in a comma, so its last column has no name; remove it, and the comma at the end of "
            "each row",
        ),
        (
            'a,b,"y", \n1,2,3,\n4,5,6,\n',
            "t.csv: the header ends in a comma, so its last column has no name; remove it, and the comma at the end of "
            "each row",
        ),
        (
            "a,y,,\n1,2,,\n",
            "t.csv: the header ends in 2 commas, so its last 2 columns have no names; remove them, and those of each "
            "row",
        ),
        (
            ",a,y\n0,1,2\n",
            "t.csv: the header gives no name to column 1 of 3 (the index of a pandas table? write it with index=False)",
        ),
        (
            "5.1,3.5,setosa\n4.9,3,setosa\n",
            "t.csv: the header holds numbers ('5.1', '3.5', 'setosa'); the first row must name the columns",
        ),
        (
            "a;b;y\n1;2;3\n",
            "t.csv: the header is one column, 'a;b;y': the fields seem to be separated by semicolons; "
            "separate them by commas in a .csv file, by tabs in a .tsv file",
        ),
        (b"a,y\n1,2\ncaf\xe9,3\n", "t.csv:3: byte 0xE9 is not UTF-8; save the file as UTF-8"),
        (b"caf\xe9,y\n1,2\n", "t.csv:1: byte 0xE9 is not UTF-8; save the file as UTF-8"),
        (b'"a",y\n1,2\n\xff,3\n', "t.csv:3: byte 0xFF is not UTF-8; save the file as UTF-8"),
        (b"a,y\n1,2\n1\0,3\n", "t.csv:3: a NUL byte; this is not a text file, or it is damaged"),
        ("a,y\n1,2\n".encode("utf-16"), "t.csv: the file is UTF-16; save it as UTF-8"),
        ('a,b,y\n1,2,3\n4,"x,5\n6,7,8\n', "t.csv:3: a quote opened in this row is never closed"),
        ('"a,y\n1,2\n', "t.csv:1: a quote opened in this row is never closed"),
        (
            'a,b,y\n1,2,3\n4,"x"z,5\n',
            "t.csv:3: a closing quote is followed by something other than ','; "
            "a quote inside a quoted field is written twice",
        ),
        (
            'a,y\n1,2\n"' + "x" * 140_000,
            "t.csv:3: a field of more than 131,072 characters: a quote that is never closed?",
        ),
    ],
)
def test_a_file_that_is_no_table(content: str | bytes, message: str) -> None:
    assert str(error(content)) == message


def test_a_tsv_file_says_tab() -> None:
    assert str(error("a\ty\n1\t2\t3\n", "t.tsv")) == (
        "t.tsv:2: 3 fields, but the header has 2; a field that holds a tab must be quoted"
    )
    assert "separated by commas" in str(error("a,y\n1,2\n", "t.tsv"))
    assert str(error("a\ty\t\n1\t2\t\n", "t.tsv")) == (
        "t.tsv: the header ends in a tab, so its last column has no name; remove it, and the tab at the end of each row"
    )


def test_a_declared_column_that_is_not_there() -> None:
    rules = TableRules(declared={"X": ("categorical", Reading())}, excluded=frozenset({"z"}))
    caught = error("x,y\n1,0\n2,1\n", rules=rules)
    assert str(caught) == "t.csv: no column 'X'; did you mean 'x'? The columns are 'x', 'y'"
    assert caught.setting == "data.columns.X"


def test_text_where_the_training_data_had_numbers() -> None:
    caught = error("a\nx\n7\n", need_target=False, kinds={"a": "numeric"})
    assert str(caught) == (
        "t.csv:2: column 'a' holds the text 'x', but the column was numeric in the training data; write a number "
        "there, or leave the cell empty if the network was trained with data.preprocess.missing"
    )


def test_a_column_of_codes_is_no_mistake() -> None:
    Path("t.csv").write_text("a,y\n" + "12,0\n" * 40 + "V12,1\n" * 60)
    assert read("t.csv", target="y").kinds["a"] == "categorical"


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_infinite_numbers(cell: str) -> None:
    remedy = "write a finite number, or leave the cell empty and set data.preprocess.missing"
    assert str(error(f"a,y\n1,2\n{cell},3\n")) == (
        f"t.csv:3: column 'a' holds an infinite number, or one too large for a float64; {remedy}"
    )
    assert str(error(f"a,y\n{cell},2\n{cell},3\n")) == (
        "t.csv:2: column 'a' holds an infinite number, or one too large for a float64 (2 such cells in this column); "
        f"{remedy}"
    )
    assert str(error(f"a,y\n1,2\n3,{cell}\n")) == (
        "t.csv:3: column 'y' holds an infinite number, or one too large for a float64; write a finite number, or leave "
        "the cell empty and set data.missing_target: drop"
    )


def test_targets_without_a_value() -> None:
    assert str(error("a,y\n1,2\n1,\n")) == (
        "t.csv:3: the target 'y' has no value; fill it in, or leave such rows out with data.missing_target: drop"
    )
    assert str(error("a,y\n1,x\n1,NA\n2,?\n")) == (
        "t.csv:3: the target 'y' is 'NA', which counts as missing (2 rows lack it); "
        "fill it in, or leave such rows out with data.missing_target: drop; if it is a class, set data.columns: "
        "{'y': {type: categorical, missing_values: []}}"
    )
    assert str(error("a,y\n1,2\n1,\n", kinds={"a": "numeric", "y": "numeric"})) == (
        "t.csv:3: the target 'y' has no value; fill it in, or remove the row"
    )


def test_rows_without_a_target_are_dropped_with_a_word() -> None:
    Path("t.csv").write_text("a,y,z\n1,x,1\n2,NA,2\n\n3,x,\n4,w,4\n")
    data = read("t.csv", target=["y", "z"], rules=TableRules(drop=True))
    assert [data.place(row) for row in range(len(data))] == ["t.csv:2", "t.csv:6"]
    assert data.remarks[-1] == "t.csv:3: 2 of 4 rows have no value of the target 'y', 'z' and are left out"
    assert str(error("a,y\n1,\n2,NA\n", rules=TableRules(drop=True))) == (
        "t.csv: no row has a value of the target 'y'; is it the right column?"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"target": "specie"},
            "t.csv: no target column 'specie'; did you mean 'Species'? The columns are 'a', 'b', 'Species'",
        ),
        ({"target": ["u", "v"]}, "t.csv: no target columns 'u', 'v'; the columns are 'a', 'b', 'Species'"),
        ({"target": None}, "t.csv: data.target is not set; name the column to predict: 'a', 'b', 'Species'"),
        ({"target": ["a", "a"]}, "t.csv: data.target names the column 'a' twice"),
        (
            {"target": ["A", "specis", "u"]},
            "t.csv: no target columns 'A', 'specis', 'u'; did you mean 'a' for 'A', 'Species' for 'specis'? The "
            "columns are 'a', 'b', 'Species'",
        ),
    ],
)
def test_the_target_column(options: dict[str, Any], message: str) -> None:
    caught = error("a,b,Species\n1,2,3\n", **options)
    assert str(caught) == message
    assert caught.setting == "data.target"


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (["a", "x", "z"], "t.csv: no feature columns 'x', 'z'; the columns are 'a', 'b', 'y'"),
        (["a", "Y"], "t.csv: no feature column 'Y'; did you mean 'y'? The columns are 'a', 'b', 'y'"),
        (("exclude", ["c"]), "t.csv: no feature column 'c'; the columns are 'a', 'b', 'y'"),
        (["a", "y"], "t.csv: 'y' cannot be a feature and the target at once"),
        (["a", "a"], "t.csv: data.features names the column 'a' twice"),
        (("exclude", ["a", "b"]), "t.csv: no column is left to predict 'y' from"),
    ],
)
def test_the_feature_columns(features: Any, message: str) -> None:
    caught = error("a,b,y\n1,2,3\n", features=features)
    assert str(caught) == message
    assert caught.setting == "data.features"


def test_long_lists_of_columns_are_cut() -> None:
    header = ",".join(f"c{k}" for k in range(1, 1001))
    assert str(error(header + "\n" + "1," * 999 + "1\n")).endswith("'c19', 'c20' and 980 more")


@pytest.mark.parametrize("place", [0, 18, 19, 20, 29])
def test_a_column_that_is_nearly_meant_is_always_listed(place: int) -> None:
    """The list of 30 columns is cut at 20, but not that one."""
    header = [f"c{k}" for k in range(30)]
    header[place] = "Carat"
    first = header[:20] if place < 20 else [*header[:19], "Carat"]
    assert str(error(",".join(header) + "\n" + "1," * 29 + "1\n", target="carat")) == (
        "t.csv: no target column 'carat'; did you mean 'Carat'? The columns are "
        + ", ".join(map(repr, first))
        + " and 10 more"
    )


def test_what_is_asked_for_and_there_is_not_suggested() -> None:
    assert str(error("part_1,b\n1,2\n", target=["part_1", "part_2"])) == (
        "t.csv: no target column 'part_2'; the columns are 'part_1', 'b'"
    )


def test_very_many_absent_columns_are_reported_in_a_moment() -> None:
    header = ",".join(f"column number {k}" for k in range(3000))
    features = [f"Column Number {k}" for k in range(3000)]
    started = time.perf_counter()
    assert str(error(header + "\n" + "1," * 2999 + "1\n", features=features, target="column number 0")).startswith(
        "t.csv: no feature columns 'Column Number 0', "
    )
    assert str(error(header + "\n" + "1," * 2999 + "1\n", features=[f"x{k}" for k in range(3000)], target=None))
    assert time.perf_counter() - started < 5


def test_null_as_the_name_of_a_column() -> None:
    assert str(error("a,null\n1,2\n", target=None)) == (
        "t.csv: data.target is not set; name the column to predict: 'a', 'null'; the column 'null' is named in quotes, "
        "target: 'null'"
    )


def test_labels_mean_nothing_to_a_table() -> None:
    caught = error("a,y\n1,2\n", labels="l.npy")
    assert str(caught) == (
        "t.csv: data.labels is set, but a csv file has its targets in columns: name them with data.target; leave it out"
    )
    assert caught.setting == "data.labels"
