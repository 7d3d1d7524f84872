"""Blocks cover the array once and fit; work in parallel is done, and failures are told."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntrain.memory import Memory
from nntrain.optim.blocks import BLOCK_BYTES, Block, Scratch, constant_of_each, split
from nntrain.parallel import in_parallel


@given(
    members=st.integers(1, 40),
    size=st.integers(1, 400_000),
    itemsize=st.sampled_from([4, 8]),
    parts=st.integers(1, 4),
)
def test_blocks_cover_an_array_once_and_fit(members: int, size: int, itemsize: int, parts: int) -> None:
    dealt = split((members, size), itemsize, parts)
    assert 1 <= len(dealt) <= parts
    assert all(dealt)
    blocks = [block for part in dealt for block in part]
    seen: dict[int, list[slice]] = {row: [] for row in range(members)}
    for block in blocks:
        rows, columns = block.shape
        assert rows * columns == block.size
        # A piece may be longer than the limit by what alignment moves.
        assert block.size * itemsize <= BLOCK_BYTES + 16 * itemsize
        assert rows == 1 or columns == size
        for row in range(block.rows.start, block.rows.stop):
            seen[row].append(block.columns)
    for pieces in seen.values():
        assert [piece.start for piece in pieces] == [0, *(piece.stop for piece in pieces[:-1])]
        assert pieces[-1].stop == size


def test_parts_are_of_like_size() -> None:
    for shape in ((1, 670_000), (2, 670_000), (64, 259), (300, 83)):
        sizes = [sum(block.size for block in part) for part in split(shape, 4, 2)]
        assert max(sizes) / min(sizes) < 1.1


def test_an_empty_array_has_no_blocks() -> None:
    assert split((3, 0), 8, 2) == []


def test_a_block_is_a_view() -> None:
    theta, column, shared = np.zeros((4, 6)), np.arange(4.0)[:, None], np.array(7.0)
    rows, piece = Block(slice(1, 3), slice(0, 6)), Block(slice(2, 3), slice(3, 6))
    rows.of(theta)[...] = 1
    piece.of(theta)[...] += 1
    assert theta.tolist() == [[0] * 6, [1] * 6, [1, 1, 1, 2, 2, 2], [0] * 6]
    assert rows.constant(column).tolist() == [[1.0], [2.0]]
    assert piece.constant(column).shape == ()
    assert np.shares_memory(piece.constant(column), column)
    assert piece.constant(column) == 2.0
    assert rows.constant(shared) is shared


def test_blocks_share_scratch_which_is_allocated_when_it_is_wanted() -> None:
    memory = Memory(np.float32)
    blocks = [Block(slice(0, 2), slice(0, 6)), Block(slice(2, 3), slice(0, 6))]
    scratch = Scratch(memory, blocks)
    assert memory.nbytes == 0
    large, small = (scratch.of(block) for block in blocks)
    assert (large.shape, small.shape) == ((2, 6), (1, 6))
    assert np.shares_memory(large, small)
    assert memory.nbytes == 12 * 4


@pytest.mark.parametrize(("members", "shape"), [(1, ()), (3, (3, 1))])
def test_a_constant_of_each_member_is_a_number_for_a_single_one(members: int, shape: tuple[int, ...]) -> None:
    assert constant_of_each(Memory(np.float32), members).shape == shape


def test_all_parts_are_done_with_the_callers_error_state() -> None:
    done: list[int] = []

    def work(part: int) -> None:
        with_overflow = np.float32(1e38) * np.full(2, 10, np.float32)
        assert np.isinf(with_overflow).all()
        done.append(part)

    with np.errstate(over="ignore"):
        in_parallel(work, [1, 2, 3])
    assert sorted(done) == [1, 2, 3]


@pytest.mark.parametrize("bad", [1, 2, 3])
def test_a_failure_is_raised_after_all_have_ended(bad: int) -> None:
    ended: list[int] = []

    def work(part: int) -> None:
        if part == bad:
            raise OSError(part)
        ended.append(part)

    with pytest.raises(OSError, match=str(bad)):
        in_parallel(work, [1, 2, 3])
    assert len(ended) == 2


FORK = """
import os
from nntrain.parallel import in_parallel
done = []
in_parallel(done.append, [1, 2])
child = os.fork()
if child == 0:
    in_parallel(done.append, [3, 4])
    os._exit(0 if sorted(done) == [1, 2, 3, 4] else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], timeout=60, check=False)
    assert done.returncode == 0
