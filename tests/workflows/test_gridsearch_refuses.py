"""Every point is looked at before the first is trained: what is wrong is said of all at once, and nothing is made."""

from pathlib import Path
from typing import Any

import pytest

import nntrain
from nntrain.config.experiment import Experiment
from nntrain.errors import ConfigError, DataError, UserError
from tests.experiments import CLASSES, PETS, VALUES, load, write_pets, write_table


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs would be made in the test's own directory."""


def refused(experiment: Experiment, kind: type[UserError] = ConfigError, **arguments: Any) -> str:
    """The text of the error; nothing must have been made."""
    before = sorted(Path().rglob("*"))
    with pytest.raises(kind) as caught:
        nntrain.gridsearch(experiment, runs_dir="new/runs", **arguments)
    assert sorted(Path().rglob("*")) == before
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_there_is_nothing_to_search() -> None:
    expected = (
        "there is nothing to search: give a `search:` section with a space, "
        "or -p PATH=VALUE,VALUE such as -p optimizer.learning_rate=0.01,0.1"
    )
    assert refused(load(CLASSES), UserError) == expected
    assert refused(load(CLASSES + "search: {evaluation: {folds: 3}}\n"), UserError) == expected


def test_points_whose_values_contradict_each_other() -> None:
    """Each value is fine by itself; all points are tried, and each mistake is said once."""
    text = CLASSES + (
        "search:\n  space:\n    optimizer.type: [sgd, adam]\n    optimizer.momentum: [0.5, 0.9]\n    seed: [1, 2, 3]\n"
    )
    assert refused(load(text)) == (
        "search optimizer.momentum=0.5: unknown key 'momentum' in optimizer (adam)\n"
        "      | search optimizer.momentum=0.5\n"
        "      |                  ^^^^^^^^ 'momentum' is a setting of sgd, rmsprop\n"
        "search optimizer.momentum=0.9: unknown key 'momentum' in optimizer (adam)\n"
        "      | search optimizer.momentum=0.9\n"
        "      |                  ^^^^^^^^ 'momentum' is a setting of sgd, rmsprop\n"
        "2 errors in search\n"
        "6 of 12 points cannot be trained, the first at optimizer.type=adam, optimizer.momentum=0.5, seed=1; none was"
    )


def test_points_whose_shapes_do_not_fit() -> None:
    text = (
        CLASSES
        + "search:\n  space:\n    network.output.units: [3, 2, auto, 7]\n    optimizer.learning_rate: [0.1, 0.2]\n"
    )
    needs = "per example, but the data needs 3, one for each class: set units: 3 (or auto) in the output layer"
    assert refused(load(text)) == (
        f"search network.output.units=2: the network puts out 2 numbers {needs}\n"
        "      | search network.output.units=2\n"
        "      |                             ^\n"
        f"search network.output.units=7: the network puts out 7 numbers {needs}\n"
        "      | search network.output.units=7\n"
        "      |                             ^\n"
        "2 errors in search\n"
        "4 of 8 points cannot be trained, the first at network.output.units=2, optimizer.learning_rate=0.1; none was"
    )


def test_a_shape_that_only_another_layer_shows() -> None:
    """Hidden units that do not fit the shape behind them: the layer that cannot take it is shown in the file."""
    text = CLASSES.replace(
        "  - {type: dense, name: output",
        "  - {type: reshape, shape: [2, 2]}\n  - flatten\n  - {type: dense, name: output",
    )
    assert refused(load(text), parameters={"network.hidden.units": [4, 5, 6]}) == (
        "a.yaml:4:5: reshape to (2, 2) needs 4 numbers, got 5 from (5,) (shapes up to here: (2,) → (5,) → (5,))\n"
        "    4 |   - {type: reshape, shape: [2, 2]}\n"
        f"      |     {'^' * len('{type: reshape, shape: [2, 2]}')}\n"
        "a.yaml:4:5: reshape to (2, 2) needs 4 numbers, got 6 from (6,) (shapes up to here: (2,) → (6,) → (6,))\n"
        "    4 |   - {type: reshape, shape: [2, 2]}\n"
        f"      |     {'^' * len('{type: reshape, shape: [2, 2]}')}\n"
        "2 errors in a.yaml\n"
        "2 of 3 points cannot be trained, the first at network.hidden.units=5; none was"
    )


def test_random_points_are_looked_at_too() -> None:
    text = CLASSES.replace("units: auto", "units: 3") + (
        "search: {space: {network.output.units: {int_uniform: [3, 4]}}, strategy: {type: random, trials: 30}}\n"
    )
    said = refused(load(text))
    assert said.startswith("search network.output.units=4: the network puts out 4 numbers per example")
    assert said.splitlines()[-2] == "1 error in search"
    assert said.splitlines()[-1].endswith(
        " of 30 points cannot be trained, the first at network.output.units=4; none was"
    )


def test_points_whose_data_is_wrong() -> None:
    write_pets()
    parameters = {"data.target": ["kind", "knid"], "data.split.test": [0.2, 0.001], "seed": [1, 2]}
    assert refused(load(PETS), parameters=parameters) == (
        "search data.target=knid: pets.csv: no target column 'knid'; did you mean 'kind'? "
        "The columns are 'weight', 'length', 'home', 'kind'\n"
        "      | search data.target=knid\n"
        "      |                    ^^^^\n"
        "search data.split.test=0.001: 60 examples are too few: a share of 0.001 for test leaves it empty; "
        "add examples or change data.split\n"
        "      | search data.split.test=0.001\n"
        "      |                        ^^^^^\n"
        "2 errors in search\n"
        "6 of 8 points cannot be trained, the first at data.target=kind, data.split.test=0.001, seed=1; none was"
    )


def test_data_that_nobody_can_be_trained_on_is_said_once() -> None:
    write_table("pets.csv", ("weight", "kind"), [(1, "cat"), (2, ""), (3, "dog")])
    said = refused(load(PETS), DataError, parameters={"optimizer.learning_rate": [0.1, 0.2, 0.3]})
    assert said.startswith("pets.csv:3: the target 'kind' has no value")
    Path("pets.csv").unlink()
    said = refused(load(PETS), parameters={"optimizer.learning_rate": [0.1, 0.2, 0.3]})
    assert said.count("no such file") == 1
    assert said.endswith(
        "1 error in a.yaml\n3 of 3 points cannot be trained, the first at optimizer.learning_rate=0.1; none was"
    )


PATHS: dict[str, tuple[dict[str, Any], str]] = {
    "a path that leads nowhere": (
        {"optimizer.learning_rat": [0.1]},
        "-p optimizer.learning_rat=[0.1]: search.space: unknown key 'learning_rat' in optimizer (adam)\n"
        "      | -p optimizer.learning_rat=[0.1]\n"
        "      |              ^^^^^^^^^^^^ did you mean 'learning_rate'?\n"
        "1 error in -p",
    ),
    "a layer that is not there": (
        {"network.hiden.units": [2, 3]},
        "-p network.hiden.units=[2, 3]: search.space: network has no item 'hiden'\n"
        "      | -p network.hiden.units=[2, 3]\n"
        "      |            ^^^^^ did you mean 'hidden'?\n"
        "1 error in -p",
    ),
    "what is nothing to search over": (
        {"name": ["a", "b"]},
        "-p name=[a, b]: search.space: name is nothing to search over\n"
        "      | -p name=[a, b]\n"
        "      |    ^^^^\n"
        "1 error in -p",
    ),
    "a value that is wrong, and another": (
        {"network.hidden.units": [2, 0], "optimizer.learning_rate": [-1, 0.1]},
        "-p network.hidden.units=[2, 0]: search.space: network.0.units must be at least 1, got 0\n"
        "      | -p network.hidden.units=[2, 0]\n"
        "      |                         ^^^^^^\n"
        "-p optimizer.learning_rate=[-1, 0.1]: search.space: optimizer.learning_rate must be above 0, got -1\n"
        "      | -p optimizer.learning_rate=[-1, 0.1]\n"
        "      |                            ^^^^^^^^^\n"
        "2 errors in -p",
    ),
}


@pytest.mark.parametrize("mistake", PATHS)
def test_axes_of_the_command_line(mistake: str) -> None:
    parameters, expected = PATHS[mistake]
    assert refused(load(CLASSES), parameters=parameters) == expected


def test_a_seed_is_for_draws() -> None:
    expected = "a seed is for random points, but this search takes the whole grid: say how many (--trials N)"
    text = CLASSES + "search: {space: {optimizer.learning_rate: [0.1, 0.2]}}\n"
    assert refused(load(text), UserError, seed=3) == expected
    assert refused(load(text.replace("space:", "strategy: grid, space:")), UserError, seed=3) == expected
    assert refused(load(CLASSES), UserError, seed=3, parameters={"seed": [1, 2]}) == expected


@pytest.mark.parametrize("trials", [0, -1])
def test_no_trials(trials: int) -> None:
    said = refused(load(CLASSES), parameters={"seed": [1, 2]}, trials=trials)
    assert f"search.strategy.trials must be at least 1, got {trials}" in said


def test_a_monitor_without_examples() -> None:
    text = CLASSES + "search: {space: {seed: [1, 2]}, monitor: validation.accuracy}\n"
    with pytest.raises(ConfigError, match=r"search\.monitor is validation\.accuracy, but there are no validation"):
        load(text, "data.split.validation=0")
    # the split may be searched too, and then it shows late
    said = refused(load(text), parameters={"data.split.validation": [0.2, 0]})
    assert said == (
        "a.yaml:6:42: search.monitor is validation.accuracy, but there are no validation examples\n"
        "    6 | search: {space: {seed: [1, 2]}, monitor: validation.accuracy}\n"
        "      |                                          ^^^^^^^^^^^^^^^^^^^ set data.split.validation above 0, or "
        "monitor training.loss, or evaluate over folds\n"
        "1 error in a.yaml\n"
        "2 of 4 points cannot be trained, the first at seed=1, data.split.validation=0; none was"
    )


def test_a_monitor_of_another_task() -> None:
    text = CLASSES + "search: {space: {seed: [1, 2]}, monitor: validation.rmse}\n"
    assert refused(load(text)).startswith("a.yaml:6:42: rmse does not apply to a classification task; these do: ")


def test_too_many_folds() -> None:
    text = CLASSES + "search: {space: {seed: [1, 2]}, evaluation: {folds: 73}}\n"
    assert "folds must be from 2 to the number of examples, 72; got 73" in refused(load(text))


def test_a_grid_that_is_too_large() -> None:
    parameters = {f"optimizer.{name}": [0.1 + i / 2000 for i in range(1001)] for name in ("beta1", "beta2")}
    assert refused(load(CLASSES), UserError, parameters=parameters) == (
        "the grid has 1,002,001 points, the most is 1,000,000: use random search (--trials N)"
    )


def test_folds_would_leave_a_validation_file_out() -> None:
    write_pets()
    write_pets("more.csv", n=20)
    text = PETS + "search: {space: {seed: [1, 2]}, evaluation: {folds: 5}}\n"
    said = refused(load(text, "data.split.validation={path: more.csv}"))
    assert said == (
        "a.yaml:8:45: the 5 folds are made of the examples in data.path, but data.split.validation is a file, whose "
        "examples would take no part\n"
        "    8 | search: {space: {seed: [1, 2]}, evaluation: {folds: 5}}\n"
        "      |                                             ^^^^^^^^^^ set data.split.validation: 0.2 to do without "
        "the file, or search.evaluation: {seeds: 1} to score on it\n"
        "1 error in a.yaml\n"
        "2 of 2 points cannot be trained, the first at seed=1; none was"
    )
    for remedy in ("data.split.validation=0.2", "search.evaluation={seeds: 1}"):
        experiment = load(text, "data.split.validation={path: more.csv}", remedy)
        assert len(nntrain.gridsearch(experiment).table) == 2
    experiment = load(text, "data.split.test={path: more.csv}")
    assert len(nntrain.gridsearch(experiment).table) == 2


UNDEFINED: dict[str, tuple[list[str], str, str]] = {
    "one row": (
        ["data.split={validation: 0.0125, test: 0.2}", "early_stopping={monitor: validation.r2}"],
        "search: {space: {optimizer.learning_rate: [0.1, 0.2]}}",
        "early_stopping.monitor is validation.r2, which needs at least 2 examples, but the validation split has 1",
    ),
    "folds of one row": (
        ["data.split={test: 0}"],
        "search: {space: {optimizer.learning_rate: [0.1, 0.2]}, evaluation: {folds: 80}, monitor: validation.r2}",
        "search.monitor is validation.r2, which needs at least 2 examples, but the validation split of fold 1 has 1",
    ),
    "one row in the run of the best point": (
        ["data.split={validation: 0.0125, test: 0.2}", "early_stopping={monitor: validation.r2}"],
        "search: {space: {optimizer.learning_rate: [0.1, 0.2]}, evaluation: {folds: 4}}",
        "early_stopping.monitor is validation.r2, which needs at least 2 examples, but the validation split has 1",
    ),
}


@pytest.mark.parametrize("case", UNDEFINED)
def test_a_monitor_that_would_be_undefined(case: str) -> None:
    overrides, line, message = UNDEFINED[case]
    said = refused(load(f"{VALUES}{line}\n", *overrides))
    assert message in said
    assert "these can be monitored: validation.loss, validation.rmse, validation.mae, validation.max_error" in said
    assert said.endswith("2 of 2 points cannot be trained, the first at optimizer.learning_rate=0.1; none was")
