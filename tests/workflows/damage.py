"""A small run in the current folder, ways to damage it, and what readers say then."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

import nntrain
from nntrain.config import load_experiment
from nntrain.errors import RunError

TABLE = "height,color,kind\n" + "".join(
    f"{i * 7 % 11}.5,{('red', 'blue')[i % 2]},{'ab'[i % 3 > 0]}\n" for i in range(40)
)
CONFIG = """\
name: small
data: {path: table.csv, target: kind}
network: [{type: dense, units: 3, activation: tanh}, {type: dense, units: auto, activation: auto}]
training: {epochs: 3, batch_size: 8}
early_stopping: null
"""


def train(*overrides: str, config: str = "small.yaml") -> Path:
    """Train in the current folder; returns the run's path, as short as it is typed. The files are there already."""
    path = nntrain.fit(load_experiment(config, overrides)).run
    return path.rename(path.with_name("small"))


def write_experiment(folder: Path) -> None:
    """The table and the config that `train` trains by."""
    (folder / "table.csv").write_text(TABLE)
    (folder / "small.yaml").write_text(CONFIG)


def refusal(read: Callable[[], Any]) -> str:
    """What is said of a damaged run."""
    with pytest.raises(RunError) as caught:
        read()
    assert caught.value.exit_code == 4
    return str(caught.value)


def edit(run: Path, name: str, change: Callable[[Any], None]) -> None:
    """Change a document, and make the checksums fit."""
    path = run / name
    text = path.read_text(encoding="utf-8")
    document = yaml.safe_load(text) if path.suffix == ".yaml" else json.loads(text)
    change(document)
    path.write_text(yaml.safe_dump(document) if path.suffix == ".yaml" else json.dumps(document), encoding="utf-8")
    vouch(run, name, sha256(path.read_bytes()).hexdigest())


def vouch(run: Path, name: str, checksum: str) -> None:
    """Put a checksum into status.json."""
    status = json.loads((run / "status.json").read_text())
    status["sha256"][name] = checksum
    (run / "status.json").write_text(json.dumps(status))
