"""nntrain as a process of its own, to be watched, signalled and killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# The commands are started hundreds of times: let them compile nntrain only once, wherever the tests run.
_BYTECODE = tempfile.TemporaryDirectory(prefix="nntrain-tests-")
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": _BYTECODE.name}
# A program of the tests needs them, wherever it runs.
_CHECKOUT = str(Path(__file__).parents[2])
_OF_TESTS = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join([_CHECKOUT, *filter(None, [os.getenv("PYTHONPATH")])])}
PATIENCE = 60.0  # seconds, for what takes less than one


class Command:
    """A running nntrain, or another program around it; everything that it prints goes to a file."""

    def __init__(self, *arguments: str | Path, cwd: Path, program: str = "nntrain") -> None:
        self._printed = cwd / "printed.txt"
        with self._printed.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", program, *map(str, arguments)],
                cwd=cwd,
                env=ENVIRONMENT if program == "nntrain" else _OF_TESTS,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=_hear_ctrl_c,
            )

    @property
    def is_over(self) -> bool:
        """Whether it has ended by itself."""
        return self.process.poll() is not None

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self._printed.read_text(encoding="utf-8")

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Wait for a condition; False if the process has ended before."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if self.is_over:
                return False
            assert time.monotonic() < end, f"nothing happened for {PATIENCE:.0f} s; printed so far:\n{self.printed}"
            time.sleep(0.001)
        return True

    def send(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill(self) -> bool:
        """Kill it as `kill -9` does; False if it had ended by itself."""
        over = self.is_over
        self.process.kill()
        self.process.wait(PATIENCE)
        return not over and self.process.returncode == -signal.SIGKILL

    def end(self) -> int:
        """Wait for its end; returns the exit code."""
        return self.process.wait(PATIENCE)


def _hear_ctrl_c() -> None:
    """A shell that starts something in the background has Ctrl-C ignored there, and so would all its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(*arguments: str | Path, cwd: Path, program: str = "nntrain") -> tuple[int, str]:
    """Exit code and output of a command."""
    command = Command(*arguments, cwd=cwd, program=program)
    return command.end(), command.printed


def lines_of(path: Path) -> int:
    """How many whole lines a file has; 0 if it is not there."""
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0
