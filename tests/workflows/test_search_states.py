"""A search is named as one by every command, whenever it was stopped and whatever of it can be read."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nntrain
from nntrain import workflows
from nntrain.errors import Interrupted, NntrainError, RunError, UserError
from nntrain.runs.store import RunDirectory
from nntrain.train.records import EpochRecord
from nntrain.workflows import FitInfo, Leaderboard, Listener
from tests.experiments import CLASSES, load
from tests.run_directories import create_run

RATES: dict[str, Any] = {"optimizer.learning_rate": [0.1, 0.01], "network.0.units": [2, 4]}
USES: dict[str, Callable[[Path], object]] = {
    "eval": nntrain.evaluate,
    "predict": lambda run: workflows.predict(run, "rows.csv"),
    "load_run": nntrain.load_run,
    "fit --resume": workflows.resume,
    "verify": workflows.verify,
}
KILLED_AT_ONCE = """
import os, signal
import nntrain
from nntrain.workflows import Listener
class Kill(Listener):
    def trials(self, done, total):
        os.kill(os.getpid(), signal.SIGKILL)
space = {"optimizer.learning_rate": [0.1, 0.01]}
nntrain.gridsearch(nntrain.load_experiment("a.yaml"), parameters=space, listener=Kill())
"""


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def said(run: Path, kind: type[NntrainError] = UserError) -> set[str]:
    """What the commands say of a directory, without its name."""
    texts = set()
    for use in USES.values():
        with pytest.raises(kind) as caught:
            use(run)
        texts.add(str(caught.value))
    return texts


def only(runs: str = "runs") -> Path:
    [run] = Path(runs).iterdir()
    return run


def killed(run: Path, status: str = "running", message: str | None = None) -> None:
    """Let the process of a run have vanished."""
    path = run / "status.json"
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "status": status, "message": message, "pid": 2**22 + 1})
    )


def searched() -> Leaderboard:
    return nntrain.gridsearch(load(CLASSES), parameters=RATES)


class Failing(Listener):
    """The disk is full when two networks are done."""

    def trials(self, done: int, total: int) -> None:
        if done:
            raise RunError("cannot write history.jsonl: No space left on device")


def test_killed_before_its_first_point() -> None:
    load(CLASSES)
    subprocess.run([sys.executable, "-c", KILLED_AT_ONCE], check=False, timeout=60)
    run = only()
    for text in said(run):
        assert " is a search" in text
        assert text.endswith(
            "it was interrupted and has finished none of its points; no network was kept. Search again with: "
            f"nntrain gridsearch {run}/config.yaml"
        )
    [summary] = nntrain.list_runs()
    assert (summary.kind, summary.status, summary.points) == ("search", "interrupted", None)


def test_failed() -> None:
    with pytest.raises(RunError):
        nntrain.gridsearch(load(CLASSES), parameters=RATES, listener=Failing())
    run = only()
    for text in said(run):
        assert "it failed (cannot write history.jsonl: No space left on device) and has finished " in text
        assert text.endswith(f"Search again with: nntrain gridsearch {run}/config.yaml")


def test_killed_when_its_points_were_done() -> None:
    board = searched()
    shutil.rmtree(board.refit.run)
    run = RunDirectory(board.run)
    run.write_result({**run.read_result(), "refit": None})
    killed(board.run)
    command = f"nntrain fit {board.run}/config.yaml --set "
    for text in said(board.run):
        assert f"the network of its best point was not trained to the end. Train it with: {command}" in text


def test_failed_in_the_training_of_its_best_point() -> None:
    class Full(Listener):
        def epoch(self, record: EpochRecord) -> None:
            raise RunError("cannot write history.jsonl: No space left on device")

        def started(self, info: FitInfo) -> None:
            pass

    with pytest.raises(RunError):
        nntrain.gridsearch(load(CLASSES), parameters=RATES, listener=Full())
    [run] = Path("runs").glob("*-search-*")
    for text in said(run):
        assert "the network of its best point was not trained to the end. Train it with: nntrain fit " in text


@pytest.mark.parametrize("name", ["status.json", "result.json"])
@pytest.mark.parametrize("content", [None, "{", ""])
def test_damaged(name: str, content: str | None) -> None:
    run = searched().run
    (run / name).unlink()
    if content is not None:
        (run / name).write_text(content)
    if name == "result.json" and content is None:  # the points are not all there is to it
        texts = said(run)
        assert all("is a search" in text for text in texts)
        return
    for text in said(run, RunError):
        assert text.endswith(f"\n  `nntrain gridsearch {run}/config.yaml` searches again")
        assert "nntrain fit" not in text


def test_interrupted_it_says_how_to_go_on() -> None:
    class CtrlC(Listener):
        def trials(self, done: int, total: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        nntrain.gridsearch(load(CLASSES), parameters=RATES, listener=CtrlC())
    command = f"nntrain gridsearch {only()}/config.yaml"
    assert str(caught.value) == f"interrupted: 0 of 4 points are finished\nsearch again with: {command}"
    again = nntrain.gridsearch(nntrain.load_experiment(only() / "config.yaml"), runs_dir="again")
    assert len(again.table) == 4


def test_one_that_an_earlier_version_left_when_it_was_killed() -> None:
    run = create_run("runs", "a-search").path
    killed(run)
    for text in said(run, RunError):
        assert text.startswith(f"{run.name} was killed before its first point was trained, so there is nothing to ")
        assert "start it again with nntrain gridsearch" in text


def test_a_long_name_is_still_that_of_a_search() -> None:
    board = nntrain.gridsearch(load(CLASSES, name="x" * 80 + ".yaml"), parameters={"seed": [0, 1]})
    assert "-search-20" in board.run.name


def test_killed_at_any_moment_it_is_a_search_or_nothing() -> None:
    load(CLASSES)
    words = [sys.executable, "-m", "nntrain", "gridsearch", "a.yaml", "-q", "-p", "optimizer.learning_rate=0.1,0.01"]
    for extra in (0.0, 0.002, 0.005):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seen = len(list(Path("runs").glob("*"))) if Path("runs").exists() else 0
        while process.poll() is None and (not Path("runs").exists() or len(list(Path("runs").glob("*"))) == seen):
            time.sleep(0.0005)
        time.sleep(extra)
        process.kill()
        process.wait()
        for summary in nntrain.list_runs():
            assert summary.status != "damaged", summary.problem
            if "-search-" in summary.name:
                assert summary.kind == "search"
                assert all(" is a search" in text for text in said(summary.path))
