"""IDX files, plain or gzipped: the format of MNIST and Fashion-MNIST.

A file is the bytes 0, 0, element type, number of dimensions; each dimension as a big-endian uint32; then the
elements, big-endian, the last dimension fastest (http://yann.lecun.com/exdb/mnist). Images [N, H, W] become
[N, H, W, 1], channels last. Labels are a file of their own with one dimension, named like the images with "images"
and "idx3" replaced by "labels" and "idx1" unless `data.labels` names it.

What the header announces is held against the bytes that are there before memory is set aside, of a gzipped file also
against what honest bytes are packed into; no more than announced is unpacked.
"""

import gzip
import os
import struct
import zlib
from math import prod
from pathlib import Path

import numpy as np

from nntrain.arrays import Array, DType, Shape
from nntrain.data.dataset import Dataset
from nntrain.data.readers.arrays import array_dataset
from nntrain.data.readers.checks import ByteStream, check_ratio, check_size, fill, open_data
from nntrain.data.readers.opened import OpenedFile, finish
from nntrain.errors import DataError
from nntrain.memory import empty

_ELEMENTS = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MAX_RANK = 4
_MAX_DEFLATE = 1_032
"""No stream of zlib's grows more than this many times when it is unpacked."""


def read_idx(file: OpenedFile, *, labels: Path | None, need_target: bool) -> Dataset:
    """Read images and, where they are needed, their labels."""
    x, path = _read_file(file), file.path
    if x.ndim == 1:
        raise DataError(
            f"{path}: one dimension, {len(x):,} labels and no images; "
            "data.path names the images, and data.labels the labels",
            setting="data.path",
        )
    x = x[..., np.newaxis] if x.ndim == 3 else x
    if not need_target:
        return array_dataset(x, None, source=str(path), files=(file,), names=("images", "labels"))
    where = labels or _labels_of(path)
    with open_data(where, setting="data.labels") as second:
        y = _read_file(second)
    if y.ndim != 1:
        raise DataError(f"{where}: labels have one dimension, this file has {y.ndim}", setting="data.labels")
    if len(x) != len(y):
        raise DataError(f"{path} has {len(x):,} images, but {where} has {len(y):,} labels")
    return array_dataset(x, y, source=str(path), files=(file, second), names=("images", "labels"))


def _labels_of(path: Path) -> Path:
    name = path.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1").replace("idx2", "idx1")
    plain = name.removesuffix(".gz")
    tried = [name, plain if name.endswith(".gz") else f"{plain}.gz"]
    for each in tried:
        if each != path.name and os.path.isfile(path.parent / each):
            return path.parent / each
    raise DataError(
        f"{path}: no labels beside it ({tried[0]} or {tried[1]}); name their file with data.labels",
        setting="data.labels",
    )


def _read_file(file: OpenedFile) -> Array:
    path, size = file.path, file.size
    try:
        with file.stream() as raw:
            if not raw.peek(2).startswith(b"\x1f\x8b"):
                array = _read_array(raw, str(path), size, packed=False)
            else:
                with gzip.GzipFile(fileobj=raw) as stream:
                    array = _read_array(stream, str(path), size, packed=True)
            finish(raw)
            return array
    except (OSError, EOFError, zlib.error, struct.error) as error:
        reason = str(error) or type(error).__name__
        raise DataError(f"{path}: damaged, or not what its name says: {reason}") from None


def _read_array(stream: ByteStream, name: str, size: int, *, packed: bool) -> Array:
    """The array of a file of `size` bytes, or that many bytes packed."""
    shape, dtype = _read_header(stream, name)
    announced, header = prod(shape) * dtype.itemsize, 4 + 4 * len(shape)
    present = size * _MAX_DEFLATE if packed else size - header
    if announced > present or (not packed and announced < present):
        raise DataError(
            f"{name}: the header announces {list(shape)}, {announced:,} bytes of data, "
            f"but there {'can be' if packed else 'are'} {'at most ' if packed else ''}{present:,}: "
            "the file is cut short or damaged"
        )
    check_size(name, announced)
    if packed:
        check_ratio(name, announced, size, "unpack it with gunzip")
    data = empty(announced, np.uint8)
    fill(stream, data, name)
    if stream.read(1):
        raise DataError(f"{name}: more bytes follow the {announced:,} of {list(shape)} that the header announces")
    return data.view(dtype).reshape(shape)


def _read_header(stream: ByteStream, name: str) -> tuple[Shape, DType]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _ELEMENTS:
        raise DataError(f"{name} is not an IDX file: it begins with {start.hex(' ') or 'nothing'}")
    rank = start[3]
    if not 1 <= rank <= _MAX_RANK:
        raise DataError(f"{name}: the header announces {rank} dimensions; nntrain reads 1 to {_MAX_RANK}")
    sizes = stream.read(4 * rank)
    if len(sizes) < 4 * rank:
        raise DataError(f"{name} is cut short: it ends in its header")
    shape = struct.unpack(f">{rank}I", sizes)
    if 0 in shape:
        raise DataError(f"{name}: the header announces {list(shape)}: there are no examples in it")
    return shape, np.dtype(_ELEMENTS[start[2]])
