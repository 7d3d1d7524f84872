"""Directories without a network to use: each says what it is, what became of it, and something to do that works."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import nntrain
from nntrain import workflows
from nntrain.cli.app import app
from nntrain.errors import DivergedError, Interrupted, NntrainError, RunError, UserError
from nntrain.runs.store import RunDirectory
from nntrain.train.records import EpochRecord
from nntrain.workflows import FitInfo, Leaderboard, Listener
from nntrain.workflows.run.interruption import Rehearsal
from tests.experiments import BINARY, CLASSES, load
from tests.run_directories import create_run

RATES: dict[str, Any] = {"optimizer.learning_rate": [0.1, 0.01], "network.0.units": [2, 4]}


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


# How a network is asked for, and whether of any directory or of runs only.
USES: dict[str, Callable[[Path], object]] = {
    "eval": nntrain.evaluate,
    "predict": lambda run: workflows.predict(run, "rows.csv"),
    "load_run": nntrain.load_run,
}
GOES_ON: dict[str, Callable[[Path], object]] = {"fit --resume": workflows.resume, "verify": workflows.verify}


def refusal(use: Callable[[Path], object], run: Path, kind: type[NntrainError]) -> str:
    with pytest.raises(kind) as caught:
        use(run)
    return str(caught.value)


def nntrain_says(line: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line."""
    ended = CliRunner().invoke(app, shlex.split(line)[1:], prog_name="nntrain")
    return ended.exit_code, ended.stdout, ended.stderr


def in_the_hands_of(run: Path, pid: int, *, started: str | None = None) -> None:
    """Let status.json name another process."""
    status = json.loads((run / "status.json").read_text())
    status.update(pid=pid, process_started=started, updated="2026-11-20T09:59:44.123+01:00")
    (run / "status.json").write_text(json.dumps(status))


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def alive() -> int:
    """The number of a process that has not, and is not this one."""
    return 1


SINCE = "process 1 since 2026-11-20 09:59:44+01:00"


# A run


def training(alive: int) -> Path:
    """A run whose training has begun, and goes on in another process."""
    with pytest.raises(Interrupted):
        nntrain.fit(load(CLASSES), interruption=Rehearsal(3), runs_dir="runs")
    [run] = Path("runs").glob("a-*")
    directory = RunDirectory(run)
    for name in ("weights.npz", "result.json", "checkpoint.npz"):
        directory.remove(name)
    directory.set_status("running")
    in_the_hands_of(run, alive)
    return run


def test_a_run_that_is_still_trained(alive: int) -> None:
    run = training(alive)
    said = f"{run.name} is still being trained, by {SINCE}: wait for it"
    for use in USES.values():
        assert refusal(use, run, RunError) == said
    assert refusal(workflows.verify, run, UserError) == f"only a complete run can be verified, and {said}"
    older = nntrain.fit(load(CLASSES, name="older.yaml")).run
    assert refusal(nntrain.evaluate, run, RunError) == f"{said}, or use the newest complete run, {older}"


def test_the_latest_one_is_that_run(alive: int) -> None:
    older = nntrain.fit(load(CLASSES, name="older.yaml")).run
    run = training(alive)
    assert nntrain_says("nntrain eval latest") == (
        4,
        "",
        f"{run.name} is still being trained, by {SINCE}: wait for it, or use the newest complete run, {older}\n",
    )
    assert nntrain_says(f"nntrain eval {older}")[0] == 0


def test_a_run_that_was_killed_can_go_on(dead: int) -> None:
    run = training(dead)
    said = refusal(nntrain.evaluate, run, RunError)
    assert said == (
        f"{run}/weights.npz is missing\n  the run was not finished: `nntrain fit --resume {run}` goes on with it"
    )
    [command] = re.findall(r"`(.*)`", said)
    assert nntrain_says(f"{command} -q")[0] == 0
    assert nntrain.evaluate(run)


@pytest.mark.parametrize("use", [*USES, *GOES_ON])
def test_a_run_that_was_killed_before_its_training_began(dead: int, use: str) -> None:
    run = create_run("runs", "small").path
    in_the_hands_of(run, dead)
    purpose = "to use" if use in USES else "to go on with"
    assert refusal((USES | GOES_ON)[use], run, RunError) == (
        f"{run.name} was killed before its training began, so there is nothing {purpose}: start it again with nntrain "
        "fit; its directory can be deleted"
    )


def test_a_run_that_diverged_is_trained_again_rather_than_resumed() -> None:
    """Its checkpoint is whole, but it would diverge again."""
    text = BINARY.replace("tanh", "relu") + "optimizer: {type: sgd, learning_rate: 0.1}\nloss: mean_squared_error\n"
    overrides = ["network.output.activation=linear", "optimizer.learning_rate=9", "training.epochs=30"]
    with pytest.raises(DivergedError):
        nntrain.fit(load(text, *overrides, "training.checkpoint={every_epochs: 1}"))
    [run] = Path("runs").iterdir()
    assert (run / "checkpoint.npz").exists()
    (run / "weights.npz").unlink()
    assert refusal(nntrain.evaluate, run, RunError) == (
        f"{run}/weights.npz is missing\n  `nntrain fit {run}/config.yaml` trains the run again from its config"
    )
    assert nntrain_says(f"nntrain fit {run}/config.yaml -q --runs-dir again")[0] == 3


# A search


class Stopping(Listener):
    """Presses Ctrl-C when so many networks are done, or in the run of the best point."""

    def __init__(self, *, after: int | None = None, in_refit: bool = False) -> None:
        self.after, self.in_refit = after, in_refit

    def trials(self, done: int, total: int) -> None:
        if self.after is not None and done >= self.after:
            raise KeyboardInterrupt

    def epoch(self, record: EpochRecord) -> None:
        if self.in_refit:
            raise KeyboardInterrupt

    def started(self, info: FitInfo) -> None:
        pass


def stopped_search(**how: Any) -> Path:
    """The directory of a search that Ctrl-C ended."""
    with pytest.raises(Interrupted):
        nntrain.gridsearch(load(CLASSES), parameters=RATES, listener=Stopping(**how))
    [run] = Path("runs").glob("*-search-*")
    return run


def killed_search() -> Path:
    """The directory of a search whose process vanished when half of its points were done."""
    run = stopped_search(after=2)
    directory = RunDirectory(run)
    if directory.has("leaderboard.csv"):
        directory.remove("leaderboard.csv")
    directory.set_status("running")
    return run


def said_of(run: Path, what: str) -> None:
    """Every command says it."""
    for use in USES.values():
        assert refusal(use, run, UserError) == f"{run.name} is a search; {what}"
    for use in GOES_ON.values():
        assert refusal(use, run, UserError) == f"{run.name} is a search, not a run of one network; {what}"


def test_a_search_that_is_done() -> None:
    board = nntrain.gridsearch(load(CLASSES), parameters=RATES)
    said_of(board.run, f"the network of its best point is in {board.refit.run}")
    board.refit.run.rename("elsewhere")
    said_of(board.run, f"the network of its best point was in {board.refit.run}")


def again(command: str) -> Leaderboard:
    """The board of a command line that begins a search again."""
    words = shlex.split(command)
    assert words[:2] == ["nntrain", "gridsearch"]
    return nntrain.gridsearch(nntrain.load_experiment(words[2]), runs_dir="again")


def test_a_search_that_was_killed(dead: int) -> None:
    run = killed_search()
    in_the_hands_of(run, dead)
    lines = (run / "history.jsonl").read_text().splitlines()
    assert 0 < len(lines) < 4
    command = f"nntrain gridsearch {run}/config.yaml"
    said_of(
        run,
        f"it was interrupted and has finished {len(lines)} of its points, which are in {run}/history.jsonl; no network "
        f"was kept. Search again with: {command}",
    )
    assert again(command).best == nntrain.gridsearch(load(CLASSES), parameters=RATES, runs_dir="whole").best


def test_a_search_that_was_killed_at_once(dead: int) -> None:
    run = killed_search()
    in_the_hands_of(run, dead)
    (run / "history.jsonl").write_text("")
    said_of(
        run,
        "it was interrupted and has finished none of its points; no network was kept. Search again with: "
        f"nntrain gridsearch {run}/config.yaml",
    )


def test_a_search_that_was_stopped() -> None:
    run = stopped_search(after=2)
    count = len((run / "history.jsonl").read_text().splitlines())
    said_of(
        run,
        f"it was interrupted and has finished {count} of its points, which are in {run}/leaderboard.csv; no network "
        f"was kept. Search again with: nntrain gridsearch {run}/config.yaml",
    )


def test_a_search_at_work(alive: int) -> None:
    run = killed_search()
    in_the_hands_of(run, alive)
    count = len((run / "history.jsonl").read_text().splitlines())
    what = (
        f"it is still at work, in {SINCE}, and has finished {count} of its points, which are in {run}/history.jsonl: "
        "wait for it"
    )
    said_of(run, what)
    older = nntrain.fit(load(CLASSES, name="older.yaml")).run
    said_of(run, f"{what}, or use the newest complete run, {older}")


@pytest.mark.parametrize("killed", [False, True])
def test_a_search_whose_best_point_was_not_trained_to_the_end(dead: int, killed: bool) -> None:
    run = stopped_search(in_refit=True)
    if killed:
        RunDirectory(run).set_status("complete")
        in_the_hands_of(run, dead)
    best = json.loads((run / "result.json").read_text())["best"]
    overrides = " ".join(f"--set {path}={value}" for path, value in best.items())
    command = f"nntrain fit {run}/config.yaml {overrides}"
    said_of(run, f"the network of its best point was not trained to the end. Train it with: {command}")
    code, stdout, _ = nntrain_says(f"{command} -q --json --runs-dir again")
    whole = nntrain.gridsearch(load(CLASSES), parameters=RATES, runs_dir="whole")
    assert code == 0
    assert json.loads(stdout)["weights_sha256"] == whole.refit.weights_sha256


def test_a_search_whose_best_point_is_being_trained(alive: int) -> None:
    run = stopped_search(in_refit=True)
    RunDirectory(run).set_status("complete")
    in_the_hands_of(run, alive)
    said_of(run, f"its best point is still being trained, by {SINCE}: wait for it")


def test_a_search_whose_points_all_diverged() -> None:
    text = BINARY.replace("tanh", "relu") + "optimizer: {type: sgd, learning_rate: 0.1}\nloss: mean_squared_error\n"
    experiment = load(text, "network.output.activation=linear")
    with pytest.raises(NntrainError):
        nntrain.gridsearch(experiment, parameters={"optimizer.learning_rate": [1e25, 1e30]})
    [run] = Path("runs").iterdir()
    said_of(run, "the network of its best point was not trained to the end: every point diverged")
