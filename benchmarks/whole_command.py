"""Whole commands, from the shell: `nntrain fit configs/iris.yaml`, `nntrain check` and `nntrain --help`.

Every command is a process of its own, started anew each time; beside them, what it takes to import PyTorch and
scikit-learn before anything is trained, where they are installed, and to start Python at all. Files and compiled
modules are where they are from the second start on: in memory and on disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from _measure import ROOT, Side, alternate, arguments, duration, print_table

# What each command is to stay below, in seconds.
COMMANDS = {
    "nntrain fit configs/iris.yaml": 0.8,
    "nntrain check configs/iris.yaml": 0.5,
    "nntrain --help": 0.25,
}
PEERS = {"torch": "import torch", "sklearn": "import sklearn.neural_network"}


def nntrain_command() -> list[str]:
    """The installed `nntrain` of this Python, or else `python -m nntrain`."""
    script = Path(sys.executable).with_name("nntrain")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "nntrain"]


def environment(folder: Path) -> dict[str, str]:
    """This process's environment, in which every Python keeps what it compiles in `folder`.

    Where Python may not write compiled modules beside the sources, each start would compile all of nntrain again.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder)}


def run(command: list[str], variables: dict[str, str]) -> None:
    """Run a command to its end; what it prints goes to a pipe, as in a script."""
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit code {done.returncode}:\n{done.stderr}")


def main() -> None:
    """Measure every command."""
    given = arguments(__doc__, repeats=15)
    with tempfile.TemporaryDirectory() as temporary:
        variables, runs = environment(Path(temporary) / "compiled"), str(Path(temporary) / "runs")
        sides = []
        for name in COMMANDS:
            extra = ["--runs-dir", runs] if " fit " in name else []
            sides.append(Side(name, partial(run, [*nntrain_command(), *name.split()[1:], *extra], variables)))
        for package, statement in PEERS.items():
            if find_spec(package) is not None:
                sides.append(
                    Side(f"python -c '{statement}'", partial(run, [sys.executable, "-c", statement], variables))
                )
            else:
                print(f"{package} is not installed and is left out: pip install 'nntrain[benchmark]'")
        sides.append(Side("python -c pass", partial(run, [sys.executable, "-c", "pass"], variables)))
        seconds = alternate(sides, given.repeats)
    rows = []
    for side in sides:
        rounds = seconds[side.name]
        limit = f"≤ {COMMANDS[side.name]:g} s" if side.name in COMMANDS else ""
        rows.append([f"`{side.name}`", duration(rounds), f"{duration([min(rounds)])}–{duration([max(rounds)])}", limit])
    print_table(["command", "takes", "range", "to reach"], rows)


if __name__ == "__main__":
    main()
