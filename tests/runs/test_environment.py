"""What a run was computed with."""

import platform
import sys
from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.runs.environment import environment
from tests.run_directories import create_run


def test_versions_command_and_checksums(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes(b"a,b\n1,2\n")
    found = environment(command=["nntrain", "fit", "x.yaml"], threads=2, shards=4, data_files={data: "ab12"})
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["nntrain"] == nntrain.__version__
    assert found["command"] == ["nntrain", "fit", "x.yaml"]
    assert (found["threads"], found["shards"]) == (2, 4)
    assert found["blas"]
    assert found["data"] == {str(data): "ab12"}


def test_a_command_line_that_is_not_utf8_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["nntrain", "fit", "\udcff.yaml"])
    run = create_run(tmp_path, "x")
    run.write_environment(environment())
    assert run.read_environment()["command"] == ["nntrain", "fit", "\udcff.yaml"]


def test_data_files_are_seen_from_the_run(tmp_path: Path) -> None:
    run, data = tmp_path / "runs" / "iris", tmp_path / "data" / "iris.csv"
    for folder in (run, data.parent):
        folder.mkdir(parents=True)
    data.write_bytes(b"a,b\n1,2\n")
    found = environment(run, data_files={data: "ab12"})
    assert found["data"] == {"../../data/iris.csv": "ab12"}


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["/home/me/.venv/bin/nntrain", "fit", "x.yaml"], ["nntrain", "fit", "x.yaml"]),
        (["/usr/lib/python3/nntrain/__main__.py", "fit"], ["nntrain", "fit"]),
        (["train.py"], ["train.py"]),
        ([], [""]),
    ],
)
def test_the_command_line_is_without_the_place_of_nntrain(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], command: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    assert environment()["command"] == command
