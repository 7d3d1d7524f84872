"""What is said about each damaged file of a run, and what a hostile run directory cannot do."""

import json
import os
import shutil
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain import workflows
from nntrain.arrays import Array
from nntrain.errors import DataError, Interrupted, NntrainError
from nntrain.runs.arrays_file import write_arrays
from nntrain.runs.files import Disk
from nntrain.workflows import resume
from nntrain.workflows.run.interruption import Rehearsal
from tests.workflows import damage
from tests.workflows.conftest import Heard
from tests.workflows.damage import CONFIG, TABLE, edit, refusal, vouch, write_experiment

STOPPED_EARLY = "early_stopping={monitor: validation.loss, patience: 1, min_delta: 10}"


@pytest.fixture
def train(workdir: Path) -> Callable[..., Path]:
    """Trains in an empty folder, with overrides; its result is the run's path."""
    write_experiment(workdir)
    return damage.train


# What is said


CUT = "is cut short, or no run wrote it: the checksum at its end is missing"
AGAIN = "`nntrain fit runs/small/config.yaml` trains the run again from its config"
EDITED = "was changed after the run wrote it: its sha256 is not the one in status.json"


def cut(run: Path, name: str) -> None:
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: len(content) // 2])


def test_cut_weights_of_a_run_that_can_go_on(train: Callable[..., Path]) -> None:
    run = train()
    whole = (run / "weights.npz").read_bytes()
    cut(run, "weights.npz")
    assert refusal(lambda: nntrain.load_run(run)) == (
        f"runs/small/weights.npz {CUT}\n"
        "  checkpoint.npz is whole: `nntrain fit --resume runs/small` goes on from it, and writes the weights again"
    )
    resume(run)
    assert (run / "weights.npz").read_bytes() == whole
    assert nntrain.evaluate(run)


def test_lost_scores_of_a_run_that_can_go_on(train: Callable[..., Path]) -> None:
    run = train()
    scores = json.loads((run / "result.json").read_text())["metrics"]
    (run / "result.json").unlink()
    assert nntrain.evaluate(run)
    assert resume(run).metrics == scores


def test_cut_weights_of_a_run_that_is_over(train: Callable[..., Path]) -> None:
    run = train(STOPPED_EARLY)
    cut(run, "weights.npz")
    assert refusal(lambda: nntrain.evaluate(run)) == f"runs/small/weights.npz {CUT}\n  {AGAIN}"
    assert refusal(lambda: list(workflows.predict(run, "table.csv").rows)) == f"runs/small/weights.npz {CUT}\n  {AGAIN}"


def test_cut_weights_beside_a_cut_checkpoint(train: Callable[..., Path]) -> None:
    run = train()
    cut(run, "weights.npz")
    cut(run, "checkpoint.npz")
    assert refusal(lambda: nntrain.evaluate(run)) == f"runs/small/weights.npz {CUT}\n  {AGAIN}"
    assert refusal(lambda: resume(run)).startswith(f"runs/small/checkpoint.npz {CUT}\n  the run cannot go on; {AGAIN}")


def test_weights_that_are_not_there_yet(train: Callable[..., Path]) -> None:
    run = train()
    for name in ("weights.npz", "result.json", "checkpoint.npz"):
        (run / name).unlink()
    assert refusal(lambda: nntrain.evaluate(run)) == (
        "runs/small/weights.npz is missing\n"
        "  the run was not finished: `nntrain fit --resume runs/small` goes on with it"
    )


def test_weights_of_another_run(train: Callable[..., Path]) -> None:
    other = train("seed=1")
    other = other.rename(other.with_name("other"))
    run = train()
    shutil.copyfile(other / "weights.npz", run / "weights.npz")
    has, says = (json.loads((each / "result.json").read_text())["weights_sha256"] for each in (other, run))
    assert refusal(lambda: nntrain.evaluate(run)).startswith(
        f"runs/small/weights.npz is not what the run wrote: its sha256 is {has}, status.json says {says}\n"
    )
    vouch(run, "weights.npz", has)
    assert refusal(lambda: nntrain.evaluate(run)).startswith(
        f"runs/small/weights.npz is not what the run wrote: its sha256 is {has}, result.json says {says}\n"
    )
    edit(run, "result.json", lambda result: result.update(weights_sha256=has))
    assert refusal(lambda: nntrain.evaluate(run)).startswith("runs/small is damaged: the loss on its test split is ")


def test_a_checkpoint_of_another_run(train: Callable[..., Path]) -> None:
    other = train("seed=1")
    other = other.rename(other.with_name("other"))
    run = train()
    shutil.copyfile(other / "checkpoint.npz", run / "checkpoint.npz")
    assert refusal(lambda: resume(run, overrides=["training.epochs=9"])) == (
        "runs/small: its checkpoint cannot be used: it is that of another run; "
        "start again with: nntrain fit runs/small/config.yaml"
    )


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("preprocess.json", AGAIN),
        (
            "config.yaml",
            "source.yaml beside it is the config as it was written, to train the run again; its paths are relative to "
            "where it stood",
        ),
        (
            "environment.json",
            "the run can be used, but neither be scored on its own splits nor go on: it holds the checksums of the "
            "data; `nntrain eval runs/small --data FILE` scores a file",
        ),
    ],
)
def test_an_edited_document(train: Callable[..., Path], name: str, remedy: str) -> None:
    run = train()
    (run / name).write_bytes((run / name).read_bytes() + b" ")
    assert refusal(lambda: nntrain.evaluate(run)) == f"runs/small/{name} {EDITED}\n  {remedy}"
    assert f"runs/small/{name} {EDITED}\n" in refusal(lambda: resume(run, overrides=["training.epochs=9"]))
    if name == "environment.json":
        assert nntrain.evaluate(run, data="table.csv")
        assert nntrain.load_run(run).predict([[1.0, "red"]])


def test_a_history_with_a_hole(train: Callable[..., Path]) -> None:
    run = train()
    lines = (run / "history.jsonl").read_bytes().splitlines(keepends=True)
    (run / "history.jsonl").write_bytes(lines[0] + lines[2] + lines[2])
    assert nntrain.evaluate(run)
    assert refusal(lambda: resume(run, overrides=["training.epochs=9"])) == (
        "runs/small/history.jsonl is damaged: line 2 is not the record of epoch 2\n"
        "  the weights and the scores do not depend on it, but the run cannot go on without it"
    )


def test_a_damaged_checkpoint_costs_the_steps_since_the_one_before(train: Callable[..., Path]) -> None:
    whole = train("training.epochs=6").rename("whole")
    run = train("training.checkpoint={every_epochs: 1}")
    with pytest.raises(Interrupted):
        resume(run, overrides=["training.epochs=6"], interruption=Rehearsal(7))
    cut(run, "checkpoint.npz")
    heard = Heard()
    resume(run, listener=heard)
    assert heard.warnings == [f"runs/small/checkpoint.npz {CUT}; going on from the checkpoint before it"]
    assert (run / "weights.npz").read_bytes() == (whole / "weights.npz").read_bytes()


# What an edited config cannot do, its checksum fitting


def with_units(units: int) -> Callable[[Any], None]:
    return lambda config: config["network"][0].update(units=units)


def test_a_giant_network_is_never_allocated(train: Callable[..., Path]) -> None:
    run = train()
    edit(run, "config.yaml", with_units(10**9))
    readers: list[Callable[[], Any]] = [
        lambda: nntrain.load_run(run),
        lambda: nntrain.evaluate(run),
        lambda: list(workflows.predict(run, "table.csv").rows),
        lambda: resume(run, overrides=["training.epochs=9"]),
        lambda: workflows.verify(run),
    ]
    tracemalloc.start()
    try:
        said = [refusal(read) for read in readers]
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    for text in said[:3]:
        assert text == (
            "runs/small/weights.npz does not belong to this network: '0.w' is float32 [3, 3], "
            "the network's is float32 [3, 1000000000]\n"
            "  it or config.yaml is of another run; `nntrain fit runs/small/config.yaml` trains the network that is "
            "described there"
        )
    for text in said[3:]:
        assert text == (
            "runs/small/checkpoint.npz has 16 parameters, but the network in config.yaml beside it has 5,000,000,001: "
            "the run cannot go on"
        )


def test_a_giant_synthetic_set_is_never_made(train: Callable[..., Path], workdir: Path) -> None:
    (workdir / "moons.yaml").write_text(CONFIG.replace("{path: table.csv, target: kind}", "{synthetic: moons}"))
    run = train(config="moons.yaml")
    edit(run, "config.yaml", lambda config: config["data"]["synthetic"].update(examples=9_999_999))
    for read in (lambda: nntrain.evaluate(run), lambda: resume(run, overrides=["training.epochs=9"])):
        assert refusal(read) == (
            "runs/small/config.yaml is not the config that environment.json beside it belongs to: it wants 9,999,999 "
            "examples, the run had 400"
        )


@pytest.mark.skipif(sys.platform == "win32", reason="devices")
@pytest.mark.parametrize("path", ["/dev/zero", "../../secret.csv", "/etc/passwd", "a\0b"])
def test_other_data_is_not_read(train: Callable[..., Path], workdir: Path, path: str) -> None:
    (workdir / "secret.csv").write_text(TABLE.replace("red", "secret"))
    run = train()
    edit(run, "config.yaml", lambda config: config["data"].update(path=path))
    for read in (lambda: nntrain.evaluate(run), lambda: resume(run, overrides=["training.epochs=9"])):
        assert refusal(read) == (
            "runs/small/config.yaml is not the config that environment.json beside it belongs to: "
            f"the run was not trained on {path!r}"
        )


@pytest.mark.skipif(sys.platform == "win32", reason="devices")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_data_that_never_ends_is_not_read(
    train: Callable[..., Path], workdir: Path, make: Callable[[Path], None]
) -> None:
    run = train()
    (workdir / "table.csv").unlink()
    make(workdir / "table.csv")
    for read in (lambda: nntrain.evaluate(run), lambda: resume(run, overrides=["training.epochs=9"])):
        with pytest.raises(
            DataError, match=r"^table.csv cannot be read \(is not a file\), but small was trained on it"
        ):
            read()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (("data", "split", "seed"), 77, "is damaged: the loss on its test split is"),
        (("data", "split", "test"), 0.3, "the training split has 20 examples, not 24"),
        (("network", 0, "activation"), {"type": "relu"}, "is damaged: the loss on its test split is"),
        (("network", 1, "activation"), "auto", None),
        (("loss",), "auto", None),
        (("loss",), {"type": "mean_squared_error"}, "is damaged: the loss on its test split is"),
        (("loss",), {"type": "cross_entropy"}, "the loss cross_entropy wants softmax"),
        (("dtype",), "float64", "the network's is float64"),
        (("network", 1, "units"), 2, "contradict each other"),
        (("version",), 2, "runs/small/config.yaml cannot be read: version 2 is that of a newer nntrain\n"),
        (("metrics",), ["rmse"], "rmse does not apply to a binary task"),
    ],
)
def test_another_config(train: Callable[..., Path], key: tuple[Any, ...], value: Any, said: str | None) -> None:
    """It is refused, or says the same."""
    run = train()
    true = nntrain.evaluate(run)

    def change(config: Any) -> None:
        for part in key[:-1]:
            config = config[part]
        config[key[-1]] = value

    edit(run, "config.yaml", change)
    if said is None:
        assert nntrain.evaluate(run) == true
    else:
        assert said in refusal(lambda: nntrain.evaluate(run))


# Other documents


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p["inputs"]["columns"].pop(), "weights.npz does not belong to this network"),
        (lambda p: p["inputs"]["columns"][0].update(scale=0), "'scale' must be greater than 0"),
        (lambda p: p["inputs"]["columns"][0].update(center=None), "'center' must be a number"),
        (lambda p: p["inputs"]["columns"][0].update(center=10**400), "'center' must be finite"),
        (lambda p: p["inputs"]["columns"][1].update(categories=[str(i) for i in range(2000)]), "the categories of"),
        (lambda p: p["target"].update(classes=["b", "a"]), "is damaged: the loss on its test split is"),
        (lambda p: p["target"].update(classes=["a"]), "1 classes are not a binary task"),
        (
            lambda p: p.update(inputs={"kind": "array", "shape": [10**6] * 3, "center": [0], "scale": [1]}),
            "contradict",
        ),
        (lambda p: p.update(version=0), "'version' must be"),
        (lambda p: p.update(task="regression"), "'names' is missing"),
    ],
)
def test_another_preprocessing(train: Callable[..., Path], change: Callable[[Any], Any], said: str) -> None:
    run = train()
    edit(run, "preprocess.json", change)
    assert said in refusal(lambda: nntrain.evaluate(run))


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.pop("data"),
        lambda e: e.pop("examples"),
        lambda e: e.update(data={}),
        lambda e: e["examples"].update(test=9),
        lambda e: e["examples"].update(test="8"),
    ],
)
def test_another_environment(train: Callable[..., Path], change: Callable[[Any], Any]) -> None:
    run = train()
    edit(run, "environment.json", change)
    for read in (lambda: nntrain.evaluate(run), lambda: resume(run, overrides=["training.epochs=9"])):
        assert "environment.json" in refusal(read)
    assert nntrain.evaluate(run, data="table.csv")


@pytest.mark.parametrize("pid", [1, 0, -1, 10**30])
def test_a_status_may_lie_about_its_process(train: Callable[..., Path], pid: int) -> None:
    run = train()
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps({**status, "pid": pid, "status": "running"}))
    [summary] = nntrain.list_runs()
    assert summary.status in ("running", "interrupted")
    assert nntrain.evaluate(run)
    assert resume(run).epochs == 3


@pytest.mark.parametrize(
    "change",
    [
        {"message": "\x1b]0;title\x07"},
        {"started": "\x1b[2J"},
        {"sha256": {"../../../etc/passwd": "0" * 64}},
        {"sha256": {"x" * 5000: "0" * 64}},
        {"sha256": {"weights.npz": "\x1b[2J"}},
        {"sha256": {f"file {number}": "0" * 64 for number in range(1001)}},
        {"host": 3},
    ],
)
def test_a_status_cannot_command_the_terminal(train: Callable[..., Path], change: dict[str, Any]) -> None:
    run = train()
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps({**status, **change}))
    [summary] = nntrain.list_runs()
    assert (summary.problem or "").replace("\n", "").isprintable()


def test_scores_are_listed_only_by_plain_names_and_numbers(train: Callable[..., Path]) -> None:
    run = train()
    scores = {"loss": 10**400, "accuracy": 1, "\x1b[2J": 0.5, "f1": [0.5]}
    edit(run, "result.json", lambda result: result.update(metrics={"test": scores, "x y": {}}, epochs=10**400))
    [summary] = nntrain.list_runs()
    assert summary.epochs is None
    assert summary.metrics.keys() == {"test"}
    assert summary.metrics["test"].keys() == {"loss", "accuracy", "f1"}
    assert summary.metrics["test"]["accuracy"] == 1
    assert np.isnan([summary.metrics["test"]["loss"], summary.metrics["test"]["f1"]]).all()


def test_a_checkpoint_of_any_content_is_refused_before_anything_is_written(train: Callable[..., Path]) -> None:
    run = train()
    with np.load(run / "checkpoint.npz") as archive:
        good = {name: archive[name] for name in archive.files}
    numbers = json.loads(good["numbers"].tobytes())

    def coded(**changes: Any) -> Array:
        return np.frombuffer(json.dumps({**numbers, **changes}).encode(), np.uint8)

    hostile: list[dict[str, Array]] = [
        {name: array for name, array in good.items() if name != "numbers"},
        {name: array for name, array in good.items() if name != "kept_theta"},
        {**good, "surplus": np.zeros(2)},
        {**good, "theta": good["theta"].astype(np.float64)},
        {**good, "kept_theta": good["kept_theta"][:, 1:]},
        {**good, "reasons": good["reasons"] + 100},
        {**good, "numbers": coded(epoch=-5)},
        {**good, "numbers": coded(epoch="4")},
        {**good, "numbers": coded(epoch=10**30)},
        {**good, "numbers": coded(step=10**6)},
        {**good, "numbers": coded(seconds=10**400)},
        {**good, "numbers": coded(order_streams=None)},
        {**good, "numbers": coded(order_streams=[])},
        {**good, "numbers": coded(dropout_streams=[{"bit_generator": "MT19937"}])},
        {**good, "numbers": coded(run="2026-11-20T08:49:00.000+00:00")},
    ]
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.name != "checkpoint.npz"}
    for arrays in hostile:
        write_arrays(Disk(), run / "checkpoint.npz", arrays)
        with pytest.raises(NntrainError) as caught:
            resume(run, overrides=["training.epochs=9"])
        assert "runs/small" in str(caught.value)
        after = {path.name: path.read_bytes() for path in run.iterdir() if path.name != "checkpoint.npz"}
        assert after == before
