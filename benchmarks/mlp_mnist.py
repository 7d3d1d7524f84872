"""One epoch of fully connected networks on MNIST, beside PyTorch and scikit-learn.

All sides see the same 60,000 examples as float32, shuffle them, gather them batch by batch, and compute outputs, loss,
gradients and an update for each batch; nobody evaluates. PyTorch starts from nntrain's initial weights, scikit-learn
from its own of the same distribution. PyTorch runs in eager mode on tensors in memory, without a DataLoader; both peers
run with one and with two threads, and the better one counts.
"""

from __future__ import annotations

import gzip
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from _experiments import Epochs, experiment_of, prepare
from _measure import MISSING_PEER, ROOT, Ratio, Side, alternate, arguments, duration, fastest, note, print_table

from nntrain.arrays import Array
from nntrain.assembly.data import Prepared
from nntrain.train.threads import blas_threads

try:
    import torch
    from sklearn import config_context
    from sklearn.neural_network import MLPClassifier
except ImportError:
    raise SystemExit(MISSING_PEER.format("PyTorch and scikit-learn")) from None

THREADS = (1, 2)

CONFIG = """
name: mlp-mnist
data:
  path: "{path}"
  preprocess: {{numeric: minmax}}
  split: {{validation: 0, test: 0}}
network:
  - flatten
{hidden}
  - {{type: dense, units: auto, activation: auto}}
optimizer: {{type: {optimizer}, learning_rate: {rate}}}
training: {{batch_size: {batch}}}
early_stopping: null
metrics: []
"""


@dataclass(frozen=True)
class Case:
    """A network, how it is trained, and what is to be reached: how many times faster than each peer."""

    hidden: tuple[int, ...]
    batch: int
    optimizer: str
    torch: float
    sklearn: float

    @property
    def name(self) -> str:
        """As in a row of the table."""
        return f"{'-'.join(map(str, (784, *self.hidden, 10)))}, batch {self.batch}, {self.optimizer}"

    @property
    def rate(self) -> float:
        """A learning rate with which one epoch already learns much."""
        return 0.1 if self.optimizer == "sgd" else 0.001

    def config(self, path: Path) -> str:
        """The text of nntrain's config."""
        hidden = "\n".join(f"  - {{type: dense, units: {units}, activation: relu}}" for units in self.hidden)
        return CONFIG.format(
            path=path.as_posix(), hidden=hidden, optimizer=self.optimizer, rate=self.rate, batch=self.batch
        )


CASES = [
    Case((32,), 32, "sgd", 4.0, 2.4),
    Case((32,), 32, "adam", 4.0, 2.4),
    Case((128,), 64, "sgd", 2.0, 2.0),
    Case((128,), 64, "adam", 2.0, 2.0),
    Case((512, 512), 128, "sgd", 1.1, 1.5),
    Case((512, 512), 128, "adam", 1.1, 1.5),
]


class TorchEpochs:
    """The same training in PyTorch: in eager mode, with the whole data as two tensors."""

    def __init__(self, case: Case, x: Array, labels: Array, initial: dict[str, Array], *, fused: bool) -> None:
        self.x, self.labels, self.batch = torch.from_numpy(x), torch.from_numpy(labels), case.batch
        self.model = self._model(list(initial.values()))
        self.loss_function = torch.nn.CrossEntropyLoss()
        make = torch.optim.SGD if case.optimizer == "sgd" else torch.optim.Adam
        self.optimizer = make(self.model.parameters(), lr=case.rate, fused=True if fused else None)
        self.loss = float("nan")

    def run(self) -> None:
        """Train for one epoch."""
        total, count = 0.0, len(self.x)
        order = torch.randperm(count)
        for start in range(0, count, self.batch):
            chosen = order[start : start + self.batch]
            x, labels = self.x.index_select(0, chosen), self.labels.index_select(0, chosen)
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss_function(self.model(x), labels)
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(x)
        self.loss = total / count

    @staticmethod
    def _model(arrays: list[Array]) -> torch.nn.Module:
        """ReLU between linear layers, with the weights and biases given: w [I, O], b [O], w, b, …"""
        layers: list[torch.nn.Module] = []
        for w, b in zip(arrays[::2], arrays[1::2], strict=True):
            linear = torch.nn.Linear(*w.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(w.T))
                linear.bias.copy_(torch.from_numpy(b))
            layers += [linear, torch.nn.ReLU()]
        return torch.nn.Sequential(*layers[:-1])


class SklearnEpochs:
    """The same training in scikit-learn; `partial_fit` is one epoch of `fit`, without its beginning."""

    def __init__(self, case: Case, x: Array, labels: Array) -> None:
        self.x, self.labels = x, labels
        self.classes = np.unique(labels)
        self.model = MLPClassifier(
            case.hidden,
            activation="relu",
            solver=case.optimizer,
            alpha=0.0,
            batch_size=case.batch,
            learning_rate_init=case.rate,
            momentum=0.0,
            nesterovs_momentum=False,
            shuffle=True,
            random_state=0,
        )

    def run(self) -> None:
        """Train for one epoch. Its check that all inputs are finite is switched off."""
        with config_context(assume_finite=True):
            self.model.partial_fit(self.x, self.labels, classes=self.classes)

    @property
    def loss(self) -> float:
        """The mean training loss of the last epoch."""
        return float(self.model.loss_)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch use `count` threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


Trained = Epochs | TorchEpochs | SklearnEpochs


def sides_of(case: Case, prepared: Prepared, path: Path, folder: Path, epochs: int) -> dict[str, tuple[Side, Trained]]:
    """All sides by name, each with its training."""
    x = prepared.splits["training"].whole("x").reshape(prepared.size("training"), -1)
    labels = prepared.splits["training"].whole("t").argmax(axis=1)
    own = Epochs(experiment_of(case.config(path), folder, [f"training.epochs={epochs}"]), prepared, epochs)
    sides: dict[str, tuple[Side, Trained]] = {"nntrain": (Side("nntrain", own.run, own.settings), own)}

    def add(name: str, trained: Trained, settings: Callable[[], object]) -> None:
        sides[name] = (Side(name, trained.run, settings), trained)  # type: ignore[arg-type]

    kinds = {"PyTorch": False} | ({"PyTorch, fused": True} if case.optimizer == "adam" else {})
    for threads in THREADS:
        for kind, fused in kinds.items():
            trained = TorchEpochs(case, x, labels, own.initial, fused=fused)
            add(f"{kind}, {threads}", trained, partial(torch_threads, threads))
        add(f"scikit-learn, {threads}", SklearnEpochs(case, x, labels), partial(blas_threads, threads))
    return sides


def measure(case: Case, prepared: Prepared, path: Path, folder: Path, repeats: int) -> Iterator[list[str]]:
    """The rows of one case: beside PyTorch, PyTorch with its fused optimizer, and scikit-learn."""
    note(f"{case.name} …")
    sides = sides_of(case, prepared, path, folder, repeats + 1)
    seconds = alternate([side for side, _ in sides.values()], repeats)
    own, trained = seconds["nntrain"], sides["nntrain"][1]
    assert isinstance(trained, Epochs)
    _print_details(case, sides, seconds)
    targets = {"PyTorch": f"≥ {case.torch:g}×", "PyTorch, fused": "", "scikit-learn": f"≥ {case.sklearn:g}×"}
    for peer, target in targets.items():
        names = [name for name in sides if name.rpartition(", ")[0] == peer]
        if names:
            best = fastest(seconds, names)
            threads = best.rpartition(", ")[2]
            yield [
                case.name,
                f"{duration(own)} ({_threads(trained.threads)})",
                f"{peer} {'optimizer ' if 'fused' in peer else ''}({_threads(int(threads))})",
                duration(seconds[best]),
                str(Ratio.of(seconds[best], own)),
                target,
            ]


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"


def _print_details(case: Case, sides: dict[str, tuple[Side, Trained]], seconds: dict[str, list[float]]) -> None:
    """Every side's times, and the loss that it has reached: the same for all if all did the same."""
    print(case.name)
    for name, (_, trained) in sides.items():
        label = name if name == "nntrain" else f"{name} thread{'' if name.endswith(' 1') else 's'}"
        rounds = seconds[name]
        times = f"{statistics.median(rounds):7.3f} s ({min(rounds):.3f}–{max(rounds):.3f})"
        print(f"  {label:26} {times}   training loss of the last epoch {trained.loss:.4f}")
    losses = [trained.loss for _, trained in sides.values()]
    if max(losses) > 1.25 * min(losses) + 0.01:
        print("  The losses differ: the sides did not do the same work.")
    print(flush=True)


def mnist(folder: Path, examples: int) -> Path:
    """The training images, cut to `examples`; random images and labels of that shape where there is no MNIST."""
    places = [ROOT.parent / "shared" / "datasets" / "mnist", ROOT / "datasets" / "mnist"]
    source = next((place for place in places if (place / "train-images-idx3-ubyte.gz").is_file()), None)
    if source is None:
        print(
            f"No MNIST in {' or '.join(map(str, places))}: random images and labels of the same shape are used, from "
            "which nothing is learnt but by heart. Times hardly differ."
        )
        random = np.random.default_rng(0)
        x = random.integers(0, 256, (examples, 28, 28, 1), dtype=np.uint8)
        y = random.integers(0, 10, examples)
    else:
        x = np.frombuffer(gzip.decompress((source / "train-images-idx3-ubyte.gz").read_bytes())[16:], dtype=np.uint8)
        y = np.frombuffer(gzip.decompress((source / "train-labels-idx1-ubyte.gz").read_bytes())[8:], dtype=np.uint8)
        x, y = x.reshape(-1, 28, 28, 1)[:examples], y[:examples].astype(np.int64)
    path = folder / "mnist.npz"
    np.savez(path, x=x, y=y)
    return path


def main(cases: Sequence[Case] = CASES) -> None:
    """Measure every case."""
    given = arguments(__doc__)
    torch.manual_seed(0)
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = mnist(folder, 3_200 if given.quick else 60_000)
        prepared = prepare(experiment_of(cases[0].config(path), folder))
        for case in cases:
            rows += measure(case, prepared, path, folder, given.repeats)
    header = ["MNIST, one epoch", "nntrain", "beside", "takes", "nntrain is faster by (range)", "to reach"]
    print_table(header, rows)


if __name__ == "__main__":
    main()
