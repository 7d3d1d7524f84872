"""What `fit` accepts can be scored, used, listed, interrupted and resumed, verified, and repeated from its config.yaml.

Random configs over tables with hostile names, from hostile places. What is refused must be refused before anything is
trained, by a message and without a trace.
"""

import contextlib
import csv
import itertools
import math
import operator
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nntrain
from nntrain import workflows
from nntrain.config.optimizer import AdamConfig, SgdConfig
from nntrain.config.regularization import RegularizationConfig
from nntrain.config.schedule import ConstantScheduleConfig
from nntrain.errors import DivergedError, Interrupted, UserError
from nntrain.workflows.run.interruption import Rehearsal
from tests.config.strategies import section

WORDS = [
    *("yes", "no", "null", "~", "1e5", "0x1F", "012", "12:30", "2024-01-01", "true", ".inf", ".nan", "=", "<<", "on"),
    *(
        "a: b",
        "- a",
        "# a",
        "a #b",
        "[a",
        "{a}",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "'a",
        '"a',
        "a\\nb",
        "?",
    ),
    *("\\udcff", "a\u00a0b", "a\u2028b", "\x85", "\ufeffa", "\u202ea", "a\tb", "\x1b[31m", "\x7f", "\U0001f600", "é"),
    *("x" * 130, "ぁ" * 200, "a.b", "a.b.c", "0", "-1", "name", "type", "a/b", "a,b", "a;b", "?", "..", "$(a)", "a\nb"),
]
NAMES = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6
)
# With which trainings do not diverge: most numbers that a setting may have are no rates to train with.
RATES = st.fixed_dictionaries({"learning_rate": st.floats(1e-4, 0.1)})
FOLDERS = st.sampled_from(["data", "d a t a", "d\udcffata", "~data", "da'ta", "d\nata", "dàta", "d\\udcffata", "-d"])
COMMENTS = st.sampled_from(["", " # a\u00a0b", " # \u2028b", " #\x85", " # é\U0001f600", " # \udcff", " # \ufeff"])
COUNTER = itertools.count()


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """The names of three columns, and sixty rows: a number, a word of three, and a target of two."""
    columns = draw(st.lists(NAMES, min_size=3, max_size=3, unique=True))
    words = draw(st.lists(NAMES, min_size=3, max_size=3, unique=True))
    classes = draw(st.lists(NAMES, min_size=2, max_size=2, unique=True))
    return columns, [[str(row * 7 % 11 / 4), words[row % 3], classes[row % 5 % 2]] for row in range(60)]


@st.composite
def experiments(draw: st.DrawFn, columns: list[str], classes: list[str], path: str) -> dict[str, Any]:
    """The config of a small network on such a table."""
    number, word, target = columns
    data: dict[str, Any] = {"path": path, "target": target}
    if draw(st.booleans()):
        data["columns"] = {word: "categorical", target: {"type": "categorical", "missing_values": []}}
    if draw(st.booleans()):
        data["features"] = draw(st.sampled_from([[number, word], {"exclude": [word]}, [word]]))
    if draw(st.booleans()):
        data["missing_values"] = draw(st.sampled_from([{"add": ["q q", "-", "\u00a0"]}, [], ["no, 'none'", "#"]]))
    config: dict[str, Any] = {
        "data": data,
        "network": [
            {"type": "dense", "units": draw(st.integers(1, 3)), "activation": draw(st.sampled_from(["tanh", "relu"]))},
            *draw(st.sampled_from([[], [{"type": "dropout", "rate": 0.25}]])),
            {"type": "dense", "units": "auto", "activation": "auto"},
        ],
        "training": {"epochs": draw(st.integers(1, 3)), "batch_size": draw(st.sampled_from(["full", 7]))},
    }
    optional = {
        "name": st.sampled_from(["x" * 80, "\U00010400" * 80, "0x1F", "1e5", "null", "a+b", "_"]),
        "seed": st.sampled_from([0, 2**53, 2**53 - 1, 17]),
        "dtype": st.sampled_from(["float32", "float64"]),
        "optimizer": st.builds(operator.or_, section(SgdConfig) | section(AdamConfig), RATES),
        "schedule": section(ConstantScheduleConfig),
        "regularization": section(RegularizationConfig),
        "early_stopping": st.sampled_from([None, "auto", {"patience": 2}]),
        "runtime": st.sampled_from([{"threads": 1}, {"threads": 1024}, {"threads": 1025}, {"threads": "auto"}]),
        "loss": st.sampled_from(
            [
                {"type": "binary_cross_entropy", "class_weights": weight}
                for weight in (dict.fromkeys(classes, 2.0), "balanced")
            ]
        ),
        "search": st.sampled_from([{"space": {"early_stopping.patience": [1, 2]}}, {"space": {"seed": [1, 2]}}]),
    }
    for name, values in optional.items():
        if draw(st.integers(0, 2)) == 0:
            config[name] = draw(values)
    if draw(st.integers(0, 9)) == 0:
        config["data"]["split"] = {"validation": 0}
    return config


def placed(folder: Path, columns: list[str], rows: list[list[str]], *, linked: bool) -> None:
    """Write the table, or a link to it as a cache of data makes them."""
    folder.mkdir(parents=True)
    file = folder / "abcdef" if linked else folder / "table.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])
    if linked:
        (folder / "table.csv").symlink_to("abcdef")


def works(run: Path, experiment: Any, rows: Path, elsewhere: Path) -> None:
    """All that can be done with a run that is complete."""
    verified = nntrain.verify(run)
    assert verified.reproducible, verified.difference
    [summary] = [summary for summary in nntrain.list_runs(run.parent) if summary.path == run]
    assert (summary.status, summary.problem) == ("complete", None)
    for split in summary.metrics:
        scores = nntrain.evaluate(run, split=split)
        loss = scores["loss"] if math.isfinite(scores["loss"]) else math.nan  # as JSON can say it
        assert loss == pytest.approx(summary.metrics[split]["loss"], nan_ok=True)
    assert len(list(workflows.predict(run, rows).rows)) == 60
    again = nntrain.fit(nntrain.load_experiment(run / "config.yaml"), runs_dir=elsewhere)
    assert again.weights_sha256 == verified.weights_sha256
    interrupted = elsewhere.with_name("interrupted")
    with contextlib.suppress(Interrupted):
        nntrain.fit(experiment, runs_dir=interrupted, interruption=Rehearsal(2))
    [stopped] = interrupted.iterdir()
    if nntrain.list_runs(interrupted)[0].status == "interrupted":
        assert nntrain.resume(stopped).weights_sha256 == verified.weights_sha256


def searched(experiment: Any, path: str | None, top: Path) -> None:
    """A search on the same data can be repeated from its config.yaml, and its best run used."""
    space = {"seed": [1, 2], "data.path": [path]}
    try:
        board = nntrain.gridsearch(experiment, parameters=space, runs_dir=top / "searches")
    except DivergedError:
        return
    except UserError:
        assert not (top / "searches").exists()
        return
    again = nntrain.gridsearch(nntrain.load_experiment(board.run / "config.yaml"), runs_dir=top / "searched again")
    assert again.refit.weights_sha256 == board.refit.weights_sha256
    assert nntrain.evaluate(board.refit.run)
    assert {run.kind for run in nntrain.list_runs(top / "searches")} == {"run", "search"}
    with pytest.raises(UserError, match="is a search; the network of its best point is in "):
        nntrain.evaluate(board.run)


def tried(draw: Callable[..., Any], top: Path) -> bool:
    """Train one random config from a random place; returns whether it was accepted."""
    shutil.rmtree(top, ignore_errors=True)
    columns, rows = draw(tables())
    folder, beside = draw(FOLDERS), draw(st.booleans())
    placed(top / folder, columns, rows, linked=draw(st.booleans()))
    path = "table.csv" if beside else os.path.join("..", folder, "table.csv")
    config = draw(experiments(columns, sorted({row[2] for row in rows}), path))
    place = top / (folder if beside else "configs")
    place.mkdir(exist_ok=True)
    overrides = [f"training.epochs=2{draw(COMMENTS)}"] if draw(st.booleans()) else []
    runs = top / draw(st.sampled_from(["runs", "r\udcffuns", "deep/er/runs"]))
    before = sorted(top.rglob("*"))
    try:
        if draw(st.booleans()):
            (place / "a.yaml").write_text(yaml.safe_dump(config, allow_unicode=draw(st.booleans())), encoding="utf-8")
            before = sorted(top.rglob("*"))
            experiment = nntrain.load_experiment(place / "a.yaml", overrides)
        else:
            with contextlib.chdir(place):
                experiment = nntrain.load_experiment(config, overrides)
                config["data"]["path"] = str(experiment.data_path(path).absolute())
            experiment = nntrain.load_experiment(config, overrides)
        result = nntrain.fit(experiment, runs_dir=runs)
    except DivergedError:
        return False
    except UserError:
        assert sorted(top.rglob("*")) == before
        return False
    works(result.run, experiment, top / folder / "table.csv", top / "again")
    if draw(st.integers(0, 3)) == 0:
        searched(experiment, experiment.config.data.path, top)
    return True


def _search(count: int, top: Path) -> None:
    accepted = 0

    @settings(max_examples=count, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.data())
    def each(data: st.DataObject) -> None:
        nonlocal accepted
        accepted += tried(data.draw, top / str(next(COUNTER)))

    each()
    assert accepted > count // 5


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_accepted_works(tmp_path: Path) -> None:
    _search(40, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_is_accepted_works_in_many_more_cases(tmp_path: Path) -> None:
    _search(500, tmp_path)
