"""Signals at any moment of any command: one sentence, the exit code of the signal, and nothing left behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import nntrain
from tests.end_to_end.command import ENVIRONMENT, PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sends signals and looks into /proc")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PETS = "weight,species\n" + "".join(f"{4 + 0.1 * k:.1f},{'cat' if k % 3 else 'dog'}\n" for k in range(30))
CONFIG = """\
name: pets
data: {path: pets.csv, target: species}
network: [{type: dense, units: auto, activation: auto}]
training: {epochs: 300}
early_stopping: null
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A config, its data, and a run of it."""
    folder = tmp_path_factory.mktemp("storm")
    (folder / "pets.csv").write_text(PETS)
    (folder / "pets.yaml").write_text(CONFIG)
    (folder / "many.csv").write_text("weight\n" + "4.5\n5.5\n" * 100_000)
    nntrain.fit(nntrain.load_experiment(folder / "pets.yaml"), runs_dir=folder / "kept")
    return folder


class Struck:
    """A command that is sent signals."""

    def __init__(self, folder: Path, words: str, ignored: tuple[int, ...] = ()) -> None:
        def prepare() -> None:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)

        self.process = subprocess.Popen(
            [sys.executable, "-m", "nntrain", *words.split()],
            cwd=folder,
            env={**ENVIRONMENT, "TMPDIR": str(folder / "tmp")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=prepare,
        )

    def wait_until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, "it has ended before"
            assert time.monotonic() < end
            time.sleep(0.001)

    def wait_until_it_hears(self) -> None:
        """Until nntrain's first lines were executed: before them Python answers, or the system."""
        self.wait_until(lambda: any(self.hears(number) for number in SIGNALS[1:]))

    def hears(self, number: int) -> bool:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught, 16) >> (number - 1) & 1)

    def send(self, *numbers: int, pause: float = 0) -> None:
        for number in numbers:
            self.process.send_signal(number)
            time.sleep(pause)

    def end(self) -> tuple[int, str, str]:
        stdout, stderr = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, stdout, stderr


def left_behind(folder: Path) -> list[str]:
    """Temporary files, locks, and directories that no command knows."""
    names = [path.name for path in folder.rglob("*")]
    return [name for name in names if name.endswith(".tmp") or name.startswith((".", "nntrain-")) or name == "lock"]


def storm(folder: Path, words: str, *, count: int, seconds: float, seed: int = 0) -> None:
    """Let a command be hit at random moments of its first seconds, once or twice."""
    moments = random.Random(seed)  # noqa: S311
    (folder / "tmp").mkdir(exist_ok=True)
    for _ in range(count):
        number, twice = moments.choice(SIGNALS), moments.random() < 0.5
        struck = Struck(folder, words)
        struck.wait_until_it_hears()
        time.sleep(moments.uniform(0, seconds))
        struck.send(number, *[number] * twice, pause=moments.choice([0, 0.001, 0.01]))
        code, _, stderr = struck.end()
        assert code in (128 + number, 0)  # 0: it was over, or as good as
        if code:
            last = stderr.splitlines()[-2:]  # of a search the very last one says how to go on
            assert any("interrupted" in line or line.startswith("stopped at once") for line in last), stderr
        assert not any(word in stderr for word in ("Traceback", "Exception", "Error", "Warning")), stderr
        assert left_behind(folder) == []
        assert all(run.status in ("complete", "interrupted") for run in nntrain.list_runs(folder / "runs"))


def test_a_signal_while_modules_are_imported_is_one_word(folder: Path) -> None:
    storm(folder, "check pets.yaml", count=8, seconds=0.3)


def test_a_signal_at_any_moment_of_a_training(folder: Path) -> None:
    storm(folder, "fit pets.yaml --set training.epochs=100000", count=6, seconds=0.8)


SEARCH = "gridsearch pets.yaml -p optimizer.learning_rate=0.1,0.03,0.01 -p seed=1,2,3,4,5 --set training.epochs=3000"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "words",
    [
        "check pets.yaml",
        "fit pets.yaml --set training.epochs=100000",
        f"{SEARCH} -q",
        "verify latest --runs-dir kept --interrupt 3",
        "eval latest --runs-dir kept",
        "predict latest many.csv --runs-dir kept -o out.csv",
        "predict latest many.csv --runs-dir kept",
        "--help",
    ],
)
def test_a_signal_at_any_moment_of_any_command(folder: Path, words: str) -> None:
    storm(folder, words, count=60, seconds=1.0, seed=1)


@pytest.mark.parametrize("number", SIGNALS)
def test_with_json_the_word_is_an_object_too(folder: Path, number: int) -> None:
    struck = Struck(folder, "check pets.yaml --json")
    struck.wait_until_it_hears()
    struck.send(number)
    code, stdout, stderr = struck.end()
    assert (code, stderr) == (128 + number, "interrupted\n")
    error = {"type": "Interrupted", "message": "interrupted", "exit_code": code}
    assert json.loads(stdout) == {"error": error}


AFTER_THE_WORD = """
import os, signal, sys
from nntrain.cli.signals import AtOnce
with AtOnce():
    from nntrain.cli.failures import report
    code = report(KeyboardInterrupt())
    os.kill(os.getpid(), signal.SIGINT)
    sys.exit(code)
"""


def test_one_more_signal_after_the_word_adds_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", AFTER_THE_WORD], env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize("number", SIGNALS)
def test_predictions_that_are_stopped_leave_no_file(folder: Path, number: int) -> None:
    output = folder / "stopped.csv"
    output.write_text("what was there before\n")
    struck = Struck(folder, "predict latest many.csv --runs-dir kept -o stopped.csv")
    struck.wait_until(lambda: any(folder.glob(".*.tmp")))
    struck.send(number, number)
    assert struck.end() == (128 + number, "", "interrupted\n")
    assert left_behind(folder) == []
    assert output.read_text() == "what was there before\n"


def test_a_verification_that_is_stopped_twice_leaves_no_directory(folder: Path) -> None:
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    nntrain.fit(nntrain.load_experiment(folder / "pets.yaml", ["training.epochs=3000"]), runs_dir=folder / "long")
    struck = Struck(folder, "verify latest --runs-dir long -q")
    struck.wait_until(lambda: any(temporary.glob("nntrain-verify-*/*/history.jsonl")))
    struck.send(signal.SIGTERM, signal.SIGTERM, signal.SIGHUP)
    code, _, stderr = struck.end()
    assert code in (143, 129)
    assert stderr.startswith("the verification was interrupted; ")
    assert os.listdir(temporary) == []


def test_a_search_that_is_stopped_many_times_keeps_what_it_has_finished(folder: Path) -> None:
    struck = Struck(folder, f"{SEARCH} --runs-dir searched -q --set runtime.threads=1")
    struck.wait_until(lambda: any(path.stat().st_size for path in folder.glob("searched/*/history.jsonl")))
    struck.send(*[signal.SIGINT] * 5, pause=0.002)
    code, _, stderr = struck.end()
    assert code == 130
    assert stderr.startswith("interrupted: ")
    [found] = nntrain.list_runs(folder / "searched")
    assert found.status == "interrupted"
    assert (found.path / "leaderboard.csv").exists()


@pytest.mark.parametrize("ignored", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_what_the_shell_has_ignored_stays_ignored(folder: Path, ignored: int) -> None:
    other = signal.SIGTERM if ignored != signal.SIGTERM else signal.SIGINT
    struck = Struck(folder, "fit pets.yaml -q --set training.epochs=1000000 --runs-dir deaf", (ignored,))
    struck.wait_until(lambda: struck.hears(other))
    assert not struck.hears(ignored)
    already = len(list(folder.glob("deaf/*")))
    struck.send(ignored, ignored)
    struck.wait_until(lambda: len(list(folder.glob("deaf/*/history.jsonl"))) > already)
    assert not struck.hears(ignored)
    struck.send(other)
    code, _, stderr = struck.end()
    assert code == 128 + other
    assert "interrupted" in stderr
