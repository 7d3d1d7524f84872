"""IDX files, plain and gzipped: good, bad, hostile, and MNIST itself."""

import gzip
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.readers import read
from nntrain.data.task import infer_task
from nntrain.errors import DataError
from nntrain.tasks import Task

CODES = {"u1": 8, "i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}
IMAGES, LABELS = "t-images-idx3-ubyte", "t-labels-idx1-ubyte"


def idx(values: Any, dtype: str = "u1") -> bytes:
    array = np.asarray(values, dtype=dtype)
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[dtype], array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def pair(workdir: Path) -> Path:
    """Three images 2 × 2 and their labels."""
    Path(IMAGES).write_bytes(idx(np.arange(12).reshape(3, 2, 2)))
    Path(LABELS).write_bytes(idx([7, 0, 7]))
    return workdir


def array(path: str, **options: Any) -> Array:
    data = read(path, **options)
    assert not isinstance(data.inputs, tuple)
    return data.inputs


def message(path: str = IMAGES, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(path, **options)
    return str(caught.value)


@pytest.mark.usefixtures("pair")
def test_images_get_a_channel_and_find_their_labels() -> None:
    data = read(IMAGES)
    assert array(IMAGES).shape == (3, 2, 2, 1)
    assert array(IMAGES).dtype == np.uint8
    assert array(IMAGES)[2, :, :, 0].tolist() == [[8, 9], [10, 11]]
    assert data.target_columns[0].values.tolist() == [7.0, 0.0, 7.0]
    assert data.files == (Path(IMAGES), Path(LABELS))
    assert infer_task(data) is Task.BINARY


@pytest.mark.usefixtures("pair")
def test_either_file_may_be_gzipped() -> None:
    Path(IMAGES + ".gz").write_bytes(gzip.compress(Path(IMAGES).read_bytes()))
    assert np.array_equal(array(IMAGES + ".gz"), array(IMAGES))
    Path(LABELS + ".gz").write_bytes(gzip.compress(Path(LABELS).read_bytes()))
    Path(LABELS).unlink()
    assert read(IMAGES).files[1] == Path(LABELS + ".gz")


@pytest.mark.usefixtures("pair")
def test_labels_that_are_named() -> None:
    Path("other.idx").write_bytes(idx([1, 2, 3]))
    assert read(IMAGES, labels="other.idx").target_columns[0].values.tolist() == [1.0, 2.0, 3.0]
    Path(LABELS).unlink()
    assert message() == f"{IMAGES}: no labels beside it ({LABELS} or {LABELS}.gz); name their file with data.labels"
    assert read(IMAGES, need_target=False).targets is None


@pytest.mark.parametrize("dtype", CODES)
def test_element_types(workdir: Path, dtype: str) -> None:
    values = np.arange(24).reshape(2, 3, 2, 2)
    Path("t-images-idx4-ubyte").write_bytes(idx(values, dtype))
    x = array("t-images-idx4-ubyte", need_target=False)
    assert x.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(x, values)


@pytest.mark.usefixtures("pair")
def test_the_dotted_names_of_some_copies() -> None:
    Path(IMAGES).rename("t-images.idx3-ubyte")
    Path(LABELS).rename("t-labels.idx1-ubyte")
    assert len(read("t-images.idx3-ubyte")) == 3


HEADER = idx(np.zeros((3, 2, 2)))[:16]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", f"{IMAGES} is not an IDX file: it begins with nothing"),
        (b"\x89PNG\r\n", f"{IMAGES} is not an IDX file: it begins with 89 50 4e 47"),
        (b"\0\0\x0a\x03" + HEADER[4:], f"{IMAGES} is not an IDX file: it begins with 00 00 0a 03"),
        (b"\0\0\x08\x00", f"{IMAGES}: the header announces 0 dimensions; nntrain reads 1 to 4"),
        (b"\0\0\x08\xff", f"{IMAGES}: the header announces 255 dimensions; nntrain reads 1 to 4"),
        (HEADER[:10], f"{IMAGES} is cut short: it ends in its header"),
        (idx(np.zeros((0, 2, 2))), f"{IMAGES}: the header announces [0, 2, 2]: there are no examples in it"),
        (
            HEADER + b"\0" * 11,
            f"{IMAGES}: the header announces [3, 2, 2], 12 bytes of data, but there are 11: "
            "the file is cut short or damaged",
        ),
        (
            HEADER + b"\0" * 13,
            f"{IMAGES}: the header announces [3, 2, 2], 12 bytes of data, but there are 13: "
            "the file is cut short or damaged",
        ),
        (
            b"\0\0\x08\x03" + b"\xff" * 12 + b"\0" * 12,
            f"{IMAGES}: the header announces [4294967295, 4294967295, 4294967295], "
            "79,228,162,458,924,105,385,300,197,375 bytes of data, but there are 12: the file is cut short or damaged",
        ),
        (gzip.compress(HEADER + b"\0" * 11, mtime=0), f"{IMAGES} is cut short: 11 of 12 bytes are there"),
        (
            gzip.compress(HEADER + b"\0" * 13, mtime=0),
            f"{IMAGES}: more bytes follow the 12 of [3, 2, 2] that the header announces",
        ),
        (
            gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12, mtime=0),
            f"{IMAGES}: the header announces [4294967295, 4294967295, 4294967295], "
            "79,228,162,458,924,105,385,300,197,375 bytes of data, but there can be at most 26,832: "
            "the file is cut short or damaged",
        ),
        (
            gzip.compress(HEADER + b"\0" * 12, mtime=0)[:-6],
            f"{IMAGES}: damaged, or not what its name says: "
            "Compressed file ended before the end-of-stream marker was reached",
        ),
    ],
)
@pytest.mark.usefixtures("pair")
def test_files_that_lie(content: bytes, text: str) -> None:
    Path(IMAGES).write_bytes(content)
    assert message() == text


@pytest.mark.usefixtures("pair")
def test_images_and_labels_that_do_not_fit() -> None:
    Path(LABELS).write_bytes(idx([1, 2]))
    assert message() == f"{IMAGES} has 3 images, but {LABELS} has 2 labels"
    Path(LABELS).write_bytes(idx([[1], [2], [3]]))
    assert message() == f"{LABELS}: labels have one dimension, this file has 2"
    Path(LABELS).write_bytes(idx([1, 2, 3]))
    assert message(LABELS) == (
        f"{LABELS}: one dimension, 3 labels and no images; data.path names the images, and data.labels the labels"
    )


@pytest.mark.usefixtures("pair")
def test_no_more_is_unpacked_than_the_header_announces() -> None:
    """Behind a header of 12 bytes hide 200 MB of zeros."""
    Path(IMAGES).write_bytes(gzip.compress(HEADER + b"\0" * 200_000_000, compresslevel=1))
    tracemalloc.start()
    text = message()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert text == f"{IMAGES}: more bytes follow the 12 of [3, 2, 2] that the header announces"
    assert peak < 5_000_000


def test_mnist_as_published(mnist_dir: Path) -> None:
    data = read(mnist_dir / "t10k-images-idx3-ubyte.gz")
    x = array(str(mnist_dir / "t10k-images-idx3-ubyte.gz"))
    assert x.shape == (10_000, 28, 28, 1)
    assert x.dtype == np.uint8
    assert x.max() == 255
    assert infer_task(data) is Task.CLASSIFICATION
    # The counts of the digits in the test set, as the literature gives them.
    counts = np.bincount(data.target_columns[0].values.astype(int))
    assert counts.tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
