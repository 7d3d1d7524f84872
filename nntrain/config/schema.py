"""The JSON Schema of nntrain's configs."""

from typing import Any

from nntrain.config.root import Config
from nntrain.language import schema


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a config file, short forms included."""
    return schema.json_schema(Config, "nntrain config")
