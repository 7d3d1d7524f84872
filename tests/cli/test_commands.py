"""What each command hands to its workflow and prints of its answer."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from nntrain.data.describe import ClassCounts, ColumnRow
from nntrain.errors import DataError
from nntrain.runs.listing import RunSummary
from nntrain.tasks import Task
from nntrain.train.evaluation import evaluate_predictions
from nntrain.workflows.predicting import Predictions
from nntrain.workflows.results import WEIGHTED_LOSS_NOTE, CheckReport, GradientReport, GradientRow, LayerRow
from tests.cli.conftest import RUN, Invoke, answer, fit_info, fit_result, lines, record
from tests.run_directories import create_run

RUN_NAME = RUN.name


# fit


def trained(options: dict[str, Any]) -> Any:
    listener = options["listener"]
    listener.started(fit_info())
    listener.epoch(record(1, training__loss=1.0))
    listener.warned("the baseline is better")
    return fit_result()


def test_fit_prints_scores_per_split_the_run_and_what_comes_next(
    invoke: Invoke, workflows: ModuleType, config: ModuleType
) -> None:
    calls = answer(workflows, "fit", trained)
    ended = invoke("fit", "iris.yaml", "--set", "seed=3", "-s", "training.epochs=9", "--runs-dir", "elsewhere")
    assert ended.exit_code == 0
    [(arguments, options)] = calls
    assert arguments == (("iris.yaml", ["seed=3", "training.epochs=9"]),)
    assert options["runs_dir"] == "elsewhere"
    path = str(RUN)
    assert lines(ended.stdout) == [
        f"{RUN_NAME}: 74 epochs in 0.42 s (early stopping), best epoch 54",
        "           training   validation     test   test baseline",
        "─────────────────────────────────────────────────────────",
        "loss         0.0512       0.0700   0.0810          1.0986",
        "accuracy     0.9889            -   0.9667          0.3000",
        "parameters  131",
        f"run         {path}",
        f"next        nntrain eval {path}",
    ]
    assert [line.split()[0] for line in lines(ended.stderr)] == ["iris:", "epoch", "warning:"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"judged_by": "validation.accuracy"}, ["best epoch 54 by validation.accuracy"]),
        ({"keeps": "last", "best_epoch": 74}, ["weights of epoch 74"]),
        (
            {"keeps": "last", "best_epoch": 74, "note": "validation.loss was lowest in epoch 8"},
            ["weights of epoch 74", "note: validation.loss was lowest in epoch 8"],
        ),
    ],
)
def test_fit_says_which_weights_were_kept(
    invoke: Invoke, workflows: ModuleType, config: ModuleType, changed: dict[str, Any], said: list[str]
) -> None:
    answer(workflows, "fit", replace(fit_result(), **changed))
    shown = lines(invoke("fit", "iris.yaml", "-q").stdout)
    assert shown[: len(said)] == [f"{RUN_NAME}: 74 epochs in 0.42 s (early stopping), {said[0]}", *said[1:]]


def test_fit_says_why_a_score_is_undefined(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    answer(workflows, "fit", replace(fit_result(), undefined=["accuracy is undefined for a reason"]))
    shown = lines(invoke("fit", "iris.yaml", "-q").stdout)
    assert shown[4:6] == [
        "accuracy     0.9889            -   0.9667          0.3000",
        "accuracy is undefined for a reason",
    ]


def test_fit_as_json_is_one_object_without_nan(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    answer(workflows, "fit", trained)
    ended = invoke("fit", "iris.yaml", "--json", "--quiet")
    assert json.loads(ended.stdout, parse_constant=pytest.fail) == {
        "run": str(RUN),
        "metrics": {
            "training": {"loss": 0.0512, "accuracy": 0.9889},
            "validation": {"loss": 0.07, "accuracy": None},
            "test": {"loss": 0.081, "accuracy": 0.9667},
        },
        "best_epoch": 54,
        "epochs": 74,
        "stop_reason": "early stopping",
        "seconds": 0.42,
        "weights_sha256": "ab" * 32,
        "parameters": 131,
        "warnings": [],
        "baseline": {
            "training": {"loss": 1.0986, "accuracy": 0.3333},
            "validation": {"loss": 1.0986, "accuracy": 0.3333},
            "test": {"loss": 1.0986, "accuracy": 0.3},
        },
        "positive_class": None,
        "longer": None,
        "keeps": "best",
        "judged_by": "validation.loss",
        "undefined": [],
        "note": None,
    }
    assert ended.stderr == "warning: the baseline is better\n"


# eval


def iris_report() -> Any:
    t = np.eye(3)[[0, 0, 0, 1, 1, 2]]
    y = np.eye(3)[[0, 0, 1, 1, 2, 2]]
    return evaluate_predictions(Task.CLASSIFICATION, y, t, ["setosa", "[red]", "漢字"], loss=0.5)


def test_eval_prints_scores_beside_a_baseline_the_confusions_and_a_row_per_class(
    invoke: Invoke, workflows: ModuleType, run: Path
) -> None:
    calls = answer(workflows, "evaluation", replace(iris_report(), split="june.csv"))
    ended = invoke("eval", str(run), "--split", "validation", "--data", "june.csv")
    assert calls == [((run,), {"split": "validation", "data": "june.csv"})]
    shown = lines(ended.stdout)
    assert shown[0] == f"{RUN_NAME}: june.csv, 6 examples, classification"
    assert shown[1:7] == [
        "                    network   baseline",
        "──────────────────────────────────────",
        "loss                 0.5000          -",
        "accuracy             0.6667     0.5000",
        "balanced_accuracy    0.7222     0.3333",
        "precision            0.6667     0.1667",
    ]
    assert shown[9:14] == [
        "true \\ predicted   setosa   [red]   漢字",
        "────────────────────────────────────────",
        "setosa                  2       1      .",
        "[red]                   .       1      1",
        "漢字                    .       .      1",
    ]
    assert shown[14:] == [
        "class    precision   recall       F1   examples",
        "───────────────────────────────────────────────",
        "setosa      1.0000   0.6667   0.8000          3",
        "[red]       0.5000   0.5000   0.5000          2",
        "漢字        0.5000   1.0000   0.6667          1",
    ]


def test_a_weighted_loss_is_explained_below_the_scores(
    invoke: Invoke, workflows: ModuleType, config: ModuleType, run: Path
) -> None:
    result = fit_result()
    metrics = {split: {"loss": 0.1, "weighted_loss": 0.2, **scores} for split, scores in result.metrics.items()}
    answer(workflows, "fit", replace(result, metrics=metrics))
    shown = lines(invoke("fit", "iris.yaml").stdout)
    assert shown[3].split() == ["loss", "0.0512", "0.0700", "0.0810", "1.0986"]
    assert shown[4].split() == ["weighted_loss", "0.2000", "0.2000", "0.2000", "-"]
    assert WEIGHTED_LOSS_NOTE in " ".join(shown)
    report = replace(iris_report(), scores={"loss": 0.5, "weighted_loss": 0.75})
    answer(workflows, "evaluation", report)
    shown = lines(invoke("eval", str(run)).stdout)
    assert shown[4].split() == ["weighted_loss", "0.7500", "-"]
    assert WEIGHTED_LOSS_NOTE in " ".join(shown)


def test_eval_as_json(invoke: Invoke, workflows: ModuleType, run: Path) -> None:
    calls = answer(workflows, "evaluation", iris_report())
    written = json.loads(invoke("eval", RUN_NAME, "--runs-dir", str(run.parent), "--json").stdout)
    assert calls == [((run,), {"split": "test", "data": None})]
    assert written["run"] == str(run)
    assert written["scores"]["loss"] == 0.5
    assert written["confusion"] == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert written["classes"] == ["setosa", "[red]", "漢字"]


@pytest.mark.parametrize(("classes", "columns"), [(60, 10_000), (20, 60)])
def test_eval_lists_the_confusions_when_the_matrix_is_too_wide(
    invoke: Invoke, workflows: ModuleType, run: Path, classes: int, columns: int
) -> None:
    true = np.repeat(np.arange(classes), 3)
    predicted = true.copy()
    predicted[:7] = [5, 5, 5, 1, 1, 9, 2]
    names = [f"kind {number}" for number in range(classes)]
    report = evaluate_predictions(Task.CLASSIFICATION, np.eye(classes)[predicted], np.eye(classes)[true], names)
    answer(workflows, "evaluation", report)
    shown = lines(invoke("eval", str(run), env={"COLUMNS": str(columns)}).stdout)
    start = shown.index("true     predicted   examples")
    assert shown[start + 2 : start + 5] == [
        "kind 0   kind 5             3",
        "kind 1   kind 9             1",
        "2 of 2 confusions; --json has the whole matrix",
    ]


def test_eval_of_a_regression_has_a_row_for_each_of_several_outputs(
    invoke: Invoke, workflows: ModuleType, run: Path
) -> None:
    t = np.array([[0.0, 1.0], [2.0, 3.0]])
    report = evaluate_predictions(Task.REGRESSION, t + 1, t, outputs=["height", "weight"])
    answer(workflows, "evaluation", report)
    shown = lines(invoke("eval", str(run)).stdout)
    assert shown[0] == f"{RUN_NAME}: test split, 2 examples, regression"
    assert "rmse         1.0000     1.0000" in shown
    assert shown[-4:] == [
        "output     RMSE      MAE       R2",
        "─────────────────────────────────",
        "height   1.0000   1.0000   0.0000",
        "weight   1.0000   1.0000   0.0000",
    ]


@pytest.mark.parametrize("command", [["eval", "iris-20261120-084900-3f9b"], ["predict", "iris-x", "a.csv"]])
def test_a_run_that_is_not_there_is_a_wrong_command_line(invoke: Invoke, run: Path, command: list[str]) -> None:
    ended = invoke(*command, "--runs-dir", str(run.parent))
    assert ended.exit_code == 2
    assert f"there is no run {command[1]}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_latest_is_the_run_that_started_last(invoke: Invoke, workflows: ModuleType, tmp_path: Path) -> None:
    newest = [create_run(tmp_path, name).path for name in ("z", "m", "a")][-1]
    calls = answer(workflows, "evaluation", iris_report())
    assert invoke("eval", "latest", "--runs-dir", str(tmp_path)).exit_code == 0
    assert calls[0][0] == (newest,)


def test_latest_without_any_run(invoke: Invoke, workflows: ModuleType, workdir: Path) -> None:
    ended = invoke("eval", "latest")
    assert (ended.exit_code, ended.stderr) == (
        2,
        "there is no latest run: runs has no runs; `nntrain fit CONFIG` makes one\n",
    )


# predict


def predictions(rows: Any) -> Any:
    return Predictions(["species", "p(é)"], iter(rows), ["an unknown color in row 3"])


ROWS = [["setosa", 0.25], ["with, comma", np.float32(0.5)], ['with "quotes"\n', 1e-17]]
CSV = 'species,p(é)\nsetosa,0.25\n"with, comma",0.5\n"with ""quotes""\n",1e-17\n'


@pytest.mark.parametrize("extra", [[], ["-o", "-"]])
def test_predict_writes_csv_to_stdout(invoke: Invoke, workflows: ModuleType, run: Path, extra: list[str]) -> None:
    calls = answer(workflows, "predict", predictions(ROWS))
    ended = invoke("predict", str(run), "flowers.csv", "--probabilities", *extra)
    assert calls == [((run, "flowers.csv"), {"probabilities": True})]
    assert ended.stdout_bytes == CSV.encode()
    assert ended.stderr == "warning: an unknown color in row 3\n"


def test_predict_writes_a_file_that_replaces_the_old_one(
    invoke: Invoke, workflows: ModuleType, run: Path, tmp_path: Path
) -> None:
    answer(workflows, "predict", predictions(ROWS))
    output = tmp_path / "out.csv"
    output.write_text("old")
    ended = invoke("predict", str(run), "flowers.csv", "-o", str(output))
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == f"3 predictions in {output}\nwarning: an unknown color in row 3\n"
    assert output.read_bytes() == CSV.encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "runs"]


def test_predict_leaves_the_old_file_when_it_fails(
    invoke: Invoke, workflows: ModuleType, run: Path, tmp_path: Path
) -> None:
    def rows() -> Any:
        yield ["setosa", 0.25]
        raise DataError("flowers.csv:3: text in a numeric column")

    answer(workflows, "predict", predictions(rows()))
    output = tmp_path / "out.csv"
    output.write_text("old")
    ended = invoke("predict", str(run), "flowers.csv", "-o", str(output))
    assert (ended.exit_code, ended.stderr) == (2, "flowers.csv:3: text in a numeric column\n")
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "runs"]


@pytest.mark.parametrize(
    ("place", "said"), [("missing/out.csv", ": No such file"), (".", " is a folder: give the name")]
)
def test_predict_names_the_file_that_it_cannot_write(
    invoke: Invoke, workflows: ModuleType, run: Path, tmp_path: Path, place: str, said: str
) -> None:
    answer(workflows, "predict", predictions(ROWS))
    output = tmp_path / place
    ended = invoke("predict", str(run), "flowers.csv", "-o", str(output))
    assert ended.exit_code == 2
    assert ended.stderr.startswith(f"{output}{said}")
    assert ended.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_predict_into_a_full_device(invoke: Invoke, workflows: ModuleType, run: Path) -> None:
    answer(workflows, "predict", predictions(ROWS))
    ended = invoke("predict", str(run), "flowers.csv", "-o", "/dev/full")
    assert (ended.exit_code, ended.stderr) == (2, "/dev/full: No space left on device\n")


# check, gradcheck, runs, schema, examples


def checked(layers: list[LayerRow]) -> CheckReport:
    return CheckReport(
        name="digits",
        task="classification",
        layers=layers,
        parameters=1234567,
        memory_bytes=5 * 1024 * 1024,
        training=1000,
        validation=200,
        test=0,
        input_shape=(8, 8, 1),
        outputs=12,
        classes=list("abcdefghijkl"),
        loss="cross_entropy",
        warnings=["the inputs are not scaled"],
        columns=[
            ColumnRow("width", "input", "numeric", "standard", 1, 3, 40, 0.25, 1234.5, {}),
            ColumnRow("colour", "input", "categorical", "one-hot", 3, 0, 3, None, None, {"red": 5, "blue": 4, "gr": 1}),
            ColumnRow("y", "target", "categorical", "12 classes", 0, 0, 12, None, None, {"a": 100}),
            ColumnRow("id", "excluded", "excluded", "left out", 0, 0, None, None, None, {}),
        ],
        class_counts=[ClassCounts("a", 1200, 1000, 200, 0)],
    )


def test_check_prints_the_layers_and_totals(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    answer(
        workflows, "check", checked([LayerRow("0", "flatten", (64,), 0), LayerRow("output", "dense", (12,), 1234567)])
    )
    ended = invoke("check", "digits.yaml")
    assert lines(ended.stdout) == [
        "column       kind          becomes      inputs   missing   values",
        "───────────────────────────────────────────────────────────────────────────",
        "width        numeric       standard          1         3   0.25 to 1234",
        "colour       categorical   one-hot           3             3: red, blue, gr",
        "id           excluded      left out",
        "y (target)   categorical   12 classes                      12: a",
        "class   examples   training   validation   test",
        "───────────────────────────────────────────────",
        "a          1,200      1,000          200      0",
        "layer    type      output shape   parameters",
        "────────────────────────────────────────────",
        "0        flatten   64                      0",
        "output   dense     12              1,234,567",
        "parameters  1,234,567",
        "memory      5.0 MiB to train",
        "task        classification, input 8 x 8 x 1, output 12: a, b, c, d, e, f, g, h, i, j, ...",
        "loss        cross_entropy",
        "examples    1,000 training, 200 validation, 0 test",
        "warning: the inputs are not scaled",
    ]


def test_check_as_json(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    answer(workflows, "check", checked([LayerRow("0", "flatten", (64,), 0)]))
    written = json.loads(invoke("check", "digits.yaml", "--json").stdout)
    assert written["layers"] == [{"name": "0", "type": "flatten", "output_shape": [64], "parameters": 0}]
    assert written["warnings"] == ["the inputs are not scaled"]
    assert written["columns"][0] == {
        "name": "width", "role": "input", "kind": "numeric", "treatment": "standard", "inputs": 1, "missing": 3,
        "distinct": 40, "low": 0.25, "high": 1234.5, "values": {},
    }  # fmt: skip
    assert written["class_counts"] == [{"name": "a", "examples": 1200, "training": 1000, "validation": 200, "test": 0}]


@pytest.mark.parametrize(("worst", "code", "verdict"), [(2e-9, 0, "correct"), (0.3, 1, "WRONG")])
def test_gradcheck_says_whether_the_gradients_are_right(
    invoke: Invoke, workflows: ModuleType, config: ModuleType, worst: float, code: int, verdict: str
) -> None:
    answer(workflows, "gradcheck", GradientReport([GradientRow("0.w", worst, checked=20)], tolerance=1e-7))
    ended = invoke("gradcheck", "xor.yaml")
    assert ended.exit_code == code
    shown = lines(ended.stdout)
    assert shown[2].split() == ["0.w", f"{worst:.1e}", "20"]
    assert shown[3] == f"{verdict}: largest relative error {worst:.1e}, tolerance 1e-07"
    as_json = invoke("gradcheck", "xor.yaml", "--json")
    assert as_json.exit_code == code
    written = json.loads(as_json.stdout)
    error = written.pop("error", None)
    assert written == {
        "passed": code == 0,
        "worst": worst,
        "tolerance": 1e-7,
        "rows": [{"name": "0.w", "relative_error": worst, "checked": 20}],
    }
    assert error == (None if code == 0 else {"type": "WrongGradients", "message": shown[3], "exit_code": 1})


def summaries() -> list[RunSummary]:
    scores = {"validation": {"loss": 0.3}, "test": {"loss": 0.25, "accuracy": float("nan")}}
    return [
        RunSummary("iris-1", Path("runs/iris-1"), "complete", "2026-11-20T08:49:00+00:00", 74, 54, scores),
        RunSummary("bad", Path("runs/bad"), "damaged", None, None, None, problem="runs/bad/status.json is missing"),
    ]


def test_runs_is_a_table_with_what_is_wrong_below_it(invoke: Invoke, workflows: ModuleType) -> None:
    answer(workflows, "list_runs", summaries())
    shown = lines(invoke("runs").stdout)
    assert shown[0].split("  ")[0] == "run"
    assert shown[2].split() == ["iris-1", "complete", "test", "accuracy", "-", "54", "74", "2026-11-20", "08:49:00"]
    assert shown[3].split() == ["bad", "damaged"]
    assert shown[4] == "bad: runs/bad/status.json is missing"


def test_runs_as_json(invoke: Invoke, workflows: ModuleType) -> None:
    answer(workflows, "list_runs", summaries())
    written = json.loads(invoke("runs", "--json").stdout)
    assert [run["name"] for run in written["runs"]] == ["iris-1", "bad"]
    assert written["runs"][0]["metrics"]["test"] == {"loss": 0.25, "accuracy": None}


def test_runs_of_an_empty_directory(invoke: Invoke, workflows: ModuleType) -> None:
    answer(workflows, "list_runs", [])
    ended = invoke("runs")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "no runs in runs; `nntrain fit CONFIG` makes one\n"
    assert json.loads(invoke("runs", "--json").stdout) == {"runs": []}


def test_schema_is_one_json_object(invoke: Invoke, config: ModuleType) -> None:
    vars(config)["json_schema"] = lambda: {"title": "nntrain", "properties": {}}
    assert json.loads(invoke("schema").stdout) == {"title": "nntrain", "properties": {}}


def test_examples_are_listed_and_written(invoke: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from nntrain import examples

    iris = examples.Example("iris", "a first run", "../datasets/iris.csv", "nntrain fit", "accuracy 0.95")
    monkeypatch.setattr(examples, "list_examples", lambda: [iris])
    written = [tmp_path / "configs" / "iris.yaml", tmp_path / "datasets" / "iris.csv"]
    monkeypatch.setattr(examples, "write_example", lambda name, directory: written)
    assert lines(invoke("examples", env={"COLUMNS": "20"}).stdout) == [
        "iris  a first run",
        "      (accuracy 0.95)",
        "`nntrain examples NAME -o DIR` writes one.",
    ]
    assert json.loads(invoke("examples", "--json").stdout)["examples"][0]["name"] == "iris"
    assert lines(invoke("examples", "iris", "-o", str(tmp_path)).stdout) == [
        f"written  {written[0]}",
        f"written  {written[1]}",
        f"next     nntrain fit {written[0]}",
    ]
    assert json.loads(invoke("examples", "iris", "--json").stdout)["config"] == str(written[0])


# Terminals of every kind


@pytest.mark.parametrize("columns", ["20", "40", "1000"])
@pytest.mark.parametrize("variable", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_tables_keep_every_figure_in_a_narrow_terminal(
    invoke: Invoke, workflows: ModuleType, config: ModuleType, columns: str, variable: dict[str, str]
) -> None:
    answer(workflows, "fit", trained)
    ended = invoke("fit", "iris.yaml", env={"COLUMNS": columns, **variable})
    assert ended.exit_code == 0
    assert "\x1b" not in ended.stdout
    assert str(RUN) in ended.stdout  # the path is never folded
    if columns != "20":
        assert "0.0512" in ended.stdout


def test_tables_and_json_on_a_terminal_that_knows_ascii_only(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    for code in (
        "from nntrain.cli.tables import print_scores; print_scores({'\\xfcbung': {'accuracy': 0.5}})",
        "from nntrain.cli.console import print_json; print_json({'\\xfcbung': '\\u6f22'})",
    ):
        prepared = f"from nntrain.cli.console import prepare_streams; prepare_streams(); {code}"
        done = subprocess.run(
            [sys.executable, "-c", prepared], capture_output=True, timeout=60, check=False, env=environment
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.isascii()
