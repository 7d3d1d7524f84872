"""Who wins, and how it is written down."""

import csv
import math
from typing import Any

import pytest

from nntrain.search.leaderboard import Trial, as_csv, ranked, rows
from nntrain.train.records import Outcome, StopReason

LOSS, ACCURACY = "validation.loss", "validation.accuracy"
NAN = math.nan


def outcome(
    loss: float, accuracy: float = 0.5, *, reason: StopReason = StopReason.EPOCHS, best: int = 7, epochs: int = 9
) -> Outcome:
    return Outcome(
        reason, epochs, best, {LOSS: loss, ACCURACY: accuracy, "training.loss": 2 * loss, "learning_rate": 1}
    )


def trial(number: int, *outcomes: Outcome, parameters: int = 10, **point: Any) -> Trial:
    return Trial(number, point or {"a": number}, parameters, outcomes)


def order(trials: list[Trial], monitor: str = LOSS) -> list[int]:
    return [each.number for each in ranked(trials, monitor)]


def test_a_loss_is_best_when_small_and_an_accuracy_when_large() -> None:
    trials = [trial(1, outcome(0.5, 0.9)), trial(2, outcome(0.1, 0.2)), trial(3, outcome(0.3, 0.95))]
    assert order(trials) == [2, 3, 1]
    assert order(trials, ACCURACY) == [3, 1, 2]


def test_the_mean_over_seeds_or_folds_counts() -> None:
    trials = [trial(1, outcome(0.1), outcome(0.9)), trial(2, outcome(0.4), outcome(0.4))]
    assert trials[0].scores(LOSS) == [0.1, 0.9]
    assert trials[0].mean(LOSS) == pytest.approx(0.5)
    assert order(trials) == [2, 1]


def test_of_equals_the_smaller_network_is_first_and_then_the_earlier() -> None:
    trials = [
        trial(1, outcome(0.5), parameters=30), trial(2, outcome(0.5), parameters=20),
        trial(3, outcome(0.5), parameters=20), trial(4, outcome(0.4), parameters=99),
    ]  # fmt: skip
    assert order(trials) == [4, 2, 3, 1]
    assert order(trials[::-1]) == [4, 2, 3, 1]


def test_nan_never_wins() -> None:
    no_values = Outcome(StopReason.EPOCHS, 1, 1, {})
    trials = [trial(1, outcome(NAN)), trial(2, outcome(0.9)), trial(3, outcome(0.1), outcome(NAN)), trial(4, no_values)]
    assert order(trials) == [2, 1, 3, 4]
    assert order(trials, ACCURACY)[-1] == 4


def test_a_point_that_diverged_does_not_win_by_what_it_had_reached() -> None:
    """Its refit would diverge as well."""
    diverged = outcome(0.01, reason=StopReason.DIVERGED)
    trials = [
        trial(1, diverged), trial(2, outcome(0.9)), trial(3, outcome(0.2), diverged),
        trial(4, outcome(NAN, reason=StopReason.DIVERGED)), trial(5, outcome(NAN)),
    ]  # fmt: skip
    assert [each.diverged for each in trials] == [1, 0, 1, 1, 0]
    assert order(trials) == [2, 1, 3, 5, 4]
    assert [row["status"] for row in rows(trials, LOSS)] == [
        "ok", "diverged in epoch 9", "diverged (1 of 2, first in epoch 9)", "ok", "diverged in epoch 9",
    ]  # fmt: skip


def test_a_row_tells_all_about_a_point() -> None:
    [row] = rows([trial(3, outcome(0.1, 0.8), outcome(0.3, 0.6, best=8), parameters=12, lr=0.1, units=4)], LOSS)
    assert row == {
        "rank": 1, "trial": 3, "lr": 0.1, "units": 4, LOSS: pytest.approx(0.2),
        f"{LOSS}.std": pytest.approx(math.sqrt(0.02)), "status": "ok", ACCURACY: pytest.approx(0.7),
        "training.loss": pytest.approx(0.4), "best_epoch": 7.5, "parameters": 12,
    }  # fmt: skip


def test_one_member_has_no_spread_and_a_whole_epoch() -> None:
    [row] = rows([trial(1, outcome(0.1))], LOSS)
    assert f"{LOSS}.std" not in row
    assert row["best_epoch"] == 7
    assert isinstance(row["best_epoch"], int)


def test_csv() -> None:
    sections = {"type": "sgd", "momentum": 0.9}
    trials = [
        trial(1, outcome(0.5), optimizer=sections, shuffle=True, limit=None, name='a "b", c'),
        trial(2, outcome(NAN), optimizer="adam", shuffle=False, limit=1e-7, name="d"),
    ]
    table = list(csv.DictReader(as_csv(rows(trials, LOSS)).splitlines()))
    assert [row["rank"] for row in table] == ["1", "2"]
    assert [row[LOSS] for row in table] == ["0.5", ""]
    assert [row["optimizer"] for row in table] == ["{type: sgd, momentum: 0.9}", "adam"]
    assert [row["shuffle"] for row in table] == ["true", "false"]
    assert [row["limit"] for row in table] == ["null", "1e-07"]
    assert [row["name"] for row in table] == ['a "b", c', "d"]
    assert as_csv([]) == "\n"


def test_columns_that_only_some_rows_have() -> None:
    table = list(csv.DictReader(as_csv([{"a": 1}, {"a": 2, "b": 3}]).splitlines()))
    assert table == [{"a": "1", "b": ""}, {"a": "2", "b": "3"}]
