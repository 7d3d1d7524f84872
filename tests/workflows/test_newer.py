"""What a newer nntrain wrote is refused in the same words, whichever command meets it first."""

from collections.abc import Callable
from pathlib import Path

import pytest

import nntrain
from nntrain import workflows
from nntrain.config import load_experiment
from nntrain.config.migrate import migrate
from nntrain.errors import ConfigError, RunError
from nntrain.runs.store import RunDirectory
from tests.experiments import CLASSES, load

SAID = "{kind} {number} is that of a newer nntrain"
TO_DO = "this nntrain reads {kind}s up to 1: use the nntrain that wrote it, or a later one"

OF_RUNS: dict[str, Callable[[Path], object]] = {
    "eval": nntrain.evaluate,
    "load_run": nntrain.load_run,
    "predict": lambda run: workflows.predict(run, "rows.csv"),
    "verify": workflows.verify,
    "fit --resume": workflows.resume,
}


@pytest.fixture
def run(workdir: Path) -> Path:
    """A finished run."""
    return nntrain.fit(load(CLASSES), runs_dir="runs").run


@pytest.mark.parametrize("read", [load_experiment, migrate], ids=["check, fit and gridsearch", "migrate"])
def test_a_config(workdir: Path, read: Callable[[str], object]) -> None:
    Path("new.yaml").write_text(f"version: 3\n{CLASSES}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read("new.yaml")
    assert str(caught.value) == (
        f"new.yaml:1:10: {SAID.format(kind='version', number=3)}\n"
        "    1 | version: 3\n"
        f"      |          ^ {TO_DO.format(kind='version')}\n"
        "1 error in new.yaml"
    )


@pytest.mark.parametrize("command", OF_RUNS)
def test_a_run_directory(run: Path, command: str) -> None:
    status = run / "status.json"
    status.write_text(status.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(RunError) as caught:
        OF_RUNS[command](run)
    assert str(caught.value) == (
        f"{status} cannot be read: {SAID.format(kind='format', number=2)}\n  {TO_DO.format(kind='format')}"
    )


@pytest.mark.parametrize("command", OF_RUNS)
def test_the_config_in_a_run_directory(run: Path, command: str) -> None:
    directory = RunDirectory(run)
    directory.write_config(directory.read_config().replace("version: 1", "version: 2"))
    directory.set_status("complete")
    with pytest.raises(RunError) as caught:
        OF_RUNS[command](run)
    assert str(caught.value) == (
        f"{run / 'config.yaml'} cannot be read: {SAID.format(kind='version', number=2)}\n"
        f"  {TO_DO.format(kind='version')}"
    )


def test_a_list_of_runs_says_so_too(run: Path) -> None:
    status = run / "status.json"
    status.write_text(status.read_text().replace('"format": 1', '"format": 2'))
    [summary] = nntrain.list_runs("runs")
    assert summary.status == "damaged"
    assert summary.problem is not None
    assert SAID.format(kind="format", number=2) in summary.problem


def test_nobody_is_told_to_upgrade_from_an_index() -> None:
    """There is no package of this name there that could be upgraded."""
    root = Path(nntrain.__file__).parent
    for folder in (root, root.parent / "docs", root.parent / "configs"):
        for path in folder.rglob("*"):
            if path.suffix in (".py", ".md", ".yaml"):
                assert "--upgrade nntrain" not in path.read_text(encoding="utf-8"), path
