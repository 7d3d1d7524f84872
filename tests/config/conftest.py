"""Configs written to a folder of their own, and the text of what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nntrain.config import Experiment, load_experiment
from nntrain.errors import ConfigError

# Two lines that are a config; tests add to them, from line 3 on.
BASE = """\
data: {synthetic: xor}
network: [{type: dense, name: out, units: auto, activation: auto}]
"""

Load = Callable[..., Experiment]
Errors = Callable[..., str]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Write a text to `a.yaml` in the working directory and load it with overrides."""
    monkeypatch.chdir(tmp_path)

    def load(text: str | bytes = BASE, *overrides: str) -> Experiment:
        Path("a.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
        return load_experiment("a.yaml", overrides)

    return load


@pytest.fixture
def errors(load: Load) -> Errors:
    """Load a text that is wrong, and return the text of the error."""

    def errors(text: str | bytes = BASE, *overrides: str) -> str:
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides)
        return str(caught.value)

    return errors


@pytest.fixture
def experiment(load: Load) -> Experiment:
    """The smallest experiment."""
    return load()
