"""The Python API as it is promised: these calls, with these names, stay."""

import inspect
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain import workflows
from nntrain.errors import ConfigError, DataError, DivergedError, Interrupted, NntrainError, RunError, UserError

IRIS = Path(__file__).parent.parent.parent / "configs" / "iris.yaml"


def test_from_a_config_to_answers(workdir: Path) -> None:
    experiment = nntrain.load_experiment(IRIS, overrides=["optimizer.learning_rate=0.1", "training.epochs=30"])
    assert experiment.config.optimizer.learning_rate == 0.1

    result = nntrain.fit(experiment, runs_dir="runs")
    assert isinstance(result.run, Path)
    assert set(result.metrics) == {"training", "validation", "test"}
    assert 1 <= result.best_epoch <= 30
    assert result.stop_reason in ("all epochs done", "early stopping")

    scores = nntrain.evaluate(result.run, split="test")
    assert {"loss", "accuracy"} <= set(scores)
    assert all(type(value) is float for value in scores.values())

    model = nntrain.load_run(result.run)
    assert model.predict([[5.1, 3.5, 1.4, 0.2], [6.7, 3.1, 5.6, 2.4]]).tolist() == ["setosa", "virginica"]
    shares = model.predict_proba([[5.1, 3.5, 1.4, 0.2]])
    assert shares.shape == (1, 3)
    assert shares.sum() == pytest.approx(1)

    board = nntrain.gridsearch(experiment, runs_dir="runs", parameters={"network.0.units": [2, 4]})
    assert board.best in ({"network.0.units": 2}, {"network.0.units": 4})
    assert len(board.table) == 2


def test_a_network_for_teaching() -> None:
    network = nntrain.build_network(
        [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 3, "activation": "softmax"}],
        input_shape=(4,), members=1, seed=0, dtype="float64",
    )  # fmt: skip
    x = np.linspace(-1, 1, 24).reshape(6, 4)
    y = network.forward(x, training=False)
    assert y.shape == (1, 6, 3)
    w1, b1, w2, b2 = (network.parameters()[path][0] for path in ("0.w", "0.b", "1.w", "1.b"))
    assert [array.shape for array in (w1, b1, w2, b2)] == [(4, 8), (8,), (8, 3), (3,)]
    logits = np.tanh(x @ w1 + b1) @ w2 + b2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(y[0], expected, rtol=1e-12)
    # glorot_uniform: within ±√6 / √(fan_in + fan_out); biases start at 0
    assert np.abs(w1).max() <= math.sqrt(6 / 12)
    assert not b1.any()
    # one step down the gradient of the cross-entropy at class 0 makes it likelier
    before = y[0, :, 0].mean()
    dy = np.zeros((1, 6, 3))
    dy[0, :, 0] = -1 / y[0, :, 0] / 6
    assert network.backward(dy).shape == (1, 6, 4)
    for path, gradient in network.gradients().items():
        network.parameters()[path][...] -= 0.1 * gradient
    assert network.forward(x)[0, :, 0].mean() > before


def test_the_other_workflows(workdir: Path) -> None:
    experiment = nntrain.load_experiment(str(IRIS), ["training.epochs=2"])
    assert nntrain.check(experiment).parameters == 4 * 16 + 16 + 16 * 3 + 3
    assert nntrain.gradcheck(experiment).passed
    run = nntrain.fit(experiment).run
    answers = nntrain.predict(run, IRIS.parent.parent / "datasets" / "iris.csv", probabilities=True)
    assert answers.columns == ["species", "probability_setosa", "probability_versicolor", "probability_virginica"]
    assert len(list(answers.rows)) == 150
    [listed] = nntrain.list_runs()
    assert (listed.path, listed.name) == (run, run.name)


def test_exceptions_are_one_family_with_exit_codes() -> None:
    assert {kind.__name__: kind.exit_code for kind in (NntrainError, UserError, ConfigError, DataError, DivergedError,
                                                       RunError)} == {
        "NntrainError": 1, "UserError": 2, "ConfigError": 2, "DataError": 2, "DivergedError": 3, "RunError": 4,
    }  # fmt: skip
    assert Interrupted("x").exit_code == 130
    assert issubclass(ConfigError, UserError)
    assert issubclass(DataError, UserError)
    assert all(issubclass(kind, NntrainError) for kind in (UserError, DivergedError, RunError, Interrupted))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("load_experiment", ["path", "overrides"]),
        ("fit", ["experiment", "runs_dir", "listener"]),
        ("evaluate", ["run", "split", "data"]),
        ("load_run", ["run"]),
        ("predict", ["run", "file", "probabilities"]),
        ("gridsearch", ["experiment", "runs_dir", "parameters", "trials", "seed", "listener"]),
        ("check", ["experiment"]),
        ("gradcheck", ["experiment"]),
        ("list_runs", ["runs_dir"]),
        ("build_network", ["layers", "input_shape", "members", "seed", "dtype"]),
    ],
)
def test_parameters_keep_their_names_and_only_others_are_added(name: str, parameters: list[str]) -> None:
    signature = inspect.signature(getattr(nntrain, name))
    assert [each for each in signature.parameters if each in parameters] == parameters
    added = [each for key, each in signature.parameters.items() if key not in parameters]
    assert all(each.default is not inspect.Parameter.empty for each in added)


TAKES_A_RUN: dict[str, Callable[[str], Any]] = {
    "evaluate": lambda run: nntrain.evaluate(run, split="training"),
    "evaluation": lambda run: workflows.evaluation(run).scores,
    "load_run": lambda run: nntrain.load_run(run).predict([[5.1, 3.5, 1.4, 0.2]]).tolist(),
    "predict": lambda run: list(nntrain.predict(run, IRIS.parent.parent / "datasets" / "iris.csv").rows),
    "resume": lambda run: nntrain.resume(run, overrides=["training.epochs=4"]).weights_sha256,
    "verify": lambda run: nntrain.verify(run).weights_sha256,
}


@pytest.mark.parametrize("name", TAKES_A_RUN)
def test_every_function_that_takes_a_run_takes_the_latest(name: str, workdir: Path) -> None:
    nntrain.fit(nntrain.load_experiment(IRIS, ["training.epochs=1"]))
    newest = nntrain.fit(nntrain.load_experiment(IRIS, ["training.epochs=3", "early_stopping=null", "seed=3"])).run
    copy = shutil.copytree(newest, Path("copies", newest.name))  # as deep, for the sake of the path to the data
    assert TAKES_A_RUN[name]("latest") == TAKES_A_RUN[name](str(copy))


@pytest.mark.parametrize("name", TAKES_A_RUN)
def test_there_is_no_latest_run(name: str, workdir: Path) -> None:
    with pytest.raises(UserError, match=r"^there is no latest run: runs has no runs; `nntrain fit CONFIG` makes one$"):
        TAKES_A_RUN[name]("latest")


def test_the_functions_that_take_a_run_are_those() -> None:
    for name in workflows.__all__:
        value = getattr(workflows, name)
        if inspect.isfunction(value) and "run" in inspect.signature(value).parameters:
            assert name in TAKES_A_RUN
