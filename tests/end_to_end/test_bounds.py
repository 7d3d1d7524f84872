"""From the shell: what is too much is one message, and what there is much of is told once."""

import gzip
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """\
version: 1
data: {{path: {path}{more}}}
network: [{layers}{{type: dense, units: auto, activation: auto}}]
optimizer: {{type: sgd, learning_rate: 0.1}}
training: {{epochs: 1, batch_size: 4}}
"""
LIMITED = f'ulimit -v 4000000; exec {sys.executable} -m nntrain "$@"'  # 4 GB


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", "-c", LIMITED, "nntrain", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def _config(folder: Path, path: str, more: str = "", layers: str = "") -> None:
    (folder / "a.yaml").write_text(CONFIG.format(path=path, more=more, layers=layers))


def test_thousands_of_columns(tmp_path: Path) -> None:
    count = 4_000
    header = ",".join([*(f"c{k}" for k in range(count)), "y"])
    rows = [",".join([*([str(row % 2)] * (count // 2)), *(["1"] * (count // 2)), "ab"[row % 2]]) for row in range(10)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    _config(tmp_path, "t.csv", ", target: y")
    ended = _run(tmp_path, "check", "a.yaml")
    warnings = [line for line in ended.stdout.splitlines() if line.startswith("warning:")]
    assert ended.returncode == 0
    assert len(warnings) == 11
    assert warnings[-1].startswith("warning: t.csv: and 1,990 more columns that are the same in every row: 'c2010'")
    assert len(json.loads(_run(tmp_path, "check", "a.yaml", "--json").stdout)["warnings"]) == 11
    assert len(ended.stdout.splitlines()) < 100


def test_thousands_of_targets_do_not_fill_the_screen(tmp_path: Path) -> None:
    count = 300
    header = ",".join(["x", *(f"y{k}" for k in range(count))])
    rows = [",".join([str(row), *(f"{row * k % 7}.5" for k in range(1, count + 1))]) for row in range(20)]
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    # Every seventh is constant, which no target may be.
    names = ", ".join(f"y{k}" for k in range(count) if (k + 1) % 7)
    _config(tmp_path, "t.csv", f", target: [{names}]")
    ended = _run(tmp_path, "check", "a.yaml")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert sum("(target)" in line for line in ended.stdout.splitlines()) == 39
    assert "40 of 301 columns; --json has all" in ended.stdout


def test_a_gzip_bomb(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "t-images-idx3-ubyte.gz", "wb", compresslevel=9) as stream:
        stream.write(struct.pack(">2xBB3I", 8, 3, 400, 1000, 1000))
        for _ in range(400):
            stream.write(bytes(1_000_000))
    _config(tmp_path, "t-images-idx3-ubyte.gz")
    ended = _run(tmp_path, "check", "a.yaml")
    assert ended.returncode == 2
    assert ended.stderr.startswith("t-images-idx3-ubyte.gz announces 400,000,000 bytes packed into ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["fit", "gradcheck", "gridsearch"])
def test_a_network_that_no_machine_holds(command: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(40)))
    _config(tmp_path, "t.csv", ", target: y", "{type: dense, units: 100000000, activation: tanh}, ")
    more = ["-p", "optimizer.learning_rate=0.1,0.2"] if command == "gridsearch" else []
    ended = _run(tmp_path, command, "a.yaml", *more)
    assert ended.returncode == 2
    assert "of memory, and this machine has 3.8 GiB: give its layers fewer units" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()
    ended = _run(tmp_path, "check", "a.yaml")
    assert ended.returncode == 0
    assert "of memory, and this machine has 3.8 GiB: give its layers fewer units" in ended.stdout
