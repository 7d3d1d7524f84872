"""State that a layer carries without training it: kept, scored, predicted with, resumed, verified and reported on."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import nntrain
from nntrain.arrays import Array
from nntrain.cli.app import app
from nntrain.config import load_experiment
from nntrain.errors import DivergedError, Interrupted
from nntrain.runs.arrays_file import write_arrays
from nntrain.runs.files import Disk
from nntrain.workflows import FitResult, resume
from nntrain.workflows.again.traces import FirstDifference
from nntrain.workflows.run.interruption import Rehearsal
from tests.end_to_end.stateful import layers_with_state
from tests.workflows.conftest import Write, interrupted, left, train
from tests.workflows.damage import refusal, vouch

# 48 training examples in batches of 16: three in an epoch.
TEXT = """\
name: small
data: {path: table.csv, target: kind, preprocess: {numeric: none}}
network:
  - {type: dense, units: 5, activation: tanh}
  - {type: elu, alpha: 0.1}
  - {type: dense, units: auto, activation: auto}
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 6, batch_size: 16}
early_stopping: null
"""
STATE, LAYERS = "1.centre", ["0.b", "0.w", "1.centre", "2.b", "2.w"]
RESTORE = "early_stopping={monitor: validation.loss, patience: 4, restore_best: true}"


@pytest.fixture(autouse=True)
def _with_state(workdir: Path) -> Iterator[None]:
    """The toy layer, and a table of two clouds that lie over each other in part."""
    rng = np.random.default_rng(3)
    kinds = rng.integers(3, size=80)
    x = rng.normal(2.0, 1.0, (80, 2)) + np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]])[kinds]
    rows = [f"{a!r},{b!r},{'uvw'[kind]}" for (a, b), kind in zip(x.tolist(), kinds.tolist(), strict=True)]
    (workdir / "table.csv").write_text("\n".join(["a,b,kind", *rows]) + "\n")
    with layers_with_state():
        yield


@pytest.fixture
def config(write: Write) -> Path:
    return write(TEXT)


def weights(run: Path) -> dict[str, Array]:
    with np.load(run / "weights.npz") as file:
        return dict(file)


def table() -> tuple[Array, list[str]]:
    lines = [line.split(",") for line in Path("table.csv").read_text().splitlines()[1:]]
    return np.array([[float(a), float(b)] for a, b, _ in lines], np.float32), [kind for *_, kind in lines]


def by_hand(w: dict[str, Array], x: Array) -> Array:
    """The probabilities of the three classes [n, 3] with the state that is given."""
    hidden = np.tanh(x @ w["0.w"] + w["0.b"]) - w[STATE]
    logits = hidden @ w["2.w"] + w["2.b"]
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    answers: Array = scores / scores.sum(axis=1, keepdims=True)
    return answers


def rewrite(run: Path, arrays: dict[str, Array], *, vouched: bool = True) -> None:
    """Other weights, with checksums that fit."""
    sha256 = write_arrays(Disk(), run / "weights.npz", arrays)
    if vouched:
        vouch(run, "weights.npz", sha256)
        result = json.loads((run / "result.json").read_text())
        (run / "result.json").write_text(json.dumps(result | {"weights_sha256": sha256}))
        vouch(run, "result.json", hashlib.sha256((run / "result.json").read_bytes()).hexdigest())


# What is kept


def test_the_weights_hold_it_by_path_and_their_checksum_covers_it(config: Path) -> None:
    result = train(config)
    found = weights(result.run)
    assert sorted(found) == LAYERS
    assert found[STATE].shape == (5,)
    assert (found[STATE] != 0).all()
    digest = hashlib.sha256()
    for path in LAYERS:
        array = found[path]
        digest.update(f"{path} <f4 {','.join(map(str, array.shape))}\n".encode() + array.tobytes())
    recorded = json.loads((result.run / "result.json").read_text())
    assert recorded["weights_sha256"] == result.weights_sha256 == digest.hexdigest()
    assert recorded["parameters"] == 2 * 5 + 5 + 5 * 3 + 3  # state is none


def test_answers_are_those_of_the_state_that_was_kept(config: Path) -> None:
    run = train(config).run
    x, kinds = table()
    expected = by_hand(weights(run), x)
    fresh = by_hand({**weights(run), STATE: np.zeros(5, np.float32)}, x)
    assert np.abs(fresh - expected).max() > 0.01
    model = nntrain.load_run(run)
    np.testing.assert_allclose(model.predict_proba(x), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model.network.states()[STATE][0], weights(run)[STATE])
    answers = [model.classes[k] for k in expected.argmax(axis=1)] if model.classes else []
    assert list(model.predict(x)) == answers
    said = CliRunner().invoke(app, ["predict", str(run), "table.csv"])
    assert said.exit_code == 0, said.output
    assert [line.split(",")[0] for line in said.stdout.splitlines()[1:]] == answers
    scores = nntrain.evaluate(run, data="table.csv")
    truth = np.array(["uvw".index(kind) for kind in kinds])
    assert scores["accuracy"] == pytest.approx(np.mean(expected.argmax(axis=1) == truth))
    assert scores["loss"] == pytest.approx(-np.log(expected[np.arange(80), truth]).mean(), rel=1e-5)


def test_the_state_of_the_best_epoch_is_restored(config: Path) -> None:
    """The same as that of a training which ended there."""
    longer = ["training.epochs=60", "optimizer.learning_rate=0.3"]
    result = train(config, *longer, RESTORE)
    assert result.stop_reason == "early stopping"
    assert result.best_epoch < result.epochs
    best = train(config, *longer, f"training.epochs={result.best_epoch}")
    last = train(config, *longer, f"training.epochs={result.epochs}")
    assert (result.run / "weights.npz").read_bytes() == (best.run / "weights.npz").read_bytes()
    assert not np.array_equal(weights(last.run)[STATE], weights(best.run)[STATE])
    assert result.metrics == best.metrics


# Going on


@pytest.mark.parametrize("batches", range(1, 12))
def test_interrupted_after_any_batch(config: Path, batches: int) -> None:
    """Of which there are twelve in four epochs."""
    overrides = ["training.epochs=4", RESTORE]
    straight = train(config, *overrides)
    run = interrupted(config, batches, overrides)
    if batches < 11:
        with pytest.raises(Interrupted):
            resume(run, interruption=Rehearsal(1))
    result = resume(run)
    assert left(result.run) == left(straight.run)
    assert (run / "weights.npz").read_bytes() == (straight.run / "weights.npz").read_bytes()


def test_how_many_threads_there_are_changes_no_bit_of_it(config: Path) -> None:
    runs = [train(config, "runtime.shards=3", f"runtime.threads={threads}").run for threads in (1, 2)]
    assert (runs[0] / "weights.npz").read_bytes() == (runs[1] / "weights.npz").read_bytes()
    whole = weights(train(config, "runtime.shards=1").run)
    np.testing.assert_allclose(weights(runs[0])[STATE], whole[STATE], rtol=1e-4, atol=1e-5)


# Verifying


def test_a_run_with_state_is_reproducible(config: Path) -> None:
    report = nntrain.verify(train(config, RESTORE).run, interruptions=5)
    assert report.reproducible
    assert len(report.interruptions) == 5


def test_another_state_than_the_training_left_is_no_reproduction(config: Path) -> None:
    run = train(config).run
    kept = weights(run)
    altered = {**kept, STATE: kept[STATE] + np.array([0, 0, 0.5, 0, 0], np.float32)}
    rewrite(run, altered)
    report = nntrain.verify(run)
    assert not report.reproducible
    was, found = float(kept[STATE][2]), float(altered[STATE][2])
    assert report.difference == FirstDifference("weights", None, f"{STATE}[2]", found, was)
    said = CliRunner().invoke(app, ["verify", str(run)])
    assert said.exit_code == 1, said.output


@pytest.mark.parametrize("command", ["eval", "verify", "predict"])
@pytest.mark.parametrize("vouched", [True, False])
def test_a_run_without_its_state_is_damaged(config: Path, command: str, vouched: bool) -> None:
    run = train(config).run
    rewrite(run, {path: array for path, array in weights(run).items() if path != STATE}, vouched=vouched)
    arguments = [command, str(run), *(["table.csv"] if command == "predict" else [])]
    said = CliRunner().invoke(app, arguments)
    if command == "verify" and vouched:  # it compares what the run has, whatever network that may be of
        assert said.exit_code == 1
        assert "NOT reproducible" in said.stdout
        assert "weights, 1.centre" in said.stdout
        return
    assert said.exit_code == 4, said.output
    first, *more = said.stderr.splitlines()
    assert len(more) == 1  # what to do
    told = "does not belong to this network: it lacks 1.centre" if vouched else "is not what the run wrote"
    assert first.startswith(f"runs/{run.name}/weights.npz {told}")


def test_a_checkpoint_without_state_is_refused(config: Path) -> None:
    run = interrupted(config, 4)
    with np.load(run / "checkpoint.npz") as file:
        arrays = {path: array for path, array in file.items() if path != "state"}
    write_arrays(Disk(), run / "checkpoint.npz", arrays)
    (run / "checkpoint.previous.npz").unlink(missing_ok=True)
    assert "its checkpoint cannot be used: 'state' is not float32 [1, 5]" in refusal(lambda: resume(run))


# Searching


def test_each_point_of_a_search_is_what_it_is_alone(config: Path) -> None:
    """Points that stop at different epochs, so that the population is compacted while it trains."""
    rates = [0.001, 0.3, 0.03, 1.0, 0.1]
    overrides = ["training.epochs=40", RESTORE.replace("4", "2")]
    searching = f"search={{space: {{optimizer.learning_rate: {rates}}}, monitor: validation.loss}}"
    board = nntrain.gridsearch(load_experiment(config, [*overrides, searching]), runs_dir="runs")
    alone = [train(config, *overrides, f"optimizer.learning_rate={rate}", runs_dir="fits") for rate in rates]
    assert len({each.epochs for each in alone}) >= 3
    table = sorted(board.table, key=lambda row: row["trial"])
    for row, single in zip(table, alone, strict=True):
        assert row["optimizer.learning_rate"] == rates[row["trial"] - min(r["trial"] for r in table)]
        assert row["validation.loss"] == pytest.approx(single.metrics["validation"]["loss"], rel=1e-5)
        assert row["best_epoch"] == single.best_epoch
    assert board.refit is not None
    best = min(alone, key=lambda each: each.metrics["validation"]["loss"])
    assert board.refit.weights_sha256 == best.weights_sha256
    assert weights(board.refit.run)[STATE].tobytes() == weights(best.run)[STATE].tobytes()


# Diverging

# c ← −11 c + 12 mean x: it grows elevenfold in each step, and tanh keeps what comes after it within bounds.
GROWING = TEXT.replace("alpha: 0.1", "alpha: 12").replace(
    "  - {type: dense, units: auto", "  - {type: tanh}\n  - {type: dense, units: auto"
)


@pytest.mark.parametrize("shards", [1, 3])
def test_a_state_that_becomes_infinite_is_a_divergence(write: Write, shards: int) -> None:
    overrides = ["training.epochs=99", f"runtime.shards={shards}"]
    with pytest.raises(DivergedError) as caught:
        train(write(GROWING), *overrides)
    [run] = Path("runs").iterdir()
    told = json.loads((run / "divergence.json").read_text())
    assert (told["quantity"], told["path"]) == ("state", STATE)
    assert (told["layer"], told["layer_type"]) == ("1", "running_centre")
    assert told["total"] == 5
    assert told["infinite"] >= 1
    # |c| after step k is about 11ᵏ⁻¹ times 12 mean tanh, and float32 ends at 3.4e38, which is 11^37.
    steps = (told["epoch"] - 1) * 3 + told["batch"]
    assert 36 <= steps <= 39
    numbers = f"{told['infinite'] + told['nan']} of 5 numbers"
    what = f"the state 1.centre of layer 1 (running_centre) became infinite ({numbers})"
    headline = f"training diverged in epoch {told['epoch']}, batch {told['batch']}: {what}"
    assert str(caught.value).startswith(f"{headline}. The weights of epoch ")
    assert np.isfinite(weights(run)[STATE]).all()
    said = CliRunner().invoke(app, ["fit", "small.yaml", *(f"--set={override}" for override in overrides)])
    assert said.exit_code == 3
    assert said.exception is None or isinstance(said.exception, SystemExit)
    assert "the state 1.centre of layer 1 (running_centre) became infinite" in said.stderr


def test_the_same_is_said_of_a_training_that_was_interrupted(write: Write) -> None:
    config = write(GROWING)
    with pytest.raises(DivergedError) as straight:
        train(config, "training.epochs=99")
    run = interrupted(config, 20, ["training.epochs=99"])
    with pytest.raises(DivergedError) as resumed:
        resume(run)
    [other] = Path("runs").iterdir()
    told = [json.loads((each / "divergence.json").read_text()) for each in (other, run)]
    for document in told:
        document["rows"] = [Path(row).name for row in document["rows"]]
    assert told[0] == told[1]
    assert str(straight.value).splitlines()[0] == str(resumed.value).splitlines()[0]


def test_a_state_whose_sum_no_number_can_hold_is_a_divergence(write: Write) -> None:
    """Of two numbers of 2e38 each is one that float32 can hold; the network sees only what is left of them, 0."""
    Path("table.csv").write_text("a,b,kind\n" + "2e38,2.1e38,u\n2.1e38,2e38,v\n" * 20)
    text = TEXT.replace("  - {type: dense, units: 5, activation: tanh}\n", "").replace("alpha: 0.1", "alpha: 1")
    with pytest.raises(DivergedError) as caught:
        train(write(text), "training.batch_size=1")
    assert str(caught.value).startswith("training diverged in epoch 1, batch ")
    what = "the state of layer 0 (running_centre) became so large, up to 2.1e+38, that float32 cannot hold its sum"
    assert what in str(caught.value).splitlines()[0]
    [run] = Path("runs").iterdir()
    told = json.loads((run / "divergence.json").read_text())
    assert (told["quantity"], told["path"], told["infinite"], told["nan"]) == ("state", "0.centre", 0, 0)


# Looking


def test_it_is_planned_and_counted(config: Path) -> None:
    with_state, without = (nntrain.check(load_experiment(config, more)) for more in ([], ["network.1=linear"]))
    assert [(row.name, row.output_shape, row.parameters) for row in with_state.layers] == [
        ("0", (5,), 15), ("1", (5,), 0), ("2", (3,), 18),
    ]  # fmt: skip
    assert with_state.parameters == without.parameters == 33
    assert with_state.memory_bytes >= without.memory_bytes + 5 * 4


@pytest.mark.parametrize("where", [1, 0])
def test_its_gradients_are_checked_with_the_state_put_back(write: Write, where: int) -> None:
    """Moved on from evaluation to evaluation, the centre would shift every difference."""
    lines = TEXT.splitlines(keepends=True)
    if where == 0:
        lines[3], lines[4] = lines[4], lines[3]
    report = nntrain.gradcheck(load_experiment(write("".join(lines)), [f"network.{where}.alpha=0.9"]))
    assert report.verdict == "correct"
    assert report.worst < 1e-7
    assert [row.name for row in report.rows][-1] == "input"


def test_health_is_measured_around_it(config: Path) -> None:
    result: FitResult = train(config, "training.epochs=40")
    lines: list[dict[str, Any]] = [json.loads(line) for line in (result.run / "history.jsonl").read_text().splitlines()]
    assert {"gradient_norm.0", "gradient_norm.2", "update_ratio.0", "growth.1"} <= lines[0].keys()
    assert lines[0]["growth.1"] > 0
    assert result.warnings == []
