"""nntrain's side of a comparison: what `nntrain fit` does between reading the config and writing the run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.data import Data, Prepared
from nntrain.assembly.ready import planned
from nntrain.assembly.resolve import resolve
from nntrain.assembly.training import build_population
from nntrain.config import Config, Experiment, load_experiment
from nntrain.train.loop import Training
from nntrain.train.records import EpochRecord
from nntrain.train.threads import blas_threads, threads_for


def experiment_of(text: str, folder: Path, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment of a config given as text; paths in it are relative to `folder`."""
    file = folder / "experiment.yaml"
    file.write_text(text, encoding="utf-8")
    return load_experiment(file, overrides)


def prepare(experiment: Experiment) -> Prepared:
    """Read, split and encode the data of an experiment."""
    return Data(experiment).prepare()


def resolved_config(experiment: Experiment, prepared: Prepared) -> Config:
    """The experiment's config with nothing left to decide."""
    has_validation = prepared.size("validation") > 0
    return resolve(experiment, prepared.preprocessor, has_validation=has_validation).config


class Epochs:
    """The training of one network, an epoch at a time.

    Attributes:
        threads: how many cores `nntrain fit` would use.
        loss: the mean training loss of the last epoch.
    """

    def __init__(self, experiment: Experiment, prepared: Prepared, epochs: int) -> None:
        found = planned(experiment, prepared)
        self.threads = threads_for(found.shards, None)
        population = build_population([found.config], [prepared], [0], threads=self.threads)
        parameters = population.network.parameters()
        self.initial: dict[str, Array] = {path: array[0].copy() for path, array in parameters.items()}
        self._records = iter(Training(population, epochs))
        self.loss = np.nan

    def settings(self) -> AbstractContextManager[None]:
        """What `nntrain fit` trains under: one BLAS thread, since large products are shared out by nntrain itself."""
        return blas_threads(1)

    def run(self) -> None:
        """Train for one epoch."""
        record = next(self._records)
        assert isinstance(record, EpochRecord)
        self.loss = float(record.values["training.loss"][0])
