"""environment.json: what a run was computed with."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import nntrain

# What a training with equal config, data and libraries computes, to the bit. Raise it with every change that alters
# a single bit of any weight, so that runs are not continued by other arithmetic than they began with.
TRAINING_VERSION = 2


def environment(
    run: Path | None = None,
    *,
    command: Sequence[str] | None = None,
    threads: int | None = None,
    shards: int | None = None,
    data_files: Mapping[Path, str] | None = None,
) -> dict[str, Any]:
    """Versions, platform, BLAS, threads, shards, command line, and the sha256 of each data file.

    Args:
        run: the run directory, from which the paths of the data files are given, as in its config.yaml; None leaves
            them as they are.
        command: the command line; by default that of this process.
        threads: how many cores the training uses; None where the caller does not say.
        shards: in how many parts a batch is computed; likewise.
        data_files: the files that were read, and the sha256 of what was read of each.
    """
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "nntrain": nntrain.__version__,
        "training_version": TRAINING_VERSION,
        # Not platform.platform(), which starts another process to ask for the processor.
        "platform": "-".join(part for part in (platform.system(), platform.release(), platform.machine()) if part),
        "system": system(),
        "processor": processor(),
        "blas": blas(),
        "threads": threads,
        "shards": shards,
        "command": command_line() if command is None else list(command),
        "data": {
            str(path) if run is None else seen_from(run, path): sha256 for path, sha256 in (data_files or {}).items()
        },
    }


def command_line() -> list[str]:
    """The command line of this process as it would be typed anywhere: without the place where nntrain is installed."""
    program, *arguments = sys.argv or [""]
    name = Path(program).name
    return ["nntrain" if name in ("__main__.py", "nntrain.exe") else name, *arguments]


def seen_from(run: Path, path: Path) -> str:
    r"""The path of a data file relative to the run directory, with `/` between the parts.

    Runs and data can be moved together, and nothing of the machine stands in the run. Only a file on another drive
    keeps its absolute path. A file that is a link keeps its own name, which says what format it has and which labels
    belong to it; bytes that are no UTF-8 become `\udcff`, as in a config.
    """
    absolute = os.path.join(os.path.realpath(path.parent), path.name)
    try:
        seen = Path(os.path.relpath(absolute, os.path.realpath(run))).as_posix()
    except ValueError:  # another drive
        seen = Path(absolute).as_posix()
    seen = f"./{seen}" if seen.startswith("~") else seen  # not a home
    return seen.encode("utf-8", "backslashreplace").decode()


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
