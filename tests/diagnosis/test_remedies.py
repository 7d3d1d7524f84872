"""What is worked out from the steps before a divergence, by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from nntrain.assembly.data import Prepared
from nntrain.assembly.layers import build_blueprint
from nntrain.config.root import Config
from nntrain.data.dataset import Dataset, numeric_column
from nntrain.data.preprocess import Preprocessor
from nntrain.data.source import Arrays
from nntrain.diagnosis.postmortem import Finding, InspectedStep, Quantity
from nntrain.diagnosis.remedies import Blamed, Remedy, neat, remedies
from nntrain.tasks import Task


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.25, 0.2), (0.5, 0.5), (0.99, 0.9), (1.0, 1.0), (3.0, 3.0), (37.2, 30.0), (1e-7, 1e-7), (6.9e-12, 6e-12)],
)
def test_proposals_have_one_digit(value: float, expected: float) -> None:
    assert neat(value) == expected


def step(norm: float, *, size: float = 0.001, activations: Sequence[float] = (1.0,)) -> InspectedStep:
    """A step with a gradient of this norm and an update of `size` times the weights."""
    rows = np.arange(4)
    seen = dict(zip(("0", "1", "2"), activations, strict=False))
    return InspectedStep(1, 1, rows, 0.1, 1.0, seen, 1.0, norm, norm, 1.0, weight_norm=1.0, update_norm=size)


def proposed(
    norms: Sequence[float],
    *,
    optimizer: str = "sgd",
    sizes: Sequence[float] | None = None,
    blamed: Sequence[Blamed] = (),
    **config: object,
) -> list[Remedy]:
    """The remedies for a training of one linear layer with the rate 0.1, whose last step has failed."""
    steps = [step(n, size=s) for n, s in zip(norms, sizes or [0.001] * len(norms), strict=True)]
    finding = Finding(Quantity.LOSS, None, None, None, 1, 0, 1, steps[-1], np.zeros(0), steps[:-1], from_start=False)
    resolved = Config.model_validate(
        {
            "data": {"synthetic": "plane"},
            "network": [{"type": "dense", "units": 1, "activation": "linear"}],
            "optimizer": {"type": optimizer, "learning_rate": 0.1},
            **config,
        }
    )
    x = np.linspace(-1, 1, 4)[:, None]
    data = Dataset((numeric_column("a", x[:, 0]),), (numeric_column("y", x[:, 0]),), "t.csv")
    prepared = Prepared(Preprocessor.fit(data, task=Task.REGRESSION), {"training": Arrays({"x": x, "t": x})})
    return remedies(finding, blamed, resolved, build_blueprint([resolved.network], (1,)), prepared)


def test_a_gradient_that_grows_ninefold_halves_the_rate_and_divides_it_by_ten() -> None:
    """0.1 / (2 · (1 + 9))"""
    [remedy] = proposed([1, 9, 81, 729, math.nan])
    assert (remedy.setting, remedy.value) == ("optimizer.learning_rate", 0.005)
    assert str(remedy) == "optimizer.learning_rate: 0.005 (it is 0.1: the gradient grew 9-fold in a step)"


def test_the_first_step_beyond_what_is_usual_counts() -> None:
    """Later ones grow faster, as they do in deep networks; the usual ones are no more than 10 times the shortest."""
    [remedy] = proposed([1, 3, 2, 0.5, 4, 76, 1e6, 1e30])
    assert remedy.value == 0.002  # 0.1 / (2 · (1 + 19)) = 0.0025


def test_a_rate_with_modest_updates_is_allowed_all_the_same() -> None:
    """0.1 · 0.03 / 2, where 0.1 / (2 · (1 + 10⁹)) would be far too careful."""
    [remedy] = proposed([1, 1e9], sizes=[2.0, math.inf])
    assert remedy.value == 0.001
    assert remedy.reason == "it is 0.1: the gradient grew 1e+09-fold in a step, an update was 2 times the weights"


def test_with_adam_only_the_size_of_updates_counts() -> None:
    """Its steps do not grow with the gradient: 0.1 · 0.03 / 60."""
    [remedy] = proposed([1, 50], sizes=[60.0, 60.0], optimizer="adam")
    assert remedy.value == pytest.approx(5e-5)


def test_without_any_evidence_the_rate_is_a_tenth() -> None:
    [remedy] = proposed([1.0, 1.0, 2.0])
    assert (remedy.setting, remedy.value) == ("optimizer.learning_rate", 0.01)
    assert remedy.reason == "it is 0.1; no single cause stands out, the last update was 0.001 times the weights"


CALM = [1.0, 2.0, 3.0] * 10


def test_a_sudden_gradient_is_clipped_at_the_usual_length() -> None:
    rate, clipping = proposed([*CALM, 500.0])
    assert rate.setting == "optimizer.learning_rate"
    assert (clipping.setting, clipping.value) == ("regularization.clip_norm", 2.0)
    assert clipping.reason == "the gradient's norm was 2 in the median of 30 steps, and then 5e+02"


@pytest.mark.parametrize(
    ("norms", "clip"),
    [
        ([*CALM[:19], 500.0], None),  # too few steps to say what is usual
        ([*CALM, 29.0], None),  # not ten times the longest
        ([1.5**k for k in range(40)], None),  # rising all the time
        ([*CALM, 500.0], 2.0),  # clipped there already
    ],
    ids=["short", "small", "rising", "clipped"],
)
def test_otherwise_it_is_not(norms: list[float], clip: float | None) -> None:
    found = proposed(norms, regularization={"clip_norm": clip})
    assert "regularization.clip_norm" not in [remedy.setting for remedy in found]


def test_a_row_that_dominates_makes_the_rate_innocent() -> None:
    def cell(dominates: bool) -> Blamed:
        return Blamed("t.csv:7", "a", 1e38, 2.0, 1, 3, dominates)

    [row] = proposed([1, 9, 81], blamed=[cell(True)])
    assert str(row) == "correct or remove t.csv:7 (a is 1e+38, where 2 is typical)"
    row, rate = proposed([1, 9, 81], blamed=[cell(False), cell(False)])
    assert row.value == "correct or remove t.csv:7, and 1 more"
    assert rate.setting == "optimizer.learning_rate"
