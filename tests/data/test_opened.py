"""What is hashed is what was read, and a file that changes meanwhile is refused."""

import gzip
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.dataset import Dataset
from nntrain.data.readers import checks, lines, npz, read, table
from nntrain.errors import DataError

TABLE = "a,b,y\n" + "".join(f"{i},{i % 7},{'x' if i % 3 else 'z'}\n" for i in range(50))
OTHER = TABLE.replace(",x\n", ",z\n")
IDX = bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2]) + bytes(range(16))
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 2, 3])


@pytest.fixture(autouse=True)
def files(workdir: Path) -> None:
    """A file of every format, in the current directory."""
    Path("t.csv").write_text(TABLE)
    Path("bom.tsv").write_bytes(b"\xef\xbb\xbf" + TABLE.replace(",", "\t").encode())
    Path("quoted.csv").write_text(TABLE.replace("\n7,", '\n"7",'))
    Path("text-below.csv").write_text(TABLE.replace("49,0,", "49,none,"))
    np.savez("a.npz", x=np.arange(40.0).reshape(20, 2), y=np.arange(20))
    np.savez_compressed("b.npz", x=np.arange(40.0).reshape(20, 2), y=np.arange(20), unused=np.zeros(99))
    np.save("a.npy", np.arange(60.0).reshape(20, 3))
    np.save("x.npy", np.arange(60.0).reshape(20, 3))
    np.save("y.npy", np.arange(20))
    Path("p-images-idx3-ubyte").write_bytes(IDX)
    Path("p-labels-idx1-ubyte").write_bytes(LABELS)
    Path("q-images-idx3-ubyte.gz").write_bytes(gzip.compress(IDX) + b"\0\0\0")  # as tapes have it
    Path("q-labels-idx1-ubyte.gz").write_bytes(gzip.compress(LABELS))


READINGS: dict[str, dict[str, Any]] = {
    "t.csv": {"target": "y"},
    "bom.tsv": {"target": "y"},
    "quoted.csv": {"target": "y"},
    "a.npz": {},
    "b.npz": {},
    "a.npy": {},
    "x.npy": {"labels": "y.npy"},
    "p-images-idx3-ubyte": {},
    "q-images-idx3-ubyte.gz": {},
}


@pytest.mark.parametrize("name", READINGS)
def test_the_checksum_is_that_of_the_whole_file(name: str) -> None:
    data = read(name, **READINGS[name])
    assert data.sha256 == tuple(sha256(path.read_bytes()).hexdigest() for path in data.files)
    assert len(data.files) == (2 if "idx" in name or "labels" in READINGS[name] else 1)


def before(monkeypatch: pytest.MonkeyPatch, home: object, name: str, change: Callable[[], object]) -> None:
    """Let something happen once, right before a function of the readers is called."""
    original, done = getattr(home, name), list[bool]()

    def changed(*arguments: Any, **options: Any) -> Any:
        if not done:
            done.append(True)
            change()
        return original(*arguments, **options)

    monkeypatch.setattr(home, name, changed)


def rename_over() -> None:
    Path("new.csv").write_text(OTHER)
    os.replace("new.csv", "t.csv")


def retarget() -> None:
    Path("other.csv").write_text(OTHER)
    Path("link").symlink_to("other.csv")
    os.replace("link", "t.csv")


def targets(data: Dataset) -> list[str]:
    return list(data.target_columns[0].values)


@pytest.mark.parametrize("change", [rename_over, retarget, lambda: Path("t.csv").unlink()])
@pytest.mark.parametrize("moment", ["_guess", "_one_pass", "_column"])
def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(
    change: Callable[[], object], moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, table, moment, change)
    data = read("t.csv", target="y")
    assert targets(data) == ["x" if i % 3 else "z" for i in range(50)]
    assert data.sha256 == (sha256(TABLE.encode()).hexdigest(),)


def append() -> None:
    with Path("t.csv").open("a") as file:
        file.write("1,2,x\n")


@pytest.mark.parametrize(
    "change",
    [append, lambda: Path("t.csv").write_text(OTHER), lambda: os.truncate("t.csv", 200)],
    ids=["appended", "rewritten", "truncated"],
)
@pytest.mark.parametrize("moment", ["_guess", "_one_pass"])
def test_a_table_that_is_written_to_while_it_is_read_is_refused(
    change: Callable[[], object], moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, table, moment, change)
    with pytest.raises(DataError, match=r"^t\.csv"):
        read("t.csv", target="y")


@pytest.mark.parametrize("name", ["a.npz", "b.npz"])
def test_an_archive_that_is_written_to_while_it_is_read_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the members that are read, so that no checksum of theirs tells."""

    def change() -> None:
        with Path(name).open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"\1")

    before(monkeypatch, npz, "_member", change)
    with pytest.raises(DataError, match=f"^{name} changed while it was read; try again when nobody writes to it any"):
        read(name)


def test_a_cell_is_looked_up_in_the_file_that_was_read_only() -> None:
    Path("t.csv").write_text(TABLE.replace("\n9,2,", "\nNA,2,"))
    data = read("t.csv", target="y")
    assert data.mark(9, "a") == "NA"
    Path("t.csv").write_text("a,b,y\n1,2,x\n")
    assert data.mark(9, "a") == ""
    Path("t.csv").unlink()
    assert data.mark(9, "a") == ""


def test_text_below_numbers_is_read_once_more_in_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    original = lines.TextTable.chunks

    def chunks(self: lines.TextTable) -> Any:
        calls.append(self)
        if len(calls) == 3:
            os.replace("t.csv", "text-below.csv")
        return original(self)

    monkeypatch.setattr(lines.TextTable, "chunks", chunks)
    with pytest.raises(DataError, match=r"text-below\.csv:51: .*'none'"):
        read("text-below.csv", target="y")
    assert len(calls) >= 3


def test_a_file_that_is_gone_when_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    before(monkeypatch, checks, "OpenedFile", lambda: Path("t.csv").unlink())
    with pytest.raises(DataError, match=r"^t\.csv: cannot be read: No such file"):
        read("t.csv", target="y")
