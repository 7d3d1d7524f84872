"""Configs → populations: each column is gathered from all members, and nobody notices the others."""

import copy
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.assembly.data import Data, Prepared
from nntrain.assembly.resolve import resolve
from nntrain.assembly.training import build_population
from nntrain.config.column import PerMember, structure_key
from nntrain.config.experiment import Experiment
from nntrain.config.initializers import InitializerConfig
from nntrain.config.network import LayerConfig
from nntrain.config.optimizer import OptimizerConfig
from nntrain.config.root import Config
from nntrain.config.schedule import ScheduleConfig
from nntrain.language.anatomy import variants
from nntrain.language.section import Section
from nntrain.nn.initializers import Values
from nntrain.train.loop import Training
from nntrain.train.records import Outcome
from nntrain.train.supervised import supervised
from tests.config.paths import column_paths
from tests.experiments import CLASSES, VALUES, load, prepare

# Two values of every column, by the last part of its path.
TWO_VALUES: dict[str, tuple[Any, Any]] = {
    "learning_rate": (0.01, 0.05), "momentum": (0.5, 0.9), "rho": (0.9, 0.5), "beta1": (0.9, 0.5),
    "beta2": (0.999, 0.9), "eps": (1e-8, 1e-2), "weight_decay": (0.01, 0.5), "initial_accumulator": (0.0, 1.0),
    "decay": (0.1, 0.5), "constant_epochs": (0, 2), "exponent": (0.6, 1.0), "every": (1, 2), "factor": (0.5, 0.9),
    "minimum_factor": (0.0, 0.5), "warmup_epochs": (0, 3), "l1": (0.0, 0.01), "l2": (0.0, 0.1),
    "max_norm": (None, 0.4), "clip_norm": (None, 0.05), "rate": (0.2, 0.6), "gain": (1.0, 1.5), "low": (-0.1, -0.5),
    "high": (0.1, 0.5), "mean": (0.0, 0.3), "std": (0.05, 0.5), "value": (0.1, 0.2), "seed": (0, 1),
}  # fmt: skip
SPECIAL = {
    "early_stopping.patience": (1, 3),
    "early_stopping.min_delta": (0.0, 0.5),
    "schedule.patience": (1, 3),
    "schedule.min_delta": (0.0, 0.5),
}

# Every section whose settings are columns, in each of its types.
VARIANTS = {
    **{f"optimizer {name}": f"optimizer: {name}\n" for name in ("adagrad", "rmsprop", "adam", "adamw")},
    "optimizer sgd": "optimizer: {type: sgd, learning_rate: 0.1, nesterov: true, momentum: 0.3}\n",
    **{f"schedule {name}": f"schedule: {name}\n" for name in ("constant", "cosine")},
    "schedule plateau": "schedule: {type: plateau, factor: 0.5, patience: 1, min_delta: 0.5}\n",
    "schedule inverse_time": "schedule: {type: inverse_time, decay: 0.1}\n",
    "schedule power": "schedule: {type: power, exponent: 0.6}\n",
    "schedule step": "schedule: {type: step, every: 1, factor: 0.5}\n",
    "schedule exponential": "schedule: {type: exponential, factor: 0.5}\n",
    "regularization": "regularization: {l1: 0.0}\n",
    "early stopping": "early_stopping: {patience: 1, min_delta: 0.5, restore_best: false}\n",
    "seed": "seed: 0\n",
    **{
        f"initializer {name}": f"initializer {name}"
        for name in ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_normal", "orthogonal",
                     "uniform", "normal", "{type: constant, value: 0.1}")
    },
    "dropout": "dropout",
}  # fmt: skip


def text_of(variant: str) -> str:
    """A config in which the variant's section is written, so that all of its columns are in force."""
    written = VARIANTS[variant]
    if variant.startswith("initializer"):
        initializer = variant.removeprefix("initializer ")
        return CLASSES.replace("units: 4,", f"units: 4, bias_initializer: {initializer}, initializer: {initializer},")
    if variant == "dropout":
        return CLASSES.replace("  - {type: dense, name: output", "  - {type: dropout, rate: 0.2}\n  - {type: dense")
    return CLASSES + written


def cases() -> list[tuple[str, str]]:
    """(variant, path of a column that belongs to it), for every column of the config language."""
    found = []
    for variant in VARIANTS:
        section = {"initializer": "network.0.", "dropout": "network.1.", "early": "early_stopping."}.get(
            variant.split()[0], variant.split()[0]
        )
        found += [(variant, path) for path in paths_of(variant) if path.startswith(section)]
    return found


def paths_of(variant: str) -> list[str]:
    with TemporaryDirectory() as folder:
        return sorted(column_paths(load(text_of(variant), name=f"{folder}/a.yaml").config))


def train(
    configs: list[Config], prepared: list[Prepared], places: list[int], epochs: int = 6
) -> tuple[Array, list[Outcome]]:
    """Weights [M, P] and outcomes of a population."""
    population = build_population(configs, prepared, places)
    training = Training(population, epochs)
    for _ in training:
        pass
    return training.weights["theta"], training.outcomes


def resolved_with(experiment: Experiment, **values: Any) -> Config:
    return prepare(experiment.with_values({path: value for path, value in values.items() if path}))[0].config


def test_every_column_of_the_language_is_tried() -> None:
    """Those of every type: whoever gathers them may have taken one for another."""
    tried = {path.rpartition(".")[2] for _, path in cases()}
    assert tried == {*TWO_VALUES, *(path.rpartition(".")[2] for path in SPECIAL)}
    unions = (OptimizerConfig, ScheduleConfig, LayerConfig, InitializerConfig)
    sections = [section for union in unions for section in variants(union).values()]
    expected = {(section, name) for section in sections for name in _marked(section)}
    found = {_section_of(variant, path) for variant, path in cases()}
    assert expected <= found, expected - found


def _marked(section: type[Section]) -> Iterator[str]:
    """The fields of a section that are columns themselves."""
    for name, field in section.model_fields.items():
        if any(isinstance(mark, PerMember) for mark in field.metadata):
            yield name


def _section_of(variant: str, path: str) -> tuple[type, str]:
    """The section in which a column stands, and its name there."""
    with TemporaryDirectory() as folder:
        value: Any = load(text_of(variant), name=f"{folder}/a.yaml").config
    *way, name = path.split(".")
    for key in way:
        value = value[int(key)] if key.isdigit() else getattr(value, key)
    return type(value), name


@pytest.mark.parametrize(("variant", "path"), cases())
def test_a_column_acts_on_its_member_alone(variant: str, path: str) -> None:
    """Two members that differ in one column do what each does alone, bit for bit, and not the same."""
    experiment = load(text_of(variant))
    prepared = prepare(experiment)[1]
    values = SPECIAL.get(path) or TWO_VALUES[path.rpartition(".")[2]]
    configs = [resolved_with(experiment, **{path: value}) for value in values]
    configs = [config.model_copy(update={"data": configs[0].data}) for config in configs]  # not split by its own seed
    assert structure_key(configs[0]) == structure_key(configs[1])
    theta, outcomes = train(configs, [prepared], [0, 0])
    assert not np.array_equal(theta[0], theta[1]), f"{path} makes no difference"
    for member, config in enumerate(configs):
        alone, outcome = train([config], [prepared], [0])
        np.testing.assert_array_equal(alone[0], theta[member])
        assert outcome[0] == outcomes[member]


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        (CLASSES, ["loss={type: cross_entropy, class_weights: balanced}"]),
        (VALUES, ["data.synthetic.examples=75", "data.preprocess.target=standard"]),
    ],
    ids=["classes", "values"],
)
def test_folds_are_members_too(text: str, overrides: list[str]) -> None:
    """Members of three folds and two rates, with early stopping, equal the six alone."""
    experiment = load(text, "early_stopping={patience: 2}", *overrides)
    folds = Data(experiment).prepare_folds(3)
    configs, places = [], []
    for fold, prepared in enumerate(folds):
        for rate in (0.02, 0.2):
            at = experiment.with_values({"optimizer.learning_rate": rate})
            configs.append(resolve(at, prepared.preprocessor, has_validation=True).config)
            places.append(fold)
    theta, outcomes = train(configs, folds, places, epochs=12)
    assert len({outcome.epochs for outcome in outcomes}) > 1, "all members end together: nothing was frozen"
    for member, (config, fold) in enumerate(zip(configs, places, strict=True)):
        alone, outcome = train([config], [folds[fold]], [0], epochs=12)
        np.testing.assert_array_equal(alone[0], theta[member])
        assert outcome[0] == outcomes[member]


def test_every_fold_of_a_regression_is_scored_in_its_own_units() -> None:
    """The scale of the target differs from fold to fold: RMSE is in the units of the data all the same."""
    experiment = load(VALUES, "data.preprocess.target=standard", "early_stopping=null")
    folds = Data(experiment).prepare_folds(2)
    assert folds[0].preprocessor.to_json() != folds[1].preprocessor.to_json()
    config = resolve(experiment, folds[0].preprocessor, has_validation=True).config
    population = build_population([config, config], folds, [1, 0])
    values = population.evaluators["validation"].evaluate()
    for member, fold in enumerate((folds[1], folds[0])):
        part = fold.splits["validation"]
        y = np.array(population.network.forward(part.whole("x"))[member], dtype=np.float64)
        error = fold.preprocessor.decode(y) - fold.preprocessor.decode(part.whole("t"))
        assert values["rmse"][member] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)


def test_the_same_seed_starts_from_the_same_weights_whatever_the_columns() -> None:
    experiment = load(CLASSES)
    resolved, prepared = prepare(experiment)
    configs = [resolved_with(experiment, **{"optimizer.learning_rate": rate}) for rate in (0.1, 0.2)]
    other = resolved.config.model_copy(update={"seed": 5})
    theta = build_population([*configs, other], [prepared], [0, 0, 0]).network.theta
    np.testing.assert_array_equal(theta[0], theta[1])
    assert not np.array_equal(theta[0], theta[2])


def test_explicit_weights_are_the_ones_given() -> None:
    text = CLASSES.replace("units: 4,", "units: 3, initializer: {values: [[1, 2, 3], [4, 5, 6]]},")
    resolved, prepared = prepare(load(text))
    population = build_population([resolved.config], [prepared], [0])
    parameters = population.network.parameters()
    assert parameters["hidden.w"][0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert list(parameters) == ["hidden.w", "hidden.b", "output.w", "output.b"]
    assert isinstance(population.network.blueprint.params["hidden.w"].param.initializer, Values)


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("regularization.l1=0.1", "l1"),
        ("regularization.l2=0.1", "l2"),
        ("regularization.max_norm=1", "max_norm"),
        ("regularization.clip_norm=1", "clip_norm"),
    ],
)
def test_parts_that_nobody_uses_are_left_out(setting: str, part: str) -> None:
    assert sorted(parts_of(setting)) == sorted([part, "adam"])
    assert parts_of() == ["adam"]


def parts_of(*overrides: str) -> list[str]:
    resolved, prepared = prepare(load(CLASSES, *overrides))
    population = build_population([resolved.config], [prepared], [0])
    return [part.name for part in supervised(population.objective).update.parts]


def test_the_parts_of_an_update_act_in_the_order_of_docs_maths() -> None:
    everything = "regularization={l1: 0.1, l2: 0.1, max_norm: 1, clip_norm: 1}"
    assert parts_of(everything) == ["l2", "clip_norm", "adam", "l1", "max_norm"]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], {"validation": ["accuracy"]}),
        (["metrics=[f1]"], {"validation": ["f1"]}),
        (["metrics=[]"], {"validation": []}),
        (["early_stopping.monitor=validation.recall"], {"validation": ["accuracy", "recall"]}),
        (["early_stopping.monitor=training.accuracy"], {"validation": ["accuracy"], "training": ["accuracy"]}),
        (["early_stopping.monitor=training.loss"], {"validation": ["accuracy"]}),
        (["search={space: {seed: [1]}, monitor: validation.f1}"], {"validation": ["accuracy", "f1"]}),
        (["data.split.validation=0"], {}),
    ],
)
def test_what_is_computed_after_an_epoch(overrides: list[str], expected: dict[str, list[str]]) -> None:
    resolved, prepared = prepare(load(CLASSES, *overrides))
    evaluators = build_population([resolved.config], [prepared], [0]).evaluators
    assert {split: list(evaluator.metrics) for split, evaluator in evaluators.items()} == expected


def test_a_population_does_not_touch_the_data() -> None:
    resolved, prepared = prepare(load(CLASSES, "training.batch_size=full"))
    before = copy.deepcopy({name: (split.whole("x"), split.whole("t")) for name, split in prepared.splits.items()})
    train([resolved.config], [prepared], [0])
    for name, split in prepared.splits.items():
        np.testing.assert_array_equal(split.whole("x"), before[name][0])
        np.testing.assert_array_equal(split.whole("t"), before[name][1])
