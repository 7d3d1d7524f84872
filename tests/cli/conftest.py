"""A command line whose work is done by stand-ins: what the commands print is under test here, not the training."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import nntrain
import nntrain.cli.progress  # before nntrain.workflows, which it needs, is replaced by a stand-in
from nntrain.cli.app import app

Invoke = Callable[..., Result]


@dataclass(frozen=True)
class FitInfo:
    """As nntrain.workflows.FitInfo."""

    name: str = "iris"
    run: Path = Path("runs/iris-20261120-084900-3f9a")
    epochs: int = 40
    training: int = 90
    validation: int = 30
    test: int = 30
    batch_size: int = 16
    parameters: int = 131
    monitor: str | None = "validation.loss"
    members: int = 1


@dataclass(frozen=True)
class FitResult:
    """As nntrain.workflows.FitResult."""

    run: Path = Path("runs/iris-20261120-084900-3f9a")
    metrics: dict[str, dict[str, float]] = field(
        default_factory=lambda: {
            "training": {"loss": 0.0512, "accuracy": 0.9889},
            "validation": {"loss": 0.07, "accuracy": float("nan")},
            "test": {"loss": 0.081, "accuracy": 0.9667},
        }
    )
    best_epoch: int = 54
    epochs: int = 74
    stop_reason: str = "early stopping"
    seconds: float = 0.42
    weights_sha256: str = "ab" * 32
    parameters: int = 131
    warnings: tuple[str, ...] = ()


def record(epoch: int, members: int = 1, **values: float) -> Any:
    """An EpochRecord in which every member has the same values (a double underscore stands for the dot)."""
    columns = {name.replace("__", "."): np.full(members, value) for name, value in values.items()}
    return SimpleNamespace(epoch=epoch, members=np.arange(members), values=columns, seconds=0.01, examples=90)


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
def invoke() -> Invoke:
    """Run a command line in this process: invoke("fit", "iris.yaml")."""

    def call(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(app, list(arguments), prog_name="nntrain", **options)

    return call


def command_names() -> list[str]:
    """All commands of the program."""
    return list(get_command(app).commands)  # type: ignore[attr-defined]
