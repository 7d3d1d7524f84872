"""What a search says of its best point while it goes on."""

from collections.abc import Mapping
from typing import Any

import pytest

import nntrain
from nntrain.errors import DivergedError
from nntrain.workflows import Listener
from tests.experiments import CLASSES, load


class Heard(Listener):
    """Remembers what it heard of the search, in order."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def best(self, point: Mapping[str, object], monitor: str, score: float) -> None:
        self.said.append((dict(point), monitor, score))

    def trials(self, done: int, total: int) -> None:
        self.said.append(done)


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize("monitor", ["validation.loss", "validation.accuracy"])
def test_each_better_point_is_heard_of_once_and_the_last_one_wins(monitor: str) -> None:
    """Layers of different sizes are trained one after the other."""
    heard = Heard()
    space = {"network.hidden.units": [1, 2, 3, 8, 5]}
    experiment = load(CLASSES, f"search.monitor={monitor}", "training.epochs=15")
    board = nntrain.gridsearch(experiment, parameters=space, listener=heard)
    told = [said for said in heard.said if isinstance(said, tuple)]
    assert [said for said in heard.said if isinstance(said, int)] == [0, 1, 2, 3, 4, 5]
    assert told[-1] == (board.best, monitor, board.table[0][monitor])
    scores = [score for _, _, score in told]
    assert scores == sorted(scores, reverse=monitor == "validation.loss")
    assert len({point["network.hidden.units"] for point, _, _ in told}) == len(told)
    by_units = {row["network.hidden.units"]: row[monitor] for row in board.table}
    assert all(by_units[point["network.hidden.units"]] == score for point, _, score in told)


@pytest.mark.usefixtures("workdir")
def test_a_point_without_a_score_is_no_best_one() -> None:
    heard = Heard()
    experiment = load(CLASSES, "optimizer=sgd", "network.hidden.activation=relu", "loss=mean_squared_error",
                      "network.output.activation=linear")  # fmt: skip
    with pytest.raises(DivergedError):
        nntrain.gridsearch(experiment, parameters={"optimizer.learning_rate": [1e20, 1e30]}, listener=heard)
    assert heard.said == [0, 2]
