"""`verify`: a run repeated from its config, interrupted or not, and the first difference where there is one."""

import json
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.config import load_experiment
from nntrain.errors import DataError, Interrupted, UserError
from nntrain.runs.store import RunDirectory
from nntrain.train.records import EpochRecord
from nntrain.workflows import Verification, resume, verify
from nntrain.workflows.again.traces import FirstDifference
from tests.workflows.conftest import (
    ADAM,
    BATCHES,
    DROPOUT,
    EPOCHS_OF_ADAM,
    Heard,
    Write,
    change_environment,
    interrupted,
    train,
)


def content(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir()}


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary directories are made; it must be empty again after each test."""
    path = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr("tempfile.tempdir", str(path))
    return path


@pytest.mark.parametrize("text", [DROPOUT, ADAM], ids=["dropout", "adam"])
@pytest.mark.parametrize("interruptions", [0, 6])
def test_a_run_is_reproducible(write: Write, scratch: Path, text: str, interruptions: int) -> None:
    result = train(write(text))
    before = content(result.run)
    heard = Heard()
    report = verify(result.run, interruptions=interruptions, listener=heard)
    assert (report.reproducible, report.difference, report.reasons) == (True, None, [])
    assert report.weights_sha256 == report.repeated_sha256 == result.weights_sha256
    assert (report.run, report.epochs) == (result.run, result.epochs)
    assert len(report.interruptions) == interruptions
    assert content(result.run) == before
    assert not list(scratch.iterdir())
    # what is heard is one training of the run
    assert heard.epochs == list(range(1, result.epochs + 1))
    assert [info.run for info in heard.infos] == [result.run]
    assert heard.warnings == []


def test_moments_are_random_and_come_from_a_seed(write: Write) -> None:
    run = train(write(ADAM)).run
    moments = [verify(run, interruptions=8, seed=seed).interruptions for seed in (1, 1, 2)]
    assert moments[0] == moments[1] != moments[2]
    for found in moments:
        assert found == sorted(set(found))
        assert all((0, 0) < moment < (EPOCHS_OF_ADAM, 0) and moment[1] < BATCHES for moment in found)


def test_interrupted_after_every_batch(write: Write) -> None:
    run = train(write(ADAM), "training.epochs=2").run
    report = verify(run, interruptions=2 * BATCHES - 1)
    assert report.reproducible
    assert report.interruptions == [divmod(batch, BATCHES) for batch in range(1, 2 * BATCHES)]
    with pytest.raises(UserError) as refused:
        verify(run, interruptions=2 * BATCHES)
    assert (
        str(refused.value) == "10 interruptions do not fit: the training has 10 batches, and none comes after the last"
    )


def test_a_run_that_was_trained_longer_is_reproducible(write: Write) -> None:
    run = train(write(ADAM)).run
    resume(run, overrides=["training.epochs=9"])
    report = verify(run, interruptions=3)
    assert report.reproducible
    assert report.epochs == 9


def test_the_table_of_a_run_is_found_from_anywhere(
    write: Write, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "a,b,kind\n" + "".join(f"{i % 7},{i % 5},{'x' if i % 3 else 'y'}\n" for i in range(60))
    (workdir / "table.csv").write_text(table)
    config = write(
        DROPOUT.replace("{synthetic: {type: moons, examples: 60, noise: 0.2}}", "{path: table.csv, target: kind}")
    )
    run = train(config).run.resolve()
    monkeypatch.chdir("/")
    assert verify(run, interruptions=2).reproducible
    (workdir / "table.csv").write_text(table.replace("6,", "5,"))
    with pytest.raises(DataError, match="has changed since"):
        verify(run)


# Differences


def with_history(run: Path, lines: Iterable[dict[str, Any]]) -> None:
    (run / "history.jsonl").write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))


def history(run: Path) -> list[dict[str, Any]]:
    return [*RunDirectory(run).iter_history()]


def test_the_first_difference_of_the_history(write: Write) -> None:
    run = train(write(ADAM)).run
    lines = history(run)
    truth = lines[3]["validation.loss"]
    lines[3] = {**lines[3], "validation.loss": float(np.nextafter(truth, 1)), "validation.rmse": 0.0}
    lines[4] = {**lines[4], "learning_rate": 1.0}
    with_history(run, lines)
    report = verify(run)
    assert not report.reproducible
    assert report.difference == FirstDifference("history", 4, "validation.loss", float(np.nextafter(truth, 1)), truth)
    assert report.weights_sha256 == report.repeated_sha256


def test_a_history_of_other_values_and_one_that_is_written_otherwise(write: Write) -> None:
    run = train(write(ADAM)).run
    lines = history(run)
    with_history(run, [{**lines[0], "training.guess": 1.5}, *lines[1:]])
    assert verify(run).difference == FirstDifference("history", 1, "training.guess", 1.5, None)
    (run / "history.jsonl").write_text("".join(json.dumps(line, indent=None) + " \n" for line in lines))
    found = verify(run).difference
    assert found is not None
    assert (found.epoch, found.name) == (1, None)


def test_a_history_that_is_too_short(write: Write) -> None:
    run = train(write(ADAM)).run
    with_history(run, history(run)[:4])
    assert verify(run).difference == FirstDifference("history", 5, None, 4, EPOCHS_OF_ADAM)


def test_the_first_weight_that_differs(write: Write) -> None:
    run = train(write(ADAM)).run
    directory = RunDirectory(run)
    weights, result = directory.read_weights(), directory.read_result()
    weights["1.w"][2, 0] += 1e-12
    weights["1.w"][4, 0] = 0.0
    result["weights_sha256"] = directory.write_weights(weights)
    directory.write_result(result)
    directory.set_status("complete")
    report = verify(run)
    truth = weights["1.w"][2, 0]
    assert report.difference is not None
    assert (report.difference.where, report.difference.name) == ("weights", "1.w[2, 0]")
    assert report.difference.recorded == truth
    assert report.difference.repeated == pytest.approx(truth - 1e-12, abs=1e-15)
    assert report.weights_sha256 == result["weights_sha256"] != report.repeated_sha256


def test_what_may_be_behind_a_difference(write: Write) -> None:
    config = write(ADAM)
    run = interrupted(config, 12)
    resume(run, overrides=["optimizer.learning_rate=0.5"], force=True)
    change_environment(run, numpy="1.0")
    report = verify(run)
    assert not report.reproducible
    assert report.difference is not None
    assert report.difference.epoch == 1
    assert report.reasons == [
        "went on by --force in epoch 3: optimizer.learning_rate=0.5",
        f"NumPy was 1.0, now {np.__version__}",
    ]


def test_a_repetition_that_diverges_is_a_difference(write: Write) -> None:
    run = interrupted(write(ADAM.replace("adam,", "sgd,")), 12, ["optimizer.learning_rate=0.01"])
    resume(run)
    directory = RunDirectory(run)
    directory.write_config((run / "config.yaml").read_text().replace("learning_rate: 0.01", "learning_rate: 1.0e+200"))
    directory.set_status("complete")
    report = verify(run, interruptions=2)
    assert isinstance(report, Verification)
    assert not report.reproducible
    assert report.difference is not None
    assert report.difference.epoch == 1


# Refusals


def test_only_complete_runs_are_verified(write: Write) -> None:
    config = write(ADAM)
    run = interrupted(config, 12)
    only = "only a complete run can be verified, and"
    with pytest.raises(UserError) as refused:
        verify(run)
    assert str(refused.value) == (
        f"{only} {run.name} is not complete (interrupted); go on with: nntrain fit --resume interrupted/{run.name}"
    )
    RunDirectory(run).set_status("running")
    with pytest.raises(UserError, match=f"{only} {run.name} is still being trained"):
        verify(run)
    RunDirectory(run).set_status("diverged")
    with pytest.raises(UserError, match=f"{only} {run.name} diverged"):
        verify(run)
    board = nntrain.gridsearch(load_experiment(config), parameters={"optimizer.learning_rate": [0.1, 0.01]})
    with pytest.raises(UserError, match=f"{board.run.name} is a search, not a run of one network"):
        verify(board.run)


@pytest.mark.parametrize("interruptions", [0, 3])
def test_ctrl_c_leaves_the_run_as_it_is(write: Write, scratch: Path, interruptions: int) -> None:
    class Pressing(Heard):
        def epoch(self, record: EpochRecord) -> None:
            if record.epoch == 4:
                signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    run = train(write(ADAM)).run
    before = content(run)
    with pytest.raises(Interrupted) as stopped:
        verify(run, interruptions=interruptions, listener=Pressing())
    assert (str(stopped.value), stopped.value.exit_code) == (
        f"the verification was interrupted; {run.name} is as it was",
        130,
    )
    assert content(run) == before
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("number", [-1, 1.5, None, "auto", True])
def test_numbers_that_make_no_sense(number: Any) -> None:
    for name in ("interruptions", "seed"):
        with pytest.raises(UserError, match=rf"^{name} must be a whole number of at least 0, got "):
            verify("latest", **{name: number})
