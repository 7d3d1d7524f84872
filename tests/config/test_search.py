"""The space of a search: paths that lead nowhere, values that are wrong there."""

import pytest

from nntrain.config.search import (
    ChoiceConfig,
    IntUniformRangeConfig,
    LogUniformRangeConfig,
    RandomConfig,
    UniformRangeConfig,
)
from tests.config.conftest import Errors, Load
from tests.config.listed import OPTIMIZERS

TOP = """\
data: {synthetic: moons}
network:
  - {type: dense, name: hidden, units: 8}
  - {type: dense, units: auto, activation: auto}
search:
  strategy: random
  space:
"""

# (line 8 of the config, what is said about it, where the caret is with its hint)
MISTAKES = {
    "an unknown key": (
        "    optimizer.learning_rat: [0.1]",
        "15: search.space: unknown key 'learning_rat' in optimizer (adam)",
        "              ^^^^^^^^^^^^ did you mean 'learning_rate'?",
    ),
    "an unknown key in quotes": (
        "    'optimizer.learning_rat': [0.1]",
        "16: search.space: unknown key 'learning_rat' in optimizer (adam)",
        "               ^^^^^^^^^^^^ did you mean 'learning_rate'?",
    ),
    "an unknown section": (
        "    optimiser.learning_rate: [0.1]",
        "5: search.space: unknown key 'optimiser' at the top level",
        "    ^^^^^^^^^ did you mean 'optimizer'?",
    ),
    "an unknown layer": (
        "    network.hiden.units: [1]",
        "13: search.space: network has no item 'hiden'",
        "            ^^^^^ did you mean 'hidden'?",
    ),
    "a layer beyond the last": (
        "    network.2.units: [1]",
        "13: search.space: network has no item '2'",
        "            ^ it has 0 (hidden), 1",
    ),
    "nothing inside": (
        "    seed.x: [1]",
        "10: search.space: seed has no settings inside it",
        "         ^",
    ),
    "a part that is empty": (
        "    network..units: [1]",
        "13: search.space: a part of the path 'network..units' is empty",
        "            ^",
    ),
    "no setting of the network": (
        "    name: [a]",
        "5: search.space: name is nothing to search over",
        "    ^^^^",
    ),
    "a value out of bounds": (
        "    network.hidden.units: [4, 0]",
        "31: search.space: network.0.units must be at least 1, got 0",
        "                              ^",
    ),
    "a value of the wrong kind": (
        "    training.batch_size: [4, ful]",
        "30: search.space: training.batch_size must be an integer or full, got 'ful'",
        "                             ^^^ did you mean 'full'?",
    ),
    "an unknown type": (
        "    optimizer.type: [adam, sdg]",
        "28: search.space: unknown type 'sdg' in optimizer",
        f"                           ^^^ did you mean 'sgd'?\n      | types: {OPTIMIZERS}",
    ),
    "a section with an unknown key": (
        "    optimizer: [adam, {type: sgd, momentun: 0.9}]",
        "23: search.space: unknown key 'momentun' in optimizer (sgd)",
        "                      ^^^^^^^^^^^^^^^^^^^^^^^^^^ did you mean 'momentum'?",
    ),
    "an end out of bounds": (
        "    network.0.units: {int_uniform: [0, 8]}",
        "37: search.space: network.0.units must be at least 1, got 0",
        "                                    ^",
    ),
    "any number for an integer": (
        "    training.epochs: {uniform: [10, 20]}",
        "32: search.space: training.epochs must be an integer, got 10.5",
        "                               ^^^^^^^^ int_uniform draws integers",
    ),
    "no list": (
        "    seed: 3",
        "11: search.space.seed must be a list of values or a distribution such as "
        "{log_uniform: [1.0e-4, 1.0e-1]}, got 3",
        "          ^ types: uniform, log_uniform, int_uniform, choice",
    ),
    "an empty list": (
        "    seed: []",
        "11: search.space.seed must not be empty",
        "          ^^",
    ),
    "an unknown distribution": (
        "    regularization.l2: {loguniform: [1, 2]}",
        "24: unknown type 'loguniform' in search.space.regularization.l2",
        "                       ^^^^^^^^^^^^^^^^^^^^ did you mean 'log_uniform'?\n"
        "      | types: uniform, log_uniform, int_uniform, choice",
    ),
    "a logarithm of 0": (
        "    regularization.l2: {log_uniform: [0, 1]}",
        "24: search.space.regularization.l2.low must be above 0, got 0",
        "                       ^^^^^^^^^^^^^^^^^^^^^",
    ),
    "ends in the wrong order": (
        "    regularization.l2: {uniform: [2, 1]}",
        "24: search.space.regularization.l2 must be [low, high] with low below high, got [2, 1]",
        "                       ^^^^^^^^^^^^^^^^^",
    ),
    "one end": (
        "    regularization.l2: {uniform: [2]}",
        "34: search.space.regularization.l2.uniform must be [low, high]",
        "                                 ^^^",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake(errors: Errors, mistake: str) -> None:
    line, message, caret = MISTAKES[mistake]
    assert errors(TOP + line) == f"a.yaml:8:{message}\n    8 | {line}\n      | {caret}\n1 error in a.yaml"


def test_a_grid_lists_its_values(errors: Errors) -> None:
    text = TOP.replace("random", "grid") + "    seed: {int_uniform: [0, 9]}\n    optimizer.eps: {choice: [1.0e-8]}\n"
    assert errors(text) == (
        "a.yaml:8:11: search.space: seed is a distribution, which the grid strategy cannot enumerate\n"
        "    8 |     seed: {int_uniform: [0, 9]}\n"
        "      |           ^^^^^^^^^^^^^^^^^^^^^ write strategy: {type: random, trials: 50}, "
        "or list the values to try\n"
        "a.yaml:9:20: search.space: optimizer.eps is a distribution, which the grid strategy cannot enumerate\n"
        "    9 |     optimizer.eps: {choice: [1.0e-8]}\n"
        "      |                    ^^^^^^^^^^^^^^^^^^ write strategy: {type: random, trials: 50}, "
        "write the list by itself\n"
        "2 errors in a.yaml"
    )


def test_one_setting_under_two_paths(errors: Errors) -> None:
    text = TOP + "    network.0.units: [1]\n    network.hidden.units: [2]\n"
    assert errors(text) == (
        "a.yaml:9:5: search.space: network.hidden.units is the same setting as network.0.units\n"
        "    9 |     network.hidden.units: [2]\n"
        "      |     ^^^^^^^^^^^^^^^^^^^^\n"
        "1 error in a.yaml"
    )


def test_settings_of_a_section_that_is_searched_too_are_left_to_the_points(load: Load) -> None:
    text = (
        TOP + "    optimizer: [sgd, adam]\n    optimizer.momentum: [0.5]\n    loss.type: [huber]\n    loss.delta: [2]\n"
    )
    search = load(text).config.search
    assert search is not None
    assert list(search.space) == ["optimizer", "optimizer.momentum", "loss.type", "loss.delta"]


def test_what_only_contradicts_the_rest_is_left_to_the_points(load: Load) -> None:
    text = (
        TOP.replace("search:", "optimizer: sgd\nsearch:")
        + "    optimizer.nesterov: [true]\n    optimizer.momentum: [0.9]\n"
    )
    assert load(text).config.search is not None


def test_the_short_forms(load: Load) -> None:
    text = TOP + (
        "    network.hidden.activation: [relu, {type: elu, alpha: 0.5}]\n"
        "    regularization.l2: {log_uniform: [1e-6, 0.1]}\n"
        "    regularization.l1: {uniform: [0, 1]}\n"
        "    training.epochs: {int_uniform: [1, 9]}\n"
        "    seed: {choice: [1, 2]}\n"
    )
    search = load(text).config.search
    assert search is not None
    assert search.space == {
        "network.hidden.activation": ("relu", {"type": "elu", "alpha": 0.5}),
        "regularization.l2": LogUniformRangeConfig(low=1e-6, high=0.1),
        "regularization.l1": UniformRangeConfig(low=0, high=1),
        "training.epochs": IntUniformRangeConfig(low=1, high=9),
        "seed": ChoiceConfig(values=(1, 2)),
    }
    assert search.strategy == RandomConfig(trials=20)
    assert search.evaluation.seeds == 1


def test_the_default_strategy(load: Load) -> None:
    search = load(TOP.replace("  strategy: random\n", "") + "    seed: {choice: [1]}").config.search
    assert search is not None
    assert search.strategy == "auto"


@pytest.mark.parametrize(
    ("section", "axis"),
    [
        ("", "early_stopping.patience: [5, 10]"),
        ("early_stopping: null", "early_stopping.min_delta: {uniform: [0.0, 0.1]}"),
        ("early_stopping: auto", "early_stopping.restore_best: [true, false]"),
        ("training: {checkpoint: null}", "training.checkpoint.every_epochs: [1, 2]"),
    ],
)
def test_a_setting_of_a_section_that_is_not_written_out(load: Load, section: str, axis: str) -> None:
    experiment = load(f"{section}\n{TOP}    {axis}\n")
    path = axis.partition(":")[0]
    assert experiment.config.search is not None
    assert list(experiment.config.search.space) == [path]


def test_its_values_are_checked(errors: Errors) -> None:
    assert errors(TOP + "    early_stopping.patience: [5, 0]\n") == (
        "a.yaml:8:34: search.space: early_stopping.patience must be at least 1, got 0\n"
        "    8 |     early_stopping.patience: [5, 0]\n"
        "      |                                  ^\n"
        "1 error in a.yaml"
    )
    assert "unknown key 'patienc' in early_stopping" in errors(TOP + "    early_stopping.patienc: [5]\n")
    assert "loss has no settings inside it" in errors(TOP + "    loss.delta: [5]\n")
