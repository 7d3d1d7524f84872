"""Configs of older versions of nntrain's config language."""

import os

from nntrain.config.vocabulary import VOCABULARY
from nntrain.language import migrate as language
from nntrain.language.migrate import Migration, Rewriting

STEPS: tuple[Rewriting, ...] = ()
"""The steps from each version to the next; version 1 is the first."""


def migrate(path: str | os.PathLike[str]) -> Migration:
    """The config in a file, rewritten for the present version, with its comments and layout.

    Raises:
        ConfigError: the file cannot be read as YAML, is of a newer version, or cannot be rewritten automatically.
    """
    return language.migrate(path, VOCABULARY, STEPS)
