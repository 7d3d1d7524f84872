"""Memory is worked out as what would be taken, and is not taken."""

import tracemalloc
from pathlib import Path

import pytest

from nntrain import machine
from nntrain.assembly import footprint as module
from nntrain.assembly.footprint import footprint
from nntrain.assembly.resolve import plan_network
from nntrain.assembly.standalone import build_network
from nntrain.assembly.training import batch_size_of, build_population
from nntrain.errors import UserError
from nntrain.memory import Counting
from nntrain.workflows import check, fit, gradcheck, gridsearch
from tests.experiments import load, prepare, write_pets, write_table

OUT = "{type: dense, units: auto, activation: auto}"
LAYERS = [
    f"[{{type: dense, units: 9, activation: relu}}, {{type: dropout, rate: 0.5}}, {OUT}]",
    f"[{{type: dense, units: 40, activation: gelu}}, {{type: dense, units: 3, activation: elu}}, {OUT}]",
    "[{type: dense, units: 6}, {type: reshape, shape: [2, 3]}, {type: flatten}, "
    "{type: dense, units: 5, activation: leaky_relu}, "
    f"{{type: dense, units: 5, activation: softplus}}, {OUT}]",
]
OPTIMIZERS = [
    "{type: sgd, learning_rate: 0.1}",
    "{type: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true}",
    "{type: adagrad, learning_rate: 0.1, initial_accumulator: 0.1}",
    "{type: rmsprop, learning_rate: 0.1, momentum: 0.5}",
    "{type: adam, learning_rate: 0.1}",
    "{type: adamw, learning_rate: 0.1, weight_decay: 0.1}",
]
PETS = "{path: pets.csv, target: kind, preprocess: {missing: mean}}"
NUMBERS = "{path: numbers.csv, target: y, task: regression}"
LOSSES = [
    (PETS, "{type: cross_entropy}"),
    (PETS, "{type: cross_entropy, class_weights: balanced}"),
    (NUMBERS, "{type: mean_squared_error}"),
    (NUMBERS, "{type: mean_absolute_error}"),
    (NUMBERS, "{type: huber}"),
]


@pytest.fixture(autouse=True)
def _data(workdir: Path) -> None:
    write_pets()
    write_table("numbers.csv", ["a", "b", "y"], [[k, k * k % 17, k * 0.5 + k % 3] for k in range(60)])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", ["1", "7", "32", "full"])
@pytest.mark.parametrize("layers", LAYERS)
def test_it_is_what_a_population_takes(layers: str, batch_size: str, dtype: str) -> None:
    for place, (data, loss) in enumerate(LOSSES):
        optimizer = OPTIMIZERS[place % len(OPTIMIZERS)]
        _compare(layers, data, loss, optimizer, batch_size, dtype)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_it_is_what_every_optimizer_takes(optimizer: str) -> None:
    for data, loss in LOSSES[:3]:
        _compare(LAYERS[0], data, loss, optimizer, "16", "float32")


def _compare(layers: str, data: str, loss: str, optimizer: str, batch_size: str, dtype: str) -> None:
    experiment = load(
        f"version: 1\ndata: {data}\nnetwork: {layers}\nloss: {loss}\noptimizer: {optimizer}\ndtype: {dtype}\n"
        f"training: {{epochs: 1, batch_size: {batch_size}}}\n"
        "regularization: {l1: 0.01, l2: 0.01, max_norm: 2, clip_norm: 1}\n"
    )
    resolved, prepared = prepare(experiment)
    blueprint, size = plan_network(resolved, prepared.input_shape), batch_size_of(resolved.config, prepared)
    for members, shards in ((1, 1), (3, 1), (1, 3)):
        arguments = ([resolved.config] * members, [prepared], [0] * members)
        real = build_population(*arguments, shards=shards).network.memory.nbytes
        found = footprint(blueprint, *arguments, batch_size=size, shards=shards)
        assert found.arrays == real, (data, loss, optimizer, members, shards)
        assert found.most >= real


def test_what_is_large_is_estimated_from_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond LARGE only parameters, gradients, the optimizer and what flows between layers count."""
    hidden = "{type: dense, units: 400, activation: tanh}, {type: dense, units: 300, activation: relu}"
    layers = f"[{hidden}, {OUT}]"
    for optimizer in OPTIMIZERS:
        experiment = load(
            f"version: 1\ndata: {PETS}\nnetwork: {layers}\noptimizer: {optimizer}\ntraining: {{epochs: 1}}\n"
        )
        resolved, prepared = prepare(experiment)
        blueprint = plan_network(resolved, prepared.input_shape)
        arguments, size = ([resolved.config], [prepared], [0]), batch_size_of(resolved.config, prepared)
        for shards in (1, 4):
            exact = footprint(blueprint, *arguments, batch_size=size, shards=shards)
            with monkeypatch.context() as patch:
                patch.setattr(module, "LARGE", 0)
                rough = footprint(blueprint, *arguments, batch_size=size, shards=shards)
            assert 0.6 * exact.arrays < rough.arrays <= 1.05 * exact.arrays


WIDE = (
    "version: 1\nname: wide\ndata: {path: pets.csv, target: kind, preprocess: {missing: mean}}\n"
    "network: [{type: dense, units: 300000000, activation: tanh}, {type: dense, units: auto, activation: auto}]\n"
    "optimizer: {type: adam, learning_rate: 0.1}\ntraining: {epochs: 1}\n"
)


def test_check_takes_no_memory_for_the_network_and_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "total_memory", lambda: 2**34)
    check(load(WIDE))  # what is imported and cached does not count
    tracemalloc.start()
    report = check(load(WIDE))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert report.memory_bytes > 4 * 4 * report.parameters
    assert report.warnings[-1].startswith("training this network needs at least ")
    assert report.warnings[-1].endswith(
        " of memory, and this machine has 16.0 GiB: give its layers fewer units, or lower training.batch_size"
    )


def test_check_warns_of_what_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "total_memory", lambda: None)
    monkeypatch.setattr(module, "free_memory", lambda: 2**30)
    assert "of memory, and 1.0 GiB are free now: give its layers fewer units" in check(load(WIDE)).warnings[-1]
    monkeypatch.setattr(module, "free_memory", lambda: None)
    assert not any("of memory" in warning for warning in check(load(WIDE)).warnings)


@pytest.mark.parametrize("command", [fit, gradcheck, gridsearch])
def test_commands_refuse_before_anything_is_made(command: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "total_memory", lambda: 2**34)
    text = WIDE + ("search: {space: {optimizer.learning_rate: [0.1, 0.2]}}\n" if command is gridsearch else "")
    experiment = load(text)
    tracemalloc.start()
    with pytest.raises(
        UserError, match=r"needs at least .* of memory, and this machine has 16\.0 GiB: give its layers"
    ):
        command(experiment)  # type: ignore[operator]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert not Path("runs").exists()


def test_a_network_for_a_notebook_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "total_memory", lambda: 2**30)
    with pytest.raises(UserError, match=r"this network needs at least .* this machine has 1\.0 GiB: .*fewer members"):
        build_network([{"type": "dense", "units": 1000}], input_shape=(1000,), members=1000)


def test_memory_that_counts_fills_nothing() -> None:
    memory = Counting("float64")
    memory.zeros((2, 3))
    memory.fresh().full((5,), 1)
    assert (memory.nbytes, memory.in_all) == (48, 88)


def test_the_machine_is_asked_for_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    total, free = machine.total_memory(), machine.free_memory()
    assert total is not None
    assert free is not None
    assert 2**26 < free <= total
    groups = tmp_path / "cgroup"
    (groups / "a" / "b").mkdir(parents=True)
    (groups / "a" / "b" / "memory.max").write_text("max\n")
    (groups / "a" / "memory.max").write_text("123456789\n")
    (groups / "memory").mkdir()
    (groups / "memory" / "memory.limit_in_bytes").write_text("23456789\n")
    monkeypatch.setattr(machine, "_CGROUPS", groups)
    monkeypatch.setattr(machine, "_OF_PROCESS", tmp_path / "of-process")
    (tmp_path / "of-process").write_text("0::/a/b\n")
    assert machine.total_memory() == 123456789
    assert (machine.free_memory() or 0) <= 123456789
    (tmp_path / "of-process").write_text("7:cpu:/x\n5:memory:/gone\n")
    assert machine.total_memory() == 23456789
    (tmp_path / "of-process").unlink()
    assert machine.total_memory() == total


@pytest.mark.parametrize(
    ("count", "words"),
    [(10, "0.0 MiB"), (2**20, "1.0 MiB"), (3 * 2**29, "1.5 GiB"), (2**49, "512.0 TiB"), (2**51, "1,000+ TiB")],
)
def test_bytes_in_words(count: int, words: str) -> None:
    assert machine.bytes_in_words(count) == words
