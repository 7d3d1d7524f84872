"""The program as a whole: help, start-up, exit codes, what becomes of failures."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import nntrain
from nntrain.cli import app as program
from nntrain.cli.failures import report
from nntrain.errors import ConfigError, DivergedError, Interrupted, NntrainError, RunError
from tests.cli.conftest import Invoke, command_names
from tests.conftest import ROOT
from tests.end_to_end.test_terminal import COMMANDS

HEAVY = ("numpy", "pydantic", "rich", "yaml", "secrets", "nntrain.workflows")


def start(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nntrain", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def failing(workflows: ModuleType, failure: BaseException) -> None:
    def list_runs(runs_dir: str) -> Any:
        raise failure

    vars(workflows)["list_runs"] = list_runs


def test_the_commands_are_those_of_the_design() -> None:
    expected = ["fit", "eval", "predict", "gridsearch", "check", "gradcheck", "runs", "verify"]
    assert command_names() == [*expected, "migrate", "schema", "examples"]


def test_every_command_is_in_the_readme_and_on_terminals() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    elsewhere = {"predict", "schema"}  # prints data, has a test of its own; prints nothing of the user's
    for name in command_names():
        assert f"`nntrain {name}" in readme, name
        assert name in {*COMMANDS, *elsewhere}, name


@pytest.mark.parametrize("name", command_names())
def test_every_command_has_help_with_an_example(invoke: Invoke, name: str) -> None:
    shown = invoke(name, "--help")
    assert shown.exit_code == 0
    assert "Usage: nntrain " + name in shown.stdout
    assert f"Example:\n    nntrain {name}" in shown.stdout
    assert invoke(name, "-h").stdout == shown.stdout


def test_help_lists_every_command_with_a_whole_sentence(invoke: Invoke) -> None:
    lines = invoke("--help").stdout.splitlines()
    for name in command_names():
        line = next(line for line in lines if line.startswith(f"  {name} "))
        assert line.endswith(".")
        assert "..." not in line


def test_version(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"nntrain {nntrain.__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['nntrain', '--help']\n"
        "from nntrain.cli.app import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'--help imports {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_signals_are_seen_to_before_anything_else_is_imported() -> None:
    code = "import sys; before = set(sys.modules); import nntrain.__main__; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    own = {"nntrain", "nntrain.__main__", "nntrain.cli", "nntrain.cli.signals"}
    assert set(done.stdout.split()) - {"__future__"} == own


@pytest.mark.parametrize(
    "arguments", [["fitt"], ["fit"], ["fit", "a.yaml", "--sett", "x=1"], ["eval", "latest", "--split", "all"], []]
)
def test_a_wrong_command_line_is_exit_code_2(invoke: Invoke, arguments: list[str]) -> None:
    ended = invoke(*arguments)
    assert ended.exit_code == 2
    assert "Traceback" not in ended.output
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (NntrainError("what happened"), 1),
        (ConfigError("configs/[bold]iris[/bold].yaml:3:1: unknown key 'x'\n    3 | x: 1\n      | ^"), 2),
        (DivergedError("the loss is not finite in epoch 3"), 3),
        (RunError("runs/x/weights.npz is damaged"), 4),
        (Interrupted("interrupted after 3 epochs; nntrain fit runs/x/config.yaml"), 130),
    ],
)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_failure_is_its_text_on_stderr_and_its_exit_code(
    invoke: Invoke, workflows: ModuleType, failure: NntrainError, code: int, options: list[str]
) -> None:
    failing(workflows, failure)
    ended = invoke("runs", *options)
    assert (ended.exit_code, ended.stderr) == (code, f"{failure}\n")
    assert bool(ended.stdout) is bool(options)  # the object is under test in test_json_errors.py


def test_ctrl_c_is_one_line_and_130(invoke: Invoke, workflows: ModuleType) -> None:
    failing(workflows, KeyboardInterrupt())
    ended = invoke("runs")
    assert (ended.exit_code, ended.stdout, ended.stderr) == (130, "", "interrupted\n")


def test_one_more_ctrl_c_does_not_replace_what_is_being_said(invoke: Invoke, workflows: ModuleType) -> None:
    def list_runs(runs_dir: str) -> Any:
        try:
            raise Interrupted("interrupted after epoch 3; go on with: ...", signal=15)
        finally:
            raise KeyboardInterrupt

    vars(workflows)["list_runs"] = list_runs
    ended = invoke("runs")
    assert (ended.exit_code, ended.stderr) == (143, "interrupted after epoch 3; go on with: ...\n")


def test_a_system_error_names_the_file(invoke: Invoke, workflows: ModuleType, tmp_path: Path) -> None:
    failing(workflows, PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "iris.csv")))
    ended = invoke("runs")
    assert (ended.exit_code, ended.stderr) == (2, f"{tmp_path / 'iris.csv'}: Permission denied\n")


def test_a_system_error_in_a_run_directory_is_exit_code_4(
    invoke: Invoke, workflows: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "status.json").write_text("{}")
    failing(workflows, OSError(errno.EIO, "Input/output error", str(tmp_path / "weights.npz")))
    ended = invoke("runs")
    assert (ended.exit_code, ended.stderr) == (4, f"{tmp_path / 'weights.npz'}: Input/output error\n")


def test_a_system_error_without_a_file(invoke: Invoke, workflows: ModuleType) -> None:
    failing(workflows, OSError(errno.ENOSPC, "No space left on device"))
    ended = invoke("runs")
    assert (ended.exit_code, ended.stderr) == (2, "a file could not be read or written: No space left on device\n")


def test_too_little_memory_is_said_with_what_helps(invoke: Invoke, workflows: ModuleType) -> None:
    failing(workflows, MemoryError("Unable to allocate 7.45 GiB for an array with shape (1000000000,)"))
    ended = invoke("runs")
    assert (ended.exit_code, ended.stderr) == (
        2,
        "not enough memory: Unable to allocate 7.45 GiB for an array with shape (1000000000,)\n"
        "A smaller network, batch_size or data set needs less; so does dtype: float32.\n",
    )


def test_a_closed_pipe_is_silent(workflows: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    failing(workflows, BrokenPipeError(errno.EPIPE, "Broken pipe"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nntrain.cli.failures.silence_stdout", lambda: None)
        assert report(BrokenPipeError(errno.EPIPE, "Broken pipe")) == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "pipe"), reason="needs pipes")
def test_output_into_a_pipe_that_nobody_reads_ends_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "nntrain", "examples", "--json"],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (process.returncode, process.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_one_line() -> None:
    with open("/dev/full", "w") as full:
        process = subprocess.run(
            [sys.executable, "-m", "nntrain", "examples", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert process.returncode == 2
    assert process.stderr == b"the output could not be written: No space left on device\n"


def test_a_bug_shows_its_traceback_and_whom_to_tell(
    workflows: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(workflows, ZeroDivisionError("what nobody thought of"))
    monkeypatch.setattr(sys, "argv", ["nntrain", "runs"])
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "ZeroDivisionError: what nobody thought of\n" in shown.err
    assert shown.err.endswith(
        "\nThis is a bug in nntrain, not a mistake of yours. Please report it to the developers, with the text\n"
        "above, the config, and what `nntrain --version` says.\n"
    )


def test_ctrl_c_that_became_another_exception_is_no_bug(
    workflows: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def list_runs(runs_dir: str) -> Any:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("as some modules do") from None

    vars(workflows)["list_runs"] = list_runs
    monkeypatch.setattr(sys, "argv", ["nntrain", "runs"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "interrupted\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


LOST = """
import signal, time
from nntrain.cli.signals import AtOnce
from nntrain.errors import Interrupted
from nntrain.workflows.run.interruption import terminable

class Lost:
    def __del__(self):  # what is raised here is lost
        signal.raise_signal(signal.SIGTERM)

with AtOnce():
    try:
        with terminable():
            Lost()
            time.sleep(60)
    except Interrupted as interrupted:
        print(interrupted.exit_code, flush=True)
    Lost()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_a_signal_while_an_object_is_destroyed_is_not_lost() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (143, "143\n", "interrupted\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_name_that_the_terminal_cannot_write_is_escaped(encoding: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = start("eval", "каша", "--runs-dir", str(tmp_path), env=environment)
    assert done.returncode == 2
    assert r"\u043a\u0430\u0448\u0430" in done.stderr
    assert "Traceback" not in done.stderr
