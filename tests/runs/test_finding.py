"""What a run may be called: a path, a name, or latest."""

from pathlib import Path
from typing import Any

import pytest

from nntrain.errors import RunError, UserError
from nntrain.runs.finding import find_run
from nntrain.runs.listing import list_runs
from nntrain.runs.store import RunDirectory
from tests.run_directories import create_run


def test_by_path_and_by_name(run: RunDirectory, workdir: Path) -> None:
    for named in (run.path, str(run.path)):
        assert find_run(named).path == run.path
    assert find_run(run.name, runs_dir=run.path.parent).path == run.path


@pytest.mark.parametrize("latest", ["latest", Path("latest")])
def test_latest_is_the_run_that_was_started_last_whatever_it_is_called(latest: Path | str, workdir: Path) -> None:
    made = [create_run("runs", name).path for name in ("z", "m", "a")]
    damaged = create_run("runs", "b").path
    (damaged / "status.json").write_text("{")
    assert find_run(latest).path == made[-1]
    assert find_run(latest, runs_dir=workdir / "runs").path == workdir / made[-1]


def test_a_directory_that_is_called_latest_comes_first(workdir: Path) -> None:
    create_run("runs", "a")
    for place in (Path("runs", "latest"), Path("latest")):
        place.mkdir()
        (place / "config.yaml").write_text("")
        assert find_run("latest").path == place


@pytest.mark.parametrize("runs_dir", ["runs", "elsewhere"])
def test_no_run_is_the_latest(runs_dir: str, workdir: Path) -> None:
    with pytest.raises(UserError) as caught:
        find_run("latest", runs_dir=runs_dir)
    assert str(caught.value) == (f"there is no latest run: {runs_dir} has no runs; `nntrain fit CONFIG` makes one")
    assert not isinstance(caught.value, RunError)


def test_no_such_run(workdir: Path) -> None:
    with pytest.raises(RunError, match=r"^there is no run lates, neither as a path nor in runs: "):
        find_run("lates")


@pytest.mark.parametrize("value", [None, 3, b"runs", ["runs"], {}])
def test_what_is_no_path(value: Any, run: RunDirectory) -> None:
    with pytest.raises(UserError, match=r"^a run goes by its directory, its name or 'latest', got "):
        find_run(value)
    for function in (lambda: find_run(run.path, runs_dir=value), lambda: list_runs(value)):
        with pytest.raises(UserError, match=r"^runs_dir must be a path, got "):
            function()
