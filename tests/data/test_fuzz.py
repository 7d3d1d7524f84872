"""Damaged files: whatever bytes are changed, cut or added, a reader returns a data set or raises a DataError.

Nothing else may come out, no warning is given (pytest turns them into errors), and the memory used stays within a
small multiple of the file's size.
"""

import gzip
import io
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.data.preprocess import Preprocessor
from nntrain.data.readers import read
from nntrain.data.task import infer_task
from nntrain.errors import DataError

MOST_MEMORY = 4_000_000


def idx_file(*, packed: bool) -> bytes:
    content = struct.pack(">BBBB3I", 0, 0, 8, 3, 4, 3, 3) + bytes(range(36))
    return gzip.compress(content, mtime=0) if packed else content


def npz_file(save: Callable[..., None]) -> bytes:
    buffer = io.BytesIO()
    save(buffer, x=np.arange(12.0).reshape(4, 3), y=np.array(["a", "b", "a", "b"]))
    return buffer.getvalue()


def npy_file() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(12.0).reshape(4, 3))
    return buffer.getvalue()


TABLE = b'a,b,"c ""d""",y\r\n1,2.5,red,0\r\n-3e5,NA,"two\r\nlines",1\r\n,7,"x,y",0\r\n4,inf,blue,1\r\n'
PLAIN = b"a,b,y\n" + b"".join(b"%d,x%d,%d\n" % (k, k % 3, k % 2) for k in range(20))

SEEDS: list[tuple[str, bytes, dict[str, Any]]] = [
    ("f.csv", TABLE, {"target": "y"}),
    ("f.csv", PLAIN, {"target": "y"}),
    ("f.tsv", PLAIN.replace(b",", b"\t"), {"target": "y"}),
    ("f.npz", npz_file(np.savez), {}),
    ("f.npz", npz_file(np.savez_compressed), {}),
    ("f.npy", npy_file(), {}),
    ("f-images-idx3-ubyte", idx_file(packed=False), {"labels": "l-idx1-ubyte"}),
    ("f-images-idx3-ubyte.gz", idx_file(packed=True), {"labels": "l-idx1-ubyte"}),
]

# Where to damage, and how: overwrite with bytes, insert them, delete as many.
DAMAGE = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from(["overwrite", "insert", "delete"]),
        st.one_of(
            st.binary(min_size=1, max_size=4),
            st.sampled_from([b"\xff" * 4, b"\0" * 4, b'"', b"\n", b",", b"\r", b"9" * 30, b"PK\x03\x04"]),
        ),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, damage: list[tuple[float, str, bytes]]) -> bytes:
    for where, how, what in damage:
        at = int(where * len(content))
        rest = content[at if how == "insert" else at + len(what) :]
        content = content[:at] + (b"" if how == "delete" else what) + rest
    return content


@pytest.mark.parametrize(("name", "content", "options"), SEEDS, ids=[f"{k}-{s[0]}" for k, s in enumerate(SEEDS)])
@settings(max_examples=150)
@given(damage=DAMAGE)
def test_damage_is_a_data_error(
    name: str,
    content: bytes,
    options: dict[str, Any],
    damage: list[tuple[float, str, bytes]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = folder / name
    path.write_bytes(damaged(content, damage))
    if "labels" in options:
        labels = folder / options["labels"]
        labels.write_bytes(struct.pack(">BBBBI", 0, 0, 8, 1, 4) + b"\0\1\0\1")
        options = {"labels": labels}
    tracemalloc.start()
    try:
        use(path, options)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_MEMORY


def use(path: Path, options: dict[str, Any]) -> None:
    """What a fit does with a file, as far as it goes."""
    try:
        data = read(path, **options)
        fitted = Preprocessor.fit(data, task=infer_task(data), missing="mean")
        assert np.isfinite(fitted.inputs(data, "float32")).all()
        fitted.targets(data, "float32")
    except DataError as error:
        assert str(error)  # noqa: PT017


@given(content=st.binary(max_size=60), name=st.sampled_from([seed[0] for seed in SEEDS]))
def test_any_bytes(content: bytes, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    use(path, {"target": "y"} if name.endswith("sv") else {})
