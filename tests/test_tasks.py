"""The table of tasks agrees with the config language, with the losses and activations themselves, and with itself."""

from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest

from nntrain.assembly.layers import build_activation
from nntrain.assembly.training import build_loss
from nntrain.config import training
from nntrain.config.activations import ActivationConfig, ActivationSection
from nntrain.config.data import DataConfig
from nntrain.config.loss import LossConfig, loss_type, needed_activation
from nntrain.config.network import AnyLayer, DenseConfig, activation_type
from nntrain.config.root import Config
from nntrain.language.anatomy import variants
from nntrain.tasks import ACTIVATIONS, LOSSES, TASKS, Task
from nntrain.train.metrics import METRICS
from tests.experiments import BINARY, load

LOSS_CONFIGS: dict[str, Any] = variants(LossConfig)
ACTIVATION_CONFIGS: dict[str, Any] = variants(ActivationConfig)
LAYER_CONFIGS: dict[str, Any] = variants(AnyLayer)


def test_every_task_of_the_config_has_a_row() -> None:
    named = set(get_args(DataConfig.model_fields["task"].annotation)) - {"auto"}
    assert set(TASKS) == set(Task) == {Task(name) for name in named}


def test_every_loss_of_the_config_has_a_row_and_a_task() -> None:
    assert set(LOSSES) == set(LOSS_CONFIGS)
    assert set(chain.from_iterable(row.losses for row in TASKS.values())) == set(LOSSES)


def test_every_activation_of_the_config_has_a_row() -> None:
    assert set(ACTIVATIONS) == set(ACTIVATION_CONFIGS)


def test_every_metric_of_the_config_has_a_task_and_a_function() -> None:
    assert set(chain.from_iterable(row.metrics for row in TASKS.values())) == set(training.METRICS) == set(METRICS)


@pytest.mark.parametrize("task", Task)
def test_what_suits_a_task_exists_and_goes_together(task: Task) -> None:
    row = TASKS[task]
    assert row.activation in ACTIVATIONS
    assert LOSSES[row.loss].activation in (None, row.activation)
    assert set(row.default_metrics) <= set(row.metrics)
    assert row.default_metrics
    for names in (row.losses, row.metrics, row.default_metrics):
        assert len(set(names)) == len(names)
    assert [name for name in METRICS if name in row.metrics] == list(row.metrics)  # one order for all


@pytest.mark.parametrize("task", Task)
def test_the_reference_names_what_auto_comes_to(task: Task) -> None:
    row, said = TASKS[task], {name: str(field.description) for name, field in Config.model_fields.items()}
    assert f"`{row.loss}`" in said["loss"]
    assert all(f"`{name}`" in said["metrics"] for name in row.metrics)
    assert row.activation in str(DenseConfig.model_fields["activation"].description)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_needs_the_activation_that_it_computes_itself(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fuses = build_loss(load(BINARY, f"loss={name}", "network.output.activation=auto").config).fuses
    activation = LOSSES[name].activation
    assert (None if activation is None else type(build_activation(ACTIVATION_CONFIGS[activation]()))) is fuses


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_what_has_no_gradient_is_trained_by_a_loss_that_computes_it(name: str) -> None:
    row = ACTIVATIONS[name]
    assert (row.loss is None) == (row.smooth is None)
    if row.loss is not None:
        assert LOSSES[row.loss].activation == name
        assert ACTIVATIONS[str(row.smooth)].loss is None


def test_every_layer_has_the_activation_that_the_config_names() -> None:
    for name, model in LAYER_CONFIGS.items():
        assert issubclass(model, ActivationSection) == (name in ACTIVATIONS)
    for name, model in ACTIVATION_CONFIGS.items():
        assert activation_type(DenseConfig(units=2, activation=model())) == name
        assert activation_type(LAYER_CONFIGS[name]()) == name
    assert activation_type(DenseConfig(units=2, activation="auto")) == "auto"
    assert activation_type(LAYER_CONFIGS["flatten"]()) == "linear"


def test_an_undecided_loss_needs_no_activation() -> None:
    assert needed_activation("auto") is None
    assert loss_type("auto") == "auto"
