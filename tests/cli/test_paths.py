"""Paths that the system does not answer for: no traceback, from any command and from Python."""

import ast
import contextlib
import ctypes
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nntrain
from nntrain.errors import NntrainError
from tests.cli.conftest import Invoke
from tests.experiments import load

CONFIG = """\
name: small
data: {path: table.csv, target: y}
network: [{type: dense, units: auto}]
training: {epochs: 1}
"""
TABLE = "x,y\n" + "".join(f"{i % 7},{i % 5}.5\n" for i in range(40))
PATHS = {
    "locked": ("locked/x", "Permission denied"),
    "a run in locked": ("locked/small", "Permission denied"),
    "a circle": ("circle", "Too many levels of symbolic links"),
    "below a circle": ("circle/x", ""),
    "below a file": ("table.csv/x", ""),
    "a long name": ("a" * 300, "File name too long"),
    "a long name elsewhere": ("nowhere/" + "a" * 300, ""),
    "a long path": ("abcdefghi/" * 500, "File name too long"),
    "nothing": ("", ""),
    "the top": ("/", ""),
}
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("eval", "PATH"), ("predict", "PATH", "table.csv"), ("fit", "--resume", "PATH"), ("verify", "PATH"),
    ("fit", "PATH"), ("check", "PATH"), ("gradcheck", "PATH"), ("gridsearch", "PATH"), ("migrate", "PATH"),
    ("migrate", "--in-place", "PATH"), ("check", "small.yaml", "--set", "data.path=PATH"),
    ("eval", "RUN", "--data", "PATH"), ("predict", "RUN", "PATH"), ("predict", "RUN", "table.csv", "-o", "PATH"),
    ("runs", "--runs-dir", "PATH"), ("eval", "latest", "--runs-dir", "PATH"), ("eval", "small", "--runs-dir", "PATH"),
    ("migrate", "small.yaml", "-o", "PATH"),
)  # fmt: skip
WRITING = (("fit", "small.yaml", "--runs-dir", "PATH"), ("examples", "iris", "-o", "PATH"))
# Linux, capabilities(7): without these two, permissions hold for root as well.
_VERSION, _DAC = 0x20080522, 1 << 1 | 1 << 2


@contextlib.contextmanager
def without_privileges() -> Iterator[None]:
    """A block in which permissions hold for this thread, whoever runs the tests."""
    if os.name == "nt":
        pytest.skip("Windows has other permissions")
    if os.geteuid() != 0:
        yield
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("root may read everything")
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    before = data[0]
    data[0] &= ~_DAC
    assert libc.capset(header, data) == 0
    try:
        yield
    finally:
        data[0] = before
        assert libc.capset(header, data) == 0


@pytest.fixture
def run(workdir: Path) -> Iterator[Path]:
    """A trained network, in a directory with a table, its config, a circle of links and a locked folder."""
    Path("table.csv").write_text(TABLE)
    done = nntrain.fit(load(CONFIG, name="small.yaml"))
    Path("circle").symlink_to("circle")
    (workdir / "locked" / "small").mkdir(parents=True)
    (workdir / "locked" / "small" / "status.json").write_text("{}")
    (workdir / "locked").chmod(0)
    with without_privileges():
        yield done.run
    (workdir / "locked").chmod(0o700)


@pytest.mark.parametrize("kind", PATHS)
def test_every_command(run: Path, kind: str, invoke: Invoke) -> None:
    path, reason = PATHS[kind]
    commands = COMMANDS if kind in ("nothing", "the top") else COMMANDS + WRITING
    for command in commands:
        words = [word.replace("PATH", path).replace("RUN", str(run)) for word in command]
        ended = invoke(*words)
        assert isinstance(ended.exception, SystemExit | None), (words, ended.exception)
        assert ended.exit_code in (0, 2, 4), (words, ended.output)
        assert "Traceback" not in ended.output
        # The others may not have come so far as to ask about the path itself.
        if reason and command[0] not in ("gridsearch", "runs", "fit", "migrate") and "--set" not in command:
            assert reason in ended.output, (words, ended.output)


@pytest.mark.parametrize("path", ["a\0b", "\ud800", "~\0", "~\ud800", "circle", "table.csv/x", "a" * 300, "locked/x"])
def test_from_python(run: Path, path: str) -> None:
    experiment = load(CONFIG, name="small.yaml")
    data = {"path": path, "target": "y", "format": "csv"}
    network = {"network": [{"type": "dense", "units": 1}]}
    halves = {"path": "table.csv", "target": "y", "split": {"test": {"path": path}}}
    calls: list[Callable[[], object]] = [
        lambda: nntrain.load_experiment(path),
        lambda: nntrain.check(nntrain.load_experiment({"data": data, **network})),
        lambda: nntrain.check(nntrain.load_experiment({"data": halves, **network})),
        lambda: nntrain.load_run(path),
        lambda: nntrain.load_run("x", runs_dir=path).run,
        lambda: nntrain.load_run("latest", runs_dir=path).run,
        lambda: nntrain.resume(path),
        lambda: nntrain.verify(path),
        lambda: nntrain.evaluate(run, data=path),
        lambda: nntrain.predict(run, path),
        lambda: nntrain.fit(experiment, runs_dir=path),
        lambda: nntrain.gridsearch(experiment, parameters={"seed": [1]}, runs_dir=path),
        lambda: nntrain.list_runs(path),
    ]
    for call in calls:
        with pytest.raises(NntrainError) as caught:
            call()
        assert str(caught.value)


def test_a_search_whose_best_network_has_a_name_that_no_system_takes(workdir: Path, invoke: Invoke) -> None:
    Path("table.csv").write_text(TABLE)
    board = nntrain.gridsearch(load(CONFIG, name="small.yaml"), parameters={"seed": [1]})
    status = json.loads((board.run / "status.json").read_text())
    del status["sha256"]["result.json"]
    (board.run / "status.json").write_text(json.dumps(status))
    result = json.loads((board.run / "result.json").read_text())
    (board.run / "result.json").write_text(json.dumps({**result, "refit": "a" * 300}))
    ended = invoke("eval", str(board.run))
    assert ended.exit_code == 2
    assert f"the network of its best point was in runs/{'a' * 300}" in ended.output


def test_an_output_whose_name_is_as_long_as_names_may_be(run: Path, invoke: Invoke) -> None:
    name = "a" * 251 + ".csv"
    assert invoke("predict", str(run), "table.csv", "-o", name).exit_code == 0
    assert len(Path(name).read_text().splitlines()) == 41


def test_a_circle_of_links_is_no_place_for_an_output(run: Path, invoke: Invoke) -> None:
    ended = invoke("predict", str(run), "table.csv", "-o", "circle")
    assert (ended.exit_code, ended.output) == (2, "circle: Too many levels of symbolic links\n")
    assert Path("circle").is_symlink()


def test_a_name_whose_letters_take_four_bytes(workdir: Path) -> None:
    Path("table.csv").write_text(TABLE)
    done = nntrain.fit(load(CONFIG.replace("small", "\U00020000" * 70), name="small.yaml"))
    assert done.run.name.startswith("\U00020000" * 50)


def test_a_data_file_that_fails_while_it_is_read(workdir: Path) -> None:
    if not os.path.exists("/proc/self/mem"):
        pytest.skip("this system has no such file")
    experiment = load(CONFIG.replace("table.csv", "/proc/self/mem").replace("target", "format: csv, target"))
    with pytest.raises(NntrainError, match="/proc/self/mem: cannot be read: Input/output error"):
        nntrain.check(experiment)


ASKED = {"exists", "is_file", "is_dir", "is_symlink", "is_mount", "is_fifo", "samefile", "resolve"}


def test_nothing_asks_in_a_way_that_may_raise(root: Path) -> None:
    """`Path.exists` and its like raise where a folder above is locked; `os.path` has questions that do not."""
    for path in (root / "nntrain").rglob("*.py"):
        if path.name == "examples.py":  # of the installed package
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ASKED:
                assert ast.unparse(node.value) == "os.path", f"{path}:{node.lineno} asks {ast.unparse(node)}"
