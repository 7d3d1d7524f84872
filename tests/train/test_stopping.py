"""Early stopping, against a plain simulation of one member at a time and sequences worked out by hand."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.train.stopping import BestWeights, EarlyStopping
from nntrain.train.weights import Weights


def weights_of(theta: Array) -> Weights:
    return Weights({"theta": theta})


def rule_of(
    patience: list[int], *, min_delta: float = 0.0, maximize: bool = False, restore_best: bool = True
) -> EarlyStopping:
    return EarlyStopping(
        "validation.loss", maximize, np.array(patience), np.full(len(patience), min_delta), restore_best
    )


@dataclass
class Watched:
    """What came of a sequence of monitored values, for each member.

    The weights after epoch e are e for every member, so that the weights kept say which epoch they are of.
    """

    stopped: list[int | None] = field(default_factory=list)
    best: list[list[int]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


def watch(rule: EarlyStopping, values: list[list[float]]) -> Watched:
    """Show the rule one list of values per member, epoch after epoch; who has stopped is shown no more."""
    members, epochs = len(values), len(values[0])
    theta = np.zeros((members, 2))
    best, live = BestWeights(rule, weights_of(theta)), np.ones(members, dtype=bool)
    watched = Watched([None] * members, [[] for _ in range(members)])
    for epoch in range(1, epochs + 1):
        theta[...] = epoch
        monitored = np.array([sequence[epoch - 1] for sequence in values])
        kept, over = best.observe(epoch, {"validation.loss": monitored}, weights_of(theta), live)
        for member in range(members):
            assert kept[member] == (best.epoch_of_kept[member] == epoch)
            if best.epoch[member] == epoch:
                watched.best[member].append(epoch)
            if over[member]:
                watched.stopped[member] = epoch
        live = live & ~over
    watched.kept = best.epoch_of_kept.tolist()
    watched.weights = best.weights["theta"][:, 0].tolist()
    return watched


# Values, what they lead to: the epoch of the stop, and the best one.
BY_HAND = [
    ("it improves all the time", [5, 4, 3, 2], {"patience": [1]}, None, 4),
    ("stops after `patience` epochs without improvement", [5, 4, 4, 4, 4, 3], {"patience": [3]}, 5, 2),
    ("an improvement starts the count again", [5, 6, 4, 6, 6, 3], {"patience": [2]}, 5, 3),
    ("an equal value is no improvement", [5, 5, 5], {"patience": [2]}, 3, 1),
    ("too small an improvement is none", [5.0, 4.95, 4.91, 4.8], {"patience": [2], "min_delta": 0.1}, 3, 1),
    ("small improvements add up", [5.0, 4.95, 4.85, 4.8], {"patience": [2], "min_delta": 0.1}, None, 3),
    ("of a score, more is better", [0.5, 0.6, 0.4, 0.5], {"patience": [2], "maximize": True}, 4, 2),
    ("a negative loss", [-1.0, -2.0, -1.0], {"patience": [1]}, 3, 2),
    ("no patience: the first epoch that is not better is the last", [5, 4, 3, 3, 1], {"patience": [0]}, 4, 3),
    ("NaN is no improvement", [5, math.nan, math.nan, 4], {"patience": [2]}, 3, 1),
    ("a number improves on NaN", [math.nan, math.nan, 7, 6], {"patience": [3]}, None, 4),
    ("nothing but NaN neither wins nor stops", [math.nan, math.nan, math.nan], {"patience": [2]}, None, None),
    ("patience counts from the first number", [math.nan] * 3 + [7, 8, 8], {"patience": [2]}, 6, 4),
    ("an undefined score, then some", [math.nan, 0.5, math.nan, 0.4], {"patience": [2], "maximize": True}, 4, 2),
    ("a number improves on infinity", [math.inf, 7, 8], {"patience": [1]}, 3, 2),
    ("infinity is no number", [math.inf, math.inf, math.inf], {"patience": [1]}, None, None),
    ("nor is its negative", [-math.inf, 7, math.inf], {"patience": [1], "maximize": True}, 3, 2),
]


@pytest.mark.parametrize(
    ("values", "settings_of_rule", "stopped", "best"), [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND]
)
@pytest.mark.parametrize("restore_best", [True, False], ids=["best", "last"])
def test_by_hand(
    values: list[float], settings_of_rule: dict[str, object], stopped: int | None, best: int | None, restore_best: bool
) -> None:
    watched = watch(rule_of(**settings_of_rule, restore_best=restore_best), [values])  # type: ignore[arg-type]
    assert watched.stopped == [stopped]
    kept = best if restore_best and best else stopped or len(values)
    assert (watched.best[0][-1] if watched.best[0] else None) == best
    assert watched.kept == [kept]
    assert watched.weights == [kept]


def simulate(values: list[float], patience: int, min_delta: float, maximize: bool) -> tuple[int | None, list[int]]:
    """One member in plain Python: (epoch of the stop, epochs that improved), as Keras's EarlyStopping counts.

    Keras passes over epochs in which the monitored value is not available; so does this before the first number.
    """
    best, wait = math.inf, 0
    improved: list[int] = []
    for epoch, value in enumerate(values, start=1):
        value = -value if maximize else value
        if math.isnan(value) and not improved:
            continue
        if not improved or value < best - min_delta:
            best, wait = value, 0
            improved.append(epoch)
        else:
            wait += 1
            if wait >= patience:
                return epoch, improved
    return None, improved


@settings(max_examples=150)
@given(
    values=st.lists(st.lists(st.integers(0, 6) | st.just(math.nan), min_size=8, max_size=8), min_size=1, max_size=4),
    patience=st.lists(st.integers(1, 4), min_size=4, max_size=4),
    min_delta=st.sampled_from([0.0, 0.5, 1.0]),
    maximize=st.booleans(),
    restore_best=st.booleans(),
)
def test_a_population_stops_as_each_member_would_by_itself(
    values: list[list[float]], patience: list[int], min_delta: float, maximize: bool, restore_best: bool
) -> None:
    rule = rule_of(patience[: len(values)], min_delta=min_delta, maximize=maximize, restore_best=restore_best)
    watched = watch(rule, values)
    for member, sequence in enumerate(values):
        stopped, improved = simulate(sequence, patience[member], min_delta, maximize)
        assert watched.stopped[member] == stopped
        assert watched.best[member] == improved
        kept = improved[-1] if restore_best and improved else stopped or len(sequence)
        assert (watched.kept[member], watched.weights[member]) == (kept, kept)


def test_an_epoch_in_which_a_member_diverged_does_not_count() -> None:
    best = BestWeights(rule_of([1, 1]), weights_of(np.zeros((2, 1))))
    values = {"validation.loss": np.array([3.0, 3.0])}
    best.observe(1, values, weights_of(np.full((2, 1), 1.0)), np.array([True, True]))
    improved, over = best.observe(
        2, {"validation.loss": np.array([2.0, 2.0])}, weights_of(np.full((2, 1), 2.0)), np.array([True, False])
    )
    assert improved.tolist() == [True, False]
    assert over.tolist() == [False, False]
    assert best.weights["theta"].tolist() == [[2.0], [1.0]]
    _, over = best.observe(3, values, weights_of(np.full((2, 1), 3.0)), np.array([True, False]))
    assert over.tolist() == [True, False]


def test_without_a_rule_the_last_healthy_epoch_is_kept() -> None:
    best = BestWeights(None, weights_of(np.zeros((2, 1))))
    healthy: list[Array] = [np.array([True, True]), np.array([True, False])]
    for epoch, who in enumerate(healthy, start=1):
        improved, over = best.observe(epoch, {}, weights_of(np.full((2, 1), float(epoch))), who)
        assert improved.tolist() == who.tolist()
        assert not over.any()
    assert best.epoch_of_kept.tolist() == [2, 1]
    assert best.weights["theta"].tolist() == [[2.0], [1.0]]


def test_weights_are_copied_not_kept_by_reference() -> None:
    theta = np.zeros((1, 2))
    best = BestWeights(rule_of([5]), weights_of(theta))
    theta[...] = 1
    best.observe(1, {"validation.loss": np.array([1.0])}, weights_of(theta), np.array([True]))
    theta[...] = 2
    assert best.weights["theta"].tolist() == [[1.0, 1.0]]


def test_selected_members_keep_their_patience_and_their_best() -> None:
    rule = rule_of([1, 3, 2])
    best = BestWeights(rule, weights_of(np.zeros((3, 1))))
    everybody = np.ones(3, dtype=bool)
    best.observe(
        1, {"validation.loss": np.array([3.0, 2.0, 1.0])}, weights_of(np.array([[10.0], [20.0], [30.0]])), everybody
    )
    chosen = best.select(np.array([2, 1]))
    assert chosen.rule is not None
    assert chosen.rule.patience.tolist() == [2, 3]
    assert (chosen.epoch.tolist(), chosen.value.tolist()) == ([1, 1], [1.0, 2.0])
    assert chosen.weights["theta"].tolist() == [[30.0], [20.0]]
    improved, _ = chosen.observe(
        2, {"validation.loss": np.array([1.5, 1.5])}, weights_of(np.zeros((2, 1))), np.ones(2, dtype=bool)
    )
    assert improved.tolist() == [False, True]
