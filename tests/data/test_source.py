"""Named fields, and who has their rows."""

from pathlib import Path

import numpy as np
import pytest

from nntrain.data.source import Arrays, Field, Source, joined
from tests.data.sources import PIXELS, Computed, chosen, everything, mapped

NAMES = ("x", "t", "second", "weight", "token", "lengths")
KINDS = ["memory", "mapped", "computed", "extended"]


def source_of(kind: str, folder: Path, *, pixels: bool = False) -> Source:
    arrays = everything(23, pixels=pixels)
    scales = {"x": 1 / 255} if pixels else {}
    match kind:
        case "memory":
            return Arrays(arrays, scales)
        case "mapped":
            return mapped(23, NAMES, folder, pixels=pixels)
        case "computed":
            return Computed(23, NAMES, pixels=pixels)
    few = Computed(23, ("x", "t", "token"), pixels=pixels)
    return few.with_fields(chosen(arrays, ("second", "weight", "lengths")))


def out_for(source: Source, *shape: int) -> dict[str, np.ndarray]:
    return {name: np.empty((*shape, *field.shape), field.dtype) for name, field in source.fields.items()}


@pytest.mark.parametrize("pixels", [False, True], ids=["numbers", "pixels"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_source_answers_alike(kind: str, pixels: bool, tmp_path: Path) -> None:
    source, arrays = source_of(kind, tmp_path, pixels=pixels), everything(23, pixels=pixels)
    rows = np.array([[3, 3, 0, 22], [9, 1, 2, 21]])
    assert len(source) == 23
    assert source.nbytes == sum(array.nbytes for array in arrays.values())
    assert set(source.fields) == set(NAMES)
    taken, read = out_for(source, 2, 4), out_for(source, 1, 5)
    source.take(rows, taken)
    source.read(6, 11, read)
    for name, array in arrays.items():
        field = source.fields[name]
        assert (field.shape, field.dtype) == (array.shape[1:], array.dtype)
        np.testing.assert_array_equal(taken[name], array[rows])
        np.testing.assert_array_equal(read[name][0], array[6:11])
        whole = source.whole(name)
        assert whole.dtype == array.dtype
        np.testing.assert_array_equal(whole, array)
    assert source.fields["x"].scale == (1 / 255 if pixels else None)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_asked_for_is_filled(kind: str, tmp_path: Path) -> None:
    source = source_of(kind, tmp_path)
    out = {"token": np.empty((1, 2, 1), np.int32)}
    source.take(np.array([[4, 5]]), out)
    np.testing.assert_array_equal(out["token"][0], everything(23)["token"][4:6])


def test_a_whole_field_in_memory_is_the_array_itself() -> None:
    arrays = everything(5)
    assert Arrays(arrays).whole("x") is arrays["x"]


@pytest.mark.parametrize("kind", KINDS)
def test_fields_are_replaced(kind: str, tmp_path: Path) -> None:
    source, other = source_of(kind, tmp_path, pixels=True), np.ones((23, 4))
    replaced = source.with_fields({"x": other})
    np.testing.assert_array_equal(replaced.whole("x"), other)
    assert replaced.fields["x"] == Field((4,), np.dtype(np.float64))
    np.testing.assert_array_equal(replaced.whole("t"), source.whole("t"))
    assert source.fields["x"] == PIXELS
    assert source.with_fields({}).fields == source.fields


@pytest.mark.parametrize("kind", KINDS)
def test_sources_are_joined_row_after_row(kind: str, tmp_path: Path) -> None:
    source = source_of(kind, tmp_path, pixels=True)
    assert joined([source]) is source
    twice = joined([source, Arrays(everything(23, pixels=True), {"x": 1 / 255})])
    assert len(twice) == 46
    assert twice.fields == source.fields
    for name in NAMES:
        np.testing.assert_array_equal(twice.whole(name)[23:], source.whole(name))


@pytest.mark.parametrize(
    ("field", "there"),
    [
        (Field((2,), np.dtype(np.float64)), np.float32),
        (Field((2,), np.dtype(np.float32)), np.float32),
        (Field((2,), np.dtype(np.uint8)), np.uint8),
        (Field((2,), np.dtype(np.int64)), np.int64),
        (Field((2,), np.dtype(np.bool_)), np.bool_),
        (Field((2,), np.dtype(np.uint8), 1.0), np.float32),
        (Field((2,), np.dtype(np.int16), 0.5), np.float32),
    ],
)
def test_whole_numbers_become_others_only_where_they_have_a_scale(field: Field, there: type[np.generic]) -> None:
    assert field.dtype_in(np.float32) == there
    values, out = np.array([[0, 1]]).astype(field.dtype), np.empty((1, 2), there)
    field.convert(values, out)
    np.testing.assert_array_equal(out, values * (1 if field.scale is None else field.scale))


def test_fields_of_several_lengths_are_no_data_set() -> None:
    with pytest.raises(ValueError, match=r"fields must be arrays of one length, got \[2, 3\]"):
        Arrays({"x": np.zeros(2), "t": np.zeros(3)})
    with pytest.raises(ValueError, match="fields must be arrays of one length"):
        Arrays({})
    with pytest.raises(ValueError, match="2 rows of further fields for 23 rows"):
        Computed(23, NAMES).with_fields({"x": np.zeros(2)})
