"""What is shown while training goes on."""

import contextlib
import io
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nntrain.cli.progress import LiveProgress, PlainProgress, Progress, fitting, following, packed
from nntrain.cli.sparkline import ASCII_BLOCKS, BLOCKS, CURVE_POINTS, Curve, sparkline
from nntrain.workflows.listener import FitInfo
from tests.cli.conftest import fit_info, record

HEAD = "iris: 90 training, 30 validation, 30 test examples; 131 parameters; runs/iris-20261120-084900-3f9a"


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A terminal that remembers how often it was written to."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


class Broken(Terminal):
    """A terminal that has gone away."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def use_terminal(monkeypatch: pytest.MonkeyPatch, columns: int = 160) -> Terminal:
    """Put a terminal in the place of stderr; to be called in the test, since pytest puts its own there before."""
    made = Terminal()
    monkeypatch.setattr(sys, "stderr", made)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    return made


def train(progress: Any, epochs: int, info: FitInfo, clock: Clock | None = None, seconds: float = 1.0) -> None:
    progress.started(info)
    for epoch in range(1, epochs + 1):
        if clock is not None:
            clock.now += seconds
        training, validation = 1 / epoch, 2 / epoch
        values = record(
            epoch, training__loss=training, validation__loss=validation, validation__accuracy=0.9, learning_rate=0.01
        )
        progress.epoch(values)
    progress.close()


def test_plain_lines_say_the_first_and_the_last_epoch_and_some_between(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    train(PlainProgress(clock), 1000, fit_info(1000), clock)
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert shown.out == ""
    assert lines[0] == HEAD
    assert lines[1] == (
        "epoch    1/1000  training loss 1  validation loss 2  validation accuracy 0.9  learning rate 0.01  "
        "9k examples/s  16:39 left"
    )
    assert lines[-1] == (
        "epoch 1000/1000  training loss 0.001  validation loss 0.002  validation accuracy 0.9  learning rate 0.01  "
        "9k examples/s"
    )
    assert 10 <= len(lines) <= 20


@pytest.mark.parametrize("monitor", ["validation.loss", "validation.accuracy", "training.weighted_loss", None])
def test_the_weighted_losses_are_shown_where_one_is_monitored(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, monitor: str | None
) -> None:
    values = {"training__loss": 1.0, "training__weighted_loss": 3.0, "validation__loss": 2.0}
    values |= {"validation__weighted_loss": 6.0, "validation__accuracy": 0.9}
    for progress in (PlainProgress(), LiveProgress()):
        progress.started(replace(fit_info(2), monitor=monitor))
        progress.epoch(record(1, **values))
        assert progress.curve_name == (
            "validation.weighted_loss" if monitor == "training.weighted_loss" else "validation.loss"
        )
        progress.close()
    line = capsys.readouterr().err.splitlines()[1]
    expected = (
        "training weighted loss 3  validation weighted loss 6"
        if monitor == "training.weighted_loss"
        else "training loss 1  validation loss 2"
    )
    assert line.startswith(f"epoch 1/2  {expected}  validation accuracy 0.9  ")


def test_what_the_losses_are_stands_below_the_first_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    info = replace(fit_info(3), notes=("the training loss of an epoch is of smoothed targets",))
    train(PlainProgress(), 3, info)
    assert capsys.readouterr().err.splitlines()[1] == "note: the training loss of an epoch is of smoothed targets"
    terminal = use_terminal(monkeypatch)
    train(LiveProgress(), 3, info)
    assert "note: the training loss of an epoch is of smoothed targets\n" in terminal.getvalue()


@pytest.mark.parametrize("epochs", [1, 2, 7, 16, 17, 39])
def test_plain_lines_end_with_the_last_epoch_when_training_stops_early(
    capsys: pytest.CaptureFixture[str], epochs: int
) -> None:
    train(PlainProgress(), epochs, fit_info(100))
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith("epoch   1/100")
    assert lines[-1].startswith(f"epoch {epochs:>3}/100")
    assert len(set(lines)) == len(lines)


def test_the_time_left_of_a_resumed_run_is_judged_by_the_epochs_since(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = PlainProgress(clock)
    progress.started(replace(fit_info(epochs=100), done=60))
    clock.now += 5.0
    progress.epoch(record(61, validation__loss=1.0))
    assert capsys.readouterr().err.splitlines()[1].endswith("  3:15 left")


def search(progress: Any, clock: Clock, total: int) -> None:
    progress.trials(0, total)
    for done in range(1, total + 1):
        clock.now += 0.5
        progress.trials(done, total)


def test_a_search_prints_some_lines_and_then_the_refit(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = PlainProgress(clock)
    search(progress, clock, 1000)
    train(progress, 3, fit_info(3), clock)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "    0/1,000 networks trained"
    assert lines[1] == "   67/1,000 networks trained  2 networks/s  7:47 left"
    assert 10 <= len(lines) <= 22
    assert lines[-5] == "1,000/1,000 networks trained  2 networks/s"
    assert lines[-4] == HEAD
    assert [line[:9] for line in lines[-3:]] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]


def test_a_search_shows_a_bar_and_then_the_refit(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch, columns=100)
    clock = Clock()
    progress = LiveProgress(clock)
    search(progress, clock, 4)
    train(progress, 3, fit_info(3), clock)
    shown = terminal.getvalue()
    assert "█" * 8 + "▁" * 25 + "  1/4 networks trained  2 networks/s\r" in shown  # half a second says nothing yet
    assert "█" * 16 + "▁" * 17 + "  2/4 networks trained  2 networks/s  1 s left" in shown
    assert "█" * 33 + "  4/4 networks trained  2 networks/s" in shown
    assert shown.index("4/4 networks") < shown.index(HEAD) < shown.index("epoch 3/3")


def test_the_live_display_is_drawn_ten_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    use_terminal(monkeypatch)
    clock = Clock()
    progress = LiveProgress(clock)
    drawn: list[int] = []
    monkeypatch.setattr(progress, "_draw", lambda shown: drawn.append(shown.epoch))
    train(progress, 1000, fit_info(1000), clock, seconds=0.001)
    assert drawn[0] == 1
    assert drawn[-1] == 1000
    assert len(drawn) <= 1 + math.ceil(1.0 / 0.1) + 1


def test_the_live_display_shows_figures_time_left_and_a_sparkline(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    clock = Clock()
    train(LiveProgress(clock), 20, fit_info(40), clock)
    shown = terminal.getvalue()
    assert shown.startswith(HEAD)
    figures = (
        "epoch 20/40  training loss 0.05  validation loss 0.1  validation accuracy 0.9  learning rate 0.01  "
        "9k examples/s"
    )
    assert f"{figures}  0:20 left" in shown
    last = shown[shown.rindex("epoch 20/40") :].splitlines()
    assert last[0].rstrip() == figures  # training is over, whatever epochs there could have been
    assert last[1].startswith("validation loss  █▄▃▂▂▂")
    assert "lowest 0.1 in epoch 20" in last[1]


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_the_live_display_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    terminal = use_terminal(monkeypatch, columns)
    clock = Clock()
    train(LiveProgress(clock), 20, fit_info(40), clock)
    last = terminal.getvalue()[terminal.getvalue().rindex("epoch 20/40") :].splitlines()
    assert all(len(line.rstrip()) < columns for line in last[:2])


def test_a_terminal_that_goes_away_does_not_stop_training(monkeypatch: pytest.MonkeyPatch) -> None:
    for progress_class in (Progress, PlainProgress, LiveProgress):
        monkeypatch.setattr(sys, "stderr", Broken())
        clock = Clock()
        progress = progress_class(clock)
        progress.warned("the targets are not scaled")
        train(progress, 20, fit_info(40), clock)


def test_warnings_are_shown_whatever_the_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for progress_class in (Progress, PlainProgress, LiveProgress):
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        progress = progress_class(Clock())
        progress.started(fit_info())
        progress.warned("no [validation] examples")
        progress.close()
        assert "warning: no [validation] examples\n" in stream.getvalue()


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with following(quiet=True) as progress:
        train(progress, 10, fit_info())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("term", "kind"), [("xterm", LiveProgress), ("dumb", PlainProgress)])
def test_the_display_suits_the_terminal(monkeypatch: pytest.MonkeyPatch, term: str, kind: type[Progress]) -> None:
    use_terminal(monkeypatch)
    monkeypatch.setenv("TERM", term)
    with following(quiet=False) as progress:
        assert type(progress) is kind


def test_the_terminal_is_left_in_order_when_training_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch)
    with contextlib.suppress(KeyboardInterrupt), following(quiet=False) as progress:
        progress.started(fit_info())
        progress.epoch(record(1, validation__loss=1.0))
        raise KeyboardInterrupt
    shown = terminal.getvalue()
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # the cursor is shown as often as it was hidden
    assert shown.removesuffix("\x1b[?25h").endswith("\n")


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([7.0, 7.0], 8, "▁▁"),
        ([1.0, math.nan, 0.0], 8, "█ ▁"),
        ([0.0, math.inf, 1.0], 8, "▁ █"),
        ([math.nan, math.nan], 8, "  "),
        ([0, 0, 7, 7], 2, "▁█"),
        ([0, math.nan, 7, 7], 2, "▁█"),
        ([], 8, ""),
        ([1, 2, 3], 0, "▁"),
    ],
)
def test_sparkline(values: list[float], width: int, expected: str) -> None:
    assert sparkline(values, width) == expected


def test_sparkline_in_ascii() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, ASCII_BLOCKS) == "_.-:=+*#"
    assert len(ASCII_BLOCKS) == len(BLOCKS)


def test_a_terminal_without_blocks_gets_the_ascii_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("COLUMNS", "160")
    clock = Clock()
    train(LiveProgress(clock), 20, fit_info(40), clock)
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    assert b"validation loss  #:-.....____" in buffer.getvalue()


def test_a_long_curve_is_thinned_out_and_keeps_its_course() -> None:
    curve = Curve()
    for epoch in range(1, 100_001):
        curve.add(epoch, 1 / epoch)
    assert len(curve.values) <= 2 * CURVE_POINTS
    assert curve.values == sorted(curve.values, reverse=True)
    assert (curve.lowest, curve.lowest_epoch) == (1e-5, 100_000)


def test_what_matters_least_is_left_out_first() -> None:
    parts = [(0, "epoch 1/9"), (3, "training loss 1"), (1, "validation loss 2"), (2, "9 s left")]
    assert fitting(parts, 60) == "epoch 1/9  training loss 1  validation loss 2  9 s left"
    assert fitting(parts, 40) == "epoch 1/9  validation loss 2  9 s left"
    assert fitting(parts, 28) == "epoch 1/9  validation loss 2"
    assert fitting(parts, 12) == "epoch 1/9"
    assert fitting(parts, 8) == fitting(parts, 5) == "epoch"  # no word is cut
    assert fitting(parts, 4) == fitting(parts, -1) == ""


@pytest.mark.parametrize("kind", [PlainProgress, LiveProgress])
@pytest.mark.parametrize("name", ["iris", "predictive-maintenance-of-forty-pumps"])
@pytest.mark.parametrize("runs_dir", ["runs", "experiments/2026/november-of-the-second-attempt"])
@pytest.mark.parametrize("done", [0, 40])
def test_the_first_lines_break_no_path_at_80_columns(
    monkeypatch: pytest.MonkeyPatch, kind: type[Progress], name: str, runs_dir: str, done: int
) -> None:
    terminal = use_terminal(monkeypatch, 80)
    run = Path(runs_dir, f"{name}-20261120-084900-3f9a"[-70:])
    info = replace(fit_info(), name=name, run=run, done=done)
    kind(Clock()).started(info)
    lines = terminal.getvalue().splitlines()
    assert any(str(run) in line.split("; ") for line in lines)
    assert " ".join(" ".join(lines).split()).startswith(f"{name}: 90 training, 30 validation, 30 test examples")
    assert all(len(line) <= 80 or line == str(run) for line in lines)
    assert (lines[-1].endswith("going on after epoch 40")) is bool(done)


def test_the_first_line_of_the_first_demo() -> None:
    assert packed(HEAD.split("; "), 80) == [
        "iris: 90 training, 30 validation, 30 test examples; 131 parameters",
        "runs/iris-20261120-084900-3f9a",
    ]
    assert packed(HEAD.split("; "), 100) == [HEAD]
    assert packed(HEAD.split("; "), 30) == [
        "iris: 90 training, 30",
        "validation, 30 test examples",
        "131 parameters",
        "runs/iris-20261120-084900-3f9a",
    ]


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "rmse"])
@pytest.mark.parametrize("epochs", [200, 100_000])
def test_the_first_metric_stays_on_a_line_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, metric: str, epochs: int
) -> None:
    terminal = use_terminal(monkeypatch, 80)
    clock = Clock()
    progress = LiveProgress(clock)
    progress.started(fit_info(epochs))
    clock.now += 90
    values = {"training__loss": 0.0123, "validation__loss": 0.1402, f"validation__{metric}": 0.9333}
    progress.epoch(record(101, **values, learning_rate=0.01))
    line = next(line for line in terminal.getvalue().splitlines() if "epoch" in line)
    assert f"  validation {metric.replace('_', ' ')} 0.9333" in line
    assert "  validation loss 0.1402  " in line or len(line) + len("validation loss 0.1402  ") >= 80


def test_no_time_left_is_said_before_a_second_has_passed(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    train(PlainProgress(clock), 20, fit_info(20), clock, seconds=0.001)
    assert "left" not in capsys.readouterr().err
    train(PlainProgress(clock), 20, fit_info(20), clock, seconds=0.25)
    lines = capsys.readouterr().err.splitlines()[1:]
    assert ["left" in line for line in lines[:4]] == [False, False, True, True]  # epochs 1, 3, 5, 7
    assert lines[2].endswith("  4 s left")


BEST = {"optimizer.learning_rate": 0.1, "network.hidden.units": 16, "network.output.units": 3, "regularization.l2": 0.0}


def search_with_best(progress: Any, clock: Clock) -> None:
    progress.trials(0, 4)
    for done in range(1, 5):
        clock.now += 0.5
        if done == 2:
            progress.best(BEST, "validation.accuracy", 0.95)
        progress.trials(done, 4)


def test_a_search_says_the_best_so_far_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    search_with_best(PlainProgress(clock), clock)
    best = "best validation accuracy 0.9500  learning_rate=0.1  hidden.units=16  output.units=3  l2=0"
    assert capsys.readouterr().err.splitlines() == [
        "0/4 networks trained",
        "1/4 networks trained  2 networks/s",
        f"2/4 networks trained  2 networks/s  1 s left  {best}",
        f"3/4 networks trained  2 networks/s  1 s left  {best}",
        f"4/4 networks trained  2 networks/s  {best}",
    ]


def test_a_search_shows_the_best_so_far_below_its_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = use_terminal(monkeypatch, columns=80)
    clock = Clock()
    progress = LiveProgress(clock)
    search_with_best(progress, clock)
    progress.close()
    drawn = terminal.getvalue().split("networks trained")
    assert "best" not in drawn[2]
    assert "\nbest validation accuracy 0.9500  learning_rate=0.1  hidden.units=16\n" in terminal.getvalue()


def test_plain_lines_on_a_terminal_fit_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be drawn over (TERM=dumb)."""
    terminal = use_terminal(monkeypatch, 60)
    clock = Clock()
    train(PlainProgress(clock), 20, fit_info(40), clock)
    lines = terminal.getvalue().splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert lines[-1] == "epoch 20/40  validation loss 0.1  validation accuracy 0.9"


@pytest.mark.parametrize("kind", [Progress, PlainProgress, LiveProgress])
def test_the_label_of_a_warning_is_yellow(monkeypatch: pytest.MonkeyPatch, kind: type[Progress]) -> None:
    terminal = use_terminal(monkeypatch)
    monkeypatch.delenv("NO_COLOR")
    progress = kind(Clock())
    progress.warned("no [validation] examples")
    assert terminal.getvalue() == "\x1b[33mwarning:\x1b[0m no [validation] examples\n"
