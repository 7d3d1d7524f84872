"""How an epoch is cut into batches, and who sees which examples."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.arrays import Array
from nntrain.data.batches import Batches, Examples, first_examples
from nntrain.data.source import Arrays, Source
from nntrain.memory import Memory
from nntrain.streams import Key, Purpose, Streams
from tests.data.sources import Computed, everything, mapped


def examples_of(count: int, of_member: list[int], *, weighted: bool = False) -> Examples:
    """Data sets whose example i of data set d is x = (i, d), t = (i, d, i + d), weight = i + 10 d."""
    sets = max(of_member) + 1
    number = np.broadcast_to(np.arange(count, dtype=float), (sets, count))
    which = np.broadcast_to(np.arange(sets, dtype=float)[:, None], (sets, count))
    return Examples.of(
        np.array(of_member),
        x=np.stack([number, which], axis=2),
        t=np.stack([number, which, number + which], axis=2),
        weight=(number + 10 * which)[:, :, None] if weighted else None,
    )


def batches_of(examples: Examples, seeds: list[int], batch_size: int, *, shuffle: bool = True) -> Batches:
    streams = Streams([Key(seed) for seed in seeds], Purpose.ORDER)
    return Batches(examples, streams, batch_size, shuffle=shuffle, memory=Memory(np.float64))


def epoch(batches: Batches) -> list[tuple[Array, Array, Array | None]]:
    """Copies of all batches of one epoch."""
    batches.start_epoch()
    seen = []
    for step in range(len(batches.schedule)):
        batch = batches.batches[batches.load(step)][0]
        seen.append((batch["x"].copy(), batch["t"].copy(), batch["weight"].copy() if "weight" in batch else None))
    return seen


def order(batches: Batches) -> list[list[int]]:
    """For each member (or the one that stands for all), the examples of an epoch in the order they come."""
    return np.concatenate([x[:, :, 0] for x, _, _ in epoch(batches)], axis=1).astype(int).tolist()  # type: ignore[no-any-return]


@settings(max_examples=60)
@given(
    count=st.integers(1, 23),
    batch_size=st.integers(1, 30),
    seeds=st.lists(st.integers(0, 3), min_size=1, max_size=4),
    folds=st.booleans(),
    shuffle=st.booleans(),
    weighted=st.booleans(),
)
def test_every_member_sees_each_of_its_examples_once_an_epoch(
    count: int, batch_size: int, seeds: list[int], folds: bool, shuffle: bool, weighted: bool
) -> None:
    of_member = [member % 2 if folds else 0 for member in range(len(seeds))]
    batches = batches_of(examples_of(count, of_member, weighted=weighted), seeds, batch_size, shuffle=shuffle)
    for _ in range(2):
        seen = epoch(batches)
        assert len(seen) == len(batches.schedule) == -(-count // batch_size)
        sizes = [x.shape[1] for x, _, _ in seen]
        assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
        assert sum(sizes) == count
        for member, which in enumerate(of_member):
            row = [batch[0][member if len(batch[0]) > 1 else 0] for batch in seen]
            assert sorted(np.concatenate(row)[:, 0].tolist()) == list(range(count))
            assert (np.concatenate(row)[:, 1] == which).all()
        for x, t, weight in seen:
            np.testing.assert_array_equal(t, np.stack([x[..., 0], x[..., 1], x[..., 0] + x[..., 1]], axis=2))
            assert (weight is not None) == weighted
            if weight is not None:
                np.testing.assert_array_equal(weight[..., 0], x[..., 0] + 10 * x[..., 1])


def test_members_of_one_seed_share_one_batch() -> None:
    batches = batches_of(examples_of(10, [0, 0, 0]), [4, 4, 4], 3)
    assert all(len(batch["x"]) == 1 for (batch,) in batches.batches)
    assert order(batches) == order(batches_of(examples_of(10, [0]), [4], 3))


def test_members_of_several_seeds_each_see_the_order_they_would_see_alone() -> None:
    seeds = [4, 9, 4]
    together = batches_of(examples_of(10, [0, 0, 0]), seeds, 3)
    alone = [batches_of(examples_of(10, [0]), [seed], 3) for seed in seeds]
    for _ in range(3):
        orders = order(together)
        assert orders == [order(batches)[0] for batches in alone]
        assert orders[0] == orders[2] != orders[1]


def test_folds_of_one_seed_see_the_same_places_of_different_data() -> None:
    batches = batches_of(examples_of(10, [0, 1]), [4, 4], 3)
    first = order(batches)
    assert first[0] == first[1]
    x = epoch(batches)[0][0]
    assert x[:, :, 1].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_members_who_all_use_the_second_data_set_share_it() -> None:
    for batch_size in (4, 100):
        batches = batches_of(examples_of(10, [1, 1], weighted=True), [0, 0], batch_size)
        assert len(batches.batches[0][0]["x"]) == 1
        x, _, weight = epoch(batches)[0]
        assert (x[..., 1] == 1).all()
        assert weight is not None
        np.testing.assert_array_equal(weight[..., 0], x[..., 0] + 10)


def test_every_epoch_has_an_order_of_its_own() -> None:
    batches = batches_of(examples_of(20, [0]), [0], 7)
    orders = [tuple(order(batches)[0]) for _ in range(5)]
    assert len(set(orders)) == 5


@pytest.mark.parametrize("seeds", [[3], [3, 3], [3, 4]])
def test_without_shuffling_examples_come_in_order_and_one_batch_serves_all(seeds: list[int]) -> None:
    batches = batches_of(examples_of(10, [0] * len(seeds)), seeds, 4, shuffle=False)
    for _ in range(2):
        assert order(batches) == [list(range(10))]


@pytest.mark.parametrize("batch_size", [10, 11, 1000])
def test_the_whole_data_as_one_batch_is_neither_copied_nor_shuffled(batch_size: int) -> None:
    examples = examples_of(10, [0, 0])
    batches = batches_of(examples, [1, 2], batch_size)
    assert batches.schedule == [0]
    assert order(batches) == [list(range(10))]
    assert np.shares_memory(batches.batches[0][0]["x"], examples.source.whole("x"))


def test_batches_are_refilled_in_place() -> None:
    batches = batches_of(examples_of(10, [0]), [0], 3)
    before = [(batch["x"], batch["t"]) for (batch,) in batches.batches]
    assert [batch.size for (batch,) in batches.batches] == [3, 1]
    epoch(batches)
    assert all(batch["x"] is x and batch["t"] is t for (batch,), (x, t) in zip(batches.batches, before, strict=True))


def test_a_step_can_be_loaded_by_itself() -> None:
    batches = batches_of(examples_of(10, [0]), [0], 4)
    seen = epoch(batches)
    for step in (2, 0, 1):
        batches.load(step)
        np.testing.assert_array_equal(batches.batches[batches.schedule[step]][0]["x"], seen[step][0])


def test_images_and_single_precision_pass_through() -> None:
    x = np.arange(2 * 5 * 4 * 3 * 1, dtype=np.float32).reshape(2, 5, 4, 3, 1)
    examples = Examples.of(np.array([1, 0]), x=x, t=np.zeros((2, 5, 1), np.float32))
    streams = Streams([Key(0), Key(0)], Purpose.ORDER)
    batches = Batches(examples, streams, 2, shuffle=False, memory=Memory(np.float32))
    batches.start_epoch()
    first = batches.batches[batches.load(0)][0]
    assert first["x"].dtype == np.float32
    np.testing.assert_array_equal(first["x"], x[[1, 0], :2])


def test_selected_members_keep_their_data() -> None:
    examples = examples_of(4, [0, 1, 0, 1])
    chosen = examples.select(np.array([3, 1]))
    assert chosen.of_member.tolist() == [1, 1]
    assert chosen.is_shared()
    assert not examples.is_shared()
    assert len(chosen) == 4
    assert examples.whole("x")[:, 0, 1].tolist() == [0, 1, 0, 1]
    assert chosen.whole("x")[:, 0, 1].tolist() == [1]


FIELDS = ("x", "t", "second", "weight", "token", "lengths")
TWO_TARGETS = ("t", "second")


def batches_from(source: Source, of_member: list[int], batch_size: int, memory: Memory) -> Batches:
    examples = Examples(source, np.array(of_member), max(of_member) + 1)
    streams = Streams([Key(member % 2) for member in range(len(of_member))], Purpose.ORDER)
    return Batches(examples, streams, batch_size, shuffle=True, memory=memory, targets=TWO_TARGETS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pixels", [False, True], ids=["numbers", "pixels"])
@pytest.mark.parametrize("of_member", [[0], [0, 0, 0], [0, 1, 0, 1, 0], [1, 1]], ids=["one", "shared", "folds", "2nd"])
@pytest.mark.parametrize("batch_size", [1, 7, 24])
def test_batches_are_the_same_wherever_rows_come_from(
    batch_size: int, of_member: list[int], pixels: bool, dtype: type[np.floating], tmp_path: Path
) -> None:
    count, memory = 24 * (max(of_member) + 1), Memory(dtype)
    arrays = everything(count, pixels=pixels)
    numbers = {**arrays, "x": arrays["x"] * dtype(1 / 255) if pixels else arrays["x"]}  # converted beforehand
    all_batches = [
        batches_from(source, of_member, batch_size, memory)
        for source in (
            Arrays({name: array.astype(dtype) if array.dtype == float else array for name, array in numbers.items()}),
            Arrays(arrays, {"x": 1 / 255} if pixels else {}),
            mapped(count, FIELDS, tmp_path, pixels=pixels),
            Computed(count, FIELDS, pixels=pixels),
        )
    ]
    for _ in range(2):
        for batches in all_batches:
            batches.start_epoch()
        for step in range(len(all_batches[0].schedule)):
            expected, *others = [batches.batches[batches.load(step)][0] for batches in all_batches]
            assert expected["token"].dtype == np.int32
            assert expected["lengths"].dtype == np.int64
            assert {expected[name].dtype for name in ("x", "t", "second", "weight")} == {np.dtype(dtype)}
            for batch in others:
                assert batch.size == expected.size
                assert set(batch) == set(FIELDS)
                for name in FIELDS:
                    np.testing.assert_array_equal(batch[name], expected[name])
                    assert batch[name].dtype == expected[name].dtype
                    assert batch[name].shape == expected[name].shape
                    assert batch[name].strides == expected[name].strides


@pytest.mark.parametrize("batch_size", [5, 24])
def test_bytes_stay_bytes_where_no_scale_makes_them_numbers(batch_size: int) -> None:
    images = everything(24, pixels=True)["x"]
    batches = batches_from(Arrays({"x": images}), [0], batch_size, Memory(np.float32))
    batches.start_epoch()
    batch = batches.batches[batches.load(0)][0]
    assert batch["x"].dtype == np.uint8
    np.testing.assert_array_equal(batch["x"], images[batches.rows(0)])


def test_all_targets_are_laid_out_like_outputs() -> None:
    memory = Memory(np.float64)
    for batch_size in (8, 24):
        batch = batches_from(Computed(24, FIELDS), [0], batch_size, memory).batches[0][0]
        for name in TWO_TARGETS:
            like = memory.flowing(1, batch_size, batch[name].shape[2:])
            assert batch[name].strides == like.strides


@pytest.mark.parametrize("of_member", [[0], [0, 1, 0, 1]], ids=["one", "folds"])
def test_loading_a_batch_allocates_no_arrays(of_member: list[int]) -> None:
    """Neither where rows are copied to another layout, nor where bytes become numbers, nor where they are dealt out."""
    count = 20_000 * (max(of_member) + 1)
    arrays = {name: array for name, array in everything(count, pixels=True).items() if name != "second"}
    batches = batches_from(Arrays(arrays, {"x": 1 / 255}), of_member, 8_000, Memory(np.float64))
    batches.start_epoch()
    tracemalloc.start()
    try:
        for step in range(len(batches.schedule)):
            batches.load(step)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # What there is are the rows of one batch, 128,000 bytes for two orders, and NumPy's buffer of 8192 numbers, through
    # which it converts; an array of pixels that are numbers has 256,000 bytes or more.
    assert peak < 200_000


def test_whole_data_that_are_converted_are_converted_once() -> None:
    source = Computed(24, FIELDS, pixels=True)
    batches = batches_from(source, [0], 100, Memory(np.float32))
    taken = source.taken
    for _ in range(3):
        batches.start_epoch()
        assert [batches.load(step) for step in range(len(batches.schedule))] == [0]
    assert source.taken == taken
    np.testing.assert_allclose(batches.batches[0][0]["x"][0], everything(24, pixels=True)["x"] / 255, rtol=1e-6)


@pytest.mark.parametrize("of_member", [[0, 0], [0, 1, 0]], ids=["shared", "folds"])
def test_the_first_examples_are_in_arrays_of_their_own(of_member: list[int]) -> None:
    arrays = {name: array.reshape(2, 12, *array.shape[1:]) for name, array in everything(24).items()}
    examples = Examples.of(np.array(of_member), **arrays)
    batch = first_examples(examples, 5, Memory(np.float64))
    for name in FIELDS:
        np.testing.assert_array_equal(batch[name], examples.whole(name)[:, :5])
        assert not np.shares_memory(batch[name], examples.source.whole(name))
