"""Every number of a config at the ends of its range and beyond: mistakes are said in words, whatever the number."""

import contextlib
import copy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from typing import Any

import pytest

import nntrain
from nntrain.config.experiment import Experiment
from nntrain.errors import NntrainError

Path = tuple[str | int, ...]

TRAINING = {"epochs": 2, "batch_size": 7, "checkpoint": {"every_epochs": 1, "every_seconds": 30.0}}
STOPPING = {"monitor": "training.loss", "patience": 2, "min_delta": 1e-4}
OUTPUT = {"type": "dense", "units": "auto", "activation": "auto"}
MORE = {"training": TRAINING, "runtime": {"threads": 1}}
HIDDEN = {"type": "dense", "units": 3}


def synthetic(kind: str, **more: Any) -> dict[str, Any]:
    return {"synthetic": {"type": kind, "examples": 30, "noise": 0.1, "seed": 1, **more}}


CONFIGS: dict[str, dict[str, Any]] = {
    "classes": {
        "data": synthetic("gaussians", classes=3),
        "network": [
            {**HIDDEN, "activation": {"type": "leaky_relu", "alpha": 0.1}, "initializer": {"values": [[1.0] * 3] * 2}},
            {"type": "dropout", "rate": 0.2},
            {"type": "reshape", "shape": [1, 3]},
            {"type": "elu", "alpha": 1.0},
            "flatten",
            {**OUTPUT, "initializer": {"type": "normal", "mean": 0.0, "std": 0.1}},
        ],
        "loss": {"type": "cross_entropy", "label_smoothing": 0.1, "class_weights": [1.0, 2.0, 3.0]},
        "optimizer": {"type": "adam", "learning_rate": 0.01, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8},
        "schedule": {"type": "inverse_time", "decay": 0.1, "constant_epochs": 1, "warmup_epochs": 1},
        "regularization": {"l1": 0.01, "l2": 0.01, "max_norm": 3.0, "clip_norm": 1.0},
        "early_stopping": STOPPING,
    },
    "yes or no": {
        "data": {**synthetic("moons"), "split": {"validation": 0.2, "test": 0.2, "seed": 1}},
        "network": [{**HIDDEN, "initializer": {"type": "orthogonal", "gain": 1.0}}, "tanh", OUTPUT],
        "loss": {"type": "binary_cross_entropy", "label_smoothing": 0.1, "class_weights": [1.0, 2.0]},
        "optimizer": {"type": "adamw", "weight_decay": 0.1, "learning_rate": 0.1},
        "schedule": {"type": "power", "exponent": 0.7},
    },
    "values": {
        "data": synthetic("sine"),
        "network": [
            {**HIDDEN, "activation": "softplus", "initializer": {"type": "glorot_uniform", "gain": 1.0}},
            {**OUTPUT, "bias_initializer": {"type": "uniform", "low": -0.1, "high": 0.1}},
        ],
        "loss": {"type": "huber", "delta": 1.0},
        "optimizer": {"type": "rmsprop", "rho": 0.9, "eps": 1e-8, "momentum": 0.5, "learning_rate": 0.01},
        "schedule": {"type": "plateau", "factor": 0.5, "patience": 1, "min_delta": 1e-4},
    },
    "a plane": {
        "data": synthetic("plane"),
        "network": [OUTPUT],
        "optimizer": {"type": "adagrad", "eps": 1e-8, "initial_accumulator": 0.1},
        "schedule": {"type": "step", "every": 1, "factor": 0.5},
    },
}
EXTREMES: tuple[Any, ...] = (
    0, -1, 0.5, 0.999999999999, 2**31, 2**53, 2**63, 10**400, 1e38, 3.4e38, 3.5e38, 1e300, 1.7e308, -1.7e308,
    5e-324, 1e-46, float("nan"), float("inf"), True, None, "x", [], {},
)  # fmt: skip
ONLY_THESE = (-1, 1e38, 3.4e38, 1.7e308, 1e-46)


def numbers(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from numbers(child, (*path, key))
    elif isinstance(value, int | float):
        yield path


def put(config: Any, path: Path, value: Any) -> Any:
    changed = copy.deepcopy(config)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


def takes_long(path: Path, value: Any) -> bool:
    """Whether a value makes a training long, or an array as large as memory is: that is another matter."""
    return path[-1] in ("epochs", "units", "examples", "patience", "every") and isinstance(value, int) and value > 9


def attempt(work: Callable[[Experiment], object], experiment: Experiment) -> None:
    with contextlib.suppress(NntrainError):
        work(experiment)


def try_all(config: dict[str, Any], extremes: tuple[Any, ...], *works: Callable[[Experiment], object]) -> None:
    """Arithmetic is strict in tests: what overflows raises, where it is not meant to."""
    for path in numbers(config):
        for value in extremes:
            try:
                experiment = nntrain.load_experiment(put(config, path, value))
            except NntrainError:
                continue
            if not takes_long(path, value):
                for work in works:
                    attempt(work, experiment)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CONFIGS)
def test_checks(name: str, dtype: str) -> None:
    try_all({**CONFIGS[name], **MORE, "dtype": dtype}, ONLY_THESE, nntrain.check)


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CONFIGS)
def test_every_extreme_through_every_command(name: str, dtype: str, workdir: FilePath) -> None:
    config = {**CONFIGS[name], **MORE, "dtype": dtype}
    try_all(config, EXTREMES, nntrain.check, nntrain.gradcheck, nntrain.fit)


@pytest.mark.parametrize("kind", ["xor", "circle", "gauss", "plane", "spiral", "moons", "gaussians", "sine"])
def test_noise_beyond_float64(kind: str, workdir: FilePath) -> None:
    config = {
        "data": synthetic(kind, noise=1.7e308),
        "network": [OUTPUT],
        "dtype": "float64",
        "training": {"epochs": 1},
    }
    for work in (nntrain.check, nntrain.fit):
        attempt(work, nntrain.load_experiment(config))


def test_noise_that_makes_infinite_numbers() -> None:
    config = {"data": synthetic("sine", noise=1.7e308), "network": [OUTPUT], "dtype": "float64"}
    with pytest.raises(NntrainError, match=r"^config\.data\.synthetic\.noise: synthetic sine: noise 1\.7e\+308 makes"):
        nntrain.check(nntrain.load_experiment(config))


@pytest.mark.parametrize("axes", [62, 63, 72])
def test_more_axes_than_numpy_has(axes: int, workdir: FilePath) -> None:
    layers: list[Any] = [{"type": "reshape", "shape": [1] * (axes - 1) + [2]}, "tanh", "flatten", OUTPUT]
    experiment = nntrain.load_experiment({"data": synthetic("moons"), "network": layers, "training": {"epochs": 1}})
    works: tuple[Callable[[Experiment], object], ...] = (nntrain.check, nntrain.gradcheck, nntrain.fit)
    for work in works:
        if axes == 62:
            work(experiment)
            continue
        with pytest.raises(NntrainError) as caught:
            work(experiment)
        assert str(caught.value).startswith(
            f"config.network.0: reshape to {axes} axes, but an example may have at most 62"
        )


def test_a_network_of_other_shapes_than_numpy_has() -> None:
    with pytest.raises(NntrainError, match="input_shape has 63 axes, but an example may have at most 62"):
        nntrain.build_network(["flatten"], input_shape=(1,) * 63)
    with pytest.raises(NntrainError, match=r"needs at least 1,000\+ TiB of memory, and this machine has"):
        nntrain.build_network(["flatten", {"type": "dense", "units": 1}], input_shape=(2**53,) * 10)
    for wrong in ({"members": 2.5}, {"seed": "x"}, {"seed": True}):
        with pytest.raises(NntrainError, match="members must be at least 1, seed at least 0"):
            nntrain.build_network(["tanh"], input_shape=(1,), **wrong)


def test_no_command_shows_a_warning_of_numpy() -> None:
    """It would name a line of the source, and say nothing that helps."""
    program = (
        "import warnings; from nntrain.cli import app as module; import numpy as np\n"
        "module.app = lambda: np.float32([1e38]) * np.float32([1e38])\n"
        "module.main()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
