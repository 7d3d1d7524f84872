"""Which networks put out probabilities."""

import pytest

from nntrain.assembly.outputs import output_activation, why_no_probabilities
from nntrain.config.root import Config
from nntrain.errors import ConfigError
from nntrain.language.anatomy import dotted
from nntrain.tasks import Task
from tests.experiments import CLASSES, PETS, VALUES, load, prepare, write_pets

HEAD = "data: {synthetic: {type: moons, examples: 20}}\nloss: mean_squared_error\n"


def config(network: str) -> Config:
    return load(f"{HEAD}network: {network}\n").config


ENDS = {
    "in the layer": ("[{type: dense, units: 2, activation: tanh}]", "network.0.activation", "tanh"),
    "a layer of its own": ("[{type: dense, units: 2}, sigmoid]", "network.1", "sigmoid"),
    "linear": (
        "[{type: dense, units: 4, activation: tanh}, {type: dense, units: 2}]",
        "network.1.activation",
        "linear",
    ),
    "dropout behind it": (
        "[{type: dense, units: 2, activation: softmax}, {type: dropout, rate: 0.5}]",
        "network.0.activation",
        "softmax",
    ),
    "flatten and linear behind it": (
        "[{type: dense, units: 2}, softmax, flatten, linear]",
        "network.1",
        "softmax",
    ),
    "reshape behind it": (
        "[{type: dense, units: 2, activation: relu}, {type: reshape, shape: [2]}]",
        "network.0.activation",
        "relu",
    ),
    "another behind it": ("[{type: dense, units: 2, activation: softmax}, relu]", "network.1", "relu"),
    "none at all": ("[flatten, linear]", "network.0", "linear"),
}


@pytest.mark.parametrize("name", ENDS)
def test_the_activation_of_the_output(name: str) -> None:
    network, path, kind = ENDS[name]
    where, found = output_activation(config(network))
    assert (dotted(where), found) == (path, kind)


SCORES = ("linear", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus")
INSTEAD = "predict without --probabilities, or train a network that ends in {} (loss: auto with activation: auto)"


@pytest.mark.parametrize("task", [Task.CLASSIFICATION, Task.BINARY, Task.MULTILABEL])
@pytest.mark.parametrize("activation", SCORES)
def test_scores_are_no_probabilities(activation: str, task: Task) -> None:
    wanted = "softmax" if task is Task.CLASSIFICATION else "sigmoid"
    for network in (
        f"[{{type: dense, units: 2, activation: {activation}}}]",
        f"[{{type: dense, units: 2}}, {activation}]",
        f"[{{type: dense, units: 2, activation: {activation}}}, flatten]",
    ):
        assert why_no_probabilities(config(network), task) == (
            f"the network ends in {activation}, so its outputs are scores, not probabilities: {INSTEAD.format(wanted)}"
        )


@pytest.mark.parametrize(
    ("activation", "task", "said"),
    [
        ("step", Task.BINARY, "decisions, 0 or 1"),
        ("step", Task.CLASSIFICATION, "decisions, 0 or 1"),
        ("step", Task.MULTILABEL, "decisions, 0 or 1"),
        ("sigmoid", Task.CLASSIFICATION, "scores of each class by itself, which do not add up to 1"),
        ("softmax", Task.MULTILABEL, "shares of one whole, where several labels may hold at once"),
    ],
)
def test_nor_are_decisions_and_other_shares(activation: str, task: Task, said: str) -> None:
    text = f"{HEAD}network: [{{type: dense, units: 2, activation: {activation}}}]\n"
    loss = "perceptron" if activation == "step" else "mean_squared_error"
    wanted = "softmax" if task is Task.CLASSIFICATION else "sigmoid"
    assert why_no_probabilities(load(text, f"loss={loss}").config, task) == (
        f"the network ends in {activation}, so its outputs are {said}, not probabilities: {INSTEAD.format(wanted)}"
    )


@pytest.mark.parametrize(
    ("activation", "task"),
    [("softmax", Task.CLASSIFICATION), ("sigmoid", Task.BINARY), ("sigmoid", Task.MULTILABEL)],
)
def test_these_are(activation: str, task: Task) -> None:
    assert why_no_probabilities(config(f"[{{type: dense, units: 2, activation: {activation}}}]"), task) is None


def test_a_regression_has_none_whatever_it_ends_in() -> None:
    found = why_no_probabilities(config("[{type: dense, units: 1, activation: sigmoid}]"), Task.REGRESSION)
    assert found == "a regression has no probabilities: predict gives its values"


@pytest.mark.parametrize("text", [CLASSES, PETS, PETS.replace("network:", "loss: cross_entropy\nnetwork:")])
def test_what_auto_makes_has_them(text: str) -> None:
    write_pets()
    resolved, prepared = prepare(load(text))
    assert why_no_probabilities(resolved.config, prepared.task) is None


@pytest.mark.parametrize(
    ("text", "task", "fitting"),
    [(PETS, "binary", "sigmoid"), (VALUES, "regression", "linear")],
    ids=["binary", "value"],
)
def test_softmax_of_one_output_is_always_1(text: str, task: str, fitting: str) -> None:
    write_pets()
    network = "network=[{type: dense, units: 1, activation: softmax}]"
    with pytest.raises(ConfigError) as caught:
        prepare(load(text, network, "loss=mean_squared_error", f"data.task={task}"))
    assert str(caught.value).splitlines()[0] == (
        f"--set {network}: softmax of one output is 1 whatever the inputs are: use {fitting} (or auto)"
    )
