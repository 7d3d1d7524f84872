"""Networks that have no weights: they can be checked, trained (to no effect) and diverge, and it is said why."""

import json
from pathlib import Path
from typing import Any

import pytest

import nntrain
from nntrain.diagnosis.remedies import neat
from nntrain.errors import DivergedError
from tests.experiments import load

NUMBERS = "data: {path: numbers.csv, target: [y, z], preprocess: {numeric: none}}\ntraining: {epochs: 2}\n"
CLASSES = "data: {path: classes.csv, target: y, preprocess: {numeric: none}}\ntraining: {epochs: 2}\n"
LAYERS = {
    "flatten": NUMBERS, "linear": NUMBERS, "relu": NUMBERS, "softplus": NUMBERS, "gelu": NUMBERS, "dropout": NUMBERS,
    "softmax": CLASSES,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _tables(workdir: Path) -> None:
    rows = [f"{1 + i % 7}e30,{1 + i % 3},{i % 3}.25,{i % 5}" for i in range(30)]
    Path("numbers.csv").write_text("\n".join(["a,b,y,z", *rows]) + "\n")
    rows = [f"{i % 7}e37,{i % 3}e37,{i % 2}e38,c{i % 3}" for i in range(30)]
    Path("classes.csv").write_text("\n".join(["a,b,c,y", *rows]) + "\n")


@pytest.mark.parametrize("layer", LAYERS)
def test_one_that_diverges(layer: str) -> None:
    experiment = load(LAYERS[layer] + f"network: [{layer}]\n")
    with pytest.raises(DivergedError) as caught:
        nntrain.fit(experiment)
    said = str(caught.value)
    assert "data.preprocess.numeric: standard (" in said
    assert "network: add a dense layer (the network has no weights, so training changes nothing)" in said
    assert "learning_rate" not in said
    [run] = Path("runs").iterdir()
    report = json.loads((run / "divergence.json").read_text())
    assert report["remedies"][-1]["setting"] == "network"


@pytest.mark.parametrize("layers", [["flatten"], ["tanh"], ["dropout", "linear"], ["softmax"]])
def test_one_that_is_looked_at(layers: list[Any]) -> None:
    table = CLASSES if layers == ["softmax"] else NUMBERS
    experiment = load(table.replace("numeric: none", "numeric: standard") + f"network: {json.dumps(layers)}\n")
    assert nntrain.check(experiment).parameters == 0
    assert nntrain.gradcheck(experiment).verdict == "correct"
    assert nntrain.fit(experiment).parameters == 0


def test_what_is_too_small_to_be_rounded() -> None:
    assert neat(5e-324) == 5e-324
    assert neat(0.0) == 0.0
