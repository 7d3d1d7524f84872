"""What a mistake gets at the command line: one message that names the place, exit code 2, and nothing left behind."""

import gzip
import io
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nntrain.cli.app import app
from tests.experiments import PETS, write_pets, write_table

TABLE = PETS.replace("pets.csv, target: kind", "t.csv, target: y")
ARRAYS = """\
data: {path: t.npz, task: classification}
network: [flatten, {type: dense, units: auto, activation: auto}]
training: {epochs: 1}
"""
IMAGES = ARRAYS.replace("t.npz", "t-images-idx3-ubyte")
HEADER = ("a", "b", "y")


def table(*rows: tuple[object, ...]) -> Callable[[], object]:
    """Writes a good table of twenty rows with these behind them; lines 2 to 21 are good."""
    good = [(i, 2.5 * i, "pq"[i % 2]) for i in range(20)]
    return lambda: write_table("t.csv", HEADER, [*good, *rows])


def idx(code: int, shape: tuple[int, ...], content: bytes) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, code, len(shape), *shape) + content


def images(content: bytes, labels: bytes = idx(8, (4,), bytes([0, 1, 0, 1]))) -> Callable[[], object]:
    def write() -> None:
        Path("t-images-idx3-ubyte").write_bytes(content)
        Path("t-labels-idx1-ubyte").write_bytes(labels)

    return write


def pickled() -> None:
    np.savez("t.npz", x=np.array([{"a": 1}, {"b": 2}], dtype=object), y=np.array([0, 1]))


@cache
def packed_zeros() -> bytes:
    """300 MB of zeros in an npz file of 0.3 MB."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (30, 10_000_000)})
    archive = io.BytesIO()
    np.savez(archive, y=np.arange(30) % 2)
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as file, file.open("x.npy", "w") as member:
        member.write(header.getvalue())
        for _ in range(30):
            member.write(bytes(10_000_000))
    return archive.getvalue()


GOOD_IMAGES = idx(8, (4, 2, 2), bytes(16))

# What is wrong → the config, what makes it so, and the start of what is said.
DATA: dict[str, tuple[str, Callable[[], object], str]] = {
    "a missing file": (TABLE, lambda: write_table("tt.csv", HEADER, []),
                       "a.yaml:2:14: t.csv: no such file; did you mean 'tt.csv'?\n"),
    "an empty file": (TABLE, lambda: Path("t.csv").touch(),
                      "t.csv: the file is empty; a header and one row per example are expected"),
    "a header without rows": (TABLE, lambda: write_table("t.csv", HEADER, []), "t.csv: a header and no rows below it"),
    "a row that is too short": (TABLE, table((1, "p")), "t.csv:22: 2 fields, but the header has 3"),
    "a row that is too long": (TABLE, table((1, 2, "p", 4)), "t.csv:22: 4 fields, but the header has 3"),
    "text in a numeric column": (
        TABLE, table((1, "abc", "p")),
        "t.csv:22: column 'b' holds the text 'abc', but its other 20 cells are numbers",
    ),
    "an empty cell": (TABLE, table((1, "", "p")), "a.yaml:2:"),
    "NaN": (TABLE, table((1, "nan", "p")), "a.yaml:2:"),
    "an infinity": (TABLE, table(("inf", 2, "p")), "t.csv:22: column 'a' holds an infinite number"),
    "a number beyond all bounds": (TABLE, table(("1e999", 2, "p")), "t.csv:22: column 'a' holds an infinite number"),
    "a target without a value": (TABLE, table((1, 2, "")), "t.csv:22: the target 'y' has no value"),
    "a target that tells all rows apart": (
        TABLE, table(*((i, i, f"name {i}") for i in range(40))),
        "a.yaml:2:7: the target 'y' has 42 classes, but data.split leaves 36 examples to train on",
    ),
    "a target that is always the same": (
        TABLE, lambda: write_table("t.csv", HEADER, [(i, i, "p") for i in range(9)]),
        "a.yaml:2:29: t.csv: the target 'y' is 'p' in all 9 rows; there is nothing to learn",
    ),
    "bytes that are no UTF-8": (TABLE, lambda: Path("t.csv").write_bytes(b"a,b,y\n1,2,\xe9\n"),
                                "t.csv:2: byte 0xE9 is not UTF-8"),
    "a directory": (TABLE, lambda: Path("t.csv").mkdir(), "a.yaml:2:14: t.csv is a directory; name a file in it"),
    "an IDX file cut short": (IMAGES, images(GOOD_IMAGES[:-3]), "t-images-idx3-ubyte"),
    "an IDX header cut short": (IMAGES, images(GOOD_IMAGES[:9]), "t-images-idx3-ubyte"),
    "an IDX header that promises too much": (
        IMAGES, images(idx(8, (2**31, 2**16, 2**16), bytes(16))), "t-images-idx3-ubyte"
    ),
    "an IDX file of an unknown type": (IMAGES, images(idx(7, (4, 2, 2), bytes(16))), "t-images-idx3-ubyte"),
    "more labels than images": (IMAGES, images(GOOD_IMAGES, idx(8, (5,), bytes(5))), "t-"),
    "no labels": (IMAGES, lambda: Path("t-images-idx3-ubyte").write_bytes(GOOD_IMAGES), "a.yaml:1:7: t-images-idx3"),
    "an IDX file that is only gzipped noise": (
        IMAGES.replace("ubyte", "ubyte.gz"),
        lambda: Path("t-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"noise")), "t-images-idx3-ubyte.gz",
    ),
    "an npz file with pickled objects": (ARRAYS, pickled, "t.npz"),
    "a zip bomb": (ARRAYS, lambda: Path("t.npz").write_bytes(packed_zeros()), "t.npz: x.npy"),
    "an npz file that is none": (ARRAYS, lambda: Path("t.npz").write_bytes(b"PK nothing"), "t.npz"),
}  # fmt: skip


def nntrain(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    ended = CliRunner().invoke(app, list(arguments), prog_name="nntrain")
    return ended.exit_code, ended.stdout, ended.stderr


@pytest.mark.parametrize("mistake", DATA)
@pytest.mark.parametrize("command", ["fit", "check", "gradcheck", "gridsearch"])
def test_data_that_is_wrong(workdir: Path, command: str, mistake: str) -> None:
    text, make, start = DATA[mistake]
    Path("a.yaml").write_text(text)
    make()
    before = sorted(workdir.rglob("*"))
    search = ["-p", "optimizer.learning_rate=0.1,0.2"] if command == "gridsearch" else []
    code, stdout, stderr = nntrain(command, "a.yaml", *search)
    assert (code, stdout) == (2, "")
    found = [line for line in stderr.splitlines() if line.startswith(start.rstrip("\n"))]
    assert len(found) == 1, stderr
    assert "Traceback" not in stderr
    assert sorted(workdir.rglob("*")) == before


CONFIGS: dict[str, tuple[str, list[str]]] = {
    "an unknown key": (PETS.replace("learning_rate", "learning_rat"),
                       ["a.yaml:6:25: unknown key 'learning_rat' in optimizer (adam)", "'learning_rate'?"]),
    "a value out of bounds": (PETS.replace("epochs: 20", "epochs: 0"),
                              ["a.yaml:7:20: training.epochs must be at least 1, got 0"]),
    "the wrong type": (PETS.replace("epochs: 20", "epochs: many"),
                       ["a.yaml:7:20: training.epochs must be an integer, got 'many'"]),
    "an unknown layer": (PETS.replace("dense, units: 4", "dnse, units: 4"),
                         ["a.yaml:4:12: unknown type 'dnse' in network.0", "did you mean 'dense'?"]),
    "a duplicated key": (PETS + "training: {epochs: 3}\n", ["a.yaml:8:1: duplicated key 'training'", "first here"]),
    "a tab": (PETS + "loss:\n\ttype: huber\n", ["a.yaml:9:1: "]),
    "a file that is not UTF-8": (PETS + "# caf\udce9\n", ["a.yaml:8:6: "]),
    "a shape that does not fit": (
        PETS.replace("  - {type: dense, units: a", "  - {type: reshape, shape: [5]}\n  - {type: dense, units: a"),
        ["a.yaml:5:5: reshape to (5,) needs 5 numbers, got 4 from (4,) (shapes up to here: (4,) → (4,) → (4,))"],
    ),
    "a column that is not there": (
        PETS.replace("target: kind", "target: knd"),
        ["a.yaml:2:32: pets.csv: no target column 'knd'; did you mean 'kind'?",
         "The columns are 'weight', 'length', 'home', 'kind'"],
    ),
    "an output of the wrong size": (PETS.replace("units: auto", "units: 3"),
                                    ["a.yaml:5:26: the network puts out 3 numbers per example"]),
    "an activation that does not suit the loss": (
        PETS.replace("activation: auto", "activation: relu") + "loss: binary_cross_entropy\n",
        ["a.yaml:5:44: the loss binary_cross_entropy wants sigmoid on the last layer, got relu"],
    ),
    "two at once": (
        PETS.replace("learning_rate", "learning_rat").replace("epochs: 20", "epochs: 0"),
        ["a.yaml:6:25: unknown key", "a.yaml:7:20: training.epochs must be at least 1", "2 errors in a.yaml"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", CONFIGS)
def test_a_config_that_is_wrong(workdir: Path, mistake: str) -> None:
    text, expected = CONFIGS[mistake]
    Path("a.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    write_pets()
    before = sorted(workdir.rglob("*"))
    code, stdout, stderr = nntrain("fit", "a.yaml")
    assert (code, stdout) == (2, "")
    for part in expected:
        assert part in stderr
    assert "Traceback" not in stderr
    assert sorted(workdir.rglob("*")) == before


def test_an_alias_bomb(workdir: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    Path("a.yaml").write_text("\n".join(lines) + "\n")
    code, stdout, stderr = nntrain("fit", "a.yaml")
    assert (code, stdout) == (2, "")
    assert stderr.startswith("a.yaml:")
    assert [path.name for path in workdir.iterdir()] == ["a.yaml"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "optimizer.learning_rat=0.1"], "--set optimizer.learning_rat=0.1: unknown key 'learning_rat'"),
        (["--set", "network.hiden.units=3"], "--set network.hiden.units=3: network has no item 'hiden'"),
        (["--set", "training.epochs=0"], "--set training.epochs=0: training.epochs must be at least 1, got 0"),
        (["--set", "seed"], "--set seed: an override is path=value"),
    ],
)
def test_an_override_that_is_wrong(workdir: Path, arguments: list[str], expected: str) -> None:
    Path("a.yaml").write_text(PETS)
    write_pets()
    code, stdout, stderr = nntrain("fit", "a.yaml", *arguments)
    assert (code, stdout) == (2, "")
    assert stderr.startswith(expected)
    assert not (workdir / "runs").exists()


def test_the_shell_gets_the_exit_code_and_one_message(workdir: Path) -> None:
    Path("a.yaml").write_text(PETS)
    done = subprocess.run(
        [sys.executable, "-m", "nntrain", "fit", "a.yaml"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "a.yaml:2:14: pets.csv: no such file\n"
        "    2 | data: {path: pets.csv, target: kind}\n"
        "      |              ^^^^^^^^\n"
        "1 error in a.yaml\n"
    )
    assert sorted(path.name for path in workdir.iterdir()) == ["a.yaml"]
