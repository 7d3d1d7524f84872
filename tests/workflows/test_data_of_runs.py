"""A run finds its data again wherever both are moved, and refuses what has become something else."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

import nntrain
from nntrain.config import load_experiment
from nntrain.errors import DataError, NntrainError, UserError
from nntrain.workflows import resume
from tests.workflows import damage
from tests.workflows.damage import CONFIG, TABLE, refusal, write_experiment


@pytest.fixture
def train(workdir: Path) -> Callable[..., Path]:
    """Trains in an empty folder, with overrides; its result is the run's path."""
    write_experiment(workdir)
    return damage.train


def test_two_files_of_one_name_are_told_apart(workdir: Path) -> None:
    for number, folder in enumerate(("one", "two")):
        (workdir / folder).mkdir()
        (workdir / folder / "table.csv").write_text(TABLE.replace("9.5", f"{number}.25"))
    (workdir / "small.yaml").write_text(
        CONFIG.replace("path: table.csv", "path: one/table.csv, split: {test: {path: two/table.csv}}")
    )
    run = nntrain.fit(load_experiment("small.yaml")).run
    known = json.loads((run / "environment.json").read_text())["data"]
    assert known == {
        f"../../{folder}/table.csv": sha256((workdir / folder / "table.csv").read_bytes()).hexdigest()
        for folder in ("one", "two")
    }
    assert nntrain.evaluate(run)
    shutil.copyfile("two/table.csv", "one/table.csv")
    with pytest.raises(DataError, match=r"^one/table.csv has changed since .* was trained on it"):
        nntrain.evaluate(run)


def test_runs_and_data_can_be_moved_together(train: Callable[..., Path], workdir: Path) -> None:
    run = train()
    true = nntrain.evaluate(run)
    assert str(workdir) not in "".join(path.read_text() for path in run.iterdir() if path.suffix != ".npz")
    (workdir / "elsewhere").mkdir()
    for name in ("runs", "table.csv"):
        (workdir / name).rename(workdir / "elsewhere" / name)
    assert nntrain.evaluate("elsewhere/runs/small") == true


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_runs_may_be_on_another_disk(train: Callable[..., Path], workdir: Path) -> None:
    """A link to a folder of another depth: what lies above it is not what lies above the link."""
    (workdir / "disk" / "large" / "runs").mkdir(parents=True)
    (workdir / "runs").symlink_to("disk/large/runs")
    run = train()
    assert run.is_relative_to("runs")
    assert nntrain.evaluate(run) == nntrain.evaluate("disk/large/runs/small")
    assert resume(run, overrides=["training.epochs=4"]).epochs == 4


@pytest.mark.skipif(sys.platform == "win32", reason="links")
def test_data_may_have_moved_behind_a_link(train: Callable[..., Path], workdir: Path) -> None:
    run = train()
    true = nntrain.evaluate(run)
    (workdir / "large").mkdir()
    (workdir / "table.csv").rename("large/table.csv")
    (workdir / "table.csv").symlink_to("large/table.csv")
    assert nntrain.evaluate(run) == true


def test_a_file_is_no_run(train: Callable[..., Path]) -> None:
    run = train()
    assert refusal(lambda: nntrain.evaluate(run / "weights.npz")) == (
        "runs/small/weights.npz is a file, not a run directory; a run is named by its directory, runs/small"
    )


def test_what_may_not_be_read(train: Callable[..., Path]) -> None:
    run = train()
    (run / "preprocess.json").chmod(0)
    if os.access(run / "preprocess.json", os.R_OK):
        pytest.skip("root may read everything")
    assert refusal(lambda: nntrain.evaluate(run)).startswith(
        "runs/small/preprocess.json cannot be read: Permission denied\n"
    )
    run.chmod(0)
    try:
        assert refusal(lambda: nntrain.evaluate(run)) == "runs/small cannot be read: Permission denied"
        assert [summary.status for summary in nntrain.list_runs()] in ([], ["damaged"])
    finally:
        run.chmod(0o700)


def test_a_search_that_is_damaged(workdir: Path) -> None:
    (workdir / "table.csv").write_text(TABLE)
    (workdir / "small.yaml").write_text(CONFIG)
    board = nntrain.gridsearch(load_experiment("small.yaml"), parameters={"optimizer.learning_rate": [0.1, 0.01]})
    with pytest.raises(UserError, match="is a search"):
        nntrain.evaluate(board.run)
    (board.run / "result.json").write_bytes(b"{")
    for read in (lambda: nntrain.evaluate(board.run), lambda: resume(board.run)):
        with pytest.raises(NntrainError):
            read()
    assert len(nntrain.list_runs()) == 2
