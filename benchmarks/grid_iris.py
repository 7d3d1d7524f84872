"""A grid of 64 points, each over 5 folds of Iris: 320 networks 4-10-3, 100 epochs, adam.

nntrain's side is the whole of `nntrain gridsearch` but for its start: reading the config and the file, checking every
point, scaling in each fold, training, evaluating the held-out fold after every epoch, writing the leaderboard, and
training the best point once more into a run directory. scikit-learn's is GridSearchCV with two workers, which are
already running, over a pipeline that scales in each fold; it evaluates once, and refits as well. Both search the same 8
learning rates and 8 strengths of the L2 penalty (scikit-learn's alpha is 2 λ n), with batches of 32 (nntrain's default)
and with whole folds as batches (scikit-learn's default for so few examples).
"""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
from _experiments import experiment_of
from _measure import MISSING_PEER, ROOT, Ratio, Side, alternate, arguments, duration, print_table

import nntrain
from nntrain.arrays import Array
from nntrain.data.readers import read

try:
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError:
    raise SystemExit(MISSING_PEER.format("scikit-learn")) from None

RATES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2]
L2 = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
FOLDS = 5
# Examples that a network is trained on: four folds of five.
TRAINED_ON = 120
TARGET = 50

CONFIG = """
name: iris-grid
data:
  path: "{path}"
  target: species
  split: {{validation: 0, test: 0}}
network:
  - {{type: dense, units: 10, activation: relu}}
  - {{type: dense, units: auto, activation: auto}}
optimizer: adam
training: {{epochs: {epochs}, batch_size: {batch}}}
early_stopping: null
search:
  space:
    optimizer.learning_rate: {rates}
    regularization.l2: {l2}
  evaluation: {{folds: {folds}}}
  monitor: validation.loss
"""


class Own:
    """`nntrain gridsearch`. `score` is the best point's mean loss on the held-out folds."""

    def __init__(self, folder: Path, rates: list[float], epochs: int, batch: int | None) -> None:
        self.folder = folder
        path = (ROOT / "datasets" / "iris.csv").as_posix()
        self.text = CONFIG.format(path=path, epochs=epochs, rates=rates, l2=L2, folds=FOLDS, batch=batch or "full")

    def run(self) -> None:
        """Search."""
        board = nntrain.gridsearch(experiment_of(self.text, self.folder), runs_dir=self.folder / "runs")
        self.score = float(board.table[0]["validation.loss"])
        self.networks = len(board.table) * FOLDS


class Peer:
    """scikit-learn's GridSearchCV. `score` is the best point's mean loss on the held-out folds."""

    def __init__(self, x: Array, labels: Array, rates: list[float], epochs: int, batch: int | None) -> None:
        self.x, self.labels = x, labels
        network = MLPClassifier(
            (10,),
            activation="relu",
            solver="adam",
            batch_size=batch or len(x),
            max_iter=epochs,
            tol=0.0,
            n_iter_no_change=epochs + 1,
            early_stopping=False,
            random_state=0,
        )
        self.search = GridSearchCV(
            make_pipeline(StandardScaler(), network),
            {
                "mlpclassifier__learning_rate_init": rates,
                "mlpclassifier__alpha": [2 * strength * (batch or TRAINED_ON) for strength in L2],
            },
            scoring="neg_log_loss",
            cv=StratifiedKFold(FOLDS, shuffle=True, random_state=0),
            n_jobs=2,
        )

    def run(self) -> None:
        """Search."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged, and that batches are cut to the fold's size
            self.search.fit(self.x, self.labels)
        self.score = -float(self.search.best_score_)
        self.networks = len(self.search.cv_results_["params"]) * FOLDS


def measure(x: Array, labels: Array, batch: int | None, quick: bool, repeats: int) -> list[str]:
    """The row of a batch size; None is the whole fold."""
    rates, epochs = (RATES[3:5], 10) if quick else (RATES, 100)
    with tempfile.TemporaryDirectory() as temporary:
        own, peer = Own(Path(temporary), rates, epochs, batch), Peer(x, labels, rates, epochs, batch)
        seconds = alternate([Side("nntrain", own.run), Side("scikit-learn", peer.run)], repeats)
    work = f"{len(rates) * len(L2)} points × {FOLDS} folds × {epochs} epochs, 4-10-3, batch {batch or 'full'}"
    print(work)
    print(f"  networks: nntrain {own.networks}, scikit-learn {peer.networks}")
    print(f"  best mean loss on the held-out folds: nntrain {own.score:.4f}, scikit-learn {peer.score:.4f}", flush=True)
    return [
        work,
        duration(seconds["nntrain"]),
        "GridSearchCV, n_jobs=2",
        duration(seconds["scikit-learn"]),
        str(Ratio.of(seconds["scikit-learn"], seconds["nntrain"])),
        f"≥ {TARGET}×",
    ]


def main() -> None:
    """Measure the grid."""
    os.environ["PYTHONWARNINGS"] = "ignore"  # the workers of GridSearchCV warn as Peer.run says
    given = arguments(__doc__, repeats=5)
    data = read(ROOT / "datasets" / "iris.csv", target="species")
    assert isinstance(data.inputs, tuple)
    x = np.stack([column.values for column in data.inputs], axis=1).astype(np.float32)
    labels = data.target_columns[0].values
    rows = [measure(x, labels, batch, given.quick, given.repeats) for batch in (32, None)]
    print_table(["Iris, grid search", "nntrain", "beside", "takes", "nntrain is faster by (range)", "to reach"], rows)


if __name__ == "__main__":
    main()
