"""Configs with something wrong in them, met by the real commands: a word about it, and never a traceback or a hang.

A case takes a config that works, changes its structure at one to three places (a value, a key, a section of another
kind), and gives it to a command, which may refuse it and may as well do what it says.
"""

import copy
import random
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from nntrain.cli.app import app
from tests.end_to_end.mutations import NASTY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="devices, and limits on memory")

PATIENCE = 20  # seconds of a clock
MEMORY = 1 << 30

TABLE = "height,color,weight,kind,size\n" + "".join(
    f"{i % 7}.5,{('red', 'green', 'blue')[i % 3]},{i * 37 % 11},{('a', 'b', 'c')[i % 3]},{i % 5 + i % 7}\n"
    for i in range(60)
)
CONFIGS = [
    """
name: classes
data: {path: table.csv, target: kind, features: [height, color, weight], columns: {color: {type: ordinal,
  order: [red, green, blue]}, weight: numeric}, split: {validation: 0.2, test: 0.2, seed: 3},
  preprocess: {numeric: minmax, missing: mean}, missing_values: ["?", "-"]}
network: [{type: dense, name: first, units: 4, activation: tanh, initializer: he_normal}, {type: dropout, rate: 0.1},
  {type: dense, units: auto, activation: auto}]
loss: {type: cross_entropy, class_weights: {a: 1.0, b: 2.0, c: 0.5}, label_smoothing: 0.1}
optimizer: {type: adam, learning_rate: 0.05, eps: 1.0e-7}
regularization: {l1: 0.0, l2: 1.0e-4, max_norm: 3.0, clip_norm: 1.0}
training: {epochs: 2, batch_size: 16, checkpoint: {every_epochs: 1}}
early_stopping: {monitor: validation.loss, patience: 2, min_delta: 0.0}
metrics: [accuracy]
search: {space: {optimizer.learning_rate: [0.1, 0.01], network.first.units: [2, 3]}, evaluation: {seeds: 2}}
""",
    """
name: values
data: {synthetic: {type: plane, examples: 40, noise: 0.1, seed: 1}, preprocess: {target: standard}}
network: [{type: reshape, shape: [2, 1]}, flatten, {type: dense, units: 3, activation: {type: leaky_relu, alpha: 0.1},
  bias_initializer: {type: constant, value: 0.1}}, {type: dense, units: auto}]
loss: {type: huber, delta: 1.0}
optimizer: {type: sgd, momentum: 0.9, nesterov: true, learning_rate: 0.05}
schedule: {type: plateau, patience: 2, factor: 0.5}
training: {epochs: 2, batch_size: 8, shuffle: false}
early_stopping: null
search: {space: {regularization.l2: {log_uniform: [1.0e-6, 0.1]}, seed: {int_uniform: [0, 9]}},
  monitor: validation.rmse, strategy: {type: random, trials: 3, seed: 1}, evaluation: {folds: 2}}
""",
    """
name: outputs
data: {path: table.csv, target: [weight, size], features: {exclude: [kind]}, split: {validation: {path: table.csv},
  test: 0.1}}
network: [{type: dense, units: 3, activation: relu, initializer: {type: uniform, low: -0.1, high: 0.1}},
  {type: dense, units: 2, activation: linear, initializer: {values: [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]}}]
loss: mean_absolute_error
optimizer: rmsprop
schedule: {type: step, every: 1, factor: 0.5, warmup_epochs: 1}
training: {epochs: 2, batch_size: full}
dtype: float64
runtime: {threads: 1}
search: {space: {optimizer: [{type: sgd}, adam], data.features: [[height], [height, color]]}}
""",
]
COMMANDS = {
    "check": ["check"],
    "fit": ["fit", "-q", "--set", "training.epochs=2"],
    "fit, in JSON": ["fit", "--json", "--set", "training.epochs=2"],
    "gradcheck": ["gradcheck"],
    "gridsearch": ["gridsearch", "-q", "--set", "training.epochs=2", "--trials", "3"],
}
CODES = {"gradcheck": (0, 1, 2)}
WORDS = (
    "auto", "adam", "sgd", "adamw", "dense", "dropout", "flatten", "reshape", "softmax", "sigmoid", "linear", "relu",
    "cross_entropy", "binary_cross_entropy", "mean_squared_error", "perceptron", "huber", "cosine", "exponential",
    "orthogonal", "zeros", "normal", "accuracy", "roc_auc", "rmse", "multilabel", "binary", "regression",
    "classification", "standard", "none", "full", "balanced", "grid", "random", "float64", "kind", "color", "weight",
)  # fmt: skip
HUGE = (2**31, 2**53, 2**63, 2**64, 10**22, -(2**63), 1e39, -1e39, 1.7e308, 1e-46, 5e-324, -0.0)

Place = tuple[Any, Any]  # a container and one of its keys


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, with the table; what waits for ever is stopped, what asks for too much gets nothing."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"nothing came for {PATIENCE} s")

    monkeypatch.chdir(tmp_path)
    Path("table.csv").write_text(TABLE)
    before = signal.signal(signal.SIGALRM, give_up)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def places(document: Any) -> list[Place]:
    """Every container in a document with each of its keys."""
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [place for key, child in pairs for place in [(document, key), *places(child)]]


def change(document: Any, others: list[Any], rng: random.Random) -> str:
    """Change a document at one place; returns what was done there."""
    holder, key = rng.choice(places(document))
    value = holder[key]
    kinds = ("value", "value", "huge", "number", "word", "graft", "graft", "drop", "key", "again", "wrap")
    kind = rng.choice((*kinds, *["slight"] * 6))
    match kind:
        case "slight" if isinstance(value, float):
            holder[key] = value * rng.choice((0.5, 0.9, 1.1))
        case "slight" if isinstance(value, int) and not isinstance(value, bool):
            holder[key] = value + 1
        case "slight" if isinstance(holder, list):
            rng.shuffle(holder)
        case "drop" | "slight":
            del holder[key]
        case "huge":
            holder[key] = rng.choice(HUGE)
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            holder[key] = rng.choice((-value, 0, value * 1e6, value * 1e-6, value + 0.5, 10**9, 1, 2))
        case "word":
            holder[key] = rng.choice(WORDS)
        case "graft":
            other, place = rng.choice(places(rng.choice(others)))
            holder[key] = copy.deepcopy(other[place])
        case "key" if isinstance(holder, dict):
            holder[rng.choice((f"{key}s", str(key)[:-1], str(key).upper(), "type", "\x1b[31m", "", " "))] = value
        case "again" if isinstance(holder, list):
            holder.extend([copy.deepcopy(value)] * rng.choice((1, 2, 100)))
        case "wrap":
            holder[key] = rng.choice(([value], {"type": value}, {str(key): value}, [value, value]))
        case _:
            holder[key] = copy.deepcopy(rng.choice(NASTY))
    return f"{kind} at {key!r}"


def case(number: int) -> tuple[list[str], str, str]:
    """What was changed, the command, and the text of the config."""
    rng = random.Random(number)  # noqa: S311
    documents = [yaml.safe_load(text) for text in CONFIGS]
    document = documents[number % len(documents)]
    done = [change(document, documents, rng) for _ in range(rng.choice((1, 1, 1, 2, 3))) if places(document)]
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, default_flow_style=rng.choice((None, True)))
    return done, rng.choice(list(COMMANDS)), text


def fuzz(cases: range, folder: Path) -> dict[str, set[int]]:
    """Run the cases; returns the exit codes that each command has ended with."""
    codes: dict[str, set[int]] = {name: set() for name in COMMANDS}
    for number in cases:
        done, command, text = case(number)
        Path("a.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
        before = runs_below(folder)
        signal.alarm(PATIENCE)
        result = CliRunner().invoke(app, [*COMMANDS[command], "a.yaml"])
        signal.alarm(0)
        try:
            judge(command, result, before, runs_below(folder))
        except AssertionError as wrong:
            pytest.fail(f"case {number}: {command}, {done}: {wrong}\n{text[:2000]}\n{result.output[-3000:]}")
        codes[command].add(result.exit_code)
        shutil.rmtree("runs", ignore_errors=True)
    return codes


def runs_below(folder: Path) -> set[Path]:
    """What a command has left."""
    return set(folder.rglob("*")) - {folder / "a.yaml", folder / "table.csv"}


def judge(command: str, result: Result, before: set[Path], after: set[Path]) -> None:
    """A command ends in one of its codes, without a traceback or a raw character, and leaves nothing if it refuses."""
    bug = result.exception
    assert bug is None or isinstance(bug, SystemExit), "".join(traceback.format_exception(bug))
    assert result.exit_code in CODES.get(command, (0, 2, 3))
    assert "Traceback" not in result.output
    assert all(each.isprintable() or each == "\n" for each in result.output)
    assert result.exit_code != 2 or after == before
    assert result.exit_code == 0 or len(result.stderr) < 20_000


def test_changed_configs(folder: Path) -> None:
    codes = fuzz(range(150), folder)
    assert all({0, 2} <= of_command for of_command in codes.values())  # each has worked, and has refused


@pytest.mark.exhaustive
def test_two_thousand_changed_configs(folder: Path) -> None:
    fuzz(range(150, 2000), folder)
