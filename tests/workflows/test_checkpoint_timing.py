"""When a checkpoint is due."""

import time

import pytest

from nntrain.config.training import CheckpointConfig
from nntrain.workflows.run.checkpoint_timing import CheckpointTiming


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands at its one number."""
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_after_so_many_epochs(clock: list[float]) -> None:
    timing = CheckpointTiming(CheckpointConfig(every_epochs=3, every_seconds=None))
    timing.restart(4)
    clock[0] += 1e9
    assert [timing.is_due(epoch) for epoch in (4, 6, 7, 8)] == [False, False, True, True]
    assert not timing.is_time()


def test_after_so_many_seconds_within_an_epoch_too(clock: list[float]) -> None:
    timing = CheckpointTiming(CheckpointConfig(every_seconds=30.0))
    timing.restart(1)
    clock[0] += 29
    assert not timing.is_time()
    assert not timing.is_due(10**6)
    clock[0] += 1
    assert timing.is_time()
    assert timing.is_due(1)
    timing.restart(1)
    assert not timing.is_due(1)


@pytest.mark.parametrize("rule", [None, CheckpointConfig(every_epochs=None, every_seconds=None)])
def test_never_without_a_rule(rule: CheckpointConfig | None, clock: list[float]) -> None:
    timing = CheckpointTiming(rule)
    timing.restart(1)
    clock[0] += 1e9
    assert not timing.is_due(10**6)


def test_none_is_due_before_it_counts() -> None:
    timing = CheckpointTiming(CheckpointConfig(every_epochs=1, every_seconds=1e-9))
    assert not timing.is_time()
    assert not timing.is_due(10)
