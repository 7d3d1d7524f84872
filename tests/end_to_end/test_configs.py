"""The bundled configs: each is described, can be checked, and is run somewhere to what its header promises."""

import shutil
from pathlib import Path

import pytest

import nntrain
from nntrain.config.experiment import load_experiment
from nntrain.errors import ConfigError
from nntrain.examples import list_examples

ROOT = Path(__file__).parent.parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
# Where each is trained to the score in its header.
RUN_BY = {
    "backprop-exercise": "test_what_it_must_show.py", "breast-cancer": "test_what_it_must_show.py",
    "diabetes": "test_what_it_must_show.py", "digits": "test_what_it_must_show.py", "iris": "test_what_it_must_show.py",
    "iris-gridsearch": "test_what_it_must_show.py", "mnist-mlp": "test_mnist.py",
    "perceptron-and": "test_what_it_must_show.py", "spiral": "test_what_it_must_show.py",
    "wine": "test_what_it_must_show.py", "xor": "test_what_it_must_show.py",
}  # fmt: skip


def test_each_config_is_run_by_a_test() -> None:
    assert {path.stem for path in CONFIGS} == set(RUN_BY)
    for name, file in RUN_BY.items():
        text = (Path(__file__).parent / file).read_text(encoding="utf-8")
        assert f'"{name}"' in text or f'"{name}.yaml"' in text, name


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_headers_say_what_a_reader_needs(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["# Purpose", "# Data"]
    [example] = [each for each in list_examples() if each.name == path.stem]
    assert example.purpose
    assert example.expected
    command = "gridsearch" if path.stem.endswith("gridsearch") else "fit"
    assert example.command == f"nntrain {command} configs/{path.name}"


# The data of mnist-mlp is not bundled: test_mnist.py checks it.
@pytest.mark.parametrize("path", [path for path in CONFIGS if path.stem != "mnist-mlp"], ids=lambda path: path.stem)
def test_each_config_can_be_checked_without_a_warning(path: Path) -> None:
    report = nntrain.check(load_experiment(path))
    assert report.name == path.stem
    assert report.training >= 1
    assert report.warnings == []


def test_the_message_where_mnist_is_missing(workdir: Path) -> None:
    """It says how to get the files, and nothing is left behind."""
    (workdir / "configs").mkdir()
    shutil.copy(ROOT / "configs" / "mnist-mlp.yaml", workdir / "configs")
    with pytest.raises(ConfigError) as caught:
        nntrain.fit(load_experiment("configs/mnist-mlp.yaml"), runs_dir=workdir / "runs")
    assert str(caught.value) == (
        "configs/mnist-mlp.yaml:8:9: datasets/mnist/train-images-idx3-ubyte.gz: no such file "
        "(there is no directory datasets/mnist)\n"
        "MNIST is {train,t10k}-images-idx3-ubyte.gz and {train,t10k}-labels-idx1-ubyte.gz; download them from "
        "https://ossci-datasets.s3.amazonaws.com/mnist/ into datasets/mnist/\n"
        "    8 |   path: ../datasets/mnist/train-images-idx3-ubyte.gz\n"
        f"      |         {'^' * len('../datasets/mnist/train-images-idx3-ubyte.gz')}\n"
        "1 error in configs/mnist-mlp.yaml"
    )
    assert sorted(path.name for path in workdir.iterdir()) == ["configs"]
