"""Configs that differ from the least one in a section, and the `type`s that a section can have."""

from typing import Any, get_args

from nntrain.config.root import Config

_LEAST = {
    "version": 1,
    "data": {"path": "rows.csv", "target": "y"},
    "network": [{"type": "dense", "units": "auto"}],
}


def configured(**sections: Any) -> Config:
    """A config with these sections; the others have their defaults."""
    return Config.model_validate({**_LEAST, **sections})


def types_of(union: Any) -> set[str]:
    """The `type` of each model of an annotated union of them."""
    return {model.model_fields["type"].default for model in get_args(get_args(union)[0])}
