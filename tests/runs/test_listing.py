"""The table of runs, whatever state they are in."""

import math
import shutil
from pathlib import Path

import pytest

from nntrain.errors import RunError
from nntrain.runs import vouched
from nntrain.runs.files import read_bytes
from nntrain.runs.listing import list_runs
from nntrain.runs.store import RunDirectory
from tests.run_directories import create_run


def test_a_complete_run(run: RunDirectory) -> None:
    (summary,) = list_runs(run.path.parent)
    assert summary.name == run.name
    assert summary.path == run.path
    assert summary.status == "complete"
    assert summary.started == run.read_status().started
    assert (summary.epochs, summary.best_epoch) == (2, 2)
    assert summary.metrics == {"test": {"accuracy": 0.9375, "loss": 0.25}}
    assert summary.problem is None


def test_no_directory_is_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == []


def test_a_file_in_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunError, match="runs cannot be read: Not a directory"):
        list_runs(tmp_path / "runs")


def test_other_things_in_the_directory_are_passed_over(run: RunDirectory) -> None:
    (run.path.parent / "README.md").write_text("notes")
    (run.path.parent / "plots").mkdir()
    assert [summary.name for summary in list_runs(run.path.parent)] == [run.name]


def test_oldest_first(tmp_path: Path) -> None:
    names = [create_run(tmp_path, name).name for name in ("c", "a", "b")]
    started = [summary.started or "" for summary in list_runs(tmp_path)]
    assert started == sorted(started)
    assert {summary.name for summary in list_runs(tmp_path)} == set(names)


def test_twice_the_runs_are_twice_the_files_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(path: Path, limit: int) -> bytes:
        read.append(path.name)
        return read_bytes(path, limit)

    monkeypatch.setattr(vouched, "read_bytes", counted)
    for count in (5, 10):
        for _ in range(5):
            create_run(tmp_path, "x").write_result({"epochs": 3})
        read.clear()
        assert len(list_runs(tmp_path)) == count
        assert sorted(read) == ["result.json"] * count + ["status.json"] * (2 * count)


def test_an_unfinished_run_shows_the_epochs_of_its_history(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    with run.history_writer() as history:
        history.append({"epoch": 1})
    run.set_status("diverged", "the loss is not finite in epoch 2")
    (summary,) = list_runs(tmp_path)
    assert (summary.status, summary.epochs, summary.best_epoch) == ("diverged", 1, None)
    assert summary.problem == "the loss is not finite in epoch 2"


def test_a_null_score_is_nan(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    run.write_result({"metrics": {"test": {"roc_auc": math.nan}}, "epochs": 3})
    (summary,) = list_runs(tmp_path)
    assert math.isnan(summary.metrics["test"]["roc_auc"])


def test_damaged_runs_are_listed_with_their_problem(run: RunDirectory) -> None:
    runs = run.path.parent
    for name in ("no-status", "no-weights", "bad-result"):
        shutil.copytree(run.path, runs / name)
    (runs / "no-status" / "status.json").unlink()
    (runs / "no-weights" / "weights.npz").unlink()
    (runs / "bad-result" / "result.json").write_text('{"metrics": 3}')
    (runs / "empty-20260101-000000-0000").mkdir()
    found = {summary.name: summary for summary in list_runs(runs)}
    assert found[run.name].problem is None
    assert found["no-weights"].problem == f"{runs / 'no-weights'} lacks weights.npz"
    assert (found["no-weights"].status, found["no-weights"].best_epoch) == ("complete", 2)
    assert (found["bad-result"].problem or "").startswith(
        f"{runs / 'bad-result' / 'result.json'} was changed after the run wrote it"
    )
    for name in ("no-status", "empty-20260101-000000-0000"):
        assert found[name].status == "damaged"
        assert (found[name].problem or "").startswith(f"{runs / name / 'status.json'} is missing")


def test_strange_values_in_a_result_do_no_harm(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    run.write_result({"metrics": {"test": 3, "validation": {"loss": "low"}}, "epochs": "many", "best_epoch": True})
    (summary,) = list_runs(tmp_path)
    assert (summary.epochs, summary.best_epoch) == (None, None)
    assert math.isnan(summary.metrics["validation"]["loss"])
