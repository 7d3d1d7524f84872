"""`check`: the layer table, sizes and warnings, without training and without leaving anything."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

import nntrain
from nntrain.assembly.ready import Planned
from nntrain.errors import ConfigError, DataError
from nntrain.nn.activations import Linear
from nntrain.nn.blueprint import Leaf
from nntrain.workflows import CheckReport, LayerRow
from nntrain.workflows.checking import layer_rows
from tests.counting import calls
from tests.experiments import BINARY, CLASSES, PETS, VALUES, load, write_pets, write_table


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """The test's own directory."""


def check(text: str, *overrides: str, name: str = "a.yaml") -> CheckReport:
    experiment = load(text, *overrides, name=name)
    before = sorted(Path().rglob("*"))
    report = nntrain.check(experiment)
    assert sorted(Path().rglob("*")) == before
    return report


def test_the_layer_table() -> None:
    text = """\
data: {synthetic: {type: gaussians, examples: 100, classes: 4}}
network:
  - {type: dense, name: hidden, units: 6, activation: relu}
  - {type: dropout, rate: 0.1}
  - {type: reshape, shape: [2, 3]}
  - flatten
  - {type: dense, units: 5, bias: false}
  - tanh
  - {type: dense, units: auto, activation: auto}
"""
    report = check(text, name="flowers.yaml")
    assert report.layers == [
        LayerRow("hidden", "dense (relu)", (6,), 2 * 6 + 6),
        LayerRow("1", "dropout", (6,), 0),
        LayerRow("2", "reshape", (2, 3), 0),
        LayerRow("3", "flatten", (6,), 0),
        LayerRow("4", "dense", (5,), 6 * 5),
        LayerRow("5", "tanh", (5,), 0),
        LayerRow("6", "dense (softmax)", (4,), 5 * 4 + 4),
    ]
    assert report.parameters == sum(layer.parameters for layer in report.layers) == 18 + 30 + 24
    assert (report.name, report.task, report.loss, report.input_shape, report.outputs) == (
        "flowers", "classification", "cross_entropy", (2,), 4,
    )  # fmt: skip
    assert report.classes == ["0", "1", "2", "3"]
    assert (report.training, report.validation, report.test) == (60, 20, 20)
    assert report.warnings == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BINARY, ("binary", "binary_cross_entropy", 1, ["0", "1"])),
        (VALUES, ("regression", "mean_squared_error", 1, None)),
        (CLASSES + "loss: mean_squared_error\n", ("classification", "mean_squared_error", 3, ["0", "1", "2"])),
    ],
)
def test_what_is_learned(text: str, expected: tuple[object, ...]) -> None:
    report = check(text)
    assert (report.task, report.loss, report.outputs, report.classes) == expected


def test_shapes_after_encoding() -> None:
    write_pets()
    report = check(PETS)
    assert report.input_shape == (4,)  # two numbers and two homes
    assert report.layers[0].parameters == 4 * 4 + 4


def test_memory_counts_the_parameters_and_the_data() -> None:
    """At least: theta, its gradient and the two slots of Adam; the data once; and it grows as they do."""
    text = CLASSES.replace("examples: 90", "examples: 1000")
    small, wide = check(text), check(text, "network.hidden.units=4000")
    data = 1000 * (2 + 3) * 4
    assert small.memory_bytes >= 4 * 4 * small.parameters + data
    assert wide.memory_bytes - small.memory_bytes >= 4 * 4 * (wide.parameters - small.parameters)
    assert wide.memory_bytes < 3 * (4 * 4 * wide.parameters + data + 2 * 4 * 600 * 4000)
    double = check(text, "dtype=float64")
    assert double.memory_bytes > 1.8 * small.memory_bytes


def test_warnings_are_those_of_the_fit() -> None:
    overrides = ["network.0.initializer=zeros", "loss=mean_squared_error"]
    report = check(CLASSES, *overrides)
    assert len(report.warnings) == 2
    assert report.warnings == nntrain.fit(load(CLASSES, *overrides)).warnings


def test_it_refuses_what_fit_refuses() -> None:
    with pytest.raises(ConfigError, match="the network puts out 2 numbers"):
        check(CLASSES.replace("units: auto", "units: 2"))
    write_table("pets.csv", ("weight", "kind"), [(1, "cat"), ("", "dog"), (3, "dog")] * 5)
    with pytest.raises(ConfigError, match="column 'weight' has no value"):
        check(PETS)
    write_table("pets.csv", ("weight", "kind"), [(1, "cat"), (2,), (3, "dog")] * 5)
    with pytest.raises(DataError, match=r"pets\.csv:3: 1 field, but the header has 2"):
        check(PETS)


def test_a_section_on_searching_does_no_harm() -> None:
    assert check(CLASSES + "search: {space: {seed: [1, 2]}}\n").parameters == check(CLASSES).parameters


def test_images() -> None:
    np.savez("i.npz", x=np.zeros((30, 8, 6, 3), dtype=np.uint8), y=np.arange(30) % 3)
    report = check("data: {path: i.npz}\nnetwork: [flatten, {type: dense, units: auto, activation: auto}]\n")
    assert report.input_shape == (8, 6, 3)
    assert [layer.output_shape for layer in report.layers] == [(144,), (3,)]


def test_the_rows_of_twice_the_layers_are_twice_the_work() -> None:
    def work(count: int) -> int:
        config = SimpleNamespace(network=[SimpleNamespace(type="dropout", name=None)] * count)
        blueprint = SimpleNamespace(leaves=[Leaf(str(position), Linear(), (4,), (4,), ()) for position in range(count)])
        planned = SimpleNamespace(config=config, blueprint=blueprint)
        return calls(lambda: layer_rows(cast(Planned, planned)))

    assert work(400) < 2.4 * work(200)
