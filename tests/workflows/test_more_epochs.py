"""A run that is given more epochs, or as many as it has done, ends as one planned so."""

import pytest

from nntrain.config import load_experiment
from nntrain.errors import UserError
from nntrain.workflows import resume
from tests.workflows.conftest import ADAM, BATCHES, DROPOUT, Write, interrupted, left, train


def test_a_complete_run_that_is_trained_longer_equals_one_planned_so(write: Write) -> None:
    config = write(ADAM)
    planned = train(config, "training.epochs=15")
    short = train(config)
    longer = resume(short.run, overrides=["training.epochs=15"])
    assert left(longer.run) == left(planned.run)
    assert longer.epochs == 15
    assert load_experiment(short.run / "config.yaml").config == load_experiment(planned.run / "config.yaml").config


def test_an_interrupted_run_can_be_given_more_epochs_too(write: Write) -> None:
    config = write(DROPOUT)
    planned = train(config, "early_stopping.patience=40", "training.epochs=40")
    run = interrupted(config, 17, ["early_stopping.patience=40"])
    resume(run, overrides=["training.epochs=40"])
    assert left(run) == left(planned.run)


def test_an_interrupted_run_can_be_ended_where_it_is(write: Write) -> None:
    config = write(ADAM)
    planned = train(config, "training.epochs=4")
    run = interrupted(config, 4 * BATCHES)
    result = resume(run, overrides=["training.epochs=4"])
    assert (result.epochs, result.stop_reason) == (4, "all epochs done")
    assert left(run) == left(planned.run)


@pytest.mark.parametrize(("batches", "begun"), [(4 * BATCHES, 4), (4 * BATCHES + 2, 5)])
def test_no_run_goes_back_to_fewer_epochs(write: Write, batches: int, begun: int) -> None:
    run = interrupted(write(ADAM), batches)
    before = left(run)
    with pytest.raises(UserError, match=rf"has come to epoch {begun}, so that training\.epochs cannot be {begun - 1}"):
        resume(run, overrides=[f"training.epochs={begun - 1}"])
    assert left(run) == before


def test_the_config_as_it_was_written_stays_and_says_what_was_changed(write: Write) -> None:
    config = write(ADAM)
    run = train(config, "seed=3").run
    resume(run, overrides=["training.epochs=8"])
    assert (run / "source.yaml").read_text() == (
        f"{ADAM}# changed from outside this file:\n#   seed=3\n"
        "# changed from outside this file:\n#   training.epochs=8\n"
    )


def test_the_checkpoint_stays_only_where_the_epochs_ran_out(write: Write) -> None:
    config = write(DROPOUT)
    stopped = train(config)
    assert stopped.stop_reason == "early stopping"
    assert not list(stopped.run.glob("checkpoint*"))
    ran_out = train(config, "training.epochs=3")
    assert [path.name for path in ran_out.run.glob("checkpoint*")] == ["checkpoint.npz"]
    without = train(config, "training.epochs=3", "training.checkpoint=null")
    assert not list(without.run.glob("checkpoint*"))
