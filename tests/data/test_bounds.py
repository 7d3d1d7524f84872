"""Memory and work of reading, counted: neither what a file claims nor what it has much of makes it dear."""

import csv
import gzip
import io
import struct
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.data.dataset import Dataset, numeric_column, text_column
from nntrain.data.gathering import SHOWN
from nntrain.data.preprocess import Preprocessor
from nntrain.data.readers import lines, read, spelling
from nntrain.diagnosis.audit import column_warnings
from nntrain.errors import DataError
from nntrain.tasks import Task


def _peak(path: Path, **settings: Any) -> int:
    """The most bytes that Python and NumPy hold at once while a file is read or refused."""
    tracemalloc.start()
    try:
        read(path, target="y", **settings)
    except DataError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


class _Counted:
    """The csv module's reader, counting the rows that it makes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows = 0
        real = csv.reader

        def reader(source: Iterable[str], **settings: Any) -> Any:
            return _Reader(real(source, **settings), self)

        monkeypatch.setattr(csv, "reader", reader)


class _Reader:
    def __init__(self, real: Any, counted: _Counted) -> None:
        self.real, self.counted = real, counted

    @property
    def line_num(self) -> int:
        return int(self.real.line_num)

    def __iter__(self) -> "_Reader":
        return self

    def __next__(self) -> list[str]:
        self.counted.rows += 1
        row: list[str] = next(self.real)
        return row


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quotes", [False, True])
@pytest.mark.parametrize("where", ["ahead", "within", "behind"])
def test_blank_lines_are_not_looked_at_one_by_one(
    end: str, quotes: bool, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blank = end * 1_000_000
    first = [f'"{k}",{k % 3}' if quotes else f"{k},{k % 3}" for k in range(50)]
    parts = [["x,y"], first, [f"{k},{k % 2}" for k in range(50)]]
    text = "".join(
        (blank if where == "ahead" and k == 0 else "")
        + end.join([*part, ""])
        + (blank if (where, k) in (("within", 1), ("behind", 2)) else "")
        for k, part in enumerate(parts)
    )
    (tmp_path / "t.csv").write_text(text, newline="")
    counted = _Counted(monkeypatch)
    found = read(tmp_path / "t.csv", target="y")
    assert len(found) == 100
    assert counted.rows < 20_000  # of 1,000,101 lines, which are gone through three times
    # Each row still knows its line.
    assert found.numbers is not None
    expected = [number for number, line in enumerate(io.StringIO(text, newline=None), start=1) if line.strip()][1:]
    assert found.numbers.tolist() == expected


def test_lines_between_blank_ones_are_read_alike(tmp_path: Path) -> None:
    rows = [f"{k},{k % 7},{k % 3}" for k in range(30_000)]
    (tmp_path / "a.csv").write_text("\n".join(["x,z,y", *rows]))
    (tmp_path / "b.csv").write_text("\n\n".join(["x,z,y", *rows]))
    (tmp_path / "c.csv").write_text(" \n\t\n\n".join(["x,z,y", *rows]))
    a, b, c = (read(tmp_path / f"{name}.csv", target="y") for name in "abc")
    for each in (b, c):
        assert all(np.array_equal(x.values, y.values) for x, y in zip(a.inputs, each.inputs, strict=True))
    assert b.numbers is not None
    assert b.numbers.tolist() == [2 * k + 3 for k in range(30_000)]


def test_rows_of_tabs_are_missing_cells_and_no_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("x\tz\ty\n" + "1\t2\ta\n" * 3 + "\t\tb\n" * 3 + "\t\t\n" * 200_000)
    found = read(tmp_path / "t.tsv", target="y", need_target=False)
    assert len(found) == 200_006


def test_a_header_of_too_many_columns_is_refused_before_it_is_divided(tmp_path: Path) -> None:
    count = 1_000_000
    (tmp_path / "t.csv").write_text(",".join(f"c{k}" for k in range(count)) + "\n")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "t.csv", target="y")
    assert str(caught.value) == (
        f"{tmp_path / 't.csv'}: the header has more than 200,000 columns, and a table has at most so many: leave "
        "out those that are not needed, or save the numbers as an array (.npz or .npy)"
    )
    assert _peak(tmp_path / "t.csv") < 4 << 20  # the file has 8 MB


def test_a_line_without_an_end_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE", 1 << 22)
    (tmp_path / "t.csv").write_bytes(b"x,y\n" + b"1," * (1 << 23))
    with pytest.raises(DataError, match=r"t\.csv:2: a line of more than 4 MiB; this is no table"):
        read(tmp_path / "t.csv", target="y")
    assert _peak(tmp_path / "t.csv") < 4 << 20


def test_long_rows_are_read_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_LETTERS_PER_CHUNK", 1 << 20)
    for name, mark in (("plain", ""), ("quoted", '"')):
        text = mark + "n" * 100_000 + mark
        (tmp_path / f"{name}.csv").write_text("x,note,y\n" + "".join(f"{k},{text},{k % 2}\n" for k in range(400)))
        settings = {"features": ["x"]}
        assert _peak(tmp_path / f"{name}.csv", **settings) < 20 << 20  # the file has 40 MB
        assert len(read(tmp_path / f"{name}.csv", target="y", features=["x"])) == 400


def test_the_place_of_a_column_is_looked_up_once(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 4_000):
        path = tmp_path / f"{count}.csv"
        path.write_text(
            "\n".join([",".join([*(f"c{k}" for k in range(count)), "y"])] + [",".join(["1"] * count + ["a"])] * 5)
        )
        peaks.append(_peak(path))
    assert peaks[1] < 2.5 * peaks[0]


def test_thousands_of_warnings_are_gathered() -> None:
    columns = tuple(numeric_column(f"c{k}", np.ones(30)) for k in range(2_000))
    named = tuple(text_column(f"n{k}", [f"t{row}" for row in range(30)]) for k in range(11))
    found = column_warnings(Dataset((*columns, *named), None, "d.csv"))
    assert len(found) == 2 * SHOWN + 2
    assert found[-2].startswith("d.csv: and 1,990 more columns that are the same in every row: 'c10', 'c11', ")
    assert found[-2].endswith("'c19' and 1,980 more")
    assert found[-1] == "d.csv: and 1 more column like identifiers: 'n10'"


def test_warnings_about_new_examples_are_gathered() -> None:
    def table(low: float, text: str) -> Dataset:
        numbers = tuple(numeric_column(f"c{k}", np.array([low, low + 1])) for k in range(500))
        names = tuple(text_column(f"n{k}", ["a", text]) for k in range(500))
        return Dataset((*numbers, *names), (text_column("y", ["p", "q"]),), "d.csv")

    found = Preprocessor.fit(table(0, "b"), task=Task.BINARY).warnings(table(100, "c"))
    assert len(found) == 2 * SHOWN + 2
    assert found[-2].startswith("d.csv: and 490 more columns that are far from the training rows: 'c10'")
    assert found[-1].startswith("d.csv: and 490 more columns with categories that the training rows do not have: 'n10'")


def test_remarks_about_how_columns_were_read_are_gathered(tmp_path: Path) -> None:
    count = 300
    header = [*(f"code{k}" for k in range(count)), *(f"name{k}" for k in range(count)), "y"]
    rows = [[f"0{row}"] * count + [name] * count + ["p"] for row, name in enumerate(["ab", "Ab", "c"])]
    (tmp_path / "t.csv").write_text("\n".join(map(",".join, [header, *rows])))
    found = read(tmp_path / "t.csv", target="y").remarks
    assert len(found) == 2 * SHOWN + 2
    assert "and 290 more columns that are written with leading zeros: 'code10'" in found[-2]
    assert "and 290 more columns whose categories differ in capitals or blanks alone: 'name10'" in found[-1]


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    with gzip.open(path, "wb") as stream:
        stream.write(struct.pack(">2xBB3I", 8, 3, 300, 1000, 1000))
        for _ in range(300):
            stream.write(bytes(1_000_000))
    size = path.stat().st_size
    tracemalloc.start()
    with pytest.raises(DataError) as caught:
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20  # half of it is what the file is read through
    assert str(caught.value) == (
        f"{path} announces 300,000,000 bytes packed into {size:,}; nntrain does not unpack what may be a zip bomb: "
        "unpack it with gunzip"
    )


def test_a_gzip_header_that_lies_sets_nothing_aside(tmp_path: Path) -> None:
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(struct.pack(">2xBB3I", 8, 3, 10_000, 10_000, 10_000) + bytes(1000)))
    tracemalloc.start()
    with pytest.raises(DataError, match="the header announces"):
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20  # half of it is what the file is read through


def test_an_npy_header_of_thousands_of_digits(tmp_path: Path) -> None:
    digits = "9" * 4000
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({digits}, {digits})}}".encode()
    (tmp_path / "d.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(64))
    with pytest.raises(DataError, match="the header does not describe an array"):
        read(tmp_path / "d.npy")


def test_of_a_column_of_very_many_texts_some_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = spelling._in_plain_letters

    def counted(text: str) -> str:
        asked.append(text)
        return real(text)

    monkeypatch.setattr(spelling, "_in_plain_letters", counted)
    ways = 8  # of writing, each of which every text is tried with
    for name, text in (("names", "name{}x"), ("dates", "{} May 2024")):
        rows = "".join(f"{k % 7},{text.format(k)},{k % 2}\n" for k in range(60_000))
        (tmp_path / f"{name}.csv").write_text(f"a,b,y\n{rows}")
        if name == "names":
            read(tmp_path / "names.csv", target="y")
            assert 0 < len(asked) <= ways * 20_000
        else:
            with pytest.raises(DataError, match="'3 May 2024' on line 5, '6 May 2024' on line 8 and many more, which"):
                read(tmp_path / "dates.csv", target="y")
