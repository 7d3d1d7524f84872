"""Alone = together: in a population each member does what it would do by itself."""

from dataclasses import replace

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.nn.dropout import Dropout
from nntrain.nn.losses import CrossEntropy, Loss, MeanSquaredError
from nntrain.optim.adagrad import Adagrad
from nntrain.optim.adam import Adam, AdamW
from nntrain.optim.clipping import ClipNorm
from nntrain.optim.constraints import MaxNorm
from nntrain.optim.penalties import L1, L2
from nntrain.optim.rmsprop import RmsProp
from nntrain.optim.schedules import Cosine, Exponential, InverseTime, Plateau, Schedule, StepDecay, Warmup
from nntrain.optim.sgd import Sgd
from nntrain.optim.update import Update
from nntrain.train import loop
from nntrain.train.loop import Training
from nntrain.train.records import StopReason
from nntrain.train.stopping import EarlyStopping
from nntrain.train.supervised import supervised
from tests.train.problems import Pick, Run, Setup, same


def patience(pick: Pick, values: tuple[float, ...], **rule: object) -> EarlyStopping:
    settings: dict[str, object] = {"monitor": "validation.loss", "maximize": False, "restore_best": True, **rule}
    return EarlyStopping(
        patience=pick(values)[:, 0],
        min_delta=pick((0.0, 0.01, 0.001))[:, 0],
        **settings,  # type: ignore[arg-type]
    )


def everything(pick: Pick) -> Update:
    return Update(
        L2(pick((0.01, 0.0, 0.001))),
        ClipNorm(pick((np.inf, 0.3, 1.0))),
        Adam(beta1=pick((0.9, 0.8, 0.9))),
        L1(pick((0.0, 0.01, 0.003))),
        MaxNorm(pick((1.0, np.inf, 0.5))),
    )


def plateau_after_warmup(pick: Pick) -> Schedule:
    return Warmup(pick((1, 2, 3)), Plateau(0.5, patience=pick((1, 2, 3)), min_delta=0.01))


SETUPS = {
    "sgd": Setup(),
    "float32": Setup(dtype=np.float32),
    "one seed": Setup(seeds=(4, 4, 4)),
    "three seeds": Setup(seeds=(4, 5, 6)),
    "wide, float32": Setup(units=64, batch_size=32, dtype=np.float32, update=lambda pick: Update(Adam())),
    "wide, float64": Setup(units=64, batch_size=32, seeds=(1, 2, 3)),
    "momentum": Setup(update=lambda pick: Update(Sgd(pick((0.0, 0.5, 0.9)), nesterov=True))),
    "adagrad": Setup(update=lambda pick: Update(Adagrad())),
    "rmsprop": Setup(update=lambda pick: Update(RmsProp(rho=pick((0.9, 0.99, 0.5))))),
    "adam": Setup(update=lambda pick: Update(Adam(beta2=pick((0.999, 0.99, 0.9))))),
    "adamw": Setup(update=lambda pick: Update(AdamW(weight_decay=pick((0.0, 0.1, 0.01))))),
    "everything": Setup(update=everything, dtype=np.float32),
    "dropout": Setup(dropout=lambda pick: pick((0.5, 0.2, 0.0))),
    "folds": Setup(sets=3, seeds=(1, 1, 1)),
    "folds and seeds": Setup(sets=2),
    "whole batch": Setup(batch_size=50),
    "whole batch of folds": Setup(batch_size=1000, sets=2),
    "batches of one": Setup(batch_size=1, examples=9),
    "in order": Setup(shuffle=False),
    "class weights": Setup(weighted=True, sets=2),
    "label smoothing": Setup(loss=CrossEntropy(label_smoothing=0.1)),
    "jacobian": Setup(loss=MeanSquaredError()),
    "early stopping": Setup(stopping=lambda pick: patience(pick, (1, 3, 40))),
    "early stopping, dropout, Adam": Setup(
        rates=(0.3, 0.2, 0.05),
        update=lambda pick: Update(Adam()),
        dropout=lambda pick: pick((0.5, 0.2, 0.4)),
        stopping=lambda pick: patience(pick, (1, 2, 3)),
    ),
    "early stopping on a score, last weights": Setup(
        sets=3,
        stopping=lambda pick: patience(
            pick, (2, 1, 9), monitor="validation.accuracy", maximize=True, restore_best=False
        ),
    ),
    "schedules": Setup(schedule=lambda pick: InverseTime(pick((0.1, 0.5, 0.0)), pick((0, 1, 2)))),
    "cosine": Setup(schedule=lambda pick: Cosine(8, pick((0.0, 0.1, 0.5)))),
    "steps": Setup(schedule=lambda pick: StepDecay(pick((1, 2, 3)), pick((0.5, 0.1, 0.9)))),
    "exponential": Setup(schedule=lambda pick: Exponential(pick((0.9, 0.5, 0.7)))),
    "plateau after warm-up": Setup(
        schedule=plateau_after_warmup, stopping=lambda pick: patience(pick, (2, 4, 8)), rates=(1.0, 2.0, 0.5)
    ),
}


@pytest.mark.parametrize("name", SETUPS)
def test_a_member_does_in_a_population_what_it_does_alone(name: str) -> None:
    setup = SETUPS[name]
    together = setup.train(8)
    assert np.isfinite(together.theta).all()
    for member in setup.everyone():
        same(setup.train(8, [member]), together, member)


@pytest.mark.parametrize("shards", [2, 3])
@pytest.mark.parametrize("name", SETUPS)
def test_a_member_has_the_bits_in_shards_that_it_has_alone(
    name: str, shards: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The population is compacted, down to a single member; and how many threads there are changes no bit."""
    monkeypatch.setattr(loop, "COMPACT_BELOW", 1.0)
    setup = replace(SETUPS[name], shards=shards)
    together = setup.train(8)
    for member in setup.everyone():
        alone = replace(setup, threads=1 + member).train(8, [member])
        np.testing.assert_array_equal(alone.theta[0], together.theta[member])


def test_another_number_of_shards_changes_rounding_only() -> None:
    """In float64, with gradient descent, which does not magnify it as Adam does."""
    one = Setup().train(8).theta
    for shards in (2, 3):
        np.testing.assert_allclose(Setup(shards=shards).train(8).theta, one, rtol=1e-12, atol=1e-14)


def test_the_place_in_the_population_does_not_matter() -> None:
    setup = SETUPS["early stopping, dropout, Adam"]
    forth, back = setup.train(8), setup.train(8, [2, 1, 0])
    np.testing.assert_array_equal(forth.theta, back.theta[::-1])


def test_members_stop_at_different_times_and_the_others_go_on() -> None:
    """The setups above would prove little if nobody stopped early, or if the population were never compacted."""
    run = SETUPS["early stopping, dropout, Adam"].train(8)
    assert [outcome.reason for outcome in run.outcomes].count(StopReason.EARLY) >= 2
    sizes = [len(record.members) for record in run.records]
    assert sizes[0] == 3
    assert sizes[-1] < 3
    assert sorted(sizes, reverse=True) == sizes


@pytest.mark.parametrize("name", ["early stopping, dropout, Adam", "early stopping on a score, last weights"])
def test_when_the_population_is_compacted_does_not_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setup, sizes, thetas = SETUPS[name], [], []
    for threshold in (0.0, 0.5, 1.0):
        monkeypatch.setattr(loop, "COMPACT_BELOW", threshold)
        training = Training(setup.population(), 8)
        thetas.append(Run.until_the_end(training).theta)
        sizes.append(training.population.members)
    assert sizes[0] == 3
    assert sizes[2] == 1
    np.testing.assert_array_equal(thetas[1], thetas[0])
    np.testing.assert_array_equal(thetas[2], thetas[0])


@pytest.mark.parametrize("loss", [CrossEntropy(), MeanSquaredError()], ids=["fused", "jacobian"])
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(loss: Loss) -> None:
    setup = Setup(seeds=(1, 2, 1), rates=(0.1, 0.1, 0.1), loss=loss, dropout=lambda pick: 0.3)
    theta = setup.train(3).theta
    np.testing.assert_array_equal(theta, setup.train(3).theta)
    np.testing.assert_array_equal(theta[0], theta[2])
    assert (theta[0] != theta[1]).all()


def test_members_of_one_seed_start_from_the_same_weights_and_see_the_same_batches() -> None:
    setup = Setup(seeds=(1, 1, 1), rates=(0.1, 0.2, 0.0))
    population = setup.population()
    start = population.network.theta.copy()
    assert (start == start[0]).all()
    assert len(supervised(population.objective).batches.batches[0][0]["x"]) == 1
    run = setup.train(1)
    np.testing.assert_array_equal(run.theta[2], start[2])
    assert (run.theta[0] != run.theta[1]).all()


def test_seeds_differ_in_weights_order_and_dropout() -> None:
    population = Setup(seeds=(1, 2, 1), dropout=lambda pick: 0.5).population()
    theta: Array = population.network.theta
    weights = theta[:, : population.network.blueprint.penalized]
    assert (weights[0] != weights[1]).all()
    supervised(population.objective).start_epoch()
    supervised(population.objective).batches.load(0)
    x = supervised(population.objective).batches.batches[0][0]["x"]
    assert (x[0] == x[2]).all()
    assert (x[0] != x[1]).any()
    bound = population.network.bind(np.ones((1, 5, 4)), training=True)
    bound.forward()
    (dropped,) = (node.y for node in bound.nodes if isinstance(node.layer, Dropout))
    assert ((dropped[0] == 0) != (dropped[1] == 0)).any()
