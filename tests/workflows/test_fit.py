"""`fit`: what is trained, what is said on the way, and what is left; equal configs and seeds leave equal weights."""

import hashlib
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.assembly.data import Data
from nntrain.config.experiment import Experiment, load_experiment
from nntrain.errors import DivergedError
from nntrain.train.records import EpochRecord
from nntrain.workflows import FitInfo, FitResult, Listener
from tests.experiments import BINARY, CLASSES, PETS, VALUES, load, write_pets


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def fit(experiment: Experiment, **arguments: Any) -> FitResult:
    return nntrain.fit(experiment, **{"runs_dir": "runs", **arguments})


def history(result: FitResult) -> list[dict[str, float]]:
    return [json.loads(line) for line in (result.run / "history.jsonl").read_text().splitlines()]


def test_what_a_run_leaves() -> None:
    result = fit(load(CLASSES, "seed=4", name="flowers.yaml"))
    assert result.run.parent == Path("runs")
    assert result.run.name.startswith("flowers-")
    names = {"config.yaml", "source.yaml", "history.jsonl", "weights.npz", "preprocess.json", "result.json",
             "environment.json", "status.json"}  # fmt: skip
    assert names <= {path.name for path in result.run.iterdir()} <= {*names, "checkpoint.npz", "lock"}
    for name in ("preprocess", "result", "environment", "status"):
        text = (result.run / f"{name}.json").read_text(encoding="utf-8")
        assert list(json.loads(text)) == sorted(json.loads(text))
    assert json.loads((result.run / "status.json").read_text())["status"] == "complete"


def test_the_result_is_what_the_files_say() -> None:
    result = fit(load(CLASSES))
    written = json.loads((result.run / "result.json").read_text())
    assert written["metrics"] == result.metrics
    assert set(result.metrics) == {"training", "validation", "test"}
    assert all(set(scores) == {"loss", "accuracy"} for scores in result.metrics.values())
    for name in ("best_epoch", "epochs", "parameters", "stop_reason", "weights_sha256"):
        assert written[name] == getattr(result, name)
    assert result.parameters == 2 * 4 + 4 + 4 * 3 + 3
    assert (result.epochs, result.stop_reason, result.warnings) == (5, "all epochs done", [])
    assert 0 < result.seconds < 60


def test_the_history_has_a_line_for_each_epoch() -> None:
    result = fit(load(CLASSES))
    lines = history(result)
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5]
    expected = {"epoch", "training.loss", "validation.loss", "validation.accuracy", "learning_rate", "gradient_norm"}
    assert all(set(line) >= expected for line in lines)
    assert lines[-1]["training.loss"] < lines[0]["training.loss"]
    best = min(lines, key=lambda line: line["validation.loss"])
    assert result.best_epoch == best["epoch"]
    assert result.metrics["validation"] == {"loss": best["validation.loss"], "accuracy": best["validation.accuracy"]}


def test_the_weights_are_those_of_the_best_epoch() -> None:
    """A rate that is too high: the loss goes up and down, and the last epoch is not the best."""
    text = BINARY + "optimizer: {type: sgd, learning_rate: 8.0}\n"
    result = fit(load(text, "training.epochs=20"))
    lines = history(result)
    assert result.best_epoch < result.epochs
    assert result.metrics["validation"]["loss"] == min(line["validation.loss"] for line in lines)
    last = fit(load(text, "training.epochs=20", "early_stopping={restore_best: false}"))
    assert last.metrics["validation"]["loss"] == history(last)[-1]["validation.loss"]
    assert last.weights_sha256 != result.weights_sha256


def test_early_stopping() -> None:
    result = fit(load(CLASSES, "training.epochs=300", "optimizer.learning_rate=0.1", "early_stopping.patience=3"))
    assert result.stop_reason == "early stopping"
    assert result.epochs == len(history(result)) < 300
    assert result.best_epoch <= result.epochs - 3
    assert not (result.run / "checkpoint.npz").exists()


def test_a_metric_may_be_monitored() -> None:
    result = fit(load(CLASSES, "early_stopping.monitor=validation.f1", "training.epochs=15"))
    lines = history(result)
    assert all("validation.f1" in line for line in lines)
    assert lines[result.best_epoch - 1]["validation.f1"] == max(line["validation.f1"] for line in lines)
    assert "f1" not in result.metrics["test"]


@pytest.mark.parametrize("text", [CLASSES, BINARY, VALUES], ids=["classes", "binary", "values"])
def test_the_same_config_and_seed_give_the_same_weights_and_another_seed_others(text: str) -> None:
    results = [fit(load(text, "training.epochs=3", f"seed={seed}")) for seed in (0, 0, 1)]
    shas = [result.weights_sha256 for result in results]
    assert shas[0] == shas[1] != shas[2]
    assert history(results[0]) == history(results[1])
    assert results[0].run != results[1].run


def test_the_sha256_is_of_the_weights() -> None:
    result = fit(load(CLASSES))
    with np.load(result.run / "weights.npz", allow_pickle=False) as file:
        weights = {name: file[name] for name in file.files}
    model = nntrain.load_run(result.run)
    arrays = {path: array[0] for path, array in model.network.parameters().items()}
    assert list(arrays) == ["hidden.w", "hidden.b", "output.w", "output.b"]
    assert all(np.array_equal(weights[path], array) for path, array in arrays.items())
    assert len(result.weights_sha256) == len(hashlib.sha256().hexdigest())


def test_a_run_repeats_itself_from_its_own_config() -> None:
    """From another directory, with the data at its old place; and its config has nothing left to decide."""
    Path("data").mkdir()
    Path("configs").mkdir()
    write_pets("data/pets.csv")
    text = (
        PETS.replace("pets.csv", "../data/pets.csv") + "loss: {type: binary_cross_entropy, class_weights: balanced}\n"
    )
    result = fit(load(text, "seed=3", "training.epochs=4", name="configs/pets.yaml"), runs_dir="deep/er/runs")
    again = fit(load_experiment(result.run / "config.yaml"), runs_dir="elsewhere")
    assert again.weights_sha256 == result.weights_sha256
    assert again.metrics == result.metrics
    assert again.run.name.startswith("pets-")
    config = (result.run / "config.yaml").read_text()
    assert "path: ../../../../data/pets.csv" in config
    assert "auto" not in config.replace("format: auto", "").replace("threads: auto", "")
    third = fit(load_experiment(again.run / "config.yaml"))
    assert third.weights_sha256 == result.weights_sha256


def test_a_project_may_be_moved() -> None:
    Path("project").mkdir()
    write_pets("project/pets.csv")
    result = fit(load(PETS, "training.epochs=3", name="project/pets.yaml"), runs_dir="project/runs")
    shutil.move("project", "moved")
    run = Path("moved/runs", result.run.name)
    assert fit(load_experiment(run / "config.yaml")).weights_sha256 == result.weights_sha256
    assert nntrain.evaluate(run)["loss"] == pytest.approx(result.metrics["test"]["loss"], rel=1e-6)


def test_the_source_is_kept_byte_for_byte() -> None:
    text = "# my flowers: ä, 花\n" + CLASSES
    result = fit(load(text))
    assert (result.run / "source.yaml").read_bytes() == text.encode()
    result = fit(load(text, "seed=2", "training.epochs=1"))
    assert (result.run / "source.yaml").read_text(encoding="utf-8") == (
        text + "# changed from outside this file:\n#   seed=2\n#   training.epochs=1\n"
    )


@pytest.mark.parametrize("batch_size", [1, 7, 54, 1000, "full"])
def test_batch_sizes(batch_size: object) -> None:
    result = fit(load(CLASSES, f"training.batch_size={batch_size}", "training.epochs=2"))
    assert np.isfinite(result.metrics["training"]["loss"])


def test_a_batch_beyond_the_data_is_the_whole_data() -> None:
    results = [
        fit(load(CLASSES, f"training.batch_size={size}", "training.epochs=3")) for size in (54, 55, 1000, "full")
    ]
    assert len({result.weights_sha256 for result in results}) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_have_the_dtype_of_the_experiment(dtype: str) -> None:
    result = fit(load(CLASSES, f"dtype={dtype}", "training.epochs=1"))
    with np.load(result.run / "weights.npz", allow_pickle=False) as file:
        assert {file[name].dtype for name in file.files} == {np.dtype(dtype)}


def test_without_validation_all_epochs_are_trained_and_the_last_weights_kept() -> None:
    result = fit(load(CLASSES, "data.split={validation: 0, test: 0}"))
    assert set(result.metrics) == {"training"}
    assert (result.epochs, result.best_epoch) == (5, 5)
    assert not any(name.startswith("validation.") for name in history(result)[0])


def test_scores_of_a_scaled_target_are_in_the_units_of_the_data() -> None:
    """Trained to the end both ways: the loss is in scaled units, RMSE and R² are not."""
    base = VALUES.replace("noise: 0.1", "noise: 0.0")
    scaled = fit(load(base, "data.preprocess.target=standard", "training.epochs=30", "optimizer.learning_rate=0.03"))
    model = nntrain.load_run(scaled.run)
    test = Data(load_experiment(scaled.run / "config.yaml"))
    rows = test.pool.rows(test.split.test)
    assert isinstance(rows.inputs, tuple)
    x = np.stack([column.values for column in rows.inputs], axis=1)
    t = rows.target_columns[0].values
    error = model.predict(x) - t
    assert scaled.metrics["test"]["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
    assert scaled.metrics["test"]["r2"] == pytest.approx(1 - np.sum(error**2) / np.sum((t - t.mean()) ** 2), rel=1e-5)
    scale = model.preprocessor.to_json()["target"]["scale"][0]
    assert scaled.metrics["test"]["loss"] == pytest.approx(np.mean(error**2) / scale**2, rel=1e-4)


class Heard(Listener):
    """Everything that was said, in order."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def started(self, info: FitInfo) -> None:
        self.said.append(info)

    def epoch(self, record: EpochRecord) -> None:
        self.said.append(record)

    def warned(self, message: str) -> None:
        self.said.append(message)


def test_what_is_said_on_the_way() -> None:
    heard = Heard()
    experiment = load(CLASSES, "network.0.initializer=zeros", "early_stopping.patience=9", name="flowers.yaml")
    result = fit(experiment, listener=heard)
    warning, info, *records = heard.said
    assert warning == result.warnings[0]
    assert "all units start with the same weights" in warning
    assert info == FitInfo(
        name="flowers", run=result.run, epochs=5, training=54, validation=18, test=18, batch_size=16,
        parameters=result.parameters, monitor="validation.loss",
    )  # fmt: skip
    assert [record.epoch for record in records] == [1, 2, 3, 4, 5]
    for record, line in zip(records, history(result), strict=True):
        assert record.examples == 54
        assert record.members.tolist() == [0]
        assert {"epoch": record.epoch, **{name: values[0] for name, values in record.values.items()}} == line
    assert json.loads((result.run / "result.json").read_text())["warnings"] == result.warnings


def test_training_works_outside_of_the_main_thread() -> None:
    """Where signals cannot be heard."""
    results: list[FitResult] = []
    thread = threading.Thread(target=lambda: results.append(fit(load(CLASSES))))
    thread.start()
    thread.join()
    assert results[0].weights_sha256 == fit(load(CLASSES)).weights_sha256


def test_divergence_is_an_error_and_leaves_a_run_that_says_so() -> None:
    text = BINARY.replace("tanh", "relu") + "optimizer: {type: sgd, learning_rate: 1.0e+30}\n"
    with pytest.raises(DivergedError) as caught:
        fit(load(text))
    assert caught.value.exit_code == 3
    assert "diverged" in str(caught.value)
    [run] = Path("runs").iterdir()
    assert json.loads((run / "status.json").read_text())["status"] == "diverged"
    assert json.loads((run / "result.json").read_text())["stop_reason"] == "diverged"


def test_a_search_section_is_nothing_to_fit() -> None:
    searching = CLASSES + "search: {space: {seed: [1, 2]}, monitor: validation.f1}\n"
    assert fit(load(searching)).weights_sha256 == fit(load(CLASSES)).weights_sha256


def test_plateau_waits_for_the_end_of_the_warmup() -> None:
    """No epoch is better by 1000. Five epochs rise to 0.1, the sixth is the first to be compared with."""
    schedule = "schedule={type: plateau, factor: 0.25, patience: 1, min_delta: 1000, warmup_epochs: 5}"
    result = fit(load(CLASSES, schedule, "optimizer.learning_rate=0.1", "training.epochs=9"))
    rates = [line["learning_rate"] for line in history(result)]
    assert rates == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1, 0.1, 0.1, 0.025, 0.00625], rel=1e-12)


# Which weights are kept, and what is said of them

SMALL = (
    "data: {synthetic: {type: moons, examples: 60, noise: 0.3}}\n"
    "network: [{type: dense, units: 32, activation: relu}, {type: dense, units: auto, activation: auto}]\n"
    "optimizer: {type: adam, learning_rate: 0.05}\ntraining: {epochs: 100}\n"
)


def best_line(result: FitResult, name: str, *, maximize: bool = False) -> tuple[int, float]:
    """The first epoch with the best value of a quantity, and that value, as the history has it."""
    values = [line[name] for line in history(result)]
    best = max(values) if maximize else min(values)
    return values.index(best) + 1, best


def test_without_early_stopping_the_weights_are_the_last_ones() -> None:
    result = fit(load(SMALL, "early_stopping=null"))
    epoch, value = best_line(result, "validation.loss")
    assert (result.keeps, result.best_epoch, result.judged_by) == ("last", 100, "validation.loss")
    assert epoch < 100
    assert result.note == (
        f"validation.loss was lowest in epoch {epoch} ({value:.4g}), but the weights are those of epoch 100; "
        "early_stopping: {patience: 100} keeps those of the best epoch"
    )
    kept = fit(load(SMALL, "early_stopping={patience: 100}"))
    assert (kept.keeps, kept.best_epoch, kept.note) == ("best", epoch, None)
    assert kept.metrics["validation"]["loss"] == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("monitor", ["validation.loss", "validation.accuracy", "training.accuracy"])
def test_early_stopping_that_does_not_restore(monitor: str) -> None:
    maximize = monitor.endswith("accuracy")
    rule = f"{{{{monitor: {monitor}, patience: 10, restore_best: {{}}}}}}"
    result = fit(load(SMALL, "early_stopping=" + rule.format("false")))
    epoch, value = best_line(result, monitor, maximize=maximize)
    assert (result.keeps, result.best_epoch, result.judged_by) == ("last", result.epochs, monitor)
    most = "highest" if maximize else "lowest"
    assert result.note == (
        f"{monitor} was {most} in epoch {epoch} ({value:.4g}), but the weights are those of epoch {result.epochs}; "
        "early_stopping.restore_best: true keeps those of the best epoch"
    )
    kept = fit(load(SMALL, "early_stopping=" + rule.format("true")))
    assert (kept.keeps, kept.best_epoch, kept.note, kept.judged_by) == ("best", epoch, None, monitor)


def test_nothing_is_to_be_said_where_the_last_epoch_is_the_best_or_nothing_chooses() -> None:
    result = fit(load(CLASSES, "early_stopping=null"))
    assert best_line(result, "validation.loss")[0] == 5
    assert (result.keeps, result.note) == ("last", None)
    result = fit(load(SMALL, "data.split.validation=0"))
    assert (result.keeps, result.note, result.judged_by) == ("last", None, "training.loss")


def test_the_files_of_the_run_say_which_weights_they_are() -> None:
    result = fit(load(SMALL, "early_stopping=null"))
    written = json.loads((result.run / "result.json").read_text())
    assert (written["best_epoch"], written["keeps"], written["note"]) == (100, "last", result.note)
