"""RunDirectory: what it writes, what it refuses, and what it says."""

import hashlib
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.errors import RunError
from nntrain.runs.arrays_file import ArraySpec
from nntrain.runs.creation import Creation
from nntrain.runs.store import RunDirectory
from tests.run_directories import create_run
from tests.runs.conftest import HISTORY, RESULT, WEIGHTS, write_everything

EXPECTED = {name: ArraySpec(array.shape, array.dtype) for name, array in WEIGHTS.items()}


def test_name_has_the_experiment_the_time_and_four_digits(tmp_path: Path) -> None:
    run = create_run(tmp_path / "deep" / "runs", "iris")
    assert run.path.parent == tmp_path / "deep" / "runs"
    assert re.fullmatch(r"iris-20\d{6}-\d{6}-[0-9a-f]{4}", run.name)
    assert run.read_status().status == "running"


@pytest.mark.parametrize(
    ("name", "start"),
    [("a/../b c", "a-..-b-c-"), ("../..", "run-"), ("Blüten", "Blüten-"), ("x" * 300, "x" * 60 + "-"), ("", "run-")],
)
def test_any_name_gives_one_directory_under_runs(tmp_path: Path, name: str, start: str) -> None:
    run = create_run(tmp_path, name)
    assert run.path.parent == tmp_path
    assert run.name.startswith(start)


def test_runs_of_the_same_second_differ(tmp_path: Path) -> None:
    assert len({create_run(tmp_path, "iris").name for _ in range(100)}) == 100


def test_everything_written_is_read_again(run: RunDirectory) -> None:
    assert run.read_config() == "seed: 0\n"
    assert run.read_source() == "seed: 0  # as written\n"
    assert run.read_preprocess() == {"classes": ["a", "b"], "means": [1.5, -2.0]}
    assert run.read_environment() == {"python": "3.11.0"}
    assert [*run.iter_history()] == HISTORY
    result = run.read_result()
    assert {key: result[key] for key in RESULT} == RESULT
    weights = run.read_weights(EXPECTED)
    assert weights.keys() == WEIGHTS.keys()
    for name, array in WEIGHTS.items():
        np.testing.assert_array_equal(weights[name], array, strict=True)
        assert weights[name].flags.writeable


def test_a_finished_run_holds_only_the_files_of_the_design(run: RunDirectory) -> None:
    assert sorted(path.name for path in run.path.iterdir()) == [
        "config.yaml",
        "environment.json",
        "history.jsonl",
        "preprocess.json",
        "result.json",
        "source.yaml",
        "status.json",
        "weights.npz",
    ]


def test_json_is_utf8_with_sorted_keys_and_null_for_what_is_not_finite(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    run.write_result({"z": np.float64("nan"), "a": [float("inf"), np.float32(0.5)], "é": np.int64(3), "p": Path("q")})
    assert (run.path / "result.json").read_bytes() == (
        '{\n  "a": [\n    null,\n    0.5\n  ],\n  "p": "q",\n  "z": null,\n  "é": 3\n}\n'.encode()
    )


def test_json_refuses_what_is_no_data(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    with pytest.raises(TypeError, match="set is not written as JSON"):
        run.write_result({"a": {1, 2}})
    assert not (run.path / "result.json").exists()


def test_status_says_who_and_when(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    first = run.read_status()
    run.set_status("diverged", "loss is not finite in epoch 3")
    status = run.read_status()
    assert (status.status, status.message, status.pid) == ("diverged", "loss is not finite in epoch 3", os.getpid())
    assert status.started == first.started
    assert status.current() == "diverged"
    assert json.loads((run.path / "status.json").read_text())["format"] == 1


def test_weights_sha256_goes_into_the_result(run: RunDirectory) -> None:
    # By the definition in runs/README.md: the line "name dtype shape", then the bytes, in the order of the names.
    digest = hashlib.sha256()
    for name, line in (("0.b", "0.b <f4 3\n"), ("0.w", "0.w <f4 4,3\n"), ("1.steps", "1.steps <i8 \n")):
        digest.update(line.encode() + WEIGHTS[name].tobytes())
    assert run.read_result()["weights_sha256"] == digest.hexdigest()


def test_result_keeps_a_sha256_that_the_caller_gives(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    run.write_weights(WEIGHTS)
    run.write_result({"weights_sha256": "given"})
    assert run.read_result() == {"weights_sha256": "given"}


def test_new_weights_remove_the_result_of_the_old_ones(run: RunDirectory) -> None:
    run.write_weights({"0.w": np.zeros(2)})
    assert not (run.path / "result.json").exists()
    np.testing.assert_array_equal(run.read_weights()["0.w"], np.zeros(2))
    run.write_result(RESULT)
    run.set_status("complete")
    np.testing.assert_array_equal(RunDirectory.open(run.path).read_weights()["0.w"], np.zeros(2))


def test_a_file_may_be_written_again(run: RunDirectory) -> None:
    run.write_config("seed: 1\n")
    assert RunDirectory.open(run.path).read_config() == "seed: 1\n"
    run.set_status("complete")
    assert RunDirectory.open(run.path).read_config() == "seed: 1\n"


def test_remove_takes_the_file_and_its_checksum(run: RunDirectory) -> None:
    run.write_leaderboard("a,b\n")
    run.set_status("complete")
    assert run.read_text("leaderboard.csv") == "a,b\n"
    run.remove("leaderboard.csv")
    run.remove("leaderboard.csv")
    assert not (run.path / "leaderboard.csv").exists()
    assert "leaderboard.csv" not in run.read_status().sha256


def test_discard_leaves_nothing(tmp_path: Path) -> None:
    creation = Creation(tmp_path / "new" / "runs", "iris")
    creation.appear()
    write_everything(creation.directory)
    creation.directory.write_leaderboard("a,b\n")
    creation.discard()
    assert list(tmp_path.iterdir()) == []


def test_discard_leaves_other_runs_and_other_files(tmp_path: Path) -> None:
    first, second = (Creation(tmp_path / "runs", "iris") for _ in range(2))
    other = first.directory
    first.appear()
    second.appear()
    second.discard()
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [other.name]
    (other.path / "notes.txt").write_text("mine")
    first.discard()
    assert [path.name for path in other.path.iterdir()] == ["notes.txt"]


def test_open_takes_a_path_or_a_name(run: RunDirectory) -> None:
    assert RunDirectory.open(str(run.path)).path == run.path
    assert RunDirectory.open(run.name, runs_dir=run.path.parent).path == run.path


def test_open_names_what_comes_near(run: RunDirectory) -> None:
    runs = run.path.parent
    wrong = run.name[:-1]
    with pytest.raises(RunError) as caught:
        RunDirectory.open(wrong, runs_dir=runs)
    assert str(caught.value) == (
        f"there is no run {wrong}, neither as a path nor in {runs}: did you mean {runs / run.name}?"
    )
    with pytest.raises(RunError) as caught:
        RunDirectory.open("quite-different", runs_dir=runs)
    assert str(caught.value) == (
        f"there is no run quite-different, neither as a path nor in {runs}: `nntrain runs` lists the runs"
    )
    assert caught.value.exit_code == 4


def test_open_refuses_what_is_no_run(run: RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        RunDirectory.open(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} is not a run directory: it has no config.yaml, weights.npz or status.json"
    )
    with pytest.raises(RunError) as caught:
        RunDirectory.open(run.path / "config.yaml")
    assert str(caught.value) == (
        f"{run.path / 'config.yaml'} is a file, not a run directory; a run is named by its directory, {run.path}"
    )


def test_create_says_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(RunError) as caught:
        create_run(tmp_path / "runs", "iris")
    assert str(caught.value) == f"cannot write {tmp_path / 'runs'}: Not a directory"


def _swap_weights(run: RunDirectory, arrays: dict[str, Array]) -> None:
    other = create_run(run.path.parent, "other")
    other.write_weights(arrays)
    (other.path / "weights.npz").replace(run.path / "weights.npz")


def test_weights_of_another_run_are_refused(run: RunDirectory) -> None:
    recorded = run.read_result()["weights_sha256"]
    _swap_weights(run, {**WEIGHTS, "0.b": np.zeros(3, np.float32)})
    with pytest.raises(RunError) as caught:
        run.read_weights(EXPECTED)
    path = run.path / "weights.npz"
    assert re.fullmatch(
        re.escape(f"{path} is not what the run wrote: its sha256 is ")
        + "[0-9a-f]{64}"
        + re.escape(
            f", status.json says {recorded}\n  `nntrain fit {run.path}/config.yaml` trains the run again "
            "from its config"
        ),
        str(caught.value),
    )


def test_weights_are_compared_with_result_json_while_status_has_no_checksum(tmp_path: Path) -> None:
    run = create_run(tmp_path, "x")
    run.write_weights(WEIGHTS)
    run.write_result(RESULT)
    _swap_weights(run, {"0.w": np.zeros(2)})
    with pytest.raises(RunError, match=r"weights.npz is not what the run wrote: .*, result.json says "):
        run.read_weights()


def test_weights_without_result_are_still_good(run: RunDirectory) -> None:
    (run.path / "result.json").unlink()
    assert run.read_weights().keys() == WEIGHTS.keys()
    with pytest.raises(RunError) as caught:
        run.read_result()
    assert str(caught.value) == (
        f"{run.path / 'result.json'} is missing\n  `nntrain eval {run.path}` computes the scores again"
    )


@pytest.mark.parametrize("name", ["config.yaml", "preprocess.json", "result.json", "environment.json", "source.yaml"])
def test_an_edited_file_is_refused(run: RunDirectory, name: str) -> None:
    path = run.path / name
    path.write_bytes(path.read_bytes() + b"\n")
    read = {
        "config.yaml": run.read_config,
        "source.yaml": run.read_source,
        "preprocess.json": run.read_preprocess,
        "result.json": run.read_result,
        "environment.json": run.read_environment,
    }[name]
    with pytest.raises(RunError) as caught:
        read()
    assert str(caught.value).startswith(
        f"{path} was changed after the run wrote it: its sha256 is not the one in status.json\n  "
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b'{"status": ', "is not JSON: Expecting value at line 1, column 12"),
        (b"[]", "does not hold a JSON object"),
        (b"\xff{}", "is not UTF-8 (byte 0)"),
        (b'{"format": NaN}', "is not JSON that a run writes: NaN is not a JSON number"),
        (b'{"format": 1e999}', "is not JSON that a run writes: 1e999 is not a finite number"),
        (b"{}", "is damaged: 'format' is not a version number"),
        (b'{"format": true}', "is damaged: 'format' is not a version number"),
        (
            b'{"format": 1, "status": "done"}',
            "is damaged: 'status' is 'done', which is none of running, complete, interrupted, diverged, failed",
        ),
        (
            b'{"format": 1, "status": ["complete"]}',
            "is damaged: 'status' is list, which is none of running, complete, interrupted, diverged, failed",
        ),
        (b'{"format": 1, "status": "complete"}', "is damaged: 'pid' is not a number"),
        (b'{"format": 1, "status": "complete", "pid": 1}', "is damaged: 'host' is not a text"),
    ],
)
def test_a_damaged_status_is_described(run: RunDirectory, content: bytes, problem: str) -> None:
    (run.path / "status.json").write_bytes(content)
    with pytest.raises(RunError) as caught:
        run.read_status()
    assert str(caught.value) == (
        f"{run.path / 'status.json'} {problem}\n  without its checksums the other files cannot be trusted; "
        f"`nntrain fit {run.path}/config.yaml` trains the run again from its config"
    )
    with pytest.raises(RunError, match=re.escape("status.json")):
        run.read_weights()


def test_deep_json_is_refused(run: RunDirectory) -> None:
    (run.path / "status.json").write_bytes(b'{"a":' + b"[" * 200_000)
    with pytest.raises(RunError, match=r"status.json is not JSON"):
        run.read_status()


def test_neither_pipes_nor_directories_are_read(run: RunDirectory) -> None:
    path = run.path / "preprocess.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(RunError, match=r"preprocess.json is not a file\n"):
        run.read_preprocess()
    path.unlink()
    path.mkdir()
    with pytest.raises(RunError, match=r"preprocess.json is not a file\n"):
        run.read_preprocess()


def test_a_file_of_impossible_size_is_not_read(run: RunDirectory) -> None:
    os.truncate(run.path / "config.yaml", 1 << 40)  # sparse: takes no space on the disk
    with pytest.raises(RunError, match=r"config.yaml is larger than 16,777,216 bytes, which no run writes"):
        run.read_config()
    os.truncate(run.path / "weights.npz", 1 << 40)
    with pytest.raises(RunError, match=r"weights.npz has 1,099,511,627,776 bytes, but at most 4,190 can belong"):
        run.read_weights(EXPECTED)
