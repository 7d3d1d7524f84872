"""An interrupted training ends where it would have ended without the interruption, bit for bit."""

import re
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

import nntrain
from nntrain.config import load_experiment
from nntrain.errors import DataError, DivergedError, Interrupted, RunError, UserError
from nntrain.runs.environment import environment
from nntrain.runs.history import HistoryWriter
from nntrain.runs.store import RunDirectory
from nntrain.train.records import EpochRecord
from nntrain.workflows import fit, resume
from nntrain.workflows.run.interruption import Interruption, Rehearsal
from tests.run_directories import create_run
from tests.workflows.conftest import (
    ADAM,
    BATCHES,
    DROPOUT,
    EPOCHS_OF_ADAM,
    Heard,
    Write,
    change_environment,
    interrupted,
    left,
    stop_again,
    train,
)

WHOLE = ("training.batch_size=full",)
VARIANTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "dropout, momentum, plateau, early stopping": (DROPOUT, ()),
    "nesterov, step, max norm": (
        DROPOUT,
        ("optimizer.nesterov=true", "schedule={type: step, every: 3, factor: 0.5}", "regularization.max_norm=1.0"),
    ),
    "last weights kept": (DROPOUT, ("early_stopping.restore_best=false", "optimizer=rmsprop")),
    "adagrad, cosine, l1": (
        DROPOUT,
        ("optimizer=adagrad", "schedule={type: cosine, warmup_epochs: 3}", "regularization.l1=1e-3"),
    ),
    "adam, inverse time, float64": (ADAM, ()),
    "adamw, plateau without validation": (
        ADAM,
        ("optimizer=adamw", "schedule={type: plateau, patience: 1}", "data.split.validation=0"),
    ),
    "plateau in its warm-up": (DROPOUT, ("schedule={type: plateau, patience: 1, min_delta: 9, warmup_epochs: 5}",)),
    "the last of worse weights": (DROPOUT, ("early_stopping=null", "optimizer.learning_rate=1")),
    "one batch, no order": (ADAM, WHOLE),
    "unshuffled": (ADAM, ("training.shuffle=false",)),
}


@pytest.mark.parametrize(("text", "overrides"), VARIANTS.values(), ids=VARIANTS.keys())
@pytest.mark.parametrize("batches", [1, 3 * BATCHES + 2, 4 * BATCHES], ids=["first batch", "within", "between"])
def test_interrupted_is_uninterrupted(write: Write, text: str, overrides: tuple[str, ...], batches: int) -> None:
    config = write(text)
    undisturbed = train(config, *overrides)
    batches = max(1, batches // BATCHES) if overrides == WHOLE else batches
    run = interrupted(config, batches, overrides)
    result = resume(run)
    assert left(run) == left(undisturbed.run)
    assert (result.weights_sha256, result.metrics) == (undisturbed.weights_sha256, undisturbed.metrics)
    assert (result.epochs, result.stop_reason) == (undisturbed.epochs, undisturbed.stop_reason)


def test_interrupted_after_every_single_batch(write: Write) -> None:
    config = write(ADAM)
    undisturbed = train(config)
    run = interrupted(config, 1)
    for _ in range(EPOCHS_OF_ADAM * BATCHES - 2):
        stop_again(run, 1)
    assert resume(run).weights_sha256 == undisturbed.weights_sha256
    assert left(run) == left(undisturbed.run)


@pytest.mark.parametrize("batches", [17, 7 * BATCHES, 7 * BATCHES + 1])
def test_a_training_diverges_where_it_would_have_without_the_interruption(write: Write, batches: int) -> None:
    config = write(ADAM.replace("tanh", "relu").replace("float64", "float32"))
    rate = ["optimizer={type: sgd, learning_rate: 3}", "training.epochs=60"]
    with pytest.raises(DivergedError, match="training diverged in epoch 8, batch 2") as undisturbed:
        train(config, *rate)
    run = interrupted(config, batches, rate)
    with pytest.raises(DivergedError) as resumed:
        resume(run)
    assert str(resumed.value).splitlines()[0] == str(undisturbed.value).splitlines()[0]
    [whole] = Path("runs").iterdir()
    assert left(run).history == left(whole).history
    assert left(run).result == left(whole).result


def test_an_interrupted_run_can_be_used_as_it_is(write: Write) -> None:
    run = interrupted(write(ADAM), 3 * BATCHES + 2)
    [summary] = nntrain.list_runs(run.parent)
    assert (summary.status, summary.epochs, summary.best_epoch) == ("interrupted", 3, 3)
    three_epochs = train(run / "config.yaml", "training.epochs=3")
    assert nntrain.evaluate(run) == nntrain.evaluate(three_epochs.run)


def test_progress_starts_at_the_epoch_that_was_reached(write: Write) -> None:
    run = interrupted(write(ADAM), 3 * BATCHES + 2)
    heard = Heard()
    resume(run, listener=heard)
    [info] = heard.infos
    assert (info.done, info.epochs, info.run) == (3, EPOCHS_OF_ADAM, run)
    assert heard.epochs == [4, 5, 6]
    assert heard.warnings == []


# What must not have changed


def refusal(run: Path, *overrides: str, force: bool = False) -> str:
    """Why a run cannot go on; nothing in it is changed by asking."""
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(UserError) as refused:
        resume(run, overrides=overrides, force=force)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    return str(refused.value)


def test_a_complete_run_is_not_gone_on_with(write: Write) -> None:
    config = write(DROPOUT)
    stopped = train(config).run
    assert refusal(stopped, "training.epochs=400") == f"{stopped.name} is complete: it ended by early stopping"
    run = train(config, "training.epochs=3", runs_dir="my runs").run
    assert refusal(run) == (
        f"{run.name} is complete after 3 epochs; to train longer, go on with: "
        f"nntrain fit --resume 'my runs/{run.name}' --set training.epochs=6"
    )
    (run / "checkpoint.npz").unlink()
    assert refusal(run, "training.epochs=9") == (
        f"{run.name} is complete and has no checkpoint to go on from; to train longer from the beginning: "
        f"nntrain fit 'my runs/{run.name}/config.yaml' --set training.epochs=N"
    )


def test_a_diverged_run_is_not_gone_on_with(write: Write) -> None:
    config = write(ADAM)
    with pytest.raises(DivergedError):
        train(config, "optimizer={type: sgd, learning_rate: 1e200}")
    [run] = Path("runs").iterdir()
    assert refusal(run) == f"{run.name} diverged and would do so again: change its config and start a new run"


def test_other_hyperparameters_need_force(write: Write) -> None:
    run = interrupted(write(ADAM), 12)
    assert refusal(run, "optimizer.learning_rate=0.5") == (
        f"{run.name} would not end with the weights of an uninterrupted run: optimizer.learning_rate=0.5 "
        "(only training.epochs, training.checkpoint and runtime.threads can change); --force goes on all the same"
    )
    result = resume(run, overrides=["optimizer.learning_rate=0.5"], force=True)
    note = "went on by --force in epoch 3: optimizer.learning_rate=0.5"
    assert result.warnings == [note]
    assert load_experiment(run / "config.yaml").config.optimizer.learning_rate == 0.5
    assert RunDirectory(run).read_environment()["forced"] == [note]


def test_another_network_is_refused_whatever_is_forced(write: Write) -> None:
    run = interrupted(write(ADAM), 12)
    for override in ("network.0.units=7", "optimizer=sgd", "training.batch_size=4", "data.split.seed=9"):
        assert refusal(run, override, force=True) == (
            f"{run.name} cannot go on with {override}: that is another network or another training; "
            "start a new run for it"
        )


def test_a_cosine_schedule_depends_on_the_number_of_epochs(write: Write) -> None:
    run = train(write(ADAM), "schedule=cosine").run
    assert refusal(run, "training.epochs=12") == (
        f"{run.name} cannot go on with training.epochs=12: a cosine schedule depends on the number of epochs; that is "
        "another network or another training; start a new run for it"
    )


@pytest.mark.parametrize(
    ("name", "was", "said"),
    [
        ("training_version", 1, "nntrain's arithmetic was 1, now 2"),
        ("numpy", "1.0", f"NumPy was 1.0, now {environment()['numpy']}"),
        ("blas", "abacus 1", f"the BLAS library was abacus 1, now {environment()['blas']}"),
        ("processor", "z80", f"the processor was z80, now {environment()['processor']}"),
        ("system", "CP/M", f"the system was CP/M, now {environment()['system']}"),
    ],
)
def test_other_arithmetic_needs_force_once(write: Write, name: str, was: object, said: str) -> None:
    config = write(ADAM)
    undisturbed = train(config)
    run = interrupted(config, 12)
    change_environment(run, **{name: was})
    assert refusal(run) == (
        f"{run.name} would not end with the weights of an uninterrupted run: {said}; --force goes on all the same"
    )
    with pytest.raises(Interrupted):
        resume(run, force=True, interruption=Rehearsal(3))
    result = resume(run)  # what it goes on with is known by now
    assert result.weights_sha256 == undisturbed.weights_sha256  # nothing was different in truth
    assert result.warnings == [f"went on by --force in epoch 3: {said}"]
    assert RunDirectory(run).read_environment()[name] == environment()[name]


def test_another_kernel_of_the_system_changes_nothing(write: Write) -> None:
    config = write(ADAM)
    run = interrupted(config, 12)
    change_environment(run, platform="Linux-2.4.0-i386-with-glibc2.2", python="3.0.0")
    assert resume(run).weights_sha256 == train(config).weights_sha256


TABLE = "a,b,kind\n" + "".join(f"{i % 7},{i % 5},{'x' if i % 3 else 'y'}\n" for i in range(60))
OF_TABLE = ADAM.replace("{synthetic: {type: sine, examples: 60, noise: 0.1}, preprocess: {target: standard}}", "TABLE")
OF_TABLE = OF_TABLE.replace("TABLE", "{path: table.csv, target: kind}")


def test_changed_data_is_refused_whatever_is_forced(write: Write, workdir: Path) -> None:
    (workdir / "table.csv").write_text(TABLE)
    run = interrupted(write(OF_TABLE), 12)
    fresh = f"; a new run on the data as it is: nntrain fit interrupted/{run.name}/config.yaml"
    (workdir / "table.csv").write_text(TABLE.replace("6,", "5,"))
    assert refusal(run, force=True) == (
        f"table.csv has changed since {run.name} was trained on it, so its splits cannot be found again: "
        f"restore it{fresh}"
    )
    (workdir / "table.csv").unlink()
    assert re.fullmatch(
        rf"table\.csv cannot be read \(.*\), but {run.name} was trained on it: put it back{fresh}", refusal(run)
    )
    (workdir / "table.csv").write_text(TABLE)
    assert resume(run).epochs == EPOCHS_OF_ADAM


def test_runs_and_data_can_move_together(write: Write, workdir: Path, tmp_path: Path) -> None:
    (workdir / "table.csv").write_text(TABLE)
    config = write(OF_TABLE)
    undisturbed = train(config)
    run = interrupted(config, 12)
    moved = workdir / "elsewhere"
    moved.mkdir()
    for name in ("table.csv", "interrupted"):
        shutil.move(workdir / name, moved / name)
    assert resume(moved / run).weights_sha256 == undisturbed.weights_sha256


def test_an_edited_config_is_refused_whatever_is_forced(write: Write) -> None:
    run = interrupted(write(ADAM), 12)
    (run / "config.yaml").write_text((run / "config.yaml").read_text().replace("0.01", "0.02"))
    for force in (False, True):
        with pytest.raises(RunError, match=r"config.yaml was changed after the run wrote it"):
            resume(run, force=force)
    assert RunDirectory(run).read_status().status == "interrupted"


def test_the_config_as_it_was_written_is_not_needed(write: Write) -> None:
    config = write(ADAM)
    run = interrupted(config, 12)
    (run / "source.yaml").write_text("edited")
    longer = resume(run, overrides=["training.epochs=8"])
    assert longer.weights_sha256 == train(config, "training.epochs=8").weights_sha256
    assert (run / "source.yaml").read_text() == "edited"


# Checkpoints


def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(write: Write) -> None:
    config = write(DROPOUT)
    undisturbed = train(config)
    run = interrupted(config, 12)
    stop_again(run, 11)
    latest = run / "checkpoint.npz"
    content = bytearray(latest.read_bytes())
    content[len(content) // 2] ^= 1
    latest.write_bytes(content)
    heard = Heard()
    resume(run, listener=heard)
    assert left(run) == left(undisturbed.run)
    [warning] = heard.warnings
    assert warning.startswith(f"{latest} ")
    assert warning.endswith("; going on from the checkpoint before it")
    assert heard.infos[0].done == 2


def test_without_a_whole_checkpoint_a_run_cannot_go_on(write: Write) -> None:
    run = interrupted(write(DROPOUT), 12)
    (run / "checkpoint.npz").write_bytes(b"")
    with pytest.raises(RunError, match=r"checkpoint.npz") as refused:
        resume(run)
    assert f"nntrain fit {run}/config.yaml" in str(refused.value)
    assert RunDirectory(run).read_status().status == "interrupted"


def test_without_any_checkpoint_a_run_starts_from_the_beginning(write: Write) -> None:
    config = write(DROPOUT)
    undisturbed = train(config)
    run = interrupted(config, 12)
    (run / "checkpoint.npz").unlink()
    heard = Heard()
    resume(run, listener=heard)
    assert heard.warnings == ["there is no checkpoint yet: training starts from the beginning"]
    assert left(run) == left(undisturbed.run)


@pytest.mark.parametrize("lost", [["result.json"], ["result.json", "weights.npz"]])
def test_killed_after_the_last_checkpoint_but_before_the_scores(write: Write, lost: list[str]) -> None:
    config = write(ADAM)
    undisturbed = train(config)
    run = train(config, runs_dir="killed").run
    RunDirectory(run).set_status("running")
    for name in lost:
        (run / name).unlink()
    resume(run)
    assert left(run) == left(undisturbed.run)


def test_checkpoints_come_by_epochs_and_by_seconds(write: Write) -> None:
    class Counting(Heard):
        found: list[int]

        def epoch(self, record: EpochRecord) -> None:
            self.found.append((self.infos[0].run / "checkpoint.npz").exists())

    def found(rule: str) -> list[int]:
        heard = Counting()
        heard.found = []
        fit(load_experiment(config, [f"training.checkpoint={rule}"]), listener=heard)
        return heard.found

    config = write(ADAM)
    assert found("{every_epochs: 2, every_seconds: null}") == [False, False, True, True, True, True]
    assert found("{every_seconds: 1e-9}") == [True] * EPOCHS_OF_ADAM  # within the first epoch already
    assert found("{every_seconds: 1000}") == [False] * EPOCHS_OF_ADAM
    assert found("null") == [False] * EPOCHS_OF_ADAM


# Signals, without processes of their own: tests/end_to_end has those


class Pressing(Heard):
    """Somebody who presses Ctrl-C in the third epoch."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def epoch(self, record: EpochRecord) -> None:
        if record.epoch == 3:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.fixture
def ctrl_c() -> None:
    """Ctrl-C as it is in a terminal, wherever the tests were started."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_saves_and_says_how_to_go_on(write: Write) -> None:
    config = write(ADAM)
    with pytest.raises(Interrupted) as stopped:
        fit(load_experiment(config), runs_dir="my runs", listener=Pressing(1))
    [run] = Path("my runs").iterdir()
    assert str(stopped.value) == f"interrupted after epoch 3; go on with: nntrain fit --resume '{run}'"
    assert stopped.value.exit_code == 130
    assert resume(run).weights_sha256 == train(config).weights_sha256


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_stops_at_once_without_harm(write: Write) -> None:
    config = write(ADAM)
    with pytest.raises(Interrupted) as stopped:
        fit(load_experiment(config, ["training.checkpoint={every_epochs: 1}"]), listener=Pressing(2))
    [run] = Path("runs").iterdir()
    assert str(stopped.value) == f"stopped at once; go on with: nntrain fit --resume {run}"
    assert not (run / "result.json").exists()
    assert RunDirectory(run).read_status().status == "interrupted"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert resume(run).weights_sha256 == train(config).weights_sha256


def test_a_request_before_training_leaves_nothing_behind(write: Write, workdir: Path) -> None:
    asked = Interruption()
    asked.signal = signal.SIGTERM
    with pytest.raises(Interrupted, match="interrupted before training began") as stopped:
        fit(load_experiment(write(ADAM)), interruption=asked)
    assert stopped.value.exit_code == 143
    assert [path.name for path in workdir.iterdir()] == ["small.yaml"]
    run = interrupted(workdir / "small.yaml", 12)
    before = left(run)
    with pytest.raises(Interrupted):
        resume(run, interruption=asked)
    assert left(run) == before


def test_a_full_disk_says_how_to_go_on(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(history: HistoryWriter, record: Mapping[str, object]) -> None:
        if record["epoch"] == 4:
            raise RunError("cannot write history.jsonl: No space left on device")
        append(history, record)

    config, append = write(ADAM), HistoryWriter.append
    with monkeypatch.context() as patch:
        patch.setattr(HistoryWriter, "append", fail)
        with pytest.raises(RunError) as failed:
            train(config, "training.checkpoint={every_epochs: 1}")
    [run] = Path("runs").iterdir()
    assert str(failed.value) == (
        f"cannot write history.jsonl: No space left on device\ngo on with: nntrain fit --resume {run}"
    )
    assert RunDirectory(run).read_status().status == "failed"
    assert resume(run).weights_sha256 == train(config).weights_sha256


# Directories that are no unfinished run


def test_a_run_that_was_killed_before_its_training_began(write: Write) -> None:
    run = interrupted(write(ADAM), 12)
    shutil.rmtree(run)
    run = create_run("runs", "small").path  # and not one file more
    with pytest.raises(RunError) as refused:
        resume(run)
    assert str(refused.value) == (
        f"{run.name} was killed before its training began, so there is nothing to go on with: start it again "
        "with nntrain fit; its directory can be deleted"
    )


def test_a_search_is_no_run_to_go_on_with(write: Write) -> None:
    config = write(ADAM)
    board = nntrain.gridsearch(load_experiment(config), parameters={"optimizer.learning_rate": [0.1, 0.01]})
    assert refusal(board.run) == (
        f"{board.run.name} is a search, not a run of one network; the network of its best point is in {board.refit.run}"
    )


def test_a_directory_that_is_no_run(workdir: Path) -> None:
    with pytest.raises(RunError, match="there is no run nowhere"):
        resume("nowhere")


def test_data_that_is_an_error_of_the_user_is_one_of_resume_too() -> None:
    assert issubclass(DataError, UserError)
