"""A search: what is trained, what wins, what it leaves; and that each point is what `fit` would have made of it."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.assembly.data import Data
from nntrain.assembly.resolve import resolve
from nntrain.config.column import structure_key
from nntrain.config.experiment import Experiment, load_experiment
from nntrain.errors import DivergedError, UserError
from nntrain.search import groups
from nntrain.search.executors import train_groups
from nntrain.search.groups import Group, Member
from nntrain.workflows import FitResult, Leaderboard, Listener
from tests.experiments import BINARY, CLASSES, PETS, VALUES, load, write_pets, write_table
from tests.workflows.conftest import Heard

LOSS = "validation.loss"


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def search(experiment: Experiment, **arguments: Any) -> Leaderboard:
    return nntrain.gridsearch(experiment, runs_dir="runs", **arguments)


def fit(text: str, *overrides: str) -> FitResult:
    return nntrain.fit(load(text, *overrides), runs_dir="fits")


def best_of(result: FitResult) -> dict[str, float]:
    """What the history of a run says of its best epoch."""
    lines = [json.loads(line) for line in (result.run / "history.jsonl").read_text().splitlines()]
    best: dict[str, float] = lines[result.best_epoch - 1]
    assert best["epoch"] == result.best_epoch
    return best


def by_trial(board: Leaderboard) -> list[dict[str, Any]]:
    """The table in the order of the points."""
    return sorted(board.table, key=lambda row: row["trial"])


# Axes, and for each of their points the overrides of `fit` that are the same experiment.
KEEP = ["data.split.seed=0", "data.synthetic.seed=0"]
AXES: dict[str, tuple[str, dict[str, list[Any]], list[list[str]]]] = {
    "a column": (CLASSES, {"optimizer.learning_rate": [0.003, 0.1]}, [["optimizer.learning_rate=0.003"],
                                                                     ["optimizer.learning_rate=0.1"]]),
    "a layer by its name": (CLASSES, {"network.hidden.units": [2, 5]}, [["network.0.units=2"], ["network.0.units=5"]]),
    "a layer by its place": (BINARY, {"network.0.activation": ["relu", {"type": "elu", "alpha": 2.0}]},
                             [["network.0.activation=relu"], ["network.0.activation={type: elu, alpha: 2.0}"]]),
    "a type": (BINARY, {"optimizer.type": ["sgd", "rmsprop"]}, [["optimizer.type=sgd"], ["optimizer.type=rmsprop"]]),
    "a section": (VALUES, {"optimizer": ["adam", {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9}]},
                  [["optimizer=adam"], ["optimizer={type: sgd, learning_rate: 0.1, momentum: 0.9}"]]),
    "preprocessing": (CLASSES, {"data.preprocess.numeric": ["standard", "minmax", "none"]},
                      [["data.preprocess.numeric=standard"], ["data.preprocess.numeric=minmax"],
                       ["data.preprocess.numeric=none"]]),
    "the seed": (CLASSES, {"seed": [0, 3]}, [["seed=0", *KEEP], ["seed=3", *KEEP]]),
    "two axes": (CLASSES, {"training.batch_size": [8, "full"], "regularization.l2": [0.0, 0.1]},
                 [["training.batch_size=8"], ["training.batch_size=8", "regularization.l2=0.1"],
                  ["training.batch_size=full"], ["training.batch_size=full", "regularization.l2=0.1"]]),
    "the data": (CLASSES, {"data.synthetic.noise": [0.0, 0.5]},
                 [["data.synthetic.noise=0.0"], ["data.synthetic.noise=0.5"]]),
    "smoothing": (CLASSES + "loss: cross_entropy\n", {"loss.label_smoothing": [0.0, 0.2]},
                  [[], ["loss.label_smoothing=0.2"]]),
    "early stopping": (CLASSES, {"early_stopping": [None, {"patience": 1, "min_delta": 0.2}]},
                       [["early_stopping=null"], ["early_stopping={patience: 1, min_delta: 0.2}"]]),
}  # fmt: skip


@pytest.mark.parametrize("axis", AXES)
def test_a_point_is_what_fit_makes_of_it(axis: str) -> None:
    """The same best epoch, the same values in it, to the last bit; and the best one is refitted to the same weights."""
    text, space, points = AXES[axis]
    board = search(load(text), parameters=space)
    table = by_trial(board)
    assert len(table) == len(points)
    fitted = [fit(text, *overrides) for overrides in points]
    for row, alone in zip(table, fitted, strict=True):
        history = best_of(alone)
        assert {name: row[name] for name in history if name in row} == {n: v for n, v in history.items() if n in row}
        assert row[LOSS] == history[LOSS]
        assert (row["best_epoch"], row["parameters"]) == (alone.best_epoch, alone.parameters)
    assert board.table[0][LOSS] == min(row[LOSS] for row in table)
    assert board.refit.weights_sha256 == fitted[board.table[0]["trial"] - 1].weights_sha256
    assert board.best == {path: board.table[0][path] for path in space}


def test_seeds_are_trained_from_the_seed_of_the_experiment_on() -> None:
    text = CLASSES + "search:\n  space: {optimizer.learning_rate: [0.01, 0.1]}\n  evaluation: {seeds: 3}\n"
    board = search(load(text, "seed=5"))
    for row in board.table:
        rate = f"optimizer.learning_rate={row['optimizer.learning_rate']}"
        alone = [fit(CLASSES, rate, f"seed={seed}", "data.split.seed=5", "data.synthetic.seed=5") for seed in (5, 6, 7)]
        scores = [best_of(each)[LOSS] for each in alone]
        assert row[LOSS] == pytest.approx(np.mean(scores), rel=1e-12)
        assert row[f"{LOSS}.std"] == pytest.approx(np.std(scores, ddof=1), rel=1e-12)
        assert row["best_epoch"] == pytest.approx(np.mean([each.best_epoch for each in alone]))
    assert (
        board.refit.weights_sha256
        == fit(CLASSES, f"optimizer.learning_rate={board.best['optimizer.learning_rate']}", "seed=5").weights_sha256
    )


@pytest.mark.parametrize("text", [CLASSES, VALUES], ids=["classes", "values"])
def test_folds_are_each_trained_as_if_alone(text: str) -> None:
    """Values: the target is standardized in each fold by itself, and yet scored in one unit, by RMSE."""
    monitor = "validation.rmse" if text is VALUES else LOSS
    space = "search:\n  space: {optimizer.learning_rate: [0.01, 0.1], network.hidden.units: [3, 4]}\n"
    scale = ["data.preprocess.target=standard"] if text is VALUES else []
    experiment = load(f"{text}{space}  evaluation: {{folds: 5}}\n  monitor: {monitor}\n", *scale)
    board = search(experiment)
    for row in board.table:
        point = {path: row[path] for path in board.best}
        at = experiment.with_values({"data.split.seed": 0, "data.synthetic.seed": 0, **point})
        scores = []
        for fold in Data(at).prepare_folds(5):
            config = resolve(at, fold.preprocessor, has_validation=True).config
            [(_, [alone])] = train_groups([Group((Member(1, config, structure_key(config), fold),))])
            scores.append(alone.values[monitor])
        assert row[monitor] == pytest.approx(np.mean(scores), rel=1e-12)
        assert row[f"{monitor}.std"] == pytest.approx(np.std(scores, ddof=1), rel=1e-12)
    assert board.monitor == monitor
    assert board.table[0][monitor] == min(row[monitor] for row in board.table)


@pytest.mark.parametrize("stopping", ["null", "auto"])
def test_folds_need_no_validation_split(stopping: str) -> None:
    """Auto stops early in the folds, which have validation examples, and not in the refit, which has none."""
    text = CLASSES + "search: {space: {optimizer.learning_rate: [0.1, 0.3]}, evaluation: {folds: 3}}\n"
    quick = ["training.epochs=60", "data.split.validation=0", f"early_stopping={stopping}"]
    board = search(load(text, *quick))
    assert all(np.isfinite(row[LOSS]) for row in board.table)
    assert set(board.refit.metrics) == {"training", "test"}
    assert (board.refit.epochs, board.refit.stop_reason) == (60, "all epochs done")
    lines = [json.loads(line) for line in (board.run / "history.jsonl").read_text().splitlines()]
    epochs = [member["epochs"] for line in lines for member in line["members"]]
    assert (min(epochs) < 60) == (stopping == "auto")


def test_folds_in_which_a_category_is_missing_have_an_input_less() -> None:
    rows = [(i, "rare" if i == 0 else "abc"[i % 3], "pq"[i % 2]) for i in range(40)]
    write_table("t.csv", ("x", "color", "y"), rows)
    text = PETS.replace("pets.csv, target: kind", "t.csv, target: y, split: {test: 0}")
    board = search(load(text + "search: {space: {optimizer.learning_rate: [0.1, 0.01]}, evaluation: {folds: 4}}\n"))
    assert [row["status"] for row in board.table] == ["ok", "ok"]


def test_the_results_do_not_depend_on_the_number_of_threads() -> None:
    text = CLASSES + "search:\n  space: {seed: [0, 1, 2], network.hidden.units: [2, 3, 4]}\n  evaluation: {folds: 2}\n"
    boards = [search(load(text, f"runtime.threads={threads}")) for threads in (1, 2, 3)]
    assert repr(boards[0].table) == repr(boards[1].table) == repr(boards[2].table)
    assert len({board.refit.weights_sha256 for board in boards}) == 1


def test_the_results_do_not_depend_on_what_fits_into_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        CLASSES
        + "search:\n  space: {seed: [0, 1, 2], optimizer.learning_rate: [0.01, 0.1]}\n  evaluation: {folds: 2}\n"
    )
    whole = search(load(text))
    monkeypatch.setattr(groups, "CHUNK_BYTES", 1)
    alone = search(load(text))
    assert repr(alone.table) == repr(whole.table)
    assert alone.path.read_text() == whole.path.read_text()
    assert alone.refit.weights_sha256 == whole.refit.weights_sha256


def test_a_metric_is_maximized() -> None:
    text = BINARY + "search:\n  space: {optimizer.learning_rate: [1.0e-5, 0.1]}\n  monitor: validation.roc_auc\n"
    board = search(load(text, "metrics=[accuracy]"))
    scores = [row["validation.roc_auc"] for row in board.table]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[1]
    assert {"validation.accuracy", LOSS, "training.loss"} <= set(board.table[0])


def test_the_training_loss_can_be_monitored_without_validation_examples() -> None:
    text = CLASSES + "search: {space: {optimizer.learning_rate: [1.0e-5, 0.1]}, monitor: training.loss}\n"
    board = search(load(text, "data.split.validation=0"))
    assert board.best == {"optimizer.learning_rate": 0.1}
    assert LOSS not in board.table[0]


RANDOM = (
    CLASSES
    + """\
search:
  space:
    optimizer.learning_rate: {log_uniform: [1.0e-3, 1.0e-1]}
    network.hidden.units: {int_uniform: [2, 4]}
    network.hidden.activation: [relu, tanh]
  strategy: {type: random, trials: 6, seed: 3}
"""
)


def points_of(board: Leaderboard) -> list[list[Any]]:
    return [[row[path] for path in board.best] for row in by_trial(board)]


def test_random_points_follow_their_seed() -> None:
    drawn = points_of(search(load(RANDOM)))
    assert len(drawn) == 6
    assert all(1e-3 <= rate <= 1e-1 and units in (2, 3, 4) for rate, units, _ in drawn)
    assert points_of(search(load(RANDOM))) == drawn
    assert points_of(search(load(RANDOM), seed=4)) != drawn
    assert points_of(search(load(RANDOM), seed=3, trials=3)) == drawn[:3]


def test_trials_make_a_grid_random() -> None:
    text = CLASSES + "search: {space: {optimizer.learning_rate: [0.01, 0.1]}, strategy: grid}\n"
    assert len(search(load(text)).table) == 2
    assert len(search(load(text), trials=1).table) == 1
    assert len(search(load(text), trials=3).table) == 2  # a list has no more
    board = search(load(text), parameters={"network.hidden.units": {"int_uniform": [1, 9]}}, trials=4, seed=1)
    assert list(board.best) == ["optimizer.learning_rate", "network.hidden.units"]
    assert len(board.table) == 4


def test_axes_of_the_call_are_added_to_those_of_the_config_or_take_their_place() -> None:
    text = CLASSES + "search: {space: {optimizer.learning_rate: [0.01, 0.1]}}\n"
    assert len(search(load(text), parameters={"seed": [1, 2, 3]}).table) == 6
    board = search(load(text), parameters={"optimizer.learning_rate": [0.02, 0.03, 0.04]})
    assert sorted(row["optimizer.learning_rate"] for row in board.table) == [0.02, 0.03, 0.04]
    assert len(search(load(CLASSES), parameters={"seed": [1]}).table) == 1


def test_a_point_that_diverges_says_so_and_does_not_win() -> None:
    text = BINARY.replace("tanh", "relu") + "optimizer: {type: sgd, learning_rate: 0.1}\nloss: mean_squared_error\n"
    rates = [0.1, 1e25, 1e30]
    board = search(load(text, "network.output.activation=linear"), parameters={"optimizer.learning_rate": rates})
    assert board.best == {"optimizer.learning_rate": 0.1}
    assert [row["status"].partition(" in ")[0] for row in board.table] == ["ok", "diverged", "diverged"]
    with board.path.open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == [row["status"] for row in board.table]


def test_a_point_that_diverges_late_does_not_win_by_its_early_value() -> None:
    """A rate that rises from epoch to epoch, 0.2, 0.4, …, learns at first and then diverges."""
    text = BINARY.replace("tanh", "relu") + "optimizer: {type: sgd, learning_rate: 0.1}\nloss: mean_squared_error\n"
    rising = ["network.output.activation=linear", "training.epochs=100", "schedule.warmup_epochs=200"]
    board = search(load(text, *rising), parameters={"optimizer.learning_rate": [1e-6, 40.0]})
    best, other = board.table
    assert (best["optimizer.learning_rate"], best["status"]) == (1e-6, "ok")
    assert other["status"].startswith("diverged in epoch ")
    assert other[LOSS] < best[LOSS]
    assert board.refit.metrics["validation"]["loss"] == pytest.approx(best[LOSS])


def test_where_all_points_diverge_there_is_no_best_one() -> None:
    text = BINARY.replace("tanh", "relu") + "optimizer: {type: sgd, learning_rate: 0.1}\nloss: mean_squared_error\n"
    experiment = load(text, "network.output.activation=linear")
    with pytest.raises(DivergedError) as caught:
        search(experiment, parameters={"optimizer.learning_rate": [1e25, 1e30]})
    [run] = Path("runs").iterdir()
    assert str(caught.value) == (
        f"every point diverged; what they reached before is in {run}/leaderboard.csv. "
        "Try lower learning rates, or regularization.clip_norm"
    )
    assert json.loads((run / "status.json").read_text())["status"] == "diverged"
    assert (run / "leaderboard.csv").is_file()
    with pytest.raises(UserError, match="is a search; the network of its best point was not trained to the end"):
        nntrain.load_run(run)


def far_values(value: str) -> str:
    """A linear network whose validation examples are so far away that their squares may overflow in float32."""
    write_table("near.csv", ("a", "y"), [(i / 40, i % 5) for i in range(40)])
    write_table("far.csv", ("a", "y"), [(value, i) for i in range(6)])
    return (
        "data: {path: near.csv, target: y, task: regression, preprocess: {numeric: none},\n"
        "       split: {validation: {path: far.csv}, test: 0}}\n"
        "network: [{type: dense, units: auto, initializer: {type: constant, value: 2.0}}]\n"
        "training: {epochs: 3}\n"
    )


@pytest.mark.parametrize("monitor", ["validation.loss", "validation.rmse"])
def test_a_monitor_that_is_undefined_everywhere_finds_no_best_point(monitor: str) -> None:
    """2 · 3e38 is infinite in float32."""
    text = far_values("3e38") + f"search: {{space: {{seed: [0, 1]}}, monitor: {monitor}}}\n"
    with pytest.raises(UserError) as caught:
        search(load(text))
    assert str(caught.value) == (
        f"{monitor} is undefined for every point, so there is no best one: for some examples their networks put out "
        "numbers that are not finite or too large; look for values far from those that they are trained on"
    )
    [run] = Path("runs").iterdir()
    assert json.loads((run / "status.json").read_text())["status"] == "failed"


def test_points_without_a_score_come_last_with_a_word() -> None:
    """(2 · 1e19)² is infinite in float32; weights that begin at 0 stay far below."""
    heard = Heard()
    values = [{"type": "constant", "value": 2.0}, {"type": "zeros"}]
    board = search(load(far_values("1e19")), parameters={"network.0.initializer": values}, listener=heard)
    assert [row["trial"] for row in board.table] == [2, 1]
    assert heard.warnings[0] == (
        "validation.loss is undefined for 1 of 2 points, which come last: for some examples their networks put out "
        "numbers that are not finite or too large"
    )


def test_what_a_search_leaves() -> None:
    text = CLASSES + "search: {space: {optimizer.learning_rate: [0.01, 0.1]}, evaluation: {seeds: 2}}\n"
    board = search(load(text, "metrics=[f1]", name="flowers.yaml"))
    assert board.run.name.startswith("flowers-search-")
    assert board.refit.run.name.startswith("flowers-2")
    assert board.run.parent == board.refit.run.parent == Path("runs")
    names = {"config.yaml", "source.yaml", "history.jsonl", "leaderboard.csv", "result.json", "environment.json",
             "status.json"}  # fmt: skip
    assert {path.name for path in board.run.iterdir()} - {"lock"} == names
    assert json.loads((board.run / "status.json").read_text())["status"] == "complete"
    result = json.loads((board.run / "result.json").read_text())
    assert result == {
        "best": board.best, "best_trial": board.table[0]["trial"], "monitor": LOSS, "trials": 2,
        "score": board.table[0][LOSS], "refit": board.refit.run.name,
    }  # fmt: skip
    lines = [json.loads(line) for line in (board.run / "history.jsonl").read_text().splitlines()]
    assert [line["trial"] for line in lines] == [1, 2]
    for line, row in zip(lines, by_trial(board), strict=True):
        assert line["point"] == {"optimizer.learning_rate": row["optimizer.learning_rate"]}
        assert len(line["members"]) == 2
        assert np.mean([member["values"][LOSS] for member in line["members"]]) == row[LOSS]
    assert board.path == board.run / "leaderboard.csv"
    with board.path.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["rank"] for row in table] == ["1", "2"]
    assert [float(row[LOSS]) for row in table] == [row[LOSS] for row in board.table]


def test_a_search_is_repeated_by_the_config_that_it_leaves() -> None:
    write_pets()
    experiment = load(PETS, "training.epochs=3")
    board = search(experiment, parameters={"optimizer.learning_rate": [0.1, 0.01]})
    again = nntrain.gridsearch(load_experiment(board.run / "config.yaml"), runs_dir="elsewhere/runs")
    assert repr(again.table) == repr(board.table)
    assert again.refit.weights_sha256 == board.refit.weights_sha256


def test_the_refit_is_an_ordinary_run() -> None:
    write_pets()
    board = search(load(PETS, "training.epochs=3"), parameters={"optimizer.learning_rate": [0.1, 0.01], "seed": [7]})
    scores = nntrain.evaluate(board.refit.run)
    assert scores["accuracy"] == board.refit.metrics["test"]["accuracy"]
    again = nntrain.fit(load_experiment(board.refit.run / "config.yaml"), runs_dir="again")
    assert again.weights_sha256 == board.refit.weights_sha256
    source = (board.refit.run / "source.yaml").read_text()
    assert source.startswith(PETS)
    assert f"#   optimizer.learning_rate={board.best['optimizer.learning_rate']}" in source
    with pytest.raises(UserError) as caught:
        nntrain.load_run(board.run)
    assert str(caught.value) == (f"{board.run.name} is a search; the network of its best point is in {board.refit.run}")


def test_data_is_read_once_for_all_points_that_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Experiment] = []
    make = Data.__init__

    def noting(self: Data, experiment: Experiment) -> None:
        read.append(experiment)
        make(self, experiment)

    monkeypatch.setattr(Data, "__init__", noting)
    space: dict[str, list[Any]] = {
        "optimizer.learning_rate": [0.01, 0.1], "network.output.initializer.gain": [1.0, 2.0], "seed": [0, 1],
    }  # fmt: skip
    search(load(CLASSES), parameters=space)
    assert len(read) == 2  # for the search and for the refit
    read.clear()
    search(load(CLASSES), parameters={**space, "data.preprocess.numeric": ["none", "minmax"]})
    assert len(read) == 3


def test_a_section_of_the_data_may_be_searched_and_the_split_stays_the_same() -> None:
    """`data.split` without a seed of its own takes that of the search, not that of the point."""
    space = {"data.split": [{"validation": 0.3, "test": 0.2}], "seed": [0, 1]}
    board = search(load(CLASSES), parameters=space)
    for row in board.table:
        overrides = [f"seed={row['seed']}", "data.split={validation: 0.3, test: 0.2, seed: 0}", "data.synthetic.seed=0"]
        assert row[LOSS] == best_of(fit(CLASSES, *overrides))[LOSS]


def test_what_is_said_on_the_way() -> None:
    class Heard(Listener):
        def __init__(self) -> None:
            self.said: list[Any] = []

        def trials(self, done: int, total: int) -> None:
            self.said.append((done, total))

        def started(self, info: Any) -> None:
            self.said.append(info.epochs)

        def epoch(self, record: Any) -> None:
            self.said.append("epoch")

    heard = Heard()
    text = CLASSES + "search: {space: {network.hidden.units: [2, 3]}, evaluation: {folds: 2}}\n"
    search(load(text, "runtime.threads=1"), listener=heard)
    assert heard.said == [(0, 4), (2, 4), (4, 4), 5, *["epoch"] * 5]


class Warned(Listener):
    def __init__(self) -> None:
        self.messages: list[str] = []

    def warned(self, message: str) -> None:
        self.messages.append(message)


@pytest.mark.parametrize(
    ("axis", "values"),
    [("loss", ["mean_squared_error", "half_squared_error"]), ("data.preprocess.target", ["none", "standard"])],
)
def test_losses_that_cannot_be_compared_are_warned_of(axis: str, values: list[str]) -> None:
    by_loss, by_metric = Warned(), Warned()
    search(load(VALUES), parameters={axis: values}, listener=by_loss)
    assert any(message.startswith("the points differ in the loss or in the scale") for message in by_loss.messages)
    search(load(VALUES, "search.monitor=validation.rmse"), parameters={axis: values}, listener=by_metric)
    assert not any("cannot compare" in message for message in by_metric.messages)


def test_a_section_and_a_setting_in_it_are_not_searched_together() -> None:
    with pytest.raises(UserError) as refused:
        search(load(CLASSES), parameters={"optimizer.learning_rate": [0.1, 0.01], "optimizer": ["sgd", "adam"]})
    assert "optimizer.learning_rate is part of optimizer, and only one of them can have its way" in str(refused.value)


def test_a_searched_null_is_told_from_a_score_that_is_none() -> None:
    """In the file as in a config; in the table as None."""
    parameters = {"regularization.max_norm": [None, 1.0], "early_stopping": [None, {"patience": 3}]}
    board = search(load(CLASSES), parameters=parameters)
    table = list(csv.DictReader(board.path.read_text(encoding="utf-8").splitlines()))
    written = {(row["regularization.max_norm"], row["early_stopping"]) for row in table}
    assert written == {(norm, rule) for norm in ("null", "1.0") for rule in ("null", "{patience: 3}")}
    assert {row["regularization.max_norm"] for row in board.table} == {None, 1.0}
