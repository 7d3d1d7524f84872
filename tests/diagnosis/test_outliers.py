"""Cells that are far out of the range of their column."""

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.dataset import Dataset, numeric_column, text_column
from nntrain.diagnosis.outliers import Outlier, outliers


def table(**columns: list[float]) -> Dataset:
    inputs = tuple(numeric_column(name, np.array(values)) for name, values in columns.items())
    names = text_column("kind", ["a", "b"] * (len(inputs[0]) // 2))
    return Dataset((*inputs, names), (numeric_column("y", np.arange(float(len(inputs[0])))),), "t.csv")


def test_a_cell_a_thousand_times_beyond_the_median_is_out_of_range() -> None:
    data = table(a=[1.0, 2.0, 2.0, -2001.0, 2000.0, 2.0, 2.0, 0.0], b=[0.1] * 8)
    assert outliers(data, np.arange(8)) == [Outlier(row=3, column="a", value=-2001.0, typical=2.0)]
    assert outliers(data, np.array([0, 4, 4])) == []


def test_zeros_say_nothing_about_what_is_typical() -> None:
    """Most cells are 0, but 40 to 60 are usual where there is something."""
    assert outliers(table(counts=[0.0] * 7 + [40.0, 60.0, 50.0]), np.arange(10)) == []
    [found] = outliers(table(counts=[0.0] * 6 + [40.0, 60.0, 50.0, 60_000.0]), np.arange(10))
    assert (found.row, found.typical) == (9, 55.0)


def test_a_column_of_zeros_is_compared_with_one() -> None:
    """The typical rows are a sample, in which the one that is not 0 may be missing."""
    values = [0.0] * 5000
    values[4001] = 2e3
    [found] = outliers(table(rare=values), np.array([4001, 3]))
    assert (found.row, found.value, found.typical, found.times) == (4001, 2e3, 0.0, 2e3)


def test_the_worst_cell_of_a_row_and_the_worst_row_first() -> None:
    found = outliers(table(a=[1.0] * 8 + [1e5, 1e6], b=[1.0] * 8 + [1e9, 1.0]), np.arange(10))
    assert [(each.row, each.column) for each in found] == [(8, "b"), (9, "a")]


def test_targets_count_and_texts_and_missing_cells_do_not() -> None:
    data = Dataset(
        (numeric_column("a", np.array([1.0, np.nan, 2.0, 1.5])),),
        (numeric_column("y", np.array([1.0, -1.0, 1e38, 2.0])),),
        "t.csv",
    )
    assert outliers(data, np.arange(4)) == [Outlier(2, "y", 1e38, 1.5)]


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_elements_of_arrays_have_names(dtype: type) -> None:
    x: Array = np.ones((20, 3), dtype=dtype)
    x[7, 2] = 10**6
    assert outliers(Dataset(x, None, "x.npz"), np.arange(20)) == [Outlier(7, "x2", 1e6, 1.0)]


def test_pixels_are_of_one_kind() -> None:
    """A corner that is 0 in every image is no measure for a stroke that gets there."""
    images = np.full((10, 4, 4), 200, dtype=np.uint16)
    images[:, 0, 0] = 0
    images[3, 0, 0] = 255
    images[5, 2, 1] = 65_535
    assert outliers(Dataset(images, None, "x.npz"), np.arange(10)) == []
    big = images.astype(np.float64)
    big[5, 2, 1] = 1e9
    assert outliers(Dataset(big, None, "x.npz"), np.arange(10)) == [Outlier(5, "x[2, 1]", 1e9, 200.0)]
