"""Reads and raises the requirements in pyproject.toml.

python .ci/requirements.py lowest   prints a pip constraint for each library: its lower bound
python .ci/requirements.py pinned   prints the names of what is pinned: the tools, and what mypy reads types from
python .ci/requirements.py raise    pins them at the releases that are installed here
"""

import re
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
_LIBRARY = re.compile(r"([\w.-]+)>=([\d.]+),<[\d.]+")
_PIN = re.compile(r"([\w.-]+)==[\w.]+")


def lowest(text: str) -> list[str]:
    """The lower bounds of the libraries, as constraints. Raises ValueError for a library without both bounds."""
    return [f"{name}=={bound}" for name, bound in (_parts(_LIBRARY, each) for each in _project(text)["dependencies"])]


def pinned(text: str) -> list[str]:
    """The names of the tools and of what mypy reads types from. Raises ValueError for one that is not pinned."""
    extras = _project(text)["optional-dependencies"]
    return [_parts(_PIN, each)[0] for each in (*extras["test"], *extras["types"])]


def raised(text: str, newest: Callable[[str], str]) -> str:
    """The text of pyproject.toml with everything pinned at what `newest` returns for its name."""
    for name in pinned(text):
        text = re.sub(rf'"{re.escape(name)}==[^"]*"', f'"{name}=={newest(name)}"', text)
    return text


def _project(text: str) -> Any:
    return tomllib.loads(text)["project"]


def _parts(form: re.Pattern[str], requirement: str) -> tuple[str, ...]:
    found = form.fullmatch(requirement)
    if found is None:
        raise ValueError(f"pyproject.toml: {requirement!r} is not of the form {form.pattern}")
    return found.groups()


def main(task: str) -> None:
    """Do one of the three tasks."""
    text = PYPROJECT.read_text(encoding="utf-8")
    if task == "raise":
        PYPROJECT.write_text(raised(text, version), encoding="utf-8")
    else:
        print("\n".join({"lowest": lowest, "pinned": pinned}[task](text)))


if __name__ == "__main__":
    main(*sys.argv[1:])
