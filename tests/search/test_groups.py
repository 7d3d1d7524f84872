"""Which members are trained together, and that it makes no difference."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nntrain.assembly.data import Data, Prepared
from nntrain.assembly.resolve import resolve
from nntrain.config.column import structure_key
from nntrain.search import groups
from nntrain.search.executors import train_groups
from nntrain.search.groups import Group, Member, group
from nntrain.train.records import Outcome
from tests.experiments import CLASSES, load


def members_of(points: Sequence[dict[str, Any]], prepared: Sequence[Prepared] | None = None) -> list[Member]:
    """A member for each point and data set, as a search makes them."""
    experiment = load(CLASSES)
    sets = prepared or [Data(experiment).prepare()]
    made = []
    for number, point in enumerate(points, start=1):
        at = experiment.with_values({"data.split.seed": 0, "data.synthetic.seed": 0, **point})
        config = resolve(at, sets[0].preprocessor, has_validation=True).config
        made += [Member(number, config, structure_key(config), each) for each in sets]
    return made


def outcomes_of(parts: Sequence[Group], threads: int = 1) -> dict[int, list[Outcome]]:
    """Trial → what its members reached."""
    reached: dict[Member, Outcome] = {}
    for part, outcomes in train_groups(parts, asked_threads=threads):
        reached.update(zip(part.members, outcomes, strict=True))
    found: dict[int, list[Outcome]] = {}
    for part in parts:
        for member in part.members:
            found.setdefault(member.trial, []).append(reached[member])
    return found


def trials_of(parts: Sequence[Group]) -> list[list[int]]:
    return [[member.trial for member in part.members] for part in parts]


def test_columns_are_trained_together_and_structures_apart() -> None:
    points: list[dict[str, Any]] = [
        {"optimizer.learning_rate": 0.1}, {"network.0.units": 5}, {"optimizer.learning_rate": 0.2},
        {"network.0.units": 5, "seed": 3}, {"optimizer.type": "sgd"}, {"training.batch_size": 8},
    ]  # fmt: skip
    assert trials_of(group(members_of(points))) == [[1, 3], [2, 4], [5], [6]]


def test_folds_of_one_size_are_trained_together() -> None:
    """72 examples make 5 folds of 14 and 15: two of 15, three of 14."""
    folds = Data(load(CLASSES)).prepare_folds(5)
    parts = group(members_of([{}, {"optimizer.learning_rate": 0.1}], folds))
    sizes = [{member.prepared.size("validation") for member in part.members} for part in parts]
    assert sorted(sizes, key=str) == [{14}, {15}]
    assert sorted(len(part.members) for part in parts) == [4, 6]


def test_a_structure_is_cut_into_chunks_that_fit_in_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    members = members_of([{"optimizer.learning_rate": rate} for rate in np.linspace(0.01, 0.1, 7).tolist()])
    one = Group(tuple(members[:1])).build().network.memory.nbytes
    monkeypatch.setattr(groups, "CHUNK_BYTES", 3 * one)
    assert trials_of(group(members)) == [[1, 2, 3], [4, 5, 6], [7]]
    monkeypatch.setattr(groups, "CHUNK_BYTES", one // 2)
    assert trials_of(group(members)) == [[n] for n in range(1, 8)]


def test_members_are_shared_out_over_the_cores_where_calls_stay_long(monkeypatch: pytest.MonkeyPatch) -> None:
    members = members_of([{"seed": seed} for seed in range(32)])
    whole = Group(tuple(members))
    widest = max(shape[0] for shape in whole.blueprint().shapes)
    assert [len(part.members) for part in group(members, parallel=2)] == [32]  # too small to be worth a thread
    monkeypatch.setattr(groups, "LONG_CALL", 16 * whole.batch_size * widest)
    assert [len(part.members) for part in group(members)] == [32]
    assert [len(part.members) for part in group(members, parallel=2)] == [16, 16]
    assert [len(part.members) for part in group(members, parallel=3)] == [32]


POINTS: list[dict[str, Any]] = [
    *({"optimizer.learning_rate": rate, "early_stopping": {"patience": 1}} for rate in (0.02, 0.1, 0.3, 0.5)),
    {"network.0.units": 6, "seed": 4},
    {"network.1.initializer.gain": 2.0},
    {"optimizer": {"type": "sgd", "learning_rate": 1e30}},
]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Outcome]]:
    """What every member of POINTS over 3 folds reaches by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("alone"))
        members = members_of(POINTS, Data(load(CLASSES)).prepare_folds(3))
        return outcomes_of([Group((member,)) for member in members])


def by_name(outcomes: dict[int, list[Outcome]]) -> str:
    """As text, in which NaN equals NaN."""
    return repr(sorted(outcomes.items()))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_chunks_and_threads_do_not_change_any_outcome(
    monkeypatch: pytest.MonkeyPatch, alone: dict[int, list[Outcome]], threads: int, chunk: int
) -> None:
    members = members_of(POINTS, Data(load(CLASSES)).prepare_folds(3))
    one = Group(tuple(members[:1])).build().network.memory.nbytes
    monkeypatch.setattr(groups, "CHUNK_BYTES", chunk * one)
    monkeypatch.setattr(groups, "LONG_CALL", 1)
    parts = group(members, parallel=threads)
    assert len(parts) >= 3
    assert by_name(outcomes_of(parts, threads)) == by_name(alone)
