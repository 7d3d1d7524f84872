"""Writes metrics_sklearn.json: predictions, targets and what scikit-learn says about them.

Run by hand, `python tests/oracles/metrics_sklearn.py`, with scikit-learn installed; the stored numbers were
made with the version named in the file. Tests read the stored numbers only.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn import metrics as sk

Array = np.ndarray[Any, Any]
HERE = Path(__file__).parent


def decided(true: Array, predicted: Array, average: str) -> dict[str, float]:
    options = {"average": average, "zero_division": 0}
    return {
        "precision": sk.precision_score(true, predicted, **options),
        "recall": sk.recall_score(true, predicted, **options),
        "f1": sk.f1_score(true, predicted, **options),
    }


def per_class(true: Array, predicted: Array, labels: list[int] | None) -> list[list[float]]:
    columns = sk.precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    return [[float(value) for value in row] for row in zip(*columns, strict=True)]


def classification(rng: np.random.Generator, n: int, classes: int, skill: float, used: int) -> dict[str, Any]:
    true = rng.integers(used, size=n)
    y = rng.dirichlet(np.ones(classes), size=n)
    y[np.arange(n), true] += skill * rng.random(n)
    y /= y.sum(axis=1, keepdims=True)
    predicted = y.argmax(axis=1)
    return {
        "task": "classification",
        "y": y.tolist(),
        "t": np.eye(classes)[true].tolist(),
        "scores": {
            "accuracy": sk.accuracy_score(true, predicted),
            "balanced_accuracy": sk.balanced_accuracy_score(true, predicted),
            **decided(true, predicted, "macro"),
        },
        "confusion": sk.confusion_matrix(true, predicted, labels=list(range(classes))).tolist(),
        "per_class": per_class(true, predicted, list(range(classes))),
    }


def binary(rng: np.random.Generator, n: int, decimals: int) -> dict[str, Any]:
    true = rng.integers(2, size=n)
    y = np.round(np.clip(0.3 * true + 0.8 * rng.random(n), 0, 1), decimals)  # rounding makes ties
    predicted = (y > 0.5).astype(int)
    return {
        "task": "binary",
        "y": y[:, None].tolist(),
        "t": true[:, None].tolist(),
        "scores": {
            "accuracy": sk.accuracy_score(true, predicted),
            "balanced_accuracy": sk.balanced_accuracy_score(true, predicted),
            **decided(true, predicted, "binary"),
            "roc_auc": sk.roc_auc_score(true, y),
        },
        "confusion": sk.confusion_matrix(true, predicted, labels=[0, 1]).tolist(),
        "per_class": per_class(true, predicted, [0, 1]),
    }


def multilabel(rng: np.random.Generator, n: int, labels: int) -> dict[str, Any]:
    true = (rng.random((n, labels)) < 0.4).astype(int)
    y = np.clip(0.35 * true + 0.75 * rng.random((n, labels)), 0, 1)
    y[:, -1] *= 0.4  # the last label is never predicted
    predicted = (y > 0.5).astype(int)
    return {
        "task": "multilabel",
        "y": y.tolist(),
        "t": true.tolist(),
        "scores": {
            "accuracy": 1 - sk.hamming_loss(true, predicted),
            **decided(true, predicted, "macro"),
            "roc_auc": sk.roc_auc_score(true, y, average="macro"),
        },
        "confusion": None,
        "per_class": per_class(true, predicted, None),
    }


def regression(rng: np.random.Generator, n: int, outputs: int) -> dict[str, Any]:
    t = rng.normal(size=(n, outputs)) * np.arange(1, outputs + 1)
    y = t + rng.normal(size=(n, outputs)) * 0.7
    raw = {"multioutput": "raw_values"}
    columns = (
        sk.root_mean_squared_error(t, y, **raw),
        sk.mean_absolute_error(t, y, **raw),
        sk.r2_score(t, y, **raw),
    )
    return {
        "task": "regression",
        "y": y.tolist(),
        "t": t.tolist(),
        "scores": {
            "rmse": sk.root_mean_squared_error(t, y),
            "mae": sk.mean_absolute_error(t, y),
            "r2": sk.r2_score(t, y),
            "max_error": max(sk.max_error(t[:, k], y[:, k]) for k in range(outputs)),
        },
        "per_output": [[float(value) for value in row] for row in zip(*columns, strict=True)],
    }


def main() -> None:
    rng = np.random.default_rng(20)
    warnings.simplefilter("ignore")
    cases = {
        "three classes": classification(rng, 40, 3, 1.0, 3),
        "one class never true": classification(rng, 30, 5, 0.6, 4),
        "classes neither true nor predicted": classification(rng, 6, 8, 2.0, 4),
        "binary": binary(rng, 50, 6),
        "binary with ties": binary(rng, 60, 1),
        "multilabel": multilabel(rng, 40, 4),
        "regression": regression(rng, 30, 1),
        "regression with three outputs": regression(rng, 25, 3),
    }
    made_by = f"scikit-learn {sklearn.__version__}, by tests/oracles/metrics_sklearn.py"
    text = json.dumps({"made_by": made_by, "cases": cases}, sort_keys=True)
    (HERE / "metrics_sklearn.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
