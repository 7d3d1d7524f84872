"""What the workflows read from a run directory: documents that anyone may have edited become checked objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nntrain.assembly.ready import with_shards
from nntrain.config.experiment import Experiment, parse_experiment
from nntrain.data.preprocess import VERSION, Preprocessor
from nntrain.errors import NEWER, UserError, what_newer_needs
from nntrain.language.values import LARGEST_INTEGER
from nntrain.runs.file_names import CONFIG, PREPROCESS
from nntrain.runs.store import RunDirectory
from nntrain.visible import Lines, is_visible, lines_of

_LINES_SHOWN = 12  # of what is wrong with a config: it was not written by the one who reads the message


def read_experiment(directory: RunDirectory, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment in config.yaml. Raises RunError where it is damaged, ConfigError for a wrong override.

    A run that does not say in how many shards its batches were computed is of an nntrain that knew none: in one.
    """
    text, path = directory.read_config(), directory.path / CONFIG
    try:
        experiment = parse_experiment(text, path)
    except UserError as error:
        newer = next((p for p in getattr(error, "problems", ()) if p.message.endswith(NEWER)), None)
        if newer is not None:
            raise directory.damaged(CONFIG, f"cannot be read: {newer.message}", remedy=newer.hint) from error
        lines = lines_of(str(error))
        shown = lines[:_LINES_SHOWN] + (["…"] if len(lines) > _LINES_SHOWN else [])
        raise directory.damaged(CONFIG, Lines("is damaged:", *shown)) from error
    if overrides:
        experiment = parse_experiment(text, path, overrides)
    return experiment if experiment.config.runtime.shards != "auto" else with_shards(experiment, 1)


def read_preprocessor(directory: RunDirectory) -> Preprocessor:
    """The preprocessor in preprocess.json. Raises RunError."""
    document = directory.read_preprocess()
    version = document.get("version")
    if isinstance(version, int) and version > VERSION:
        raise directory.damaged(
            PREPROCESS, f"cannot be read: version {version} {NEWER}", remedy=what_newer_needs("version", VERSION)
        )
    try:
        return Preprocessor.from_json(document)
    except ValueError as error:
        raise directory.damaged(PREPROCESS, f"is damaged: {error}") from error


def read_count(
    directory: RunDirectory, name: str, document: Mapping[str, Any], key: str, *, most: int = LARGEST_INTEGER
) -> int:
    """The whole number from 1 to `most` under a key of a document, which is the file `name`. Raises RunError."""
    value = document.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise directory.damaged(name, f"is damaged: {key!r} is {shown(value)}")
    return value


def shown(value: object) -> str:
    """A value for a message, on one line and not long, whatever it is; a text without its quotes."""
    if isinstance(value, str) and is_visible(value) and 0 < len(value) <= 80:
        return value
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits
        text = f"a value that cannot be shown ({type(value).__name__})"
    return text if len(text) <= 80 else f"{text[:77]}..."
