"""A run directory appears at once: whole, or not under a run's name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.errors import RunError
from nntrain.runs.creation import Creation
from nntrain.runs.files import Disk
from nntrain.runs.listing import list_runs
from nntrain.runs.naming import is_run_name
from nntrain.runs.process import signature, signed_by_dead
from nntrain.runs.store import RunDirectory
from tests.run_directories import create_run
from tests.runs.conftest import FaultyDisk, Killed

NEVER = 10**9
# Makes a run and is killed at one of its calls, in a process of its own, which is dead then.
KILLED = """
import os, signal, sys
from tests.runs.conftest import FaultyDisk, Killed
from tests.runs.test_creation import begin_and_write
try:
    begin_and_write(sys.argv[1], FaultyDisk(int(sys.argv[2]), kill=True, short=True))
except Killed:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def begin_and_write(runs: Path | str, disk: Disk) -> RunDirectory:
    """What a fit does before it trains."""
    creation = Creation(runs, "iris", disk=disk)
    run = creation.directory
    with run.lock():
        run.write_config("seed: 0\n")
        run.write_environment({"python": "3.11"})
        run.set_status("running")
        creation.appear()
    return run


def calls(tmp_path: Path) -> int:
    disk = FaultyDisk(NEVER)
    begin_and_write(tmp_path / "counted", disk)
    return disk.calls


def test_killed_at_any_call_it_has_no_run_or_a_whole_one(tmp_path: Path) -> None:
    found = []
    for kill_at in range(1, calls(tmp_path) + 1):
        runs = tmp_path / str(kill_at)
        with pytest.raises(Killed):
            begin_and_write(runs, FaultyDisk(kill_at, kill=True, short=True))
        found.append(list_runs(runs))
        for summary in found[-1]:
            run = RunDirectory.open(summary.path)
            assert (run.read_config(), run.read_environment()) == ("seed: 0\n", {"python": "3.11"})
            assert run.read_status().status == "running"
        assert [path.name for path in runs.glob("[!.]*")] == [summary.name for summary in found[-1]]
    assert [len(each) for each in found] == sorted(len(each) for each in found)
    assert len(found[0]) == 0
    assert len(found[-1]) == 1


def test_what_a_killed_process_left_goes_with_the_next_run(tmp_path: Path) -> None:
    runs, left = tmp_path / "runs", []
    runs.mkdir()
    for kill_at in (4, 9, 14):
        apart = tmp_path / str(kill_at)  # else each would find what the one before has left
        subprocess.run([sys.executable, "-c", KILLED, str(apart), str(kill_at)], check=False, timeout=60)
        left += [path.rename(runs / path.name) for path in apart.iterdir()]
    assert len(left) == 3
    assert list_runs(runs) == []
    (left[0] / "notes.txt").write_text("mine")
    run = create_run(runs, "iris")
    assert sorted(runs.iterdir()) == sorted([left[0], run.path])
    assert [path.name for path in left[0].iterdir()] == ["notes.txt"]


def test_what_a_living_process_is_making_stays(tmp_path: Path) -> None:
    creation = Creation(tmp_path, "iris")
    making = creation.directory
    with making.lock():
        other = create_run(tmp_path, "iris")
        assert [run.path for run in list_runs(tmp_path)] == [other.path]
        making.write_config("seed: 1\n")
        creation.appear()
        assert making.path.name == making.name
        said = rf"{making.name} is in use by process {os.getpid()}"
        with pytest.raises(RunError, match=said), RunDirectory.open(making.path).lock():
            pass
    assert sorted(path.name for path in making.path.iterdir()) == ["config.yaml", "status.json"]
    assert {run.path for run in list_runs(tmp_path)} == {other.path, making.path}


def test_what_cannot_be_written_leaves_nothing_and_is_called_by_its_name(tmp_path: Path) -> None:
    probe = FaultyDisk(NEVER)
    create_run(tmp_path / "counted", "iris", disk=probe)
    for fail_at in range(1, probe.calls + 1):
        with pytest.raises(RunError, match=r"^cannot write ") as caught:
            create_run(tmp_path / str(fail_at), "iris", disk=FaultyDisk(fail_at))
        assert ".nntrain-" not in str(caught.value)
        assert not (tmp_path / str(fail_at)).exists()


def test_a_name_that_was_taken_in_between_is_not_overwritten(tmp_path: Path) -> None:
    creation = Creation(tmp_path, "iris")
    run = creation.directory
    taken = tmp_path / run.name
    taken.mkdir()
    (taken / "status.json").write_text("{}")
    creation.appear()
    assert run.path != taken
    assert is_run_name(run.name)
    assert (taken / "status.json").read_text() == "{}"
    assert run.read_status().status == "running"


@pytest.mark.parametrize("name", ["\U00010400" * 60, "ぁ" * 80, "ß" * 60])
def test_the_name_of_a_directory_is_short_enough_for_a_file_system(tmp_path: Path, name: str) -> None:
    for suffix in ("", "-search"):
        run = create_run(tmp_path, name + suffix)
        assert len(run.name.encode()) <= 255
        assert run.name.startswith(name[:10])


def test_a_process_is_known_by_its_signature() -> None:
    assert not signed_by_dead(signature())
    host, pid, _ = signature().split("-")
    assert not signed_by_dead("0badcafe-1-00000000")  # of another machine
    assert not signed_by_dead("nonsense")
    if sys.platform == "linux":
        assert signed_by_dead(f"{host}-{pid}-0badcafe")  # another process had the number before
        assert signed_by_dead(f"{host}-{2**22 + 1}-0badcafe")


def test_times_are_written_in_utc(run: RunDirectory) -> None:
    status = json.loads((run.path / "status.json").read_text())
    assert status["started"].endswith("+00:00")
    assert status["updated"].endswith("+00:00")
