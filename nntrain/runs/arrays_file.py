"""Named arrays in one file, without pickle: an uncompressed .npz that proves its own content.

The file is a zip of `.npy` members, so `numpy.load` reads it. Its bytes depend on the arrays alone (sorted
names, fixed times), and the zip's comment holds their sha256. The reader allocates nothing before it has
checked every header against the size of the file and, where the caller knows them, the shapes that are
expected.
"""

import hashlib
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from nntrain.arrays import Array, DType, Shape
from nntrain.runs.files import Damage, Disk, open_regular, replacing

_COMMENT = b"nntrain sha256 "
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_MEMBER_OVERHEAD = 1024  # zip and npy headers of one array, without its name: at most
_MAX_AXES = 16
_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<|][biuf][1248])', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,18}, ?)*(?:\d{1,18})?)\), \} *\n"
)
# What zipfile raises on bytes that are no zip
_UNREADABLE = (zipfile.BadZipFile, struct.error, OSError, ValueError, EOFError, RuntimeError, OverflowError)


class ArraySpec(NamedTuple):
    """The shape and dtype that an array in a file must have."""

    shape: Shape
    dtype: DType


class _Header(NamedTuple):
    info: zipfile.ZipInfo
    shape: Shape
    dtype: DType


def arrays_sha256(arrays: Mapping[str, Array]) -> str:
    """The sha256 of named arrays, in the order of their names: the line `name dtype shape`, then the bytes.

    The line is UTF-8 and ends in a newline; dtype is NumPy's `dtype.str`, little-endian; shape is the axis
    lengths with commas between. An array `0.w` of float32 [4, 16] has the line `0.w <f4 4,16`.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = _portable(name, arrays[name])
        shape = ",".join(str(length) for length in array.shape)
        digest.update(f"{name} {array.dtype.str} {shape}\n".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def write_arrays(disk: Disk, path: Path, arrays: Mapping[str, Array]) -> str:
    """Replace `path` by a file of these arrays in one step; returns their sha256.

    Dtypes are bool, int, uint and float of at most 8 bytes; names are those of layer paths (`0.w`). Raises
    OSError when the disk does, ValueError for another dtype or name.
    """
    sha256 = arrays_sha256(arrays)
    with replacing(disk, path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
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


def _portable(name: str, array: Array) -> Array:
    """The array in C order and little-endian, as it is written."""
    if not name or name.startswith(("/", ".")) or "\\" in name or "\0" in name or len(name) > 512:
        raise ValueError(f"{name!r} cannot name an array in a file")
    if not _allowed(array.dtype):
        raise ValueError(f"array {name!r} has dtype {array.dtype}, which is not written to a file")
    return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def _allowed(dtype: DType) -> bool:
    return dtype.kind in "biuf" and dtype.itemsize <= 8 and dtype.fields is None


def read_arrays(
    path: Path, expected: Mapping[str, ArraySpec] | None = None, *, most_bytes: int | None = None
) -> tuple[dict[str, Array], str]:
    """The arrays in a file that `write_arrays` wrote, and their sha256.

    `expected` names every array with its shape and dtype; without it whatever the file holds is returned,
    bounded by the file's own size and by `most_bytes`. Raises Damage if the file is missing, cut, changed,
    compressed, or holds anything else than plain numbers of the expected shapes; OSError if it cannot be read.
    """
    with open_regular(path) as file:
        size = file.seek(0, 2)
        if expected is not None:
            _check_file_size(size, expected)
        if most_bytes is not None and size > most_bytes:
            raise Damage(f"has {size:,} bytes, but at most {most_bytes:,} are expected")
        try:
            with zipfile.ZipFile(file) as archive:
                headers = _headers(archive, size)
                if expected is not None:
                    _compare(headers, expected)
                arrays = {name: _read_member(archive, header) for name, header in headers.items()}
                comment = archive.comment
        except _UNREADABLE as error:
            raise Damage(f"cannot be read as arrays: {error or type(error).__name__}") from None
    sha256 = arrays_sha256(arrays)
    if comment != _COMMENT + sha256.encode():
        raise Damage("does not match its own checksum: it was changed after it was written")
    return arrays, sha256


def _check_file_size(size: int, expected: Mapping[str, ArraySpec]) -> None:
    limit = _MEMBER_OVERHEAD
    for name, spec in expected.items():
        limit += math.prod(spec.shape) * spec.dtype.itemsize + 2 * len(name.encode()) + _MEMBER_OVERHEAD
    if size > limit:
        raise Damage(f"has {size:,} bytes, but the network's arrays need at most {limit:,}")


def _headers(archive: zipfile.ZipFile, size: int) -> dict[str, _Header]:
    """The header of every member, none of which claims more than the file can hold."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name == info.filename or name in members:
            raise Damage(f"has a member {info.filename!r} that no run writes")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise Damage(f"has a compressed member {info.filename!r}, which no run writes")
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
    return _Header(info, shape, dtype)


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


def _compare(headers: Mapping[str, _Header], expected: Mapping[str, ArraySpec]) -> None:
    if headers.keys() != expected.keys():
        absent = sorted(expected.keys() - headers.keys())
        surplus = sorted(headers.keys() - expected.keys())
        found = [f"lacks {', '.join(absent)}"] * bool(absent) + [f"has {', '.join(surplus)}"] * bool(surplus)
        raise Damage(f"does not belong to this network: it {' and '.join(found)}")
    for name, spec in expected.items():
        shape, dtype = headers[name].shape, headers[name].dtype
        if shape != spec.shape or dtype != spec.dtype.newbyteorder("<"):
            raise Damage(
                f"does not belong to this network: {name!r} is {dtype} {list(shape)}, "
                f"the network's is {spec.dtype} {list(spec.shape)}"
            )


def _read_member(archive: zipfile.ZipFile, header: _Header) -> Array:
    array = np.empty(header.shape, header.dtype)
    with archive.open(header.info) as member:
        _read_npy_header(member)
        content = array.reshape(-1).view(np.uint8)
        filled = 0
        while filled < content.size:
            block = member.read(min(content.size - filled, 1 << 24))
            if not block:
                raise Damage("is cut short")
            content[filled : filled + len(block)] = np.frombuffer(block, np.uint8)
            filled += len(block)
        member.read(1)  # makes zipfile compare the member's checksum
    return np.asarray(array, dtype=array.dtype.newbyteorder("="))
