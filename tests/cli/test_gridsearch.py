"""What `gridsearch` hands to its workflow and prints of its answer."""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nntrain.cli.gridsearch import leaderboard_cells, parse_parameter
from nntrain.errors import ConfigError, UserError
from nntrain.workflows.searching import Leaderboard
from tests.cli.conftest import RUN, Invoke, answer, fit_result, lines


def board(points: int) -> Leaderboard:
    table = [
        {"rank": rank, "trial": 7, "optimizer.learning_rate": 1e-5, "validation.loss": rank / 100}
        for rank in range(1, points + 1)
    ]
    folder = Path("runs", "iris-search")
    best, path = {"optimizer.learning_rate": 1e-5}, folder / "leaderboard.csv"
    return Leaderboard(best, table, "validation.loss", folder, path, fit_result(), 1.0, ["look here"])


def test_gridsearch_prints_the_best_twenty_and_where_all_are(
    invoke: Invoke, workflows: ModuleType, config: ModuleType
) -> None:
    calls = answer(workflows, "gridsearch", board(30))
    ended = invoke("gridsearch", "iris.yaml", "--trials", "30", "--seed", "1", "--set", "seed=2")
    [(arguments, options)] = calls
    assert arguments == (("iris.yaml", ["seed=2"]),)
    assert (options["trials"], options["seed"], options["parameters"]) == (30, 1, {})
    shown = lines(ended.stdout)
    assert shown[0].split() == ["rank", "learning_rate", "validation.loss", "trial"]
    assert shown[2].split() == ["1", "1e-05", "0.0100", "7"]
    assert shown[21].split() == ["20", "1e-05", "0.2000", "7"]
    path = str(RUN)
    assert shown[22:] == [
        "20 of 30 points",
        "the best point, trained again as a run:",
        "           training   validation     test   test baseline",
        "─────────────────────────────────────────────────────────",
        "loss         0.0512       0.0700   0.0810          1.0986",
        "accuracy     0.9889            -   0.9667          0.3000",
        f"leaderboard  {Path('runs', 'iris-search', 'leaderboard.csv')}",
        "best         optimizer.learning_rate=1e-05",
        f"refitted as  {path}",
        f"next         nntrain eval {path}",
    ]


def test_gridsearch_as_json(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    answer(workflows, "gridsearch", board(2))
    written = json.loads(invoke("gridsearch", "iris.yaml", "--json").stdout)
    assert written["best"] == {"optimizer.learning_rate": 1e-5}
    assert written["monitor"] == "validation.loss"
    assert [row["rank"] for row in written["table"]] == [1, 2]
    assert written["refit"]["best_epoch"] == 54
    assert written["warnings"] == ["look here"]


@pytest.mark.parametrize(
    ("text", "path", "values"),
    [
        ("optimizer.learning_rate=0.1,1e-2", "optimizer.learning_rate", [0.1, 0.01]),
        ("seed=3", "seed", [3]),
        ("network.0.units=[4, 8]", "network.0.units", [4, 8]),
        ("network.0.activation=relu, tanh", "network.0.activation", ["relu", "tanh"]),
        ("optimizer={type: sgd},adam", "optimizer", [{"type": "sgd"}, "adam"]),
        ("network.1.shape=[2, 3],[3, 2]", "network.1.shape", [[2, 3], [3, 2]]),
        ("regularization.l2={log_uniform: [1e-6, 0.1]}", "regularization.l2", {"log_uniform": [1e-6, 0.1]}),
    ],
)
def test_values_to_search_are_yaml(text: str, path: str, values: Any) -> None:
    assert parse_parameter(text) == (path, values)


@pytest.mark.parametrize("text", ["seed", "=1", "seed=", " =1"])
def test_a_parameter_without_key_or_values_is_refused(
    invoke: Invoke, workflows: ModuleType, config: ModuleType, text: str
) -> None:
    ended = invoke("gridsearch", "iris.yaml", "-p", text)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"-p {text}: KEY=V1,V2,... is expected, such as -p optimizer.learning_rate=0.1,0.01 or "
        "-p 'regularization.l2={log_uniform: [1e-6, 0.1]}'\n"
    )


def test_a_setting_that_is_searched_twice_is_refused(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    ended = invoke("gridsearch", "iris.yaml", "-p", "seed=1,2", "-p", "seed=3")
    assert (ended.exit_code, ended.stderr) == (
        2,
        "-p seed=3: seed is given twice; list all of its values in one -p\n",
    )


def test_thousands_of_values_are_not_repeated_in_a_message() -> None:
    values = "0.1," * 5000
    for option in (f"optimizer.learning_rate={values}]", f"a{values}"):
        with pytest.raises(UserError) as caught:
            parse_parameter(option)
        assert str(caught.value).startswith(f"-p {option}"[:99] + "…: ")
        assert len(str(caught.value)) < 600


def test_values_that_are_no_yaml_are_refused_with_their_place() -> None:
    with pytest.raises(ConfigError, match=r"^-p seed=1,\{2: "):
        parse_parameter("seed=1,{2")


def test_a_narrow_terminal_has_the_points_and_their_scores(
    invoke: Invoke, workflows: ModuleType, config: ModuleType
) -> None:
    answer(workflows, "gridsearch", board(1))
    shown = lines(invoke("gridsearch", "iris.yaml", env={"COLUMNS": "40"}).stdout)
    assert shown[:4] == [
        "rank  learning_rate  validation.loss",
        "────────────────────────────────────",
        "   1          1e-05           0.0100",
        "(no room for trial)",
    ]


def test_leaderboard_cells_of_rows_that_differ() -> None:
    rows: list[dict[str, Any]] = [
        {"rank": 1, "trial": 3, "units": 8},
        {"rank": 2, "score": float("nan"), "units": 0.123456789},
    ]
    names, cells = leaderboard_cells(rows, ["rank", "units", "score"], ["units"])
    assert names == ["rank", "units", "score", "trial"]
    assert cells == [["1", "8", "", "3"], ["2", "0.123457", "-", ""]]


FOUR = {
    "optimizer.learning_rate": 0.003,
    "network.hidden.units": 16,
    "network.output.units": 3,
    "regularization.l2": 0.0001,
}


def test_four_settings_fit_80_columns(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    rest = {"trial": 9, "status": "ok", "training.loss": 0.5, "validation.accuracy": 0.9, "best_epoch": 7}
    row = {"rank": 1, **FOUR, "validation.loss": 0.25, **rest}
    answer(workflows, "gridsearch", replace(board(1), best=FOUR, table=[row]))
    shown = invoke("gridsearch", "iris.yaml", env={"COLUMNS": "80"}).stdout.splitlines()
    assert shown[:4] == [
        "rank  learning_rate  hidden.units  output.units      l2  validation.loss  status",
        "─" * 80,
        "   1          0.003            16             3  0.0001           0.2500      ok",
        "(no room for trial, training.loss, validation.accuracy, best_epoch)",
    ]
    place = shown.index("best         optimizer.learning_rate=0.003, network.hidden.units=16,")
    assert shown[place + 1] == "             network.output.units=3, regularization.l2=0.0001"
    assert max(map(len, shown)) <= 80


def test_with_many_settings_rank_and_score_stay(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    many = {f"network.{place}.activation": "leaky_relu" for place in range(9)}
    row = {"rank": 1, **many, "validation.balanced_accuracy": 0.25, "trial": 3}
    found = replace(board(1), best=many, table=[row], monitor="validation.balanced_accuracy")
    answer(workflows, "gridsearch", found)
    shown = invoke("gridsearch", "iris.yaml", env={"COLUMNS": "80"}).stdout.splitlines()
    assert shown[0].split() == ["rank", "0.activation", "1.activation", "2.activation", "validation.balanced_accuracy"]
    assert len(shown[1]) <= 80
    assert shown[3:6] == [
        "(no room for 3.activation, 4.activation, 5.activation, 6.activation,",
        "7.activation, 8.activation, trial)",
        "",
    ]


def test_the_refit_is_shown_beside_the_baseline(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    worse = replace(fit_result(), metrics={"test": {"accuracy": 0.2}}, longer="nntrain fit --resume x --set a=b")
    answer(workflows, "gridsearch", replace(board(1), refit=worse))
    shown = lines(invoke("gridsearch", "iris.yaml").stdout)
    assert "no better than the baseline on the test split: accuracy 0.2000 (baseline 0.3000)" in shown
    assert shown[-1] == "  nntrain fit --resume x --set a=b"
