"""Contradictions between sections, as far as they show without the data."""

import pytest

from nntrain.config.reference_text import EXAMPLE
from tests.config.conftest import Errors, Load

# (a whole config, the messages)
CONTRADICTIONS = {
    "a name twice": (
        """\
data: {synthetic: xor}
network:
  - {type: dense, name: a, units: 2}
  - {type: dropout, name: a}
  - {type: dense, units: 1}
""",
        "a.yaml:4:27: layer name 'a' is taken by network.0\n"
        "    4 |   - {type: dropout, name: a}\n"
        "      |                           ^\n",
    ),
    "auto before the last dense layer": (
        """\
data: {synthetic: xor}
network:
  - {type: dense, units: auto, activation: auto}
  - {type: dense, units: auto, activation: auto}
""",
        "a.yaml:3:26: network.0.units can be auto in the last dense layer only\n"
        "    3 |   - {type: dense, units: auto, activation: auto}\n"
        "      |                          ^^^^ it is what the task wants of the output\n"
        "a.yaml:3:44: network.0.activation can be auto in the last dense layer only\n"
        "    3 |   - {type: dense, units: auto, activation: auto}\n"
        "      |                                            ^^^^ it is what the task wants of the output\n",
    ),
    "cross-entropy without softmax": (
        """\
data: {synthetic: spiral}
network: [{type: dense, units: 3, activation: sigmoid}]
loss: cross_entropy
""",
        "a.yaml:2:47: the loss cross_entropy wants softmax on the last layer, got sigmoid\n"
        "    2 | network: [{type: dense, units: 3, activation: sigmoid}]\n"
        "      |                                               ^^^^^^^ write activation: softmax, "
        "or activation: auto\n",
    ),
    "cross-entropy without any activation": (
        """\
data: {synthetic: spiral}
network: [{type: dense, units: 3}]
loss: cross_entropy
""",
        "a.yaml:2:11: the loss cross_entropy wants softmax on the last layer, got linear\n"
        "    2 | network: [{type: dense, units: 3}]\n"
        "      |           ^^^^^^^^^^^^^^^^^^^^^^^ write activation: softmax, or activation: auto\n",
    ),
    "binary cross-entropy on a layer of its own": (
        """\
data: {synthetic: moons}
network: [{type: dense, units: 1}, {type: tanh}, flatten]
loss: {type: binary_cross_entropy}
""",
        "a.yaml:2:43: the loss binary_cross_entropy wants sigmoid on the last layer, got tanh\n"
        "    2 | network: [{type: dense, units: 1}, {type: tanh}, flatten]\n"
        "      |                                           ^^^^ write activation: sigmoid, or activation: auto\n",
    ),
    "the perceptron rule without step": (
        """\
data: {synthetic: and}
network: [{type: dense, units: 1, activation: sigmoid}]
loss: perceptron
""",
        "a.yaml:2:47: the loss perceptron wants step on the last layer, got sigmoid\n"
        "    2 | network: [{type: dense, units: 1, activation: sigmoid}]\n"
        "      |                                               ^^^^^^^ write activation: step, or activation: auto\n",
    ),
    "step under another loss": (
        """\
data: {synthetic: and}
network: [{type: dense, units: 1, activation: step}]
loss: mean_squared_error
""",
        "a.yaml:2:47: network.0.activation: step has no gradient; the loss mean_squared_error cannot train it\n"
        "    2 | network: [{type: dense, units: 1, activation: step}]\n"
        "      |                                               ^^^^ write loss: perceptron, or another activation\n",
    ),
    "step inside the network": (
        """\
data: {synthetic: xor}
network: [{type: dense, units: 4, activation: step}, {type: dense, units: 1, activation: step}]
loss: perceptron
""",
        "a.yaml:2:47: network.0.activation: step has no gradient, so only the output can have it\n"
        "    2 | network: [{type: dense, units: 4, activation: step}, {type: dense, units: 1, activation: step}]\n"
        "      |                                               ^^^^ sigmoid is its smooth form\n",
    ),
    "nothing to monitor": (
        """\
data: {synthetic: moons, split: {validation: 0}}
network: [{type: dense, units: 1}]
early_stopping: {patience: 5}
""",
        "a.yaml:3:17: early_stopping.monitor is validation.loss, but there are no validation examples\n"
        "    3 | early_stopping: {patience: 5}\n"
        "      |                 ^^^^^^^^^^^^^ set data.split.validation above 0, or monitor training.loss\n",
    ),
    "nothing to choose by": (
        """\
data: {synthetic: moons, split: {validation: 0}}
network: [{type: dense, units: 1}]
search: {space: {seed: [0, 1]}, monitor: validation.loss}
""",
        "a.yaml:3:42: search.monitor is validation.loss, but there are no validation examples\n"
        "    3 | search: {space: {seed: [0, 1]}, monitor: validation.loss}\n"
        "      |                                          ^^^^^^^^^^^^^^^ set data.split.validation above 0, "
        "or monitor training.loss, or evaluate over folds\n",
    ),
}


@pytest.mark.parametrize("contradiction", CONTRADICTIONS)
def test_a_contradiction(errors: Errors, contradiction: str) -> None:
    text, messages = CONTRADICTIONS[contradiction]
    count = messages.count("a.yaml:")
    assert errors(text) == messages + ("1 error in a.yaml" if count == 1 else f"{count} errors in a.yaml")


FINE = [
    "network: [{type: dense, units: auto, activation: auto}]\nloss: cross_entropy\n",
    "network: [{type: dense, units: 3}, softmax]\nloss: cross_entropy\n",
    "network: [{type: dense, units: 3, activation: softmax}, flatten]\nloss: cross_entropy\n",
    "network: [{type: dense, units: 3, activation: softmax}]\nloss: half_squared_error\n",
    "network: [{type: dense, units: 1, activation: step}]\nloss: perceptron\n",
    "network: [{type: dense, units: 1, activation: step}]\n",
    "network: [{type: dense, units: 1}]\nearly_stopping: null\nsearch: {space: {seed: [1]}, evaluation: {folds: 3}}\n",
    "network: [{type: dense, units: 1}]\nearly_stopping: {monitor: training.loss}\n",
]


@pytest.mark.parametrize("text", FINE)
def test_what_is_no_contradiction(load: Load, text: str) -> None:
    assert load("data: {synthetic: spiral, split: {validation: 0}}\n" + text).config.network


def test_the_example_of_the_reference_is_fine(load: Load) -> None:
    assert load(EXAMPLE).name == "iris"


def test_contradictions_are_reported_beside_mistakes_elsewhere(errors: Errors) -> None:
    text = """\
data: {synthetic: and}
network: [{type: dense, units: 1, activation: sigmoid}]
loss: perceptron
training: {epochs: 0}
"""
    assert errors(text).splitlines()[0::3] == [
        "a.yaml:2:47: the loss perceptron wants step on the last layer, got sigmoid",
        "a.yaml:4:20: training.epochs must be at least 1, got 0",
        "2 errors in a.yaml",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "data: {synthetic: and}\nnetwork: [{type: dense, units: 1, activation: sigmoid}]\nloss: perceptro\n",
        "data: {synthetic: and}\nnetwork: [{type: dense, units: 1, activation: sigmoi}]\nloss: perceptron\n",
        "data: {synthetic: and, split: {validation: 2}}\nnetwork: [{type: dense, units: 1}]\nearly_stopping: {}\n",
        "network: [{type: dense, units: 1}]\nearly_stopping: {}\n",
        "data: {synthetic: and}\nnetwork: [{type: dens, name: h}]\nsearch: {space: {network.h.units: [1]}}\n",
    ],
)
def test_one_mistake_is_not_reported_as_two(errors: Errors, text: str) -> None:
    assert errors(text).splitlines()[-1] == "1 error in a.yaml"
