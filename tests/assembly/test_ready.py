"""What every command begins with is worked out once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.assembly import layers, training
from nntrain.assembly.data import Data
from nntrain.assembly.ready import planned, ready, with_shards
from nntrain.assembly.resolve import resolve
from nntrain.config.experiment import Experiment
from nntrain.config.training import MOST_THREADS
from nntrain.errors import ConfigError
from nntrain.train.supervised import supervised
from nntrain.train.threads import available_cores
from tests.experiments import CLASSES, load

FEW = ("training.epochs=2", "early_stopping=null")


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """The test's own directory."""


def counted(monkeypatch: pytest.MonkeyPatch, home: object, name: str) -> list[object]:
    """Grows with every call of a function."""
    calls: list[object] = []
    original = getattr(home, name)

    def counting(*arguments: Any, **options: Any) -> Any:
        calls.append(None)
        return original(*arguments, **options)

    monkeypatch.setattr(home, name, counting)
    return calls


def test_it_has_what_a_fit_needs() -> None:
    experiment = load(CLASSES, *FEW)
    found = ready(experiment)
    resolved = resolve(experiment, found.prepared.preprocessor, has_validation=True)
    assert found.experiment.config == with_shards(resolved, 1).config
    assert found.prepared.splits.keys() == {"training", "validation", "test"}
    assert found.blueprint.output_shape == (found.prepared.preprocessor.outputs,)
    network = found.population().network
    assert network.blueprint is found.blueprint
    again = training.build_population([found.config], [found.prepared], [0]).network
    np.testing.assert_array_equal(network.theta, again.theta)


@pytest.mark.parametrize("what", [nntrain.fit, nntrain.check, nntrain.gradcheck])
def test_the_network_is_planned_once(what: Callable[[Experiment], object], monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch, layers, "plan")
    what(load(CLASSES, *FEW))
    assert len(calls) == (2 if what is nntrain.gradcheck else 1)  # that checks another one, without dropout


def test_the_network_is_planned_once_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    run = nntrain.fit(load(CLASSES, *FEW)).run
    calls = counted(monkeypatch, layers, "plan")
    nntrain.resume(run, overrides=["training.epochs=3"])
    assert len(calls) == 1
    calls.clear()
    nntrain.verify(run)
    assert len(calls) == 1


@pytest.mark.parametrize(("asked", "size"), [("7", 7), ("full", 54), ("1000", 54)])
def test_a_batch_has_no_more_examples_than_there_are(asked: str, size: int) -> None:
    found = ready(load(CLASSES, f"training.batch_size={asked}"))
    count = found.prepared.size("training")
    assert found.batch_size == min(size, count)
    assert found.batches_in_epoch == -(-count // found.batch_size)


@pytest.mark.parametrize(
    ("config", "given", "threads"), [("auto", None, 1), ("3", None, 3), ("3", 2, 2), ("auto", 2, 2)]
)
def test_threads_are_those_of_the_run_or_of_the_config(config: str, given: int | None, threads: int) -> None:
    found = ready(load(CLASSES, f"runtime.threads={config}"), threads=given)
    assert found.threads == found.population().network.memory.threads == threads
    assert threads <= MOST_THREADS


@pytest.mark.parametrize(
    ("units", "batch_size", "shards"), [(64, 32, 1), (100_000, 32, 2), (100_000, 1, 1), (1_000, 54, 1)]
)
def test_shards_go_by_the_work_of_a_step(units: int, batch_size: int, shards: int) -> None:
    """From 18 million multiplications on, and never more than one for a single example."""
    overrides = [f"network.hidden.units={units}", f"training.batch_size={batch_size}"]
    found = ready(load(CLASSES, *overrides))
    weights = sum(location.param.size for location in found.blueprint.params.values() if location.param.penalized)
    outputs = 2 * units + 2 * 3  # of the dense layers, and of their activations
    work = batch_size * (weights + 25 * outputs)
    assert (work >= 18_000_000 and batch_size > 1) == (shards == 2)
    assert (found.shards, found.config.runtime.shards) == (shards, shards)
    assert found.threads == min(shards, available_cores())
    (batch, *_) = supervised(found.population().objective).batches.batches
    assert [each.size for each in batch] == ([batch_size] if shards == 1 else [batch_size // 2] * 2)


def test_shards_are_as_many_as_one_asks_for() -> None:
    found = ready(load(CLASSES, "runtime.shards=5", "training.batch_size=12"))
    (batch, *_) = supervised(found.population().objective).batches.batches
    assert [each.size for each in batch] == [2, 2, 3, 2, 3]


def test_data_that_was_read_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = load(CLASSES)
    data = Data(experiment)
    prepared = data.prepare()
    read, fitted = counted(monkeypatch, Data, "_read"), counted(monkeypatch, Data, "prepare")
    found = ready(experiment, data, prepared)
    assert found.data is data
    assert found.prepared is prepared
    assert not read
    assert not fitted


def test_all_that_does_not_suit_is_said_at_once() -> None:
    experiment = load(CLASSES, "metrics=[rmse]", "network.0={type: reshape, shape: [7, 7]}")
    prepared = Data(experiment).prepare()
    with pytest.raises(ConfigError) as caught:
        planned(experiment, prepared)
    assert "rmse does not apply to a classification task" in str(caught.value)
    assert "reshape" in str(caught.value)
