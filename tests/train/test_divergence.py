"""No contagion: a member that diverges is stopped and reported, and touches nobody."""

from collections.abc import Sequence

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.optim import optimizer
from nntrain.optim.adam import Adam
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.train.records import StopReason
from nntrain.train.stopping import EarlyStopping
from tests.train.problems import Pick, Run, Setup, same

HUGE = 1e308


def stopping(pick: Pick) -> EarlyStopping:
    patience = np.full(len(pick((0.0,) * 8)), 50)
    return EarlyStopping("validation.loss", False, patience, np.zeros(len(patience)), restore_best=True)


def assert_only(diverged: Sequence[int], setup: Setup, run: Run, epochs: int) -> None:
    """Assert that these members diverged, and that the others did what they do without them."""
    others = [member for member in setup.everyone() if member not in diverged]
    without = setup.train(epochs, others)
    for place, member in enumerate(others):
        alone = Run(without.theta[place : place + 1], without.outcomes[place : place + 1], [])
        np.testing.assert_array_equal(alone.theta[0], run.theta[member])
        assert without.history(place) == run.history(member)
        assert run.outcomes[member] == without.outcomes[place]
        assert run.outcomes[member].reason is StopReason.EPOCHS
    for member in diverged:
        assert run.outcomes[member].reason is StopReason.DIVERGED
    assert np.isfinite(run.theta).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("with_stopping", [False, True])
@pytest.mark.parametrize("rule", [Sgd(), Sgd(momentum=0.9), Adam()], ids=["sgd", "momentum", "adam"])
@pytest.mark.parametrize(
    ("rates", "diverged"),
    [
        # One of five is carried along, two of three are compacted away.
        ((0.1, 0.1, HUGE, 0.2, 0.05), [2]),
        ((HUGE, 0.1, HUGE), [0, 2]),
    ],
    ids=["carried-along", "compacted"],
)
def test_the_others_train_as_if_it_had_not_been_there(
    rates: tuple[float, ...], diverged: list[int], rule: Sgd | Adam, with_stopping: bool, dtype: type[np.floating]
) -> None:
    setup = Setup(
        seeds=tuple(range(len(rates))),
        rates=rates,
        update=lambda pick: Update(rule.select(np.arange(1))),
        stopping=stopping if with_stopping else None,
        dropout=lambda pick: 0.2,
        dtype=dtype,
    )
    run = setup.train(4)
    assert_only(diverged, setup, run, 4)
    for member in diverged:
        assert [epoch for epoch, _ in run.history(member)] == [1]
        assert run.outcomes[member].epochs == 1
        assert run.outcomes[member].best_epoch == 0
        assert all(np.isnan(value) for value in run.outcomes[member].values.values())
        # It never completed an epoch, so its weights are those it started from.
        np.testing.assert_array_equal(run.theta[member], setup.population([member]).network.theta[0])


def test_a_member_that_diverges_later_keeps_what_it_had_learned() -> None:
    """The learning rate of one member explodes in its third epoch."""

    class Exploding(Sgd):
        epochs = 0

        def apply(self, rates: Array) -> None:
            Exploding.epochs += 1
            steps_of_two_epochs = 2 * 4
            exploded = rates * np.where(rates == 0.3, HUGE, 1.0)
            super().apply(exploded if Exploding.epochs > steps_of_two_epochs else rates)

    plain = Setup(rates=(0.1, 0.3, 0.03, 0.05, 0.2), seeds=(1, 2, 1, 3, 4))
    exploding = Setup(rates=plain.rates, seeds=plain.seeds, update=lambda pick: Update(Exploding()))
    run, reference = exploding.train(5), plain.train(2)
    outcome = run.outcomes[1]
    assert (outcome.reason, outcome.epochs, outcome.best_epoch) == (StopReason.DIVERGED, 3, 2)
    np.testing.assert_array_equal(run.theta[1], reference.theta[1])
    assert outcome.values == reference.outcomes[1].values
    assert [epoch for epoch, _ in run.history(1)] == [1, 2, 3]
    longer = plain.train(5)
    for member in (0, 2, 3, 4):
        np.testing.assert_array_equal(run.theta[member], longer.theta[member])


def test_weights_that_overflow_in_the_last_step_of_an_epoch_are_noticed_in_that_epoch() -> None:
    """With one batch an epoch the loss is still that of the weights before the step."""
    setup = Setup(rates=(0.1, HUGE, 0.2), batch_size=50, dtype=np.float32)
    run = setup.train(3)
    assert np.isfinite(run.records[0].values["training.loss"]).all()
    assert_only([1], setup, run, 3)
    assert run.outcomes[1].epochs == 1


def test_training_ends_when_everybody_has_diverged() -> None:
    setup = Setup(rates=(HUGE, HUGE, HUGE))
    run = setup.train(100)
    assert len(run.records) == 1
    assert [outcome.reason for outcome in run.outcomes] == [StopReason.DIVERGED] * 3


def test_nothing_is_said_by_other_threads_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizer, "PARALLEL_FROM", 0)
    rates = (0.1, HUGE, 0.2)
    setup = Setup(rates=rates, update=lambda pick: Update(Adam()), units=200, threads=2)
    run = setup.train(3)
    assert run.outcomes[1].reason is StopReason.DIVERGED
    single = Setup(rates=rates, update=setup.update, units=200).train(3)
    np.testing.assert_array_equal(run.theta, single.theta)


def test_a_diverged_member_reports_what_made_it_so() -> None:
    setup = Setup(rates=(0.1, HUGE, 0.2))
    run = setup.train(2)
    record = run.records[0]
    assert record.members.tolist() == [0, 1, 2]
    assert not np.isfinite(record.values["training.loss"][1])
    assert np.isfinite(record.values["training.loss"][[0, 2]]).all()
    assert run.records[1].members.tolist() == [0, 2]
    same(setup.train(2, [1]), run, 1)
