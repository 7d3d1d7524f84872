"""Outputs are called probabilities only where they are: `predict --probabilities` and `predict_proba`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.errors import UserError
from nntrain.workflows import Model
from tests.experiments import CLASSES, PETS, load, write_pets, write_table

LABELS = PETS.replace("pets.csv, target: kind", "t.csv, target: [left, low]")


@pytest.fixture(autouse=True)
def _tables(workdir: Path) -> None:
    write_pets()
    x = np.random.default_rng(0).normal(size=(60, 2)).round(3)
    write_table("t.csv", ("a", "b", "left", "low"), [(a, b, int(a < 0), int(b < 0)) for a, b in x])


def trained(text: str, activation: str, loss: str = "mean_squared_error", epochs: int = 3) -> Model:
    network = f"network=[{{type: dense, units: auto, activation: {activation}}}]"
    return nntrain.load_run(nntrain.fit(load(text, network, f"loss={loss}", f"training.epochs={epochs}")).run)


TASKS = {"binary": (PETS, "sigmoid"), "classification": (CLASSES, "softmax"), "multilabel": (LABELS, "sigmoid")}
ROWS: dict[str, list[list[Any]]] = {
    "binary": [[4.0, 8.0, "in"]],
    "classification": [[0.0, 1.0]],
    "multilabel": [[1.0, -1.0]],
}


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
@pytest.mark.parametrize("task", TASKS)
def test_scores_are_refused_and_nothing_is_read(task: str, activation: str) -> None:
    """The file is not there, of which nobody hears; and predictions without probabilities are made."""
    text, wanted = TASKS[task]
    model = trained(text, activation)
    expected = (
        f"the network ends in {activation}, so its outputs are scores, not probabilities: predict without "
        f"--probabilities, or train a network that ends in {wanted} (loss: auto with activation: auto)"
    )
    with pytest.raises(UserError) as caught:
        model.predict_proba(ROWS[task])
    assert str(caught.value) == expected
    with pytest.raises(UserError) as caught:
        nntrain.predict(model.run, "absent.csv", probabilities=True)
    assert str(caught.value) == expected
    assert len(model.predict(ROWS[task])) == 1


@pytest.mark.parametrize("task", TASKS)
def test_the_remedy_works(task: str) -> None:
    shares = trained(TASKS[task][0], "auto", "auto").predict_proba(ROWS[task])
    assert ((shares >= 0) & (shares <= 1)).all()
    if task != "multilabel":
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_squared_error_with_the_activation_that_makes_them_so(task: str) -> None:
    text, activation = TASKS[task]
    shares = trained(text, activation).predict_proba(ROWS[task])
    assert ((shares >= 0) & (shares <= 1)).all()


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu", "sigmoid"])
def test_two_classes_are_told_apart_at_one_half_whatever_the_output(activation: str) -> None:
    """The answer is the class whose target, 0 or 1, is nearer; ROC AUC is the share of pairs in the right order."""
    model = trained(PETS, activation, epochs=30)
    dataset = [line.split(",") for line in Path("pets.csv").read_text(encoding="utf-8").splitlines()[1:]]
    rows = [[float(weight), float(length), home] for weight, length, home, _ in dataset]
    kinds = [kind for *_, kind in dataset]
    y = model.outputs(model.dataset(rows))[:, 0]
    nearer = ["dog" if abs(value - 1) < abs(value) else "cat" for value in y]
    assert model.predict(rows).tolist() == nearer
    scores = nntrain.workflows.evaluation(model.run, data="pets.csv").scores
    assert scores["accuracy"] == pytest.approx(np.mean([a == b for a, b in zip(nearer, kinds, strict=True)]))
    dogs, cats = ([v for v, kind in zip(y, kinds, strict=True) if kind == each] for each in ("dog", "cat"))
    pairs = [1.0 if dog > cat else 0.5 if dog == cat else 0.0 for dog in dogs for cat in cats]
    assert scores["roc_auc"] == pytest.approx(np.mean(pairs), abs=1e-12)
