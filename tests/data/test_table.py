"""CSV and TSV files that are as they should be."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nntrain.config.data import MISSING_VALUES
from nntrain.data.dataset import Column, Dataset, Kind
from nntrain.data.readers import lines, read
from nntrain.data.readers.cells import MISSING as MARKS
from nntrain.errors import DataError


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def inputs(dataset: Dataset) -> dict[str, Column]:
    assert isinstance(dataset.inputs, tuple)
    return {column.name: column for column in dataset.inputs}


def cells(dataset: Dataset) -> dict[str, list[object]]:
    return {name: column.values.tolist() for name, column in inputs(dataset).items()}


def test_columns_are_typed_and_keep_their_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "b,color,a,y\n1,red,2.5,x\n-3e2,blue,.5,z\n")
    data = read(path, target="y")
    assert list(inputs(data)) == ["b", "color", "a"]
    assert cells(data) == {"b": [1.0, -300.0], "color": ["red", "blue"], "a": [2.5, 0.5]}
    assert data.kinds == {"b": "numeric", "color": "categorical", "a": "numeric", "y": "categorical"}
    assert data.target_columns[0].values.tolist() == ["x", "z"]
    assert data.files == (path,)
    assert data.source == str(path)
    assert len(data) == 2


@pytest.mark.parametrize(
    "content",
    [
        "a,b,y\n1,x,0\n2,y,1\n",
        "a,b,y\n1,x,0\n2,y,1",
        "a,b,y\r\n1,x,0\r\n2,y,1\r\n",
        "a,b,y\r1,x,0\r2,y,1\r",
        b"\xef\xbb\xbfa,b,y\n1,x,0\n2,y,1\n",
        " a , b,y \n 1 , x ,0\n2,  y,\t1\n",
        "\n\na,b,y\n\n1,x,0\n   \n2,y,1\n\n",
        '"a","b","y"\n"1","x","0"\n"2","y","1"\n',
        'a,b,y\n1, "x",0\n2,"y" ,1\n'.replace('" ,', '",'),
    ],
    ids=["lf", "no last newline", "crlf", "cr", "bom", "blanks", "blank lines", "quoted", "quote after blank"],
)
def test_the_same_table_however_it_is_written(tmp_path: Path, content: str | bytes) -> None:
    data = read(write(tmp_path / "a.csv", content), target="y")
    assert cells(data) == {"a": [1.0, 2.0], "b": ["x", "y"]}
    assert data.target_columns[0].values.tolist() == [0.0, 1.0]


def test_quoted_fields_hold_delimiters_newlines_and_quotes(tmp_path: Path) -> None:
    text = 'a,"the, name",y\n1,"x, ""y""",0\n2,"two\r\nlines",1\n3,plain,0\n'
    data = read(write(tmp_path / "a.csv", text), target="y")
    assert cells(data)["the, name"] == ['x, "y"', "two\r\nlines", "plain"]
    assert [data.place(k) for k in range(3)] == [f"{data.source}:{line}" for line in (2, 3, 5)]


def test_quotes_that_begin_late(tmp_path: Path) -> None:
    rows = "".join(f"{k},x\n" for k in range(5000))
    data = read(write(tmp_path / "a.csv", f'"a","b"\n{rows}"7","y\nz"\n\n8,"x"\n'), need_target=False)
    assert cells(data)["a"] == [*map(float, range(5000)), 7.0, 8.0]
    assert cells(data)["b"][-3:] == ["x", "y\nz", "x"]
    assert [data.place(k) for k in (4999, 5000, 5001)] == [f"{data.source}:{line}" for line in (5001, 5002, 5005)]


def test_tabs_separate_a_tsv_file(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.tsv", "a\tb\ty\n1\tx,y\t0\n2\tz\t1\n"), target="y")
    assert cells(data) == {"a": [1.0, 2.0], "b": ["x,y", "z"]}


def test_the_format_asked_for_goes_before_the_name(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.txt", "a\ty\n1\t0\n"), format="tsv", target="y")
    assert cells(data) == {"a": [1.0]}


def test_missing_cells(tmp_path: Path) -> None:
    tokens = ["", "NA", "N/A", "NaN", "nan", "null", "None", "?", "  "]
    rows = "".join(f"{token},{token},1\n" for token in tokens)
    data = read(write(tmp_path / "a.csv", f"n,t,y\n7,x,0\n{rows}"), target="y")
    number, text = inputs(data)["n"], inputs(data)["t"]
    assert (number.kind, text.kind) == ("numeric", "categorical")
    assert number.missing.tolist() == text.missing.tolist() == [False] + [True] * len(tokens)
    assert np.isnan(number.values[1:]).all()
    assert text.values.tolist() == ["x"] + [""] * len(tokens)


def test_a_column_is_typed_by_all_of_it(tmp_path: Path) -> None:
    """Codes such as 007 that look like numbers stay text where most are text, however late that follows."""
    rows = [f"{k % 10:03},{k}" for k in range(2000)] + [f"x{k},1" for k in range(3000)]
    data = read(write(tmp_path / "a.csv", "code,y\n" + "\n".join(rows)), target="y")
    assert data.kinds["code"] == "categorical"
    assert cells(data)["code"][:3] == ["000", "001", "002"]
    assert cells(data)["code"][-1] == "x2999"


@pytest.mark.parametrize("cell", ["1e", "--1", "12abc", "1 2", "TRUE", "-nan", "nAn"])
def test_what_is_no_number(tmp_path: Path, cell: str) -> None:
    data = read(write(tmp_path / "a.csv", f"a,y\n{cell},0\n{cell},1\n"), target="y")
    assert cells(data) == {"a": [cell, cell]}


def test_features_are_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,a,b,y,z\n7,1,2,3,4\n")
    assert cells(read(path, target="y", features=["b", "a"])) == {"b": [2.0], "a": [1.0]}
    assert cells(read(path, target=["z", "y"], features=("exclude", ["id"]))) == {"a": [1.0], "b": [2.0]}
    assert [c.name for c in read(path, target=["z", "y"]).target_columns] == ["z", "y"]


def test_columns_that_are_not_wanted_are_not_judged(tmp_path: Path) -> None:
    rows = "".join(f"{k},inf,{k}\n" for k in range(30)) + "oops,inf,1\n"
    path = write(tmp_path / "a.csv", f"a,b,c\n{rows}")
    assert cells(read(path, features=["c"], need_target=False)) == {"c": [*map(float, range(30)), 1.0]}


def test_prediction_needs_no_target(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "b,a,extra\n1,2,x\n")
    data = read(path, target="y", features=["a", "b"], need_target=False)
    assert data.targets is None
    assert cells(data) == {"a": [2.0], "b": [1.0]}
    with_target = read(path, target="b", need_target=False)
    assert with_target.targets is None
    assert list(inputs(with_target)) == ["a", "extra"]


def test_a_further_file_of_a_known_table(tmp_path: Path) -> None:
    """What was excluded may be absent, what was not trained on is not looked at, and the order is free."""
    path = write(tmp_path / "a.csv", "odd,b,a\ninf,2,1\n")
    kinds: dict[str, Kind] = {"a": "numeric", "b": "categorical"}
    assert cells(read(path, features=("exclude", ["id"]), need_target=False, kinds=kinds)) == {"b": ["2"], "a": [1.0]}
    assert cells(read(path, need_target=False, kinds={"odd": "categorical"})) == {"odd": ["inf"]}


def test_known_kinds_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "code,a\n02,1\n")
    data = read(path, need_target=False, kinds={"code": "categorical", "a": "numeric"})
    assert cells(data) == {"code": ["02"], "a": [1.0]}


def test_rows_keep_their_line_numbers(tmp_path: Path) -> None:
    data = read(write(tmp_path / "a.csv", "a,y\n1,0\n\n2,1\n3,0\n"), target="y")
    chosen = data.rows(np.array([2, 1]))
    assert cells(chosen) == {"a": [3.0, 2.0]}
    assert chosen.place(0) == f"{data.source}:5"
    assert chosen.rows(np.array([1])).place(0) == f"{data.source}:4"


# Cells without delimiters and quotes, so that the same table can be written without any quote (parsed by NumPy) and
# with all cells quoted (parsed by the csv module).
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["1.", ".5", "+3", "-0", "1e5", "1E-320", "4.9406564584124654e-324", " 7 ", "0000.1", "1e308"]),
)
MISSING = st.sampled_from(["", "NA", "?", "nan", "NAN", "null", "None", " ", "N/A", "-nan"])
TEXTS = st.text(st.characters(exclude_characters=',"\r\n\0\x1a', exclude_categories=["Cs"]), max_size=6)
COLUMN = st.one_of(
    st.just(NUMBERS),
    st.just(st.one_of(NUMBERS, MISSING)),
    st.just(TEXTS),
    st.just(st.one_of(TEXTS, MISSING)),
    st.just(st.one_of(NUMBERS, TEXTS)),
    st.just(st.one_of(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, TEXTS)),
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    columns = draw(st.lists(COLUMN, min_size=2, max_size=4))
    return draw(st.lists(st.tuples(*columns).map(list), min_size=1, max_size=12))


def outcome(rows: list[list[str]], quoted_from: int, path: Path) -> object:
    """The whole table as text, or the message of the error; the rows are quoted from some row on."""
    buffer = io.StringIO()
    for place, row in enumerate([[f"c{k}" for k in range(len(rows[0]))], *rows]):
        if place >= quoted_from:
            csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)
        else:
            csv.writer(buffer, quoting=csv.QUOTE_NONE, lineterminator="\n").writerow(row)
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    try:
        data = read(path, need_target=False)
    except DataError as error:
        return str(error)
    columns = inputs(data).values()
    numbers = [] if data.numbers is None else data.numbers.tolist()
    return numbers, [(c.name, c.kind, c.values.astype(str).tolist(), c.missing.tolist()) for c in columns]


@given(rows=tables(), chunk=st.sampled_from([2, 3, 1000]))
@example(rows=[["", ""], ["", ""]], chunk=2)
@example(rows=[["1", "2"], ["x", "2"], ["x", "2"], ["3", ""]], chunk=2)
def test_both_parsers_agree_to_the_bit(
    rows: list[list[str]], chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "both.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_FIRST_CHUNK", chunk)
        patch.setattr(lines, "_CELLS_PER_CHUNK", chunk * len(rows[0]))
        plain = outcome(rows, len(rows) + 1, path)
        quoted = outcome(rows, 0, path)
        partly = outcome(rows, len(rows) // 2 + 1, path)
    assert plain == quoted == partly


@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_numbers_are_those_of_python(rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    path.write_text("a,b\n" + "".join(f"{a},{b}\n" for a, b in rows))
    data = read(path, need_target=False)
    assert cells(data) == {"a": [float(a) for a, _ in rows], "b": [float(b) for _, b in rows]}


@given(
    rows=st.lists(st.tuples(st.text(st.characters(exclude_characters="\0"), max_size=8), TEXTS), min_size=1, max_size=9)
)
def test_any_text_survives_the_csv_module(
    rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["a", "b"])
        writer.writerows((f"x{text}x", "1") for text, _ in rows)
    assert cells(read(path, need_target=False))["a"] == [f"x{text}x" for text, _ in rows]


def test_a_large_table_in_many_chunks(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60_000, 8))
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("id," + ",".join(f"c{k}" for k in range(8)) + "\n")
        file.writelines(f"k{n % 5}," + ",".join(map(repr, row)) + "\n" for n, row in enumerate(values.tolist()))
    data = read(path, need_target=False)
    read_back = np.stack([inputs(data)[f"c{k}"].values for k in range(8)], axis=1)
    assert np.array_equal(read_back, values)
    assert data.place(59_999) == f"{path}:60001"
    assert set(cells(data)["id"]) == {f"k{n}" for n in range(5)}


def test_the_config_and_the_cells_agree_on_what_is_missing() -> None:
    assert {"", *MISSING_VALUES} == MARKS
