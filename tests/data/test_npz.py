"""NPZ archives and NPY files, good, bad and hostile."""

import io
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.dataset import Dataset
from nntrain.data.readers import checks, read
from nntrain.data.readers.rules import TableRules
from nntrain.data.task import class_labels, class_names
from nntrain.errors import DataError

pytestmark = pytest.mark.usefixtures("workdir")

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 2, 1])


def array(dataset: Dataset) -> Array:
    assert not isinstance(dataset.inputs, tuple)
    return dataset.inputs


def target(dataset: Dataset) -> list[object]:
    (column,) = dataset.target_columns
    values: list[object] = column.values.tolist()
    return values


def message(path: str, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **options)
    return str(caught.value)


def saved(x: Any, y: Any = Y, name: str = "d.npz") -> str:
    np.savez(name, x=x, y=y)
    return name


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_inputs_and_targets(save: Any) -> None:
    save("d.npz", x=X, y=Y)
    data = read("d.npz")
    assert np.array_equal(array(data), X)
    assert target(data) == [0.0, 1.0, 2.0, 1.0]
    assert data.place(2) == "d.npz: example 2"
    assert data.rows(np.array([3, 1])).place(0) == "d.npz: example 3"
    assert data.files == (Path("d.npz"),)


def test_arrays_of_other_names() -> None:
    np.savez("d.npz", images=X, label=Y)
    assert np.array_equal(array(read("d.npz", arrays=("images", "label"))), X)
    assert message("d.npz") == (
        "d.npz: no array 'x'; the arrays are 'images', 'label' (data.arrays says which are inputs and targets)"
    )
    assert message("d.npz", arrays=("image", "label")).startswith(
        "d.npz: no array 'image'; did you mean 'images'? The arrays are"
    )


def test_targets_may_be_absent_for_prediction() -> None:
    np.savez("d.npz", x=X)
    assert read("d.npz", need_target=False).targets is None
    assert message("d.npz").startswith("d.npz: no array 'y'; ")


@pytest.mark.parametrize("dtype", ["u1", "i1", ">i2", "i8", "f4", ">f8"])
def test_element_types_are_kept(dtype: str) -> None:
    x = array(read(saved(X.astype(dtype))))
    assert x.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(x, X)


def test_other_numbers_become_near_ones() -> None:
    assert array(read(saved(X > 4))).dtype == np.uint8
    assert array(read(saved(X.astype("f2")))).dtype == np.float32
    assert array(read(saved(X.astype("g")))).dtype == np.float64


def test_shapes() -> None:
    images = np.zeros((4, 5, 6, 1), dtype=np.uint8)
    assert array(read(saved(images))).shape == (4, 5, 6, 1)
    assert array(read(saved(X[:, 0]))).shape == (4, 1)
    assert np.array_equal(array(read(saved(np.asfortranarray(X)))), X)
    assert [c.name for c in read(saved(X, y=X[:, :2])).target_columns] == ["y0", "y1"]
    assert [c.name for c in read(saved(X, y=X[:, :1])).target_columns] == ["y"]


def test_names_of_classes() -> None:
    assert target(read(saved(X, y=np.array(["a", "b", "ü", "a"])))) == ["a", "b", "ü", "a"]
    assert target(read(saved(X, y=np.array([b"a", b"b", b"c", b"a"])))) == ["a", "b", "c", "a"]
    assert message(saved(X, y=np.array(["a", "b", "", "a"]))) == (
        "d.npz: example 2: the target 'y' has no value; fill it in, or leave such rows out with data.missing_target: "
        "drop"
    )
    nan = np.array([1.5, np.nan, 2.5, 3.5])
    assert message(saved(X, y=nan)) == (
        "d.npz: example 1: the target 'y' has no value; fill it in, or leave such rows out with data.missing_target: "
        "drop"
    )
    kept = read(saved(X, y=nan), rules=TableRules(drop=True))
    assert target(kept) == [1.5, 2.5, 3.5]
    assert [kept.place(row) for row in range(3)] == [f"d.npz: example {k}" for k in (0, 2, 3)]
    assert kept.remarks == ("d.npz: example 1: 1 row has no value of the target 'y' and is left out",)


def test_labels_beyond_the_integers_of_a_float_stay_apart() -> None:
    labels = np.array([2**53, 2**53 + 1, 2**53 + 2, 2**53 + 1])
    data = read(saved(X, y=labels))
    assert class_names(data.target_columns[0]) == ("9007199254740992", "9007199254740993", "9007199254740994")
    assert class_labels(data.target_columns[0]).tolist() == [str(label) for label in labels.tolist()]


def test_npy_has_the_target_in_its_last_column() -> None:
    np.save("d.npy", X)
    data = read("d.npy")
    assert np.array_equal(array(data), X[:, :2])
    assert target(data) == [2.0, 5.0, 8.0, 11.0]
    assert np.array_equal(array(read("d.npy", need_target=False)), X)


def test_npy_with_labels_in_a_second_file() -> None:
    np.save("d.npy", X)
    np.save("l.npy", Y)
    data = read("d.npy", labels="l.npy")
    assert np.array_equal(array(data), X)
    assert target(data) == [0.0, 1.0, 2.0, 1.0]
    assert data.files == (Path("d.npy"), Path("l.npy"))
    assert message("d.npy", labels="labels.npy") == "labels.npy: no such file; did you mean 'l.npy'?"


def test_npy_without_a_target() -> None:
    np.save("d.npy", np.zeros((4, 2, 2)))
    assert message("d.npy") == (
        "d.npy: the array has the shape [4, 2, 2]; without data.labels it must be 2-D with at least two columns, "
        "the last of which is the target"
    )


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        (X, Y[:3], "d.npz: x has 4 examples and y has 3; they must have the same number"),
        (X, np.zeros((4, 2, 2)), "d.npz: y has the shape [4, 2, 2]; targets are [examples] or [examples, outputs]"),
        (X[:0], Y[:0], "d.npz: x.npy has the shape [0, 3]: there are no examples in it"),
        (
            X.astype(complex),
            Y,
            "d.npz: x holds complex128, not numbers; save it as an integer or floating-point array",
        ),
        (
            X.astype("M8[s]"),
            Y,
            "d.npz: x.npy: the header does not describe an array of numbers or strings",
        ),
        (
            X.astype(str),
            Y,
            "d.npz: x holds <U32, not numbers; save it as an integer or floating-point array",
        ),
        (
            np.zeros(4, dtype=[("a", "f4")]),
            Y,
            "d.npz: x.npy: the header does not describe an array of numbers or strings",
        ),
        (
            np.where(X == 7, np.nan, X),
            Y,
            "d.npz: x[2, 1] is NaN; arrays must hold finite numbers: fill or remove such examples before saving them",
        ),
        (
            X,
            np.array([1, 2, -np.inf, 3]),
            "d.npz: y[2] is infinite; arrays must hold finite numbers: fill or remove such examples before saving them",
        ),
    ],
)
def test_arrays_that_do_not_fit(x: Array, y: Array, text: str) -> None:
    assert message(saved(x, y)) == text


def test_python_objects_are_never_unpickled() -> None:
    assert message(saved(np.array([{}, []], dtype=object))) == (
        "d.npz: x.npy holds Python objects, which nntrain does not load: unpickling can run any code. Save numbers "
        "or strings, for instance np.savez(file, x=x.astype('float32'), y=y.astype(str))"
    )
    np.save("d.npy", np.array([None]), allow_pickle=True)
    assert "holds Python objects" in message("d.npy")


def test_settings_that_mean_nothing_here() -> None:
    assert message(saved(X), target="a") == (
        "d.npz: data.target is set, but npz files have no named columns: name their arrays with data.arrays; "
        "leave it out"
    )
    assert message(saved(X), features=["a"]).startswith("d.npz: data.features is set, but npz files have no named")


def npy(header: str, data: bytes = b"", version: int = 1) -> bytes:
    text = header.encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def described(shape: str, element: str = "'<f8'") -> str:
    return f"{{'descr': {element}, 'fortran_order': False, 'shape': {shape}}}"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "d.npy is not an array in NumPy's format"),
        (b"\x93NUMPY", "d.npy is not an array in NumPy's format"),
        (b"\x80\x04K\x01.pickle", "d.npy is not an array in NumPy's format"),
        (npy("{}"), "d.npy: the header does not describe an array of numbers or strings"),
        (npy("__import__('os')"), "d.npy: the header does not describe an array of numbers or strings"),
        (npy("(" * 5000), "d.npy: the header does not describe an array of numbers or strings"),
        (npy(described("(-1,)")), "d.npy: the header does not describe an array of numbers or strings"),
        (npy(described("(True,)")), "d.npy: the header does not describe an array of numbers or strings"),
        (npy(described("5")), "d.npy: the header does not describe an array of numbers or strings"),
        (npy(described("(" + "1," * 33 + ")")), "d.npy: the header does not describe an array of numbers or strings"),
        (npy(described("(1,)", "'(3,)f8'")), "d.npy: the header does not describe an array of numbers or strings"),
        (npy(described("(1,)", "'<f7'")), "d.npy: the header does not describe an array of numbers or strings"),
        (npy(" " * 20_000), "d.npy: a header of 20,000 bytes; that of an array has at most 10,000"),
        (
            npy(described("(10000000000, 784)"), b"\0" * 16, version=2),
            "d.npy announces an array [10000000000, 784] of float64, 62,720,000,000,000 bytes, but 16 bytes follow: "
            "the file is cut short or damaged",
        ),
        (
            npy(described("(2,)"), b"\0" * 24),
            "d.npy announces an array [2] of float64, 16 bytes, but 24 bytes follow: the file is cut short or damaged",
        ),
        (
            npy(described("(0, 99999999999999999999)")),
            "d.npy has the shape [0, 99999999999999999999]: there are no examples in it",
        ),
        (npy(described("(3,)", "'<U0'")), "d.npy has the shape [3]: there are no examples in it"),
    ],
)
def test_headers_that_lie(content: bytes, text: str) -> None:
    Path("d.npy").write_bytes(content)
    assert message("d.npy") == text


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def test_files_that_are_no_archive() -> None:
    Path("d.npz").write_bytes(b"hello")
    assert message("d.npz") == "d.npz: not an NPZ archive, or a damaged one: File is not a zip file"
    Path("d.npz").write_bytes(archive({"x.npy": b"hello", "y.npy": b""}))
    assert message("d.npz") == "d.npz: x.npy is not an array in NumPy's format"
    Path("d.npz").write_bytes(archive({"x.npy": b"hello", "y.npy": b""}, zipfile.ZIP_BZIP2))
    assert message("d.npz") == (
        "d.npz: x.npy is compressed in a way NumPy does not write; save it with np.savez_compressed"
    )
    Path("d.npz").write_bytes(archive({}))
    assert message("d.npz").startswith("d.npz: no array 'x'; the arrays are none ")


def test_an_archive_cut_short_or_flipped() -> None:
    whole = Path(saved(np.arange(4000.0).reshape(4, 1000))).read_bytes()
    Path("d.npz").write_bytes(whole[:-200])
    assert message("d.npz").startswith("d.npz: not an NPZ archive, or a damaged one: ")
    Path("d.npz").write_bytes(whole[:900] + bytes([whole[900] ^ 1]) + whole[901:])
    assert message("d.npz") == "d.npz: not an NPZ archive, or a damaged one: Bad CRC-32 for file 'x.npy'"


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    """300 MB of zeros packed into 0.3 MB."""
    zeros = b"\0" * 10_000_000
    with zipfile.ZipFile("d.npz", "w", zipfile.ZIP_DEFLATED) as file, file.open("x.npy", "w") as member:
        member.write(npy(described("(30, 10000000)", "'|u1'")))
        for _ in range(30):
            member.write(zeros)
    tracemalloc.start()
    text = message("d.npz", need_target=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert text.endswith("nntrain does not unpack what may be a zip bomb: save it with np.savez, uncompressed")
    assert peak < 5_000_000


def test_an_announcement_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_BYTES", 100)
    assert message(saved(np.zeros((4, 100)))) == (
        "d.npz: x.npy: announces 0.0 GiB; nntrain reads arrays of at most 0 GiB into memory"
    )


def test_strings_that_may_be_numbers_are_no_classes_by_themselves() -> None:
    np.savez("d.npz", x=X, y=np.array(["1.5", "n/a", "2.5", "3.0"]))
    assert message("d.npz") == (
        "d.npz: example 1: the target 'y' holds the string 'n/a', but its other 3 cells are numbers; if its values are "
        "names, set data.task: classification; otherwise save the targets as an array of numbers, with NaN where "
        "there is none"
    )
    assert target(read("d.npz", rules=TableRules(target="names"))) == ["1.5", "n/a", "2.5", "3.0"]
    np.savez("d.npz", x=X, y=np.array(["setosa", "virginica", "setosa", "virginica"]))
    assert target(read("d.npz")) == ["setosa", "virginica", "setosa", "virginica"]
