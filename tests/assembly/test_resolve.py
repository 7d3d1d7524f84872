"""What `auto` comes to, and what does not suit the data."""

import re
from typing import Any

import numpy as np
import pytest

from nntrain.assembly.resolve import resolve
from nntrain.config.experiment import load_experiment
from nntrain.config.root import Config
from nntrain.data.preprocess import Preprocessor
from nntrain.errors import ConfigError
from tests.experiments import BINARY, CLASSES, VALUES, load, prepare, write_table

AUTO = "network: [{type: dense, units: auto, activation: auto}]\n"


def decided(config: Config) -> tuple[str, Any, str, str, tuple[str, ...]]:
    """Task, units and activation of the output, loss and metrics of a resolved config."""
    last: Any = config.network[-1]
    loss: Any = config.loss
    assert config.metrics != "auto"
    return config.data.task, last.units, last.activation.type, loss.type, config.metrics


@pytest.fixture
def tables() -> None:
    """One table for each kind of target."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)).round(3)
    columns = ("a", "b", "two", "three", "digit", "p", "q", "value", "other")
    rows = [
        (*x[i], "yn"[i % 2], "rgb"[i % 3], i % 4, int(x[i, 0] > 0), int(x[i, 1] > 0), x[i, 0] * 3.3, x[i, 1] * 7)
        for i in range(60)
    ]
    write_table("t.csv", columns, rows)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("two", ("binary", 1, "sigmoid", "binary_cross_entropy", ("accuracy",))),
        ("three", ("classification", 3, "softmax", "cross_entropy", ("accuracy",))),
        ("digit", ("classification", 4, "softmax", "cross_entropy", ("accuracy",))),
        ("[p, q]", ("multilabel", 2, "sigmoid", "binary_cross_entropy", ("accuracy", "f1"))),
        ("value", ("regression", 1, "linear", "mean_squared_error", ("rmse", "r2"))),
        ("[value, other]", ("regression", 2, "linear", "mean_squared_error", ("rmse", "r2"))),
    ],
)
def test_auto_is_what_the_target_wants(target: str, expected: tuple[object, ...]) -> None:
    text = f"data: {{path: t.csv, target: {target}, features: [a, b]}}\n{AUTO}"
    assert decided(prepare(load(text))[0].config) == expected


TWO_CLASSES = {
    "by softmax": "network: [{type: dense, units: auto, activation: softmax}]\n",
    "by a softmax layer": "network: [{type: dense, units: auto}, softmax]\n",
    "by the loss": AUTO + "loss: cross_entropy\n",
    "by two units": "network: [{type: dense, units: 2, activation: auto}]\n",
    "by the task": AUTO,
}


@pytest.mark.parametrize("how", TWO_CLASSES)
def test_two_classes_have_an_output_each_where_that_is_plainly_meant(how: str) -> None:
    overrides = ["data.task=classification"] if how == "by the task" else []
    config = prepare(load("data: {synthetic: moons}\n" + TWO_CLASSES[how], *overrides))[0].config
    dense: Any = config.network[0]
    assert (config.data.task, dense.units) == ("classification", 2)
    last: Any = config.network[-1]
    assert getattr(last, "activation", last).type == "softmax"


def test_two_classes_have_one_output_otherwise() -> None:
    config = prepare(load("data: {synthetic: moons}\n" + AUTO))[0].config
    assert decided(config) == ("binary", 1, "sigmoid", "binary_cross_entropy", ("accuracy",))


@pytest.mark.parametrize(
    ("network", "loss"),
    [
        ("[{type: dense, units: auto, activation: step}]", "auto"),
        ("[{type: dense, units: auto}, step]", "auto"),
        ("[{type: dense, units: auto, activation: auto}]", "perceptron"),
    ],
)
def test_step_and_perceptron_come_together(network: str, loss: str) -> None:
    config = prepare(load(f"data: {{synthetic: moons}}\nnetwork: {network}\nloss: {loss}\n"))[0].config
    last: Any = config.network[-1]
    resolved_loss: Any = config.loss
    assert (getattr(last, "activation", last).type, resolved_loss.type) == ("step", "perceptron")


def test_what_the_user_wrote_stays() -> None:
    text = BINARY + "loss: {type: binary_cross_entropy, label_smoothing: 0.1}\nmetrics: [f1]\nearly_stopping: null\n"
    config = prepare(load(text, "network.1.activation=sigmoid", "network.1.units=1"))[0].config
    loss: Any = config.loss
    assert (loss.label_smoothing, config.metrics, config.early_stopping) == (0.1, ("f1",), None)


@pytest.mark.parametrize("share", [0.2, 0])
def test_early_stopping_needs_validation_examples(share: float) -> None:
    stopping: Any = prepare(load(CLASSES, f"data.split.validation={share}"))[0].config.early_stopping
    assert (stopping is None) == (share == 0)
    if share:
        assert (stopping.monitor, stopping.patience, stopping.restore_best) == ("validation.loss", 20, True)


def test_seeds_and_name_are_written_out() -> None:
    config = prepare(load(CLASSES, "seed=7", name="flowers.yaml"))[0].config
    assert config.data.synthetic is not None
    assert (config.name, config.data.synthetic.seed, config.data.split.seed) == ("flowers", 7, 7)
    assert config.data.split.stratify is True
    config = prepare(load(VALUES, "data.split.seed=3", "data.synthetic.seed=4", "seed=5"))[0].config
    assert config.data.synthetic is not None
    assert (config.data.synthetic.seed, config.data.split.seed, config.data.split.stratify) == (4, 3, False)


@pytest.mark.parametrize("text", [CLASSES, BINARY, VALUES])
def test_a_resolved_config_is_resolved_to_itself(text: str) -> None:
    resolved, prepared = prepare(load(text))
    again = resolve(resolved, prepared.preprocessor, has_validation=True)
    assert again.config == resolved.config
    assert "auto" not in str([layer.model_dump() for layer in again.config.network])


# A config in which «» are about what is to blame, and what is said of each in turn, with the hint if there is one.
UNSUITABLE: dict[str, tuple[str, list[str]]] = {
    "a metric of another task": (
        BINARY + "metrics: [accuracy, «rmse»]\n",
        ["rmse does not apply to a binary task; these do: accuracy, balanced_accuracy, precision, recall, f1, roc_auc"],
    ),
    "a monitor of another task": (
        VALUES + "early_stopping: {monitor: «validation.accuracy»}\n",
        ["accuracy does not apply to a regression task; these do: rmse, mae, r2, max_error"],
    ),
    "a loss of another task": (
        VALUES.replace("activation: auto", "activation: sigmoid") + "loss: «binary_cross_entropy»\n",
        ["binary_cross_entropy does not suit a regression task; mean_squared_error does (or auto)"],
    ),
    "cross-entropy with one output": (
        BINARY.replace("data: {", "data: {task: binary, ") + "loss: «cross_entropy»\n",
        ["cross_entropy does not suit a binary task; binary_cross_entropy does (or auto)"],
    ),
    "too few outputs": (
        CLASSES.replace("units: auto, activation: auto", "units: «2», activation: softmax"),
        ["the network puts out 2 numbers per example, but the data needs 3, one for each class: "
         "set units: 3 (or auto) in the output layer"],
    ),
    "too many outputs": (
        BINARY.replace("units: auto", "units: «3»"),
        ["the network puts out 3 numbers per example, but the data needs 1, the probability of the second class: "
         "set units: 1 (or auto) in the output layer"],
    ),
    "too many values": (
        VALUES.replace("units: auto", "units: «2»"),
        ["the network puts out 2 numbers per example, but the data needs 1, one for each target column: "
         "set units: 1 (or auto) in the output layer"],
    ),
    "no layer that could have the right size": (
        CLASSES.splitlines()[0] + "\nnetwork: [«tanh»]\n",
        ["the network puts out 2 numbers per example, but the data needs 3, one for each class: "
         "set units: 3 (or auto) in the output layer"],
    ),
    "the wrong activation": (
        CLASSES.replace("activation: auto", "activation: «sigmoid»"),
        ["the loss cross_entropy wants softmax on the last layer, got sigmoid"
         "|write activation: softmax, or activation: auto"],
    ),
    "a step that the loss cannot train": (
        VALUES.replace("activation: auto}", "activation: «step»}\n  - {type: linear}"),
        ["network.1.activation: step has no gradient, so only the output can have it|sigmoid is its smooth form"],
    ),
    "a step before what only changes the shape": (
        VALUES.replace("activation: auto}", "activation: «step»}\n  - flatten"),
        ["network.1.activation: step has no gradient; the loss mean_squared_error cannot train it"
         "|write loss: perceptron, or another activation"],
    ),
    "something behind the activation": (
        CLASSES.replace("training:", "  - «{type: dropout}»\ntraining:"),
        ["the loss cross_entropy needs softmax (or auto) as the last activation, got dropout"],
    ),
    "an output that is no vector": (
        VALUES.replace("training:", "  - «{type: reshape, shape: [1, 1]}»\ntraining:"),
        ["the network puts out the shape (1, 1) per example, but the data needs a vector: end with a flatten layer"],
    ),
    "dense on a matrix": (
        CLASSES.replace("  - {type: dense, name: output, units: auto, activation: auto}",
                        "  - {type: reshape, shape: [2, 2]}\n  - «{type: dense, units: auto}»"),
        ["dense needs a vector for each example, got shape (2, 2): put a flatten layer before it "
         "(shapes up to here: (2,) → (4,) → (4,) → (2, 2))"],
    ),
    "a reshape of another size": (
        CLASSES.replace("  - {type: dense, name: output", "  - «{type: reshape, shape: [5]}»\n  - {type: dense"),
        ["reshape to (5,) needs 5 numbers, got 4 from (4,) (shapes up to here: (2,) → (4,) → (4,))"],
    ),
    "weights of another shape": (
        VALUES.replace("{type: dense, name: output, units: auto, activation: auto}",
                       "«{type: dense, units: 1, initializer: {values: [[1], [2], [3]]}}»"),
        ["parameter w: the values given for it have shape (3, 1), but it has shape (4, 1)"],
    ),
    "biases of another shape": (
        VALUES.replace("{type: dense, name: output, units: auto, activation: auto}",
                       "«{type: dense, units: 1, bias_initializer: {values: [1, 2]}}»"),
        ["parameter b: the values given for it have shape (2,), but it has shape (1,)"],
    ),
    "weights for classes that are not there": (
        CLASSES + "loss:\n  type: cross_entropy\n  class_weights: {0: 2.0, cat: «2.0», dog: «1.0»}\n",
        ["loss.class_weights: the target has no class 'cat'|it has '0', '1', '2'",
         "loss.class_weights: the target has no class 'dog'|it has '0', '1', '2'"],
    ),
    "too few weights": (
        CLASSES + "loss: {type: cross_entropy, class_weights: «[1.0]»}\n",
        ["loss.class_weights has 1 weight, but the target has 3 classes|in order: '0', '1', '2'"],
    ),
    "several things": (
        CLASSES.replace("units: auto", "units: «2»")
        + "metrics: [«r2»]\nloss: {type: cross_entropy, class_weights: «[1, 2]»}\n",
        ["the network puts out 2 numbers per example, but the data needs 3, one for each class: "
         "set units: 3 (or auto) in the output layer",
         "r2 does not apply to a classification task; these do: accuracy, balanced_accuracy, precision, recall, f1",
         "loss.class_weights has 2 weights, but the target has 3 classes|in order: '0', '1', '2'"],
    ),
}  # fmt: skip


def located(marked: str, messages: list[str]) -> str:
    """The error for a text in which «» are about what the messages blame."""
    found = re.finditer("«(.*?)»", marked)
    lines = [line.replace("«", "").replace("»", "") for line in marked.splitlines()]
    shown = []
    for match, said in zip(found, messages, strict=True):
        message, _, hint = said.partition("|")
        number = marked.count("\n", 0, match.start()) + 1
        before = marked[marked.rfind("\n", 0, match.start()) + 1 : match.start()]
        column = len(before) - before.count("«") - before.count("»")
        caret = " " * column + "^" * len(match[1]) + (f" {hint}" if hint else "")
        shown.append(f"a.yaml:{number}:{column + 1}: {message}\n{number:>5} | {lines[number - 1]}\n      | {caret}")
    count = "1 error" if len(shown) == 1 else f"{len(shown)} errors"
    return "\n".join([*shown, f"{count} in a.yaml"])


@pytest.mark.parametrize("mistake", UNSUITABLE)
def test_what_does_not_suit_the_data_is_located(mistake: str) -> None:
    marked, messages = UNSUITABLE[mistake]
    with pytest.raises(ConfigError) as caught:
        prepare(load(re.sub("[«»]", "", marked)))
    assert str(caught.value) == located(marked, messages)


@pytest.mark.usefixtures("tables")
def test_labels_have_no_class_weights() -> None:
    text = f"data: {{path: t.csv, target: [p, q], features: [a, b]}}\n{AUTO}"
    with pytest.raises(ConfigError) as caught:
        prepare(load(text + "loss: {type: binary_cross_entropy, class_weights: balanced}\n"))
    assert str(caught.value) == (
        "a.yaml:3:51: loss.class_weights weigh one class against the others, which a multilabel task does not have\n"
        "    3 | loss: {type: binary_cross_entropy, class_weights: balanced}\n"
        "      |                                                   ^^^^^^^^\n"
        "1 error in a.yaml"
    )


def test_an_override_is_blamed_where_it_is_to_blame() -> None:
    with pytest.raises(ConfigError) as caught:
        prepare(load(CLASSES, "network.output.units=5"))
    assert str(caught.value) == (
        "--set network.output.units=5: the network puts out 5 numbers per example, but the data needs 3, one for each "
        "class: set units: 3 (or auto) in the output layer\n"
        "      | --set network.output.units=5\n"
        "      |                            ^\n"
        "1 error in --set"
    )


def test_the_preprocessor_decides_and_not_the_file() -> None:
    """A network for new data of the same kind is resolved by what was fitted, without the data."""
    experiment = load(CLASSES)
    fitted = Preprocessor.from_json(prepare(experiment)[1].preprocessor.to_json())
    config = resolve(load_experiment("a.yaml"), fitted, has_validation=False).config
    assert decided(config)[:4] == ("classification", 3, "softmax", "cross_entropy")
    assert config.early_stopping is None
