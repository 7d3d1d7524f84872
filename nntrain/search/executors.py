"""Train groups, several at once where there are cores for it.

Threads are enough: NumPy lets go of the interpreter while it computes, if it computes for long. So groups with long
calls are trained side by side, one core each; groups with short ones, one after the other on one core; and those of
networks so large that one step keeps several cores busy, one after the other on all of them.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from nntrain.search.groups import Group
from nntrain.train.loop import Training
from nntrain.train.records import Outcome
from nntrain.train.threads import available_cores, blas_threads, threads_for


def train_groups(
    groups: Sequence[Group], *, asked_threads: int | None = None
) -> Generator[tuple[Group, list[Outcome]], None, None]:
    """Train every group; yields each as it is done, with the outcome of every member.

    Args:
        groups: what to train.
        asked_threads: the most cores to use, or None for all.

    Raises:
        KeyboardInterrupt: in the caller's thread; groups in progress are given up, as they are when the caller closes
            the iterator.
    """
    cores = asked_threads or available_cores()
    threads: dict[Group, int] = {}
    side_by_side: dict[Group, None] = {}
    for each in groups:
        blueprint = each.blueprint()
        threads[each] = min(cores, threads_for(each.shards, None))
        if threads[each] == 1 and each.has_long_calls(blueprint):
            side_by_side[each] = None
    with blas_threads(1):
        yield from _side_by_side([*side_by_side], cores)
        for each in groups:
            if each not in side_by_side:
                yield each, _train(each, threading.Event(), threads[each])


def _side_by_side(groups: Sequence[Group], workers: int) -> Iterator[tuple[Group, list[Outcome]]]:
    if workers == 1 or len(groups) <= 1:
        for each in groups:
            yield each, _train(each, threading.Event(), 1)
        return
    stop = threading.Event()
    waiting = iter(groups)
    with ThreadPoolExecutor(workers, thread_name_prefix="population") as pool:
        submit: Callable[[Group], Future[list[Outcome]]] = lambda each: pool.submit(_train, each, stop, 1)  # noqa: E731
        running = {submit(each): each for each in itertools.islice(waiting, workers)}
        try:
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    finished = running.pop(future)
                    following = next(waiting, None)
                    if following is not None:
                        running[submit(following)] = following
                    yield finished, future.result()
        finally:
            stop.set()


def _train(group: Group, stop: threading.Event, threads: int) -> list[Outcome]:
    training = Training(group.build(threads), group.members[0].config.training.epochs, pause=stop.is_set)
    for _ in training:
        if stop.is_set():
            break
    return training.outcomes
