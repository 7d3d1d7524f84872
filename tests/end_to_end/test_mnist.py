"""MNIST: 784-128-10 in ten epochs, on the files as they were published."""

from pathlib import Path

import pytest

import nntrain
from nntrain.config.experiment import Experiment, load_experiment

CONFIG = Path(__file__).parent.parent.parent / "configs" / "mnist-mlp.yaml"


def experiment(mnist_dir: Path, *overrides: str) -> Experiment:
    """The config with its data where there is a copy, as its header says."""
    paths = [
        f"data.path={mnist_dir}/train-images-idx3-ubyte.gz",
        f"data.split.test.path={mnist_dir}/t10k-images-idx3-ubyte.gz",
    ]
    return load_experiment(CONFIG, [*paths, *overrides])


@pytest.mark.exhaustive
def test_the_network_is_the_one_of_the_header(mnist_dir: Path) -> None:
    report = nntrain.check(experiment(mnist_dir))
    assert (report.training, report.validation, report.test) == (54_000, 6_000, 10_000)
    assert report.input_shape == (28, 28, 1)
    assert [layer.output_shape for layer in report.layers] == [(784,), (128,), (10,)]
    assert report.parameters == 784 * 128 + 128 + 128 * 10 + 10
    assert report.warnings == []


@pytest.mark.exhaustive
def test_accuracy_of_975_in_a_thousand_within_ten_epochs(mnist_dir: Path, workdir: Path) -> None:
    result = nntrain.fit(experiment(mnist_dir), runs_dir=workdir / "runs")
    assert result.epochs <= 10
    assert result.metrics["test"]["accuracy"] >= 0.975
    assert nntrain.evaluate(result.run)["accuracy"] == pytest.approx(result.metrics["test"]["accuracy"])
