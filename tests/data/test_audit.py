"""Columns that are likely to be of no use."""

import numpy as np

from nntrain.data.audit import column_warnings
from nntrain.data.dataset import Dataset, numeric_column, text_column


def test_what_is_warned_of() -> None:
    n = 30
    rng = np.random.default_rng(0)
    columns = (
        numeric_column("flat", np.full(n, 2.5)),
        numeric_column("id", rng.permutation(n) + 100.0),
        text_column("name", [f"person {k}" for k in range(n)]),
        text_column("same", ["x"] * n),
        numeric_column("gaps", np.arange(n) * 2.0),
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
        "leave it out with data.features: {exclude: [id]}",
        "d.csv: column 'name' is different in every row, like an identifier: "
        "leave it out with data.features: {exclude: [name]}",
        "d.csv: column 'same' is x in every row: it cannot help to predict anything",
        "d.csv: column 'partly' is 1.0 in every row that has a value: it cannot help to predict anything",
        "d.csv: column 'rounded' is 0.30000000000000004 in every row, but for rounding: "
        "it cannot help to predict anything",
        "d.csv: column 'one' is x in every row that has a value: it cannot help to predict anything",
    ]


def test_few_rows_and_arrays_are_left_alone() -> None:
    assert column_warnings(Dataset((numeric_column("x", np.arange(4.0)),), None, "d.csv")) == []
    assert column_warnings(Dataset(np.ones((30, 2)), None, "d.npz")) == []
