"""What will probably go wrong is said before training, once, and only where it applies."""

import pytest

from nntrain.assembly.data import Data
from nntrain.assembly.resolve import resolve
from nntrain.diagnosis.data_warnings import data_warnings
from tests.experiments import BINARY, CLASSES, VALUES, load, write_table


def warnings(text: str, *overrides: str) -> list[str]:
    experiment = load(text, *overrides)
    data = Data(experiment)
    prepared = data.prepare()
    config = resolve(experiment, prepared.preprocessor, has_validation=True).config
    return data_warnings(config, data, prepared)


@pytest.mark.parametrize("text", [CLASSES, BINARY, VALUES])
def test_nothing_is_said_where_all_is_well(text: str) -> None:
    assert warnings(text) == []


@pytest.fixture
def large() -> str:
    """A table of large numbers, and a config that leaves them as they are."""
    write_table("t.csv", ("a", "b", "y", "z"), [(i * 7 % 31, 0.5 * i, "pq"[i % 2], i * 3.5) for i in range(40)])
    return (
        "data: {path: t.csv, target: y, features: [a, b], preprocess: {numeric: none}}\n"
        "network: [{type: dense, units: auto, activation: auto}]\n"
    )


def rare(*alone: str) -> str:
    """A config for twenty rows of each of two classes, and one of each further class."""
    write_table(
        "rare.csv", ("x", "y"), [(i % 7, "pq"[i % 2]) for i in range(40)] + [(i, y) for i, y in enumerate(alone)]
    )
    return "data: {path: rare.csv, target: y}\nnetwork: [{type: dense, units: auto, activation: auto}]\n"


def test_classes_that_nobody_scores() -> None:
    assert warnings(rare("emu")) == [
        "class 'emu' of target 'y' has 1 example: it is trained on, and no score says whether it is recognized; add "
        "examples of it, or remove the row"
    ]
    assert warnings(rare("emu", "ibis", "owl", "roc")) == [
        "4 classes of target 'y' have 1 example each ('emu', 'ibis', 'owl' and 1 more): they are trained on, and no "
        "score says whether they are recognized; add examples of them, or remove the rows"
    ]
    assert warnings(rare("emu", "emu")) == []
    assert warnings(rare("emu"), "data.split={validation: 0, test: 0}") == []


def test_unscaled_inputs(large: str) -> None:
    assert warnings(large) == [
        "inputs reach 30 unscaled, which slows or breaks training: set data.preprocess.numeric: standard"
    ]
    assert warnings(large, "data.preprocess.numeric=minmax") == []


def test_unscaled_targets(large: str) -> None:
    values = large.replace("target: y", "target: z").replace("none", "standard")
    assert warnings(values, "data.split={validation: 0, test: 0}") == [
        "targets reach 136.5, far from what a new network puts out: set data.preprocess.target: standard"
    ]
    assert warnings(values, "data.preprocess.target=standard") == []


@pytest.mark.parametrize(("activation", "reach"), [("sigmoid", "[0, 1]"), ("tanh", "[-1, 1]"), ("relu", "[0, inf]")])
def test_an_output_that_cannot_reach_the_targets(activation: str, reach: str) -> None:
    """The plane reaches from -1.2 to 1.2."""
    [said] = warnings(VALUES, f"network.output.activation={activation}")
    assert said.startswith("targets lie in [-1.")
    assert said.endswith(
        f"but the {activation} output only reaches {reach}: use activation: linear in the output layer"
    )
    assert warnings(VALUES, f"network.output.activation={activation}", "data.preprocess.target=minmax") == []


@pytest.mark.parametrize(
    ("text", "overrides", "said"),
    [
        (
            CLASSES,
            ["loss=mean_squared_error"],
            "mean_squared_error learns a classification task slowly, because its gradient vanishes where answers are "
            "wrong: cross_entropy suits it",
        ),
        (
            BINARY,
            ["loss=huber"],
            "huber learns a binary task slowly, because its gradient vanishes where answers are wrong: "
            "binary_cross_entropy suits it",
        ),
    ],
)
def test_a_loss_that_learns_slowly(text: str, overrides: list[str], said: str) -> None:
    assert warnings(text, *overrides) == [said]


def test_units_that_start_alike() -> None:
    said = "network.0: all units start with the same weights and will stay the same: use glorot_uniform"
    assert warnings(CLASSES, "network.0.initializer=zeros") == [said]
    assert warnings(CLASSES, "network.0.initializer={type: constant, value: 0.3}") == [said]
    assert warnings(CLASSES, "network.0.initializer=zeros", "network.0.units=1") == []
    assert warnings(CLASSES, "network.1.initializer=zeros") == []  # the outputs differ in what they are to be


def test_columns_of_no_use() -> None:
    write_table("t.csv", ("id", "a", "same", "y"), [(i + 1, i * 7 % 31, 5, "pq"[i % 2]) for i in range(40)])
    said = warnings("data: {path: t.csv, target: y}\nnetwork: [{type: dense, units: auto, activation: auto}]\n")
    assert said == [
        "t.csv: column 'id' is different in every row, like an identifier: leave it out with "
        "data.columns: {id: excluded}",
        "t.csv: column 'same' is 5.0 in every row: it cannot help to predict anything",
    ]
