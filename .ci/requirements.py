"""Reads and raises the requirements in pyproject.toml.

python .ci/requirements.py lowest   prints a pip constraint for each library: its lower bound
python .ci/requirements.py tools    prints the names of the pinned tools
python .ci/requirements.py raise    pins the tools at the releases that are installed here
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
_TOOL = re.compile(r"([\w.-]+)==[\w.]+")


def lowest(text: str) -> list[str]:
    """The lower bounds of the libraries, as constraints. Raises ValueError for a library without both bounds."""
    return [f"{name}=={bound}" for name, bound in (_parts(_LIBRARY, each) for each in _project(text)["dependencies"])]


def tools(text: str) -> list[str]:
    """The names of the tools. Raises ValueError for one that is not pinned exactly."""
    return [_parts(_TOOL, each)[0] for each in _project(text)["optional-dependencies"]["test"]]


def raised(text: str, newest: Callable[[str], str]) -> str:
    """The text of pyproject.toml with every tool pinned at what `newest` returns for its name."""
    for name in tools(text):
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
        print("\n".join({"lowest": lowest, "tools": tools}[task](text)))


if __name__ == "__main__":
    main(*sys.argv[1:])
