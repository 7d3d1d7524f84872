"""A command line whose work is done by stand-ins: what the commands print is under test here, not the training."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import nntrain
import nntrain.cli.progress  # before nntrain.workflows, which it needs, is replaced by a stand-in
import nntrain.workflows.evaluating  # likewise: predict asks it for the data of a run
from nntrain.cli.app import app
from nntrain.train.records import EpochRecord
from nntrain.workflows.listener import FitInfo
from nntrain.workflows.results import FitResult

RUN = Path("runs", "iris-20261120-084900-3f9a")
Invoke = Callable[..., Result]


def fit_info(epochs: int = 40) -> FitInfo:
    """What a workflow says before it trains."""
    return FitInfo("iris", RUN, epochs, 90, 30, 30, batch_size=16, parameters=131, monitor="validation.loss")


def fit_result() -> FitResult:
    """What a workflow answers after it has trained; one score is undefined."""
    metrics = {
        "training": {"loss": 0.0512, "accuracy": 0.9889},
        "validation": {"loss": 0.07, "accuracy": math.nan},
        "test": {"loss": 0.081, "accuracy": 0.9667},
    }
    baseline = {
        "training": {"loss": 1.0986, "accuracy": 0.3333},
        "validation": {"loss": 1.0986, "accuracy": 0.3333},
        "test": {"loss": 1.0986, "accuracy": 0.3},
    }
    return FitResult(RUN, metrics, 54, 74, "early stopping", 0.42, "ab" * 32, 131, baseline=baseline)


def record(epoch: int, **values: float) -> EpochRecord:
    """An epoch of a single network; in the names of its values a double underscore stands for the dot."""
    columns = {name.replace("__", "."): np.array([value]) for name, value in values.items()}
    return EpochRecord(epoch, np.array([0]), columns, seconds=0.01, examples=90)


@pytest.fixture
def workflows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stands in for nntrain.workflows; a test sets the functions that its command calls."""
    module = ModuleType("nntrain.workflows")
    monkeypatch.setitem(sys.modules, "nntrain.workflows", module)
    monkeypatch.setattr(nntrain, "workflows", module, raising=False)
    return module


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stands in for nntrain.config: an experiment is the pair of its path and its overrides."""
    module = ModuleType("nntrain.config")
    vars(module)["load_experiment"] = lambda path, overrides=(): (path, list(overrides))
    monkeypatch.setitem(sys.modules, "nntrain.config", module)
    monkeypatch.setattr(nntrain, "config", module, raising=False)
    return module


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command line in this process, on a wide terminal: invoke("fit", "iris.yaml")."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(app, list(arguments), prog_name="nntrain", **options)

    return call


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A directory that looks like a run."""
    path = tmp_path / "runs" / RUN.name
    path.mkdir(parents=True)
    (path / "config.yaml").write_text("name: iris\n")
    return path


def command_names() -> list[str]:
    """All commands of the program."""
    return list(get_command(app).commands)  # type: ignore[attr-defined]


def lines(text: str) -> list[str]:
    """The lines of a table without empty ones and the spaces at their ends."""
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def answer(module: ModuleType, name: str, value: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Let the workflow of this name return the value; returns the list of the calls to come."""
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def workflow(*arguments: Any, **options: Any) -> Any:
        calls.append((arguments, options))
        return value(options) if callable(value) else value

    vars(module)[name] = workflow
    return calls
