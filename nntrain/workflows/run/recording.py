"""What a run is about to write of its config and its preprocessing.

It is read back first: what could not be read again is a mistake before any training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nntrain.config.experiment import Experiment
from nntrain.config.root import Config
from nntrain.config.search import ChoiceConfig, SearchConfig
from nntrain.data.preprocess import Preprocessor
from nntrain.runs import jsonfile
from nntrain.runs.environment import seen_from
from nntrain.runs.files import Damage

_DATA_PATHS = {f"data.{part}{key}" for part in ("", "split.validation.", "split.test.") for key in ("path", "labels")}


def preprocess_document(experiment: Experiment, preprocessor: Preprocessor) -> dict[str, Any]:
    """The content of preprocess.json, made sure of that it can be read again. Raises ConfigError at data.features."""
    document = preprocessor.to_json()
    try:
        Preprocessor.from_json(jsonfile.decode_object(jsonfile.encode(document)))
        return document
    except Damage as damage:
        problem = f"is too much: it {damage}"
    except ValueError as error:
        problem = f"could not be read again: {error}"
    raise experiment.error(
        "data.features",
        f"what a run keeps of these columns, their names, categories and means, {problem}",
        hint="leave out what is no feature, such as ids and free texts (of a table: data.features: {exclude: […]})",
    )


def portable(experiment: Experiment, directory: Path) -> Config:
    """The config with its data paths rewritten relative to the run directory, where it will be read from."""

    def seen(path: str) -> str:
        return seen_from(directory, experiment.data_path(path))

    def rewritten(path: str | None) -> str | None:
        return None if path is None else seen(path)

    config = experiment.config
    split = config.data.split
    parts = {
        name: part.model_copy(update={"path": rewritten(part.path), "labels": rewritten(part.labels)})
        for name, part in (("validation", split.validation), ("test", split.test))
        if not isinstance(part, float | int)
    }
    data = config.data.model_copy(
        update={
            "path": rewritten(config.data.path),
            "labels": rewritten(config.data.labels),
            "split": split.model_copy(update=parts),
        }
    )
    search = config.search and with_data_paths(config.search, seen)
    return config.model_copy(update={"data": data, "search": search})


def with_data_paths(search: SearchConfig, seen: Callable[[str], str]) -> SearchConfig:
    """A search section with the paths of data files among the values of its space as `seen` has them."""
    space: dict[str, Any] = {}
    for path, axis in search.space.items():
        if isinstance(axis, ChoiceConfig):
            space[path] = axis.model_copy(update={"values": tuple(_value(path, each, seen) for each in axis.values)})
        else:
            space[path] = tuple(_value(path, each, seen) for each in axis) if isinstance(axis, tuple) else axis
    return search.model_copy(update={"space": space})


def point_with_data_paths(point: Mapping[str, Any], seen: Callable[[str], str]) -> dict[str, Any]:
    """A point of a search, likewise."""
    return {path: _value(path, value, seen) for path, value in point.items()}


def _value(path: str, value: Any, seen: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _value(f"{path}.{key}", inner, seen) for key, inner in value.items()}
    return seen(value) if path in _DATA_PATHS and isinstance(value, str) else value
