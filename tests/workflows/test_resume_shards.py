"""What runs of several shards and threads go on with, and those of an nntrain that knew no shards."""

from pathlib import Path

import pytest

from nntrain.runs.store import RunDirectory
from nntrain.workflows import resume
from nntrain.workflows.again import continuity
from tests.workflows.conftest import ADAM, EPOCHS_OF_ADAM, Write, interrupted, train
from tests.workflows.test_resume import refusal


@pytest.mark.parametrize("shards", [1, 3])
def test_threads_are_execution(write: Write, shards: int) -> None:
    """A run goes on with as many as one likes, and ends with the same weights."""
    config = write(ADAM + f"\nruntime: {{shards: {shards}, threads: 1}}\n")
    run = interrupted(config, 12)
    assert RunDirectory(run).read_environment()["shards"] == shards
    assert resume(run, overrides=["runtime.threads=3"]).weights_sha256 == train(config).weights_sha256


def test_shards_are_arithmetic(write: Write) -> None:
    run = interrupted(write(ADAM), 12)
    assert RunDirectory(run).read_environment()["shards"] == 1
    assert "shards: 1" in RunDirectory(run).read_config()
    assert refusal(run, "runtime.shards=2", force=True) == (
        f"{run.name} cannot go on with runtime.shards=2: that is another network or another training; "
        "start a new run for it"
    )


def of_an_earlier_nntrain(run: Path, threads: int) -> None:
    """Make a run one that knew no shards."""
    directory = RunDirectory(run)
    known = directory.read_environment()
    del known["shards"]
    directory.write_environment({**known, "threads": threads})
    config = directory.read_config()
    assert config.count("  shards: 1\n") == 1
    directory.write_config(config.replace("  shards: 1\n", ""))


def test_a_run_that_knew_no_shards_goes_on_in_one(write: Write) -> None:
    config = write(ADAM)
    run = interrupted(config, 12)
    of_an_earlier_nntrain(run, 1)
    assert resume(run).weights_sha256 == train(config).weights_sha256


def test_a_run_whose_products_were_not_cut_goes_on_as_it_was(write: Write) -> None:
    """On however many threads: those of a small network never were."""
    config = write(ADAM)
    run = interrupted(config, 12)
    of_an_earlier_nntrain(run, 2)
    assert resume(run).weights_sha256 == train(config).weights_sha256


def test_a_run_whose_products_were_cut_needs_force(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    run = interrupted(write(ADAM), 12)
    of_an_earlier_nntrain(run, 2)
    monkeypatch.setattr(continuity, "_CUT_FROM", 1)
    assert "large products were cut into 2 parts, now they are whole" in refusal(run)
    assert resume(run, force=True).epochs == EPOCHS_OF_ADAM
