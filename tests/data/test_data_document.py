"""docs/data.md is true: each row of its table, read as a feature and as the target, becomes what it says."""

import csv
import re
from pathlib import Path

import pytest

import nntrain
from nntrain.assembly.data import Data
from nntrain.config.experiment import Experiment, load_experiment
from nntrain.data.describe import ColumnRow
from nntrain.errors import DataError, UserError
from nntrain.workflows import CheckReport

DOCUMENT = Path(__file__).parents[2] / "docs" / "data.md"
TIMES = 6  # each cell of a row stands in the column so often


def rows() -> list[tuple[list[str], str, str]]:
    """The table: the cells, what they become as a feature, what as the target."""
    found = []
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == 3:
            found.append((re.findall(r"`([^`]*)`", cells[0]), cells[1], cells[2]))
    return found


ROWS = rows()


def experiment(cells: list[str], settings: str, *, target: bool) -> Experiment:
    """A config over t.csv, whose column `c` holds the cells, with more settings of its data section."""
    with Path("t.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["c", "other"])
        for place in range(TIMES * len(cells)):
            writer.writerow([cells[place % len(cells)], place if target else "pq"[place // len(cells) % 2]])
    flow = settings.removeprefix("{").removesuffix("}") if settings.startswith("{") else settings
    text = f"data: {{path: t.csv, target: {'c' if target else 'other'}{', ' if flow else ''}{flow}}}\n"
    Path("t.yaml").write_text(text + "network: [{type: dense, units: auto, activation: auto}]\n", encoding="utf-8")
    return load_experiment("t.yaml", ["data.preprocess.missing=mean"])


def outcome(cells: list[str], settings: str, *, target: bool) -> tuple[str, CheckReport | None]:
    """What `check` makes of it: refused, numbers, categories or classes."""
    try:
        report = nntrain.check(experiment(cells, settings, target=target))
    except UserError:
        return "refused", None
    if target:
        return "numbers" if report.task == "regression" else "classes", report
    return "numbers" if of(report).kind == "numeric" else "categories", report


def of(report: CheckReport) -> ColumnRow:
    return next(row for row in report.columns if row.name == "c")


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize("target", [False, True], ids=["feature", "target"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[0]))
def test_each_row_is_true(row: tuple[list[str], str, str], target: bool) -> None:
    cells, *claims = row
    plain, *settings = claims[target].split("; ")
    for claim in (f"``: {plain}", *settings):
        given, words = re.fullmatch(r"`(.*)`: (.*)", claim.replace("``", "` `")).groups()  # type: ignore[union-attr]
        got, report = outcome(cells, given.strip(), target=target)
        assert got == words.split(",")[0], claim
        if report is None:
            continue
        marked = [w for w in report.warnings if "column 'c'" in w and "is different" not in w and "identifier" not in w]
        assert bool(marked) == ("with a warning" in words), report.warnings
        assert (of(report).missing > 0) == ("a cell missing" in words)
        if got == "numbers" and not target:
            assert of(report).inputs == 1
        if got == "classes":
            kept = dict.fromkeys(cells if "missing_values: []" in given else [cell for cell in cells if cell])
            assert set(report.classes or ()) == set(kept)


def test_the_table_is_there() -> None:
    assert len(ROWS) >= 28


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize("row", [row for row in ROWS if "refused;" in row[1]], ids=lambda row: " ".join(row[0]))
def test_what_is_refused_names_its_remedy(row: tuple[list[str], str, str]) -> None:
    """The message has the file, the first line, the cell, and each setting that the document shows."""
    cells, feature, _ = row
    with pytest.raises(DataError) as caught:
        Data(experiment(cells, "", target=False))
    message = str(caught.value)
    assert re.match(r"t\.csv:\d+: column 'c' holds the text '", message)
    for given in re.findall(r"`([^`]*)`: ", feature):
        for part in re.sub(r"^\{|\}$", "", given).split(", thousands: .") if given.startswith("{decimal") else [given]:
            assert not part or f"data.{part}" in message.replace("unit: '$'", "unit: $"), message
