"""Tables from other libraries as rows: what a cell means there is what the same cell means in a CSV file.

The libraries are not installed for the tests: small classes stand in for what they have in common with them.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.data.dataset import Kind
from nntrain.data.readers.rules import TableRules
from nntrain.data.task import class_labels
from nntrain.errors import DataError
from nntrain.workflows import Model
from nntrain.workflows.rows import rows_dataset
from tests.experiments import PETS, VALUES, load, write_table


class NAType:
    """As pandas' NA: equal to nothing, not even unequal, and no truth value."""

    def __eq__(self, other: object) -> Any:
        return self

    def __ne__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]


class NaTType:
    """As pandas' NaT: not equal to itself."""

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


NA = NAType()


class Series:
    """As a pandas or polars Series; pandas' has an index, which says nothing."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values
        self.index = list(range(len(values), 0, -1))

    def to_list(self) -> list[Any]:
        return list(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, label: int) -> Any:
        return self._values[self.index.index(label)]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        if all(value is None or type(value) in (int, float) for value in self._values):
            return np.array([math.nan if value is None else value for value in self._values], dtype=dtype)
        cells = np.empty(len(self._values), dtype=object)
        cells[:] = self._values
        return cells


class PandasFrame:
    """As a pandas DataFrame: iterates over the labels of its columns, and has its columns as attributes."""

    def __init__(self, columns: Mapping[Any, list[Any]]) -> None:
        self._columns = {label: Series(values) for label, values in columns.items()}
        self.index = ["b", "a", "a"]

    @property
    def columns(self) -> Any:
        return np.array(list(self._columns), dtype=object)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_columns"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[Any]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, label: Any) -> Series:
        return self._columns[label]


class PolarsFrame:
    """As a polars DataFrame: iterates over its columns."""

    def __init__(self, columns: Mapping[str, list[Any]]) -> None:
        self._columns = columns

    @property
    def columns(self) -> list[str]:
        return list(self._columns)

    def __iter__(self) -> Iterator[Series]:
        return map(Series, self._columns.values())

    def __getitem__(self, name: str) -> Series:
        return Series(self._columns[name])


class LazyFrame(PolarsFrame):
    """As a polars LazyFrame: there are no cells yet."""

    def __getitem__(self, name: str) -> Series:
        raise TypeError("'LazyFrame' object is not subscriptable (aside from slicing)")


class ChunkedArray:
    """As a pyarrow column: iterates over objects of its own."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def to_pylist(self) -> list[Any]:
        return list(self._values)

    def __iter__(self) -> Iterator[object]:
        return (object() for _ in self._values)


class ArrowTable:
    """As a pyarrow Table: `columns` are the columns, not their names."""

    def __init__(self, columns: Mapping[str, list[Any]]) -> None:
        self._columns = columns

    @property
    def column_names(self) -> list[str]:
        return list(self._columns)

    @property
    def columns(self) -> list[ChunkedArray]:
        return list(map(ChunkedArray, self._columns.values()))

    def __getitem__(self, name: str) -> ChunkedArray:
        return ChunkedArray(self._columns[name])


FRAMES: dict[str, Any] = {"pandas": PandasFrame, "polars": PolarsFrame, "pyarrow": ArrowTable, "a mapping": dict}


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


@pytest.fixture(scope="module")
def zoo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on numbers, texts, flags that are text, and codes of which two differ beyond 2^53."""
    rng = np.random.default_rng(0)
    codes = ("9007199254740992", "9007199254740993", "7", "x")
    rows = []
    for i in range(120):
        weight = rng.normal(4 if i % 3 else 20, 4)
        home, young = ("in", "out", "")[rng.integers(3)], ("True", "False")[rng.integers(2)]
        rows.append((f"{weight:.2f}", home, young, codes[i % 4], "dog" if i % 3 else "cat"))
    folder = tmp_path_factory.mktemp("zoo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_table("zoo.csv", ("weight", "home", "young", "code", "kind"), rows)
        text = PETS.replace(
            "pets.csv, target: kind",
            "zoo.csv, target: kind, columns: {code: categorical}, preprocess: {missing: most_frequent}",
        )
        return folder / nntrain.fit(load(text)).run


@pytest.fixture
def zoo(zoo_run: Path) -> Model:
    return nntrain.load_run(zoo_run)


def from_file(zoo: Model, cells: Mapping[str, list[str]]) -> list[float]:
    """The probability of a dog, where these cells stand in a CSV file."""
    write_table("new.csv", list(cells), list(zip(*cells.values(), strict=True)))
    return [row[-1] for row in nntrain.predict(zoo.run, "new.csv", probabilities=True).rows]


CELLS = {
    "weight": ["4", "21.5", "9"],
    "home": ["in", "out", ""],
    "young": ["True", "False", "True"],
    "code": ["9007199254740993", "9007199254740992", "7"],
}
TABLE: dict[str, list[Any]] = {
    "weight": [4, 21.5, 9],
    "home": ["in", "out", None],
    "young": [True, False, True],
    "code": [9007199254740993, 9007199254740992, 7],
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_table_by_the_names_of_its_columns(zoo: Model, kind: str) -> None:
    """In any order, with others that hold what they like, and whatever its index says."""
    table = FRAMES[kind]({"columns": [object(), {}, []], **dict(reversed(TABLE.items())), "kind": ["?", "?", "?"]})
    expected = from_file(zoo, CELLS)
    assert zoo.predict_proba(table)[:, 1] == pytest.approx(expected, rel=1e-6)
    assert zoo.predict(table).tolist() == zoo.predict(TABLE).tolist()


@pytest.mark.parametrize(
    "missing", [None, math.nan, np.float64("nan"), NA, NaTType(), np.datetime64("NaT"), np.ma.masked, "", " ", "NA"]
)
@pytest.mark.parametrize("column", ["weight", "home", "young", "code"])
@pytest.mark.parametrize("kind", FRAMES)
def test_what_every_library_has_for_a_missing_value(zoo: Model, kind: str, column: str, missing: Any) -> None:
    table = FRAMES[kind]({**TABLE, column: [missing, *TABLE[column][1:]]})
    expected = from_file(zoo, {**CELLS, column: ["", *CELLS[column][1:]]})
    assert zoo.predict_proba(table)[:, 1] == pytest.approx(expected, rel=1e-6)


SPELLED: dict[str, tuple[Any, str]] = {
    "an integer": (7, "7"),
    "a large integer": (9007199254740993, "9007199254740993"),
    "an integer of NumPy": (np.int64(9007199254740993), "9007199254740993"),
    "an unsigned integer": (np.uint64(9007199254740993), "9007199254740993"),
    "a text": (" x ", "x"),
    "a text of NumPy": (np.str_("x"), "x"),
    "bytes": (b"x", "x"),
    "a flag": (True, "True"),
    "a flag of NumPy": (np.bool_(False), "False"),
    "a whole float": (7.0, "7"),
    "a float": (0.1, "0.1"),
    "a short float": (np.float32(0.1), "0.1"),
    "a decimal": (Decimal("1.50"), "1.50"),
    "a day": (date(2026, 1, 31), "2026-01-31"),
    "a list": ([1, 2], "[1, 2]"),
}


@pytest.mark.parametrize("name", SPELLED)
def test_the_text_of_a_cell_where_the_column_was_categories(name: str) -> None:
    cell, text = SPELLED[name]
    [column] = categorical({"a": [cell, None]})
    assert column == [text, ""]


def categorical(rows: Any) -> list[list[str]]:
    """The cells of each column, read as categories."""
    kinds: dict[str, Kind] = {"a": "categorical"}
    inputs = rows_dataset(rows, kinds, TableRules()).inputs
    assert isinstance(inputs, tuple)
    return [class_labels(column).tolist() for column in inputs]


@pytest.mark.parametrize("cell", [np.float32(1.5), np.int8(1), Decimal("1.5"), 3, 2**70, "1.5", " 2 "])
def test_the_number_of_a_cell_where_the_column_was_numbers(zoo: Model, cell: Any) -> None:
    expected = from_file(zoo, {**CELLS, "weight": [str(cell).strip(), "21.5", "9"]})
    answers = zoo.predict_proba({**TABLE, "weight": [cell, 21.5, 9]})[:, 1]
    assert answers == pytest.approx(expected, rel=1e-6)


def test_arrays_of_numbers_for_columns_of_codes(zoo_run: Path) -> None:
    """Integers do not go through floats, in arrays neither."""
    codes = np.array([[9007199254740992], [9007199254740993]])
    assert categorical(codes) == [["9007199254740992", "9007199254740993"]]
    assert categorical(np.array([[True], [False]])) == [["True", "False"]]
    assert categorical(np.array([[b"x"], [b"NA"]])) == [["x", ""]]
    assert categorical(np.ma.masked_array([[1], [2]], [[False], [True]])) == [["1", ""]]


def test_a_structured_array_goes_by_the_names_of_its_fields(zoo: Model) -> None:
    fields = [("home", "U3"), ("code", "i8"), ("young", "?"), ("weight", "f8")]
    rows = np.array([("in", 9007199254740993, True, 4), ("out", 7, False, 21.5)], dtype=fields)
    named = [{"weight": 4, "home": "in", "young": True, "code": 9007199254740993}]
    named.append({"weight": 21.5, "home": "out", "young": False, "code": 7})
    np.testing.assert_array_equal(zoo.predict_proba(rows), zoo.predict_proba(named))


def test_names_that_are_numbers_in_the_other_library() -> None:
    """A pandas column 2019 is the column that a CSV file calls 2019."""
    kinds: dict[str, Kind] = {"2019": "numeric", "0.5": "numeric"}
    inputs = rows_dataset(PandasFrame({0.5: [3, 4], 2019: [1, 2]}), kinds, TableRules()).inputs
    assert isinstance(inputs, tuple)
    assert [(column.name, column.values.tolist()) for column in inputs] == [("2019", [1.0, 2.0]), ("0.5", [3.0, 4.0])]


class Row:
    """As a pandas Series of one row: its values go by the names of the columns."""

    def __init__(self, values: dict[Any, Any]) -> None:
        self._values = values
        self.keys, self.get = values.keys, values.get

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())


def test_rows_that_name_their_values(zoo: Model) -> None:
    """Those of `[row for _, row in frame.iterrows()]`; numbers for names are places."""
    rows = [{name: values[i] for name, values in reversed(TABLE.items())} for i in range(3)]
    expected = zoo.predict_proba(TABLE)
    np.testing.assert_array_equal(zoo.predict_proba([Row(row) for row in rows]), expected)
    placed = [Row({k: values[i] for k, values in enumerate(TABLE.values())}) for i in range(3)]
    np.testing.assert_array_equal(zoo.predict_proba(placed), expected)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_a_table_without_rows(zoo: Model, kind: str) -> None:
    table = FRAMES[kind]({name: [] for name in TABLE})
    assert zoo.predict(table).shape == (0,)
    assert zoo.predict_proba(table).shape == (0, 2)


WRONG: dict[str, tuple[Any, str]] = {
    "a column that is missing": (
        PandasFrame({name: values for name, values in TABLE.items() if name != "home"}),
        "rows: no input column 'home'; the columns are 'weight', 'young', 'code'; the network was trained on 'weight', "
        "'home', 'young', 'code'",
    ),
    "columns of another case": (
        PolarsFrame({"Weight": [1], "young": [True], "Code": [1]}),
        "rows: no input columns 'weight', 'home', 'code'; did you mean 'Weight' for 'weight', 'Code' for 'code'? The "
        "columns are 'Weight', 'young', 'Code'; the network was trained on 'weight', 'home', 'young', 'code'",
    ),
    "one name for two columns": (
        type("Twice", (PandasFrame,), {"columns": ["weight", "home", "young", "code", "home"]})(TABLE),
        "rows: there are two columns named 'home'; rename one of them",
    ),
    "a table that is not computed yet": (
        LazyFrame(TABLE),
        "rows: the column 'weight' of a LazyFrame cannot be read; collect it into a DataFrame, or give a mapping of "
        "column to values",
    ),
    "text for a number": (
        ArrowTable({**TABLE, "weight": [1.0, "heavy", None]}),
        "rows: example 1: column 'weight' holds the text 'heavy', but the column was numeric in the training data; "
        "write a number there",
    ),
    "a flag for a number": (
        PolarsFrame({**TABLE, "weight": [True, False, True]}),
        "rows: example 0: column 'weight' holds the text 'True', but the column was numeric in the training data; "
        "write a number there",
    ),
    "a number beyond all floats": (
        {**TABLE, "weight": [1, 10**400, 3]},
        "rows: example 1: column 'weight' is inf, which does not fit in float32 after scaling; correct it, or set "
        "dtype: float64",
    ),
    "columns of different length": (
        {**TABLE, "code": [1]}, "rows: the columns differ in length: 'weight' has 3, 'code' 1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_tables_that_are_wrong(zoo: Model, mistake: str) -> None:
    table, expected = WRONG[mistake]
    with pytest.raises(DataError) as caught:
        zoo.predict(table)
    assert str(caught.value) == expected


def test_one_value_per_row_and_a_row_of_them_for_several_targets() -> None:
    model = nntrain.load_run(nntrain.fit(load(VALUES)).run)
    one = model.predict([[0, 0], [1, 2], [3, 4]])
    assert one.shape == (3,)
    assert one.dtype == np.float64
    write_table("t.csv", ("a", "b", "c"), [(i / 10, i, 2 * i + 0.5) for i in range(30)])
    text = PETS.replace("pets.csv, target: kind", "t.csv, target: [b, c], task: regression")
    assert nntrain.load_run(nntrain.fit(load(text)).run).predict([[0.1], [0.2], [0.3]]).shape == (3, 2)
