"""Train groups, several at once where there are cores for it.

Threads are enough: NumPy lets go of the interpreter while it computes. Every group is trained with one BLAS thread,
so that the groups do not fight for the cores; a group of large networks is trained alone, with all of them.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from nntrain.build.layers import build_blueprint
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
    small = [g for g in groups if _threads(g, cores) == 1]
    large = [g for g in groups if _threads(g, cores) > 1]
    with blas_threads(1):
        yield from _side_by_side(small, cores)
        for each in large:
            yield each, _train(each, threading.Event(), cores)


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


def _threads(group: Group, cores: int) -> int:
    first = group.members[0]
    size, count = first.config.training.batch_size, len(first.prepared.splits["training"])
    blueprint = build_blueprint([first.config.network], first.prepared.input_shape)
    return min(cores, threads_for(blueprint, count if size == "full" else min(size, count), None))
