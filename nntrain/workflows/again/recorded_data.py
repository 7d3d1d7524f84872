"""The data that a run was trained on, read again and compared with what the run says of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from nntrain.assembly.data import SPLITS, Data
from nntrain.config.data import SplitFileConfig
from nntrain.config.experiment import Experiment
from nntrain.data.dataset import Kind
from nntrain.data.readers.opened import OpenedFile
from nntrain.errors import DataError, RunError, UserError
from nntrain.runs.file_names import CONFIG, ENVIRONMENT
from nntrain.runs.store import RunDirectory
from nntrain.workflows.again.reading import read_experiment


def unchanged_data(
    experiment: Experiment,
    environment: Mapping[str, object],
    run: RunDirectory,
    *,
    kinds: Mapping[str, Kind],
    otherwise: str,
) -> Data:
    """The data that a run was trained on, read again; refused if it has changed, for its splits could not be found.

    Args:
        experiment: of the run.
        environment: its environment.json, which has the paths as config.yaml has them.
        run: for messages.
        kinds: what its columns were.
        otherwise: what can be done but to bring the data back; it ends the messages.

    Raises:
        DataError: a file is gone or its sha256 differs.
        RunError: config.yaml and environment.json contradict each other about the data.
    """
    recorded, sizes = _recorded_data(environment, run)
    named = _data_files(experiment)
    for written in named:
        if written not in recorded:
            raise _contradiction(run, f"the run was not trained on {written!r}")
    _check_examples(experiment, sizes, run)  # before they are made
    known = {os.path.realpath(file): recorded[written] for written, file in named.items()}
    try:
        data = Data(experiment, kinds)
    except UserError:  # that a file is another one now, or is gone, says more than what is wrong with it
        for file in named.values():
            _check_file(file, known[os.path.realpath(file)], run, otherwise)
        raise
    for file, sha256 in data.sha256.items():
        # Labels of IDX files need not be named.
        if sha256 not in ([known[real]] if (real := os.path.realpath(file)) in known else recorded.values()):
            raise _changed(file, run, otherwise)
    for split in SPLITS:
        found = len(data.separate[split]) if split in data.separate else len(getattr(data.split, split))
        if found != sizes[split]:
            raise _contradiction(run, f"the {split} split has {found:,} examples, not {sizes[split]:,}")
    return data


def trained_on(run: Path) -> list[Path]:
    """The data files of a run, as far as it can be read which they are."""
    directory, found = RunDirectory(run), list[Path]()
    with contextlib.suppress(RunError, UserError):
        found += _data_files(read_experiment(directory)).values()
    with contextlib.suppress(RunError):  # it has labels that the config need not name
        known = directory.read_environment().get("data")
        found += [Path(os.path.realpath(run), each) for each in known] if isinstance(known, dict) else []
    return found


def _recorded_data(environment: Mapping[str, object], run: RunDirectory) -> tuple[dict[str, object], dict[str, int]]:
    """From environment.json the sha256 of each file by its path seen from the run, and the sizes of the splits."""
    known, sizes = environment.get("data"), environment.get("examples")
    if not isinstance(known, dict):
        raise run.damaged(ENVIRONMENT, "is damaged: 'data' does not hold a checksum for each data file")
    if not isinstance(sizes, dict) or not all(isinstance(sizes.get(split), int) for split in SPLITS):
        raise run.damaged(ENVIRONMENT, "is damaged: 'examples' does not hold the sizes of the splits")
    return known, sizes


def _check_file(file: Path, known: object, run: RunDirectory, otherwise: str) -> None:
    try:
        with OpenedFile(file) as opened:
            opened.read_through()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            f"{file} cannot be read ({reason}), but {run.name} was trained on it: put it back{otherwise}"
        ) from error
    if opened.sha256 != known:
        raise _changed(file, run, otherwise)


def _changed(file: Path, run: RunDirectory, otherwise: str) -> DataError:
    return DataError(
        f"{file} has changed since {run.name} was trained on it, so its splits cannot be found again: "
        f"restore it{otherwise}"
    )


def _check_examples(experiment: Experiment, sizes: Mapping[str, int], run: RunDirectory) -> None:
    """Computed examples must be as many as the run had: those of a file are known by its checksum."""
    config = experiment.config.data
    wanted = None if config.synthetic is None else config.synthetic.examples
    had = sum(sizes[split] for split in SPLITS if not isinstance(getattr(config.split, split, None), SplitFileConfig))
    if wanted is not None and wanted != had:
        raise _contradiction(run, f"it wants {wanted:,} examples, the run had {had:,}")


def _contradiction(run: RunDirectory, what: str) -> RunError:
    return RunError(f"{run.path / CONFIG} is not the config that {ENVIRONMENT} beside it belongs to: {what}")


def _data_files(experiment: Experiment) -> dict[str, Path]:
    """The files that the config names, by the path that stands there."""
    config = experiment.config.data
    named = [config.path, config.labels]
    for part in (config.split.validation, config.split.test):
        if isinstance(part, SplitFileConfig):
            named += [part.path, part.labels]
    return {path: experiment.data_path(path) for path in named if path is not None}
