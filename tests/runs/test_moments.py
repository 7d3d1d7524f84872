"""Runs are in the order in which they were started, whatever the clocks on the wall said."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nntrain.cli.app import app
from nntrain.errors import RunError
from nntrain.runs.finding import find_run
from nntrain.runs.listing import list_runs, summarize
from nntrain.runs.store import RunDirectory
from tests.run_directories import create_run

# Each is oldest first, and in another order as text.
ORDERS = {
    "from Tokyo to New York": ["2026-11-20T09:00:00.000001+09:00", "2026-11-19T20:30:00.5-05:00"],
    "the end of summer time": ["2026-10-25T02:50:00+02:00", "2026-10-25T02:10:00+01:00"],
    "this version after that": ["2026-11-20T23:59:59.999999+14:00", "2026-11-20T10:00:00+00:00"],
    "one instant": ["2026-11-20T10:00:00.000001+01:00", "2026-11-20T09:00:00.000002+00:00"],
    "the least and the greatest time": ["0001-01-01T00:00:00+14:00", "2026-01-01T00:00:00+00:00"],
    "an end": ["2026-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00"],
    "fractions": ["2026-11-20T10:00:00+00:00", "2026-11-20T10:00:00.5+00:00"],
    "another spelling": ["2026-11-20T10:00:00Z", "20261120T100001Z"],
}


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the clocks are."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def started_at(runs: Path, name: str, started: str) -> Path:
    path = create_run(runs, name).path
    status = json.loads((path / "status.json").read_text())
    (path / "status.json").write_text(json.dumps({**status, "started": started}))
    return path


@pytest.mark.parametrize("what", ORDERS)
def test_the_latest_run_is_the_one_that_was_started_last(tmp_path: Path, zone: str, what: str) -> None:
    older, newer = ORDERS[what]
    for names in (("a", "b"), ("b", "a")):
        runs = tmp_path / "".join(names)
        paths = [started_at(runs, name, started) for name, started in zip(names, (older, newer), strict=True)]
        assert [run.path for run in list_runs(runs)] == paths
        assert find_run("latest", runs_dir=runs).path == paths[-1]
        for option in ("--sort=started", "--last=2"):
            shown = CliRunner().invoke(app, ["runs", "--runs-dir", str(runs), "--json", option]).stdout
            assert [run["name"] for run in json.loads(shown)["runs"]] == [path.name for path in paths]


def test_a_run_of_now_is_the_latest_wherever_the_others_were(tmp_path: Path, zone: str) -> None:
    started_at(tmp_path, "a", "2026-01-01T00:00:00+14:00")
    now = create_run(tmp_path, "b")
    assert find_run("latest", runs_dir=tmp_path).path == now.path
    assert now.read_status().started.endswith("+00:00")


def test_a_time_without_an_offset_is_that_of_the_clocks_here(tmp_path: Path, zone: str) -> None:
    run = summarize(started_at(tmp_path, "a", "2026-11-20T10:00:00"))
    hours = {"UTC": 0, "Asia/Tokyo": 9, "America/New_York": -5, "Europe/Berlin": 1}[zone]
    there = summarize(started_at(tmp_path, "b", f"2026-11-20T10:00:00{hours:+03}:00"))
    assert run.moment == there.moment


def test_people_read_the_time_of_their_clocks(tmp_path: Path, zone: str) -> None:
    started_at(tmp_path, "a", "2026-11-20T23:30:00+00:00")
    shown = CliRunner().invoke(app, ["runs", "--runs-dir", str(tmp_path)]).stdout
    here = {
        "UTC": "2026-11-20 23:30:00",
        "Asia/Tokyo": "2026-11-21 08:30:00",
        "America/New_York": "2026-11-20 18:30:00",
        "Europe/Berlin": "2026-11-21 00:30:00",
    }
    assert here[zone] in shown


def test_who_holds_a_lock_is_said_by_the_clocks_here(run: RunDirectory, zone: str) -> None:
    offset = {"UTC": r"\+00:00", "Asia/Tokyo": r"\+09:00", "America/New_York": "-0[45]:00"}.get(zone, r"\+0[12]:00")
    with run.lock(), pytest.raises(RunError, match=rf" since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d{offset}$"), run.lock():
        pass
