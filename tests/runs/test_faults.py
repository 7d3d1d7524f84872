"""A disk that fails, or a process that is killed, at every single system call of a run."""

import contextlib
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.errors import RunError
from nntrain.runs.listing import list_runs
from nntrain.runs.store import RunDirectory
from tests.run_directories import create_run
from tests.runs.conftest import HISTORY, RESULT, WEIGHTS, FaultyDisk, Killed, write_everything

NEVER = 10**9


def _whole_run(disk: FaultyDisk, runs: Path) -> None:
    run = create_run(runs, "iris", disk=disk)
    write_everything(run)
    # as a continued run does: another config, other weights
    run.set_status("running")
    run.write_config("seed: 0\nepochs: 2\n")
    with run.history_writer(keep=2) as history:
        history.append({"epoch": 3})
    run.write_weights({**WEIGHTS, "0.b": np.zeros(3, np.float32)})
    run.write_result({**RESULT, "epochs": 3})
    run.set_status("complete")


def _calls(tmp_path: Path) -> int:
    disk = FaultyDisk(NEVER)
    _whole_run(disk, tmp_path / "counted")
    return disk.calls


def _check(run: RunDirectory) -> None:
    """Every file is one of the versions that were written, or missing; nothing is half there."""
    versions: dict[str, tuple[Callable[[], object], list[Any]]] = {
        "config.yaml": (run.read_config, ["seed: 0\n", "seed: 0\nepochs: 2\n"]),
        "source.yaml": (run.read_source, ["seed: 0  # as written\n"]),
        "preprocess.json": (run.read_preprocess, [{"classes": ["a", "b"], "means": [1.5, -2.0]}]),
        "environment.json": (run.read_environment, [{"python": "3.11.0"}]),
        "history.jsonl": (lambda: [*run.iter_history()], [[], HISTORY[:1], HISTORY, [*HISTORY, {"epoch": 3}]]),
        "result.json": (lambda: run.read_result()["epochs"], [2, 3]),
        "weights.npz": (lambda: float(run.read_weights()["0.b"].sum()), [1.5, 0.0]),
    }
    for name, (read, allowed) in versions.items():
        if (run.path / name).exists():
            assert read() in allowed, name
    weights, result = run.path / "weights.npz", run.path / "result.json"
    if result.exists():
        assert weights.exists()
        assert (float(run.read_weights()["0.b"].sum()) == 0.0) == (run.read_result()["epochs"] == 3)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_failing_disk_leaves_a_readable_run_or_none(tmp_path: Path, number: int) -> None:
    for fail_at in range(1, _calls(tmp_path) + 1):
        runs = tmp_path / f"{number}-{fail_at}"
        disk = FaultyDisk(fail_at, number=number, short=True)
        with contextlib.suppress(RunError):
            _whole_run(disk, runs)
        for summary in list_runs(runs):
            assert summary.status != "damaged", (fail_at, summary.problem)
            run = RunDirectory.open(summary.path)
            _check(run)
            assert list(summary.path.glob("*.tmp")) == []
            run.write_config("again\n")  # the run can still be written to
            assert run.read_config() == "again\n"


def test_a_kill_leaves_a_readable_run_or_none(tmp_path: Path) -> None:
    for kill_at in range(1, _calls(tmp_path) + 1):
        runs = tmp_path / str(kill_at)
        with pytest.raises(Killed):
            _whole_run(FaultyDisk(kill_at, kill=True, short=True), runs)
        for summary in list_runs(runs):
            assert summary.status != "damaged", (kill_at, summary.problem)
            run = RunDirectory.open(summary.path)
            _check(run)
            with run.lock():
                run.write_config("again\n")
                run.set_status("interrupted")
            assert RunDirectory.open(summary.path).read_config() == "again\n"


def test_a_failure_is_reported_with_the_file_and_the_reason(tmp_path: Path) -> None:
    disk = FaultyDisk(NEVER)
    run = create_run(tmp_path, "iris", disk=disk)
    disk.fail_at = disk.calls + 1
    with pytest.raises(RunError) as caught:
        run.write_weights(WEIGHTS)
    assert str(caught.value) == f"cannot write {run.path / 'weights.npz'}: No space left on device"
    assert [path.name for path in run.path.iterdir()] == ["status.json"]


def test_a_new_run_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    probe = FaultyDisk(NEVER)
    create_run(tmp_path / "runs", "iris", disk=probe)
    for fail_at in range(1, probe.calls + 1):
        parent = tmp_path / str(fail_at)
        parent.mkdir()
        with pytest.raises(RunError, match=r"^cannot write "):
            create_run(parent / "runs", "iris", disk=FaultyDisk(fail_at))
        assert list(parent.iterdir()) == [], fail_at
