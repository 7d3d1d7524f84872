"""No command's output takes the place of what it reads, or of a file of a run."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nntrain.cli.app import app
from nntrain.cli.writing import appearing
from nntrain.config import load_experiment
from nntrain.workflows import fit

CONFIG = """\
name: small
data: {path: table.csv, target: kind, split: {test: {path: later.csv}}}
network: [{type: dense, units: auto, activation: auto}]
training: {epochs: 2, batch_size: 8}
"""
TABLE = "a,b,kind\n" + "".join(f"{i % 7},{i % 5},{'x' if i % 3 else 'y'}\n" for i in range(40))
NOT_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="links and devices")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config, its data, a file to predict, a complete run, and one that is not complete."""
    folder = tmp_path_factory.mktemp("outputs")
    before = Path.cwd()
    os.chdir(folder)
    try:
        Path("small.yaml").write_text(CONFIG)
        for name in ("table.csv", "later.csv", "new.csv"):
            Path(name).write_text(TABLE)
        run = fit(load_experiment("small.yaml")).run
        run.rename("runs/done")
        Path("runs/begun").mkdir()
        shutil.copy("runs/done/status.json", "runs/begun/status.json")
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def folder(template: Path, workdir: Path) -> Path:
    shutil.copytree(template, workdir, dirs_exist_ok=True)
    return workdir


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def links(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "link.csv").symlink_to("../new.csv")
    (folder / "weights").symlink_to("runs/done/weights.npz")
    (folder / "dangling").symlink_to("runs/begun/weights.npz")
    (folder / "folder").symlink_to("runs/done")
    os.link(folder / "new.csv", folder / "hard.csv")
    os.link(folder / "runs/done/config.yaml", folder / "hard.yaml")


@NOT_WINDOWS
@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("new.csv", "new.csv is the file to predict, and would be overwritten: give another name"),
        ("./sub/../new.csv", "is the file to predict, new.csv, and would be overwritten"),
        ("sub/link.csv", "sub/link.csv is the file to predict, new.csv, and would be overwritten"),
        ("hard.csv", "hard.csv is the file to predict, new.csv, and"),
        ("table.csv", "table.csv is data that done was trained on, and would be overwritten"),
        ("later.csv", "later.csv is data that done was trained on, and would be overwritten"),
        ("runs/done/config.yaml", "runs/done/config.yaml is a file of done, and would be overwritten"),
        ("runs/done/weights.npz", "is a file of done"),
        ("runs/done/lock", "is a file of "),
        ("folder/result.json", "is a file of done"),
        ("weights", "is a file of done"),
        ("hard.yaml", "is a file of done"),
        ("runs/begun/status.json", "runs/begun/status.json is a file of the run begun"),
        ("runs/begun/checkpoint.npz", "is a file of the run begun"),
        ("runs/begun/History.jsonl", "is a file of the run begun"),
        ("runs/begun/config.yaml.tmp", "is a file of the run begun"),
        ("runs/begun/leaderboard.csv", "is a file of the run begun"),
        ("dangling", "dangling is a file of the run begun"),
    ],
)
def test_predictions_overwrite_nothing_that_is_needed(folder: Path, output: str, said: str) -> None:
    links(folder)
    before = files(folder)
    result = call("predict", "done", "new.csv", "-o", output)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert files(folder) == before


@pytest.mark.parametrize("output", ["runs", "runs/done", "runs/done/", "."])
def test_a_folder_is_no_file_to_write(folder: Path, output: str) -> None:
    (folder / "runs/done/weights.npz").unlink()  # before anything is read
    before = files(folder)
    said = f"{Path(output)} is a folder: give the name of a file in it\n"
    for command in (["predict", "done", "new.csv"], ["migrate", "small.yaml"]):
        result = call(*command, "-o", output)
        assert (result.exit_code, result.stderr) == (2, said)
    assert files(folder) == before


def test_it_is_refused_before_anything_is_read(folder: Path) -> None:
    (folder / "runs/done/weights.npz").unlink()
    result = call("predict", "done", "new.csv", "-o", "new.csv")
    assert (result.exit_code, result.stderr.split(",")[0]) == (2, "new.csv is the file to predict")


@pytest.mark.parametrize("output", ["out.csv", "runs/done/predicted.csv", "runs/out.csv", "status.json"])
def test_other_files_are_replaced(folder: Path, output: str) -> None:
    expected = call("predict", "done", "new.csv").stdout
    for _ in range(2):
        assert call("predict", "done", "new.csv", "-o", output).exit_code == 0
    assert (folder / output).read_text() == expected
    assert call("predict", "done", "new.csv", "-o", "-").stdout == expected


@NOT_WINDOWS
def test_devices_pipes_and_descriptors_are_written_to(folder: Path) -> None:
    expected = call("predict", "done", "new.csv").stdout
    os.mkfifo(folder / "pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()
    for device in ("/dev/null", "pipe"):
        assert call("predict", "done", "new.csv", "-o", device).exit_code == 0
    reader.join()
    assert read == [expected]
    python = f"{sys.executable} -m nntrain predict done new.csv -o /dev/stdout 2>/dev/null"
    piped = subprocess.run(["sh", "-c", f"{python} | cat"], capture_output=True, check=True)
    assert piped.stdout.decode() == expected
    subprocess.run(["sh", "-c", f"(echo before; {python}; echo behind) > all.txt"], check=True)
    assert Path("all.txt").read_text() == f"before\n{expected}behind\n"


@pytest.mark.parametrize("output", ["runs/begun/config.yaml", "small.yaml", "runs/done/checkpoint.npz"])
def test_migrated_configs_overwrite_nothing(folder: Path, output: str) -> None:
    (folder / "runs/done/checkpoint.npz").unlink(missing_ok=True)
    before = files(folder)
    result = call("migrate", "small.yaml", "-o", output)
    assert result.exit_code == 2
    assert ("is a file of the run" if "runs" in output else "is the config to migrate") in result.stderr
    assert files(folder) == before


def test_a_migrated_config_on_stdout(folder: Path) -> None:
    expected = call("migrate", "small.yaml").stdout
    assert call("migrate", "small.yaml", "-o", "-").stdout == expected
    assert not (folder / "-").exists()
    assert call("migrate", "small.yaml", "-o", os.devnull).exit_code == 0


def test_a_config_of_a_damaged_run_is_not_migrated_in_place(folder: Path) -> None:
    (folder / "runs/done/status.json").unlink()
    text = (folder / "runs/done/config.yaml").read_text()
    (folder / "runs/done/config.yaml").write_text(text.replace("version: 1\n", ""))
    before = files(folder)
    result = call("migrate", "runs/done/config.yaml", "--in-place")
    assert (result.exit_code, "is part of a run" in result.stderr) == (2, True)
    assert files(folder) == before


@pytest.mark.parametrize(
    "command", [["fit", "small.yaml"], ["gridsearch", "small.yaml", "-p", "optimizer.learning_rate=0.1,0.2"]]
)
def test_runs_are_not_made_in_a_run(folder: Path, command: list[str]) -> None:
    before = files(folder)
    for run in ("runs/done", "runs/begun"):
        result = call(*command, "--runs-dir", run)
        assert result.exit_code == 2
        assert f"{run} is a run directory itself" in result.stderr
    assert files(folder) == before


def test_an_example_that_is_there_is_left_alone(workdir: Path) -> None:
    assert call("examples", "iris").exit_code == 0
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*") if path.is_file()}
    for path in before:
        path.chmod(0o444)
    assert call("examples", "iris").exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before


# Complete, or not there


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit])
def test_whatever_ends_the_block_leaves_what_was_there(workdir: Path, failure: type[BaseException]) -> None:
    Path("out.csv").write_text("old")
    with pytest.raises(failure), appearing(Path("out.csv")):  # noqa: PT012
        assert len(files(workdir)) == 2
        raise failure
    assert files(workdir) == {"out.csv": b"old"}


def test_signals_while_it_is_cleared_away(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, interrupts = Path.unlink, iter([True, True, False])

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if next(interrupts):
            raise KeyboardInterrupt
        original(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    with pytest.raises(KeyboardInterrupt), appearing(Path("out.csv")):
        signal.raise_signal(signal.SIGINT)
    assert files(workdir) == {}


def test_two_write_the_same_file_at_once(workdir: Path) -> None:
    with appearing(Path("out.csv")) as one, appearing(Path("out.csv")) as two:
        one.write("one")
        two.write("two")
    assert files(workdir) == {"out.csv": b"one"}


def test_a_name_as_long_as_the_system_allows(workdir: Path) -> None:
    name = "o" * 251 + ".csv"
    with appearing(Path(name)) as stream:
        stream.write("all")
    assert files(workdir) == {name: b"all"}


@pytest.fixture(autouse=True)
def own_interrupts() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, however these tests were started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
