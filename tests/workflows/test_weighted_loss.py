"""With class weights there are two losses: the weighted one, which is minimized, and the plain one. Both by hand."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.assembly.data import Data
from nntrain.errors import ConfigError, Interrupted, RunError
from nntrain.runs.store import RunDirectory
from nntrain.workflows import FitInfo, FitResult, Listener, evaluation, fit, gridsearch, resume, verify
from nntrain.workflows.run.interruption import Rehearsal
from tests.experiments import CLASSES, PETS, load, write_pets, write_table

WEIGHTED = PETS + "loss: {type: binary_cross_entropy, class_weights: {cat: 3, dog: 0.5}}\ndtype: float64\n"
SPLITS = ("training", "validation", "test")


@pytest.fixture(autouse=True)
def _pets(workdir: Path) -> None:
    write_pets()


def history(result: FitResult) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (result.run / "history.jsonl").read_text(encoding="utf-8").splitlines()]


def by_hand(run: Path, split: str, weights: dict[str, float]) -> tuple[float, float]:
    """Mean of L and of w L over the examples of a split, from the probabilities that the network gives them."""
    model = nntrain.load_run(run)
    data = Data(model.experiment)
    rows = data.pool.rows(getattr(data.split, split))
    assert isinstance(rows.inputs, tuple)
    shares = model.predict_proba({column.name: column.values for column in rows.inputs})
    kinds = rows.target_columns[0].values
    losses = [-np.log(shares[n, ("cat", "dog").index(kind)]) for n, kind in enumerate(kinds)]
    return float(np.mean(losses)), float(np.mean([weights[k] * loss for k, loss in zip(kinds, losses, strict=True)]))


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_scores_have_both_on_every_split(loss: str) -> None:
    result = nntrain.fit(load(WEIGHTED, f"loss.type={loss}"))
    for split in SPLITS:
        plain, weighted = by_hand(result.run, split, {"cat": 3, "dog": 0.5})
        assert list(result.metrics[split]) == ["loss", "weighted_loss", "accuracy"]
        assert result.metrics[split]["loss"] == pytest.approx(plain, rel=1e-12)
        assert result.metrics[split]["weighted_loss"] == pytest.approx(weighted, rel=1e-12)
        scores = nntrain.evaluate(result.run, split=split)
        assert (scores["loss"], scores["weighted_loss"]) == (
            result.metrics[split]["loss"],
            result.metrics[split]["weighted_loss"],
        )


def test_balanced_weights_are_those_of_training_wherever_it_is_scored() -> None:
    """20 of 60 pets are cats, 12 of the 36 in training: 36 / (2 · 12) and 36 / (2 · 24). In a file they stay so."""
    result = nntrain.fit(load(WEIGHTED, "loss.class_weights=balanced"))
    weights = {"cat": 1.5, "dog": 0.75}
    assert json.loads((result.run / "result.json").read_text(encoding="utf-8"))["class_weights"] == weights
    for split in SPLITS:
        assert result.metrics[split]["weighted_loss"] == pytest.approx(
            by_hand(result.run, split, weights)[1], rel=1e-12
        )
    dogs = [line for line in Path("pets.csv").read_text(encoding="utf-8").splitlines() if not line.endswith("cat")]
    Path("dogs.csv").write_text("\n".join(dogs), encoding="utf-8")
    scores = evaluation(result.run, data="dogs.csv").scores
    assert scores["weighted_loss"] == pytest.approx(0.75 * scores["loss"], rel=1e-12)


def test_the_history_has_both() -> None:
    """One batch in an epoch, so that of the first is taken at the initial weights, by hand from the outputs there."""
    one_batch = ["training.batch_size=full", "training.epochs=1", "optimizer={type: sgd, learning_rate: 1.0e-300}"]
    result = nntrain.fit(load(WEIGHTED, *one_batch))
    (line,) = history(result)
    for split in ("training", "validation"):
        plain, weighted = by_hand(result.run, split, {"cat": 3, "dog": 0.5})
        assert line[f"{split}.loss"] == pytest.approx(plain, rel=1e-12)
        assert line[f"{split}.weighted_loss"] == pytest.approx(weighted, rel=1e-12)


def test_without_class_weights_there_is_one() -> None:
    result = nntrain.fit(load(PETS))
    assert not [name for line in history(result) for name in line if "weighted" in name]
    assert not [name for scores in result.metrics.values() for name in scores if "weighted" in name]
    assert "class_weights" not in json.loads((result.run / "result.json").read_text(encoding="utf-8"))
    assert "weighted_loss" not in nntrain.evaluate(result.run)


def test_the_plain_validation_loss_has_the_bits_of_a_run_without_weights() -> None:
    """At the same parameters, to which one step of no length leads."""
    still = ["training.epochs=1", "optimizer={type: sgd, learning_rate: 1.0e-45}", "dtype=float32"]
    weighted, plain = (nntrain.fit(load(text, *still)) for text in (WEIGHTED, PETS))
    assert weighted.weights_sha256 == plain.weights_sha256
    assert history(weighted)[0]["validation.loss"] == history(plain)[0]["validation.loss"]
    for split in SPLITS:
        assert weighted.metrics[split]["loss"] == plain.metrics[split]["loss"]


def logistic(x: Array, t: Array, weights: Array, epochs: int, rate: float, start: Array) -> Array:
    """Batch gradient descent on 1/N Σ w L, example by example."""
    w = start.copy()
    for _ in range(epochs):
        gradient = np.zeros_like(w)
        for row, target, weight in zip(x, t, weights, strict=True):
            gradient += weight * (1 / (1 + np.exp(-(w @ row))) - target) * row / len(x)
        w -= rate * gradient
    return w


def test_what_is_minimized_is_the_weighted_loss() -> None:
    """A logistic regression against a loop over the examples."""
    text = WEIGHTED.replace("units: 5, activation: tanh", "units: auto, activation: auto")
    simple = "network=[{type: dense, units: auto, activation: auto, initializer: zeros}]"
    plain = [
        "training={epochs: 7, batch_size: full}",
        "optimizer={type: sgd, learning_rate: 0.3}",
        "early_stopping=null",
    ]
    result = nntrain.fit(load(text, simple, *plain))
    model = nntrain.load_run(result.run)
    data = Data(model.experiment)
    rows = data.pool.rows(data.split.training)
    x = model.preprocessor.inputs(rows, "float64")
    x = np.hstack([x, np.ones((len(x), 1))])
    t = model.preprocessor.targets(rows, "float64")[:, 0]
    w = logistic(x, t, np.where(t == 1, 0.5, 3.0), 7, 0.3, np.zeros(x.shape[1]))
    found = np.append(model.network.parameters()["0.w"][0, :, 0], model.network.parameters()["0.b"][0])
    np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-14)


# A table in which the rare class is noisy, so that the two losses are lowest in different epochs.
def write_noisy() -> str:
    rng = np.random.default_rng(3)
    rows = []
    for n in range(200):
        rare = n % 8 == 0
        rows.append((*(rng.normal(0.8 if rare else 0.0, 1.0, 4).round(3)), "rare" if rare else "usual"))
    write_table("noisy.csv", ("a", "b", "c", "d", "y"), rows)
    return PETS.replace("pets.csv, target: kind", "noisy.csv, target: y") + (
        "loss: {type: binary_cross_entropy, class_weights: balanced}\n"
    )


def test_either_can_stop_the_training() -> None:
    """The epoch that is kept has the lowest of what is monitored, and that is not the same epoch."""
    text = write_noisy()
    kept = {}
    for name in ("loss", "weighted_loss"):
        stopping = f"early_stopping={{monitor: validation.{name}, patience: 500, min_delta: 0}}"
        result = nntrain.fit(load(text, stopping, "training.epochs=60", "optimizer.learning_rate=0.02"))
        values = [line[f"validation.{name}"] for line in history(result)]
        assert result.best_epoch == 1 + int(np.argmin(values))
        assert result.metrics["validation"][name] == pytest.approx(min(values), rel=1e-6)
        kept[name] = result.best_epoch
    assert kept["loss"] != kept["weighted_loss"]


def test_the_training_ones_can_be_monitored_too() -> None:
    for name in ("loss", "weighted_loss"):
        result = nntrain.fit(load(WEIGHTED, f"early_stopping={{monitor: training.{name}, patience: 99, min_delta: 0}}"))
        assert result.best_epoch == 1 + int(np.argmin([line[f"training.{name}"] for line in history(result)]))


def test_a_plateau_without_anything_to_watch_goes_by_what_is_minimized() -> None:
    """Rates fall where the weighted loss has not improved by 0.2; the plain one falls faster, or slower."""
    options = ["early_stopping=null", "data.split.validation=0", "training.epochs=12"]
    schedule = "schedule={type: plateau, factor: 0.5, patience: 1, min_delta: 0.05}"
    lines = history(nntrain.fit(load(WEIGHTED, *options, schedule, "optimizer.learning_rate=0.02")))
    best, waited, rate = float("inf"), 0, 0.02
    for line in lines:
        assert line["learning_rate"] == pytest.approx(rate)
        if line["training.weighted_loss"] < best - 0.05:
            best, waited = line["training.weighted_loss"], 0
        else:
            waited += 1
            if waited >= 1:
                rate, waited = rate / 2, 0
    assert rate < 0.02


NONE = "but loss.class_weights is not set, so no loss is weighted"


@pytest.mark.parametrize("split", ["validation", "training"])
@pytest.mark.parametrize("loss", ["auto", "cross_entropy", "mean_squared_error"])
def test_without_class_weights_it_cannot_be_monitored(loss: str, split: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            CLASSES + f"early_stopping: {{monitor: {split}.weighted_loss}}\n", f"loss={loss}", "network.output.units=3"
        )
    assert f"early_stopping.monitor is {split}.weighted_loss, {NONE}\n" in str(caught.value)
    assert str(caught.value).splitlines()[2].endswith(f"write {split}.loss")
    with pytest.raises(ConfigError) as caught:
        load(CLASSES + f"search: {{space: {{seed: [1, 2]}}, monitor: {split}.weighted_loss}}\n")
    assert str(caught.value) == (
        f"a.yaml:6:42: search.monitor is {split}.weighted_loss, {NONE}\n"
        f"    6 | search: {{space: {{seed: [1, 2]}}, monitor: {split}.weighted_loss}}\n"
        f"      |                                          {'^' * len(f'{split}.weighted_loss')} write {split}.loss\n"
        "1 error in a.yaml"
    )


def test_a_search_can_be_for_the_least_weighted_loss() -> None:
    text = (
        write_noisy() + "search: {space: {optimizer.learning_rate: [0.001, 0.1]}, monitor: validation.weighted_loss}\n"
    )
    board = gridsearch(load(text, "training.epochs=10"))
    scores = [row["validation.weighted_loss"] for row in board.table]
    assert board.monitor == "validation.weighted_loss"
    assert scores == sorted(scores)
    assert all(row["validation.loss"] != row["validation.weighted_loss"] for row in board.table)
    assert {"training.loss", "training.weighted_loss"} <= set(board.table[0])


def test_in_folds_the_weights_are_those_of_the_folds() -> None:
    text = write_noisy() + (
        "search: {space: {optimizer.learning_rate: [0.01, 0.1]}, monitor: validation.weighted_loss, "
        "evaluation: {folds: 3}}\n"
    )
    board = gridsearch(load(text, "training.epochs=5"))
    assert all(np.isfinite(row["validation.weighted_loss"]) for row in board.table)


def test_a_search_over_class_weights_checks_that_each_point_has_them() -> None:
    text = write_noisy().replace("class_weights: balanced", "class_weights: null")
    text += "search: {space: {loss.class_weights: VALUES}, monitor: validation.weighted_loss}\n"
    board = gridsearch(load(text.replace("VALUES", "[balanced, [2.0, 1.0]]"), "training.epochs=2"))
    assert len(board.table) == 2
    with pytest.raises(ConfigError) as caught:
        gridsearch(load(text.replace("VALUES", "[null, balanced]"), "training.epochs=2"))
    assert f"search.monitor is validation.weighted_loss, {NONE}\n" in str(caught.value)
    assert "1 of 2 points cannot be trained, the first at loss.class_weights=null; none was" in str(caught.value)


def test_interruptions_in_the_midst_of_an_epoch_change_no_bit() -> None:
    result = nntrain.fit(load(WEIGHTED, "training.epochs=6", "training.batch_size=7", "dtype=float32"))
    found = verify(result.run, interruptions=5)
    assert (found.reproducible, len(found.interruptions), found.reasons) == (True, 5, [])
    assert any(batch for _, batch in found.interruptions)


def interrupted() -> Path:
    with pytest.raises(Interrupted):
        fit(load(WEIGHTED, "training.batch_size=7"), interruption=Rehearsal(8))
    (run,) = Path("runs").iterdir()
    return run


def test_a_checkpoint_that_knows_the_weighted_loss_alone_is_refused() -> None:
    """As an earlier nntrain left it: under the name of training.loss, which is another quantity now."""
    run = interrupted()
    directory = RunDirectory.open(run)
    arrays = directory.read_checkpoint("checkpoint.npz", most_bytes=1 << 20)
    del arrays["task/plain_sum"]
    directory.write_checkpoint(arrays)
    (run / "checkpoint.previous.npz").unlink(missing_ok=True)
    with pytest.raises(RunError) as caught:
        resume(run)
    assert str(caught.value) == (
        f"{run}: its checkpoint cannot be used: the run is of an nntrain that recorded the weighted loss as "
        f"training.loss, and no other; start again with: nntrain fit {run}/config.yaml"
    )


def test_verify_says_what_an_earlier_nntrain_recorded() -> None:
    result = nntrain.fit(load(WEIGHTED, "training.epochs=3"))
    before = [
        {name.replace("training.weighted_loss", "training.loss"): value for name, value in line.items()
         if name not in ("training.loss", "validation.weighted_loss")}
        for line in history(result)
    ]  # fmt: skip
    (result.run / "history.jsonl").write_text("".join(json.dumps(line) + "\n" for line in before), encoding="utf-8")
    found = verify(result.run)
    assert not found.reproducible
    assert found.weights_sha256 == found.repeated_sha256
    assert found.reasons == ["the run is of an nntrain that recorded the weighted loss as training.loss, and no other"]


def test_a_run_that_does_not_say_its_balanced_weights_is_scored_without() -> None:
    result = nntrain.fit(load(WEIGHTED, "loss.class_weights=balanced"))
    directory = RunDirectory.open(result.run)
    document = directory.read_result()
    del document["class_weights"]
    directory.write_result(document)
    directory.set_status("complete")
    assert "weighted_loss" not in nntrain.evaluate(result.run)
    assert nntrain.evaluate(result.run)["loss"] == result.metrics["test"]["loss"]


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ({"cat": 1.5}, "'class_weights' does not have a weight for each class"),
        ([1.5, 0.75], "'class_weights' does not have a weight for each class"),
        ({"cat": 1.5, "dog": -1.0}, "'class_weights' must be positive numbers"),
        ({"cat": 1.5, "dog": "1"}, "'class_weights' must be positive numbers"),
    ],
)
def test_weights_that_are_none_are_damage(weights: Any, problem: str) -> None:
    result = nntrain.fit(load(WEIGHTED, "loss.class_weights=balanced", "training.epochs=2"))
    directory = RunDirectory.open(result.run)
    directory.write_result({**directory.read_result(), "class_weights": weights})
    directory.set_status("complete")
    with pytest.raises(RunError) as caught:
        nntrain.evaluate(result.run)
    assert str(caught.value).splitlines()[0].endswith(f"result.json is damaged: {problem}")


def test_with_explicit_weights_the_config_is_enough() -> None:
    """A moved run without its result.json can be scored; they are in its config."""
    result = nntrain.fit(load(WEIGHTED))
    shutil.copytree(result.run, "moved")
    Path("moved/result.json").unlink()
    scores = evaluation("moved", data="pets.csv").scores
    assert scores["weighted_loss"] == pytest.approx(evaluation(result.run, data="pets.csv").scores["weighted_loss"])


class Heard(Listener):
    def started(self, info: FitInfo) -> None:
        self.info = info


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_smoothed_targets_are_said_where_both_losses_are_shown(smoothing: float) -> None:
    """At the same parameters the training loss of an epoch is of t = 0.1 and 0.9, all else of 0 and 1."""
    one_batch = ["training.batch_size=full", "training.epochs=1", "optimizer={type: sgd, learning_rate: 1.0e-300}"]
    heard = Heard()
    result = nntrain.fit(load(WEIGHTED, f"loss.label_smoothing={smoothing}", *one_batch), listener=heard)
    note = "the training loss has smoothed targets, all other scores the true ones"
    assert heard.info.notes == ((note,) if smoothing else ())
    plain, _ = by_hand(result.run, "training", {"cat": 3, "dog": 0.5})
    assert result.metrics["training"]["loss"] == pytest.approx(plain, rel=1e-12)
    model = nntrain.load_run(result.run)
    data = Data(model.experiment)
    rows = data.pool.rows(data.split.training)
    y, t = model.outputs(rows), model.preprocessor.targets(rows, "float64")
    smooth = (1 - smoothing) * t + smoothing / 2
    expected = -np.mean(smooth * np.log(y) + (1 - smooth) * np.log(1 - y))
    assert history(result)[0]["training.loss"] == pytest.approx(expected, rel=1e-12)
