"""Data from formulas: truth tables, the toy problems of playground.tensorflow.org, moons and a sine.

Where the kinds come from the Playground (github.com/tensorflow/playground, src/dataset.ts: xor, circle, gaussians,
spiral; plane and gauss for regression) `noise` means what its slider / 100 does there, so 0 … 0.5, and the numbers
are drawn from the same distributions, though not the same numbers.

kind         inputs                            target
and, or,     {0, 1}²; `examples` rows of the   "1" where the operation on x1 and x2 says so
  nand, nor,   table in turn, each input with
  xor, xnor    normal noise of std `noise`
not          {0, 1}, one input x1; likewise    "1" where x1 is 0
xor          with `examples`: uniform in       "1" where x1 · x2 ≥ 0 after uniform noise of ±5 · `noise`, as the
             [-5, 5]², 0.3 off the axes        Playground has it: equal signs, the opposite of the truth table
circle       half within radius 2.5, half      "1" inside 2.5 after noise of ±5 · `noise`
             from 3.5 to 5
gaussians    variance 0.5 + 7 · `noise` about  the class: "1" at (2, 2), "0" at (-2, -2); K classes have their
             K points 2√2 from 0               centres evenly round the circle
spiral       K arms of 1.75 turns to radius    the arm; two arms are the Playground's
             5, uniform noise of ± `noise`
moons        two half circles of radius 1,     "0" the upper about (0, 0), "1" the lower about (1, 0.5), as
             normal noise of std `noise`       scikit-learn's make_moons has them
plane        uniform in [-6, 6]²               (x1 + x2) / 10, at the point moved by ±6 · `noise`
gauss        uniform in [-6, 6]²               of six cones of height ±1 and radius 2 the highest at the point
                                               moved by ±6 · `noise`
sine         x uniform in [-π, π]              sin(x), with normal noise of std `noise`

The target of a truth table is that of the table's row, whatever the noise does to its inputs.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng

from nntrain.arrays import Array
from nntrain.data.dataset import Column, Dataset, numeric_column, text_column
from nntrain.errors import DataError
from nntrain.memory import full

Synthetic = Literal[
    "xor",
    "and",
    "or",
    "nand",
    "nor",
    "xnor",
    "not",
    "gaussians",
    "circle",
    "moons",
    "spiral",
    "plane",
    "gauss",
    "sine",
]

DEFAULT_EXAMPLES = 400
MAX_EXAMPLES = 10_000_000

_STREAM = 1_002  # keeps these numbers apart from those of weights, batch order, dropout and splits of the same seed
_PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1))
# For each row of a truth table its inputs, and what the operation makes of them.
_TRUTH_TABLES = {
    "and": (_PAIRS, (0, 0, 0, 1)),
    "or": (_PAIRS, (0, 1, 1, 1)),
    "xor": (_PAIRS, (0, 1, 1, 0)),
    "nand": (_PAIRS, (1, 1, 1, 0)),
    "nor": (_PAIRS, (1, 0, 0, 0)),
    "xnor": (_PAIRS, (1, 0, 0, 1)),
    "not": (((0,), (1,)), (1, 0)),
}


def generate(kind: str, *, examples: int | None = None, noise: float = 0.0, seed: int = 0, classes: int = 2) -> Dataset:
    """N examples of a synthetic problem: inputs x1 and x2 (not: x1, sine: x), target "class" or, for regression, "y".

    Args:
        kind: one of `Synthetic`.
        examples: N; by default the rows of a truth table, once, and 400 for the others.
        noise: see the table above; 0 for none.
        seed: the same seed gives the same examples.
        classes: K for gaussians and spiral; the others have two.

    Raises:
        DataError: an unknown kind, or a number out of its range.
    """
    _check(kind, examples, noise, classes)
    with np.errstate(over="ignore", invalid="ignore"):
        dataset = _generate(kind, examples, noise, seed, classes)
    columns = (*dataset.inputs, *dataset.target_columns) if isinstance(dataset.inputs, tuple) else ()
    if not all(np.isfinite(column.values).all() for column in columns if column.kind == "numeric"):
        raise DataError(f"synthetic {kind}: noise {noise:g} makes numbers infinite", setting="data.synthetic.noise")
    return dataset


def _generate(kind: str, examples: int | None, noise: float, seed: int, classes: int) -> Dataset:
    rng = default_rng(SeedSequence(seed, spawn_key=(_STREAM,)))
    count = DEFAULT_EXAMPLES if examples is None else examples
    match kind:
        case "xor" if examples is not None:
            x, labels = _xor(count, noise, rng)
        case _ if kind in _TRUTH_TABLES:
            x, labels = _truth_table(kind, examples, noise, rng)
        case "circle":
            x, labels = _circle(count, noise, rng)
        case "gaussians":
            x, labels = _gaussians(count, noise, classes, rng)
        case "spiral":
            x, labels = _spiral(count, noise, classes, rng)
        case "moons":
            x, labels = _moons(count, noise, rng)
        case "plane":
            return _regression(kind, *_surface(count, noise, rng, _plane))
        case "gauss":
            return _regression(kind, *_surface(count, noise, rng, _gauss))
        case _:
            return _sine(count, noise, rng)
    return Dataset(_inputs(x), (text_column("class", labels.astype(str)),), f"synthetic {kind}")


def _inputs(x: Array) -> tuple[Column, ...]:
    """The inputs [N, I] as the columns x1, x2, …"""
    return tuple(numeric_column(f"x{k}", x[:, k - 1]) for k in range(1, x.shape[1] + 1))


def _check(kind: str, examples: int | None, noise: float, classes: int) -> None:
    if kind not in get_args(Synthetic):
        raise DataError(
            f"unknown synthetic data {kind!r}; there are {', '.join(get_args(Synthetic))}",
            setting="data.synthetic.type",
        )
    if examples is not None and not 1 <= examples <= MAX_EXAMPLES:
        raise DataError(
            f"synthetic {kind}: examples must be from 1 to {MAX_EXAMPLES:,}, got {examples}",
            setting="data.synthetic.examples",
        )
    if not 0 <= noise < np.inf:
        raise DataError(
            f"synthetic {kind}: noise must be a finite number of at least 0, got {noise}",
            setting="data.synthetic.noise",
        )
    if not 2 <= classes <= 100 or (classes != 2 and kind not in ("gaussians", "spiral")):
        allowed = "from 2 to 100" if kind in ("gaussians", "spiral") else "2"
        raise DataError(f"synthetic {kind}: classes must be {allowed}, got {classes}", setting="data.synthetic.classes")


def _truth_table(kind: str, examples: int | None, noise: float, rng: Generator) -> tuple[Array, Array]:
    inputs, labels = (np.array(each) for each in _TRUTH_TABLES[kind])
    rows = np.arange(examples or len(inputs)) % len(inputs)
    x = inputs[rows].astype(np.float64)
    return x + rng.normal(0.0, noise, x.shape), labels[rows]


def _xor(n: int, noise: float, rng: Generator) -> tuple[Array, Array]:
    x = rng.uniform(-5, 5, (n, 2))
    x += np.where(x > 0, 0.3, -0.3)
    moved = x + rng.uniform(-5, 5, (n, 2)) * noise
    return x, (moved[:, 0] * moved[:, 1] >= 0).astype(int)


def _circle(n: int, noise: float, rng: Generator) -> tuple[Array, Array]:
    inside = np.arange(n) < (n + 1) // 2
    radius = np.where(inside, rng.uniform(0, 2.5, n), rng.uniform(3.5, 5, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    x = _polar(radius, angle)
    moved = x + rng.uniform(-5, 5, (n, 2)) * noise
    return x, (np.hypot(moved[:, 0], moved[:, 1]) < 2.5).astype(int)


def _gaussians(n: int, noise: float, classes: int, rng: Generator) -> tuple[Array, Array]:
    labels = np.arange(n) % classes
    centers = _polar(full(n, 2 * np.sqrt(2)), np.pi / 4 + _turn(labels, classes))
    return centers + rng.normal(0.0, np.sqrt(0.5 + 7 * noise), (n, 2)), labels


def _spiral(n: int, noise: float, classes: int, rng: Generator) -> tuple[Array, Array]:
    labels = np.arange(n) % classes
    along = (np.arange(n) // classes) / (n / classes)  # 0 … 1, from the centre outwards
    x = _polar(5 * along, 1.75 * 2 * np.pi * along + _turn(labels, classes))
    return x + rng.uniform(-1, 1, (n, 2)) * noise, labels


def _turn(labels: Array, classes: int) -> Array:
    """The angle [N] of each class; the last is at 0, where the Playground has its positive class."""
    return 2 * np.pi * ((labels + 1) % classes) / classes


def _polar(radius: Array, angle: Array) -> Array:
    """Points [N, 2]; angles run from the x2 axis, as in the Playground."""
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _moons(n: int, noise: float, rng: Generator) -> tuple[Array, Array]:
    upper = (n + 1) // 2
    t = np.concatenate([np.linspace(0, np.pi, upper), np.linspace(0, np.pi, n - upper)])
    labels = (np.arange(n) >= upper).astype(int)
    x = np.where(labels[:, np.newaxis] == 0, _arc(t, 1.0), np.array([1.0, 0.5]) + _arc(t, -1.0))
    return x + rng.normal(0.0, noise, (n, 2)), labels


def _arc(t: Array, sign: float) -> Array:
    return sign * np.stack([np.cos(t), np.sin(t)], axis=1)


def _surface(n: int, noise: float, rng: Generator, height: Callable[[Array], Array]) -> tuple[Array, Array]:
    x = rng.uniform(-6, 6, (n, 2))
    return x, height(x + rng.uniform(-6, 6, (n, 2)) * noise)


def _plane(x: Array) -> Array:
    return (x[:, 0] + x[:, 1]) / 10


def _gauss(x: Array) -> Array:
    """Of the six cones the one of greatest height, up or down, at each point [N]."""
    centers = np.array([[-4, 2.5], [0, 2.5], [4, 2.5], [-4, -2.5], [0, -2.5], [4, -2.5]])
    signs = np.array([1, -1, 1, -1, 1, -1])
    distance = np.linalg.norm(x[:, np.newaxis] - centers, axis=2)  # [N, 6]
    heights = signs * np.clip(1 - distance / 2, 0, 1)
    return np.take_along_axis(heights, np.abs(heights).argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]


def _regression(kind: str, x: Array, y: Array) -> Dataset:
    return Dataset(_inputs(x), (numeric_column("y", y),), f"synthetic {kind}")


def _sine(n: int, noise: float, rng: Generator) -> Dataset:
    x = rng.uniform(-np.pi, np.pi, n)
    y = np.sin(x) + rng.normal(0.0, noise, n)
    return Dataset((numeric_column("x", x),), (numeric_column("y", y),), "synthetic sine")
