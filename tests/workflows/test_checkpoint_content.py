"""What a checkpoint holds beside the training's own state: where a replay starts, and what the epochs have shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nntrain.diagnosis import snapshots
from nntrain.diagnosis.symptoms import Symptoms
from nntrain.errors import DivergedError, RunError
from nntrain.nn.activations import Relu
from nntrain.runs.checkpoint import read_checkpoint, write_checkpoint
from nntrain.runs.store import RunDirectory
from nntrain.train.watching import Watch
from nntrain.workflows import resume
from nntrain.workflows.run.observing import EpochObserver
from tests.diagnosis.test_health import blueprint
from tests.workflows.conftest import ADAM, Write, interrupted, left, train


def rewrite(run: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Change the arrays and the numbers of the latest checkpoint."""
    directory = RunDirectory(run)
    checkpoint = read_checkpoint(directory, most_bytes=1 << 24)
    assert checkpoint is not None
    arrays, numbers = dict(checkpoint.arrays), json.loads(json.dumps(checkpoint.numbers))
    change(arrays, numbers)
    write_checkpoint(directory, arrays, numbers)
    (run / "checkpoint.previous.npz").unlink()


def as_it_was_before(arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
    """What an nntrain wrote that knew nothing of replays."""
    for path in [path for path in arrays if path.startswith("replay/")]:
        del arrays[path]
    del numbers["replay"], numbers["observed"]


@pytest.fixture
def stopped(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was interrupted in its fifth epoch, with two snapshots."""
    monkeypatch.setattr(snapshots, "SPACING", 7)
    return interrupted(write(ADAM), 23)


def test_a_checkpoint_of_an_earlier_nntrain_is_gone_on_from(stopped: Path) -> None:
    rewrite(stopped, as_it_was_before)
    resume(stopped)
    assert left(stopped) == left(train(Path("small.yaml")).run)


def test_what_was_trained_with_other_settings_is_not_repeated(stopped: Path) -> None:
    """The rate of 1e300 is that of the steps behind the checkpoint only; from there the repetition starts."""
    with pytest.raises(DivergedError) as diverged:
        resume(stopped, overrides=["optimizer.learning_rate=1e300"], force=True)
    document = json.loads((stopped / "divergence.json").read_text())
    assert (document["epoch"], document["batch"]) >= (5, 4)
    assert [(step["epoch"], step["batch"]) for step in document["before"]] in ([], [(5, 4)], [(5, 4), (5, 5)])
    assert "training diverged in epoch 5" in str(diverged.value)


def behind(arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
    numbers["replay"]["earlier"]["epoch"] = 6


def without_theta(arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
    del arrays["replay/later/theta"]


def of_another_network(arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
    arrays["replay/earlier/theta"] = arrays["replay/earlier/theta"][:, 1:]


def without_a_place(arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
    numbers["replay"]["wait"] = 0


def as_a_list(arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
    numbers["replay"]["later"] = []


def observed_nothing(arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
    numbers["observed"] = {"said": [1]}


def odd_symptoms(arrays: dict[str, Any], numbers: dict[str, Any]) -> None:
    numbers["observed"]["symptoms"]["seen"] = [["vanishing"]]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (behind, "a repetition would start behind it"),
        (without_theta, "the training state lacks 'theta': it is of another training or damaged"),
        (of_another_network, "a repetition cannot start from it: 'theta' is not float64 [1, 19]"),
        (without_a_place, "the training state does not say where a repetition starts"),
        (as_a_list, "the training state does not say where its later snapshot is"),
        (observed_nothing, "it does not say what its epochs have shown"),
        (odd_symptoms, "it does not say which symptoms its layers had"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    stopped: Path, change: Callable[[dict[str, Any], dict[str, Any]], None], problem: str
) -> None:
    rewrite(stopped, change)
    before = {path.name: path.read_bytes() for path in stopped.iterdir()}
    with pytest.raises(RunError) as refused:
        resume(stopped)
    assert str(refused.value) == (
        f"{stopped}: its checkpoint cannot be used: {problem}; start again with: nntrain fit {stopped}/config.yaml"
    )
    assert {path.name: path.read_bytes() for path in stopped.iterdir()} == before


def observer() -> EpochObserver:
    return EpochObserver(Symptoms(blueprint(Relu(), Relu())), Watch("training.loss", maximize=False, decides=False))


def test_what_is_infinite_is_told_once_although_it_is_null_in_the_history() -> None:
    ill = {"training.loss": 1.0, "gradient_norm.0": 1.0, "gradient_norm.1": 1.0, "growth.0": float("inf")}
    whole = observer()
    assert [len(whole.observe(epoch, ill)) for epoch in (1, 2, 3)] == [1, 0, 0]
    first, second = observer(), observer()
    first.observe(1, ill)
    second.recall([{**ill, "growth.0": None}], json.loads(json.dumps(first.state())))
    assert second.observe(2, ill) + second.observe(3, ill) == []
    assert (second.said, second.course) == (whole.said, whole.course)
