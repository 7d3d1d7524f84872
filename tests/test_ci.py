"""Continuous integration judges every test, with tools that are pinned, and libraries within bounds that are tried."""

import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
LIBRARIES = {"numpy", "pyyaml", "typer", "rich", "pydantic", "threadpoolctl"}
TOOLS = {"pytest", "pytest-xdist", "hypothesis", "mypy", "ruff", "types-PyYAML"}

# Prints the files that pytest would take tests from, and imports none of them.
COLLECTED = """
import pytest
class Empty(pytest.Module):
    def collect(self):
        return []
class Files:
    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(self, module_path, parent):
        print("file", module_path.as_posix())
        return Empty.from_parent(parent, path=module_path)
pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider"], plugins=[Files()])
"""


def collected(root: Path) -> set[str]:
    """The files that `pytest` takes tests from in a checkout, relative to it."""
    done = subprocess.run([sys.executable, "-c", COLLECTED], cwd=root, capture_output=True, text=True, check=True)
    found = [line.removeprefix("file ") for line in done.stdout.splitlines() if line.startswith("file ")]
    return {Path(each).relative_to(root.resolve().as_posix()).as_posix() for each in found}


def test_pytest_collects_every_test_file_on_disk() -> None:
    on_disk = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    assert "tests/assembly/test_ready.py" in on_disk
    assert collected(ROOT) == on_disk


def test_whatever_the_folder_is_called(tmp_path: Path) -> None:
    """pytest leaves out folders of these names by itself."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    names = {f"tests/{folder}/test_it.py" for folder in ("build", "dist", "venv", "node_modules", "_darcs", "CVS")}
    for name in (*names, "tests/.hypothesis/test_it.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("def test_it() -> None: ...\n", encoding="utf-8")
    assert collected(tmp_path) == names


def test_no_test_hides_in_a_file_of_another_name() -> None:
    """pytest looks into test_*.py only."""
    a_test = re.compile(r"^\s*(async )?def test_|^class Test", re.MULTILINE)
    with_tests = [path for path in (ROOT / "tests").rglob("*.py") if a_test.search(path.read_text(encoding="utf-8"))]
    assert [path.name for path in with_tests if not path.name.startswith("test_")] == []


def requirements() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / ".ci" / "requirements.py"))


def test_every_library_has_both_bounds_and_the_lower_ones_are_tried() -> None:
    lower = dict(each.split("==") for each in requirements()["lowest"](PYPROJECT))
    assert set(lower) == LIBRARIES
    for requirement in PROJECT["dependencies"]:
        found = re.fullmatch(r"([\w-]+)>=([\d.]+),<(\d+)(\.\d+)?", requirement)
        assert found is not None
        name, lowest, major, minor = found.groups()
        assert lower[name] == lowest
        first = lowest.split(".")[0]
        assert int(major) > int(first) or (first == "0" and minor)  # of a 0.x, a minor release may break


def test_every_tool_that_judges_is_pinned() -> None:
    pins = dict(each.split("==") for each in PROJECT["optional-dependencies"]["test"])
    assert set(pins) == TOOLS == set(requirements()["pinned"](PYPROJECT)) - LIBRARIES
    assert all(re.fullmatch(r"\d+(\.\d+)+", pin) for pin in pins.values())
    assert version("pytest") == pins["pytest"]  # and it is what judges here


def test_what_mypy_reads_types_from_is_pinned_within_the_bounds() -> None:
    pins = dict(each.split("==") for each in PROJECT["optional-dependencies"]["types"])
    assert set(pins) == LIBRARIES
    dry = subprocess.run(["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ".venv-types/bin/mypy\n" in dry


def test_the_build_backend_is_bounded() -> None:
    assert tomllib.loads(PYPROJECT)["build-system"]["requires"] == ["hatchling>=1.27,<2"]


def test_raising_the_tools_changes_their_pins_and_nothing_else() -> None:
    raised = requirements()["raised"](PYPROJECT, lambda name: f"99.{len(name)}")
    assert tomllib.loads(raised)["project"]["optional-dependencies"]["test"] == [
        "pytest==99.6",
        "pytest-xdist==99.12",
        "hypothesis==99.10",
        "mypy==99.4",
        "ruff==99.4",
        "types-PyYAML==99.12",
    ]
    types = tomllib.loads(raised)["project"]["optional-dependencies"]["types"]
    assert types == [
        f"{name}==99.{len(name)}" for name in ("numpy", "pyyaml", "typer", "rich", "pydantic", "threadpoolctl")
    ]
    changed = [line for line in raised.splitlines() if line not in PYPROJECT.splitlines()]
    assert len(changed) == len(TOOLS) + len(LIBRARIES)
    assert len(raised.splitlines()) == len(PYPROJECT.splitlines())


@pytest.mark.parametrize("requirement", ["numpy>=2.3", "numpy", "numpy<3", "numpy==2.3"])
def test_a_library_without_both_bounds_is_refused(requirement: str) -> None:
    text = f'[project]\ndependencies = ["{requirement}"]\n'
    with pytest.raises(ValueError, match=re.escape(f"'{requirement}' is not of the form")):
        requirements()["lowest"](text)


def hooks() -> Iterator[dict[str, Any]]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [each["repo"] for each in config["repos"]] == ["local"]  # another one would have pins of its own
    return iter(config["repos"][0]["hooks"])


def test_pre_commit_runs_the_pinned_tools() -> None:
    """From the environments where `make` puts what pyproject.toml pins."""
    entries = [hook["entry"].split() for hook in hooks()]
    assert {entry[0] for entry in entries} == {".venv/bin/ruff", ".venv-types/bin/mypy"}
    assert {Path(entry[0]).name for entry in entries} <= TOOLS
    assert {hook["language"] for hook in hooks()} == {"system"}
    assert not [hook for hook in hooks() if "additional_dependencies" in hook or "rev" in hook]


def test_ci_runs_the_quick_tests_on_the_lowest_versions_and_then_every_test() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    marked = {
        "test-lowest": '"not slow and not exhaustive"',
        "test-exhaustive": "exhaustive",
        "test": '"not exhaustive"',
    }
    assert [line for line in script if line.startswith("make")] == [f"make {target}" for target in marked]
    for target, marks in marked.items():
        dry = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        python = ".venv-lowest" if target == "test-lowest" else ".venv"
        assert f"{python}/bin/python -m pytest -n 2 --dist worksteal -m {marks}\n" in dry


# Each test of this module is a warning.
WARNED = """
import pytest, warnings
ANNOUNCED = [DeprecationWarning, PendingDeprecationWarning, FutureWarning, UserWarning]
WRONG = [RuntimeWarning, ResourceWarning, SyntaxWarning, BytesWarning, pytest.PytestWarning]

@pytest.mark.parametrize("kind", ANNOUNCED)
def test_announced(kind):
    warnings.warn(f"soon: {kind.__name__}", kind)

@pytest.mark.parametrize("kind", WRONG)
def test_wrong(kind):
    warnings.warn("wrong", kind)
"""


def test_what_a_library_announces_fails_no_test_and_what_goes_wrong_does(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(WARNED, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert re.match("5 failed, 4 passed, 4 warnings in", output.splitlines()[-1]), output
    assert re.findall(r"^FAILED tests/test_it.py::(\w+)", output, re.MULTILINE) == ["test_wrong"] * 5
    announced = ["DeprecationWarning", "PendingDeprecationWarning", "FutureWarning", "UserWarning"]
    assert [name for name in announced if f"{name}: soon: {name}" not in output] == []  # they are listed


def test_the_pythons_that_are_promised() -> None:
    named = [each.rpartition(" :: ")[2] for each in PROJECT["classifiers"] if "Python :: 3." in each]
    assert named == ["3.11", "3.12", "3.13", "3.14"]
    assert PROJECT["requires-python"] == ">=3.11"
