"""NPZ archives and NPY files, without pickle and without trusting what their headers announce.

An archive holds the inputs under one key and the targets under another (`x` and `y` unless `data.arrays` says
otherwise). An NPY file holds one array: with `data.labels` naming a second NPY file it is the inputs, without it a
2-D array [N, I + 1] whose last column is the target.

Before memory is set aside, the shape and element type of the header are held against the bytes that are there; in
an archive also the announced size against what can come out of its compressed bytes.
"""

import ast
import re
import struct
import warnings
import zipfile
import zlib
from math import prod
from pathlib import Path

import numpy as np

from nntrain.arrays import Array, DType, Shape
from nntrain.data.dataset import Dataset
from nntrain.data.readers.arrays import array_dataset
from nntrain.data.readers.checks import ByteStream, absent, check_ratio, check_size, fill, open_data
from nntrain.data.readers.opened import OpenedFile, finish
from nntrain.errors import DataError
from nntrain.memory import empty

_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 10_000
_MAX_RANK = 8
_ELEMENT = re.compile(r"[<>|=]?[biufcSUOmM]\d{0,6}")
_MAX_SIZE = 10**100  # what is longer cannot even be shown

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def read_npz(file: OpenedFile, *, arrays: tuple[str, str], need_target: bool) -> Dataset:
    """Read inputs and, where they are needed, targets from an archive."""
    source = str(file.path)
    x_name, y_name = arrays
    try:
        file.read_through()
        with zipfile.ZipFile(file.anywhere()) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            _check_keys(source, arrays if need_target else arrays[:1], sorted(members))
            x = _member(archive, members[x_name], source, file.size)
            y = _member(archive, members[y_name], source, file.size) if need_target else None
        file.read_through()
    except _DAMAGE as error:
        raise DataError(f"{source}: not an NPZ archive, or a damaged one: {_reason(error)}") from None
    return array_dataset(x, y, source=source, files=(file,), names=arrays)


def read_npy(file: OpenedFile, *, labels: Path | None, need_target: bool) -> Dataset:
    """Read inputs, and targets from the file `labels` or the last column."""
    x, path = _npy_file(file), file.path
    if labels is not None:
        with open_data(labels, setting="data.labels") as second:
            y = _npy_file(second)
        return array_dataset(x, y, source=str(path), files=(file, second), names=("x", f"{labels.name}"))
    if not need_target:
        return array_dataset(x, None, source=str(path), files=(file,), names=("x", "y"))
    if x.ndim != 2 or x.shape[1] < 2:
        raise DataError(
            f"{path}: the array has the shape {list(x.shape)}; without data.labels it must be 2-D with at least two "
            "columns, the last of which is the target",
            setting="data.labels",
        )
    return array_dataset(x[:, :-1], x[:, -1], source=str(path), files=(file,), names=("x", "y"))


def _check_keys(source: str, wanted: tuple[str, ...], keys: list[str]) -> None:
    for key in wanted:
        if key not in keys:
            raise DataError(
                f"{source}: {absent('array', [key], keys)} (data.arrays says which are inputs and targets)",
                setting="data.arrays",
            )


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: str, archive_size: int) -> Array:
    name = f"{source}: {info.filename}"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{name} is compressed in a way NumPy does not write; save it with np.savez_compressed")
    check_size(name, info.file_size)
    packed = min(info.compress_size, archive_size)
    check_ratio(name, info.file_size, packed, "save it with np.savez, uncompressed")
    with archive.open(info) as stream:
        return _read_array(stream, info.file_size, name)


def _npy_file(file: OpenedFile) -> Array:
    try:
        with file.stream() as stream:
            array = _read_array(stream, file.size, str(file.path))
            finish(stream)
            return array
    except OSError as error:
        raise DataError(f"{file.path}: cannot be read: {_reason(error)}") from None


def _read_array(stream: ByteStream, size: int, name: str) -> Array:
    """The array of an NPY stream of `size` bytes; nothing is set aside before header and size agree."""
    shape, fortran, dtype, header_size = _read_header(stream, name)
    if dtype.hasobject:
        raise DataError(
            f"{name} holds Python objects, which nntrain does not load: unpickling can run any code. "
            "Save numbers or strings, for instance np.savez(file, x=x.astype('float32'), y=y.astype(str))"
        )
    expected = prod(shape) * dtype.itemsize
    if expected == 0:
        raise DataError(f"{name} has the shape {list(shape)}: there are no examples in it")
    if expected != size - header_size:
        raise DataError(
            f"{name} announces an array {list(shape)} of {dtype}, {expected:,} bytes, "
            f"but {size - header_size:,} bytes follow: the file is cut short or damaged"
        )
    check_size(name, expected)
    data = empty(expected, np.uint8)
    fill(stream, data, name)
    return data.view(dtype).reshape(shape, order="F" if fortran else "C")


def _read_header(stream: ByteStream, name: str) -> tuple[Shape, bool, DType, int]:
    """Shape, whether in Fortran's order, element type, and the bytes that the header takes."""
    start = stream.read(8)
    if len(start) < 8 or start[:6] != _MAGIC:
        raise DataError(f"{name} is not an array in NumPy's format")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > _MAX_HEADER:
        raise DataError(f"{name}: a header of {length:,} bytes; that of an array has at most {_MAX_HEADER:,}")
    try:
        shape, fortran, dtype = _parse_header(stream.read(length).decode("utf-8"))
    except (ValueError, TypeError, SyntaxError, KeyError, RecursionError, MemoryError):
        raise DataError(f"{name}: the header does not describe an array of numbers or strings") from None
    return shape, fortran, dtype, 8 + width + length


def _parse_header(text: str) -> tuple[Shape, bool, DType]:
    """The header is the text of a Python dictionary; only literals are read from it, as NumPy does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a damaged header the compiler may complain before it fails
        header = ast.literal_eval(text)
    shape, fortran, element = header["shape"], header["fortran_order"], header["descr"]
    sizes = isinstance(shape, tuple) and all(type(n) is int and 0 <= n <= _MAX_SIZE for n in shape)
    if not (sizes and len(shape) <= _MAX_RANK):
        raise ValueError(shape)
    if not isinstance(element, str) or not _ELEMENT.fullmatch(element):
        raise ValueError(element)
    return shape, bool(fortran), np.dtype(element)
