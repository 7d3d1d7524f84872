"""Colors where the terminal has them, and nowhere else."""

import io
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nntrain.cli.console import Painted, folded, has_color, put, readable
from nntrain.cli.failures import report
from nntrain.cli.tables import print_pairs, print_table
from nntrain.errors import ConfigError, RunError
from nntrain.runs.listing import RunSummary
from nntrain.visible import Lines
from tests.cli.conftest import Invoke, answer, fit_result

VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM", "WT_SESSION")


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("terminal", "values", "expected"),
    [
        (True, {"TERM": "xterm-256color"}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "unknown"}, False),
        (True, {}, False),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "0"}, False),  # any value at all, as no-color.org has it
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"CLICOLOR_FORCE": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (False, {"FORCE_COLOR": ""}, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (False, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_who_gets_colors(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, values: dict[str, str], expected: bool
) -> None:
    environment(monkeypatch, **values)
    assert has_color(Terminal() if terminal else io.StringIO()) is expected


def test_a_painted_text(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, TERM="xterm")
    for stream, text, expected in (
        (Terminal(), "warning:", "\x1b[33mwarning:\x1b[0m x\n"),
        (io.StringIO(), "warning:", "warning: x\n"),
        (Terminal(), "", " x\n"),
        (Terminal(), "\x1b[31m\n", "\x1b[33m\\x1b[31m\\n\x1b[0m x\n"),
    ):
        put(Painted(text, "doubtful"), " x", stream=stream)
        assert stream.getvalue() == expected


def test_colors_do_not_move_the_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["a", Painted("complete", "good"), Painted("1", "doubtful")], ["b", "x", "22"]]
    print_table(["run", "status", "score"], rows, left=2)
    plain = capsys.readouterr().out
    environment(monkeypatch, FORCE_COLOR="1")
    print_table(["run", "status", "score"], rows, left=2)
    colored = capsys.readouterr().out
    assert "a     \x1b[32mcomplete\x1b[0m       \x1b[33m1\x1b[0m\n" in colored
    for code in ("\x1b[32m", "\x1b[33m", "\x1b[0m"):
        colored = colored.replace(code, "")
    assert colored == plain


def test_cells_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["na\x1b[31mme", "n"], [["a\nb", "1"], ["\u202ec", "2"]])
    print_pairs([("classes", "x\x1b]0;title\x07")])
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "na\\x1b[31mme   n"
    assert "a\\nb           1\n\\u202ec        2\n" in out
    assert out.endswith("classes  x\\x1b]0;title\\x07\n")


STATUSES: tuple[Any, ...] = ("complete", "running", "interrupted", "diverged", "failed", "damaged")


def test_the_status_of_a_run_has_its_color(invoke: Invoke, workflows: ModuleType) -> None:
    found = [RunSummary(status, Path(status), status, "2026-11-20", 1, 1) for status in STATUSES]
    answer(workflows, "list_runs", found)
    shown = invoke("runs", env={"NO_COLOR": "", "FORCE_COLOR": "1"}).stdout
    for status, color in zip(STATUSES, (32, 36, 33, 31, 31, 31), strict=True):
        assert f"\x1b[{color}m{status}\x1b[0m" in shown
    assert "\x1b" not in invoke("runs", env={"NO_COLOR": "1", "FORCE_COLOR": "1"}).stdout
    assert "\x1b" not in invoke("runs", "--json", env={"NO_COLOR": "", "FORCE_COLOR": "1"}).stdout


def test_scores_that_beat_the_baseline_are_green(invoke: Invoke, workflows: ModuleType, config: ModuleType) -> None:
    answer(workflows, "fit", fit_result())
    shown = invoke("fit", "iris.yaml", env={"NO_COLOR": "", "FORCE_COLOR": "1"}).stdout
    assert "0.0700   \x1b[32m0.0810\x1b[0m          1.0986" in shown
    assert "\x1b" not in invoke("fit", "iris.yaml", "--json", env={"NO_COLOR": "", "FORCE_COLOR": "1"}).stdout


def test_errors_are_red_where_it_matters(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environment(monkeypatch, FORCE_COLOR="1")
    excerpt = ("    3 | x^: 1", "      | ^^ did you mean 'y^'?")
    report(ConfigError(Lines("a.yaml:3:1: unknown key 'x^'", *excerpt, "1 error in a.yaml")))
    assert capsys.readouterr().err == (
        "\x1b[31ma.yaml:3:1: unknown key 'x^'\x1b[0m\n    3 | x^: 1\n"
        "      | \x1b[31m^^\x1b[0m did you mean 'y^'?\n\x1b[31m1 error in a.yaml\x1b[0m\n"
    )
    report(RunError(Lines("runs/x is damaged", "  what to do")), json=True)
    shown = capsys.readouterr()
    assert shown.err == "\x1b[31mruns/x is damaged\x1b[0m\n  what to do\n"
    assert json.loads(shown.out)["error"]["message"] == "runs/x is damaged\n  what to do"


def test_no_word_is_cut() -> None:
    path = "/a/rather/long-path/to/runs/iris-20261120-084900-3f9a"
    lines = folded(f"{path}: 200 epochs in 0.08 s (all epochs done), best epoch 200", 40)
    assert lines == [f"{path}:", "200 epochs in 0.08 s (all epochs done),", "best epoch 200"]
    assert folded("one two three", 7, indent="  ") == ["one two", "  three"]
    assert folded("", 10) == [""]


def test_colors_cost_no_import_of_rich() -> None:
    code = (
        "import sys; from nntrain.cli.failures import report; from nntrain.errors import UserError\n"
        "report(UserError('x')); sys.exit('rich' in sys.modules)"
    )
    environment = {"FORCE_COLOR": "1", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "\x1b[31mx\x1b[0m\n")


def test_prose_is_folded_on_a_terminal_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    table, command = "  1  a table of many columns", "`nntrain fit runs/x/config.yaml` trains it"
    text = Lines("the inputs reach 300 unscaled", table, command)
    assert readable(text, Terminal()) == f"the inputs reach 300\nunscaled\n{table}\n{command}"
    assert readable(text, io.StringIO()) == text
    stopped = "interrupted after epoch 3; go on with: nntrain fit --resume runs/iris"
    assert readable(stopped, Terminal()) == (
        "interrupted after\nepoch 3; go on with:\n  nntrain fit --resume runs/iris"
    )
    assert readable("nntrain fit --resume runs/iris", Terminal()) == "nntrain fit --resume runs/iris"
