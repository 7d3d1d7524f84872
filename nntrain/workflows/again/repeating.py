"""A run as it was ready to train, from its directory: to go on with it, or to repeat it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nntrain.assembly.data import Prepared
from nntrain.assembly.ready import Ready, ready
from nntrain.config.experiment import Experiment
from nntrain.errors import RunError
from nntrain.nn.blueprint import Blueprint
from nntrain.runs.file_names import CHECKPOINTS, CONFIG, PREPROCESS, WEIGHTS
from nntrain.runs.store import RunDirectory
from nntrain.workflows.again.reading import read_preprocessor
from nntrain.workflows.again.recorded_data import unchanged_data
from nntrain.workflows.run.commands import fit_command


def ready_again(directory: RunDirectory, experiment: Experiment, known: Mapping[str, Any], threads: int) -> Ready:
    """What a run was trained with, its data read and split as it was then.

    Args:
        directory: of the run.
        experiment: from its config.yaml.
        known: its environment.json.
        threads: how many cores a step uses.

    Raises:
        DataError: the data is no longer what the run was trained on.
        RunError: the run is damaged.
    """
    fresh = f"; a new run on the data as it is: {fit_command(directory)}"
    kinds = read_preprocessor(directory).kinds
    data = unchanged_data(experiment, known, directory, kinds=kinds, otherwise=fresh)
    prepared = data.prepare()
    _check_preprocess(directory, prepared)
    found = ready(experiment, data, prepared, threads=threads)
    _check_parameters(directory, found.blueprint)
    return found


def _check_preprocess(directory: RunDirectory, prepared: Prepared) -> None:
    """The preprocessing must be what it was. Raises RunError."""
    if not _is_part(directory.read_preprocess(), prepared.preprocessor.to_json()):
        raise RunError(
            f"{directory.path / PREPROCESS} is not what the data gives: the run cannot go on; "
            f"start again with: {fit_command(directory)}"
        )


def _is_part(stored: object, fitted: object) -> bool:
    """Whether all that a document says is in another one, which may say more: that of an older run says less."""
    if isinstance(stored, dict) and isinstance(fitted, dict):
        return all(key in fitted and _is_part(value, fitted[key]) for key, value in stored.items())
    if isinstance(stored, list) and isinstance(fitted, list):
        return len(stored) == len(fitted) and all(map(_is_part, stored, fitted))
    return stored == fitted


def _check_parameters(directory: RunDirectory, blueprint: Blueprint) -> None:
    """The network of config.yaml must be of the size of what is saved of it, before anything is allocated for it."""
    problems: list[RunError] = []
    for name in (*CHECKPOINTS, WEIGHTS):
        if not directory.has(name):
            continue
        try:
            count = _saved_parameters(directory, name)
        except RunError as error:
            problems.append(error)
            continue
        described = blueprint.size + (blueprint.state_size if name == WEIGHTS else 0)
        if count != described:
            raise RunError(
                f"{directory.path / name} has {count:,} parameters, but the network in {CONFIG} beside it has "
                f"{described:,}: the run cannot go on"
            )
        return
    if problems:
        raise problems[0]


def _saved_parameters(directory: RunDirectory, name: str) -> int:
    """How many parameters weights.npz, with its state, or a checkpoint has."""
    specs = directory.array_specs(name)
    saved = specs if name == WEIGHTS else {"theta": specs["theta"]} if "theta" in specs else {}
    return sum(math.prod(spec.shape) for spec in saved.values())
