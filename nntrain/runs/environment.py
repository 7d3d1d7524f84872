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
        "system": system(),
        "processor": processor(),
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


def system() -> str:
    """The operating system and its mathematical library, such as "Linux glibc 2.36"; a new kernel changes neither."""
    return " ".join(part for part in (platform.system(), *platform.libc_ver(), platform.mac_ver()[0]) if part)


def processor() -> str:
    """What decides which code NumPy and BLAS run: such as "x86_64 SkylakeX X86_V3 X86_V4".

    The kind of machine, the kernels that BLAS chose for it, and the SIMD extensions that NumPy uses.
    """
    from threadpoolctl import threadpool_info  # here, because it inspects every loaded library

    kernels = sorted({str(library["architecture"]) for library in threadpool_info() if library.get("architecture")})
    config: Any = np.show_config(mode="dicts")
    return " ".join([platform.machine(), *kernels, *config.get("SIMD Extensions", {}).get("found", [])])


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, read in pieces. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
