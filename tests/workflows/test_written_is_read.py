"""What is written is read again by the same limits, and what could not be is refused before anything is trained."""

import gzip
import json
import shlex
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import nntrain
from nntrain import workflows
from nntrain.cli.app import app
from nntrain.data.readers import FORMATS
from nntrain.errors import ConfigError, Interrupted, RunError, UserError
from nntrain.runs import jsonfile
from nntrain.runs.store import RunDirectory
from nntrain.workflows.run.interruption import Rehearsal
from tests.experiments import CLASSES, PETS, load, write_pets
from tests.run_directories import create_run

NETWORK = "network: [{type: dense, units: 2}, {type: dense, units: auto, activation: auto}]\ntraining: {epochs: 2}\n"


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def trained(config: Any, *overrides: str, runs_dir: str = "runs") -> Path:
    """A run, with which all that later commands do has been done."""
    experiment = nntrain.load_experiment(config, overrides)
    result = nntrain.fit(experiment, runs_dir=runs_dir)
    assert nntrain.evaluate(result.run, split="training")
    assert nntrain.verify(result.run).reproducible
    again = nntrain.fit(nntrain.load_experiment(result.run / "config.yaml"), runs_dir="again")
    assert again.weights_sha256 == result.weights_sha256
    with pytest.raises(Interrupted):
        nntrain.fit(experiment, runs_dir="stopped", interruption=Rehearsal(1))
    [stopped] = Path("stopped").iterdir()
    assert nntrain.resume(stopped).weights_sha256 == result.weights_sha256
    return result.run


# Where the data is


def as_csv(path: Path) -> None:
    write_pets(path)


def as_tsv(path: Path) -> None:
    write_pets(path)
    path.write_text(path.read_text(encoding="utf-8").replace(",", "\t"), encoding="utf-8")


def as_npz(path: Path) -> None:
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        np.savez(file, x=rng.normal(size=(40, 3)), y=np.arange(40) % 2)


def as_npy(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.random.default_rng(0).normal(size=(40, 3)))


def as_labels(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.arange(40) % 2)


def as_images(path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 2, 2), dtype=np.uint8)
    path.write_bytes(gzip.compress(struct.pack(">4B3I", 0, 0, 8, 3, 40, 2, 2) + pixels.tobytes()))


def as_image_labels(path: Path) -> None:
    path.write_bytes(gzip.compress(struct.pack(">4BI", 0, 0, 8, 1, 40) + bytes(i % 2 for i in range(40))))


Files = dict[str, Callable[[Path], None]]
KINDS: dict[str, tuple[str, Files]] = {
    "csv": ("{path: d/a.csv, target: kind}", {"a.csv": as_csv}),
    "tsv": ("{path: d/a.tsv, target: kind}", {"a.tsv": as_tsv}),
    "npz": ("{path: d/a.npz, task: binary}", {"a.npz": as_npz}),
    "npy": ("{path: d/a.npy, labels: d/b.npy, task: binary}", {"a.npy": as_npy, "b.npy": as_labels}),
    "idx": (
        "{path: d/train-images-idx3-ubyte.gz, task: binary}",
        {"train-images-idx3-ubyte.gz": as_images, "train-labels-idx1-ubyte.gz": as_image_labels},
    ),
    "split": (
        "{path: d/a.csv, target: kind, split: {test: {path: d/b.csv}}}",
        {"a.csv": as_csv, "b.csv": as_csv},
    ),
}


def test_every_format_is_tried() -> None:
    assert set(FORMATS) <= KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["", ".gz", ".npz", ".txt"])
def test_a_link_may_lead_to_a_file_of_another_name(kind: str, suffix: str) -> None:
    data, files = KINDS[kind]
    for folder in ("cache", "d"):
        Path(folder).mkdir()
    for number, (name, write) in enumerate(files.items()):
        write(Path("cache", f"{number}f3a{suffix}"))
        Path("d", name).symlink_to(Path("..", "cache", f"{number}f3a{suffix}"))
    network = NETWORK.replace("[", "[{type: flatten}, ", 1) if kind == "idx" else NETWORK
    Path("a.yaml").write_text(f"data: {data}\n{network}")
    run = trained("a.yaml")
    assert f"path: ../../{data.split(',')[0].split()[1]}\n" in (run / "config.yaml").read_text()


@pytest.mark.parametrize(
    "folder", ["d\udcff", "\udcc3\udcff", "d\\udcff", "~d", "d\nd", "d\u0085", "d\ufeff", "d'\"#: "]
)
def test_a_folder_may_be_called_anything(folder: str) -> None:
    Path(folder).mkdir()
    write_pets(Path(folder, "pets.csv"))
    Path(folder, "a.yaml").write_text(PETS)
    run = trained(Path(folder, "a.yaml"))
    assert len(list(workflows.predict(run, Path(folder, "pets.csv")).rows)) == 60
    inside = nntrain.fit(nntrain.load_experiment(Path(folder, "a.yaml")), runs_dir=Path(folder, "runs"))
    assert nntrain.evaluate(inside.run)
    assert nntrain.list_runs(Path(folder, "runs"))[0].status == "complete"
    in_python: dict[str, Any] = {
        "data": {"path": f"{folder}/pets.csv", "target": "kind"},
        "network": [{"type": "dense", "units": "auto", "activation": "auto"}],
    }
    assert nntrain.evaluate(nntrain.fit(nntrain.load_experiment(in_python)).run)


def test_a_link_to_such_a_folder() -> None:
    Path("d\udcff").mkdir()
    write_pets(Path("d\udcff", "pets.csv"))
    Path("here").symlink_to("d\udcff")
    Path("a.yaml").write_text(PETS.replace("pets.csv", "here/pets.csv"))
    trained("a.yaml")


def test_a_file_that_is_called_like_such_a_byte_is_itself() -> None:
    for name in ("a\udcff.csv", "a\\udcff.csv"):
        write_pets(name)
    experiment = load(PETS.replace("pets.csv", "a\\udcff.csv"))
    assert experiment.data_path("a\\udcff.csv") == Path("a\\udcff.csv")
    Path("a\\udcff.csv").unlink()
    assert experiment.data_path("a\\udcff.csv") == Path("a\udcff.csv")


def test_the_paths_in_a_search_are_seen_from_its_directory_too() -> None:
    write_pets("one.csv")
    write_pets("two.csv", n=90)
    Path("c").mkdir()
    Path("c/a.yaml").write_text(PETS.replace("pets.csv", "../one.csv"))
    space: dict[str, Any] = {"data.path": ["../one.csv", "../two.csv"], "data.split.test": [{"path": "../two.csv"}]}
    board = nntrain.gridsearch(nntrain.load_experiment("c/a.yaml"), parameters=space)
    again = nntrain.gridsearch(nntrain.load_experiment(board.run / "config.yaml"), runs_dir="again")
    assert again.refit.weights_sha256 == board.refit.weights_sha256
    run = RunDirectory(board.run)
    run.write_result({**run.read_result(), "refit": None})
    run.set_status("complete", "the training of its best point was interrupted")
    with pytest.raises(UserError) as caught:
        nntrain.evaluate(board.run)
    words = shlex.split(str(caught.value).partition("Train it with: ")[2])
    ended = CliRunner().invoke(app, [*words[1:], "-q", "--json", "--runs-dir", "third"])
    assert json.loads(ended.stdout)["weights_sha256"] == board.refit.weights_sha256


# How much it is


def refused(config: str, *overrides: str) -> str:
    """What every command says that would write or train it; nothing is made."""
    texts = set()
    for use in (nntrain.fit, nntrain.check):
        with pytest.raises(ConfigError) as caught:
            use(load(config, *overrides))
        texts.add(str(caught.value))
    assert not Path("runs").exists()
    [text] = texts
    return text


LONG = ", ".join(f"'{'m' * 200}{number}'" for number in range(2500))


def test_aliases_that_unfold_to_too_much() -> None:
    write_pets()
    columns = "{weight: {type: numeric, missing_values: *m}, length: {type: numeric, missing_values: *m}}"
    text = PETS.replace("kind}", f"kind, missing_values: &m [{LONG}], columns: {columns}}}")
    assert len(text) < 1 << 20
    said = refused(text)
    assert said.startswith(
        "a.yaml:2:7: the config, with its aliases and defaults written out, takes 1.5 MiB, and a config may take 1 MiB"
    )
    assert "most of it is data: make that shorter" in said


def test_layers_that_unfold_to_too_much() -> None:
    matrix = ", ".join(["[" + ", ".join(["0.12345678901234567"] * 8) + "]"] * 8)
    layer = f"  - &l {{type: dense, units: 8, initializer: {{values: [{matrix}]}}}}\n"
    layers = "network:\n  - {type: dense, units: 8}\n" + layer + "  - *l\n" * 800
    text = CLASSES.replace("network:\n", layers)
    said = refused(text)
    assert "a.yaml:2:1: the config, with its aliases and defaults written out, " in said
    assert "most of it is network: make that shorter" in said


def test_a_search_that_unfolds_to_too_much_is_refused_as_a_search_only() -> None:
    point = "{type: adam, learning_rate: 0.01234567890123456, beta1: 0.9876543210123456, beta2: 0.9987654321012345}"
    points = f"[&o {point}" + ", *o" * 11_000 + "]"
    text = f"{CLASSES}search: {{space: {{optimizer: {points}}}}}\n"
    with pytest.raises(ConfigError, match="most of it is search: make that shorter"):
        nntrain.gridsearch(load(text))
    assert not Path("runs").exists()
    load(text)
    trained("a.yaml")


def test_a_search_that_does_not_suit_what_was_resolved_is_left_out() -> None:
    text = CLASSES.replace("noise: 0.1}", "noise: 0.1}, split: {validation: 0}")
    load(f"{text}search: {{monitor: training.loss, space: {{early_stopping.patience: [1, 2]}}}}\n")
    trained("a.yaml")


@pytest.mark.parametrize("threads", [1025, 1 << 40])
def test_more_threads_than_a_run_may_have(threads: int) -> None:
    assert "runtime.threads must be at least 1 and at most 1024, got " in refused(CLASSES, f"runtime.threads={threads}")


def test_as_many_threads_as_a_run_may_have() -> None:
    load(CLASSES)
    trained("a.yaml", "runtime.threads=1024")


def test_more_than_preprocess_json_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    write_pets()
    monkeypatch.setattr(jsonfile, "MOST_VALUES", 10)
    said = refused(PETS)
    assert said.startswith(
        "a.yaml:2:7: what a run keeps of these columns, their names, categories and means, is too much: it holds more "
        "than 10 values"
    )


def test_a_point_of_more_trainings_than_a_line_of_the_history_holds() -> None:
    load(CLASSES)
    experiment = nntrain.load_experiment("a.yaml", ["search.evaluation.seeds=2001"])
    with pytest.raises(ConfigError, match=r"2,001 trainings of each point are more than a search can write down"):
        nntrain.gridsearch(experiment, parameters={"seed": [1, 2]})
    assert not Path("runs").exists()


def test_a_line_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a")
    with run.history_writer() as history:
        history.append({"epoch": 1})
        with pytest.raises(RunError, match=r"cannot write .*: a line of it is longer than 4,194,304 bytes"):
            history.append({"epoch": 2, "text": "x" * (1 << 22)})
        history.append({"epoch": 2})
    assert [*run.iter_history()] == [{"epoch": 1}, {"epoch": 2}]


# What was said


@pytest.mark.parametrize("comment", ["\u00a0", "\t", "\ufeff", "\u202e", "\udcff", "é"])
def test_an_override_may_have_anything_in_its_comment(comment: str) -> None:
    load(CLASSES)
    run = trained("a.yaml", f"training.epochs=4 # a{comment}b")
    forced = [f"optimizer.learning_rate=0.1 # a{comment}b", "training.epochs=6"]
    nntrain.resume(run, overrides=forced, force=True)
    assert nntrain.evaluate(run)
    assert not nntrain.verify(run).reproducible
    nntrain.resume(run, overrides=["training.epochs=8"])
    source = nntrain.load_experiment(run / "source.yaml")
    assert source.config.network == nntrain.load_experiment("a.yaml").config.network


def test_labels_that_are_no_text_of_a_file() -> None:
    labels = np.array(["a\udcff", "b\0c", "\ud800"])[np.arange(60) % 3]
    np.savez("a.npz", x=np.random.default_rng(0).normal(size=(60, 2)), y=labels)
    Path("a.yaml").write_text(
        "data: {path: a.npz, task: classification}\nloss: {type: cross_entropy, "
        f"class_weights: balanced}}\n{NETWORK}"
    )
    run = trained("a.yaml")
    ended = CliRunner().invoke(app, ["predict", str(run), "a.npz", "-o", "out.csv"])
    assert ended.exit_code == 0, ended.stderr
    assert len(Path("out.csv").read_text(encoding="utf-8").splitlines()) >= 61


def test_a_run_that_cannot_go_on_with_an_override_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    write_pets()
    run = nntrain.fit(load(PETS)).run
    before = {path: path.read_bytes() for path in run.iterdir()}
    monkeypatch.setattr("nntrain.config.written.MAX_BYTES", 100)
    with pytest.raises(ConfigError, match="the config, with its aliases and defaults written out, takes"):
        nntrain.resume(run, overrides=["training.epochs=40"])
    assert {path: path.read_bytes() for path in run.iterdir()} == before
