"""Damaged and hostile run directories: one clear message, no hang, little memory, and never a silently wrong score."""

import math
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import nntrain
from nntrain import workflows
from nntrain.errors import Interrupted, NntrainError
from nntrain.workflows.run.interruption import Rehearsal
from tests.end_to_end.mutations import EXECUTED, mutate

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes, devices, and limits on memory")

SECONDS = 2.0  # of this process's own time, which a busy machine does not lengthen
MEMORY = 500_000_000
PATIENCE = 30  # seconds of a clock, for what waits instead of computing

TABLE = "height,color,weight,kind\n" + "".join(
    f"{i % 7 + (2 if i % 3 else 0)}.5,{('red', 'green', 'blue')[i % 4 % 3]},{i * 37 % 11},{('a', 'b', 'c')[i % 3]}\n"
    for i in range(60)
)
OTHER_TABLE = TABLE.replace("red", "gray")
CLASSES = """\
name: classes
data: {path: table.csv, target: kind}
network: [{type: dense, units: 4, activation: tanh}, {type: dense, units: auto, activation: auto}]
optimizer: {type: adam, learning_rate: 0.05}
training: {epochs: 6, batch_size: 16, checkpoint: {every_epochs: 1}}
early_stopping: null
"""
VALUES = """\
name: values
data: {synthetic: {type: plane, examples: 40, noise: 0.1}, preprocess: {target: standard}}
network: [{type: dense, units: 3, activation: relu}, {type: dropout, rate: 0.1}, {type: dense, units: auto}]
optimizer: {type: sgd, momentum: 0.9, learning_rate: 0.05}
schedule: {type: plateau, patience: 2}
training: {epochs: 30, batch_size: 8, checkpoint: {every_epochs: 2}}
early_stopping: {monitor: validation.loss, patience: 2, min_delta: 0.5}
"""


@dataclass(frozen=True)
class Known:
    """A run as it was made, and what is true of it."""

    path: Path
    scores: dict[str, dict[str, float]]
    predictions: list[list[Any]] | None
    weights_sha256: str
    """Of the run when it is complete, however often it was interrupted."""


@dataclass
class Tally:
    """How often a reader answered, and how often it refused."""

    answered: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> list[Known]:
    """A complete run with and one without checkpoint, an interrupted one, and one of another seed."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "table.csv").write_text(TABLE)
    (folder / "other.csv").write_text(OTHER_TABLE)
    (folder / "classes.yaml").write_text(CLASSES)
    (folder / "values.yaml").write_text(VALUES)
    runs = folder / "runs"
    classes = _complete(folder, runs, "classes.yaml")
    values = _complete(folder, runs, "values.yaml")
    other_seed = _complete(folder, runs, "classes.yaml", "seed=1")
    return [classes, values, _interrupted(classes, folder), other_seed]


def _complete(folder: Path, runs: Path, config: str, *overrides: str) -> Known:
    result = nntrain.fit(nntrain.load_experiment(folder / config, overrides), runs_dir=runs)
    return Known(result.run, _scores(result.run), _predictions(result.run), result.weights_sha256)


def _interrupted(complete: Known, folder: Path) -> Known:
    """A run like `complete`, stopped within its fourth epoch, with both of its checkpoints."""
    run = folder / "runs" / "classes-interrupted"
    (folder / "short.yaml").write_text(CLASSES.replace("epochs: 6", "epochs: 1"))
    short = nntrain.fit(nntrain.load_experiment(folder / "short.yaml"), runs_dir=folder / "runs").run
    short.rename(run)
    with pytest.raises(Interrupted):
        workflows.resume(run, overrides=["training.epochs=6"], interruption=Rehearsal(8))
    assert {"checkpoint.npz", "checkpoint.previous.npz"} <= {path.name for path in run.iterdir()}
    return Known(run, _scores(run), _predictions(run), complete.weights_sha256)


def _scores(run: Path) -> dict[str, dict[str, float]]:
    return {split: nntrain.evaluate(run, split=split) for split in ("training", "validation", "test")}


def _predictions(run: Path) -> list[list[Any]] | None:
    table = run.parent.parent / "table.csv"
    return list(nntrain.workflows.predict(run, table).rows) if "classes" in run.name else None


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Whatever waits for a pipe or reads without end is interrupted."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"nothing came for {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, give_up)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@contextmanager
def limits() -> Iterator[None]:
    """Bound memory and time of what is inside."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + MEMORY, hard))
    signal.alarm(PATIENCE)
    started = time.process_time()
    try:
        yield
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    assert time.process_time() - started < SECONDS


def fuzz(cases: range, known: list[Known], scratch: Path) -> Tally:
    """Run the cases: each is a copy of a known run, mutated, that every reader meets."""
    tally = Tally()
    for case in cases:
        rng = random.Random(case)  # noqa: S311
        original = rng.choice(known[:3])
        run = original.path.with_name("mutated")
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(original.path, run)
        done, hidden = mutate(run, rng, [each.path for each in known])
        try:
            _meet(run, rng, original, known, hidden, tally)
        except BaseException as error:
            shutil.copytree(run, scratch / "failed", ignore=_nothing_special)
            text = "".join(traceback.format_exception(error))
            pytest.fail(f"case {case}: {original.path.name}, {done}, checksums fit: {hidden}\n{text}")
    assert EXECUTED == []
    return tally


def _nothing_special(folder: str, names: list[str]) -> list[str]:
    """What of a run directory is not copied: pipes, devices and giants."""
    paths = [Path(folder, name) for name in names]
    return [path.name for path in paths if not path.is_file() or path.stat().st_size > 1 << 24]


def _meet(run: Path, rng: random.Random, original: Known, known: list[Known], hidden: bool, tally: Tally) -> None:
    split = rng.choice(("training", "validation", "test"))
    scores = _answer("evaluate", lambda: nntrain.evaluate(run, split=split), tally)
    if scores is not None:
        # Files of another run whose checksums were made to fit may make that run of it.
        true = [each.scores[split] for each in (known if hidden else [original])]
        assert any(_same(scores, each) for each in true), (scores, original.scores[split])
    if original.predictions is not None:
        table = run.parent.parent / "table.csv"
        rows = _answer("predict", lambda: list(workflows.predict(run, table).rows), tally)
        assert rows is None or hidden or rows == original.predictions
    summaries = _answer("list", lambda: nntrain.list_runs(run.parent), tally)
    assert summaries is not None
    assert [summary.status for summary in summaries if summary.name == run.name]
    if rng.random() < 0.5:
        resumed = _answer("resume", lambda: workflows.resume(run), tally)
        assert resumed is None or hidden or resumed.weights_sha256 == original.weights_sha256
    elif rng.random() < 0.2:
        _answer("verify", lambda: workflows.verify(run), tally)


def _same(scores: dict[str, float], true: dict[str, float]) -> bool:
    return scores.keys() == true.keys() and math.isclose(scores["loss"], true["loss"], rel_tol=1e-3, abs_tol=1e-5)


def _answer(name: str, read: Callable[[], Any], tally: Tally) -> Any:
    """What a reader says, or None where it refuses; anything but a refusal for the user passes through."""
    try:
        with limits():
            answer = read()
    except NntrainError as refusal:
        said, code = str(refusal), refusal.exit_code
    else:
        tally.answered[name] = tally.answered.get(name, 0) + 1
        return answer
    assert code in (2, 3, 4)
    assert said.strip()
    assert len(said) < 10_000
    assert all(character.isprintable() or character == "\n" for character in said), repr(said)
    tally.refused[name] = tally.refused.get(name, 0) + 1
    return None


def test_damaged_runs_are_refused(known: list[Known], tmp_path: Path) -> None:
    tally = fuzz(range(300), known, tmp_path)
    # The readers were reached: some changes do no harm, most do.
    for name in ("evaluate", "predict", "resume"):
        assert tally.answered[name] >= 10
        assert tally.refused[name] >= 50


@pytest.mark.exhaustive
def test_two_thousand_damaged_runs_are_refused(known: list[Known], tmp_path: Path) -> None:
    fuzz(range(300, 2000), known, tmp_path)
