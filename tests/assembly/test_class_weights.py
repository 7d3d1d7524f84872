"""Class weights and label smoothing, from the config to the loss."""

import math
from typing import Any

import numpy as np
import pytest

from nntrain.assembly.data import Data
from nntrain.assembly.resolve import resolve
from nntrain.assembly.training import build_population
from nntrain.train.population import Population
from nntrain.train.supervised import supervised
from tests.experiments import CLASSES, PETS, load, prepare, write_pets, write_table

CE = "loss.type=cross_entropy"


def population(text: str, *overrides: str) -> Population:
    resolved, prepared = prepare(load(text, *overrides))
    return build_population([resolved.config], [prepared], [0])


def weight_of_each_class(built: Population) -> dict[Any, float]:
    """The weight of the examples of each class (by its place among the targets)."""
    examples = supervised(built.objective).data
    t, weight = examples.whole("t")[0], examples.whole("weight")[0]
    places = t.argmax(axis=1) if t.shape[1] > 1 else t[:, 0].astype(int)
    found = {}
    for place in np.unique(places):
        values = np.unique(weight[places == place])
        assert len(values) == 1
        found[int(place)] = float(values[0])
    return found


def test_there_are_none_by_default() -> None:
    assert set(supervised(population(CLASSES).objective).data.fields) == {"x", "t"}


@pytest.mark.parametrize(
    "given", ["[0.5, 1, 2]", "{0: 0.5, 2: 2.0}", "{'2': 2, '0': 0.5, '1': 1}"], ids=["list", "some", "all"]
)
def test_weights_of_three_classes(given: str) -> None:
    built = population(CLASSES, CE, f"loss.class_weights={given}")
    assert weight_of_each_class(built) == {0: 0.5, 1: 1, 2: 2}


@pytest.mark.parametrize("given", ["[3, 0.25]", "{cat: 3, dog: 0.25}"])
def test_weights_of_two_classes_with_one_output(given: str) -> None:
    write_pets()
    built = population(PETS, "loss.type=binary_cross_entropy", f"loss.class_weights={given}")
    assert weight_of_each_class(built) == {0: 3, 1: 0.25}


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_balanced_weights_are_n_over_k_times_n_k(loss: str) -> None:
    """20 of 60 pets are cats, so of the 36 in training 12 are: 36 / (2 · 12) and 36 / (2 · 24)."""
    write_pets()
    built = population(PETS, f"loss.type={loss}", "loss.class_weights=balanced")
    assert weight_of_each_class(built) == {0: 1.5, 1: 0.75}


def test_balanced_weights_are_those_of_each_fold() -> None:
    """Folds without regard to classes: each has shares of its own, and so weights of its own."""
    write_table("t.csv", ("x", "y"), [(i, "p" if i < 8 else "q") for i in range(40)])
    text = PETS.replace("pets.csv", "t.csv").replace("kind", "y")
    experiment = load(text, "data.split={validation: 0, test: 0, stratify: false}",
                      "loss={type: binary_cross_entropy, class_weights: balanced}")  # fmt: skip
    folds = Data(experiment).prepare_folds(4)
    config = resolve(experiment, folds[0].preprocessor, has_validation=True).config
    examples = supervised(build_population([config] * 4, folds, [0, 1, 2, 3]).objective).data
    weight, seen = examples.whole("weight"), set()
    for fold, prepared in enumerate(folds):
        t = prepared.splits["training"].whole("t")[:, 0]
        of_p = float(30 / (2 * (t == 0).sum()))
        np.testing.assert_allclose(weight[fold, t == 0], of_p, rtol=1e-6)
        np.testing.assert_allclose(weight[fold, t == 1], 30 / (2 * (t == 1).sum()), rtol=1e-6)
        seen.add(of_p)
    assert len(seen) > 1


def test_the_weight_of_an_example_multiplies_its_loss() -> None:
    """One epoch in one batch, so its loss is that of the initial weights: Σ w L / n, by hand from the outputs."""
    plain = ["training.batch_size=full", "dtype=float64", "data.split={validation: 0, test: 0}"]
    built = population(CLASSES, CE, "loss.class_weights=[0.5, 1, 2]", *plain)
    unweighted = population(CLASSES, CE, *plain)
    x, t = (supervised(unweighted.objective).data.whole(name)[0] for name in ("x", "t"))
    y = unweighted.network.forward(x)[0]
    losses = -np.log((y * t).sum(axis=1))
    expected = np.mean(losses * np.array([0.5, 1.0, 2.0])[t.argmax(axis=1)])
    for each, value in ((built, expected), (unweighted, losses.mean())):
        each.objective.start_epoch()
        each.objective.step(0, each.rates(1))
        [minimized] = each.objective.minimized.values()
        assert each.objective.losses()[minimized][0] == pytest.approx(value, rel=1e-12)


def test_weights_are_for_training_and_not_for_scores() -> None:
    weighted = population(CLASSES, CE, "loss.class_weights=[0.1, 1, 20]").evaluators["validation"].evaluate()
    assert weighted["loss"] == population(CLASSES).evaluators["validation"].evaluate()["loss"]


def test_smoothed_targets() -> None:
    """t ← (1 − s) t + s / K, for training; scores are against the true targets."""
    smooth = population(CLASSES, CE, "loss.label_smoothing=0.3")
    values = np.unique(supervised(smooth.objective).data.whole("t"))
    np.testing.assert_allclose(values, [0.1, 0.8], rtol=1e-6)
    assert set(np.unique(smooth.evaluators["validation"].examples.whole("t"))) == {0, 1}
    assert smooth.evaluators["validation"].evaluate()["loss"] == population(CLASSES).evaluators[
        "validation"].evaluate()["loss"]  # fmt: skip


def test_smoothed_targets_of_two_classes() -> None:
    write_pets()
    smooth = population(PETS, "loss={type: binary_cross_entropy, label_smoothing: 0.2}")
    np.testing.assert_allclose(np.unique(supervised(smooth.objective).data.whole("t")), [0.1, 0.9], rtol=1e-6)


def test_smoothing_and_weights_together() -> None:
    write_pets()
    built = population(PETS, "loss={type: binary_cross_entropy, label_smoothing: 0.2, class_weights: [2, 1]}")
    t, weight = (supervised(built.objective).data.whole(name) for name in ("t", "weight"))
    np.testing.assert_allclose(weight[t < 0.5], 2)
    np.testing.assert_allclose(weight[t > 0.5], 1)
    assert math.isclose(float(t.min()), 0.1, rel_tol=1e-6)
