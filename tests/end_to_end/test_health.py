"""What `fit` says about the health of real networks: nothing where it is good."""

import json
from pathlib import Path

import pytest

from nntrain.config import load_experiment
from nntrain.errors import Interrupted
from nntrain.train.records import EpochRecord
from nntrain.workflows import Listener, fit, gridsearch, resume
from nntrain.workflows.run.interruption import Rehearsal

ROOT = Path(__file__).parent.parent.parent
IRIS = f"{{path: {ROOT}/datasets/iris.csv, target: species}}"


class Heard(Listener):
    """Remembers warnings, and in which epoch they came."""

    def __init__(self) -> None:
        self.epoch_now = 0
        self.said: list[tuple[int, str]] = []

    def epoch(self, record: EpochRecord) -> None:
        self.epoch_now = record.epoch

    def warned(self, message: str) -> None:
        self.said.append((self.epoch_now, message))


def deep(layer: str, layers: int, optimizer: str = "adam", epochs: int = 40) -> str:
    """A network of equal layers on iris."""
    return (
        f"name: deep\ndata: {IRIS}\nnetwork:\n"
        + f"  - {layer}\n" * layers
        + "  - {type: dense, units: auto, activation: auto}\n"
        + f"optimizer: {optimizer}\ntraining: {{epochs: {epochs}, batch_size: 16}}\nearly_stopping: null\n"
    )


def warnings_of(text: str, *overrides: str) -> list[tuple[int, str]]:
    Path("config.yaml").write_text(text)
    heard = Heard()
    result = fit(load_experiment("config.yaml", overrides), listener=heard)
    assert result.warnings == [message for _, message in heard.said]
    assert json.loads((result.run / "result.json").read_text())["warnings"] == result.warnings
    return heard.said


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "name", ["iris", "wine", "digits", "breast-cancer", "diabetes", "spiral", "xor", "perceptron-and"]
)
def test_the_examples_are_healthy(name: str, seed: int) -> None:
    result = fit(load_experiment(ROOT / "configs" / f"{name}.yaml", [f"seed={seed}"]))
    assert result.warnings == []
    lines = [json.loads(line) for line in (result.run / "history.jsonl").read_text().splitlines()]
    assert any(key.startswith("update_ratio.") for key in lines[0])


@pytest.mark.slow
@pytest.mark.usefixtures("workdir")
def test_mnist_is_healthy(mnist_dir: Path) -> None:
    paths = [
        f"data.path={mnist_dir}/train-images-idx3-ubyte.gz",
        f"data.split.test.path={mnist_dir}/t10k-images-idx3-ubyte.gz",
        "training.epochs=2",
    ]
    assert fit(load_experiment(ROOT / "configs" / "mnist-mlp.yaml", paths)).warnings == []


SIGMOIDS = deep("{type: dense, units: 16, activation: sigmoid, initializer: {type: normal, std: 0.1}}", 10)


@pytest.mark.usefixtures("workdir")
def test_ten_sigmoid_layers_with_small_weights_vanish() -> None:
    """The derivative is at most 1/4 and the weights' matrices shrink by about 0.1 · √16 = 0.4, so a layer by 0.1.

    From the last layer back to layer 6 that is 1e-4, and to layer 0 it is 1e-10, which is told at once.
    """
    [(epoch, message)] = warnings_of(SIGMOIDS, "optimizer={type: sgd, learning_rate: 0.1}", "training.epochs=20")
    assert epoch == 1
    start, end = "the gradient vanishes on its way back: layer 0 gets ", "e-10 of what layer 10 gets, and layers 0, 1, "
    assert message.startswith(start)
    assert end in message or end.replace("e-10", "e-09") in message
    assert message.endswith("hardly learn: use activation: relu with initializer: he_normal, or fewer layers")


@pytest.mark.usefixtures("workdir")
def test_what_is_proposed_is_healthy() -> None:
    assert warnings_of(deep("{type: dense, units: 16, activation: relu, initializer: he_normal}", 10)) == []


@pytest.mark.usefixtures("workdir")
def test_a_relu_layer_with_a_bias_of_minus_100_is_dead() -> None:
    layer = "{type: dense, units: 16, activation: relu, bias_initializer: {type: constant, value: -100}}"
    assert warnings_of(deep(layer, 1)) == [
        (
            1,
            "layer 0 is dead: all of its 16 relu units put out 0 for every example, so it passes nothing on and no "
            "gradient back: start from other weights (initializer: he_normal, bias_initializer: zeros), or lower "
            "optimizer.learning_rate",
        )
    ]


@pytest.mark.usefixtures("workdir")
def test_an_exploding_network_that_does_not_diverge() -> None:
    """Adam divides by gradients of 1e25, their squares are infinite, and nothing moves: the loss is finite and huge."""
    layer = "{type: dense, units: 64, initializer: {type: normal, std: 1}}"
    [(epoch, message)] = warnings_of(deep(layer, 29, epochs=20))
    assert epoch == 1
    assert message.startswith("activations explode: what layer 28 puts out is ")
    # Layer k puts out about 2 · 8ᵏ times the inputs: from layer 5, 6.6e4, to layer 28, 3.9e25, and perhaps layer 4.
    assert "e+25 times the size of the inputs (layers " in message
    assert "more): start from smaller weights (initializer: glorot_uniform)" in message


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize("initializer", ["{type: normal, std: 0.1}", "glorot_uniform"])
def test_a_resumed_run_has_the_same_warnings_and_history(initializer: str) -> None:
    """Stopped before the first sign, after it, and after the second one, in epoch 17, which the other network needs."""
    Path("config.yaml").write_text(SIGMOIDS.replace("{type: normal, std: 0.1}", initializer))
    experiment = load_experiment("config.yaml")
    whole = fit(experiment)
    assert len(whole.warnings) >= 1
    history = (whole.run / "history.jsonl").read_bytes()
    for batches in (3, 50, 150):
        with pytest.raises(Interrupted):
            fit(experiment, runs_dir=f"stopped-{batches}", interruption=Rehearsal(batches))
        [run] = Path(f"stopped-{batches}").iterdir()
        result = resume(run)
        assert result.warnings == whole.warnings
        assert (run / "history.jsonl").read_bytes() == history


@pytest.mark.usefixtures("workdir")
def test_a_search_measures_nothing_and_its_refit_does() -> None:
    Path("config.yaml").write_text(deep("{type: dense, units: 4, activation: tanh}", 1, epochs=3))
    board = gridsearch(load_experiment("config.yaml"), parameters={"optimizer.learning_rate": [0.01, 0.02]})
    for path, expected in ((board.run, False), (board.refit.run, True)):
        assert ("update_ratio" in (path / "history.jsonl").read_text()) is expected
