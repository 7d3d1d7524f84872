"""Named arrays in one file, without pickle: an uncompressed .npz that proves its own content.

The file is a zip of `.npy` members, so `numpy.load` reads it. Its bytes depend on the arrays alone (sorted
names, fixed times), and the zip's comment holds their sha256. The reader allocates nothing before it has
checked every header against the size of the file and, where the caller knows them, the shapes that are
expected.
"""

import contextlib
import hashlib
import math
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, NamedTuple, Self

import numpy as np
from numpy.lib import format as npy

from nntrain.arrays import Array, DType, Shape
from nntrain.memory import empty
from nntrain.runs.files import Damage, Disk, open_regular, replacing

_COMMENT = b"nntrain sha256 "
_CHECKSUM = re.compile(_COMMENT + rb"([0-9a-f]{64})")
_COMMENT_SIZE = len(_COMMENT) + 64
# The end of a zip, section 4.3 of PKWARE's APPNOTE: the record, behind a pointer to a longer one in files beyond 4 GiB.
_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_ZIP64 = b"PK\x06\x07"
_ZIP64_SIZE = 20
_MOST_LISTED = 1 << 22  # bytes of the list of members; a network of ten thousand layers has one
_BLOCK = 1 << 24
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_MIXED_UP = (
    "it or config.yaml is of another run; `nntrain fit {run}/config.yaml` trains the network that is described there"
)
_MEMBER_OVERHEAD = 1024  # zip and npy headers of one array, without its name: at most
_MAX_AXES = 16
_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_HEADER = re.compile(
    rb"\{'descr': '(\|b1|\|[iu]1|<[iu][248]|<f[248])', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"
)
# What zipfile raises on bytes that are no zip
_UNREADABLE = (
    zipfile.BadZipFile,
    struct.error,
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    OverflowError,
)


class ArraySpec(NamedTuple):
    """The shape and dtype that an array in a file must have."""

    shape: Shape
    dtype: DType


class _Header(NamedTuple):
    info: zipfile.ZipInfo
    spec: ArraySpec


def arrays_sha256(arrays: Mapping[str, Array]) -> str:
    """The sha256 of named arrays, in the order of their names: the line `name dtype shape`, then the bytes.

    The line is UTF-8 and ends in a newline; dtype is NumPy's `dtype.str`, little-endian; shape is the axis
    lengths with commas between. An array `0.w` of float32 [4, 16] has the line `0.w <f4 4,16`.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = _portable(name, arrays[name])
        digest.update(_line(name, array.shape, array.dtype))
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _line(name: str, shape: Shape, dtype: DType) -> bytes:
    return f"{name} {dtype.str} {','.join(map(str, shape))}\n".encode()


def write_arrays(disk: Disk, path: Path, arrays: Mapping[str, Array]) -> str:
    """Replace `path` by a file of these arrays in one step; returns their sha256.

    Dtypes are bool, int, uint and float of at most 8 bytes; names are those of layer paths (`0.w`). Raises
    OSError when the disk does, ValueError for another dtype or name.
    """
    sha256 = arrays_sha256(arrays)
    with replacing(disk, path) as file, _new_zip(file) as archive:
        for name in sorted(arrays):
            array = _portable(name, arrays[name])
            info = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            info.create_system = 3  # the same bytes on every system
            info.external_attr = 0o644 << 16
            info.file_size = array.nbytes + _MEMBER_OVERHEAD
            with archive.open(info, "w") as member:
                npy.write_array(member, array, version=(1, 0), allow_pickle=False)
        archive.comment = _COMMENT + sha256.encode()
    return sha256


@contextlib.contextmanager
def _new_zip(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """A zip to write, which is closed if all goes well.

    After an exception it is given up as it is: closing it would raise another one, in place of Ctrl-C for example.
    """
    archive = _NewZip(file, "w", zipfile.ZIP_STORED)
    try:
        yield archive
        archive.close()
    except BaseException:
        archive.fp = None
        raise


class _NewZip(zipfile.ZipFile):
    """One that is closed or given up, and not closed once more, whatever state it is in, when it is destroyed."""

    def __del__(self) -> None:
        pass


def _portable(name: str, array: Array) -> Array:
    """The array in C order and little-endian, as it is written."""
    if not _is_name(name):
        raise ValueError(f"{name!r} cannot name an array in a file")
    if not _allowed(array.dtype):
        raise ValueError(f"array {name!r} has dtype {array.dtype}, which is not written to a file")
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 512 and not name.startswith(("/", ".")) and "\\" not in name and name.isprintable()


def _allowed(dtype: DType) -> bool:
    return dtype.kind in "biuf" and dtype.itemsize <= 8 and dtype.fields is None


class ArraysFile:
    """A file of arrays that is open for reading: its headers hold together, and no array has been read yet.

    A context manager. Raises Damage, here and in every method, if the file is missing, cut, changed, compressed or
    holds anything else than plain numbers; OSError if it cannot be read.

    Attributes:
        sha256: what the file says its arrays have; `read` and `verify` find out whether that is true.
        specs: shape and dtype of every array, none of which claims more than the file can hold.
    """

    def __init__(self, path: Path, *, most_bytes: int | None = None) -> None:
        """Open `path` and read its headers; a file of more than `most_bytes` is refused before that."""
        with contextlib.ExitStack() as opened:
            file = opened.enter_context(open_regular(path))
            self.size = file.seek(0, 2)
            if most_bytes is not None and self.size > most_bytes:
                raise Damage(f"has {self.size:,} bytes, but at most {most_bytes:,} can belong to this network")
            self.sha256 = _claimed_sha256(file, self.size)
            with _as_damage():
                self._archive = opened.enter_context(zipfile.ZipFile(file))
                self._headers = _headers(self._archive, self.size)
            self._close = opened.pop_all().close
        self.specs = {name: header.spec for name, header in self._headers.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def require(self, expected: Mapping[str, ArraySpec]) -> None:
        """Compare the headers with what the arrays must be."""
        if self.specs.keys() != expected.keys():
            absent = sorted(expected.keys() - self.specs.keys())
            surplus = sorted(self.specs.keys() - expected.keys())
            found = [f"lacks {_listed(absent)}"] * bool(absent) + [f"has {_listed(surplus)}"] * bool(surplus)
            raise Damage(f"does not belong to this network: it {' and '.join(found)}", remedy=_MIXED_UP)
        for name, spec in expected.items():
            shape, dtype = self.specs[name]
            if shape != spec.shape or dtype != spec.dtype.newbyteorder("<"):
                raise Damage(
                    f"does not belong to this network: {name!r} is {dtype} {list(shape)}, "
                    f"the network's is {spec.dtype} {list(spec.shape)}",
                    remedy=_MIXED_UP,
                )

    def read(self) -> dict[str, Array]:
        """All arrays, in native byte order."""
        arrays = {name: empty(spec.shape, spec.dtype) for name, spec in self.specs.items()}
        with _as_damage():
            for name, array in arrays.items():
                content, filled = array.reshape(-1).view(np.uint8), 0
                for block in self._content(name):
                    content[filled : filled + len(block)] = np.frombuffer(block, np.uint8)
                    filled += len(block)
        self._compare(arrays_sha256(arrays))
        return {name: np.asarray(array, dtype=array.dtype.newbyteorder("=")) for name, array in arrays.items()}

    def verify(self) -> None:
        """Compare the arrays with their checksum, a block at a time."""
        digest = hashlib.sha256()
        with _as_damage():
            for name in sorted(self.specs):
                digest.update(_line(name, *self.specs[name]))
                for block in self._content(name):
                    digest.update(block)
        self._compare(digest.hexdigest())

    def _content(self, name: str) -> Iterator[bytes]:
        """The bytes of an array, in blocks."""
        shape, dtype = self.specs[name]
        left = math.prod(shape) * dtype.itemsize
        with self._archive.open(self._headers[name].info) as member:
            _read_npy_header(member)
            while left:
                block = member.read(min(left, _BLOCK))
                if not block:
                    raise Damage("is cut short")
                left -= len(block)
                yield block
            member.read(1)  # makes zipfile compare the member's checksum

    def _compare(self, sha256: str) -> None:
        if sha256 != self.sha256:
            raise Damage("does not match its own checksum: it was changed after it was written")


def most_bytes(expected: Mapping[str, ArraySpec]) -> int:
    """How many bytes a file with these arrays can have."""
    return _MEMBER_OVERHEAD + sum(
        math.prod(spec.shape) * spec.dtype.itemsize + 2 * len(name.encode()) + _MEMBER_OVERHEAD
        for name, spec in expected.items()
    )


@contextlib.contextmanager
def _as_damage() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise Damage(f"cannot be read as arrays: {error or type(error).__name__}") from None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(name[:80] for name in names[:5]) + more


def _claimed_sha256(file: BinaryIO, size: int) -> str:
    """The sha256 in the comment of the zip, which is its end; and a look at the size of its list of members.

    zipfile would search for the end, and read a list of any length into memory.
    """
    if size == 0:
        raise Damage("is empty")
    length = _ZIP64_SIZE + _END.size + _COMMENT_SIZE
    file.seek(max(0, size - length))
    tail = file.read().rjust(length, b"\0")
    locator, end, comment = tail[:_ZIP64_SIZE], tail[_ZIP64_SIZE:-_COMMENT_SIZE], tail[-_COMMENT_SIZE:]
    found = _CHECKSUM.fullmatch(comment)
    if found is None or not end.startswith(_END_MAGIC):
        raise Damage("is cut short, or no run wrote it: the checksum at its end is missing")
    listed = _END.unpack(end)[5]
    if listed > _MOST_LISTED or (locator.startswith(_ZIP64) and size < 1 << 32):
        raise Damage("lists more arrays than a run writes")
    return found[1].decode()


def _headers(archive: zipfile.ZipFile, size: int) -> dict[str, _Header]:
    """The header of every member, none of which claims more than the file can hold."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name == info.filename or name in members or not _is_name(name):
            raise Damage(f"has a member {info.filename[:80]!r} that no run writes")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise Damage(f"has a compressed member {info.filename[:80]!r}, which no run writes")
        members[name] = info
    if sum(info.file_size for info in members.values()) > size:
        raise Damage("claims to hold more than its size")
    return {name: _header(archive, name, info) for name, info in members.items()}


def _header(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> _Header:
    with archive.open(info) as member:
        shape, dtype, used = _read_npy_header(member)
    if len(shape) > _MAX_AXES:
        raise Damage(f"gives {name!r} {len(shape)} axes")
    needed = math.prod(shape) * dtype.itemsize
    if used + needed != info.file_size:
        found = info.file_size - used
        raise Damage(f"gives {name!r} the shape {list(shape)}, which needs {needed:,} bytes, but has {found:,}")
    return _Header(info, ArraySpec(shape, dtype))


def _read_npy_header(member: IO[bytes]) -> tuple[Shape, DType, int]:
    """Shape, dtype and the header's length in bytes.

    Read strictly as `write_arrays` writes it rather than as the Python literal that the format allows:
    nothing of a hostile header is evaluated, and no object or structured dtype can be named.
    """
    start = member.read(len(_MAGIC) + 2)
    length = int.from_bytes(start[len(_MAGIC) :], "little")
    match = _NPY_HEADER.fullmatch(member.read(length)) if start.startswith(_MAGIC) else None
    if match is None:
        raise Damage("has a member that is no plain array of numbers as a run writes it")
    shape = tuple(int(axis) for axis in match[2].decode().split(",") if axis.strip())
    return shape, np.dtype(match[1].decode()), len(start) + length
