"""environment.json: what a run was computed with."""

import hashlib
import platform
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nntrain

# What a training with equal config, data and libraries computes, to the bit. Raise it with every change that alters
# a single bit of any weight, so that runs are not continued by other arithmetic than they began with.
TRAINING_VERSION = 1


def environment(
    *, command: Sequence[str] | None = None, threads: int | None = None, data_files: Iterable[Path] = ()
) -> dict[str, Any]:
    """Versions, platform, BLAS, threads, command line, and the sha256 of each data file.

    command:     the command line; default sys.argv
    threads:     how many BLAS threads the training uses; None where the caller does not say
    data_files:  the files that were read; raises OSError if one cannot be
    """
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "nntrain": nntrain.__version__,
        "training_version": TRAINING_VERSION,
        "platform": platform.platform(),
        "blas": blas(),
        "threads": threads,
        "command": list(sys.argv if command is None else command),
        "data": {str(path): file_sha256(path) for path in data_files},
    }


def blas() -> str:
    """Name and version of the BLAS that NumPy was built with, such as "scipy-openblas 0.3.29"."""
    config: Any = np.show_config(mode="dicts")
    found = config.get("Build Dependencies", {}).get("blas", {})
    return " ".join(str(found[key]) for key in ("name", "version") if found.get(key)) or "unknown"


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, read in pieces. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
