"""`runs`: one line for each run, whatever it was trained for."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from nntrain.runs.listing import RunSummary, list_runs
from nntrain.runs.store import RunDirectory
from tests.cli.conftest import Invoke, answer, lines
from tests.run_directories import create_run


def made(name: str, hour: int, **values: object) -> RunSummary:
    started = f"2026-11-20T{hour:02}:00:00+00:00"
    return replace(RunSummary(name, Path("runs", name), "complete", started, 9, 7), **values)  # type: ignore[arg-type]


def mixed() -> list[RunSummary]:
    """Runs of four tasks and a search, in the order in which they started."""
    return [
        made("iris-a", 1, metrics={"test": {"accuracy": 0.9, "loss": 0.2}}, baseline={"test": {"accuracy": 0.3}}),
        made("sugar", 2, metrics={"test": {"loss": 0.4, "r2": 0.5, "rmse": 52.0}}, baseline={"test": {"rmse": 73.8}}),
        made("iris-b", 3, metrics={"test": {"accuracy": 0.95, "loss": 0.1}}, epochs=12_000),
        made("rare", 4, metrics={"test": {"f1": 0.0}}, baseline={"test": {"f1": 0.0}}, positive_class="Yes"),
        made("sine", 5, metrics={"validation": {"loss": 0.3, "rmse": 50.0}, "training": {"rmse": 1.0}}),
        made("search", 6, kind="search", monitor="validation.loss", best_score=0.06, points=36, epochs=None,
             best_epoch=None),
        made("bare", 7, metrics={"training": {"loss": 0.5}}),
        made("stopped", 8, status="interrupted", problem="interrupted after epoch 9", best_epoch=None),
        RunSummary("broken", Path("runs/broken"), "damaged", None, None, None, problem="status.json is missing"),
    ]  # fmt: skip


def names(text: str) -> list[str]:
    return [line.split()[0] for line in lines(text)[2:] if "  " in line]


def test_mixed_tasks_share_their_columns(invoke: Invoke, workflows: ModuleType) -> None:
    answer(workflows, "list_runs", mixed())
    shown = lines(invoke("runs").stdout)
    assert shown == [
        "run       status        score               value   baseline   best epoch   epochs               started",
        "────────────────────────────────────────────────────────────────────────────────────────────────────────",
        "iris-a    complete      test accuracy      0.9000     0.3000            7        9   2026-11-20 01:00:00",
        "sugar     complete      test rmse         52.0000    73.8000            7        9   2026-11-20 02:00:00",
        "iris-b    complete      test accuracy      0.9500                       7   12,000   2026-11-20 03:00:00",
        "rare      complete      test f1 (Yes)      0.0000     0.0000            7        9   2026-11-20 04:00:00",
        "sine      complete      validation rmse   50.0000                       7        9   2026-11-20 05:00:00",
        "search    complete      validation loss    0.0600                                    2026-11-20 06:00:00",
        "bare      complete      training loss      0.5000                       7        9   2026-11-20 07:00:00",
        "stopped   interrupted                                                            9   2026-11-20 08:00:00",
        "broken    damaged",
        "stopped: interrupted after epoch 9",
        "broken: status.json is missing",
    ]


def test_a_narrow_terminal_keeps_the_scores(invoke: Invoke, workflows: ModuleType) -> None:
    answer(workflows, "list_runs", mixed())
    shown = lines(invoke("runs", env={"COLUMNS": "80"}).stdout)
    assert shown[0] == "run      status       score              value  baseline  best epoch  epochs"
    assert shown[-3] == "(no room for started)"
    shown = lines(invoke("runs", env={"COLUMNS": "40"}).stdout)
    assert shown[0] == "run      score              value"
    assert shown[-5:-2] == [
        "broken",
        "(no room for status, baseline, best",
        "epoch, epochs, started)",
    ]


def test_a_name_that_leaves_no_room_has_a_line_of_its_own(invoke: Invoke, workflows: ModuleType) -> None:
    long = "predictive-maintenance-of-forty-pumps-in-upper-austria-20261125-162516-8d47"
    answer(workflows, "list_runs", [mixed()[0], made(long, 9, metrics={"test": {"f1": 0.5}})])
    shown = lines(invoke("runs", env={"COLUMNS": "80"}).stdout)
    assert shown == [
        "run     status    score           value  baseline  best epoch  epochs",
        "─────────────────────────────────────────────────────────────────────",
        "iris-a  complete  test accuracy  0.9000    0.3000           7       9",
        long,
        "        complete  test f1        0.5000                     7       9",
        "(no room for started)",
    ]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("started", "iris-a sugar iris-b rare sine search bare stopped broken"),
        ("name", "bare broken iris-a iris-b rare search sine stopped sugar"),
        ("run", "bare broken iris-a iris-b rare search sine stopped sugar"),
        ("status", "iris-a sugar iris-b rare sine search bare broken stopped"),
        # Accuracies and other scores on the test split, then those on others; the best of each first.
        ("score", "iris-b iris-a rare sugar bare search sine broken stopped"),
        ("epochs", "iris-a sugar rare sine bare stopped iris-b broken search"),
        ("best_epoch", "iris-a sugar iris-b rare sine bare broken search stopped"),
    ],
)
def test_sorting(invoke: Invoke, workflows: ModuleType, column: str, expected: str) -> None:
    answer(workflows, "list_runs", mixed())
    written = json.loads(invoke("runs", "--sort", column, "--json").stdout)
    assert [run["name"] for run in written["runs"]] == expected.split()
    answer(workflows, "list_runs", mixed()[:-2])  # without those that have something to say below the table
    assert names(invoke("runs", "--sort", column).stdout) == [
        name for name in expected.split() if name not in ("stopped", "broken")
    ]


def test_equal_and_undefined_scores_have_an_order(invoke: Invoke, workflows: ModuleType) -> None:
    scores = {"d": 0.5, "c": math.nan, "b": 0.5, "a": 0.9}
    runs = [made(name, 1 + place // 2, metrics={"test": {"rmse": v}}) for place, (name, v) in enumerate(scores.items())]
    answer(workflows, "list_runs", runs)
    assert names(invoke("runs", "--sort", "score").stdout) == ["d", "b", "a", "c"]


def test_an_unknown_column(invoke: Invoke) -> None:
    ended = invoke("runs", "--sort", "epoks")
    assert (ended.exit_code, ended.stdout) == (2, "")
    for name in ("name", "status", "score", "best_epoch", "epochs", "started"):
        assert f"'{name}'" in ended.stderr


def test_the_last_ones(invoke: Invoke, workflows: ModuleType) -> None:
    answer(workflows, "list_runs", mixed()[:-2])
    assert names(invoke("runs", "--last", "2").stdout) == ["search", "bare"]
    assert names(invoke("runs", "--last", "3", "--sort", "name").stdout) == ["bare", "search", "sine"]
    assert len(names(invoke("runs", "--last", "99").stdout)) == 7
    assert invoke("runs", "--last", "0").exit_code == 2


def test_json_is_complete(invoke: Invoke, workflows: ModuleType) -> None:
    answer(workflows, "list_runs", mixed())
    runs = {run["name"]: run for run in json.loads(invoke("runs", "--json").stdout)["runs"]}
    assert runs["iris-a"]["metrics"] == {"test": {"accuracy": 0.9, "loss": 0.2}}
    assert runs["iris-a"]["baseline"] == {"test": {"accuracy": 0.3}}
    assert runs["rare"]["positive_class"] == "Yes"
    assert runs["rare"]["score"] == {"split": "test", "name": "f1", "value": 0.0, "baseline": 0.0, "of_class": "Yes"}
    search = runs["search"]
    assert (search["kind"], search["monitor"], search["best_score"], search["points"]) == (
        "search", "validation.loss", 0.06, 36,
    )  # fmt: skip
    assert runs["stopped"]["score"] is None


def search_directory(runs: Path) -> RunDirectory:
    """What a search has written when its first point is done."""
    directory = create_run(runs, "iris-search")
    directory.write_config("seed: 0\n")
    directory.write_environment({"python": "3.11.0"})
    directory.set_status("running")
    with directory.history_writer() as history:
        history.append({"trial": 1})
    return directory


def test_searches_are_listed_as_what_they_are(tmp_path: Path) -> None:
    directory = search_directory(tmp_path)
    [summary] = list_runs(tmp_path)
    assert (summary.kind, summary.points, summary.epochs, summary.score) == ("search", 1, None, None)
    best = {"best": {"seed": 1}, "best_trial": 2, "refit": None, "trials": 4}
    directory.write_result({**best, "monitor": "validation.accuracy", "score": 0.95})
    directory.set_status("complete")
    [summary] = list_runs(tmp_path)
    assert (summary.kind, summary.points, summary.monitor) == ("search", 4, "validation.accuracy")
    assert summary.score is not None
    assert (summary.score.label, summary.score.value, summary.score.maximize) == ("validation accuracy", 0.95, True)


@pytest.mark.parametrize("monitor", [3, None, "loss", "\x1b[2J.loss", "a.b.c", "validation."])
def test_a_strange_search_does_no_harm(tmp_path: Path, monitor: object) -> None:
    search_directory(tmp_path).write_result({"best_trial": 1, "monitor": monitor, "score": "low", "trials": -1})
    [summary] = list_runs(tmp_path)
    assert (summary.kind, summary.monitor, summary.points, summary.score) == ("search", None, None, None)
