"""Train every config with two versions of nntrain and compare what comes out, bit for bit.

    python tests/compare_versions.py BEFORE AFTER

BEFORE and AFTER are checkouts, such as a `git worktree` of an earlier commit and `.`. For each file in the configs/ of
AFTER, and for a few networks that use what those do not, both versions train on this machine with one thread, and the
sha256 of the weights, the history and the scores must be the same. Exit code 1 where they are not.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# The layer that puts the answer out; it stands for OUTPUT below.
OUTPUT = "{type: dense, units: auto, activation: auto}"
# On Wine: name, and overrides of configs/wine.yaml.
OTHERS = {
    "adam, dropout, leaky_relu": [
        "network=[{type: dense, units: 16, activation: leaky_relu}, {type: dropout, rate: 0.3}, OUTPUT]",
        "optimizer={type: adam, learning_rate: 0.01}",
    ],
    "gelu, elu, rmsprop, l2, clip_norm": [
        "network=[{type: dense, units: 9, activation: gelu}, {type: dense, units: 7, activation: elu}, OUTPUT]",
        "optimizer={type: rmsprop, learning_rate: 0.01}",
        "regularization={l2: 0.001, clip_norm: 0.5}",
    ],
    "reshape, flatten, softplus, adagrad, l1, max_norm": [
        "network=[{type: dense, units: 12, activation: softplus}, {type: reshape, shape: [3, 4]}, {type: flatten}, "
        "{type: dense, units: 5, activation: sigmoid}, OUTPUT]",
        "optimizer={type: adagrad, learning_rate: 0.05}",
        "regularization={l1: 0.0001, max_norm: 2.0}",
    ],
    "adamw, class weights, smoothing, warm-up, wide": [
        "network=[{type: dense, units: 200, activation: tanh}, OUTPUT]",
        "optimizer={type: adamw, learning_rate: 0.01}",
        "loss={type: cross_entropy, label_smoothing: 0.1, class_weights: balanced}",
        "schedule={type: cosine, warmup_epochs: 3}",
    ],
    "float64, momentum, full batch": [
        "dtype=float64",
        "optimizer={type: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true}",
        "training.batch_size=full",
    ],
}
# The one that is a search: what is compared is the run of its best point.
SEARCH = "iris-gridsearch"
# The one whose data may be missing: it is left out then.
MNIST_CONFIG, MNIST = "mnist-mlp", Path(__file__).parents[2] / "shared" / "datasets" / "mnist"
OF_MNIST = [
    f"data.path={MNIST / 'train-images-idx3-ubyte.gz'}",
    f"data.split.test.path={MNIST / 't10k-images-idx3-ubyte.gz'}",
]


def outcome(checkout: Path, config: Path, overrides: list[str]) -> dict[str, Any]:
    """The sha256 of weights and history, and the scores, of a training with the nntrain of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OPENBLAS_NUM_THREADS": "1"}
    settings = [part for each in overrides for part in ("--set", each.replace("OUTPUT", OUTPUT))]
    with tempfile.TemporaryDirectory() as runs:
        what = "gridsearch" if config.stem == SEARCH else "fit"
        command = [sys.executable, "-m", "nntrain", what, str(config), "--runs-dir", runs, *settings]
        done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=False)
        if done.returncode:
            return {"failed": done.stderr}
        (run,) = (path.parent for path in Path(runs).glob("[!.]*/weights.npz"))
        result = json.loads((run / "result.json").read_text(encoding="utf-8"))
        history = (run / "history.jsonl").read_bytes()
    kept = ("weights_sha256", "metrics", "best_epoch", "epochs", "stop_reason", "warnings", "baseline")
    return {**{name: result[name] for name in kept}, "history": hashlib.sha256(history).hexdigest()}


def main(before: Path, after: Path) -> int:
    """Print a line for each training; returns the exit code."""
    cases: list[tuple[str, str, list[str]]] = []
    for path in sorted((after / "configs").glob("*.yaml")):
        if path.stem != MNIST_CONFIG:
            cases.append((path.stem, path.name, []))
        elif MNIST.is_dir():
            cases.append((path.stem, path.name, OF_MNIST))
    cases += [(name, "wine.yaml", overrides) for name, overrides in OTHERS.items()]
    different = 0
    for name, config, overrides in cases:
        found = [outcome(checkout, checkout / "configs" / config, overrides) for checkout in (before, after)]
        same = found[0] == found[1] and "failed" not in found[0]
        different += not same
        print(f"{'same' if same else 'DIFFERENT':10} {name}: {found[1].get('weights_sha256', found[1])}")
        if not same:
            print(f"  before {found[0]}\n  after  {found[1]}")
    print(f"{len(cases) - different} of {len(cases)} are the same")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(*(Path(argument).resolve() for argument in sys.argv[1:3])))
