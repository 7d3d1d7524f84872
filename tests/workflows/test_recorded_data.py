"""environment.json has the checksum of what was trained on, and nothing goes on with other data."""

import json
import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import nntrain
from nntrain.assembly.data import Data
from nntrain.config import load_experiment
from nntrain.errors import DataError, Interrupted
from nntrain.runs import creation
from nntrain.runs.store import RunDirectory
from nntrain.workflows import fit, resume, searching, verify
from nntrain.workflows.again import recorded_data
from nntrain.workflows.points import point_data
from nntrain.workflows.run.interruption import Rehearsal
from tests.workflows.damage import CONFIG, TABLE, write_experiment


@pytest.fixture(autouse=True)
def experiment(workdir: Path) -> None:
    """A config and its table, in the current directory, and another table of the same columns."""
    write_experiment(workdir)
    lines = TABLE.splitlines()
    Path("other.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    assert Path("other.csv").read_text() != TABLE


def replace_table() -> None:
    shutil.copyfile("other.csv", "next.csv")
    os.replace("next.csv", "table.csv")


def before(monkeypatch: pytest.MonkeyPatch, home: object, name: str, change: Callable[[], object]) -> None:
    """Let something happen right before each call of a function."""
    original = getattr(home, name)

    def changed(*arguments: Any, **options: Any) -> Any:
        change()
        return original(*arguments, **options)

    monkeypatch.setattr(home, name, changed)


def recorded(run: Path) -> str:
    [found] = json.loads((run / "environment.json").read_text())["data"].values()
    return str(found)


def test_a_file_replaced_after_it_was_read_is_recorded_as_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        before(patch, creation, "Creation", replace_table)
        with pytest.raises(Interrupted):
            fit(load_experiment("small.yaml"), interruption=Rehearsal(3))
    [run] = Path("runs").iterdir()
    assert recorded(run) == sha256(TABLE.encode()).hexdigest()
    for go_on in (lambda: resume(run), lambda: nntrain.evaluate(run)):
        with pytest.raises(DataError, match=r"^table.csv has changed since .* was trained on it"):
            go_on()
    Path("table.csv").write_text(TABLE)
    resume(run)
    assert verify(run).reproducible


@pytest.mark.parametrize("what", [nntrain.evaluate, verify])
def test_what_is_compared_is_what_is_read(what: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is replaced at the last moment before it is read."""
    run = fit(load_experiment("small.yaml")).run
    before(monkeypatch, recorded_data, "Data", replace_table)
    with pytest.raises(DataError, match=r"^table.csv has changed since .* was trained on it"):
        what(run)


def test_a_changed_file_is_called_so_though_it_cannot_be_read_any_more() -> None:
    run = fit(load_experiment("small.yaml")).run
    Path("table.csv").write_text("quite,another\ntable\n")
    with pytest.raises(DataError, match=r"^table.csv has changed since .* was trained on it"):
        nntrain.evaluate(run)


def test_one_file_that_is_read_twice_must_stay_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    os.symlink("table.csv", "link.csv")
    Path("small.yaml").write_text(CONFIG.replace("path: table.csv", "path: table.csv, split: {test: {path: link.csv}}"))
    before(monkeypatch, Data, "_read_separate", replace_table)
    with pytest.raises(DataError, match=r"^link.csv has changed since it was read a first time"):
        fit(load_experiment("small.yaml"))
    assert not Path("runs").exists()


@pytest.mark.parametrize("change", [replace_table, lambda: Path("table.csv").unlink()])
def test_the_best_point_of_a_search_is_trained_on_the_data_of_the_search(
    change: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before(monkeypatch, searching.Search, "_refit", change)
    with pytest.raises(DataError, match=r"^the search is done, see runs/.*leaderboard.csv; its best point was not"):
        nntrain.gridsearch(load_experiment("small.yaml"), parameters={"optimizer.learning_rate": [0.1, 0.01]})
    [search] = Path("runs").iterdir()
    assert recorded(search) == sha256(TABLE.encode()).hexdigest()
    assert (search / "leaderboard.csv").is_file()
    assert json.loads((search / "status.json").read_text())["status"] == "complete"


def test_points_of_a_search_are_trained_on_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def second() -> None:
        calls.append(None)
        if len(calls) == 2:
            replace_table()

    before(monkeypatch, point_data, "Data", second)
    parameters = {"data.preprocess.numeric": ["none", "standard"]}
    with pytest.raises(DataError, match=r"^table.csv has changed since it was read a first time"):
        nntrain.gridsearch(load_experiment("small.yaml"), parameters=parameters)
    assert not Path("runs").exists()


def test_the_config_that_is_used_is_the_text_whose_checksum_was_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    run = fit(load_experiment("small.yaml")).run
    expected = nntrain.evaluate(run)
    original = RunDirectory.read_config

    def read_config(self: RunDirectory) -> str:
        text = original(self)
        (run / "config.yaml").write_text("nothing: at all\n")
        return text

    monkeypatch.setattr(RunDirectory, "read_config", read_config)
    assert nntrain.evaluate(run) == expected
