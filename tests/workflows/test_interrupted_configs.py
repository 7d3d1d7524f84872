"""All that a run writes and says is equal after interruptions, whatever its config: tried over random ones.

Their rates are such that many of them diverge or show symptoms. The steps between snapshots are few, so that they
matter in small trainings.
"""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.config import load_experiment
from nntrain.diagnosis import snapshots
from nntrain.errors import DivergedError, Interrupted, UserError
from nntrain.train.records import EpochRecord
from nntrain.workflows import FitResult, Listener, fit, resume
from nntrain.workflows.run.interruption import Rehearsal

DATA: list[dict[str, Any]] = [
    {"synthetic": {"type": "moons", "examples": 40, "noise": 0.2}},
    {"synthetic": {"type": "gaussians", "examples": 45, "classes": 3, "noise": 0.2}},
    {"synthetic": {"type": "plane", "examples": 36, "noise": 0.1}, "preprocess": {"target": "standard"}},
    {"path": "wild.csv", "target": "y", "task": "regression", "preprocess": {"numeric": "none"}},
    {"path": "wild.csv", "target": "y", "task": "regression", "preprocess": {"numeric": "standard"}},
]


class Said(Listener):
    """What was said; with `copies` the run as it is on disk at that moment is copied there after an epoch."""

    def __init__(self, copies: Path | None = None, after: int = 0) -> None:
        self.warnings: list[str] = []
        self._copies, self._after = copies, after

    def epoch(self, record: EpochRecord) -> None:
        if self._copies is not None and record.epoch == self._after:
            [run] = Path("runs").iterdir()
            shutil.copytree(run, self._copies / run.name)

    def warned(self, message: str) -> None:
        if not message.startswith("there is no checkpoint yet"):
            self.warnings.append(message)


def write_wild_table() -> None:
    """Numbers of many sizes, with a row far from the others."""
    rng = np.random.default_rng(3)
    rows = [[f"{value:.4g}" for value in rng.normal(0, 3, 3)] for _ in range(40)]
    rows[25] = ["3e12", "-2e12", "7"]
    Path("wild.csv").write_text("\n".join(["a,b,y", *map(",".join, rows)]) + "\n")


def random_config(rng: random.Random) -> dict[str, Any]:
    """A config that can be trained."""
    hidden: list[dict[str, Any]] = []
    for _ in range(rng.randint(0, 3)):
        activation = rng.choice(["relu", "tanh", "sigmoid", "leaky_relu", None])
        hidden.append({"type": "dense", "units": rng.randint(1, 6)})
        if activation is not None:
            hidden[-1]["activation"] = activation
        if rng.random() < 0.4:
            hidden[-1]["initializer"] = {"type": "normal", "std": 10 ** rng.uniform(-6, 6)}
        if rng.random() < 0.3:
            hidden.append({"type": "dropout", "rate": 0.3})
    optimizer: dict[str, Any] = {"type": rng.choice(["sgd", "sgd", "adam", "adamw", "rmsprop", "adagrad"])}
    optimizer["learning_rate"] = 10 ** rng.uniform(-3, 6 if optimizer["type"] == "sgd" else 25)
    if optimizer["type"] == "sgd" and rng.random() < 0.5:
        optimizer["momentum"] = 0.9
    epochs = rng.randint(1, 14)
    config: dict[str, Any] = {
        "name": "random",
        "seed": rng.randint(0, 99),
        "dtype": rng.choice(["float32", "float64"]),
        "data": rng.choice(DATA),
        "network": [*hidden, {"type": "dense", "units": "auto", "activation": "auto"}],
        "optimizer": optimizer,
        "training": {"epochs": epochs, "batch_size": rng.choice([1, 3, 8, "full"]), "shuffle": rng.random() < 0.8},
    }
    schedules = [
        {"type": "step", "every": 2, "factor": 0.5},
        {"type": "plateau", "patience": 1, "factor": 0.5},
        "cosine",
    ]
    if rng.random() < 0.5:
        config["schedule"] = rng.choice(schedules)
    if rng.random() < 0.4:
        config["regularization"] = rng.choice([{"clip_norm": 1.0}, {"l2": 0.01}, {"l1": 0.01, "max_norm": 2.0}])
    if rng.random() < 0.6:
        monitor = rng.choice(["training.loss", "validation.loss"])
        restore = rng.random() < 0.5
        config["early_stopping"] = {"monitor": monitor, "patience": rng.randint(1, 6), "restore_best": restore}
    if rng.random() < 0.6:
        config["training"]["checkpoint"] = {"every_epochs": rng.randint(1, 3)}
    return config


def left(run: Path) -> dict[str, Any]:
    """Everything in a run directory but times, and what tells one run from another.

    Which checkpoints a run that diverged has left depends on when they were saved.
    """
    found: dict[str, Any] = {}
    diverged = (run / "divergence.json").exists()
    for path in sorted(run.iterdir()):
        if diverged and path.name.startswith("checkpoint."):
            continue
        if path.suffix == ".npz":
            with np.load(path) as archive:
                arrays = {name: archive[name] for name in archive.files}
            numbers = json.loads(arrays.pop("numbers").tobytes()) if "numbers" in arrays else {}
            for name in ("seconds", "run"):
                numbers.pop(name, None)
            found[path.name] = numbers, {n: (a.dtype.str, a.shape, a.tobytes()) for n, a in arrays.items()}
        elif path.name in ("result.json", "environment.json", "status.json"):
            content = json.loads(path.read_text())
            for name in ("seconds", "started", "updated", "pid", "process_started", "sha256"):
                content.pop(name, None)
            found[path.name] = content
        elif path.name != "lock":
            found[path.name] = path.read_bytes()
    return found


def ending(run: Path, end: FitResult | UserError | DivergedError) -> object:
    """What the caller is told, without the run's path and times."""
    if not isinstance(end, FitResult):
        return type(end).__name__, str(end).replace(str(run), "RUN")
    said = vars(end) | {"run": None, "seconds": None, "longer": str(end.longer).replace(str(run), "RUN")}
    return repr(said)


def trained(config: dict[str, Any], said: Said) -> tuple[FitResult | DivergedError, Path]:
    """An end without interruption, and the run."""
    end: FitResult | DivergedError
    try:
        end = fit(load_experiment(config), listener=said)
    except DivergedError as diverged:
        end = diverged
    [run] = Path("runs").iterdir()
    return end, run


def gone_on(run: Path, said: Said, interruption: Rehearsal | None = None) -> FitResult | DivergedError | None:
    """How a run ends that goes on, or None if it is interrupted again."""
    try:
        return resume(run, listener=said, interruption=interruption)
    except DivergedError as diverged:
        return diverged
    except Interrupted:
        return None


def interrupted(config: dict[str, Any], batches: int) -> Path | None:
    """A run that was interrupted after so many batches, or None if it was over before."""
    try:
        fit(load_experiment(config), runs_dir="stopped", interruption=Rehearsal(batches))
    except (Interrupted, DivergedError) as end:
        [run] = Path("stopped").iterdir()
        return run if isinstance(end, Interrupted) else None
    return None


def check(seed: int) -> str:
    """Compare a training with one that was interrupted by requests, and one that was killed; returns how it ended."""
    rng = random.Random(seed)  # noqa: S311
    config = random_config(rng)
    kill = rng.randint(1, config["training"]["epochs"])
    whole = Said(Path("killed"), kill)
    try:
        end, run = trained(config, whole)
    except UserError as refused:  # not every setting suits the others
        return type(refused).__name__
    expected, told = left(run), ending(run, end)
    stopped = interrupted(config, rng.randint(1, 60))
    for other in (stopped, Path("killed", run.name) if Path("killed").is_dir() else None):
        if other is None:
            continue
        result, said = None, Said()
        for gap in (rng.randint(1, 9), None):
            said = Said()
            result = gone_on(other, said, Rehearsal(gap))
            if result is not None:
                break
        assert result is not None
        assert ending(other, result) == told
        assert said.warnings == whole.warnings
        found = left(other)
        assert found.keys() == expected.keys()
        for name, content in expected.items():
            assert found[name] == content, name
    return end.stop_reason if isinstance(end, FitResult) else "diverged"


def check_many(seeds: range, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`check` for each seed, in a folder of its own."""
    ends = []
    for seed in seeds:
        inside = folder / str(seed)
        inside.mkdir()
        monkeypatch.chdir(inside)
        write_wild_table()
        try:
            ends.append(check(seed))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
        shutil.rmtree(inside)
    return ends


@pytest.mark.parametrize("part", range(2))
def test_random_configs_end_as_without_interruption(part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "SPACING", 7)
    ends = check_many(range(20 * part, 20 * part + 20), tmp_path, monkeypatch)
    assert {"diverged", "all epochs done"} <= set(ends)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(20))
def test_many_random_configs_end_as_without_interruption(
    part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "SPACING", 1 + 3 * part)
    ends = check_many(range(1000 + 25 * part, 1025 + 25 * part), tmp_path, monkeypatch)
    assert {"diverged", "all epochs done"} <= set(ends)
