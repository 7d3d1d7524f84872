"""What the commands say of a network's worth: the baseline, the positive class, and whether more epochs would help."""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from nntrain.tasks import Task
from nntrain.train.evaluation import evaluate_predictions
from nntrain.workflows.results import LayerRow
from tests.cli.conftest import RUN, Invoke, answer, fit_result, lines
from tests.cli.test_commands import checked


def scored(metrics: dict[str, float], baseline: dict[str, float], **more: Any) -> Any:
    return replace(fit_result(), metrics={"test": metrics}, baseline={"test": baseline}, **more)


def shown_scores(invoke: Invoke, workflows: ModuleType, result: Any, columns: str = "200") -> list[str]:
    answer(workflows, "fit", result)
    shown = invoke("fit", "iris.yaml", "-q", env={"COLUMNS": columns}).stdout.splitlines()
    start = next(number for number, line in enumerate(shown) if line.startswith("──")) + 1
    end = next(number for number, line in enumerate(shown) if line.startswith("parameters"))
    return shown[start:end]


@pytest.mark.usefixtures("config")
def test_fit_says_where_the_network_is_no_better(invoke: Invoke, workflows: ModuleType) -> None:
    """Caravan: 0.943 right where always No has 0.944; the loss is better, the recall of a constant yes no matter."""
    scores = {"loss": 0.2, "accuracy": 0.943, "recall": 0.1, "roc_auc": 0.7}
    constant = {"loss": 0.216, "accuracy": 0.944, "recall": 1.0, "roc_auc": 0.5}
    result = scored(scores, constant, positive_class="Yes")
    assert shown_scores(invoke, workflows, result) == [
        "loss       0.2000          0.2160",
        "accuracy   0.9430          0.9440",
        "recall     0.1000          1.0000",
        "roc_auc    0.7000          0.5000",
        "",
        "no better than the baseline on the test split: accuracy 0.9430 (baseline 0.9440)",
        "positive class: Yes (recall and roc_auc are of it)",
        "",
    ]


@pytest.mark.usefixtures("config")
def test_fit_says_when_r2_is_not_positive(invoke: Invoke, workflows: ModuleType) -> None:
    result = scored({"rmse": 7.0, "r2": -0.01}, {"rmse": 8.0, "r2": -0.3})
    assert shown_scores(invoke, workflows, result)[-2:] == [
        "no better than the baseline on the test split: r2 -0.0100 (the mean of these examples has 0)",
        "",
    ]
    result = scored({"rmse": 9.0, "r2": -0.4}, {"rmse": 8.0, "r2": -0.3})
    assert shown_scores(invoke, workflows, result, columns="60")[-4:] == [
        "",
        "no better than the baseline on the test split: rmse 9.0000",
        "(baseline 8.0000), r2 -0.4000 (baseline -0.3000)",
        "",
    ]


@pytest.mark.usefixtures("config")
def test_the_split_that_is_judged(invoke: Invoke, workflows: ModuleType) -> None:
    result = replace(
        fit_result(),
        metrics={"training": {"loss": 0.1}, "validation": {"loss": 0.9}},
        baseline={"training": {"loss": 0.7}, "validation": {"loss": 0.8}},
    )
    answer(workflows, "fit", result)
    shown = lines(invoke("fit", "iris.yaml", "-q").stdout)
    assert shown[1:5] == [
        "       training   validation   validation baseline",
        "──────────────────────────────────────────────────",
        "loss     0.1000       0.9000                0.8000",
        "no better than the baseline on the validation split: loss 0.9000 (baseline 0.8000)",
    ]
    assert shown[-1] == f"next        nntrain eval {RUN} --split validation"


@pytest.mark.usefixtures("config")
def test_a_result_without_a_baseline(invoke: Invoke, workflows: ModuleType) -> None:
    result = replace(fit_result(), baseline={})
    assert shown_scores(invoke, workflows, result) == [
        "loss         0.0512       0.0700   0.0810",
        "accuracy     0.9889            -   0.9667",
        "",
    ]


def test_eval_names_the_positive_class_and_what_is_not_beaten(invoke: Invoke, workflows: ModuleType, run: Path) -> None:
    t = np.array([[0.0], [0.0], [0.0], [1.0]])
    report = evaluate_predictions(
        Task.BINARY, 0.4 * t, t, ["no", "yes"], loss=0.3, baseline_losses={"loss": 0.5623}, split="june.csv"
    )
    answer(workflows, "evaluation", report)
    shown = lines(invoke("eval", str(run), "--data", "june.csv").stdout)
    assert shown[3] == "loss                 0.3000     0.5623"
    assert shown[10:12] == [
        "no better than the baseline on june.csv: accuracy 0.7500 (baseline 0.7500), "
        "balanced_accuracy 0.5000 (baseline 0.5000)",
        "positive class: yes (precision, recall, f1 and roc_auc are of it)",
    ]
    assert json.loads(invoke("eval", str(run), "--json").stdout)["positive_class"] == "yes"


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(("columns", "shown"), [("200", "  {} --set {}"), ("80", "  {} \\\n    --set {}")])
def test_a_run_that_was_still_improving(invoke: Invoke, workflows: ModuleType, columns: str, shown: str) -> None:
    start, epochs = f"nntrain fit --resume {RUN}-with-a-longer-name", "training.epochs=400"
    answer(workflows, "fit", replace(fit_result(), longer=f"{start} --set {epochs}"))
    ended = invoke("fit", "iris.yaml", "-q", env={"COLUMNS": columns})
    last = "still improving when its epochs ran out; to train longer:\n" + shown.format(start, epochs)
    assert ended.stdout.endswith(f"\n\n{last}\n")


@pytest.mark.usefixtures("config")
def test_the_summary_of_a_long_name_breaks_no_word(invoke: Invoke, workflows: ModuleType) -> None:
    name = "predictive-maintenance-of-pumps-20261120-084900-3f9a"
    answer(workflows, "fit", replace(fit_result(), run=Path("runs", name)))
    shown = invoke("fit", "iris.yaml", "-q", env={"COLUMNS": "80"}).stdout
    assert shown.startswith(f"{name}: 74 epochs in 0.42 s (early\nstopping), best epoch 54\n\n")


def test_check_names_the_positive_class(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    report = replace(checked([LayerRow("0", "dense", (1,), 5)]), task="binary", outputs=1, classes=["no", "yes"])
    answer(workflows, "check", replace(report, positive_class="yes"))
    shown = invoke("check", "digits.yaml").stdout
    assert "task        binary, input 8 x 8 x 1, output 1: no, yes (positive)\n" in shown
    assert json.loads(invoke("check", "digits.yaml", "--json").stdout)["positive_class"] == "yes"
