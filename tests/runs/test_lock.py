"""One owner per run, and nobody once the owner is dead."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nntrain.errors import RunError
from nntrain.runs.process import host, process_died, process_started
from nntrain.runs.store import RunDirectory

HOLD = """
import sys, time
from nntrain.runs.store import RunDirectory
run = RunDirectory.open(sys.argv[1])
with run.lock():
    run.set_status("running")
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(run: RunDirectory) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(run.path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def test_the_second_is_told_who_has_it(run: RunDirectory, holder: "subprocess.Popen[str]") -> None:
    try:
        with pytest.raises(RunError) as caught, run.lock():
            pass
    finally:
        holder.kill()
        holder.wait()
    assert re.fullmatch(
        re.escape(f"{run.path} is in use by process {holder.pid} since ") + r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d.*",
        str(caught.value),
    )
    assert caught.value.exit_code == 4


def test_a_killed_process_holds_nothing_and_its_run_is_interrupted(
    run: RunDirectory, holder: "subprocess.Popen[str]"
) -> None:
    assert run.read_status().current() == "running"
    holder.send_signal(signal.SIGKILL)
    if sys.platform == "linux":
        os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # dead, but still in the table of processes
        assert run.read_status().current() == "interrupted"
    holder.wait()
    assert run.read_status().current() == "interrupted"
    with run.lock():
        run.set_status("running")
        assert run.read_status().current() == "running"


def test_the_lock_leaves_no_file_and_can_be_taken_again(run: RunDirectory) -> None:
    for _ in range(2):
        with run.lock():
            assert (run.path / "lock").exists()
        assert not (run.path / "lock").exists()


def test_it_is_exclusive_within_one_process_too(run: RunDirectory) -> None:
    with run.lock():
        with pytest.raises(RunError, match=f"is in use by process {os.getpid()} since"), run.lock():
            pass
        assert (run.path / "lock").exists()


def test_an_unreadable_lock_file_is_still_a_lock(run: RunDirectory) -> None:
    with run.lock():
        (run.path / "lock").write_text("[]")
        with pytest.raises(RunError, match="is in use by another process"), run.lock():
            pass


def test_a_link_in_place_of_the_lock_is_not_followed(run: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (run.path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(RunError, match="cannot be locked"), run.lock():
        pass
    assert (tmp_path / "precious").read_text() == "kept"


def test_a_process_is_known_by_its_start() -> None:
    started = process_started(os.getpid())
    if sys.platform == "linux":
        assert started is not None
        assert process_died(os.getpid(), "another boot:1", host())
    assert not process_died(os.getpid(), started, host())
    assert not process_died(os.getpid(), None, host())


def test_a_process_of_another_machine_may_live() -> None:
    assert not process_died(2**30, "boot:1", "some-other-machine")
    assert process_died(2**22 + 1, None, host())  # beyond the largest number that Linux gives
    assert not process_died(-1, None, host())
