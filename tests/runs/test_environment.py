"""What a run was computed with."""

import hashlib
import platform
import sys
from pathlib import Path

import numpy as np
import pytest

import nntrain
from nntrain.runs import RunDirectory, environment


def test_versions_command_and_checksums(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes(b"a,b\n1,2\n")
    found = environment(command=["nntrain", "fit", "x.yaml"], threads=1, data_files=[data])
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["nntrain"] == nntrain.__version__
    assert found["command"] == ["nntrain", "fit", "x.yaml"]
    assert found["threads"] == 1
    assert found["blas"]
    assert found["data"] == {str(data): hashlib.sha256(b"a,b\n1,2\n").hexdigest()}


def test_a_command_line_that_is_not_utf8_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["nntrain", "fit", "\udcff.yaml"])
    run = RunDirectory.create(tmp_path, "x")
    run.write_environment(environment())
    assert run.read_environment()["command"] == ["nntrain", "fit", "\udcff.yaml"]
