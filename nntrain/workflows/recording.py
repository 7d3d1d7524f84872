"""What a run is about to write, read back first: what could not be read again is a mistake before any training."""

from __future__ import annotations

from typing import Any

from nntrain.config.experiment import Experiment
from nntrain.data.preprocess import Preprocessor
from nntrain.runs import jsonfile
from nntrain.runs.files import Damage


def preprocess_document(experiment: Experiment, preprocessor: Preprocessor) -> dict[str, Any]:
    """The content of preprocess.json, made sure of that it can be read again. Raises ConfigError at data.features."""
    document = preprocessor.to_json()
    try:
        Preprocessor.from_json(jsonfile.decode_object(jsonfile.encode(document)))
    except (Damage, ValueError) as problem:
        raise experiment.error(
            "data.features",
            f"what a run keeps of these columns, their names, categories and means, is too much: it {problem}",
            hint="leave out columns that are no features, such as ids and free texts: data.features: {exclude: [...]}",
        ) from None
    return document
