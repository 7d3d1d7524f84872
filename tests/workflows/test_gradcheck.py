"""`gradcheck`: backpropagation against central differences, on the experiment's own network and data."""

from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.arrays import Array
from nntrain.errors import ConfigError, UserError
from nntrain.memory import Memory
from nntrain.nn.activations import Slope, Tanh
from nntrain.nn.dense import Dense
from nntrain.nn.layer import Bound, Call, Site, Value
from nntrain.optim.penalties import L1, L2
from tests.experiments import BINARY, CLASSES, PETS, VALUES, load, write_pets, write_table


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """The test's own directory."""


CASES: dict[str, tuple[str, list[str]]] = {
    "classes": (CLASSES, []),
    "binary": (BINARY, []),
    "values": (VALUES, []),
    "penalties": (CLASSES, ["regularization={l1: 0.01, l2: 0.1, max_norm: 1.0, clip_norm: 0.1}"]),
    "class weights and smoothing": (
        CLASSES, ["loss={type: cross_entropy, class_weights: [1, 2, 3], label_smoothing: 0.1}"]
    ),
    "dropout": (CLASSES.replace("  - {type: dense, name: output", "  - {type: dropout}\n  - {type: dense"), []),
    "softmax with squared error": (CLASSES, ["loss=half_squared_error"]),
    "huber": (VALUES, ["loss={type: huber, delta: 0.3}"]),
    **{name: (CLASSES, [f"network.0.activation={name}"])
       for name in ("linear", "sigmoid", "relu", "leaky_relu", "elu", "gelu", "softplus", "softmax")},
    "float32": (CLASSES, ["dtype=float32"]),
    "zeros": (CLASSES, ["network.0.initializer=zeros", "network.1.initializer=zeros", "network.0.activation=relu"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_gradients_agree_with_central_differences(case: str) -> None:
    text, overrides = CASES[case]
    before = sorted(Path().rglob("*.yaml"))
    report = nntrain.gradcheck(load(text, *overrides))
    assert report.passed
    assert report.worst < 1e-7 == report.tolerance
    assert report.worst == max(row.relative_error for row in report.rows)
    parameters = [row for row in report.rows if row.name != "input"]
    assert [row.checked for row in parameters] == ([8, 4, 12, 3] if text is not BINARY and text is not VALUES
                                                   else [8, 4, 4, 1])  # fmt: skip
    assert {path for path in Path().iterdir() if path.suffix != ".yaml"} == set()
    assert before == []


def test_tables_and_labels() -> None:
    write_pets()
    assert nntrain.gradcheck(load(PETS)).passed
    rng = np.random.default_rng(0)
    write_table("t.csv", ("a", "p", "q"), [(round(a, 3), int(a > 0), int(a > 1)) for a in rng.normal(size=60)])
    assert nntrain.gradcheck(load(PETS.replace("pets.csv, target: kind", "t.csv, target: [p, q]"))).passed


def test_inputs_of_zeros_do_not_sit_on_the_kink_of_a_relu() -> None:
    """Flags as they are, and units without bias: their inputs are exactly 0."""
    write_table("t.csv", ("p", "q", "y"), [(i % 2, i // 2 % 2, i % 3 - 1.5) for i in range(40)])
    text = PETS.replace("pets.csv, target: kind", "t.csv, target: y, task: regression, preprocess: {numeric: none}")
    report = nntrain.gradcheck(load(text, "network.0.activation=relu", "network.0.bias=false"))
    assert report.passed


def test_large_arrays_are_checked_in_part() -> None:
    rows = {row.name: row.checked for row in nntrain.gradcheck(load(CLASSES, "network.hidden.units=300")).rows}
    assert rows["hidden.w"] == 200
    assert rows["output.b"] == 3


def test_a_gradient_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A derivative of tanh without its square."""

    def compute(self: Tanh, x: Array, y: Array, memory: Memory) -> tuple[list[Call], Slope]:
        return [lambda: np.tanh(x, y)], lambda dy: [lambda: np.multiply(dy, 1 - y, dy)]

    monkeypatch.setattr(Tanh, "compute", compute)
    report = nntrain.gradcheck(load(CLASSES))
    assert not report.passed
    errors = {row.name: row.relative_error for row in report.rows}
    assert errors["hidden.w"] > 1e-3
    assert errors["output.w"] < 1e-7  # behind the activation all is well


def test_the_rule_of_the_perceptron_has_nothing_to_compare() -> None:
    with pytest.raises(UserError, match="so there is nothing to check"):
        nntrain.gradcheck(load(BINARY, "network.output.activation=step", "network.output.units=1"))


def test_it_refuses_what_fit_refuses() -> None:
    with pytest.raises(ConfigError, match="the network puts out 2 numbers"):
        nntrain.gradcheck(load(CLASSES, "network.output.units=2"))


SWAMPED = {
    "saturated softmax": (CLASSES, ["network.0.activation=softmax", "network.0.initializer={type: normal, std: 100}"]),
    "a class that weighs 1e8": (
        CLASSES,
        [
            "seed=165", "network.0.activation=softplus", "network.0.initializer={type: normal, std: 0.00381}",
            "network.1.initializer={type: normal, std: 25.7}",
            "network.0.bias_initializer={type: normal, std: 0.0174}",
            "loss={type: cross_entropy, class_weights: [1.3e+08, 1, 1], label_smoothing: 0}",
        ],
    ),
    "a narrow valley": (
        BINARY,
        [
            "seed=278", "network.0.activation=relu", "network.0.initializer={type: normal, std: 21.5}",
            "network.1.initializer={type: normal, std: 0.0229}", "loss=mean_squared_error",
            "network.0.bias_initializer={type: normal, std: 0.00032}", "data.preprocess.numeric=none",
            "data.synthetic.noise=1.14e+03",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SWAMPED)
def test_what_rounding_swamps_is_not_called_wrong(case: str) -> None:
    text, overrides = SWAMPED[case]
    report = nntrain.gradcheck(load(text, *overrides))
    assert report.verdict == "unclear"
    assert not report.passed
    assert report.worst > report.tolerance
    assert all(row.proven <= report.tolerance for row in report.rows)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize("strength", [1e2, 1e5, 1e8, 1e12, 1e30])
def test_a_huge_penalty_does_not_swamp_the_loss(penalty: str, strength: float, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = load(CLASSES, f"regularization.{penalty}={strength}")
    assert nntrain.gradcheck(experiment).verdict == "correct"
    _break_one_weight(monkeypatch)
    report = nntrain.gradcheck(experiment)
    assert report.verdict == "wrong"


@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize("std", [1e-12, 1e-6, 1e6])
def test_penalties_of_weights_of_any_size(penalty: str, std: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights nearer to the kink of |w| than every step, and beside weights whose squares are 1e24 times theirs."""
    sizes = [f"network.{place}.initializer={{type: normal, std: {each}}}" for place, each in ((0, std), (1, 1e-6))]
    experiment = load(CLASSES, f"regularization.{penalty}=10", *sizes, "network.0.activation=linear")
    assert nntrain.gradcheck(experiment).verdict != "wrong"
    of_penalty = L1 if penalty == "l1" else L2
    right = of_penalty.gradient
    monkeypatch.setattr(of_penalty, "gradient", lambda self, theta: 1.0001 * right(self, theta))
    assert nntrain.gradcheck(experiment).verdict == "wrong"


def test_one_wrong_entry_among_saturated_units(monkeypatch: pytest.MonkeyPatch) -> None:
    _break_one_weight(monkeypatch)
    for text, overrides in [SWAMPED["saturated softmax"], SWAMPED["a class that weighs 1e8"], (CLASSES, [])]:
        assert nntrain.gradcheck(load(text, *overrides)).verdict == "wrong"


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu", "softplus", "softmax"])
@pytest.mark.parametrize("std", [10, 1e3, 1e6])
def test_right_gradients_are_never_called_wrong(activation: str, std: float) -> None:
    for weights in ("network.0", "network.1"):
        overrides = [f"network.0.activation={activation}", f"{weights}.initializer={{type: normal, std: {std}}}"]
        assert nntrain.gradcheck(load(CLASSES, *overrides)).verdict != "wrong"


def test_a_cost_that_is_not_finite() -> None:
    layers = [f"network.{k}.initializer={{type: normal, std: 1e200}}" for k in (0, 1)]
    report = nntrain.gradcheck(load(CLASSES, "dtype=float64", "network.0.activation=linear", *layers))
    assert report.verdict == "unclear"
    assert np.isnan(report.worst)


def _break_one_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of the first weight of each layer is 0.1 % too large."""
    right = Dense.bind

    def bind(self: Dense, x: Value, site: Site) -> Bound:
        bound, dw = right(self, x, site), site.grad("w")
        assert dw is not None

        def turn(dy: Array, wants_dx: bool) -> tuple[Array | None, list[Call]]:
            dx, calls = bound.turn(dy, wants_dx)
            first = dw[:, 0, 0]
            return dx, [*calls, lambda: np.multiply(first, 1.001, first)]

        return Bound(bound.y, bound.forward, turn)

    monkeypatch.setattr(Dense, "bind", bind)
