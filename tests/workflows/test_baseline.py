"""What a run knows of the constant answer, and what it says to do where it was still improving."""

import json
import math
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import nntrain
from nntrain.cli.app import app
from nntrain.runs.store import RunDirectory
from nntrain.workflows import FitResult, evaluation, fit
from tests.experiments import BINARY, CLASSES, PETS, VALUES, load, write_pets, write_table

FLAGS = """\
data: {path: flags.csv, target: [a, b], split: {validation: 0.25, test: 0.25}}
network: [{type: dense, units: auto, activation: auto}]
training: {epochs: 3}
"""


def trained(text: str, *overrides: str) -> FitResult:
    return fit(load(text, *overrides))


def entropy(shares: list[float]) -> float:
    return -sum(share * math.log(share) for share in shares)


def same(first: dict[str, float], second: dict[str, float]) -> None:
    """Equal but for rounding to float32, as far as both have a score."""
    assert first.keys() <= second.keys()
    for name, value in first.items():
        assert value == pytest.approx(second[name], rel=1e-6, abs=1e-6, nan_ok=True), name


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        (CLASSES, ()),
        (CLASSES, ("loss=mean_squared_error", "network.output.activation=softmax")),
        (BINARY, ("loss={type: binary_cross_entropy, class_weights: balanced, label_smoothing: 0.1}",)),
        (VALUES, ("data.preprocess.target=standard", "metrics=[rmse, mae, r2, max_error]")),
        (VALUES, ("data.preprocess.target=minmax", "loss=mean_absolute_error")),
        (VALUES, ("loss={type: huber, delta: 0.5}", "dtype=float64")),
        (VALUES, ("loss=half_squared_error",)),
        (FLAGS, ()),
    ],
)
def test_fit_and_eval_have_the_same_baseline(text: str, overrides: tuple[str, ...]) -> None:
    write_table("flags.csv", "xyab", [(i, -i, int(i % 4 == 0), int(i % 3 == 0)) for i in range(40)])
    result = trained(text, *overrides)
    assert result.baseline.keys() == result.metrics.keys() == {"training", "validation", "test"}
    written = json.loads((result.run / "result.json").read_text())["baseline"]
    assert written == result.baseline
    for split, scores in result.baseline.items():
        assert scores.keys() == result.metrics[split].keys()
        same(scores, evaluation(result.run, split=split).baseline)


@pytest.mark.usefixtures("workdir")
def test_the_loss_of_the_baseline_by_hand() -> None:
    thirds = trained(CLASSES).baseline["training"]
    assert thirds["loss"] == pytest.approx(entropy([1 / 3] * 3))
    write_pets()
    pets = trained(PETS)
    rows = Path("pets.csv").read_text().count(",cat"), Path("pets.csv").read_text().count(",dog")
    assert rows == (20, 40)
    assert pets.baseline["test"]["loss"] == pytest.approx(entropy([1 / 3, 2 / 3]))  # the split is stratified
    assert pets.baseline["test"]["accuracy"] == pytest.approx(2 / 3)
    standard = trained(VALUES, "data.preprocess.target=standard").baseline["training"]
    assert standard["loss"] == pytest.approx(1.0, rel=1e-5)  # the variance of standardized targets
    assert standard["r2"] == pytest.approx(0.0, abs=1e-6)
    assert standard["rmse"] > 1.01 or standard["rmse"] < 0.99  # in the units of the data


@pytest.mark.usefixtures("workdir")
def test_the_positive_class_is_named() -> None:
    write_pets()
    result = trained(PETS)
    assert result.positive_class == "dog"
    assert evaluation(result.run).positive_class == "dog"
    assert nntrain.check(load(PETS)).positive_class == "dog"
    [summary] = nntrain.list_runs()
    assert summary.positive_class == "dog"
    for text in (CLASSES, VALUES):
        assert trained(text).positive_class is None


@pytest.mark.usefixtures("workdir")
def test_the_perceptron_has_a_baseline_without_loss() -> None:
    result = trained(
        "data: {synthetic: and, split: {validation: 0, test: 0}}\n"
        "network: [{type: dense, units: 1, activation: step}]\nloss: perceptron\n"
        "optimizer: {type: sgd, learning_rate: 1.0}\ntraining: {epochs: 5}\n"
    )
    [scores] = result.baseline.values()
    assert math.isnan(scores["loss"])
    assert scores["accuracy"] == 0.75
    assert json.loads((result.run / "result.json").read_text())["baseline"]["training"]["loss"] is None


SLOW = ("optimizer={type: adam, learning_rate: 0.001}", "training.epochs=20")


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize(
    "more",
    [(), ("early_stopping=null",), ("training.checkpoint=null",), ("schedule={type: cosine, minimum_factor: 1}",)],
)
def test_a_run_that_was_still_improving_says_how_to_go_on_and_that_works(more: tuple[str, ...]) -> None:
    result = trained(CLASSES, *SLOW, *more)
    assert result.stop_reason == "all epochs done"
    goes_on = not more or more == ("early_stopping=null",)
    run = shlex.quote(str(result.run))
    start = f"nntrain fit --resume {run}" if goes_on else f"nntrain fit {run}/config.yaml"
    assert result.longer == f"{start} --set training.epochs=40"
    ended = CliRunner().invoke(app, [*shlex.split(result.longer)[1:], "--json", "-q"])
    assert ended.exit_code == 0, ended.output
    longer = json.loads(ended.stdout)
    assert longer["epochs"] == 40
    assert (longer["run"] == str(result.run)) is goes_on
    assert longer["metrics"]["validation"]["loss"] < result.metrics["validation"]["loss"]


@pytest.mark.usefixtures("workdir")
def test_a_resumed_run_knows_the_epochs_before() -> None:
    """11 epochs in all: the one that is new is the last tenth, and better than the ten of the history."""
    first = trained(CLASSES, *SLOW, "training.epochs=10")
    again = nntrain.resume(first.run, overrides=["training.epochs=11"])
    assert again.longer is not None


@pytest.mark.usefixtures("workdir")
def test_a_run_that_is_done_says_nothing_of_more_epochs() -> None:
    write_pets()
    stopped = trained(PETS, "training.epochs=500", "optimizer.learning_rate=0.1")
    assert (stopped.stop_reason, stopped.longer) == ("early stopping", None)
    overfitted = trained(PETS, "training.epochs=300", "optimizer.learning_rate=0.1", "early_stopping=null")
    assert (overfitted.stop_reason, overfitted.best_epoch, overfitted.longer) == ("all epochs done", 300, None)


@pytest.mark.usefixtures("workdir")
def test_a_run_without_a_baseline_is_listed_and_shown() -> None:
    """As nntrain 0.1 left them."""
    result = trained(CLASSES)
    directory = RunDirectory(result.run)
    old = {name: value for name, value in directory.read_result().items() if name not in ("baseline", "positive_class")}
    directory.write_result(old)
    directory.set_status("complete")
    [summary] = nntrain.list_runs()
    assert (summary.baseline, summary.positive_class, summary.problem) == ({}, None, None)
    assert summary.score is not None
    assert (summary.score.label, summary.score.baseline) == ("test accuracy", None)
    assert evaluation(result.run).baseline["loss"] == pytest.approx(math.log(3))
    assert CliRunner().invoke(app, ["runs"]).exit_code == 0


@pytest.mark.usefixtures("workdir")
def test_scoring_a_file_learns_the_constant_answer_from_it() -> None:
    write_pets()
    result = trained(PETS)
    write_table("one.csv", ("weight", "length", "home", "kind"), [(4, 8, "in", "cat"), (20, 40, "in", "dog")])
    found = evaluation(result.run, data="one.csv").baseline
    assert found["loss"] == pytest.approx(math.log(2))
    assert np.isfinite(list(found.values())).all()
