"""What nntrain promises of itself, shown on the bundled configs: the lecture's numbers, and scores on real data."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.assembly.data import Data
from nntrain.assembly.resolve import resolve
from nntrain.assembly.training import build_evaluator, build_population
from nntrain.config.experiment import load_experiment
from nntrain.train.loop import Training
from nntrain.workflows import FitResult, evaluation

ROOT = Path(__file__).parent.parent.parent
CONFIGS = ROOT / "configs"


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def fit(name: str, *overrides: str) -> FitResult:
    return nntrain.fit(load_experiment(CONFIGS / f"{name}.yaml", overrides), runs_dir="runs")


def scores(name: str, seeds: int, metric: str = "accuracy") -> list[float]:
    """The test score from each of so many seeds: it splits the data, draws the weights and orders the batches.

    All seeds are trained as one population. What that comes to for seed 0 must be what `fit` comes to.
    """
    experiments = [load_experiment(CONFIGS / f"{name}.yaml", [f"seed={seed}"]) for seed in range(seeds)]
    prepared = [Data(experiment).prepare() for experiment in experiments]
    configs = [
        resolve(experiment, data.preprocessor, has_validation=True).config
        for experiment, data in zip(experiments, prepared, strict=True)
    ]
    places = list(range(seeds))
    training = Training(build_population(configs, prepared, places), configs[0].training.epochs)
    for _ in training:
        pass
    network = build_population(configs, prepared, places).network
    network.theta[...] = training.weights["theta"]
    evaluator = build_evaluator(network, configs[0], prepared, np.array(places), "test", [metric])
    found: list[float] = evaluator.evaluate()[metric].tolist()
    assert found[0] == fit(name).metrics["test"][metric]
    return found


# The worked exercise of the lecture on backpropagation (003, slides "Exercise" and "Exercise: Solution").


def test_the_backpropagation_exercise_comes_out_as_printed() -> None:
    experiment = load_experiment(CONFIGS / "backprop-exercise.yaml")
    prepared = Data(experiment).prepare()
    config = resolve(experiment, prepared.preprocessor, has_validation=False).config
    population = build_population([config], [prepared], [0])
    network_pass = population.network.bind(prepared.splits["training"].whole("x")[None], training=False)
    network_pass.forward()
    a1, h1, a2, y = (node.y[0, 0] for node in network_pass.nodes if node.is_leaf)
    assert a1.tolist() == pytest.approx([0.445, 0.505], abs=1e-15)
    # The slide rounds to four digits at each step, and goes on with what is rounded.
    for computed, printed in ((h1, [0.6094, 0.6236]), (a2, [1.1244, 1.2478]), (y, [0.7548, 0.7770])):
        np.testing.assert_allclose(computed, printed, rtol=0, atol=1.0001e-4)
    gradients: dict[str, Array] = {}

    def note(network: str) -> None:
        gradients.update({path: array.copy() for path, array in population.network.gradients().items()})

    population.objective.start_epoch()
    population.objective.step(0, population.rates(1), note)
    assert round(float(population.objective.losses()["loss"][0]), 3) == 0.3
    # The slide has a row for each unit, nntrain a column.
    of_w2 = np.array([[0.0840, 0.0860], [-0.0225, -0.0230]]).T
    np.testing.assert_allclose(gradients["1.w"][0], of_w2, rtol=0, atol=1e-4)
    np.testing.assert_allclose(gradients["1.b"][0], [0.1378, -0.0369], rtol=0, atol=1e-4)


def test_the_matrices_as_printed_would_not_give_these_numbers() -> None:
    """Which is why the config has others: W1 transposed, and 0.45 for the 0.5 that is misprinted in W2."""
    x, h = np.array([0.5, 0.1]), np.array([0.6094, 0.6236])
    printed_w1, printed_w2 = np.array([[0.15, 0.25], [0.2, 0.3]]), np.array([[0.4, 0.5], [0.5, 0.55]])
    assert not np.allclose(printed_w1 @ x + 0.35, [0.445, 0.505], atol=1e-3)
    assert not np.allclose(printed_w2 @ h + 0.6, [1.1244, 1.2478], atol=1e-3)
    assert np.allclose(printed_w1.T @ x + 0.35, [0.445, 0.505], atol=1e-4)
    assert np.allclose(np.array([[0.4, 0.45], [0.5, 0.55]]) @ h + 0.6, [1.1244, 1.2478], atol=2e-4)
    text = (CONFIGS / "backprop-exercise.yaml").read_text(encoding="utf-8")
    assert "0.45, not the printed 0.5" in text


def test_the_exercise_is_run_by_its_command() -> None:
    first = (fit("backprop-exercise", "training.epochs=1").run / "history.jsonl").read_text()
    assert json.loads(first)["training.loss"] == pytest.approx(0.3, abs=5e-4)
    assert fit("backprop-exercise").metrics["training"]["loss"] < 0.005


GRADIENTS = [path.stem for path in sorted(CONFIGS.glob("*.yaml")) if path.stem not in ("mnist-mlp", "perceptron-and")]


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_are_right_to_seven_digits(name: str) -> None:
    report = nntrain.gradcheck(load_experiment(CONFIGS / f"{name}.yaml"))
    assert report.worst < 1e-7


# Scores on data that was not trained on.


@pytest.mark.parametrize(
    ("name", "seeds", "least"),
    [("iris", 20, 0.95), ("digits", 3, 0.96), ("breast-cancer", 10, 0.96), ("wine", 10, 0.95), ("spiral", 3, 0.97)],
)
def test_accuracy_on_examples_that_were_not_trained_on(name: str, seeds: int, least: float) -> None:
    found = scores(name, seeds)
    assert np.mean(found) >= least
    if name in ("digits", "spiral"):  # whose headers promise it of the config as it is
        assert found[0] >= least


def test_diabetes() -> None:
    """In the units of the data; the mean of the training examples has an RMSE of about 75."""
    assert 50 < np.mean(scores("diabetes", 10, "rmse")) < 58
    report = evaluation(fit("diabetes").run)
    assert report.baseline["rmse"] > 1.25 * report.scores["rmse"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_xor_is_learned_exactly(seed: int) -> None:
    result = fit("xor", f"seed={seed}")
    assert result.metrics["training"]["accuracy"] == 1
    answers = nntrain.load_run(result.run).predict([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert answers.tolist() == ["0", "1", "1", "0"]


PAIRS = [[0, 0], [0, 1], [1, 0], [1, 1]]


@pytest.mark.parametrize(
    ("kind", "rows", "answers"),
    [
        ("and", PAIRS, "0001"),
        ("or", PAIRS, "0111"),
        ("nand", PAIRS, "1110"),
        ("nor", PAIRS, "1000"),
        ("not", [[0], [1]], "10"),
    ],
)
def test_a_perceptron_learns_what_a_line_separates(kind: str, rows: list[list[int]], answers: str) -> None:
    """Rosenblatt's rule converges: it makes no more mistakes, and so the weights stay as they are."""
    result = fit("perceptron-and", f"data.synthetic={kind}")
    assert result.metrics["training"]["accuracy"] == 1
    model = nntrain.load_run(result.run)
    assert "".join(model.predict(rows)) == answers
    longer = fit("perceptron-and", f"data.synthetic={kind}", "training.epochs=60")
    assert longer.weights_sha256 == result.weights_sha256
    last = json.loads((result.run / "history.jsonl").read_text().splitlines()[-1])
    assert last["training.loss"] == 0


def test_a_perceptron_does_not_learn_xor() -> None:
    """It goes on making mistakes, for no line separates the classes (Minsky and Papert 1969)."""
    result = fit("perceptron-and", "data.synthetic=xor", "training.epochs=300")
    assert result.metrics["training"]["accuracy"] < 1
    losses = [json.loads(line)["training.loss"] for line in (result.run / "history.jsonl").read_text().splitlines()]
    assert min(losses[-50:]) > 0


@pytest.mark.parametrize("kind", ["xor", "xnor"])
def test_a_perceptron_is_wrong_after_any_number_of_epochs_where_no_line_separates(kind: str) -> None:
    for epochs in range(100, 110):
        result = fit("perceptron-and", f"data.synthetic={kind}", f"training.epochs={epochs}")
        assert result.metrics["training"]["accuracy"] <= 0.75


def test_the_grid_on_iris() -> None:
    board = nntrain.gridsearch(load_experiment(CONFIGS / "iris-gridsearch.yaml"), runs_dir="runs")
    assert len(board.table) == 36
    assert board.table[0]["validation.loss"] < 0.1
    assert {row["status"] for row in board.table} == {"ok"}
    assert board.refit.metrics["test"]["accuracy"] >= 0.9


# Repetition.


def test_the_same_config_and_seed_leave_the_same_weights_in_every_process() -> None:
    """Twice from the shell and once from here; another seed leaves others."""

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "nntrain", "fit", str(CONFIGS / "iris.yaml"), "--json", *arguments],
            capture_output=True, check=True, text=True,
        )  # fmt: skip
        result = json.loads(done.stdout)
        histories.append((Path(result["run"]) / "history.jsonl").read_bytes())
        sha256: str = result["weights_sha256"]
        return sha256

    histories: list[bytes] = []
    first, second, other = command(), command(), command("--set", "seed=1")
    assert first == second != other
    assert histories[0] == histories[1] != histories[2]
    result = fit("iris")
    assert result.weights_sha256 == first
    assert (result.run / "history.jsonl").read_bytes() == histories[0]


@pytest.mark.parametrize("name", ["iris", "wine", "breast-cancer", "diabetes", "digits", "spiral", "xor"])
def test_a_run_is_repeated_by_its_own_config(name: str) -> None:
    result = fit(name, "training.epochs=3", "seed=3")
    again = nntrain.fit(load_experiment(result.run / "config.yaml"), runs_dir="again")
    assert again.weights_sha256 == result.weights_sha256
    assert (again.run / "history.jsonl").read_bytes() == (result.run / "history.jsonl").read_bytes()
