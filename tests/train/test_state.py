"""A training that is taken down and gone on with elsewhere ends as if it had never been interrupted."""

import json

import numpy as np
import pytest

from nntrain.errors import RunError
from nntrain.train.loop import Training
from nntrain.train.records import EpochRecord, Pause, StopReason
from nntrain.train.state import TrainingState
from nntrain.train.supervised import supervised
from tests.train.problems import Run, Setup
from tests.train.test_members import SETUPS

NAMES = [
    "sgd",
    "momentum",
    "adam",
    "everything",
    "folds and seeds",
    "whole batch",
    "in order",
    "early stopping, dropout, Adam",
    "early stopping on a score, last weights",
    "plateau after warm-up",
]
EPOCHS = 5


def through_a_file(state: TrainingState) -> TrainingState:
    """What is left of a state that was written as arrays and JSON."""
    arrays = {name: np.array(array.tolist(), array.dtype).reshape(array.shape) for name, array in state.arrays.items()}
    return TrainingState(arrays, json.loads(json.dumps(state.numbers)))


def resumed(setup: Setup, state: TrainingState, epochs: int = EPOCHS) -> Training:
    training = Training(setup.population(), epochs)
    training.load_state(through_a_file(state))
    return training


def assert_same_end(run: Run, reference: Run) -> None:
    np.testing.assert_array_equal(run.theta, reference.theta)
    assert repr(run.outcomes) == repr(reference.outcomes)
    assert len(run.records) <= len(reference.records)
    later = reference.records[len(reference.records) - len(run.records) :]
    for ours, theirs in zip(run.records, later, strict=True):
        assert ours.epoch == theirs.epoch
        np.testing.assert_array_equal(ours.members, theirs.members)
        assert repr(ours.values) == repr(theirs.values)


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_taken_up_after_any_batch(name: str) -> None:
    setup = SETUPS[name]
    reference = setup.train(EPOCHS)
    interrupted = Training(setup.population(), EPOCHS, pause=lambda: True)
    assert_same_end(Run.until_the_end(resumed(setup, interrupted.state())), reference)
    yields = 0
    for _ in interrupted:
        yields += 1
        state = interrupted.state()
        here = resumed(setup, state)
        np.testing.assert_array_equal(here.weights["theta"], interrupted.weights["theta"])
        assert repr(here.outcomes) == repr(interrupted.outcomes)
        assert (here.epoch, here.is_over) == (interrupted.epoch, interrupted.is_over)
        assert_same_end(Run.until_the_end(here), reference)
    batches = len(supervised(setup.population().objective).batches.schedule)
    assert yields == len(reference.records) * batches
    np.testing.assert_array_equal(interrupted.weights["theta"], reference.theta)


def test_a_state_is_not_changed_by_what_comes_after() -> None:
    setup = SETUPS["everything"]
    training = Training(setup.population(), EPOCHS)
    iterator = iter(training)
    next(iterator)
    state = training.state()
    kept = through_a_file(state)
    next(iterator)
    for name, array in kept.arrays.items():
        np.testing.assert_array_equal(state.arrays[name], array)
    assert json.loads(json.dumps(state.numbers)) == kept.numbers


def test_pauses_come_within_epochs_where_they_are_asked_for() -> None:
    setup = Setup()
    asked = iter([False, True, False, True, True])
    training = Training(setup.population(), 2, pause=lambda: next(asked, False))
    seen: list[tuple[str, int, int]] = []
    for event in training:
        if isinstance(event, Pause):
            seen.append(("pause", event.epoch, event.step))
        else:
            seen.append(("record", event.epoch, event.examples))
    # Four batches an epoch; nothing is asked after the last one, when the epoch is over anyway.
    assert seen == [("pause", 1, 2), ("record", 1, 50), ("pause", 2, 1), ("pause", 2, 2), ("record", 2, 50)]
    np.testing.assert_array_equal(training.weights["theta"], setup.train(2).theta)


def test_a_training_that_ran_out_of_epochs_goes_on_where_there_are_more() -> None:
    setup = SETUPS["early stopping, dropout, Adam"]
    short, long = Training(setup.population(), 3), setup.train(8)
    assert StopReason.EPOCHS in [outcome.reason for outcome in Run.until_the_end(short).outcomes]
    assert_same_end(Run.until_the_end(resumed(setup, short.state(), epochs=8)), long)


def test_a_training_that_is_over_stays_over() -> None:
    setup = Setup(rates=(1e308, 1e308, 1e308))
    training = Training(setup.population(), 3)
    Run.until_the_end(training)
    again = resumed(setup, training.state(), epochs=50)
    assert again.is_over
    assert list(again) == []
    assert [outcome.reason for outcome in again.outcomes] == [StopReason.DIVERGED] * 3


def test_a_diverged_member_does_not_hinder_the_others() -> None:
    setup = Setup(rates=(0.1, 1e308, 0.2, 0.3, 0.4), seeds=(1, 2, 3, 4, 5))
    reference, training = setup.train(4), Training(setup.population(), 4)
    for record in training:
        assert isinstance(record, EpochRecord)
        if record.epoch == 2:
            break
    assert_same_end(Run.until_the_end(resumed(setup, training.state(), 4)), reference)


def test_the_state_of_another_training_is_refused() -> None:
    state = Training(Setup().population(), 3).state()
    with pytest.raises(
        RunError, match=r"^'theta' in the training state has shape \(3, 51\), this training needs \(3, 59\)$"
    ):
        Training(Setup(units=7).population(), 3).load_state(state)
    del state.arrays["epochs_done"]
    with pytest.raises(
        RunError, match=r"^the training state lacks 'epochs_done': it is of another training or damaged$"
    ):
        Training(Setup().population(), 3).load_state(state)
    with pytest.raises(RunError, match=r"^the training state lacks the number 'epoch': it is of another training"):
        TrainingState({}, {"epoch": "3"}).number("epoch")
