"""Whatever a file, a config, a run or a command line says: a terminal is neither steered nor deceived by it."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.visible import visible
from tests.end_to_end.planted import ARGUMENT, FILE_NAME, MARK, Printed, complaints, holds, leaves, planted, run, vouch

FEATURE, COLOR, TARGET = f"h{MARK}", f"color{MARK}", f"kind{MARK}"
HEADER = [FEATURE, COLOR, "weight", TARGET]
ROWS = [
    [f"{i % 7 + (2 if i % 3 else 0)}.5", ("red", "green", "blue")[i % 3] + MARK, str(i), ("no", "yes")[i % 2] + MARK]
    for i in range(40)
]
TABLE, CONFIG, RUNS = f"table{FILE_NAME}.csv", f"config{FILE_NAME}.yaml", f"runs{FILE_NAME}"
WAYS = ("pipe", "terminal", "json")


def as_yaml(value: Any) -> str:
    """A value on one line of YAML that has nothing but ASCII in it."""
    return json.dumps(value).replace("\\udb40\\udc41", "\\U000e0041")  # YAML has no pairs of surrogates


def write_table(path: Path, rows: list[list[str]], header: list[str] | None = None) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header or HEADER, *rows])


def write_config(path: Path, **changes: Any) -> None:
    config = {
        "name": "marked",
        "data": {"path": TABLE, "target": TARGET},
        "network": [
            {"type": "dense", "units": 3, "activation": "tanh"},
            {"type": "dense", "units": "auto", "activation": "auto"},
        ],
        "optimizer": {"type": "adam", "learning_rate": 0.05},
        "training": {"epochs": 3, "batch_size": 16, "checkpoint": {"every_epochs": 1}},
        "early_stopping": None,
    }
    path.write_text(as_yaml({**config, **changes}), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, a config, a run and a search, all of them full of marks."""
    folder = tmp_path_factory.mktemp("terminal")
    write_table(folder / TABLE, ROWS)
    write_config(folder / CONFIG)
    here = Path.cwd()
    os.chdir(folder)
    try:
        for command in (["gridsearch", CONFIG, "-p", "network.0.units=2,3", "-q"], ["fit", CONFIG, "-q"]):
            assert run(*command, "--runs-dir", RUNS).code == 0
    finally:
        os.chdir(here)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that is the current directory."""
    copy = tmp_path / "here"
    shutil.copytree(made, copy)
    monkeypatch.chdir(copy)
    return copy


def is_clean(*arguments: str | Path, way: str, data: bool = False) -> Printed:
    """Run a command and look at all that it printed; with `data` its stdout is that, but on a terminal."""
    terminal = way == "terminal"
    printed = run(*arguments, *(["--json"] if way == "json" else []), terminal=terminal)
    assert "Traceback" not in printed.err
    for shown in [printed.err] + ([] if data and not terminal else [printed.out]):
        assert list(complaints(shown, terminal=terminal)) == []
    if way == "json":
        json.loads(printed.out)
    return printed


COMMANDS = {
    "fit": ["fit", CONFIG],
    "resume": ["fit", "--resume", "latest", "--set", "training.epochs=5"],
    "eval": ["eval", "latest"],
    "eval a file": ["eval", "latest", "--data", TABLE],
    "gridsearch": ["gridsearch", CONFIG, "-p", "network.0.units=2,3"],
    "check": ["check", CONFIG],
    "gradcheck": ["gradcheck", CONFIG],
    "runs": ["runs"],
    "verify": ["verify", "latest"],
    "migrate": ["migrate", CONFIG],
    "examples": ["examples", "xor", "-o", f"out{FILE_NAME}"],
}
WITHOUT_RUNS = {"check", "gradcheck", "migrate", "examples"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_succeeds(folder: Path, name: str, way: str) -> None:
    where = [] if name in WITHOUT_RUNS else ["--runs-dir", RUNS]
    printed = is_clean(*COMMANDS[name], *where, way=way)
    assert printed.code == 0
    if name in ("check", "eval", "examples", "fit") and way != "json":
        assert "\\x1b]0;PWNED" in printed.out
    if name in ("check", "eval") and way == "json":
        assert holds(json.loads(printed.out))  # what it means is not escaped


def test_predictions_are_data_in_a_pipe_and_shown_on_a_terminal(folder: Path) -> None:
    command = ["predict", "latest", TABLE, "--runs-dir", RUNS]
    in_pipe = is_clean(*command, way="pipe", data=True).out
    rows = list(csv.reader(io.StringIO(in_pipe, newline="")))
    assert rows[0] == [TARGET]
    assert {row[0] for row in rows[1:]} <= {f"no{MARK}", f"yes{MARK}"}
    shown = is_clean(*command, way="terminal").out
    assert shown.splitlines() == [visible(row[0]) for row in rows]
    is_clean(*command, "-o", f"answers{FILE_NAME}", way="terminal")
    assert Path(f"answers{FILE_NAME}").read_bytes().decode() == in_pipe


WRONG_SETTINGS = [
    ARGUMENT,
    f"{ARGUMENT}=1",
    f"optimizer.{ARGUMENT}=1",
    f"optimizer.type={as_yaml(MARK)}",
    f"optimizer.learning_rate=[{MARK}",
    f"optimizer.learning_rate=!!{MARK} 1",
    f"data.path={as_yaml(MARK)}",
    f"data.target={as_yaml(MARK)}",
    f"data.target={as_yaml([TARGET, MARK])}",
    f"data.features={as_yaml([MARK])}",
    f"data.columns={as_yaml({MARK: 'numeric'})}",
    f"data.columns={as_yaml({COLOR: [MARK]})}",
    f"data.columns={as_yaml({COLOR: 'numeric'})}",
    f"data.split.validation={as_yaml({'path': MARK})}",
    f"network.0.name={as_yaml(MARK)}",
    f"name={as_yaml(MARK)}",
    f"early_stopping={as_yaml({'monitor': MARK})}",
    f"loss={as_yaml({'type': 'cross_entropy', 'class_weights': {MARK: 2}})}",
    f"search={as_yaml({'space': {MARK: [1]}})}",
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("setting", range(len(WRONG_SETTINGS)))
def test_a_setting_that_is_wrong(folder: Path, setting: int, way: str) -> None:
    assert is_clean("check", CONFIG, "--set", WRONG_SETTINGS[setting], way=way).code == 2


WRONG_LINES = {
    "a command": [ARGUMENT],
    "an option": ["runs", f"--{ARGUMENT}"],
    "a short option": ["runs", f"-{ARGUMENT}"],
    "an argument too many": ["runs", ARGUMENT],
    "a number": ["runs", "--last", ARGUMENT],
    "a choice": ["runs", "--sort", ARGUMENT],
    "a split": ["eval", "latest", "--split", ARGUMENT],
    "a config": ["fit", ARGUMENT],
    "a run": ["eval", ARGUMENT],
    "a run to go on with": ["fit", "--resume", ARGUMENT],
    "a runs directory": ["eval", "latest", "--runs-dir", ARGUMENT],
    "a run that is nearly there": ["eval", f"markee{MARK}", "--runs-dir", RUNS],
    "a config that is nearly there": ["check", CONFIG.removesuffix(".yaml") + "x.yaml"],
    "a file to score": ["eval", "latest", "--runs-dir", RUNS, "--data", ARGUMENT],
    "an example": ["examples", ARGUMENT],
    "a config to rewrite": ["migrate", ARGUMENT],
    "a parameter": ["gridsearch", CONFIG, "-p", ARGUMENT],
    "a parameter of no setting": ["gridsearch", CONFIG, "-p", f"{ARGUMENT}=1,2"],
    "values of a parameter": ["gridsearch", CONFIG, "-p", f"optimizer.type={as_yaml(MARK)},sgd"],
    "a distribution": ["gridsearch", CONFIG, "-p", f"optimizer.learning_rate={as_yaml({MARK: [1, 2]})}"],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", WRONG_LINES)
def test_a_command_line_that_is_wrong(folder: Path, name: str, way: str) -> None:
    (folder / RUNS / f"marked{MARK.replace('/', '')}").mkdir()
    printed = is_clean(*WRONG_LINES[name], way=way)
    assert printed.code == 2
    assert "\\x1b" in printed.err or name == "a number"  # what was no number is not repeated


LONG = "x" * 300_000
LONG_LINES = {
    "a command": [LONG],
    "an option": ["runs", f"--{LONG}"],
    "a choice": ["runs", "--sort", LONG],
    "a config": ["check", LONG],
    "a run": ["eval", LONG],
    "an example": ["examples", LONG],
    "an output": ["migrate", CONFIG, "-o", LONG],
    "a runs directory": ["fit", CONFIG, "-q", "--runs-dir", LONG],
    "a setting": ["check", CONFIG, "--set", f"data.path={LONG}"],
    "a monitor": ["check", CONFIG, "--set", f"early_stopping.monitor={LONG}"],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", LONG_LINES)
def test_a_value_of_any_length_is_not_repeated_whole(folder: Path, name: str, way: str) -> None:
    printed = is_clean(*LONG_LINES[name], way=way)
    assert printed.code in (2, 4)
    assert max(map(len, printed.err.splitlines())) <= 2010  # with the escapes of a color
    if way == "json":
        error = json.loads(printed.out)["error"]
        texts = [error["message"], *(str(text) for problem in error.get("problems", []) for text in problem.values())]
        assert max(len(line) for text in texts for line in text.splitlines()) <= 2000
        assert "characters in all" in error["message"]


def test_a_warning_about_a_name_of_any_length_is_short(folder: Path) -> None:
    header = [FEATURE, "color" + LONG[:9000], "weight", TARGET]
    write_table(folder / "long.csv", [*ROWS, [*ROWS[0][:3], "rare" + LONG[:9000]]], header)
    write_table(folder / "new.csv", [[row[0], "purple", *row[2:]] for row in ROWS], header)
    write_config(folder / "long.yaml", data={"path": "long.csv", "target": TARGET})
    for command in (
        ["check", "long.yaml"],
        ["fit", "long.yaml", "--runs-dir", "long"],
        ["eval", "latest", "--runs-dir", "long", "--data", "new.csv"],
    ):
        printed = run(*command, "--json")
        assert printed.code == 0
        found = json.loads(printed.out)["warnings"]
        assert any("characters in all" in warning for warning in found)
        assert max(map(len, [*found, *printed.err.splitlines()])) <= 2000 + len("warning: ")


TABLES: dict[str, Callable[[], Any]] = {
    "a header twice": lambda: (ROWS, [FEATURE, FEATURE, "weight", TARGET]),
    "no target": lambda: (ROWS, [*HEADER[:3], "other" + MARK]),
    "a short row": lambda: ([*ROWS, [MARK]], HEADER),
    "text among numbers": lambda: ([*ROWS, [f"oops{MARK}", *ROWS[0][1:]]], HEADER),
    "a missing cell": lambda: ([*ROWS, ["", "", "", ""]], HEADER),
    "a mark for missing": lambda: ([*ROWS, ["NA", "n/a", "?", ROWS[0][3]]] * 3, HEADER),
    "a rare class": lambda: ([*ROWS, [*ROWS[0][:3], f"rare{MARK}"]], HEADER),
    "a class for each row": lambda: ([[*row[:3], f"{i}{MARK}"] for i, row in enumerate(ROWS)], HEADER),
    "a name for each row": lambda: ([[row[0], f"{i}{MARK}", *row[2:]] for i, row in enumerate(ROWS)], HEADER),
    "a constant": lambda: ([["1", f"red{MARK}", "1", row[3]] for row in ROWS], HEADER),
    "a number out of range": lambda: ([*ROWS, ["1e30", *ROWS[0][1:]]], HEADER),
    "no rows": lambda: ([], HEADER),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", TABLES)
def test_a_table(folder: Path, name: str, way: str) -> None:
    """A mistake in it, or a warning about it."""
    rows, header = TABLES[name]()
    write_table(folder / f"other{FILE_NAME}.csv", rows, header)
    write_config(folder / "other.yaml", data={"path": f"other{FILE_NAME}.csv", "target": TARGET})
    is_clean("check", "other.yaml", way=way)
    is_clean("fit", "other.yaml", way=way)
    is_clean("eval", "latest", "--runs-dir", RUNS, "--data", f"other{FILE_NAME}.csv", way=way)


@pytest.mark.parametrize("way", WAYS)
def test_names_in_an_archive(folder: Path, way: str) -> None:
    labels = np.array([f"a{MARK}", f"b{MARK}"] * 10)
    x = np.arange(60.0).reshape(20, 3) % 7
    for arrays in ({"x": x, "y": labels}, {f"x{MARK}": x, "y": labels}, {"x": labels, "y": labels}):
        np.savez(folder / f"arrays{FILE_NAME}.npz", **arrays)  # type: ignore[arg-type]
        write_config(folder / "arrays.yaml", data={"path": f"arrays{FILE_NAME}.npz"})
        is_clean("check", "arrays.yaml", way=way)


def test_the_caret_stands_below_its_place(folder: Path) -> None:
    (folder / "c.yaml").write_text('data: {path: "漢\u202e\u200be\u0301", targett: x}\n', encoding="utf-8")
    lines = is_clean("check", "c.yaml", way="pipe").err.splitlines()
    excerpt = next(number for number, line in enumerate(lines) if "targett: x" in line)
    # one character before it takes two columns, another none
    assert lines[excerpt + 1].index("^") == lines[excerpt].index("targett") + 1 - 1
    assert "^^^^^^^ did you mean 'target'?" in lines[excerpt + 1]


def test_help_with_a_link_for_a_program(workdir: Path) -> None:
    for arguments in ([], ["--help"], ["fit", "--help"], ["--version"]):
        is_clean(*arguments, way="terminal")


def test_a_bug_is_told_in_lines_of_its_own(monkeypatch: pytest.MonkeyPatch, workdir: Path) -> None:
    def fail(*_: object) -> None:
        try:
            raise KeyError(MARK)
        except KeyError:
            raise RuntimeError(f"first{MARK}") from ValueError(f"second{MARK}")

    monkeypatch.setattr("nntrain.workflows.list_runs", fail)
    for way in WAYS:
        printed = run("runs", *(["--json"] if way == "json" else []), terminal=way == "terminal")
        assert printed.code == 1
        assert list(complaints(printed.err, terminal=way == "terminal")) == []
        assert "RuntimeError: first\\x1b]0;PWNED" in printed.err


def marked_runs(folder: Path, names: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """The runs directory again and again, each time with the mark in another text or key of one of the files."""
    runs = folder / RUNS
    for run_directory in sorted(path for path in runs.iterdir() if (path / "status.json").is_file()):
        for name in names:
            path = run_directory / name
            if not path.is_file():
                continue
            status, before = (run_directory / "status.json").read_bytes(), path.read_bytes()
            first, _, rest = before.decode().partition("\n" if name.endswith("jsonl") else "\0")
            document = json.loads(first)
            for leaf in leaves(document):
                path.write_text("\n".join([json.dumps(planted(document, leaf)), rest]), encoding="utf-8")
                if name != "status.json":
                    vouch(run_directory, name)
                yield run_directory, f"{name}: {leaf}"
                (run_directory / "status.json").write_bytes(status)
                path.write_bytes(before)


def test_a_status(folder: Path) -> None:
    for run_directory, _ in marked_runs(folder, ("status.json",)):
        for way in ("pipe", "terminal"):
            is_clean("runs", "--runs-dir", RUNS, way=way)
            is_clean("eval", run_directory, way=way)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["status.json", "result.json", "environment.json", "preprocess.json", "history.jsonl"])
def test_every_text_in_a_run(folder: Path, name: str) -> None:
    for run_directory, _ in marked_runs(folder, (name,)):
        for way in WAYS:
            is_clean("runs", "--runs-dir", RUNS, way=way)
            is_clean("eval", run_directory, way=way)
            is_clean("eval", run_directory, "--data", TABLE, way=way)
        for way in ("pipe", "terminal"):
            is_clean("predict", run_directory, TABLE, "--probabilities", way=way, data=True)
        copy = folder / "copy" / run_directory.name
        shutil.copytree(run_directory, copy)
        is_clean("fit", "--resume", copy, way="terminal")
        is_clean("verify", copy, "-q", way="pipe")
        shutil.rmtree(copy)


@pytest.mark.exhaustive
@pytest.mark.parametrize("command", ["check", "fit", "gradcheck", "gridsearch"])
def test_every_wrong_setting_of_every_command(folder: Path, command: str) -> None:
    for setting in WRONG_SETTINGS:
        for way in WAYS:
            assert is_clean(command, CONFIG, "--set", setting, way=way).code == 2


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
@pytest.mark.parametrize("name", ["check", "fit", "gridsearch", "eval"])
def test_a_true_terminal(folder: Path, name: str) -> None:
    import pty

    main, child = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": "", "COLUMNS": "100"}
    command = [sys.executable, "-m", "nntrain", *COMMANDS[name], *([] if name == "check" else ["--runs-dir", RUNS])]
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=environment)
    os.close(child)
    shown = b""
    while True:
        try:
            part = os.read(main, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(main)
    assert process.wait(60) == 0
    assert b"PWNED" in shown
    assert list(complaints(shown.decode(), terminal=True)) == []
