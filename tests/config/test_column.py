"""Which settings make a population, and which may differ in it."""

from typing import Any

from nntrain.config import Config, structure_key
from tests.config.conftest import Load
from tests.config.paths import column_paths

TEXT = """\
data: {synthetic: moons}
network:
  - {type: dense, name: hidden, units: 4, initializer: {type: uniform, low: -1, high: 1}}
  - {type: dropout, rate: 0.1}
  - {type: dense, units: auto, activation: auto}
optimizer: sgd
schedule: {type: step, every: 5, factor: 0.5}
early_stopping: {patience: 3}
"""


def test_the_columns_of_a_config(load: Load) -> None:
    assert column_paths(load(TEXT).config) == {
        "seed",
        "network.0.initializer.low",
        "network.0.initializer.high",
        "network.1.rate",
        "network.2.initializer.gain",
        "optimizer.learning_rate",
        "optimizer.momentum",
        "schedule.warmup_epochs",
        "schedule.every",
        "schedule.factor",
        "regularization.l1",
        "regularization.l2",
        "regularization.max_norm",
        "regularization.clip_norm",
        "early_stopping.patience",
        "early_stopping.min_delta",
    }


def test_configs_that_differ_in_columns_have_one_structure(load: Load) -> None:
    one = load(TEXT)
    other = one.with_values(
        {
            "name": "other",
            "seed": 9,
            "network.1.rate": 0.9,
            "network.hidden.initializer.low": -2,
            "optimizer.learning_rate": 0.5,
            "schedule.every": 7,
            "regularization.max_norm": 3,
            "early_stopping.patience": 8,
            "search.space": {"seed": [1]},
        }
    )
    assert structure_key(other.config) == structure_key(one.config)


def test_everything_else_is_structure(load: Load) -> None:
    one = load(TEXT)
    others: list[dict[str, Any]] = [
        {"network.hidden.units": 5},
        {"network.hidden.activation": "relu"},
        {"optimizer.nesterov": True, "optimizer.momentum": 0.5},
        {"training.batch_size": 7},
        {"dtype": "float64"},
        {"data.split.seed": 1},
        {"loss": "huber"},
        {"early_stopping": None},
    ]
    keys = [structure_key(one.with_values(values).config) for values in others]
    assert len({structure_key(one.config), *keys}) == len(others) + 1


def test_the_key_does_not_depend_on_how_the_config_was_written() -> None:
    short = Config.model_validate({"data": {"synthetic": "xor"}, "network": [{"type": "dense", "units": 1}]})
    long = Config.model_validate(short.model_dump())
    assert structure_key(short) == structure_key(long)
