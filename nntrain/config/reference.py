"""Writes docs/config.md: `python -m nntrain.config.reference > docs/config.md`."""

import sys

from nntrain.config.column import PerMember
from nntrain.config.reference_text import CLOSING, OPENING
from nntrain.config.root import Config
from nntrain.language.reference import Reference

# Sections that many others point to have one heading of their own.
_SHARED = {
    "activation": "activation",
    "initializer": "initializer",
    "bias_initializer": "initializer",
    "validation": "data.split.validation",
    "test": "data.split.validation",
}


def reference() -> str:
    """The reference of the config language as Markdown."""
    parts = [OPENING, *Reference(Config, PerMember, _SHARED).blocks(), CLOSING]
    return "\n\n".join(part.strip() for part in parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
