"""Numbers that the dtype cannot hold are mistakes of the config, each with its place."""

from typing import Any

import pytest

from nntrain import build_network, load_experiment
from nntrain.config.numbers import unfit
from nntrain.errors import ConfigError, UserError
from tests.config.conftest import Errors, Load

TOP = "data: {synthetic: moons}\nnetwork:\n  - {type: dense, units: auto, activation: auto}\n"
BEYOND = [
    "regularization: {l2: 1.7e308}",
    "regularization: {l1: 1e39}",
    "regularization: {max_norm: 1e39}",
    "regularization: {clip_norm: 1e39}",
    "loss: {type: binary_cross_entropy, class_weights: [1, 1e39]}",
    "loss: {type: binary_cross_entropy, class_weights: {a: 1e39}}",
    "loss: {type: huber, delta: 1e39}",
    "optimizer: {type: sgd, learning_rate: 1e39}",
    "optimizer: {type: adam, eps: 1e39}",
    "optimizer: {type: adamw, weight_decay: 1e39}",
    "optimizer: {type: adagrad, initial_accumulator: 1e39}",
    "schedule: {type: inverse_time, decay: 1e39}",
    "schedule: {type: plateau, min_delta: 1e39}",
    "early_stopping: {min_delta: 1e39}",
]
LAYERS = [
    "initializer: {type: normal, std: 1e39}",
    "initializer: {type: normal, mean: -1e39}",
    "initializer: {type: uniform, low: -1e39, high: 0}",
    "initializer: {type: glorot_uniform, gain: 1e39}",
    "initializer: {values: [[1, 1e39], [1, 1]]}",
    "bias_initializer: {type: constant, value: -1e39}",
    "activation: {type: elu, alpha: 1e39}",
]
VANISHING = [
    "optimizer: {type: sgd, learning_rate: 1e-46}",
    "optimizer: {type: adam, eps: 1e-50}",
    "loss: {type: huber, delta: 1e-300}",
    "loss: {type: binary_cross_entropy, class_weights: [1, 1e-60]}",
    "loss: {type: binary_cross_entropy, class_weights: {a: 1e-60}}",
    "regularization: {max_norm: 1e-60}",
]


@pytest.mark.parametrize("line", BEYOND)
def test_beyond_the_largest_number(errors: Errors, load: Load, line: str) -> None:
    said = errors(TOP + line)
    assert said.startswith("a.yaml:4:")
    assert "beyond what float32 holds (3.4e+38)\n" in said
    assert "write a smaller number, or dtype: float64\n1 error in a.yaml" in said
    assert load(TOP + line + "\ndtype: float64").config.dtype == "float64"


@pytest.mark.parametrize("layer", LAYERS)
def test_in_a_layer(errors: Errors, load: Load, layer: str) -> None:
    text = TOP.replace("units: auto, activation: auto", f"units: 2, {layer}")
    said = errors(text)
    assert said.startswith("a.yaml:3:")
    assert "beyond what float32 holds" in said
    load(text + "dtype: float64")


def test_in_the_data(errors: Errors) -> None:
    assert errors(TOP.replace("moons", "{type: moons, noise: 1e39}")) == (
        "a.yaml:1:40: data.synthetic.noise is 1e+39, beyond what float32 holds (3.4e+38)\n"
        "    1 | data: {synthetic: {type: moons, noise: 1e39}}\n"
        "      |                                        ^^^^ write a smaller number, or dtype: float64\n"
        "1 error in a.yaml"
    )


@pytest.mark.parametrize("line", VANISHING)
def test_what_must_be_above_0_and_is_not_in_the_dtype(errors: Errors, load: Load, line: str) -> None:
    said = errors(TOP + line)
    assert "must be above 0, but " in said
    assert "is 0 in float32" in said
    load(TOP + line + "\ndtype: float64")


def test_what_may_be_0_may_vanish(load: Load) -> None:
    load(TOP + "regularization: {l2: 1e-60}\nearly_stopping: {min_delta: 1e-60}\n")
    load(TOP + "schedule: {type: exponential, factor: 1e-60}\ntraining: {checkpoint: {every_seconds: 1e300}}\n")


def test_in_an_override_and_in_python() -> None:
    data: dict[str, Any] = {"data": {"synthetic": "moons"}, "network": [{"type": "dense", "units": 1}]}
    with pytest.raises(ConfigError, match=r"^--set regularization\.l2=1e300: regularization\.l2 is 1e\+300, beyond"):
        load_experiment(data, ["regularization.l2=1e300"])
    with pytest.raises(ConfigError, match=r"^config\.optimizer\.eps: optimizer\.eps is 1e\+300, beyond what float32"):
        load_experiment({**data, "optimizer": {"type": "adam", "eps": 1e300}})
    load_experiment({**data, "optimizer": {"type": "adam", "eps": 1e300}}, ["dtype=float64"])


@pytest.mark.parametrize(
    "axis",
    [
        "regularization.l2: [0.1, 1e300]",
        "regularization.l2: {uniform: [0, 1e300]}",
        "optimizer.learning_rate: {log_uniform: [1e-60, 1]}",
        "optimizer.learning_rate: {choice: [1e-60, 1]}",
        "network.0.initializer: [{type: normal, std: 1e300}]",
        "regularization: [{l1: 0.1}, {l1: 1e300}]",
    ],
)
def test_in_a_search(errors: Errors, load: Load, axis: str) -> None:
    text = TOP + "search:\n  space:\n    "
    assert "float32" in errors(text + axis)
    load(text + axis + "\ndtype: float64")
    load(text + axis + "\n    dtype: [float64]")  # shows when the points are made


def test_numbers_of_hundreds_of_digits(errors: Errors) -> None:
    number = "1" + "0" * 400
    for line in (f"optimizer: {{type: sgd, learning_rate: {number}}}", f"seed: {number}"):
        assert errors(TOP + line).endswith("1 error in a.yaml")
    said = errors(TOP.replace("units: auto", f"units: 1, initializer: {{values: [[{number}]]}}"))
    assert "network.0.initializer.values.0.0 must be a finite number" in said


def test_a_scale_that_draws_beyond_the_dtype() -> None:
    layer: dict[str, Any] = {"type": "dense", "units": 2}
    for dtype, initializer in (
        ("float32", {"type": "normal", "std": 3e38}),
        ("float64", {"type": "uniform", "low": -1.7e308, "high": 1.7e308}),
        ("float64", {"type": "glorot_uniform", "gain": 1.7e308}),
    ):
        with pytest.raises(UserError, match=rf"^network\.0\.initializer may draw numbers .* beyond what {dtype} holds"):
            build_network([{**layer, "initializer": initializer}], input_shape=(1,), dtype=dtype)
    with pytest.raises(UserError, match=r"^network\.0\.initializer\.std is 1e"):
        build_network([{**layer, "initializer": {"type": "normal", "std": 1e39}}], input_shape=(1,))


def test_each_number_of_a_config_is_looked_at(load: Load) -> None:
    config = load(TOP + "optimizer: {type: sgd, learning_rate: 0.1}\n").config
    sgd = config.optimizer.model_copy(update={"momentum": 1e39, "learning_rate": 1e39})
    found = list(unfit(config.model_copy(update={"optimizer": sgd}), "float32"))
    assert [mistake.path for mistake in found] == [("optimizer", "learning_rate"), ("optimizer", "momentum")]
