"""A search says so where its points are not scored on the same examples, or its best one is trained otherwise."""

from pathlib import Path
from typing import Any

import pytest

import nntrain
from nntrain.config.experiment import Experiment
from tests.experiments import CLASSES, PETS, load, write_pets
from tests.workflows.conftest import Heard

LOSS = "validation.loss"


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


OTHERS = (
    "{} and {} are not scored on the same {} examples, so {} cannot rank them: search only settings that leave these "
    "examples as they are, or train each point by `nntrain fit` and score it on one file by `nntrain eval RUN --data "
    "FILE`"
)


def warned(experiment: Experiment, **parameters: list[Any]) -> list[str]:
    """What a search says, by parameters whose dots are double underscores."""
    heard = Heard()
    board = nntrain.gridsearch(
        experiment, parameters={n.replace("__", "."): v for n, v in parameters.items()}, listener=heard
    )
    assert board.warnings == heard.warnings
    return heard.warnings


FOLDED = "search: {evaluation: {folds: 3}}\n"
# What is searched, and which values of it are scored on other examples than the first; None where all are the same.
SCORED: dict[str, tuple[str, dict[str, list[Any]], list[str] | None]] = {
    "the test share": (PETS, {"data__split__test": [0.1, 0.2]}, ["data.split.test=0.1", "data.split.test=0.2"]),
    "the validation share": (PETS, {"data__split__validation": [0.1, 0.2]},
                             ["data.split.validation=0.1", "data.split.validation=0.2"]),
    "the split's seed": (PETS, {"data__split__seed": [0, 0, 1]}, ["data.split.seed=0", "data.split.seed=1"]),
    "stratification": (PETS, {"data__split__stratify": [True, False]},
                       ["data.split.stratify=true", "data.split.stratify=false"]),
    "the seed, which leaves the split": (PETS, {"seed": [0, 1]}, None),
    "preprocessing": (PETS, {"data__preprocess__numeric": ["standard", "none", "minmax"]}, None),
    "features": (PETS, {"data__features": [["weight"], ["length", "home"], "all"]}, None),
    "no data at all": (PETS, {"optimizer__learning_rate": [0.1, 0.01]}, None),
    "noise": (CLASSES, {"data__synthetic__noise": [0.1, 0.2]},
              ["data.synthetic.noise=0.1", "data.synthetic.noise=0.2"]),
    "their number": (CLASSES, {"data__synthetic__examples": [90, 60]},
                     ["data.synthetic.examples=90", "data.synthetic.examples=60"]),
    "their seed": (CLASSES, {"data__synthetic__seed": [1, 2]}, ["data.synthetic.seed=1", "data.synthetic.seed=2"]),
    "a copy of the file": (PETS, {"data__path": ["pets.csv", "copy.csv"]}, None),
    "the same rows with more columns": (PETS, {"data__path": ["pets.csv", "wider.csv"]}, None),
    "another file": (PETS, {"data__path": ["pets.csv", "other.csv"]}, ["data.path=pets.csv", "data.path=other.csv"]),
    "only with the second of two": (
        PETS, {"optimizer__learning_rate": [0.1, 0.01], "data__split__test": [0.2, 0.3]},
        ["data.split.test=0.2", "data.split.test=0.3"],
    ),
    "the test share, in folds": (PETS + FOLDED, {"data__split__test": [0.1, 0.2]},
                                 ["data.split.test=0.1", "data.split.test=0.2"]),
    "the split's seed, in folds": (PETS + FOLDED, {"data__split__seed": [0, 1]},
                                   ["data.split.seed=0", "data.split.seed=1"]),
    "preprocessing, in folds": (PETS + FOLDED, {"data__preprocess__numeric": ["standard", "none"]}, None),
}  # fmt: skip


@pytest.mark.parametrize("axis", SCORED)
def test_points_that_are_scored_on_other_examples(axis: str) -> None:
    text, parameters, differing = SCORED[axis]
    lines = write_pets().read_text(encoding="utf-8").splitlines()
    Path("copy.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    Path("wider.csv").write_text("\n".join(f"{line},{i}" for i, line in enumerate(lines)), encoding="utf-8")
    Path("other.csv").write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n", encoding="utf-8")
    expected = [] if differing is None else [OTHERS.format(*differing, "validation", LOSS)]
    assert warned(load(text), **parameters) == expected


def test_only_what_makes_the_examples_is_blamed() -> None:
    """Drawn at random, points differ in everything."""
    write_pets()
    text = PETS + (
        "search:\n  strategy: {type: random, trials: 5, seed: 0}\n"
        "  space: {optimizer.learning_rate: {log_uniform: [0.01, 0.1]}, data.split.test: [0.2, 0.3]}\n"
    )
    [said] = warned(load(text))
    assert said in [
        OTHERS.format(f"data.split.test={one}", f"data.split.test={two}", "validation", LOSS)
        for one, two in ((0.2, 0.3), (0.3, 0.2))
    ]


def test_in_the_config_too_and_by_the_split_that_is_monitored() -> None:
    write_pets()
    text = PETS + "search: {space: {data.split.test: [0.2, 0.3]}, monitor: training.accuracy}\n"
    assert warned(load(text)) == [
        OTHERS.format("data.split.test=0.2", "data.split.test=0.3", "training", "training.accuracy")
    ]


def test_a_refit_that_cannot_stop_early_as_the_folds_do() -> None:
    """What it says to do helps."""
    text = CLASSES + "search: {space: {optimizer.learning_rate: [0.01, 0.1]}, evaluation: {folds: 3}}\n"
    assert warned(load(text, "data.split.validation=0")) == [
        "the folds stop early, but the run of the best point will have no validation examples to stop by and train all "
        "of its epochs: set data.split.validation: 0.2 to let it stop too"
    ]
    assert warned(load(text, "data.split.validation=0.2")) == []
    assert warned(load(text, "data.split.validation=0", "early_stopping=null")) == []
