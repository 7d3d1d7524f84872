"""One table in many dresses: however it is written, the same is learned, or a word is said and the remedy works."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.assembly.data import Data
from nntrain.config.experiment import load_experiment
from nntrain.data.inputs import TableInputs
from nntrain.errors import UserError

pytestmark = pytest.mark.usefixtures("workdir")

ROWS = 40
MARKS = ["", "NA", "N/A", "NaN", "nan", "null", "None", "?", " NA "]
Table = dict[str, list[str]]
Learned = tuple[dict[str, dict[str, list[float]]], object]

# The same number in other letters, which any program would read alike.
PLAIN: list[Callable[[str], str]] = [
    lambda cell: cell,
    lambda cell: f" {cell} ",
    lambda cell: f"{cell}0" if "." in cell else f"{cell}.0",
    lambda cell: f"{float(cell)!r}",
    lambda cell: f"{Decimal(cell):E}",
    lambda cell: cell if cell.startswith("-") else f"+{cell}",
]
# In letters that not every program would: each with what to write in the config.
ODD: dict[str, tuple[Callable[[str], str], str]] = {
    "decimal comma": (lambda cell: cell.replace(".", ","), "data.decimal=','"),
    "thousands": (lambda cell: f"{Decimal(cell):,}", "data.columns={a: {type: numeric, thousands: ','}}"),
    "points": (
        lambda cell: f"{Decimal(cell):,}".translate(str.maketrans(",.", ".,")),
        "data.columns={a: {type: numeric, thousands: ., decimal: ','}}",
    ),
    "percent": (lambda cell: f"{cell}%", "data.columns={a: {type: numeric, unit: '%'}}"),
    "currency": (lambda cell: f"$ {cell}", "data.columns={a: {type: numeric, unit: $}}"),
    "unit": (lambda cell: f"{cell} km", "data.columns={a: {type: numeric, unit: km}}"),
}


def write(table: Table, order: Sequence[str] = (), *, delimiter: str = ",", quoting: int = 0, end: str = "\n") -> Path:
    """The table as a file of its own name."""
    names = list(order) or list(table)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerow(names)
    writer.writerows(zip(*(table[name] for name in names), strict=True))
    path = Path("t.tsv" if delimiter == "\t" else "t.csv")
    path.write_bytes(text.getvalue().encode())
    return path


def learn(path: Path, *overrides: str) -> tuple[Learned, list[str]]:
    """What a network would see: the inputs by name and the targets of each split; and what is said."""
    Path("t.yaml").write_text(
        f"data: {{path: {path}, target: y, preprocess: {{missing: mean}}}}\n"
        "network: [{type: dense, units: auto, activation: auto}]\n"
    )
    data = Data(load_experiment("t.yaml", overrides))
    prepared = data.prepare()
    assert isinstance(prepared.preprocessor.input_encoding, TableInputs)
    names = prepared.preprocessor.input_encoding.features
    splits = {
        split: {**{name: _plain(part.whole("x")[:, k]) for k, name in enumerate(names)}, "": _plain(part.whole("t"))}
        for split, part in prepared.splits.items()
    }
    return (splits, prepared.task), data.remarks


def _plain(array: Array) -> list[float]:
    values: list[float] = array.ravel().tolist()
    return values


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Numbers with some cells missing, names, and a target of numbers or of names."""
    numbers = st.integers(-9_999_999, 9_999_999).map(lambda k: str(Decimal(k) / 100))
    a = draw(st.lists(numbers, min_size=ROWS, max_size=ROWS, unique=True))
    target = draw(st.sampled_from(["numbers", "names", "whole"]))
    y = {
        "numbers": [str(Decimal(37 * k % 101) / 8) for k in range(ROWS)],
        "names": ["pq"[k % 2] for k in range(ROWS)],
        "whole": [str(k % 3) for k in range(ROWS)],
    }[target]
    gap = draw(st.integers(0, ROWS - 1))
    return {
        "a": ["" if k == gap else cell for k, cell in enumerate(a)],
        "b": [("red", "green", "blue")[k % 3] for k in range(ROWS)],
        "y": y,
    }


ONCE = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@ONCE
@given(
    table=tables(),
    order=st.permutations(["a", "b", "y"]),
    delimiter=st.sampled_from([",", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    number=st.sampled_from(PLAIN),
    mark=st.sampled_from(MARKS),
)
def test_a_plain_dress_changes_nothing(
    table: Table,
    order: list[str],
    delimiter: str,
    quoting: int,
    end: str,
    number: Callable[[str], str],
    mark: str,
) -> None:
    expected, said = learn(write(table))
    assert said == []
    dressed = {**table, "a": [number(cell) if cell else mark for cell in table["a"]]}
    if table["y"][0] not in "pq":
        dressed["y"] = [number(cell) for cell in table["y"]]
    got, said = learn(write(dressed, order, delimiter=delimiter, quoting=quoting, end=end))
    assert said == []
    assert got == expected


@ONCE
@given(table=tables(), dress=st.sampled_from(sorted(ODD)), share=st.sampled_from([1, 2, 5]))
def test_an_odd_dress_is_refused_and_its_remedy_works(table: Table, dress: str, share: int) -> None:
    """Of all numbers, of every second or of every fifth: never a category for each, never another number."""
    expected, _ = learn(write(table))
    change, remedy = ODD[dress]
    dressed = {**table, "a": [change(c) if c and k % share == 0 else c for k, c in enumerate(table["a"])]}
    if dressed == table:
        return
    with pytest.raises(UserError) as caught:
        learn(write(dressed, quoting=csv.QUOTE_ALL))
    assert re.match(r"t\.csv:\d+: column 'a' holds the text '", str(caught.value))
    if share == 1:  # otherwise the numbers are written in two ways, and it depends on them which of them are read
        whole = {**dressed, "y": [change(c) for c in table["y"]]} if dress == "decimal comma" else dressed
        whole["y"] = table["y"] if table["y"][0] in "pq" else whole["y"]
        assert learn(write(whole, quoting=csv.QUOTE_ALL), remedy)[0] == expected


@ONCE
@given(table=tables(), mark=st.sampled_from(["n/a", "-", "missing", "--", "N.A.", "unknown", "x", "(null)", "none"]))
def test_an_unknown_mark_is_refused_and_its_remedy_works(table: Table, mark: str) -> None:
    expected, _ = learn(write(table))
    dressed = {**table, "a": [cell or mark for cell in table["a"]]}
    with pytest.raises(UserError) as caught:
        learn(write(dressed))
    remedy = re.search(r"set (data\.missing_values): (\{add: \[.*?\]\})", str(caught.value))
    assert remedy is not None
    assert learn(write(dressed), f"{remedy[1]}={remedy[2]}")[0] == expected
