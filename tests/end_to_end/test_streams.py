"""Stdin, stdout and stderr that are closed, full or broken: what was done is safe, and what is lost is said once."""

import contextlib
import fcntl
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import nntrain
from tests.end_to_end.command import ENVIRONMENT, PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full and a shell")

PETS = "weight,legs,species\n" + "".join(
    f"{4 + 0.1 * k:.1f},{'four' if k % 2 else 'three'},{'cat' if k % 3 else 'dog'}\n" for k in range(30)
)
CONFIG = """\
version: 1
name: pets
data: {path: pets.csv, target: species}
network: [{type: dense, units: auto, activation: auto}]
training: {epochs: 3}
"""
FULL = "the output could not be written: No space left on device\n"
CLOSED = "the output could not be written: stdout is closed\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config, its data, and a run of it."""
    folder = tmp_path_factory.mktemp("streams")
    (folder / "pets.csv").write_text(PETS)
    (folder / "pets.yaml").write_text(CONFIG)
    (folder / "new.csv").write_text("weight,legs\n4.5,four\n5.5,six\n")  # six is unknown, of which predict warns
    nntrain.fit(nntrain.load_experiment(folder / "pets.yaml"), runs_dir=folder / "runs")
    return folder


def shell(folder: Path, words: str, redirected: str = "", **variables: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `nntrain WORDS` in a shell, with redirections."""
    command = f"exec {shlex.quote(sys.executable)} -m nntrain {words} {redirected}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**ENVIRONMENT, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def runs(folder: Path, runs_dir: str) -> list[str]:
    return [found.status for found in nntrain.list_runs(folder / runs_dir)]


PRINTING = [
    "--help",
    "--version",
    "fit --help",
    "eval latest --json",
    "predict latest new.csv",
    "verify latest -q",
    "migrate pets.yaml",
]
ALSO_PRINTING = [
    *[f"{command} -h" for command in ("eval", "predict", "gridsearch", "check", "gradcheck", "runs", "verify")],
    "examples --json",
    "examples",
    "schema",
    "check pets.yaml",
    "runs",
    "check pets.yaml --json",
    "eval latest",
    "gradcheck pets.yaml",
    "gradcheck pets.yaml --json",
    "runs --json",
    "verify latest -q --json",
    "migrate pets.yaml --json",
]


@pytest.mark.parametrize(
    "words", [*PRINTING, *(pytest.param(words, marks=pytest.mark.slow) for words in ALSO_PRINTING)]
)
def test_output_that_cannot_be_written_is_one_sentence(folder: Path, words: str) -> None:
    said = "" if not words.startswith("migrate") else "pets.yaml is of version 1, the present one: nothing to change\n"
    code, _, stderr = shell(folder, words, ">/dev/full")
    assert (code, stderr.removeprefix(said)) == (2, FULL)
    code, _, stderr = shell(folder, words, ">&-", PYTHONUNBUFFERED="1")
    assert (code, stderr.removeprefix(said)) == (2, CLOSED)


def test_a_training_is_safe_before_its_result_is_lost(folder: Path) -> None:
    for number, (redirected, sentence) in enumerate(((">/dev/full", FULL), ("<&- >&-", CLOSED))):
        code, _, stderr = shell(folder, f"fit pets.yaml -q --runs-dir lost{number}", redirected)
        assert code == 2
        assert re.fullmatch(re.escape(sentence) + rf"The run is complete: lost{number}/pets-\S+\n", stderr)
        assert runs(folder, f"lost{number}") == ["complete"]
    code, _, stderr = shell(folder, "fit pets.yaml -q --json --runs-dir lost2", ">/dev/full 2>/dev/full")
    assert (code, stderr, runs(folder, "lost2")) == (2, "", ["complete"])


def test_a_search_is_safe_before_its_result_is_lost(folder: Path) -> None:
    code, _, stderr = shell(
        folder, "gridsearch pets.yaml -p optimizer.learning_rate=0.1,0.01 -q --runs-dir s", ">/dev/full"
    )
    assert code == 2
    assert stderr.startswith(FULL + "The search is complete: s/pets-search-")
    assert runs(folder, "s") == ["complete", "complete"]


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-", "2>/dev/full"])
def test_messages_that_stderr_does_not_take_are_lost_and_nothing_else(folder: Path, closed: str) -> None:
    code, predicted, stderr = shell(folder, "predict latest new.csv")
    assert code == 0
    assert "six" in stderr
    assert shell(folder, "predict latest new.csv", closed) == (0, predicted, "")
    code, stdout, _ = shell(folder, "fit pets.yaml --runs-dir quiet", closed)  # its progress would be on stderr
    assert code == 0
    assert not any(line.startswith("epoch") for line in stdout.splitlines())
    [_] = re.findall(r"^run +quiet/pets-\S+$", stdout, re.MULTILINE)
    assert set(runs(folder, "quiet")) == {"complete"}


@pytest.mark.parametrize("words", ["", "fitt", "fit", "check nothing.yaml", "check nothing.yaml --json"])
def test_a_mistake_is_exit_code_2_wherever_it_can_be_said(folder: Path, words: str) -> None:
    for redirected in (">&-", "2>&-", ">&- 2>&-", ">/dev/full 2>/dev/full"):
        code, _, stderr = shell(folder, words, redirected)
        assert code == 2
        assert "Traceback" not in stderr
        assert "Exception" not in stderr


@pytest.mark.parametrize("words", ["--help", "examples", "eval latest --json", "predict latest new.csv"])
def test_who_has_seen_enough_ends_it_quietly(folder: Path, words: str) -> None:
    for unbuffered in ("", "1"):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-m", "nntrain", *words.split()],
            cwd=folder,
            env={**ENVIRONMENT, "PYTHONUNBUFFERED": unbuffered},
            stdout=writing,
            stderr=writing if unbuffered else subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
        os.close(writing)
        assert (done.returncode, done.stderr or b"") == (0, b"")


def test_a_training_goes_on_when_its_only_reader_has_left(folder: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m nntrain fit pets.yaml --runs-dir left 2>&1; echo $? >code"
    subprocess.run(["sh", "-c", f"({command}) | head -1"], cwd=folder, env=ENVIRONMENT, check=True, capture_output=True)
    assert (folder / "code").read_text() == "0\n"
    assert runs(folder, "left") == ["complete"]


def test_a_slow_reader_of_a_pipe_that_does_not_wait_gets_everything(folder: Path) -> None:
    (folder / "many.csv").write_text("weight,legs\n" + "4.5,four\n5.5,three\n" * 10_000)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETFL, os.O_NONBLOCK)
    process = subprocess.Popen(
        [sys.executable, "-m", "nntrain", "predict", "latest", "many.csv"], cwd=folder, env=ENVIRONMENT, stdout=writing
    )
    os.close(writing)
    time.sleep(0.5)  # long enough to fill the pipe, if the machine is idle
    with open(reading, "rb") as file:
        assert file.read().count(b"\n") == 20_001
    assert process.wait(PATIENCE) == 0


ENDLESS = "fit pets.yaml --set training.epochs=1000000 --set early_stopping=null"


def on_a_terminal(folder: Path, words: str, until: Callable[[], bool]) -> int:
    """Start nntrain in a terminal of its own, close that as soon as a condition holds; returns the exit code."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        variables = {**ENVIRONMENT, "TERM": "xterm"}
        os.execve(sys.executable, [sys.executable, "-m", "nntrain", *words.split()], variables)  # noqa: S606
    os.set_blocking(terminal, False)
    end = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < end
        with contextlib.suppress(BlockingIOError):  # what is shown there
            os.read(terminal, 1 << 16)
        time.sleep(0.005)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def test_a_training_whose_terminal_is_closed_is_saved(folder: Path) -> None:
    def begun() -> bool:
        return any(path.stat().st_size > 100 for path in folder.glob("gone/*/history.jsonl"))

    assert on_a_terminal(folder, f"{ENDLESS} --runs-dir gone", begun) == 128 + signal.SIGHUP
    [run] = nntrain.list_runs(folder / "gone")
    assert run.status == "interrupted"
    files = {path.name for path in run.path.iterdir()}
    assert {"checkpoint.npz", "result.json"} <= files
    assert "lock" not in files
    assert not any(name.endswith(".tmp") for name in files)
