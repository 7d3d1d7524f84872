"""Random streams: whose numbers they are, and that they can be taken up again."""

import itertools

import numpy as np
import pytest
from numpy.random import PCG64, Generator, SeedSequence

from nntrain.streams import Draws, Key, Purpose, Streams


def draw(streams: Streams, count: int = 4) -> list[list[float]]:
    """So many numbers from each distinct generator, in the order of these."""
    numbers = np.empty((streams.distinct, count))
    streams.uniform(numbers)
    return [[float(number) for number in row] for row in numbers]


def by_member(streams: Streams) -> list[list[float]]:
    drawn = draw(streams)
    return [drawn[place] for place in streams.of_member]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_members_numbers_depend_on_its_key_alone(purpose: Purpose) -> None:
    keys = [Key(3), Key(1), Key(3, replica=1), Key(3)]
    together = by_member(Streams(keys, purpose))
    alone = [by_member(Streams([key], purpose))[0] for key in keys]
    reversed_order = by_member(Streams(keys[::-1], purpose))[::-1]
    assert together == alone == reversed_order
    assert together[0] == together[3]


def test_every_seed_replica_and_purpose_has_a_stream_of_its_own() -> None:
    drawn = [
        tuple(draw(Streams([Key(seed, replica)], purpose))[0])
        for seed, replica, purpose in itertools.product((0, 1, 2**63), (0, 1, 2), Purpose)
    ]
    assert len(set(drawn)) == len(drawn)


@pytest.mark.parametrize("purpose", Purpose)
def test_every_network_has_a_stream_of_its_own_and_the_first_that_of_its_seed_and_replica(purpose: Purpose) -> None:
    keys = [Key(seed, replica, network) for seed in (0, 7, 2**63) for replica in (0, 1) for network in (0, 1, 2)]
    drawn = by_member(Streams(keys, purpose))
    assert len({tuple(numbers) for numbers in drawn}) == len(keys)
    for key, numbers in zip(keys, drawn, strict=True):
        if key.network == 0:
            plain = SeedSequence([key.seed, key.replica]).spawn(len(Purpose))[purpose]
            assert Generator(PCG64(plain)).random(4).tolist() == numbers


def test_members_of_one_key_share_a_generator() -> None:
    streams = Streams([Key(5), Key(2), Key(5), Key(2), Key(9)], Purpose.ORDER)
    assert streams.distinct == 3
    assert streams.of_member.tolist() == [0, 1, 0, 1, 2]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (4,), (3, 2)])
def test_what_is_drawn_is_what_each_generator_gives(dtype: type[np.floating], shape: tuple[int, ...]) -> None:
    keys = [Key(3), Key(1), Key(3)]
    streams = Streams(keys, Purpose.WEIGHTS)
    generators = [Generator(PCG64(SeedSequence([seed, 0], spawn_key=(Purpose.WEIGHTS,)))) for seed in (3, 1)]
    for _ in range(2):
        out = np.empty((2, *shape), dtype)
        streams.uniform(out)
        np.testing.assert_array_equal(out, [generator.random(shape, dtype=dtype) for generator in generators])
        streams.normal(out)
        np.testing.assert_array_equal(out, [generator.standard_normal(shape, dtype=dtype) for generator in generators])
        order = np.empty((2, 7), np.intp)
        streams.permutations(order)
        np.testing.assert_array_equal(order, [generator.permutation(7) for generator in generators])


def test_an_array_for_another_number_of_generators_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Streams([Key(1), Key(2)], Purpose.ORDER).uniform(np.empty((1, 3)))


def test_draws_for_checks_depend_on_their_seed_alone() -> None:
    for seed in (0, 5):
        plain = np.random.default_rng(seed)
        draws = Draws(seed)
        np.testing.assert_array_equal(draws.some_of(50, 7), np.sort(plain.choice(50, 7, replace=False)))
        np.testing.assert_array_equal(draws.uniform(0.5, 1.0, (2, 3)), plain.uniform(0.5, 1.0, (2, 3)))
        np.testing.assert_array_equal(draws.normal((4,)), plain.standard_normal(4))


def test_selected_members_go_on_from_where_they_are() -> None:
    keys = [Key(5), Key(2), Key(5), Key(9)]
    streams, untouched = Streams(keys, Purpose.DROPOUT), Streams(keys, Purpose.DROPOUT)
    draw(streams)
    draw(untouched)
    chosen = streams.select(np.array([3, 2]))
    assert chosen.keys == (Key(9), Key(5))
    assert chosen.of_member.tolist() == [0, 1]
    assert chosen.purpose is Purpose.DROPOUT
    after = by_member(untouched)
    assert by_member(chosen) == [after[3], after[2]]
    assert by_member(chosen.select(np.array([1]))) == [by_member(untouched)[2]]


def test_a_state_is_plain_and_takes_the_streams_back() -> None:
    streams = Streams([Key(1), Key(2), Key(1)], Purpose.ORDER)
    draw(streams)
    state = streams.state()
    assert len(state) == 2
    first, second = draw(streams), draw(streams)
    streams.load_state(state)
    assert draw(streams) == first
    other = Streams([Key(1), Key(2), Key(1)], Purpose.ORDER)
    other.load_state(state)
    assert [draw(other), draw(other)] == [first, second]


def test_a_state_of_other_members_is_refused() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        Streams([Key(1), Key(2)], Purpose.ORDER).load_state(Streams([Key(1)], Purpose.ORDER).state())
