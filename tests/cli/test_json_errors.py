"""With --json a failure is one JSON object on stdout; the text stays on stderr, and the exit code is the same."""

import errno
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nntrain.cli import app as program
from nntrain.cli.failures import wants_json
from nntrain.errors import DataError, DivergedError, Interrupted, NntrainError, RunError, UserError
from tests.cli.conftest import Invoke
from tests.config.listed import ACTIVATIONS

CONFIG = """\
data: {synthetic: moons}
network:
  - {type: dense, units: 4, activation: rellu}
  - {type: dense, units: auto, activation: auto}
optimizer: {type: adam, learning_rat: 0.01}
"""


def failing(workflows: ModuleType, failure: BaseException) -> None:
    def list_runs(runs_dir: str) -> Any:
        raise failure

    vars(workflows)["list_runs"] = list_runs


def error_of(text: str) -> Any:
    """What the only object on stdout says."""
    written = json.loads(text, parse_constant=pytest.fail)
    assert list(written) == ["error"]
    return written["error"]


@pytest.mark.parametrize(
    ("failure", "kind", "code"),
    [
        (NntrainError("what happened"), "NntrainError", 1),
        (UserError("there is no run x"), "UserError", 2),
        (DataError("iris.csv:3: text in a numeric column"), "DataError", 2),
        (DivergedError("training diverged in epoch 3\n  epoch  loss\n"), "DivergedError", 3),
        (RunError("runs/x/weights.npz is damaged"), "RunError", 4),
        (Interrupted("interrupted after epoch 3; go on with: …"), "Interrupted", 130),
        (Interrupted("interrupted after epoch 3; go on with: …", signal=15), "Interrupted", 143),
        (KeyboardInterrupt(), "Interrupted", 130),
        (MemoryError("Unable to allocate 7.45 GiB"), "MemoryError", 2),
        (OSError(errno.ENOSPC, "No space left on device"), "OSError", 2),
        (PermissionError(errno.EACCES, "Permission denied", "iris.csv"), "PermissionError", 2),
    ],
)
def test_a_failure_is_an_object_and_its_text(
    invoke: Invoke, workflows: ModuleType, failure: BaseException, kind: str, code: int
) -> None:
    failing(workflows, failure)
    plain, ended = invoke("runs"), invoke("runs", "--json")
    assert (plain.exit_code, plain.stdout) == (code, "")
    assert (ended.exit_code, ended.stderr) == (code, plain.stderr)
    assert error_of(ended.stdout) == {"type": kind, "message": plain.stderr[:-1], "exit_code": code}


def test_a_config_error_has_every_mistake_with_its_place(invoke: Invoke, workdir: Path) -> None:
    (workdir / "a.yaml").write_text(CONFIG)
    ended = invoke("check", "a.yaml", "--json")
    error = error_of(ended.stdout)
    assert (error["type"], error["exit_code"], ended.exit_code) == ("ConfigError", 2, 2)
    assert error["message"] + "\n" == ended.stderr
    types = f"types: {ACTIVATIONS}, auto"
    assert error["problems"] == [
        {
            "file": "a.yaml",
            "option": None,
            "line": 3,
            "column": 41,
            "message": "unknown type 'rellu' in network.0.activation",
            "hint": f"did you mean 'relu'?\n{types}",
        },
        {
            "file": "a.yaml",
            "option": None,
            "line": 5,
            "column": 25,
            "message": "unknown key 'learning_rat' in optimizer (adam)",
            "hint": "did you mean 'learning_rate'?",
        },
    ]


def test_a_mistake_in_an_option_or_in_a_whole_file(invoke: Invoke, workdir: Path) -> None:
    (workdir / "a.yaml").write_text(CONFIG.replace("rellu", "relu").replace("rat:", "rate:"))
    [problem] = error_of(invoke("check", "a.yaml", "-s", "seed=x", "--json").stdout)["problems"]
    assert problem == {
        "file": None,
        "option": "--set seed=x",
        "line": None,
        "column": None,
        "message": "seed must be an integer, got 'x'",
        "hint": None,
    }
    [problem] = error_of(invoke("fit", "nowhere.yaml", "--json").stdout)["problems"]
    assert (problem["file"], problem["line"], problem["message"]) == ("nowhere.yaml", None, "no such file")


@pytest.mark.parametrize(
    "arguments",
    [
        ["eval", "--json"],
        ["eval", "latest", "--split", "all", "--json"],
        ["--json", "fit"],
        ["fit", "a.yaml", "--sett", "x", "--json"],
        ["runs", "--json", "--last", "0"],
        ["fitt", "--json"],
        ["check", "a.yaml", "b.yaml", "--json"],
    ],
)
def test_a_command_line_that_cannot_be_parsed(invoke: Invoke, arguments: list[str]) -> None:
    ended = invoke(*arguments)
    error = error_of(ended.stdout)
    assert (ended.exit_code, error["type"], error["exit_code"]) == (2, "UsageError", 2)
    assert error["message"] in ended.stderr
    assert invoke(*[word for word in arguments if word != "--json"]).stdout == ""


def test_what_asks_for_json() -> None:
    assert wants_json(["runs", "--json"])
    assert not wants_json(["runs"])
    assert not wants_json(["eval", "--", "--json"])  # the name of a run


def test_a_bug(workflows: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    failing(workflows, ZeroDivisionError("what nobody thought of"))
    monkeypatch.setattr(sys, "argv", ["nntrain", "runs", "--json"])
    with pytest.raises(SystemExit) as ended:
        program.main()
    shown = capsys.readouterr()
    assert ended.value.code == 1
    assert error_of(shown.out) == {"type": "ZeroDivisionError", "message": "what nobody thought of", "exit_code": 1}
    assert "This is a bug in nntrain" in shown.err


def test_success_has_no_error(invoke: Invoke, workdir: Path) -> None:
    assert json.loads(invoke("runs", "--json").stdout) == {"runs": []}
    assert list(workdir.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_stays_one_line() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "nntrain", "check", "nowhere.yaml", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (2, "nowhere.yaml: no such file\n1 error in nowhere.yaml\n")
