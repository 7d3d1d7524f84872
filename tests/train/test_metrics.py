"""Metrics against stored scikit-learn numbers, hand-computed ones, and naive counting."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.tasks import TASKS, Task
from nntrain.train.evaluation import confusion_matrix, evaluate_predictions
from nntrain.train.metrics import METRICS, compute_metrics, is_maximized

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "metrics_sklearn.json").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = ORACLE["cases"]
DECIDED = [name for name, case in CASES.items() if case["task"] != "regression"]


def arrays(case: dict[str, Any], dtype: str = "float64") -> tuple[Task, Array, Array]:
    return Task(case["task"]), np.array(case["y"], dtype), np.array(case["t"], dtype)


def score(name: str, task: Task, y: Any, t: Any) -> list[float]:
    values: list[float] = METRICS[name].function(task, np.asarray(y, float), np.asarray(t, float)).tolist()
    return values


@pytest.mark.parametrize("name", CASES)
def test_scores_are_those_of_scikit_learn(name: str) -> None:
    task, y, t = arrays(CASES[name])
    scores = {
        metric: values.tolist()
        for metric, values in compute_metrics(TASKS[task].metrics, task, y[None], t[None]).items()
    }
    assert scores == {metric: [pytest.approx(value, abs=1e-12)] for metric, value in CASES[name]["scores"].items()}


@pytest.mark.parametrize("name", DECIDED)
def test_the_report_has_scikit_learns_confusion_matrix_and_class_table(name: str) -> None:
    task, y, t = arrays(CASES[name])
    report = evaluate_predictions(task, y, t)
    confusion = None if report.confusion is None else report.confusion.tolist()
    assert confusion == CASES[name]["confusion"]
    rows = [[row.precision, row.recall, row.f1, row.support] for row in report.per_class]
    assert rows == [pytest.approx(row, abs=1e-12) for row in CASES[name]["per_class"]]


@pytest.mark.parametrize("name", ["regression", "regression with three outputs"])
def test_the_report_has_scikit_learns_figures_for_each_output(name: str) -> None:
    task, y, t = arrays(CASES[name])
    report = evaluate_predictions(task, y, t, outputs=[f"target {k}" for k in range(y.shape[1])])
    assert [row.name for row in report.per_output] == [f"target {k}" for k in range(y.shape[1])]
    rows = [[row.rmse, row.mae, row.r2] for row in report.per_output]
    assert rows == [pytest.approx(row, abs=1e-12) for row in CASES[name]["per_output"]]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_members_are_scored_as_if_alone(name: str, dtype: str) -> None:
    task, y, t = arrays(CASES[name], dtype)
    population = np.stack([y, y[::-1], np.roll(y, 3, axis=0)])
    names = TASKS[task].metrics
    together = compute_metrics(names, task, population, t[None])
    own_targets = compute_metrics(names, task, population, np.stack([t, t, t]))
    for member, outputs in enumerate(population):
        alone = compute_metrics(names, task, outputs[None], t[None])
        for metric in names:
            assert together[metric].dtype == np.float64
            assert together[metric].shape == (3,)
            assert together[metric][member] == pytest.approx(alone[metric][0], abs=1e-14)
            assert own_targets[metric][member] == together[metric][member]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_member_with_an_output_that_is_not_finite_scores_nan_and_the_others_their_own(name: str, bad: float) -> None:
    task, y, t = arrays(CASES[name])
    population = np.stack([y, y])
    population[1, 2, 0] = bad
    for metric, values in compute_metrics(TASKS[task].metrics, task, population, t[None]).items():
        assert values[0] == pytest.approx(CASES[name]["scores"][metric], abs=1e-12)
        assert np.isnan(values[1]), metric


def test_hand_computed_confusion_of_three_classes() -> None:
    true = np.eye(3)[[0, 0, 0, 1, 1, 2]]
    outputs = np.eye(3)[[0, 0, 1, 1, 2, 2]]
    assert confusion_matrix(Task.CLASSIFICATION, outputs, true).tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    report = evaluate_predictions(Task.CLASSIFICATION, outputs, true, ["a", "b", "c"])
    assert [(row.name, row.precision, row.recall, row.support) for row in report.per_class] == [
        ("a", 1.0, pytest.approx(2 / 3), 3),
        ("b", 0.5, 0.5, 2),
        ("c", 0.5, 1.0, 1),
    ]
    assert report.scores["accuracy"] == pytest.approx(4 / 6)
    assert report.scores["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)


def test_one_half_is_not_positive_and_a_tie_goes_to_the_first_class() -> None:
    assert score("accuracy", Task.BINARY, [[[0.5], [0.50001]]], [[[0], [1]]]) == [1.0]
    assert score("accuracy", Task.CLASSIFICATION, [[[0.5, 0.5]], [[0.2, 0.8]]], [[[1, 0]]]) == [1.0, 0.0]


def test_nothing_predicted_positive_is_precision_zero_without_a_warning() -> None:
    y, t = [[[0.1], [0.2]]], [[[0], [1]]]
    assert [score(name, Task.BINARY, y, t) for name in ("precision", "recall", "f1")] == [[0.0]] * 3


def test_roc_auc_counts_pairs_and_gives_half_for_a_tie() -> None:
    rng = np.random.default_rng(4)
    y = rng.integers(6, size=(5, 30, 1)) / 10  # few values, many ties
    t = rng.integers(2, size=(1, 30, 1)).astype(float)
    expected = []
    for member in y[..., 0]:
        positive, negative = member[t[0, :, 0] == 1], member[t[0, :, 0] == 0]
        wins = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
        expected.append(sum(wins) / len(wins))
    assert score("roc_auc", Task.BINARY, y, t) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_roc_auc_of_a_single_class_is_undefined(target: float) -> None:
    assert np.isnan(score("roc_auc", Task.BINARY, [[[0.1], [0.9]]], [[[target], [target]]])[0])


def test_roc_auc_refuses_tasks_that_rank_nothing() -> None:
    with pytest.raises(ValueError, match=r"^roc_auc applies to binary and multilabel tasks, not to classification$"):
        score("roc_auc", Task.CLASSIFICATION, [[[0.1, 0.9]]], [[[0, 1]]])


def test_multilabel_accuracy_is_per_label() -> None:
    assert score("accuracy", Task.MULTILABEL, [[[0.9, 0.1, 0.9, 0.1]]], [[[1, 0, 0, 0]]]) == [0.75]


def test_hand_computed_regression() -> None:
    y, t = [[[1.0], [2.0], [6.0]]], [[[1.0], [3.0], [4.0]]]
    assert score("rmse", Task.REGRESSION, y, t) == pytest.approx([(5 / 3) ** 0.5])
    assert score("mae", Task.REGRESSION, y, t) == pytest.approx([1.0])
    assert score("max_error", Task.REGRESSION, y, t) == [2.0]
    assert score("r2", Task.REGRESSION, y, t) == pytest.approx([1 - 5 / (14 / 3)])


def test_r2_where_it_is_not_defined_follows_scikit_learn() -> None:
    constant = [[[0.1], [0.1], [0.1]]]
    assert score("r2", Task.REGRESSION, constant, constant) == [1.0]
    assert score("r2", Task.REGRESSION, [[[0.1], [0.1], [0.2]]], constant) == [0.0]
    assert np.isnan(score("r2", Task.REGRESSION, [[[1.0]]], [[[1.0]]])[0])


def test_errors_too_large_to_be_squared_are_nan_not_a_warning() -> None:
    assert np.isnan(score("rmse", Task.REGRESSION, [[[1e200], [0.0]]], [[[0.0], [1.0]]])[0])
    large = METRICS["rmse"].function(Task.REGRESSION, np.full((1, 2, 1), 1e30, np.float32), np.zeros((1, 2, 1)))
    assert large.tolist() == pytest.approx([1e30])


def test_the_baseline_knows_the_training_targets_only() -> None:
    t = np.eye(2)[[0, 1, 1, 1]]
    training = np.eye(2)[[0, 0, 0, 1]]
    assert evaluate_predictions(Task.CLASSIFICATION, t, t).baseline["accuracy"] == 0.75
    assert evaluate_predictions(Task.CLASSIFICATION, t, t, reference=training).baseline["accuracy"] == 0.25
    values = np.array([[0.0], [2.0]])
    mean_predictor = evaluate_predictions(Task.REGRESSION, values, values).baseline
    assert mean_predictor == {"rmse": 1.0, "mae": 1.0, "r2": 0.0, "max_error": 1.0}
    no_skill = evaluate_predictions(Task.BINARY, values / 2, values / 2).baseline
    assert no_skill["roc_auc"] == 0.5


def test_the_report_as_json_has_no_nan() -> None:
    y = np.array([[0.9], [0.8]])
    report = evaluate_predictions(Task.BINARY, y, np.ones((2, 1)), ["no", "yes"], split="validation", loss=0.25)
    written = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert written["scores"] == {
        "loss": 0.25,
        "accuracy": 1.0,
        "balanced_accuracy": 1.0,
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "roc_auc": None,
    }
    assert (written["split"], written["task"], written["examples"]) == ("validation", "binary", 2)
    assert written["confusion"] == [[0, 0], [0, 2]]
    assert written["per_class"][1] == {
        "name": "yes",
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "support": 2,
    }


def test_an_empty_split_cannot_be_evaluated() -> None:
    with pytest.raises(ValueError, match=r"^the test split has no examples to evaluate$"):
        evaluate_predictions(Task.REGRESSION, np.empty((0, 1)), np.empty((0, 1)))


@pytest.mark.parametrize("task", Task)
def test_every_task_has_default_metrics_that_apply_to_it(task: Task) -> None:
    assert set(TASKS[task].default_metrics) <= set(TASKS[task].metrics)
    assert TASKS[task].default_metrics


def test_a_metric_that_does_not_apply_is_refused() -> None:
    message = r"^metric 'accuracy' does not apply to regression: one of rmse, mae, r2, max_error$"
    with pytest.raises(ValueError, match=message):
        compute_metrics(["accuracy"], Task.REGRESSION, np.zeros((1, 1, 1)), np.zeros((1, 1, 1)))


def test_what_is_to_grow_and_what_to_shrink() -> None:
    grow = ["validation.accuracy", "accuracy", "test.roc_auc", "validation.r2"]
    shrink = ["loss", "validation.loss", "training.rmse", "mae", "max_error"]
    assert [is_maximized(monitor) for monitor in grow + shrink] == [True] * 4 + [False] * 5
    with pytest.raises(ValueError, match=r"^cannot say whether 'validation.time' is to grow: one of loss, accuracy"):
        is_maximized("validation.time")
