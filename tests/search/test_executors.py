"""Groups are trained side by side, one after the other where they are large, and given up when asked to."""

import threading
from collections.abc import Iterator

import pytest

from nntrain.assembly.data import Data
from nntrain.assembly.resolve import resolve
from nntrain.config.column import structure_key
from nntrain.search import executors
from nntrain.search.executors import train_groups
from nntrain.search.groups import Group, Member
from nntrain.train.loop import Training
from nntrain.train.population import Population
from nntrain.train.records import StopReason
from tests.experiments import CLASSES, load


@pytest.fixture(autouse=True)
def side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let even these small groups be trained by several threads."""
    monkeypatch.setattr("nntrain.search.groups.LONG_CALL", 1)


def groups(count: int, epochs: int = 3) -> list[Group]:
    experiment = load(CLASSES, f"training.epochs={epochs}", "early_stopping=null")
    prepared = Data(experiment).prepare()
    config = resolve(experiment, prepared.preprocessor, has_validation=True).config
    return [Group((Member(n, config, structure_key(config), prepared),)) for n in range(count)]


@pytest.mark.parametrize("threads", [1, 2])
def test_every_group_comes_once_with_its_outcomes(threads: int) -> None:
    parts = groups(7)
    done = list(train_groups(parts, asked_threads=threads))
    assert {id(part) for part, _ in done} == {id(part) for part in parts}
    assert len(done) == 7
    assert all(o.reason is StopReason.EPOCHS and o.epochs == 3 for _, outcomes in done for o in outcomes)
    assert len({repr(outcomes) for _, outcomes in done}) == 1


def test_there_is_nothing_to_do() -> None:
    assert list(train_groups([])) == []


def test_no_more_groups_are_in_work_than_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by the cores, not by the number of groups."""
    working, most, lock = 0, 0, threading.Lock()

    class Counted(Training):
        def __iter__(self) -> Iterator[object]:  # type: ignore[override]
            nonlocal working, most
            with lock:
                working += 1
                most = max(most, working)
            yield from super().__iter__()
            with lock:
                working -= 1

    monkeypatch.setattr(executors, "Training", Counted)
    assert len(list(train_groups(groups(9), asked_threads=2))) == 9
    assert most <= 2


def test_large_networks_are_trained_one_after_the_other_with_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    build = Group.build

    def noting(self: Group, threads: int = 1) -> Population:
        given.append(threads)
        return build(self, threads)

    monkeypatch.setattr(executors, "threads_for", lambda shards, asked: 2)
    monkeypatch.setattr(Group, "build", noting)
    assert len(list(train_groups(groups(3), asked_threads=2))) == 3
    assert given == [2, 2, 2]


@pytest.mark.parametrize("threads", [1, 2])
def test_giving_up_ends_the_groups_in_work(threads: int) -> None:
    """As Ctrl-C does, in the caller: no thread goes on behind its back."""
    before = threading.active_count()
    trained = train_groups([*groups(1), *groups(3, epochs=10_000_000)], asked_threads=threads)
    next(trained)
    trained.close()
    assert threading.active_count() == before


def test_a_failure_in_a_thread_is_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Group, threads: int = 1) -> None:
        raise MemoryError("too large")

    monkeypatch.setattr(Group, "build", fail)
    with pytest.raises(MemoryError, match="too large"):
        list(train_groups(groups(4), asked_threads=2))
