"""history.jsonl: appended line by line, tolerant of a cut end, cut back when a run goes on."""

import errno
import json
import os
import tracemalloc
from pathlib import Path

import pytest

from nntrain.errors import RunError
from nntrain.runs.store import RunDirectory
from tests.run_directories import create_run
from tests.runs.conftest import HISTORY, FaultyDisk


def test_each_line_is_there_as_soon_as_it_is_appended(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    with run.history_writer() as history:
        for count, record in enumerate(HISTORY, start=1):
            history.append(record)
            lines = (run.path / "history.jsonl").read_text().splitlines()
            assert [json.loads(line) for line in lines] == HISTORY[:count]


def test_a_cut_last_line_is_left_out(run: RunDirectory) -> None:
    with (run.path / "history.jsonl").open("ab") as file:
        file.write(b'{"epoch": 3, "trai')
    assert [*run.iter_history()] == HISTORY


def test_any_other_bad_line_is_reported(run: RunDirectory) -> None:
    path = run.path / "history.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b'{"epoch": 2, "trai\n' + second)
    with pytest.raises(RunError) as caught:
        [*run.iter_history()]
    assert str(caught.value) == (
        f"{path} is damaged: line 2 is not JSON: Unterminated string starting at at line 1, column 14\n"
        "  the weights and the scores do not depend on it, but the run cannot go on without it"
    )


@pytest.mark.parametrize(("keep", "epochs"), [(0, [9]), (1, [1, 9]), (2, [1, 2, 9])])
def test_going_on_keeps_the_epochs_before_the_checkpoint(run: RunDirectory, keep: int, epochs: list[int]) -> None:
    with (run.path / "history.jsonl").open("ab") as file:
        file.write(b'{"epoch": 3, "trai')
    with run.history_writer(keep) as history:
        history.append({"epoch": 9})
    assert [record["epoch"] for record in [*run.iter_history()]] == epochs


def test_going_on_needs_the_epochs_that_the_checkpoint_counts(run: RunDirectory) -> None:
    with pytest.raises(RunError, match=r"history.jsonl has 2 complete lines, where 3 epochs are to be kept"):
        run.history_writer(3)


@pytest.mark.parametrize("line", [b"{}x", b'{"epoch": 1}', b"[]", b""])
def test_going_on_needs_the_records_of_those_epochs(run: RunDirectory, line: bytes) -> None:
    path = run.path / "history.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0] + line + b"\n")
    before = path.read_bytes()
    with pytest.raises(RunError, match=r"history.jsonl is damaged: line 2 "):
        run.history_writer(2)
    assert path.read_bytes() == before


def test_a_line_without_end_is_not_read(run: RunDirectory) -> None:
    os.truncate(run.path / "history.jsonl", 1 << 40)  # sparse: takes no space on the disk
    for read in (lambda: [*run.iter_history()], run.count_epochs, lambda: run.history_writer(3)):
        with pytest.raises(RunError, match=r"history.jsonl is damaged: line 3 is longer than 4,194,304 bytes"):
            read()


def test_a_history_of_any_length_is_read_within_the_memory_of_a_line(run: RunDirectory) -> None:
    line = b'{"a": [' + b"[], " * 500_000 + b"[]]}\n"
    (run.path / "history.jsonl").write_bytes(line * 9)
    tracemalloc.start()
    try:
        assert sum(1 for _ in run.iter_history()) == 9
        assert tracemalloc.get_traced_memory()[1] < 500e6
    finally:
        tracemalloc.stop()
    assert run.count_epochs() == 9


def test_history_is_neither_written_through_a_link_nor_into_a_pipe(run: RunDirectory, tmp_path: Path) -> None:
    path = run.path / "history.jsonl"
    (tmp_path / "precious").write_text("kept")
    path.unlink()
    path.symlink_to(tmp_path / "precious")
    with pytest.raises(RunError, match=r"^cannot write .*history.jsonl: "):
        run.history_writer()
    assert (tmp_path / "precious").read_text() == "kept"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RunError, match=r"history\.jsonl"):
        run.history_writer()


def test_a_full_disk_cuts_the_unfinished_line_off(tmp_path: Path) -> None:
    disk = FaultyDisk(0, number=errno.ENOSPC, short=True)
    run = create_run(tmp_path, "x", disk=disk)
    with run.history_writer() as history:
        history.append(HISTORY[0])
        disk.fail_at = disk.calls + 1
        with pytest.raises(RunError) as caught:
            history.append(HISTORY[1])
        assert str(caught.value) == f"cannot write {run.path / 'history.jsonl'}: No space left on device"
        assert (run.path / "history.jsonl").read_bytes().endswith(b"}\n")
        history.append(HISTORY[1])
    assert [*run.iter_history()] == HISTORY
