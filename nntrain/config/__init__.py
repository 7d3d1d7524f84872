"""The config language: YAML files, the models they are checked against, and errors that name the place."""

from nntrain.config.column import Column, column_paths, structure_key
from nntrain.config.experiment import Experiment, Source, load_experiment
from nntrain.config.root import Config
from nntrain.language.dump import resolved_yaml
from nntrain.language.paths import valid_paths
from nntrain.language.schema import json_schema

__all__ = [
    "Column",
    "Config",
    "Experiment",
    "Source",
    "column_paths",
    "json_schema",
    "load_experiment",
    "resolved_yaml",
    "structure_key",
    "valid_paths",
]
