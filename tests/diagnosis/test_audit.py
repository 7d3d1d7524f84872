"""Columns that are likely to be of no use."""

import numpy as np

from nntrain.data.dataset import Dataset, numeric_column, text_column
from nntrain.diagnosis.audit import column_warnings


def test_what_is_warned_of() -> None:
    n = 30
    rng = np.random.default_rng(0)
    columns = (
        numeric_column("flat", np.full(n, 2.5)),
        numeric_column("id", rng.permutation(n) + 100.0),
        text_column("name", [f"person {k}" for k in range(n)]),
        text_column("same", ["x"] * n),
        numeric_column("gaps", np.arange(n) * 2.0),
        numeric_column("large steps", rng.permutation(n) * 100.0 + 7),
        numeric_column("repeats", np.where(np.arange(n) == 5, 104.0, np.arange(n) + 100.0)[::-1]),
        numeric_column("rising", np.cumsum(np.arange(n) ** 2) + 1.0),
        numeric_column("customer_id", rng.permutation(n) % 25 * 977.0),
        numeric_column("beyond", np.arange(n) + 2.0**53),
        numeric_column("counts", rng.integers(0, 1000, n) * 1.0),
        numeric_column("ages", rng.integers(18, 80, n) * 1.0),
        text_column("few repeats", [f"name {k % 20}" for k in range(n)]),
        text_column("repeats of names", [f"name {k % 15}" for k in range(n)]),
        numeric_column("half", np.arange(n) + 0.5),
        text_column("color", ["red", "blue"] * (n // 2)),
        numeric_column("partly", np.where(np.arange(n) == 3, np.nan, 1.0)),
        numeric_column("rounded", np.where(np.arange(n) % 2, 0.3, 0.1 + 0.2)),
        numeric_column("offset", 1e8 + 0.001 * (np.arange(n) % 7)),
        text_column("one", ["x", ""] * (n // 2)),
    )
    assert column_warnings(Dataset(columns, None, "d.csv")) == [
        "d.csv: column 'flat' is 2.5 in every row: it cannot help to predict anything",
        "d.csv: column 'id' is different in every row, like an identifier: "
        "leave it out with data.columns: {id: excluded}",
        "d.csv: column 'name' is different in every row, like an identifier: "
        "leave it out with data.columns: {name: excluded}",
        "d.csv: column 'same' is x in every row: it cannot help to predict anything",
        "d.csv: column 'gaps' is different in every row, like an identifier: "
        "leave it out with data.columns: {gaps: excluded}",
        "d.csv: column 'large steps' is different in every row, like an identifier: "
        "leave it out with data.columns: {large steps: excluded}",
        "d.csv: column 'repeats' has 29 different values in 30 rows, like an identifier: "
        "leave it out with data.columns: {repeats: excluded}",
        "d.csv: column 'rising' is different in every row, like an identifier: "
        "leave it out with data.columns: {rising: excluded}",
        "d.csv: column 'customer_id' has 25 different values in 30 rows, like an identifier: "
        "leave it out with data.columns: {customer_id: excluded}",
        "d.csv: column 'beyond' holds whole numbers beyond 2^53, which become equal to their neighbours: "
        "leave it out with data.columns: {beyond: excluded}, or set data.columns: {beyond: categorical}",
        "d.csv: column 'few repeats' has 20 different values in 30 rows, like an identifier, and would become 20 "
        "inputs: "
        "leave it out with data.columns: {few repeats: excluded}",
        "d.csv: column 'partly' is 1.0 in every row that has a value: it cannot help to predict anything",
        "d.csv: column 'rounded' is 0.30000000000000004 in every row, but for rounding: "
        "it cannot help to predict anything",
        "d.csv: column 'one' is x in every row that has a value: it cannot help to predict anything",
    ]


def test_what_has_only_the_name_or_only_the_order_is_no_identifier() -> None:
    n = 400
    rng = np.random.default_rng(2)
    columns = (
        numeric_column("shop_id", rng.integers(0, 25, n) * 977.0),  # many rows of each
        numeric_column("year", np.sort(rng.integers(1600, 2000, n)) * 1.0),
        numeric_column("days", np.round(np.sort(rng.gamma(2.0, 400.0, n)))),
        numeric_column("no", rng.integers(0, 300, n) * 7.0),
    )
    assert column_warnings(Dataset(columns, None, "d.csv")) == []


def test_what_is_declared_is_meant_so() -> None:
    column = numeric_column("id", np.arange(30.0))
    assert column_warnings(Dataset((column,), None, "d.csv"), declared=["id"]) == []


def test_random_whole_numbers_are_no_identifiers() -> None:
    """The rule has room: of 200 columns of random numbers none is taken for one, whatever their range."""
    rng = np.random.default_rng(1)
    for span in (10, 30, 100, 300, 1_000, 10_000, 10**6, 10**12):
        for n in (20, 50, 400):
            for _ in range(8):
                column = numeric_column("x", rng.integers(0, span, n) * 1.0)
                assert column_warnings(Dataset((column,), None, "d.csv")) == [], (span, n)


def test_few_rows_and_arrays_are_left_alone() -> None:
    assert column_warnings(Dataset((numeric_column("x", np.arange(4.0)),), None, "d.csv")) == []
    assert column_warnings(Dataset(np.ones((30, 2)), None, "d.npz")) == []
