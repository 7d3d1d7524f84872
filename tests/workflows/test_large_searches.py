"""What a search costs grows with its points, and what is too much is refused before it is made."""

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntrain
from nntrain.config.experiment import Experiment, load_experiment
from nntrain.errors import ConfigError, UserError
from nntrain.search import bounds
from nntrain.search.leaderboard import ranked
from nntrain.workflows import searching
from nntrain.workflows.points.plan import SearchPlan
from tests.counting import calls, kept
from tests.experiments import CLASSES, load

RATE = "optimizer.learning_rate"


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def search(experiment: Experiment, **axes: Any) -> SearchPlan:
    return SearchPlan(experiment.with_search_space({path.replace("__", "."): axis for path, axis in axes.items()}))


def rates(count: int) -> list[float]:
    return [0.001 + place * 1e-6 for place in range(count)]


def refused(experiment: Experiment, **arguments: Any) -> str:
    with pytest.raises(UserError) as caught:
        nntrain.gridsearch(experiment, **arguments)
    assert caught.value.exit_code == 2
    assert not Path("runs").exists()
    return str(caught.value)


def test_twice_the_values_are_twice_the_work() -> None:
    experiment = load(CLASSES)
    search(experiment, optimizer__learning_rate=rates(2))
    once, twice = (calls(lambda n=n: search(experiment, optimizer__learning_rate=rates(n))) for n in (250, 500))  # type: ignore[misc]
    assert twice < 2.1 * once


def test_a_point_holds_its_own_values_and_shares_its_other_sections() -> None:
    experiment = load(CLASSES)
    search(experiment, optimizer__learning_rate=rates(2))
    some, more = (kept(lambda n=n: search(experiment, optimizer__learning_rate=rates(n))) for n in (100, 200))  # type: ignore[misc]
    assert (more - some) / 100 < bounds.NETWORK_BYTES
    first, *_, last = (member.config for member in search(experiment, optimizer__learning_rate=rates(3)).members)
    assert first.search is not None
    assert first.search.space == {RATE: (None,)}
    assert first.network[0] is last.network[0]
    assert first.optimizer != last.optimizer


def test_the_run_of_the_best_point_has_the_whole_space() -> None:
    board = nntrain.gridsearch(load(CLASSES), parameters={RATE: [0.01, 0.02]})
    for run in (board.run, board.refit.run):
        again = load_experiment(run / "config.yaml").config.search
        assert again is not None
        assert again.space == {RATE: (0.01, 0.02)}


def test_the_best_point_is_found_without_ranking_all_again(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def counted(trials: list[Any], monitor: str) -> list[Any]:
        compared.append(len(trials))
        return ranked(trials, monitor)

    monkeypatch.setattr(searching, "ranked", counted)
    nntrain.gridsearch(load(CLASSES, "training.epochs=1"), parameters={"network.hidden.units": [*range(1, 21)]})
    assert sum(compared) < 3 * 20  # each of them is a population of its own


AXES: dict[str, list[Any]] = {
    "optimizer.type": ["sgd", "adam", "rmsprop"],
    "optimizer.momentum": [0.0, 0.5],
    "network.output.units": [3, 2, "auto"],
    "loss": ["auto", "cross_entropy", "mean_squared_error"],
    "network.output.activation": ["auto", "softmax", "linear"],
}


@pytest.mark.parametrize("seed", range(4))
def test_points_are_judged_together_as_each_by_itself(seed: int) -> None:
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(len(AXES))[:3]
    axes = {path: AXES[path] for path in (list(AXES)[place] for place in chosen)}
    experiment = load(CLASSES)

    def accepted(space: dict[str, list[Any]]) -> str | None:
        try:
            SearchPlan(experiment.with_search_space(space))
        except ConfigError as error:
            return str(error).splitlines()[-1]
        return None

    grid = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    wrong = sum(accepted({path: [value] for path, value in point.items()}) is not None for point in grid)
    together = accepted(axes)
    if together is None:
        assert wrong == 0
    elif together.endswith("none was"):
        assert together.startswith(f"{wrong} of {len(grid)} points cannot be trained")
    else:  # a path that leads nowhere, whatever the values
        assert wrong == len(grid)


def test_the_mistakes_of_many_points_are_gathered() -> None:
    text = refused(load(CLASSES), parameters={"optimizer.type": ["adam"], "optimizer.momentum": rates(60)})
    assert "\n… and 10 more\n60 errors in search\n60 of 60 points cannot be trained, the first at " in text
    text = CLASSES + f"search:\n  space:\n    {RATE}:\n" + "    - 0.1\n    - -1\n" * 2000
    with pytest.raises(ConfigError) as caught:
        load(text)
    found = str(caught.value)
    assert found.startswith(f"a.yaml:10:7: search.space: {RATE} must be above 0, got -1\n")
    assert found.endswith("\n… and 1,950 more\n2,000 errors in a.yaml")


TOO_MANY: dict[str, tuple[dict[str, Any], str, str]] = {
    "trials": (
        {"trials": 10**9, "parameters": {RATE: {"uniform": [0.1, 0.2]}}},
        "a search trains at most 1,000,000 networks: 1,000,000,000 points",
        "draw fewer points (--trials N)",
    ),
    "seeds": (
        {"parameters": {"search.evaluation": {"seeds": 10**9}}},
        "a search trains at most 1,000,000 networks: 2 points, each trained with 1,000,000,000 seeds, are "
        "2,000,000,000 networks",
        "draw fewer points (--trials N), or take fewer seeds",
    ),
    "folds": (
        {"parameters": {"search.evaluation": {"folds": 2**53}}},
        "a search trains at most 1,000,000 networks: 2 points, each trained with about 9 × 10^15 folds, are about "
        "1.8 × 10^16 networks",
        "draw fewer points (--trials N), or take fewer folds",
    ),
}


@pytest.mark.parametrize("what", TOO_MANY)
def test_too_many_networks_are_refused(what: str) -> None:
    arguments, message, hint = TOO_MANY[what]
    parameters = dict(arguments["parameters"])
    evaluation = parameters.pop("search.evaluation", None)
    experiment = load(CLASSES)
    if evaluation is not None:
        experiment = experiment.with_values({"search.evaluation": evaluation})
    found = refused(experiment, **{**arguments, "parameters": parameters or {RATE: [0.1, 0.2]}})
    assert f": {message}\n" in found
    assert found.splitlines()[2].endswith(f"^ {hint}")


def test_all_points_of_a_small_grid_are_drawn_however_many_are_asked_for() -> None:
    experiment = load(CLASSES, "search.strategy={type: random, trials: 1000000000}")
    assert len(search(experiment, optimizer__learning_rate=[0.1, 0.2]).points) == 2


def test_what_does_not_fit_into_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "total_memory", lambda: 1 << 20)
    found = refused(load(CLASSES), parameters={RATE: rates(200)})
    assert ": 200 points, need about 1.6 MiB of memory, and this machine has 1.0 MiB\n" in found
    monkeypatch.setattr(bounds, "total_memory", lambda: 50_000)
    text = CLASSES.replace("examples: 90", "examples: 3000") + "search: {evaluation: {folds: 2}}\n"
    found = refused(load(text), parameters={RATE: [0.1]})
    assert ": 2 folds, each with its own copy of the examples, need about 0." in found
    assert "take fewer folds, such as {folds: 10}" in found


def test_parameters_from_python_are_plain_data() -> None:
    experiment = load(CLASSES, "training.epochs=1")
    board = nntrain.gridsearch(experiment, parameters={RATE: np.array([0.1, 0.2]), "seed": range(2)})
    assert len(board.table) == 4
    for value, said in (
        ({1, 2}, f"search.space.{RATE} must be plain data (text, a number, True, False, None, a list or a mapping), "
                 "got a value of type set"),
        ([object()], f"search.space.{RATE}.0 must be plain data"),
        ([10**400], f"{RATE} must be finite, got inf"),
        ({"int_uniform": [1, 10**400]}, f"search.space.{RATE}.high must be an integer, got inf"),
    ):  # fmt: skip
        with pytest.raises(ConfigError) as caught:
            nntrain.gridsearch(experiment, parameters={RATE: value})
        assert said in str(caught.value)
    with pytest.raises(ConfigError, match="must be a mapping of dotted path to values, got a list"):
        nntrain.gridsearch(experiment, parameters=[RATE])  # type: ignore[arg-type]


LARGE = """
import nntrain
from nntrain.config import load_experiment
experiment = load_experiment({config!r}, ["training.epochs=1"])
board = nntrain.gridsearch(experiment, parameters={{"optimizer.learning_rate": [i * 1e-6 for i in range(1, 10_001)]}})
assert len(board.table) == 10_000
assert len(load_experiment(board.run / "config.yaml").config.search.space["optimizer.learning_rate"]) == 10_000
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))  # of this program alone
assert int(peak.split()[1]) < 500_000, peak
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks the system for the memory that was used")
def test_ten_thousand_points_are_trained_on_iris_within_half_a_gigabyte() -> None:
    config = Path(nntrain.__file__).parents[1] / "configs" / "iris.yaml"
    subprocess.run([sys.executable, "-c", LARGE.format(config=str(config))], check=True)
