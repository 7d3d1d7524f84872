"""Ctrl-C, SIGTERM and rivals, with processes of their own."""

import json
import re
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import nntrain
from nntrain.runs.store import RunDirectory
from tests.end_to_end.command import Command, lines_of, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sends signals and looks into /proc")

# It would train for minutes; the tests that let it end say so.
ENDLESS = """\
name: endless
data: {synthetic: {type: spiral, examples: 2000, noise: 0.1}}
network:
  - {type: dense, units: 32, activation: tanh}
  - {type: dropout, rate: 0.1}
  - {type: dense, units: auto, activation: auto}
training: {epochs: 20000, batch_size: 16, checkpoint: {every_seconds: 0.05}}
early_stopping: null
"""


@pytest.fixture
def config(workdir: Path) -> Path:
    path = workdir / "endless.yaml"
    path.write_text(ENDLESS)
    return path


def runs(cwd: Path, status: str | None = None) -> list[Path]:
    return [found.path for found in nntrain.list_runs(cwd / "runs") if status in (None, found.status)]


def epochs(cwd: Path) -> int:
    """How many epochs the only run has written down."""
    found = runs(cwd)
    return lines_of(found[0] / "history.jsonl") if found else 0


def equals_undisturbed(directory: Path, trained: int) -> None:
    """The run, let to end after so many epochs, is the same as one that nobody disturbed."""
    config = directory.parents[1] / "endless.yaml"
    planned = nntrain.load_experiment(config, [f"training.epochs={trained}"])
    undisturbed = nntrain.fit(planned, runs_dir=directory.parents[1] / "undisturbed")
    result = nntrain.resume(directory, overrides=[f"training.epochs={trained}"])
    assert result.weights_sha256 == undisturbed.weights_sha256
    assert (directory / "history.jsonl").read_bytes() == (undisturbed.run / "history.jsonl").read_bytes()
    assert result.metrics == undisturbed.metrics


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["ctrl-c", "sigterm", "sighup"],
)
def test_a_signal_saves_and_says_how_to_go_on(config: Path, number: int, code: int) -> None:
    cwd = config.parent
    command = Command("fit", config.name, "-q", cwd=cwd)
    assert command.wait_until(lambda: epochs(cwd) >= 3)
    command.send(number)
    assert command.end() == code
    [directory] = runs(cwd, "interrupted")
    done = lines_of(directory / "history.jsonl")
    resume = f"nntrain fit --resume runs/{directory.name}"
    assert command.printed == f"interrupted after epoch {done}; go on with: {resume}\n"
    assert {"checkpoint.npz", "weights.npz", "result.json"} <= {path.name for path in directory.iterdir()}
    assert not (directory / "lock").exists()
    code, printed = run(*resume.split()[1:], "--set", f"training.epochs={done + 5}", cwd=cwd)
    assert code == 0, printed
    assert f"going on after epoch {done}\n" in printed
    assert re.search(rf"^epoch {done + 1}/{done + 5} ", printed, re.MULTILINE)
    equals_undisturbed(directory, done + 9)


def test_a_second_ctrl_c_at_any_moment_does_no_harm(config: Path) -> None:
    cwd = config.parent
    command = Command("fit", config.name, "-q", cwd=cwd)
    assert command.wait_until(lambda: epochs(cwd) >= 3)
    for pause in (0.0, 0.0003, 0.001, 0.003, 0.01):
        command.send(signal.SIGINT)
        time.sleep(pause)
        command.send(signal.SIGINT)
        assert command.end() == 130, command.printed
        assert "go on with: nntrain fit --resume" in command.printed
        assert "Traceback" not in command.printed
        [directory] = runs(cwd, "interrupted")
        command = Command("fit", "--resume", directory, "-q", cwd=cwd)
        before = epochs(cwd)
        assert command.wait_until(lambda before=before: epochs(cwd) != before)  # type: ignore[misc]
    command.send(signal.SIGINT)
    assert command.end() == 130
    equals_undisturbed(directory, epochs(cwd) + 3)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"])
def test_before_training_begins_nothing_is_left_behind(config: Path, number: int, code: int) -> None:
    """While modules are imported and examples are made, of which there are many here."""
    cwd = config.parent
    for pause in (0.0, 0.1, 0.4):
        command = Command("fit", config.name, "-q", "--set", "data.synthetic.examples=5000000", cwd=cwd)
        maps = Path(f"/proc/{command.process.pid}/maps")
        assert command.wait_until(lambda maps=maps: "_multiarray_umath" in maps.read_text())  # type: ignore[misc]
        time.sleep(pause)
        command.send(number)
        assert command.end() == code, command.printed
        assert command.printed in ("interrupted\n", "interrupted before training began\n")
        assert not (cwd / "runs").exists()


def test_one_of_two_rivals_works_and_the_other_says_who(config: Path) -> None:
    cwd = config.parent
    command = Command("fit", config.name, "-q", cwd=cwd)
    assert command.wait_until(lambda: epochs(cwd) >= 2)
    [directory] = runs(cwd)
    assert command.kill()
    assert runs(cwd, "interrupted") == [directory]
    before = epochs(cwd)
    first = Command("fit", "--resume", directory, "-q", cwd=cwd)
    assert first.wait_until(lambda: epochs(cwd) > before)
    code, said = run("fit", "--resume", directory, cwd=cwd)
    assert code == 4
    assert re.fullmatch(rf"{directory} is in use by process {first.process.pid} since \S+ \S+\n", said)
    assert runs(cwd, "running") == [directory]
    code, said = run("verify", directory, cwd=cwd)
    assert code == 2
    trained = f"only a complete run can be verified, and {directory.name} is still being trained"
    assert re.fullmatch(rf"{trained}, by process {first.process.pid} since \S+ \S+: wait for it\n", said)
    first.send(signal.SIGTERM)
    assert first.end() == 143
    equals_undisturbed(directory, epochs(cwd) + 3)


def test_two_fits_at_once_get_two_directories(config: Path) -> None:
    cwd = config.parent
    commands = [Command("fit", config.name, "-q", "--set", "training.epochs=2", cwd=cwd) for _ in range(3)]
    assert [command.end() for command in commands] == [0, 0, 0]
    found = runs(cwd, "complete")
    assert len(found) == 3
    assert len({(path / "weights.npz").read_bytes() for path in found}) == 1


# Searches


SEARCH: dict[str, list[float]] = {"network.0.units": list(range(4, 16)), "optimizer.learning_rate": [0.01, 0.03]}
EPOCHS_OF_SEARCH = "training.epochs=12"


def search_command(cwd: Path) -> Command:
    parameters = [word for path, values in SEARCH.items() for word in ("-p", f"{path}={_listed(values)}")]
    return Command(
        "gridsearch", "endless.yaml", *parameters, "--set", EPOCHS_OF_SEARCH, "--set", "runtime.threads=1", cwd=cwd
    )


def _listed(values: Sequence[object]) -> str:
    return ",".join(map(str, values))


def trials(directory: Path) -> dict[int, dict[str, Any]]:
    return {line["trial"]: line for line in RunDirectory(directory).iter_history()}


@pytest.fixture(scope="module")
def whole_search(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, Any]]:
    cwd = tmp_path_factory.mktemp("search")
    (cwd / "endless.yaml").write_text(ENDLESS)
    experiment = nntrain.load_experiment(cwd / "endless.yaml", [EPOCHS_OF_SEARCH, "runtime.threads=1"])
    return trials(nntrain.gridsearch(experiment, runs_dir=cwd, parameters=SEARCH).run)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["ctrl-c", "sigterm", "kill"],
)
def test_a_stopped_search_leaves_what_it_has_finished(
    config: Path, whole_search: dict[int, dict[str, Any]], number: int, code: int
) -> None:
    cwd = config.parent
    command = search_command(cwd)
    assert command.wait_until(lambda: epochs(cwd) >= 4)
    command.send(number)
    assert command.end() == code, command.printed
    [directory] = runs(cwd, "interrupted")
    found = trials(directory)
    assert 4 <= len(found) < 24
    assert found == {trial: whole_search[trial] for trial in found}
    if number != signal.SIGKILL:
        said = f"{len(found)} of 24 points are finished; they are in runs/{directory.name}/leaderboard.csv"
        again = f"search again with: nntrain gridsearch runs/{directory.name}/config.yaml"
        assert command.printed.endswith(f"\ninterrupted: {said}, and in history.jsonl beside it\n{again}\n")
        rows = (directory / "leaderboard.csv").read_text().splitlines()
        assert len(rows) == 1 + len(found)
    code, listed = run("runs", "--json", cwd=cwd)
    assert [summary["status"] for summary in json.loads(listed)["runs"]] == ["interrupted"]
