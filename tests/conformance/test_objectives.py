"""What every objective must do, whoever trains it."""

import copy
import importlib
import inspect
import json
import pkgutil

import numpy as np
import pytest

import nntrain.train
from nntrain.arrays import Array
from nntrain.assembly.training import build_population
from nntrain.train.loop import Training
from nntrain.train.objective import Objective
from nntrain.train.population import Population
from nntrain.train.state import TrainingState
from tests.conformance.differences import TOLERANCE, numeric_gradient, relative_error
from tests.conformance.objectives import CHECKED, ROWS
from tests.experiments import BINARY, CLASSES, PETS, VALUES, load, prepare, write_pets

EVERYBODY = [0, 1, 2]


def train(population: Population, epoch: int, *, first: int = 0, steps: int | None = None) -> None:
    """Make some steps of an epoch, counted from 1; by default all."""
    objective = population.objective
    if first == 0:
        objective.start_epoch()
    for number in range(first, objective.steps if steps is None else first + steps):
        objective.step(number, population.rates(epoch))


def reached(population: Population) -> dict[str, Array]:
    """What a training has come to: weights and losses, each [M, …]."""
    return {**population.weights.copy().arrays, **population.objective.losses()}


def assert_equal(ours: dict[str, Array], theirs: dict[str, Array]) -> None:
    assert list(ours) == list(theirs)
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


def test_every_objective_of_nntrain_has_a_row() -> None:
    asked = {name for name, member in vars(Objective).items() if inspect.isfunction(member) and name[0] != "_"}
    assert asked == {"start_epoch", "step", "losses", "state", "load_state", "select"}
    modules = [importlib.import_module(f"nntrain.train.{m.name}") for m in pkgutil.iter_modules(nntrain.train.__path__)]
    found = {
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if each.__module__ == module.__name__ and each is not Objective and asked <= set(dir(each))
    }
    assert found
    assert found <= {type(make(EVERYBODY).objective) for make in ROWS.values()}


@pytest.mark.usefixtures("workdir")
def test_every_objective_that_a_config_leads_to_has_a_row() -> None:
    """The config names no objective yet; the task leads to it."""
    write_pets()
    for text in (CLASSES, BINARY, VALUES, PETS):
        experiment, prepared = prepare(load(text))
        built = build_population([experiment.config], [prepared], [0]).objective
        assert type(built) in {type(make(EVERYBODY).objective) for make in ROWS.values()}


@pytest.mark.usefixtures("workdir")
def test_an_objective_without_a_row_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: make for name, make in ROWS.items() if not name.startswith("supervised")}
    monkeypatch.setattr(f"{__name__}.ROWS", kept)
    for check in (
        test_every_objective_of_nntrain_has_a_row,
        test_every_objective_that_a_config_leads_to_has_a_row,
    ):
        with pytest.raises(AssertionError):
            check()


@pytest.mark.parametrize("members", [EVERYBODY, [1]], ids=["3", "1"])
@pytest.mark.parametrize("name", CHECKED)
def test_gradients_agree_with_central_differences_of_the_losses(name: str, members: list[int]) -> None:
    """Random draws, the order of examples and state are put back before each evaluation; no rate moves the weights."""
    population = CHECKED[name](members)
    objective, networks = population.objective, population.objective.networks
    batch = min(objective.batch_size, objective.examples)  # type: ignore[attr-defined] # that of both kinds
    still = {network: np.zeros((len(members), 1)) for network in networks}
    train(population, 1)
    objective.start_epoch()
    begun = objective.state()
    state = TrainingState({path: array.copy() for path, array in begun.arrays.items()}, copy.deepcopy(begun.numbers))
    carried = {network: each.state.copy() for network, each in networks.items()}
    gradients: dict[str, Array] = {}

    def step() -> None:
        objective.load_state(state)
        for network, each in networks.items():
            each.state[...] = carried[network]
        objective.step(0, still, lambda network: gradients.update({network: networks[network].grad.copy()}))

    def cost(network: str) -> Array:
        step()
        losses: Array = objective.losses()[objective.minimized[network]] * objective.examples / batch
        return losses

    step()
    found = dict(gradients)
    assert found.keys() == networks.keys()
    for network, each in networks.items():
        numeric = numeric_gradient(lambda network=network: cost(network), each.theta)  # type: ignore[misc]
        assert relative_error(found[network], numeric) < TOLERANCE, network


@pytest.mark.parametrize("name", ROWS)
def test_it_says_what_it_is(name: str) -> None:
    population = ROWS[name](EVERYBODY)
    objective = population.objective
    assert objective.minimized.keys() == objective.networks.keys() == population.schedules.keys()
    assert set(objective.minimized.values()) <= objective.losses().keys()
    assert objective.steps >= 1
    assert objective.examples >= objective.steps
    assert all(network.members == 3 for network in objective.networks.values())
    train(population, 1)
    assert all(loss.shape == (3,) and loss.dtype == np.float64 for loss in objective.losses().values())
    assert all((loss > 0).all() and np.isfinite(loss).all() for loss in objective.losses().values())


@pytest.mark.parametrize("name", ROWS)
def test_a_step_changes_every_network_after_its_gradients_were_shown(name: str) -> None:
    population, told = ROWS[name](EVERYBODY), list[str]()
    objective = population.objective
    before = {name: network.theta.copy() for name, network in objective.networks.items()}

    def look(network: str) -> None:
        told.append(network)
        np.testing.assert_array_equal(objective.networks[network].theta, before[network])
        assert (np.abs(objective.networks[network].grad).max(axis=1) > 0).all()

    objective.start_epoch()
    objective.step(0, population.rates(1), look)
    assert sorted(told) == sorted(objective.networks)
    for network, theta in before.items():
        assert (objective.networks[network].theta != theta).any(axis=1).all()


@pytest.mark.parametrize("name", ROWS)
def test_looking_changes_nothing(name: str) -> None:
    ours, theirs = ROWS[name](EVERYBODY), ROWS[name](EVERYBODY)
    for population, look in ((ours, None), (theirs, lambda network: None)):
        population.objective.start_epoch()
        population.objective.step(0, population.rates(1), look)
    assert_equal(reached(ours), reached(theirs))


@pytest.mark.parametrize("name", ROWS)
def test_an_epoch_forgets_the_losses_of_the_last(name: str) -> None:
    population = ROWS[name](EVERYBODY)
    train(population, 1)
    population.objective.start_epoch()
    assert all((loss == 0).all() for loss in population.objective.losses().values())


@pytest.mark.parametrize("name", ROWS)
def test_it_goes_on_from_a_state_within_an_epoch(name: str) -> None:
    ours, theirs = ROWS[name](EVERYBODY), ROWS[name](EVERYBODY)
    train(ours, 1)
    done = ours.objective.steps // 2
    train(ours, 2, steps=done)
    state = ours.objective.state()
    written = TrainingState({path: a.copy() for path, a in state.arrays.items()}, json.loads(json.dumps(state.numbers)))
    theirs.weights.assign(ours.weights)
    theirs.objective.load_state(written)
    assert_equal(reached(ours), reached(theirs))
    for population in (ours, theirs):
        if done:
            train(population, 2, first=done)
        train(population, 3)
    assert_equal(reached(ours), reached(theirs))


@pytest.mark.parametrize("name", ROWS)
def test_selected_members_go_on_as_they_would_among_the_others(name: str) -> None:
    population, rows = ROWS[name](EVERYBODY), np.array([2, 1])
    train(population, 1)
    chosen = population.select(rows)
    assert_equal(chosen.weights.arrays, population.weights.select(rows).arrays)
    weights = chosen.weights.copy()
    train(chosen, 2)
    again = ROWS[name](EVERYBODY)
    train(again, 1)
    train(again, 2)
    assert_equal(reached(chosen), {path: array[rows] for path, array in reached(again).items()})
    assert_equal(population.weights.select(rows).arrays, weights.arrays)


@pytest.mark.parametrize("name", ROWS)
def test_a_member_does_alone_what_it_does_with_others(name: str) -> None:
    together = ROWS[name](EVERYBODY)
    for epoch in (1, 2):
        train(together, epoch)
    for member in EVERYBODY:
        alone = ROWS[name]([member])
        for epoch in (1, 2):
            train(alone, epoch)
        assert_equal(reached(alone), {path: array[[member]] for path, array in reached(together).items()})


@pytest.mark.parametrize("name", ROWS)
def test_its_state_has_paths_of_its_own(name: str) -> None:
    training = Training(ROWS[name](EVERYBODY), 1)
    own = training.population.objective.state()
    of_the_loop = {path.partition("/")[0] for path in training.state().arrays.keys() - own.arrays.keys()}
    assert of_the_loop >= {"theta", "kept_theta", "ids", "best"}
    assert not of_the_loop & {path.partition("/")[0] for path in own.arrays}
    assert not {"epoch", "step"} & own.numbers.keys()
