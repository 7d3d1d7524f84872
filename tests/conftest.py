"""Fixtures for all tests."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

ROOT = Path(__file__).parent.parent

# The same examples in every run, and none too slow for a busy machine.
hypothesis.settings.register_profile("nntrain", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("nntrain")


@pytest.fixture(autouse=True)
def strict_arithmetic() -> Iterator[None]:
    """Overflow, division by zero and invalid operations are errors; underflow to zero is not."""
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests compare texts, wherever they run: colors and widths are asked for where they are under test.

    pytest-xdist gives its workers the width of its own terminal.
    """
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def root() -> Path:
    """The top of the checkout."""
    return ROOT


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that is the current one, so that `runs/` is not the checkout's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """MNIST in its IDX files, where there is a copy beside the checkout or in its datasets."""
    for directory in (ROOT.parent / "shared" / "datasets" / "mnist", ROOT / "datasets" / "mnist"):
        if (directory / "train-images-idx3-ubyte.gz").is_file():
            return directory
    pytest.skip("MNIST is not here: put its four .gz files into datasets/mnist to run this test")
