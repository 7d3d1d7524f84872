"""A training that is killed at any moment, again and again, ends as if nothing had been."""

import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import nntrain
from tests.end_to_end.command import Command, lines_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")

# Both train for some two seconds, with a checkpoint several times in an epoch.
DROPOUT_AND_EARLY_STOPPING = """\
name: victim
data: {synthetic: {type: moons, examples: 2400, noise: 0.3}}
network:
  - {type: dense, units: 24, activation: relu}
  - {type: dropout, rate: 0.2}
  - {type: dense, units: 16, activation: tanh}
  - {type: dense, units: auto, activation: auto}
optimizer: {type: sgd, learning_rate: 0.03, momentum: 0.9}
schedule: {type: plateau, factor: 0.5, patience: 3}
regularization: {l2: 1.0e-5, clip_norm: 5.0}
training: {epochs: 200, batch_size: 8, checkpoint: {every_epochs: 1, every_seconds: 0.01}}
early_stopping: {monitor: validation.loss, patience: 30, min_delta: 0.0}
"""
ADAM = """\
name: victim
data: {synthetic: {type: spiral, examples: 2400, noise: 0.1}}
network:
  - {type: dense, units: 32, activation: tanh}
  - {type: dense, units: auto, activation: auto}
optimizer: {type: adam, learning_rate: 0.01}
schedule: {type: inverse_time, decay: 0.05, constant_epochs: 5}
training: {epochs: 60, batch_size: 8, checkpoint: {every_epochs: 1, every_seconds: 0.01}}
early_stopping: null
"""
EXPERIMENTS = pytest.mark.parametrize("text", [DROPOUT_AND_EARLY_STOPPING, ADAM], ids=["dropout", "adam"])


@dataclass(frozen=True)
class Left:
    """What a complete run leaves, but for times."""

    weights: bytes
    weights_sha256: str
    history: bytes
    result: dict[str, object]
    files: frozenset[str]


def left(directory: Path) -> Left:
    result = json.loads((directory / "result.json").read_text())
    del result["seconds"]
    # Killed after the run was marked complete: these are yet to be removed, and do no harm.
    names = {path.name for path in directory.iterdir()} - {"lock", "checkpoint.npz", "checkpoint.previous.npz"}
    return Left(
        (directory / "weights.npz").read_bytes(),
        result["weights_sha256"],
        (directory / "history.jsonl").read_bytes(),
        result,
        frozenset(names),
    )


@dataclass(frozen=True)
class Moment:
    """When to kill: once the history has so many lines, or at once if None, and after some further seconds."""

    lines: int | None
    seconds: float


def moments(count: int, epochs: int, rng: random.Random) -> Iterator[Moment]:
    """Moments spread over a training of so many epochs: while it starts, while it trains and while it ends.

    At the end the files are written that close the run, which takes but a few milliseconds.
    """
    starting, ending = count // 5, count // 5
    training = count - starting - ending
    lines = sorted(rng.randrange(epochs) for _ in range(training))
    spread = [Moment(number, rng.uniform(0, 0.03)) for number in lines]
    for _ in range(starting):  # the first of all kills hits a start, and others any of the resumptions
        spread.insert(rng.randrange(len(spread) // 2), Moment(None, rng.uniform(0, 0.6)))
    yield from spread
    yield from (Moment(epochs, rng.uniform(0, 0.02)) for _ in range(ending))


class Victim:
    """A training that somebody kills and resumes."""

    def __init__(self, cwd: Path, program: str) -> None:
        self.cwd, self.runs, self.program = cwd, cwd / "runs", program
        self.kills = 0

    def directory(self) -> Path | None:
        """The run in progress: the last one whose training has begun."""
        begun = [run for run in nntrain.list_runs(self.runs) if (run.path / "environment.json").exists()]
        return begun[-1].path if begun and begun[-1].status != "complete" else None

    def start(self) -> Command:
        directory = self.directory()
        what = ["victim.yaml"] if directory is None else ["--resume", directory]
        return Command("fit", *what, "-q", cwd=self.cwd, program=self.program)

    def live(self, moment: Moment) -> None:
        """Start or resume, and kill at this moment, unless the end comes first."""
        directory = self.directory()
        before = _checkpoint(directory)
        command = self.start()

        def has_come() -> bool:
            if moment.lines is None:
                return True
            found = directory or self.directory()
            trains = found is not None and _checkpoint(found) not in (before, None)
            return found is not None and trains and lines_of(found / "history.jsonl") >= moment.lines

        if command.wait_until(has_come):
            time.sleep(moment.seconds)
        if command.kill():
            self.kills += 1
        else:
            assert command.process.returncode == 0, command.printed
        statuses = {run.status for run in nntrain.list_runs(self.runs)}
        assert statuses <= {"interrupted", "complete"}

    def finish(self) -> None:
        """Let the run in progress, or a new one, end by itself."""
        command = self.start()
        assert command.end() == 0, command.printed


def _checkpoint(directory: Path | None) -> int | None:
    """What tells one checkpoint from the next; None if there is none."""
    try:
        return None if directory is None else (directory / "checkpoint.npz").stat().st_ino
    except FileNotFoundError:
        return None


def kill_and_resume(tmp_path: Path, text: str, kills: int, seed: int, program: str = "nntrain") -> None:
    config = tmp_path / "victim.yaml"
    config.write_text(text)
    undisturbed = nntrain.fit(nntrain.load_experiment(config), runs_dir=tmp_path / "undisturbed")
    victim, rng = Victim(tmp_path, program), random.Random(seed)  # noqa: S311
    while victim.kills < kills:  # an end that came before its kill: another training takes the rest
        for moment in moments(kills - victim.kills, undisturbed.epochs, rng):
            victim.live(moment)
    if victim.directory() is not None:
        victim.finish()
    complete = [run for run in nntrain.list_runs(victim.runs) if run.status == "complete"]
    assert complete
    for summary in complete:
        assert left(summary.path) == left(undisturbed.run)
        scores = nntrain.evaluate(summary.path)
        assert {name: scores[name] for name in undisturbed.metrics["test"]} == undisturbed.metrics["test"]


@EXPERIMENTS
def test_killed_25_times(tmp_path: Path, text: str) -> None:
    kill_and_resume(tmp_path, text, kills=25, seed=3)


@pytest.mark.exhaustive
@EXPERIMENTS
def test_killed_another_200_times(tmp_path: Path, text: str) -> None:
    """Half of them in each of the two."""
    kill_and_resume(tmp_path, text, kills=100, seed=7)
