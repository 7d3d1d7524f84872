"""`predict --escape-formulas`: no cell that a spreadsheet would run."""

import csv
import io
from pathlib import Path
from types import ModuleType

import pytest

from nntrain.workflows.predicting import Predictions
from tests.cli.conftest import Invoke, answer

FORMULAS = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "=",
    "-",
    "\uff1d1+1",
    "\uff0d1+1",
    "=a,b",
]
FORMULAS += ["+1 (two)", "-x", "--5", "-1,5"]
PLAIN = ["setosa", "", "-1", "+1", "-1.5e-7", "-.5", "1=1", "'=1", " ", "a@b.de", "漢"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that looks like a run."""
    path = tmp_path / "runs" / "x"
    path.mkdir(parents=True)
    (path / "status.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    return path


def predictions(header: list[str], cells: list[str]) -> Predictions:
    return Predictions(header, iter([[cell, -0.25] for cell in cells]), [])


@pytest.mark.parametrize("to_file", [False, True])
def test_formulas_become_texts_on_request(invoke: Invoke, workflows: ModuleType, run: Path, to_file: bool) -> None:
    for cells, expected in ((FORMULAS, [f"'{cell}" for cell in FORMULAS]), (PLAIN, PLAIN)):
        answer(workflows, "predict", predictions(["=kind", "probability_=1"], cells))
        ended = invoke("predict", str(run), "x.csv", "--escape-formulas", *(["-o", "out.csv"] if to_file else []))
        assert ended.exit_code == 0
        written = Path("out.csv").read_bytes() if to_file else ended.stdout_bytes
        rows = list(csv.reader(io.StringIO(written.decode(), newline="")))
        assert rows[0] == ["'=kind", "probability_=1"]
        assert [row[0] for row in rows[1:]] == expected
        assert {row[1] for row in rows[1:]} == {"-0.25"}  # a number stays one


def test_without_it_cells_are_exact(invoke: Invoke, workflows: ModuleType, run: Path) -> None:
    answer(workflows, "predict", predictions(["=kind", "p"], FORMULAS))
    rows = list(csv.reader(io.StringIO(invoke("predict", str(run), "x.csv").stdout_bytes.decode(), newline="")))
    assert [row[0] for row in rows] == ["=kind", *FORMULAS]


def test_a_text_that_no_encoding_holds_is_written_out(invoke: Invoke, workflows: ModuleType, run: Path) -> None:
    """An edited run may name its classes so."""
    for extra in ([], ["-o", "out.csv"]):
        answer(workflows, "predict", predictions(["kind", "p"], ["a\ud800"]))
        ended = invoke("predict", str(run), "x.csv", *extra)
        assert ended.exit_code == 0
        assert (Path("out.csv").read_bytes() if extra else ended.stdout_bytes) == b"kind,p\na\\ud800,-0.25\n"
