"""Batches in shards: on how many threads, in evaluation, and what of a loss they share."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.batches import Batch
from nntrain.memory import Memory
from nntrain.nn.activations import Relu, Softmax
from nntrain.nn.blueprint import plan
from nntrain.nn.chain import Chain
from nntrain.nn.dense import Dense
from nntrain.nn.layer import Layer
from nntrain.nn.losses import CrossEntropy
from nntrain.nn.network import Network
from nntrain.nn.residual import Residual
from nntrain.streams import Key
from nntrain.train.bound_batch import BoundBatch

LAYERS: dict[str, Layer] = {"0": Dense(5), "0.activation": Relu(), "1": Dense(3), "1.activation": Softmax()}


def network_of(layers: dict[str, Layer], threads: int = 1) -> Network:
    network = Network(plan(Chain(layers), (4,)), 2, Memory(np.float64, threads=threads))
    network.initialize([Key(0), Key(1)])
    return network


def batch_of(sizes: Sequence[int], *, weighted: bool = False) -> list[Batch]:
    rng = np.random.default_rng(0)
    found = []
    x, classes = rng.standard_normal((1, sum(sizes), 4)), rng.integers(3, size=(1, sum(sizes)))
    weight = rng.random((1, sum(sizes), 1)) + 0.5
    for stop, size in zip(np.cumsum(sizes).tolist(), sizes, strict=True):
        part = slice(stop - size, stop)
        batch = Batch(x=x[:, part], t=np.eye(3)[classes[:, part]])
        if weighted:
            batch["weight"] = weight[:, part]
        found.append(batch)
    return found


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [(9,), (4, 5), (1, 1, 7)])
def test_an_evaluation_may_be_in_shards_too(sizes: Sequence[int], weighted: bool) -> None:
    network = network_of(LAYERS)
    whole = BoundBatch(network, CrossEntropy(), batch_of([9], weighted=weighted), network.memory, training=False)
    parts = BoundBatch(network, CrossEntropy(), batch_of(sizes, weighted=weighted), network.memory, training=False)
    whole.forward()
    parts.forward()
    np.testing.assert_allclose(parts.total, whole.total, rtol=1e-13)
    np.testing.assert_allclose(parts.plain, whole.plain, rtol=1e-13)
    assert (parts.plain is parts.total) == (not weighted)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_shards_are_dealt_out_to_as_many_threads_as_there_may_be(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names: set[str] = set()
    matmul = np.matmul

    def noting(*arguments: Array) -> Array:
        names.add(str(threading.get_ident()))
        result: Array = matmul(*arguments)
        return result

    monkeypatch.setattr(np, "matmul", noting)
    network = network_of(LAYERS, threads)
    bound = BoundBatch(network, CrossEntropy(), batch_of([2] * 6), network.memory, training=True)
    bound.step()
    assert 1 <= len(names) <= threads


def test_overflow_in_another_thread_is_silenced_where_the_caller_silences_it() -> None:
    network = network_of(LAYERS, threads=2)
    network.theta[...] = 1e200
    bound = BoundBatch(network, CrossEntropy(), batch_of([4, 4]), network.memory, training=True)
    with np.errstate(all="ignore"):
        bound.step()
    assert not np.isfinite(network.grad).all()


def test_an_activation_that_the_loss_computes_must_stand_where_it_can_be_left_out() -> None:
    network = network_of({"0": Dense(3), "1": Residual(Chain({"a": Dense(3), "b": Softmax()}))})
    with pytest.raises(ValueError, match=r"^the loss computes 1\.body\.b itself"):
        BoundBatch(network, CrossEntropy(), batch_of([4]), network.memory, training=True)
