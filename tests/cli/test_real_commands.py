"""The commands with the real work behind them, on data so small that it takes no time."""

import csv
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from nntrain.cli.progress import PlainProgress
from tests.cli.conftest import Invoke

TABLE = "height,weight,kind\n" + "".join(
    f"{i % 7 + (3 if i % 2 else 0)}.5,{i % 5},{'cat' if i % 2 else 'dog'}\n" for i in range(40)
)
CONFIG = """\
name: pets
data: {path: pets.csv, target: kind}
network:
  - {type: dense, units: 4, activation: tanh}
  - {type: dense, units: auto, activation: auto}
training: {epochs: 8, batch_size: 8}
early_stopping: null
"""


@pytest.fixture(autouse=True)
def pets(workdir: Path) -> Path:
    """A directory with a table and its config, which is the current one."""
    (workdir / "pets.csv").write_text(TABLE)
    (workdir / "pets.yaml").write_text(CONFIG)
    return workdir


def as_json(invoke: Invoke, *arguments: str, code: int = 0) -> Any:
    ended = invoke(*arguments, "--json")
    assert ended.exit_code == code, ended.output
    return json.loads(ended.stdout, parse_constant=pytest.fail)


def test_from_check_to_prediction(invoke: Invoke, pets: Path) -> None:
    checked = as_json(invoke, "check", "pets.yaml")
    assert (checked["parameters"], checked["task"]) == (2 * 4 + 4 + 4 + 1, "binary")
    assert not (pets / "runs").exists()
    fitted = as_json(invoke, "fit", "pets.yaml", "--set", "seed=3")
    assert fitted["epochs"] == 8
    assert set(fitted["metrics"]) == {"training", "validation", "test"}
    name = Path(fitted["run"]).name
    for run in ("latest", name, fitted["run"]):
        evaluated = as_json(invoke, "eval", run)
        assert evaluated["scores"]["loss"] == pytest.approx(fitted["metrics"]["test"]["loss"], rel=1e-5)
        assert sum(map(sum, evaluated["confusion"])) == 8
    assert as_json(invoke, "eval", "latest", "--data", "pets.csv")["examples"] == 40
    predicted = invoke("predict", "latest", "pets.csv", "--probabilities")
    rows = list(csv.DictReader(predicted.stdout.splitlines()))
    assert len(rows) == 40
    assert {row["kind"] for row in rows} <= {"cat", "dog"}
    assert [run["name"] for run in as_json(invoke, "runs")["runs"]] == [name]
    assert name in invoke("runs").stdout


def test_a_search_on_the_command_line(invoke: Invoke, pets: Path) -> None:
    arguments = ("gridsearch", "pets.yaml", "-p", "optimizer.learning_rate=0.1,1e-3", "-p", "network.0.units=2,3")
    board = as_json(invoke, *arguments)
    assert len(board["table"]) == 4
    assert Path(board["leaderboard"]).is_file()
    assert Path(board["refit"]["run"]).is_dir()
    drawn = ("gridsearch", "pets.yaml", "-p", "optimizer.learning_rate=0.1,0.03,0.01", "--trials", "3")
    assert as_json(invoke, *drawn, "--seed", "1")["best"] == as_json(invoke, *drawn, "--seed", "1")["best"]
    shown = invoke(*drawn)
    assert shown.stdout.startswith("rank   learning_rate   validation.loss")
    assert "3/3 networks trained" in shown.stderr


def test_gradcheck_of_a_config(invoke: Invoke) -> None:
    report = as_json(invoke, "gradcheck", "pets.yaml")
    assert report["passed"]
    assert {row["name"] for row in report["rows"]} == {"0.w", "0.b", "1.w", "1.b", "input"}


def test_tables_of_real_answers(invoke: Invoke) -> None:
    shown = [invoke(*command) for command in (["check", "pets.yaml"], ["fit", "pets.yaml"], ["eval", "latest"])]
    assert [ended.exit_code for ended in shown] == [0, 0, 0]
    checked, fitted, evaluated = (ended.stdout for ended in shown)
    assert "dense (tanh)" in checked
    assert "next        nntrain eval" in fitted
    assert "true \\ predicted" in evaluated


def test_diverged_training_is_exit_code_3(invoke: Invoke) -> None:
    ended = invoke(
        "fit",
        "pets.yaml",
        "--set",
        "network.0.activation=relu",
        "--set",
        "optimizer={type: sgd, learning_rate: 1e30}",
        "--json",
    )
    assert ended.exit_code == 3
    error = json.loads(ended.stdout)["error"]
    assert (error["type"], error["exit_code"]) == ("DivergedError", 3)
    assert ended.stderr.endswith(error["message"] + "\n")
    assert error["message"].startswith("training diverged in epoch 1, batch 2: ")


def test_interrupted_training_is_exit_code_130(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def press_ctrl_c(progress: PlainProgress, record: Any) -> None:
        if record.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(PlainProgress, "epoch", press_ctrl_c)
    ended = invoke("fit", "pets.yaml", "--json")
    assert ended.exit_code == 130
    error = json.loads(ended.stdout)["error"]
    assert (error["type"], error["exit_code"]) == ("Interrupted", 130)
    assert ended.stderr.endswith(error["message"] + "\n")
    assert "Traceback" not in ended.stderr
    [run] = as_json(invoke, "runs")["runs"]
    assert run["status"] == "interrupted"
    assert run["path"] in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["fit", "pest.yaml"], 2),
        (["fit", "pets.yaml", "--set", "training.epochs=0"], 2),
        (["check", "pets.yaml", "--set", "data.target=species"], 2),
        (["eval", "latest"], 2),
        (["eval", "pets.csv"], 2),
        (["gridsearch", "pets.yaml"], 2),
        (["gridsearch", "pets.yaml", "-p", "optimizer.learning_rat=1,2"], 2),
    ],
)
def test_mistakes_leave_nothing_behind(invoke: Invoke, pets: Path, arguments: list[str], code: int) -> None:
    ended = invoke(*arguments)
    assert (ended.exit_code, ended.stdout) == (code, "")
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr
    assert sorted(path.name for path in pets.iterdir()) == ["pets.csv", "pets.yaml"]


def test_a_damaged_run_is_exit_code_4(invoke: Invoke) -> None:
    run = Path(as_json(invoke, "fit", "pets.yaml")["run"])
    (run / "weights.npz").write_bytes(b"no weights")
    ended = invoke("eval", str(run))
    assert (ended.exit_code, ended.stdout) == (4, "")
    assert "weights.npz" in ended.stderr
