"""A network with state, killed and interrupted at any moment: it ends as if nothing had been."""

import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import nntrain
from tests.end_to_end.command import Command, lines_of, run
from tests.end_to_end.stateful import layers_with_state
from tests.end_to_end.test_kill import DROPOUT_AND_EARLY_STOPPING, kill_and_resume, left

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")

STATEFUL = "tests.end_to_end.stateful"
# A checkpoint several times in an epoch.
TEXT = DROPOUT_AND_EARLY_STOPPING.replace("  - {type: dropout", "  - {type: elu, alpha: 0.03}\n  - {type: dropout")
SHORT = TEXT.replace("examples: 2400", "examples: 800")


@pytest.fixture(autouse=True)
def _with_state() -> Iterator[None]:
    with layers_with_state():
        yield


def test_killed_4_times(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, SHORT, kills=4, seed=5, program=STATEFUL)


@pytest.mark.exhaustive
def test_killed_another_100_times(tmp_path: Path) -> None:
    kill_and_resume(tmp_path, TEXT, kills=100, seed=11, program=STATEFUL)


def test_interrupted_by_ctrl_c_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "victim.yaml").write_text(TEXT)
    undisturbed = nntrain.fit(nntrain.load_experiment(tmp_path / "victim.yaml"), runs_dir=tmp_path / "undisturbed")
    what: list[str | Path] = ["victim.yaml"]
    for lines in (2, 9, 20):
        command = Command("fit", *what, "-q", cwd=tmp_path, program=STATEFUL)
        assert command.wait_until(partial(_has, tmp_path, lines))
        command.send(signal.SIGINT)
        assert command.end() == 130, command.printed
        assert command.printed.startswith(f"interrupted after epoch {_epochs(tmp_path)}; go on with: nntrain fit ")
        [found] = nntrain.list_runs(tmp_path / "runs")
        with np.load(found.path / "weights.npz") as weights:
            assert (weights["1.centre"] != 0).any()
        what = ["--resume", found.path]
    code, printed = run("fit", *what, "-q", cwd=tmp_path, program=STATEFUL)
    assert code == 0, printed
    assert left(found.path) == left(undisturbed.run)


def _has(cwd: Path, lines: int) -> bool:
    return _epochs(cwd) >= lines


def _epochs(cwd: Path) -> int:
    found = nntrain.list_runs(cwd / "runs") if (cwd / "runs").exists() else []
    return lines_of(found[0].path / "history.jsonl") if found else 0
