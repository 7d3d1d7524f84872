"""nntrain's configs: the models that YAML files are checked against, one file per section, and what is made of them."""

from nntrain.config.column import PerMember, structure_key
from nntrain.config.experiment import Experiment, WrittenSource, load_experiment
from nntrain.config.root import Config
from nntrain.config.schema import json_schema
from nntrain.config.written import resolved_yaml

__all__ = [
    "Config",
    "Experiment",
    "PerMember",
    "WrittenSource",
    "json_schema",
    "load_experiment",
    "resolved_yaml",
    "structure_key",
]
