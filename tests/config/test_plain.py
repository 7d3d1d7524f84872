"""A config as a dict: what may stand in it, where its mistakes are shown, and that it is as good as a file."""

import math
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nntrain
from nntrain.config import load_experiment
from nntrain.errors import ConfigError, UserError
from nntrain.language.load import parse
from nntrain.language.plain import text_of
from tests.experiments import CLASSES, load, write_pets

PLAIN: dict[str, Any] = {
    "data": {"synthetic": {"type": "moons", "examples": 60, "noise": 0.1}},
    "network": [
        {"type": "dense", "name": "hidden", "units": 3, "activation": "tanh"},
        {"type": "dense", "units": "auto", "activation": "auto"},
    ],
    "training": {"epochs": 3},
}


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def problem(config: Any, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_experiment(config, overrides)
    return str(caught.value)


def test_a_dict_is_what_a_file_of_the_same_content_is() -> None:
    data = {"synthetic": {"type": "gaussians", "examples": 90, "classes": 3, "noise": 0.1}}
    network = [
        {"type": "dense", "name": "hidden", "units": 4, "activation": "tanh"},
        {"type": "dense", "name": "output", "units": "auto", "activation": "auto"},
    ]
    config = {"data": data, "network": network, "training": {"epochs": 5, "batch_size": 16}, "name": "a"}
    assert load_experiment(config).config == load(CLASSES).config
    assert config["data"] is data
    assert load_experiment(config, ["network.hidden.units=9"]).config == load(CLASSES, "network.hidden.units=9").config


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


@settings(max_examples=50)
@given(st.dictionaries(TEXTS, VALUES, max_size=3))
def test_the_text_says_what_the_dict_says(data: dict[str, Any]) -> None:
    document = parse(text_of(data))
    assert document.problems == ()
    assert document.data == data
    assert repr(document.data) == repr(data)  # 1 is not 1.0, nor True


def test_a_config_of_another_experiment() -> None:
    experiment = load(CLASSES)
    assert load_experiment(experiment.config.model_dump()).config == experiment.config


def test_its_default_name() -> None:
    assert load_experiment(PLAIN).name == load_experiment(PLAIN).config.name == "experiment"


def test_its_run_is_repeated_by_its_config_and_by_its_source() -> None:
    write_pets()
    config = {**PLAIN, "data": {"path": "pets.csv", "target": "kind"}}
    first = nntrain.fit(load_experiment(config, ["seed=3"]))
    assert nntrain.fit(load_experiment(first.run / "config.yaml")).weights_sha256 == first.weights_sha256
    source = (first.run / "source.yaml").read_text()
    assert source.endswith("# changed from outside this file:\n#   seed=3\n")
    Path("again.yaml").write_text(source)
    again = nntrain.fit(load_experiment("again.yaml", ["seed=3"]))
    assert again.weights_sha256 == first.weights_sha256
    assert nntrain.verify(first.run).reproducible


def test_data_paths_are_relative_to_the_current_directory() -> None:
    write_pets("pets.csv")
    experiment = load_experiment({**PLAIN, "data": {"path": "pets.csv", "target": "kind"}})
    assert experiment.data_path("pets.csv") == Path("pets.csv")
    assert nntrain.check(experiment).training == 36


def test_a_search() -> None:
    space = {"network.hidden.units": (2, 3), "optimizer.learning_rate": [0.01, 0.1]}
    board = nntrain.gridsearch(load_experiment({**PLAIN, "search": {"space": space}}))
    assert len(board.table) == 4


TAKEN: dict[str, tuple[str, Any, Any]] = {
    "a tuple": ("metrics", ("accuracy", "f1"), ("accuracy", "f1")),
    "an integer of NumPy": ("seed", np.int64(3), 3),
    "a float of NumPy": ("optimizer", {"type": "sgd", "learning_rate": np.float64(0.25)}, None),
    "a short float of NumPy": ("optimizer", {"type": "sgd", "learning_rate": np.float32(0.25)}, None),
    "a flag of NumPy": ("training", {"shuffle": np.bool_(False)}, None),
    "a text of NumPy": ("dtype", np.str_("float64"), "float64"),
    "an array": ("metrics", np.array(["accuracy"]), ("accuracy",)),
    "a range": ("search", {"space": {"seed": range(3)}}, None),
    "a path": ("data", {"path": PurePosixPath("a", "b.csv"), "target": "y"}, None),
    "text that YAML takes for something else": ("data", {"path": "1e-4", "target": "null"}, None),
    "text of several lines": ("data", {"path": "a: b\n# c\t\u00e9\u2028'\"", "target": "- x"}, None),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_may_stand_in_it(name: str) -> None:
    key, value, expected = TAKEN[name]
    found = getattr(load_experiment({**PLAIN, key: value}).config, key)
    if expected is not None:
        assert found == expected
        return
    for inner, content in value.items():
        wanted = {"space": {"seed": (0, 1, 2)}}.get(inner, str(content) if inner == "path" else content)
        assert getattr(found, inner) == wanted


def holding_itself() -> Any:
    config = dict(PLAIN)
    config["data"] = {"synthetic": config}
    return config


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def multiplied() -> Any:
    value: Any = ["x"] * 10
    for _ in range(8):
        value = [value] * 10
    return value


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a key that is unknown": (
        lambda: {**PLAIN, "optimizer": {"type": "sgd", "learning_rat": 0.1}},
        "config.optimizer.learning_rat: unknown key 'learning_rat' in optimizer (sgd)\n"
        "      |   learning_rat: 0.1\n"
        "      |   ^^^^^^^^^^^^ did you mean 'learning_rate'?\n"
        "1 error in config",
    ),
    "several mistakes": (
        lambda: {"data": PLAIN["data"], "training": {"epochs": 0}, "seed": -1},
        "config.network: missing section 'network'\n"
        "      | for example network: [{type: dense, units: auto, activation: auto}]\n"
        "config.training.epochs: training.epochs must be at least 1, got 0\n"
        "      |   epochs: 0\n"
        "      |           ^\n"
        "config.seed: seed must be at least 0, got -1\n"
        "      | seed: -1\n"
        "      |       ^^\n"
        "3 errors in config",
    ),
    "a place in a list": (
        lambda: {**PLAIN, "network": [PLAIN["network"][0], {"type": "dense", "units": "many"}]},
        "config.network.1.units: network.1.units must be an integer or auto, got 'many'\n"
        "      |   units: many\n"
        "      |          ^^^^\n"
        "1 error in config",
    ),
    "not a number": (
        lambda: {**PLAIN, "optimizer": {"type": "sgd", "learning_rate": math.nan}},
        "config.optimizer.learning_rate: optimizer.learning_rate must be finite, got nan\n"
        "      |   learning_rate: .nan\n"
        "      |                  ^^^^\n"
        "1 error in config",
    ),
    "an integer of thousands of digits": (
        lambda: {**PLAIN, "optimizer": {"type": "sgd", "learning_rate": -(10**5000)}},
        "config.optimizer.learning_rate: optimizer.learning_rate must be finite, got -inf\n"
        "      |   learning_rate: -.inf\n"
        "      |                  ^^^^^\n"
        "1 error in config",
    ),
    "a key that is no text": (
        lambda: {**PLAIN, "loss": {"type": "cross_entropy", "class_weights": {1: 2.0}}},
        "config.loss.class_weights: loss.class_weights has as a key 1; keys must be text\n"
        "      | write '1'\n"
        "1 error in config",
    ),
    "a key at the top that is no text": (
        lambda: {**PLAIN, None: 1},
        "config: the config has as a key a value of type NoneType; keys must be text\n1 error in config",
    ),
    "a set": (
        lambda: {**PLAIN, "metrics": {"accuracy"}},
        "config.metrics: metrics must be plain data (text, a number, True, False, None, a list or a mapping), got a "
        "value of type set\n"
        "1 error in config",
    ),
    "a dict that holds itself": (
        holding_itself,
        "config.data.synthetic: data.synthetic holds itself\n1 error in config",
    ),
    "lists in lists in lists": (
        lambda: {**PLAIN, "metrics": nested(5_000)},
        "config.metrics: metrics is nested deeper than 32 levels\n1 error in config",
    ),
    "one list a billion times": (
        lambda: {**PLAIN, "metrics": multiplied()},
        "config: the config holds more than 100000 values\n1 error in config",
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_what_may_not(mistake: str) -> None:
    config, message = REFUSED[mistake]
    assert problem(config()) == message


def test_a_mistake_of_an_override_and_one_of_the_dict() -> None:
    config = {**PLAIN, "optimizer": {"type": "sgd", "momentum": 2}}
    assert problem(config, "optimizer.learning_rate=fast") == (
        "config.optimizer.momentum: optimizer.momentum must be at least 0 and below 1, got 2\n"
        "      |   momentum: 2\n"
        "      |             ^\n"
        "--set optimizer.learning_rate=fast: optimizer.learning_rate must be a number, got 'fast'\n"
        "      | --set optimizer.learning_rate=fast\n"
        "      |                               ^^^^\n"
        "2 errors in config and --set, with --set optimizer.learning_rate=fast"
    )


def test_a_mistake_that_shows_with_the_data() -> None:
    write_pets()
    experiment = load_experiment({**PLAIN, "data": {"path": "pets.csv", "target": "kinds"}})
    with pytest.raises(ConfigError) as caught:
        nntrain.check(experiment)
    assert str(caught.value) == (
        "config.data.target: pets.csv: no target column 'kinds'; did you mean 'kind'? The columns are 'weight', "
        "'length', 'home', 'kind'\n"
        "      |   target: kinds\n"
        "      |           ^^^^^\n"
        "1 error in config"
    )


@pytest.mark.parametrize(("config", "kind"), [(None, "NoneType"), ([PLAIN], "list"), (5, "int"), (b"a.yaml", "bytes")])
def test_neither_a_path_nor_a_dict(config: Any, kind: str) -> None:
    with pytest.raises(UserError) as caught:
        load_experiment(config)
    assert str(caught.value) == (f"load_experiment takes the path of a YAML file or a config as a dict, got {kind}")


@pytest.mark.parametrize("overrides", [None, "optimizer.learning_rate=0.1", [None], 3, {"seed": 1}.items()])
def test_overrides_are_a_list_of_texts(overrides: Any) -> None:
    with pytest.raises(UserError, match=r"^overrides are a list of texts such as 'optimizer.learning_rate=0.1', got "):
        load_experiment(PLAIN, overrides)


@pytest.mark.parametrize("given", [PLAIN, None, "a.yaml"])
def test_what_is_no_experiment(given: Any) -> None:
    for function in (nntrain.fit, nntrain.check, nntrain.gradcheck, nntrain.gridsearch):
        with pytest.raises(UserError, match=r"^an experiment is what load_experiment returns, got "):
            function(given)
