"""Named arrays on disk: readable by NumPy, the same bytes every time, and nothing hostile gets in."""

import io
import pickle
import re
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.runs.arrays_file import ArraysFile, ArraySpec, arrays_sha256, most_bytes, write_arrays
from nntrain.runs.files import Damage, Disk

ARRAYS: dict[str, Array] = {
    "0.w": np.arange(6, dtype=np.float64).reshape(2, 3),
    "0.b": np.array([1.5, -2.5], np.float32),
    "empty": np.zeros((0, 3), np.float32),
    "flags": np.array([True, False]),
    "pixels": np.array([[0, 255]], np.uint8),
    "scalar": np.array(3, np.int64),
}
EXPECTED = {name: ArraySpec(array.shape, array.dtype) for name, array in ARRAYS.items()}


def read_arrays(path: Path, expected: Mapping[str, ArraySpec] | None = None) -> tuple[dict[str, Array], str]:
    """The arrays in a file and their sha256, read as the readers of a run do."""
    with ArraysFile(path, most_bytes=None if expected is None else most_bytes(expected)) as file:
        if expected is not None:
            file.require(expected)
        return file.read(), file.sha256


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "weights.npz"
    write_arrays(Disk(), path, ARRAYS)
    return path


def test_round_trip(path: Path) -> None:
    for expected in (None, EXPECTED):
        arrays, sha256 = read_arrays(path, expected)
        assert sha256 == arrays_sha256(ARRAYS)
        assert arrays.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_numpy_reads_the_file(path: Path) -> None:
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive.files) == ARRAYS.keys()
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(archive[name], array, strict=True)


def test_bytes_depend_on_the_arrays_alone(tmp_path: Path, path: Path) -> None:
    other = tmp_path / "other.npz"
    transposed = {name: np.asarray(ARRAYS[name], order="F") for name in reversed(ARRAYS)}
    assert write_arrays(Disk(), other, transposed) == arrays_sha256(ARRAYS)
    assert other.read_bytes() == path.read_bytes()


def test_sha256_tells_name_shape_and_dtype_apart() -> None:
    zeros = np.zeros(6, np.float32)
    variants: list[dict[str, Array]] = [
        {"a": zeros},
        {"b": zeros},
        {"a": zeros.reshape(2, 3)},
        {"a": zeros.view(np.int32)},
        {"a": zeros[:3], "b": zeros[3:]},
    ]
    assert len({arrays_sha256(variant) for variant in variants}) == len(variants)


@pytest.mark.parametrize(
    "array", [np.array(["text"]), np.array([None]), np.zeros(2, complex), np.zeros(2, [("a", int)])]
)
def test_only_plain_numbers_are_written(tmp_path: Path, array: Array) -> None:
    with pytest.raises(ValueError, match="array 'a' has dtype"):
        write_arrays(Disk(), tmp_path / "a.npz", {"a": array})
    assert list(tmp_path.iterdir()) == []


def test_names_cannot_leave_the_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot name an array"):
        write_arrays(Disk(), tmp_path / "a.npz", {"../evil": np.zeros(1)})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"0.b": None}, "it lacks 0.b"),
        ({"9.w": ArraySpec((1,), np.dtype(np.float32))}, "it lacks 9.w"),
        (
            {"0.w": ArraySpec((3, 2), np.dtype(np.float64))},
            "'0.w' is float64 [2, 3], the network's is float64 [3, 2]",
        ),
        (
            {"0.w": ArraySpec((2, 3), np.dtype(np.int64))},
            "'0.w' is float64 [2, 3], the network's is int64 [2, 3]",
        ),
    ],
)
def test_arrays_of_another_network_are_refused(path: Path, change: dict[str, ArraySpec | None], problem: str) -> None:
    merged = {**EXPECTED, **change}
    expected = {name: spec for name, spec in merged.items() if spec is not None}
    if None in change.values():
        problem = "it has 0.b"
    with pytest.raises(Damage, match=re.escape(f"does not belong to this network: {problem}")):
        read_arrays(path, expected)


def _npy(array: Array, *, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


COMMENT = b"nntrain sha256 " + b"0" * 64


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = COMMENT) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def _lie(shape: str, descr: str = "'<f8'") -> bytes:
    return _zip({"a.npy": _header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n") + bytes(64)})


class _Harmful:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return print, ("executed",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"no zip at all", "is cut short, or no run wrote it: the checksum at its end is missing"),
        (_zip({"a.npy": _npy(np.zeros(9))})[:-1], "is cut short, or no run wrote it"),
        (_zip({"a.npy": _npy(np.zeros(9))}, comment=b""), "is cut short, or no run wrote it"),
        (_zip({"a.npy": _npy(np.zeros(9))}, comment=COMMENT.upper()), "is cut short, or no run wrote it"),
        (b"PK\x05\x06" + bytes(16) + b"\x4f\0" + COMMENT, "does not match its own checksum"),
        (b"PK\x05\x06" + bytes(8) + b"\xff" * 8 + b"\x4f\0" + COMMENT, "lists more arrays than a run writes"),
        (_zip({"../a.npy": _npy(np.zeros(9))}), "has a member '../a.npy' that no run writes"),
        (_zip({"a\x1b[2J.npy": _npy(np.zeros(9))}), "has a member 'a\\x1b[2J.npy' that no run writes"),
        (_zip({"a.npy": b""}), "no plain array of numbers"),
        (_zip({"readme.txt": b"hello"}), "has a member 'readme.txt' that no run writes"),
        (_zip({"a.npy": _npy(np.zeros(9))}, zipfile.ZIP_DEFLATED), "has a compressed member 'a.npy'"),
        (_zip({"a.npy": _npy(np.array([_Harmful()], object), allow_pickle=True)}), "no plain array of numbers"),
        (_zip({"a.npy": pickle.dumps(_Harmful())}), "no plain array of numbers"),
        (_zip({"a.npy": _npy(np.zeros(2, [("x", "f8")]))}), "no plain array of numbers"),
        (_zip({"a.npy": _npy(np.zeros(2, complex))}), "no plain array of numbers"),
        (_zip({"a.npy": _npy(np.array(["text"]))}), "no plain array of numbers"),
        (_zip({"a.npy": _npy(np.asfortranarray(np.eye(3)))}), "no plain array of numbers"),
        (_zip({"a.npy": _npy(np.zeros(8))[:-1]}), "which needs 64 bytes, but has 63"),
        (_zip({"a.npy": _npy(np.zeros(8)) + b"x"}), "which needs 64 bytes, but has 65"),
        (_lie("(999999999999999,)"), "which needs 7,999,999,999,999,992 bytes, but has 64"),
        (_lie("(-8,)"), "no plain array of numbers"),
        (_lie("(0, 999999999999999999)"), "bytes, but has 64"),
        (_lie("(" + "1, " * 40 + ")"), "gives 'a' 40 axes"),
        (_lie("(__import__('os').system('true'),)"), "no plain array of numbers"),
        (_lie("(" + "1" * 900 + "x)"), "no plain array of numbers"),
        (_lie("(8,)", "'|O'"), "no plain array of numbers"),
        (_lie("(8,)", "'<b8'"), "no plain array of numbers"),
        (_lie("(8,)"), "does not match its own checksum: it was changed after it was written"),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(Damage, match=re.escape(problem)):
            read_arrays(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_of_overlapping_members_is_refused(tmp_path: Path) -> None:
    # A thousand entries of the central directory that all point to the same member of 80 kB.
    content = _zip({"00000.npy": _npy(np.zeros(10_000))})
    end = content.rindex(b"PK\x05\x06")
    start = content.index(b"PK\x01\x02")
    entry = content[start:end]
    many = b"".join(entry.replace(b"00000.npy", b"%05d.npy" % number) for number in range(1000))
    tail = bytearray(content[end:])
    tail[8:12] = (1000).to_bytes(2, "little") * 2
    tail[12:16] = len(many).to_bytes(4, "little")
    (tmp_path / "bomb.npz").write_bytes(content[:start] + many + tail)
    with pytest.raises(Damage, match="claims to hold more than its size"):
        read_arrays(tmp_path / "bomb.npz")


def test_a_duplicated_member_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.comment = COMMENT
        archive.writestr("a.npy", _npy(np.zeros(1)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.npy", _npy(np.ones(1)))
    with pytest.raises(Damage, match=re.escape("has a member 'a.npy' that no run writes")):
        read_arrays(tmp_path / "a.npz")


def test_a_list_of_members_is_bounded_before_it_is_read(tmp_path: Path) -> None:
    """200,000 members take 30 MB of list, and ten times that as objects of zipfile."""
    content = _zip({})
    entry = _zip({"00000.npy": _npy(np.zeros(1))})
    entry = entry[entry.index(b"PK\x01\x02") : entry.index(b"PK\x05\x06")]
    many = b"".join(entry.replace(b"00000.npy", b"%05d.npy" % (number % 100_000)) for number in range(200_000))
    tail = bytearray(content)
    tail[8:12] = b"\xff" * 4
    tail[12:16] = len(many).to_bytes(4, "little")
    (tmp_path / "bomb.npz").write_bytes(many + tail)
    tracemalloc.start()
    try:
        with pytest.raises(Damage, match="lists more arrays than a run writes"):
            read_arrays(tmp_path / "bomb.npz")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_verify_reads_what_read_reads(path: Path) -> None:
    with ArraysFile(path) as file:
        assert file.sha256 == arrays_sha256(ARRAYS)
        assert file.specs == EXPECTED
        file.verify()
    content = bytearray(path.read_bytes())
    content[-len(COMMENT) :] = COMMENT
    path.write_bytes(content)
    with ArraysFile(path) as file, pytest.raises(Damage, match="does not match its own checksum"):
        file.verify()


def test_a_missing_file_is_damage(tmp_path: Path) -> None:
    with pytest.raises(Damage, match="is missing"):
        read_arrays(tmp_path / "weights.npz")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = tmp_path_factory.mktemp("fuzz") / "weights.npz"
    write_arrays(Disk(), path, ARRAYS)
    return path, path.read_bytes()


@given(data=st.data())
def test_no_change_goes_unnoticed(good: tuple[Path, bytes], data: st.DataObject) -> None:
    """Bytes flipped, cut, doubled or zeroed anywhere: the same arrays or Damage, nothing else."""
    path, content = good
    position = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(0, 64))
    replacement = data.draw(st.binary(max_size=64))
    changed = content[:position] + replacement + content[position + length :]
    (path.parent / "changed.npz").write_bytes(changed)
    try:
        arrays, sha256 = read_arrays(path.parent / "changed.npz", EXPECTED)
    except Damage:
        return
    assert sha256 == arrays_sha256(ARRAYS)
    assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS)
