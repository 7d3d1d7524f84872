"""Writes the files of datasets/ from the copies that scikit-learn bundles.

Run by hand, `python tests/oracles/make_datasets.py`, with scikit-learn installed (1.9.1 was used); then bring the
sha256 sums in datasets/README.md up to date, which a test holds against the files. Nothing is changed but the names
of columns and classes and the way numbers are written.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import datasets as sk

Array = np.ndarray[Any, Any]
FOLDER = Path(__file__).parents[2] / "datasets"


def write_csv(name: str, columns: Sequence[str], x: Array, target: str, y: Iterable[object]) -> None:
    with (FOLDER / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*columns, target])
        writer.writerows([*map(number, row), label] for row, label in zip(x.tolist(), y, strict=True))


def number(value: float) -> str:
    text = f"{value:.15g}"
    if float(text) != value:
        raise ValueError(f"{value!r} cannot be written with 15 digits")
    return text


def main() -> None:
    iris = sk.load_iris()
    columns = [name.removesuffix(" (cm)").replace(" ", "_") for name in iris.feature_names]
    write_csv("iris.csv", columns, iris.data, "species", iris.target_names[iris.target])

    wine = sk.load_wine()
    columns = [name.replace("od280/od315_of_diluted_wines", "od280_od315") for name in wine.feature_names]
    write_csv("wine.csv", columns, wine.data, "cultivar", wine.target + 1)  # numbered from 1, as UCI has them

    cancer = sk.load_breast_cancer()
    columns = [name.replace(" ", "_") for name in cancer.feature_names]
    write_csv("breast-cancer.csv", columns, cancer.data, "diagnosis", cancer.target_names[cancer.target])

    diabetes = sk.load_diabetes(scaled=False)
    write_csv("diabetes.csv", diabetes.feature_names, diabetes.data, "progression", map(number, diabetes.target))

    digits = sk.load_digits()
    x = digits.images[..., np.newaxis].astype(np.uint8)
    np.savez_compressed(FOLDER / "digits.npz", x=x, y=digits.target.astype(np.uint8))


if __name__ == "__main__":
    main()
