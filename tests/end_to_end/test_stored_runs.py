"""Runs that an earlier nntrain left are read as well as those of today (tests/stored_runs/README.md)."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain import workflows
from nntrain.arrays import Array
from tests.conftest import ROOT

STORED = ROOT / "tests" / "stored_runs"
NAMES = ("wine", "diabetes")
SPLITS = ("training", "validation", "test")


def expected(name: str) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((STORED / "v1" / "expected.json").read_text(encoding="utf-8"))[name]
    return answers


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The stored runs and the data, moved together."""
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    shutil.copytree(STORED, tmp_path / "tests" / "stored_runs")
    return tmp_path / "tests" / "stored_runs" / "v1"


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_then(name: str) -> None:
    for split in SPLITS:
        assert nntrain.evaluate(STORED / "v1" / name, split=split) == pytest.approx(
            expected(name)["scores"][split], rel=1e-6, abs=1e-6
        )


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_those_of_then(name: str) -> None:
    then = expected(name)
    rows = workflows.predict(STORED / "v1" / name, ROOT / "datasets" / f"{name}.csv").rows
    predicted = [value for (value,) in rows]
    assert predicted == (then["predictions"] if name == "wine" else pytest.approx(then["predictions"], rel=1e-6))
    model = nntrain.load_run(STORED / "v1" / name)
    assert list(model.feature_names) == then["feature_names"]
    assert (None if model.classes is None else list(model.classes)) == then["classes"]


@pytest.mark.parametrize("name", NAMES)
def test_the_files_need_no_nntrain(name: str) -> None:
    """What runs/README.md and the file formats say is enough to compute the same predictions with NumPy."""
    run = STORED / "v1" / name
    preprocess = json.loads((run / "preprocess.json").read_text(encoding="utf-8"))
    with (ROOT / "datasets" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = preprocess["inputs"]["columns"]
    x = np.array([[(float(row[c["name"]]) - c["center"]) / c["scale"] for c in columns] for row in rows])
    with np.load(run / "weights.npz") as w:
        if name == "wine":
            hidden: Array = np.maximum(0, x @ w["hidden.w"] + w["hidden.b"])
            answers = (hidden @ w["2.w"] + w["2.b"]).argmax(axis=1)
            assert [preprocess["target"]["classes"][k] for k in answers] == expected(name)["predictions"]
        else:
            target = preprocess["target"]
            y = (np.tanh(x @ w["0.w"] + w["0.b"]) @ w["1.w"] + w["1.b"])[:, 0]
            values = y * target["scale"][0] + target["center"][0]
            assert values.tolist() == pytest.approx(expected(name)["predictions"], rel=1e-6)


def test_they_are_listed() -> None:
    found = {run.name: run for run in nntrain.list_runs(STORED / "v1")}
    assert {name: (run.status, run.problem) for name, run in found.items()} == {
        "wine": ("complete", None),
        "diabetes": ("complete", None),
    }
    for name, run in found.items():
        assert run.metrics["test"]["loss"] == pytest.approx(expected(name)["scores"]["test"]["loss"])


def test_training_goes_on(copy: Path) -> None:
    """The state of eight epochs and four more end where twelve did; on other machines to rounding."""
    longer = expected("diabetes")["longer"]
    result = workflows.resume(copy / "diabetes", overrides=[f"training.epochs={longer['epochs']}"], force=True)
    assert result.epochs == longer["epochs"]
    for split in SPLITS:
        assert result.metrics[split] == pytest.approx(longer["metrics"][split], rel=1e-6)
        assert nntrain.evaluate(copy / "diabetes", split=split)["rmse"] == pytest.approx(
            longer["metrics"][split]["rmse"]
        )


@pytest.mark.parametrize("name", NAMES)
def test_they_are_verified(name: str) -> None:
    """Later arithmetic and other machines may give other bits, but not another training."""
    report = workflows.verify(STORED / "v1" / name)
    assert report.weights_sha256 == expected(name)["weights_sha256"]
    assert report.epochs == len((STORED / "v1" / name / "history.jsonl").read_bytes().splitlines())
    if report.difference is not None:
        assert report.difference.repeated == pytest.approx(report.difference.recorded, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_their_configs_can_be_trained_again(name: str, copy: Path, tmp_path: Path) -> None:
    again = nntrain.fit(nntrain.load_experiment(copy / name / "config.yaml"), runs_dir=tmp_path / "runs")
    assert again.metrics["test"]["loss"] == pytest.approx(expected(name)["scores"]["test"]["loss"], rel=1e-3)


def test_nothing_of_a_machine_is_stored() -> None:
    for path in STORED.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for trace in (b"C:\\", b'"/', b" /"):  # how an absolute path begins in JSON and in YAML
                assert trace not in content, path
