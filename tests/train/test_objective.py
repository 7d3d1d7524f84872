"""What the loop does with any objective, shown with one of two networks and two optimizers, and a state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.errors import RunError
from nntrain.nn.activations import Tanh
from nntrain.nn.initializers import Constant as Filled
from nntrain.nn.initializers import OfMembers
from nntrain.nn.layer import Bound, Layer, Param, Plan, Signal, Site, Value
from nntrain.train import loop
from nntrain.train.loop import Training
from nntrain.train.objective import BeforeUpdate
from nntrain.train.records import EpochRecord, Outcome, StopReason
from nntrain.train.state import TrainingState
from nntrain.train.stopping import BestWeights, EarlyStopping
from nntrain.train.weights import Weights
from tests.train.adversaries import DISCRIMINATOR, GENERATOR, Adversaries, Pair
from tests.train.test_state import through_a_file

EPOCHS = 6
WEIGHTS = ["theta/generator", "theta/discriminator", "state/discriminator"]


def stopping(rows: Sequence[int], patience: Sequence[int] = (1, 2, 9), restore_best: bool = True) -> EarlyStopping:
    patiences = np.array(patience)[list(rows)]
    return EarlyStopping("training.generator_loss", False, patiences, np.zeros(len(rows)), restore_best)


PAIRS = {"to the end": Pair(), "early stopping": Pair(stopping=stopping)}
# Whose rates follow the same loss, and who never stops.
PATIENT = Pair(stopping=lambda rows: stopping(rows, (99, 99, 99), restore_best=False))


@dataclass
class End:
    """What a training came to."""

    weights: Weights
    outcomes: list[Outcome]
    records: list[EpochRecord]

    @classmethod
    def of(cls, training: Training) -> "End":
        records = [record for record in training if isinstance(record, EpochRecord)]
        return cls(training.weights, training.outcomes, records)


def train(pair: Pair, members: Sequence[int] | None = None, epochs: int = EPOCHS) -> End:
    return End.of(Training(pair.population(members), epochs))


def assert_equal(ours: Weights, theirs: Weights) -> None:
    assert list(ours.arrays) == list(theirs.arrays)
    for name, array in ours.arrays.items():
        np.testing.assert_array_equal(array, theirs[name])


def history(end: End, member: int) -> str:
    """The epochs that a member trained in, as text, in which NaN equals NaN."""
    found = []
    for record in end.records:
        for at in np.flatnonzero(record.members == member):
            found.append((record.epoch, {name: float(array[at]) for name, array in record.values.items()}))
    return repr(found)


def assert_same_member(alone: End, together: End, member: int) -> None:
    assert_equal(alone.weights, together.weights.select(np.array([member])))
    assert history(alone, 0) == history(together, member)
    assert repr(alone.outcomes[0]) == repr(together.outcomes[member])


def test_each_network_has_its_loss_its_rate_and_its_gradient_in_the_record() -> None:
    end = train(Pair())
    first, last = end.records[0].values, end.records[-1].values
    assert list(first) == [
        "training.generator_loss",
        "training.discriminator_loss",
        "validation.distance",
        "learning_rate.generator",
        "learning_rate.discriminator",
        "gradient_norm.generator",
        "gradient_norm.discriminator",
    ]
    assert all(array.shape == (3,) and np.isfinite(array).all() for array in first.values())
    assert end.records[0].examples == 40
    assert list(end.weights.arrays) == WEIGHTS
    np.testing.assert_allclose(last["learning_rate.generator"], np.array([0.02, 0.01, 0.03]) * 0.98 ** (EPOCHS - 1))
    assert (last["learning_rate.discriminator"] <= [0.2, 0.1, 0.05]).all()


def test_a_schedule_without_a_monitor_watches_the_loss_of_its_own_network() -> None:
    """A plateau of one epoch: the rate is lowered after each epoch that is not the best so far."""
    end, best, rate = train(Pair(), epochs=12), np.inf, 0.2
    rates = []
    for record in end.records:
        assert record.values["learning_rate.discriminator"][0] == pytest.approx(rate)
        loss = float(record.values["training.discriminator_loss"][0])
        rate *= 1.0 if loss < best else 0.95
        best = min(best, loss)
        rates.append(rate)
    assert 1 < len(set(rates)) < len(rates)


def test_the_pair_learns() -> None:
    """As such pairs do, it comes close and circles about it."""
    distances = np.array([record.values["validation.distance"] for record in train(Pair(), epochs=30).records])
    assert (distances.min(axis=0) < distances[0] / 2).all()


def test_gradients_are_shown_before_each_update() -> None:
    population = Pair().population()
    objective, told = population.objective, []
    assert isinstance(objective, Adversaries)
    thetas = {name: network.theta.copy() for name, network in objective.networks.items()}

    def note(name: str) -> None:
        network = objective.networks[name]
        np.testing.assert_array_equal(network.theta, thetas[name])
        assert np.abs(network.grad).max() > 0
        told.append(name)

    objective.start_epoch()
    objective.step(0, population.rates(1), note)
    assert told == [DISCRIMINATOR, GENERATOR]
    assert all((network.theta != thetas[name]).any() for name, network in objective.networks.items())


def test_a_network_that_the_last_step_did_not_update_has_no_gradient_norm(monkeypatch: pytest.MonkeyPatch) -> None:
    population = Pair().population()
    objective = population.objective
    assert isinstance(objective, Adversaries)
    update = objective._update

    def untold(name: str, rates: Mapping[str, Array], before_update: BeforeUpdate | None) -> None:
        update(name, rates, None if name == GENERATOR else before_update)

    monkeypatch.setattr(objective, "_update", untold)
    [record] = End.of(Training(population, 1)).records
    assert np.isnan(record.values["gradient_norm.generator"]).all()
    assert (record.values["gradient_norm.discriminator"] > 0).all()


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("threshold", [0.0, 0.75, 1.0])
def test_a_member_does_in_a_population_what_it_does_alone(
    name: str, threshold: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "COMPACT_BELOW", threshold)
    together = train(PAIRS[name])
    for member in range(3):
        assert_same_member(train(PAIRS[name], [member]), together, member)


def test_members_stop_by_one_of_the_losses_and_end_with_their_best_weights() -> None:
    end, plain = train(PAIRS["early stopping"], epochs=30), train(PATIENT, epochs=30)
    assert [outcome.reason for outcome in end.outcomes].count(StopReason.EARLY) >= 2
    assert len({outcome.epochs for outcome in end.outcomes}) > 1
    for member, outcome in enumerate(end.outcomes):
        watched = [float(r.values["training.generator_loss"][member]) for r in plain.records[: outcome.best_epoch]]
        assert outcome.best_epoch < outcome.epochs or outcome.reason is StopReason.EPOCHS
        assert min(watched) == watched[-1] == outcome.values["training.generator_loss"]
        best = train(PATIENT, epochs=outcome.best_epoch).weights
        for name in WEIGHTS:
            np.testing.assert_array_equal(end.weights[name][member], best[name][member])


@pytest.mark.parametrize("name", PAIRS)
def test_it_can_be_taken_up_after_any_step(name: str) -> None:
    pair, reference = PAIRS[name], train(PAIRS[name])
    interrupted = Training(pair.population(), EPOCHS, pause=lambda: True)
    states = [interrupted.state()]
    states += [interrupted.state() for _ in interrupted]
    assert len(states) == 1 + 3 * len(reference.records)  # 40 points in batches of 16 are three steps
    for state in states:
        resumed = Training(pair.population(), EPOCHS)
        resumed.load_state(through_a_file(state))
        end = End.of(resumed)
        assert_equal(end.weights, reference.weights)
        assert repr(end.outcomes) == repr(reference.outcomes)
        for ours, theirs in zip(end.records, reference.records[-len(end.records) :], strict=False):
            assert repr(ours.values) == repr(theirs.values)


def test_the_state_names_what_is_of_which_network() -> None:
    training = Training(Pair(stopping=stopping).population(), 1)
    list(training)
    paths = training.state().arrays.keys()
    expected = {f"{prefix}{name}" for prefix in ("", "kept_", "best/") for name in WEIGHTS}
    expected |= {f"optimizer/generator/{name}" for name in ("steps", "m", "v")}
    expected |= {f"schedule/discriminator/{name}" for name in ("best", "waited", "scale")}
    assert expected <= paths | {"optimizer/generator/m", "optimizer/generator/v"}
    assert "state/generator" not in paths


def test_the_state_of_another_training_is_refused() -> None:
    state = Training(Pair().population(), 3).state()
    del state.arrays["state/discriminator"]
    with pytest.raises(RunError, match=r"^the training state lacks 'state/discriminator': it is of another training"):
        Training(Pair().population(), 3).load_state(state)


@pytest.mark.parametrize("which", [0, 1], ids=[GENERATOR, DISCRIMINATOR])
def test_a_member_of_which_one_network_diverges_touches_nobody(which: int) -> None:
    """Its generator puts out, or its discriminator says, what is no number."""
    plain = Pair()
    rates = [list(each) for each in plain.rates]
    rates[which][1] = 1e308
    end, reference = train(replace(plain, rates=(rates[0], rates[1]))), train(plain)
    outcome = end.outcomes[1]
    assert (outcome.reason, outcome.best_epoch) == (StopReason.DIVERGED, 0)
    assert_equal(end.weights.select(np.array([1])), plain.population().weights.select(np.array([1])))
    for member in (0, 2):
        assert_equal(end.weights.select(np.array([member])), reference.weights.select(np.array([member])))
        assert history(end, member) == history(reference, member)
        assert repr(end.outcomes[member]) == repr(reference.outcomes[member])


@dataclass(frozen=True)
class Overflowing(Layer):
    """y = x; its state counts training passes, and is infinite after `limit` of them."""

    limit: OfMembers

    def plan(self, signal: Signal) -> Plan:
        return Plan(signal, state=(Param("passes", (1,), Filled(0.0)),))

    def bind(self, x: Value, site: Site) -> Bound:
        passes, limit = site.state("passes"), site.column(self.limit)

        def count() -> None:
            passes[...] += 1
            passes[passes > limit] = np.inf

        return Bound(x, [count] if site.training else [], lambda dy, wants_dx: (dy, []))


def test_a_state_that_is_no_number_is_a_divergence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "COMPACT_BELOW", 0.0)
    pair = Pair(first=Overflowing((np.inf, 6.0, np.inf)))  # there are two training passes in each of three steps
    end, reference = train(pair), train(pair, epochs=1)
    outcome = end.outcomes[1]
    assert (outcome.reason, outcome.epochs, outcome.best_epoch) == (StopReason.DIVERGED, 2, 1)
    assert_equal(end.weights.select(np.array([1])), reference.weights.select(np.array([1])))
    assert [end.outcomes[member].reason for member in (0, 2)] == [StopReason.EPOCHS] * 2


def test_two_networks_of_one_seed_start_from_different_weights() -> None:
    """Their first layers are alike, and so are the numbers of two members of one seed."""
    networks = Pair().population().objective.networks
    ours, theirs = (networks[name].parameters()["0.w"] for name in (GENERATOR, DISCRIMINATOR))
    assert (ours != theirs).all()
    np.testing.assert_array_equal(ours[0], ours[2])
    np.testing.assert_array_equal(theirs[0], theirs[2])


def test_who_asks_for_the_only_network_of_two_is_told() -> None:
    population = Pair().population()
    with pytest.raises(ValueError, match="too many values"):
        _ = population.network


# Weights by themselves.


def of_two() -> Weights:
    return Weights({"theta": np.arange(6.0).reshape(3, 2), "state": np.arange(3.0)[:, None]})


def test_a_network_without_state_has_its_parameters_alone() -> None:
    networks = Pair(first=Tanh()).population().objective.networks
    generator = {GENERATOR: networks[GENERATOR]}
    assert list(Weights.of(generator).arrays) == ["theta"]
    assert Weights.of(generator)["theta"] is networks[GENERATOR].theta
    assert list(Weights.of(networks).arrays) == WEIGHTS[:2]


def test_parameters_and_state_travel_together() -> None:
    weights, rows = of_two(), np.array([2, 0])
    chosen = weights.select(rows)
    assert chosen["theta"].tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert chosen["state"].tolist() == [[2.0], [0.0]]
    other = Weights({name: np.zeros_like(array) for name, array in weights.arrays.items()})
    other.put(rows, chosen)
    assert other["theta"].tolist() == [[0.0, 1.0], [0.0, 0.0], [4.0, 5.0]]
    assert other["state"].tolist() == [[0.0], [0.0], [2.0]]
    copied = weights.copy()
    weights.assign(other)
    assert weights["state"].tolist() == other["state"].tolist()
    assert copied["state"].tolist() == [[0.0], [1.0], [2.0]]


@pytest.mark.parametrize("name", ["theta", "state"])
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_what_is_not_finite_in_one_array_is_said_of_its_member(name: str, value: float) -> None:
    weights = of_two()
    assert weights.are_finite().tolist() == [True] * 3
    weights[name][1, 0] = value
    assert weights.are_finite().tolist() == [True, False, True]


def test_the_best_state_is_kept_with_the_best_parameters() -> None:
    rule = EarlyStopping("training.loss", False, np.array([9, 9, 9]), np.zeros(3), restore_best=True)
    weights = of_two()
    best, everybody = BestWeights(rule, weights), np.ones(3, dtype=bool)
    for epoch, losses in enumerate([[3.0, 3.0, 3.0], [2.0, 4.0, 2.0], [1.0, 1.0, 9.0]], start=1):
        weights["theta"][...], weights["state"][...] = epoch, -epoch
        best.observe(epoch, {"training.loss": np.array(losses)}, weights, everybody)
    assert best.epoch_of_kept.tolist() == [3, 3, 2]
    assert best.weights["theta"][:, 0].tolist() == [3, 3, 2]
    assert best.weights["state"][:, 0].tolist() == [-3, -3, -2]
    taken_down = TrainingState({}, {})
    taken_down.add(best.state(), "best/")
    again = BestWeights(rule, of_two())
    taken_down.fill(again.state(), "best/")
    assert_equal(again.weights, best.weights)
    assert again.value.tolist() == [1.0, 1.0, 2.0]
