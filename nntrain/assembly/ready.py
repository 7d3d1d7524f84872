"""What every command begins with: an experiment that is resolved, its data prepared and its network planned."""

from __future__ import annotations

from dataclasses import dataclass

from nntrain.assembly.data import Data, Prepared
from nntrain.assembly.footprint import Footprint, footprint
from nntrain.assembly.resolve import resolve_and_plan
from nntrain.assembly.training import batch_size_of, build_population
from nntrain.config.experiment import Experiment
from nntrain.config.root import Config
from nntrain.config.training import MOST_THREADS
from nntrain.nn.blueprint import Blueprint
from nntrain.train.population import Population
from nntrain.train.threads import shards_for, threads_for


@dataclass(frozen=True, eq=False)
class Planned:
    """An experiment on prepared data, with what follows from the two.

    Attributes:
        experiment: resolved.
        prepared: the splits that it is trained on and scored with.
        blueprint: its network for inputs of these splits; planned once, by `planned`.
        batch_size: N of a training step.
        shards: in how many parts a batch is computed, as the resolved config says.
    """

    experiment: Experiment
    prepared: Prepared
    blueprint: Blueprint
    batch_size: int
    shards: int

    @property
    def config(self) -> Config:
        """The resolved config."""
        return self.experiment.config

    @property
    def batches_in_epoch(self) -> int:
        """How many steps an epoch has."""
        return -(-self.prepared.size("training") // self.batch_size)

    def footprint(self) -> Footprint:
        """The memory that training it takes, worked out from shapes."""
        return footprint(
            self.blueprint, [self.config], [self.prepared], [0], batch_size=self.batch_size, shards=self.shards
        )


@dataclass(frozen=True, eq=False)
class Ready(Planned):
    """The same with the data as it was read, and the cores to train on.

    Attributes:
        data: what `prepared` was made of.
        threads: how many cores a step may use.
    """

    data: Data
    threads: int

    def population(self) -> Population:
        """Its network as a population of one, initialized and bound to its data."""
        return build_population(
            [self.config],
            [self.prepared],
            [0],
            blueprint=self.blueprint,
            batch_size=self.batch_size,
            shards=self.shards,
            threads=self.threads,
        )


def planned(experiment: Experiment, prepared: Prepared) -> Planned:
    """An experiment resolved for data that is prepared, and its network planned.

    Raises:
        ConfigError: something does not suit the task or the data; it has the place in the config.
    """
    resolved, blueprint = resolve_and_plan(
        experiment, prepared.preprocessor, has_validation="validation" in prepared.splits
    )
    batch_size = batch_size_of(resolved.config, prepared)
    asked = resolved.config.runtime.shards
    shards = shards_for(blueprint, batch_size) if asked == "auto" else asked
    return Planned(with_shards(resolved, shards), prepared, blueprint, batch_size, shards)


def with_shards(experiment: Experiment, shards: int) -> Experiment:
    """The experiment with the number of shards decided."""
    config = experiment.config
    if config.runtime.shards == shards:
        return experiment
    runtime = config.runtime.model_copy(update={"shards": shards})
    return experiment.with_config(config.model_copy(update={"runtime": runtime}))


def ready(
    experiment: Experiment,
    data: Data | None = None,
    prepared: Prepared | None = None,
    *,
    threads: int | None = None,
) -> Ready:
    """What every command begins with.

    Args:
        experiment: from `load_experiment`.
        data: its data, where it was read already.
        prepared: what `data.prepare()` gave, likewise.
        threads: how many cores a step uses; by default what the config says, or what pays for this network.

    Raises:
        ConfigError, DataError: the data cannot be used, or something does not suit it.
    """
    data = Data(experiment) if data is None else data
    found = planned(experiment, data.prepare() if prepared is None else prepared)
    asked = found.config.runtime.threads if threads is None else threads
    wanted = threads_for(found.shards, None if asked == "auto" else asked)
    return Ready(
        found.experiment,
        found.prepared,
        found.blueprint,
        found.batch_size,
        found.shards,
        data=data,
        threads=min(wanted, MOST_THREADS),  # of a machine with more cores
    )
