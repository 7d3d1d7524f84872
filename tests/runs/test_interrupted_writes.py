"""Ctrl-C at every single line of what writes a file: it stays Ctrl-C, and the file stays whole."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from nntrain.runs.arrays_file import write_arrays
from nntrain.runs.files import Disk
from tests.run_directories import create_run

WRITERS = ("arrays_file.py", "files.py", "store.py", "zipfile.py", "format.py", "__init__.py", "contextlib.py")
OLD, NEW = ({"0.w": np.full((3, 2), value), "0.b": np.full(2, value, np.float32)} for value in (1.0, 2.0))


class CtrlC:
    """Raises KeyboardInterrupt at the n-th line that is executed in the modules that write."""

    def __init__(self, at: int) -> None:
        self.left, self.pressed = at, False

    def __call__(self, frame: FrameType, event: str, value: object) -> "CtrlC | None":
        # What is raised while an object is destroyed is lost, wherever it comes from.
        if not frame.f_code.co_filename.endswith(WRITERS) or frame.f_code.co_name == "__del__":
            return None
        if event == "line" and not self.pressed:
            self.left -= 1
            if self.left == 0:
                self.pressed = True
                raise KeyboardInterrupt
        return self


def pressing_at_every_line(action: Callable[[], object], check: Callable[[], None]) -> int:
    """Do something again and again, each time interrupted one line later, until it is not any more."""
    for at in itertools.count(1):
        interrupt, before = CtrlC(at), sys.gettrace()
        sys.settrace(interrupt)
        try:
            action()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        check()
        if not interrupt.pressed:
            return at
    raise AssertionError


def test_a_file_of_arrays(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    write_arrays(Disk(), path, OLD)

    def check() -> None:
        with np.load(path) as file:
            assert float(file["0.w"][0, 0]) == float(file["0.b"][0]) in (1.0, 2.0)

    assert pressing_at_every_line(lambda: write_arrays(Disk(), path, NEW), check) > 100


def test_a_checkpoint(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    number = itertools.count(1)
    run.write_checkpoint({"n": np.array([0])})
    run.write_checkpoint({"n": np.array([next(number)])})

    def whole(name: str) -> Any:
        return run.read_checkpoint(name, most_bytes=1 << 16)["n"][0] if run.has(name) else None

    def check() -> None:
        found = [n for n in map(whole, ("checkpoint.npz", "checkpoint.previous.npz")) if n is not None]
        assert found
        assert found == sorted(found, reverse=True)

    assert pressing_at_every_line(lambda: run.write_checkpoint({"n": np.array([next(number)])}), check) > 100
