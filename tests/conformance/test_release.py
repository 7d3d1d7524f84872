"""What is bound goes when nobody holds it any more, at once: nothing holds itself.

The program collects garbage rarely, and a search binds one population after the other: with a cycle among the calls
the arrays of all of them would stay.
"""

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from nntrain.memory import Memory
from nntrain.nn.network import Network
from nntrain.train.loop import Training
from nntrain.train.population import Population
from nntrain.workflows import evaluate, fit, gradcheck, gridsearch, resume, verify
from tests.conformance import layers, losses, objectives
from tests.conformance.layers import LayerRow
from tests.conformance.losses import LossRow, network_for
from tests.conformance.test_contracts import KEYS, Step
from tests.experiments import BINARY, CLASSES, VALUES, load


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("row", layers.ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("place", layers.PLACES)
def test_a_network_and_what_it_was_bound_to(row: LayerRow, place: str) -> None:
    step = Step(layers.network_of(row, place, KEYS), 3)
    step.run()
    held: list[weakref.ref[Any]] = [weakref.ref(step.bound), weakref.ref(step.network), weakref.ref(step.memory)]
    del step
    assert [ref() for ref in held] == [None, None, None]


@pytest.mark.parametrize("row", losses.LOSSES, ids=lambda row: row.name)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_a_loss(row: LossRow, weighted: bool) -> None:
    rng, network, memory = np.random.default_rng(0), network_for(row, list(KEYS)), Memory(np.float64)
    y = network.forward(rng.standard_normal((5, 3)))
    weight = rng.uniform(size=(1, 5, 1)) if weighted else None
    bound = row.loss.bind(y, row.targets(rng, 1, 5, row.outputs), weight, memory, training=True)
    bound.forward()
    bound.backward()
    held: list[weakref.ref[Any]] = [weakref.ref(bound), weakref.ref(memory)]
    del bound, memory
    assert [ref() for ref in held] == [None, None]


@pytest.mark.parametrize("name", objectives.ROWS)
def test_a_population_that_was_trained(name: str) -> None:
    population: Population = objectives.ROWS[name]([0, 1, 2])
    training = Training(population, 2)
    assert len(list(training)) == 2
    held: list[weakref.ref[Any]] = [
        weakref.ref(training),
        weakref.ref(population),
        *(weakref.ref(network) for network in population.objective.networks.values()),
    ]
    del training, population
    assert not [ref for ref in held if ref() is not None]


SEARCH = "\nsearch: {space: {optimizer.learning_rate: [0.01, 0.1], network.hidden.units: [3, 4]}}\n"
SHARDS = "\nruntime: {shards: 2}\n"
WHAT: dict[str, Callable[[], object]] = {
    "fit": lambda: fit(load(CLASSES), runs_dir="runs"),
    "fit, in shards": lambda: fit(load(VALUES + SHARDS), runs_dir="runs"),
    "resume": lambda: (fit(load(BINARY), runs_dir="runs"), resume("latest", overrides=["training.epochs=7"])),
    "eval, verify": lambda: (fit(load(BINARY), runs_dir="runs"), evaluate("latest"), verify("latest")),
    "gridsearch": lambda: gridsearch(load(CLASSES + SEARCH), runs_dir="runs"),
    "gradcheck": lambda: gradcheck(load(CLASSES)),
}


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize("name", WHAT)
def test_what_a_command_has_built(name: str) -> None:
    before = {id(each) for each in gc.get_objects() if isinstance(each, Network)}
    WHAT[name]()
    left = [each for each in gc.get_objects() if isinstance(each, Network) and id(each) not in before]
    assert not left
