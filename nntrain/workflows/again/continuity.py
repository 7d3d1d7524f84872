"""With what a run may go on: what may change, what costs the promise of equal bits, and what did already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nntrain.assembly.ready import Planned
from nntrain.config.column import structure_key
from nntrain.config.experiment import Experiment
from nntrain.config.root import Config
from nntrain.config.training import MOST_THREADS
from nntrain.errors import UserError
from nntrain.runs.environment import environment
from nntrain.runs.file_names import ENVIRONMENT
from nntrain.runs.store import RunDirectory
from nntrain.workflows.again.reading import read_count, read_experiment, shown
from nntrain.workflows.again.unfinished import refuse_search, refuse_unbegun

# Settings that say how long to train, when to save and on how many cores, and change nothing about a step.
FREE = ("training.epochs", "training.checkpoint", "runtime.threads")
# What the arithmetic depends on, in environment.json, and how to call it.
ARITHMETIC = {
    "training_version": "nntrain's arithmetic",
    "numpy": "NumPy",
    "blas": "the BLAS library",
    "processor": "the processor",
    "system": "the system",
}
# Multiplications of a product that an nntrain without shards cut in two.
_CUT_FROM = 20_000_000
# What an earlier nntrain did with class weights.
RECORDED_OTHERWISE = "the run is of an nntrain that recorded the weighted loss as training.loss, and no other"
# In environment.json: what --force has made different from an uninterrupted run.
FORCED = "forced"


def read_start(directory: RunDirectory) -> dict[str, Any]:
    """The environment.json of a run whose training has begun.

    Raises:
        RunError: it never began, or the file is damaged.
        UserError: the directory is that of a search.
    """
    refuse_search(directory, "is a search, not a run of one network")
    refuse_unbegun(directory, "to go on with")
    return directory.read_environment()


def recorded_threads(directory: RunDirectory, known: Mapping[str, Any]) -> int:
    """How many threads a run was trained with. Raises RunError where environment.json does not say."""
    return read_count(directory, ENVIRONMENT, known, "threads", most=MOST_THREADS)


def changed_arithmetic(known: Mapping[str, Any]) -> list[str]:
    """What the bits of a result depend on and is no longer what environment.json says, in words."""
    present = environment()
    return [
        f"{what} was {shown(known[name])}, now {present[name]}"
        for name, what in ARITHMETIC.items()
        if name in known and known[name] != present[name]
    ]


def uncut_products(known: Mapping[str, Any], planned: Planned) -> list[str]:
    """In words, that an earlier nntrain has cut the products of this network for its threads, and this one does not."""
    if "shards" in known or known["threads"] == 1:
        return []
    weights = (location.param.size for location in planned.blueprint.params.values() if location.param.penalized)
    if planned.batch_size * max(weights, default=0) < _CUT_FROM:
        return []
    return [f"large products were cut into {known['threads']} parts, now they are whole"]


def threads_to_use(experiment: Experiment, recorded: int) -> int:
    """How many threads a run goes on with: those that it is asked for, or else as many as before."""
    asked = experiment.config.runtime.threads
    return recorded if asked == "auto" else asked


def forced_changes(directory: RunDirectory, known: Mapping[str, Any]) -> list[str]:
    """What --force made different, in words. Raises RunError where environment.json is damaged."""
    forced = known.get(FORCED, [])
    if not isinstance(forced, list) or not all(isinstance(text, str) for text in forced):
        raise directory.damaged(ENVIRONMENT, f"is damaged: {FORCED!r} is not a list of texts")
    return forced


def changed_experiment(
    directory: RunDirectory, overrides: Sequence[str], *, force: bool
) -> tuple[Experiment, list[str]]:
    """The run's experiment with the overrides, which must not make it another one, and what --force would change.

    Raises:
        UserError: it would be another network or another training.
        RunError: config.yaml is damaged.
    """
    before = read_experiment(directory)
    after = read_experiment(directory, overrides) if overrides else before
    was, now = _essence(before.config), _essence(after.config)
    if was == now:
        return after, []
    listed = ", ".join(overrides)
    if structure_key(was) != structure_key(now):
        reason = "a cosine schedule depends on the number of epochs; " if now.schedule.type == "cosine" else ""
        raise UserError(
            f"{directory.name} cannot go on with {listed}: {reason}that is another network or another training; "
            "start a new run for it"
        )
    return after, [f"{listed} (only {', '.join(FREE[:-1])} and {FREE[-1]} can change)" if not force else listed]


def _essence(config: Config) -> Config:
    """A config without what may differ between the first part of a run and the next."""
    same: dict[str, Any] = {"epochs": 1, "checkpoint": None}
    if config.schedule.type == "cosine":
        del same["epochs"]  # the rate of every epoch depends on their number
    training = config.training.model_copy(update=same)
    runtime = type(config.runtime)(shards=config.runtime.shards)
    return config.model_copy(update={"training": training, "runtime": runtime, "search": None})
