"""`fit --resume` and `verify` on the command line, with the real work behind them."""

import json
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest

from nntrain.cli.progress import PlainProgress
from nntrain.cli.verify import show
from nntrain.runs.store import RunDirectory
from nntrain.workflows import Verification
from nntrain.workflows.again.traces import FirstDifference
from tests.cli.conftest import Invoke

CONFIG = """\
name: small
data: {synthetic: {type: moons, examples: 60, noise: 0.2}}
network:
  - {type: dense, units: 4, activation: tanh}
  - {type: dense, units: auto, activation: auto}
training: {epochs: 8, batch_size: 8}
early_stopping: null
"""


@pytest.fixture(autouse=True)
def small(workdir: Path) -> Path:
    """A directory with a config, which is the current one."""
    (workdir / "small.yaml").write_text(CONFIG)
    return workdir


@pytest.fixture
def stopped(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a run that Ctrl-C stopped after its third epoch; its name wants quotes."""

    def press_ctrl_c(progress: PlainProgress, record: Any) -> None:
        if record.epoch == 3:
            signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    with monkeypatch.context() as patch:
        patch.setattr(PlainProgress, "epoch", press_ctrl_c)
        ended = invoke("fit", "small.yaml", "--runs-dir", "my runs")
    assert ended.exit_code == 130
    [run] = Path("my runs").iterdir()
    assert ended.stderr.endswith(f"interrupted after epoch 3; go on with: nntrain fit --resume 'my runs/{run.name}'\n")
    return run


def test_the_command_in_the_message_goes_on(invoke: Invoke, stopped: Path) -> None:
    line = f"nntrain fit --resume {shlex.quote(str(stopped))}"
    ended = invoke(*shlex.split(line)[1:])
    assert ended.exit_code == 0
    head, first, *_ = ended.stderr.splitlines()
    assert head.endswith(f"; {stopped}; going on after epoch 3")
    assert first.startswith("epoch 4/8 ")
    assert ended.stdout.startswith(f"{stopped.name}: 8 epochs in ")
    undisturbed = json.loads(invoke("fit", "small.yaml", "--json").stdout)
    assert RunDirectory(stopped).read_result()["weights_sha256"] == undisturbed["weights_sha256"]


def test_latest_and_more_epochs(invoke: Invoke, stopped: Path) -> None:
    arguments = ("fit", "--resume", "latest", "--runs-dir", "my runs", "--set", "training.epochs=10", "--json", "-q")
    ended = invoke(*arguments)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["epochs"] == 10
    again = invoke(*arguments)
    assert again.exit_code == 2
    assert (
        json.loads(again.stdout)["error"]["message"] + "\n"
        == again.stderr
        == (
            f"{stopped.name} is complete after 10 epochs; to train longer, go on with: "
            f"nntrain fit --resume 'my runs/{stopped.name}' --set training.epochs=20\n"
        )
    )


def test_force_is_said_in_the_refusal(invoke: Invoke, stopped: Path) -> None:
    arguments = ("fit", "--resume", str(stopped), "--set", "optimizer.learning_rate=0.1", "-q")
    ended = invoke(*arguments)
    assert ended.exit_code == 2
    assert ended.stderr.endswith("; --force goes on all the same\n")
    ended = invoke(*arguments, "--force")
    assert (ended.exit_code, ended.stderr) == (
        0,
        "warning: went on by --force in epoch 4: optimizer.learning_rate=0.1\n",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nntrain fit takes a config, or --resume and a run: nntrain fit CONFIG, or nntrain fit --resume RUN"),
        (["small.yaml", "--resume", "latest"], "nntrain fit takes a config, or --resume and a run, not both"),
        (["small.yaml", "--force"], "--force is for --resume; a new run has nothing that it could go against"),
        (["--resume", "latest"], "there is no latest run: runs has no runs; `nntrain fit CONFIG` makes one"),
        (["--resume", ""], None),
    ],
)
def test_wrong_command_lines(invoke: Invoke, small: Path, arguments: list[str], said: str | None) -> None:
    ended = invoke("fit", *arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said is None or ended.stderr == f"{said}\n"
    assert [path.name for path in small.iterdir()] == ["small.yaml"]


def test_verify_prints_the_verdict(invoke: Invoke) -> None:
    sha256 = json.loads(invoke("fit", "small.yaml", "--json", "-q").stdout)["weights_sha256"]
    [run] = Path("runs").iterdir()
    ended = invoke("verify", "latest", "--interrupt", "3", "--seed", "5", "-q")
    assert (ended.exit_code, ended.stderr) == (0, "")
    verdict, _, epochs, weights, interrupted, time = ended.stdout.splitlines()
    assert verdict == f"{run.name}: reproducible: history and weights are equal to the last bit"
    assert epochs.split() == ["epochs", "8"]
    assert weights.split() == ["sha256", sha256]
    assert interrupted.startswith("interrupted  3 times: after ")
    assert time.startswith("time ")
    shown = json.loads(invoke("verify", run.name, "--interrupt", "3", "--seed", "5", "-q", "--json").stdout)
    assert (shown["reproducible"], shown["difference"], shown["epochs"]) == (True, None, 8)
    assert len(shown["interruptions"]) == 3


def test_a_difference_is_shown_and_exit_code_1(invoke: Invoke) -> None:
    invoke("fit", "small.yaml", "-q")
    [run] = Path("runs").iterdir()
    lines = [*RunDirectory(run).iter_history()]
    truth, lines[4]["validation.loss"] = lines[4]["validation.loss"], 0.125
    (run / "history.jsonl").write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))
    ended = invoke("verify", "latest", "-q")
    assert ended.exit_code == 1
    verdict, _, *pairs = ended.stdout.splitlines()
    assert verdict == f"{run.name}: NOT reproducible"
    assert pairs[:3] == [
        "differs first      history, epoch 5, validation.loss",
        "in the run         0.125",
        f"in the repetition  {truth}",
    ]
    ended = invoke("verify", "latest", "-q", "--json")
    assert ended.exit_code == 1
    written = json.loads(ended.stdout)
    assert written["error"] == {
        "type": "NotReproducible",
        "message": f"{run.name}: NOT reproducible: differs first history, epoch 5, validation.loss, in the run 0.125, "
        f"in the repetition {truth}",
        "exit_code": 1,
    }
    assert written["difference"] == {
        "where": "history",
        "epoch": 5,
        "name": "validation.loss",
        "recorded": 0.125,
        "repeated": truth,
    }


def test_an_unfinished_run_is_not_verified(invoke: Invoke, stopped: Path) -> None:
    ended = invoke("verify", str(stopped))
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"only a complete run can be verified, and {stopped.name} is not complete (interrupted); "
        f"go on with: nntrain fit --resume 'my runs/{stopped.name}'\n"
    )


def test_what_else_verify_shows(capsys: pytest.CaptureFixture[str]) -> None:
    moments = [(2, 0), *((3, batch) for batch in range(1, 12))]
    difference = FirstDifference("weights", None, "0.w[1, 2]", 0.5, 0.25)
    show(Verification(Path("runs/x"), False, 12, "aa", "bb", moments, difference, ["NumPy was 1, now 2"], 1.5))
    shown = capsys.readouterr().out.splitlines()
    assert shown == [
        "x: NOT reproducible",
        "",
        "differs first      weights, 0.w[1, 2]",
        "in the run         0.5",
        "in the repetition  0.25",
        "perhaps since      NumPy was 1, now 2",
        "",
        "epochs       12",
        "sha256       aa",
        "repeated     bb",
        "interrupted  12 times: after epoch 2, "
        + ", ".join(f"after batch {batch} of epoch 4" for batch in range(1, 10))
        + ", and 2 more times",
        "time         1.50 s",
    ]
    show(Verification(Path("runs/x"), False, 12, "aa", "aa", [], FirstDifference("history", 9, None, 8, 12), [], 1.5))
    shown = capsys.readouterr().out.splitlines()
    assert shown[2:5] == [
        "differs first      history, epoch 9",
        "in the run         8 epochs",
        "in the repetition  12 epochs",
    ]
