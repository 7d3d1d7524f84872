"""Synthetic problems against the formulas they are named for, written out point by point."""

import math
from typing import Any, get_args

import numpy as np
import pytest

from nntrain.arrays import Array
from nntrain.data.dataset import Dataset
from nntrain.data.readers.synthetic import Synthetic, generate
from nntrain.data.task import infer_task
from nntrain.errors import DataError
from nntrain.tasks import Task

KINDS = get_args(Synthetic)


def points(data: Dataset) -> Array:
    assert isinstance(data.inputs, tuple)
    return np.stack([column.values for column in data.inputs], axis=1)


def labels(data: Dataset) -> list[Any]:
    (column,) = data.target_columns
    values: list[Any] = column.values.tolist()
    return values


PAIRS = [[0, 0], [0, 1], [1, 0], [1, 1]]
TRUTH: dict[str, tuple[list[list[int]], str]] = {
    "and": (PAIRS, "0001"),
    "or": (PAIRS, "0111"),
    "xor": (PAIRS, "0110"),
    "nand": (PAIRS, "1110"),
    "nor": (PAIRS, "1000"),
    "xnor": (PAIRS, "1001"),
    "not": ([[0], [1]], "10"),
}


@pytest.mark.parametrize("kind", TRUTH)
def test_truth_tables(kind: str) -> None:
    inputs, truth = TRUTH[kind]
    data = generate(kind)
    assert points(data).tolist() == inputs
    assert "".join(labels(data)) == truth
    assert infer_task(data) is Task.BINARY


@pytest.mark.parametrize("kind", [kind for kind in TRUTH if kind != "xor"])
def test_more_examples_repeat_the_truth_table(kind: str) -> None:
    inputs, truth = TRUTH[kind]
    many = generate(kind, examples=10)
    assert points(many).tolist() == (inputs * 5)[:10]
    assert "".join(labels(many)) == (truth * 5)[:10]


@pytest.mark.parametrize("kind", [kind for kind in TRUTH if kind != "xor"])
def test_noise_moves_the_inputs_of_a_truth_table_and_not_its_answers(kind: str) -> None:
    """`noise` is the standard deviation of what is added to each input by itself."""
    clean, noisy = generate(kind, examples=40_000), generate(kind, examples=40_000, noise=0.3)
    assert labels(noisy) == labels(clean)
    moved = points(noisy) - points(clean)
    assert moved.mean(axis=0) == pytest.approx(0, abs=0.01)
    assert moved.std(axis=0) == pytest.approx(0.3, rel=0.02)


def test_noise_moves_the_points_of_moons_and_of_a_spiral() -> None:
    """Moons by a normal number of that standard deviation, a spiral by a uniform one of at most that."""
    moons = points(generate("moons", examples=40_000, noise=0.3)) - points(generate("moons", examples=40_000))
    assert moons.std(axis=0) == pytest.approx(0.3, rel=0.02)
    assert np.abs(moons).max() > 0.9
    spiral = points(generate("spiral", examples=40_000, noise=0.3)) - points(generate("spiral", examples=40_000))
    assert spiral.std(axis=0) == pytest.approx(0.3 / math.sqrt(3), rel=0.02)
    assert np.abs(spiral).max() <= 0.3


@pytest.mark.parametrize("kind", ["plane", "gauss"])
def test_noise_takes_the_value_of_a_point_nearby(kind: str) -> None:
    """Its inputs stay; the value is that of a point up to 6 · noise away along each of them."""
    clean, noisy = (generate(kind, examples=5_000, noise=noise) for noise in (0.0, 0.1))
    assert np.array_equal(points(clean), points(noisy))
    moved = np.abs(np.array(labels(noisy)) - np.array(labels(clean)))
    slope = {"plane": math.sqrt(2) / 10, "gauss": 0.5}[kind]  # along the steepest line; cones of height 1, radius 2
    farthest = slope * 0.6 * math.sqrt(2)
    assert 0.8 * farthest < moved.max()
    if kind == "plane":  # between two cones a value may jump from one to the other
        assert moved.max() <= farthest


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides(kind: str) -> None:
    once, again, other = (points(generate(kind, examples=50, noise=0.1, seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("examples", [1, 2, 7, 100])
def test_exactly_as_many_examples_as_asked_for(kind: str, examples: int) -> None:
    data = generate(kind, examples=examples, noise=0.2)
    assert len(data) == len(labels(data)) == examples
    assert data.source == f"synthetic {kind}"
    inputs = {"sine": ["x"], "not": ["x1"]}.get(kind, ["x1", "x2"])
    assert list(data.kinds) == [*inputs, data.target_columns[0].name]


@pytest.mark.parametrize("kind", ["gaussians", "circle", "moons", "spiral"])
def test_classes_of_equal_size(kind: str) -> None:
    found = labels(generate(kind, examples=101))
    assert sorted([found.count("0"), found.count("1")]) == [50, 51]
    assert len(generate(kind)) == 400


def test_xor_of_the_playground() -> None:
    data = generate("xor", examples=500, seed=1)
    x = points(data)
    assert (np.abs(x) >= 0.3).all()
    assert (np.abs(x) <= 5.3).all()
    assert labels(data) == ["1" if a * b >= 0 else "0" for a, b in x]


def test_circle_of_the_playground() -> None:
    data = generate("circle", examples=500, seed=1)
    for (a, b), label in zip(points(data), labels(data), strict=True):
        radius = math.hypot(a, b)
        assert radius <= 2.5 if label == "1" else 3.5 <= radius <= 5


def test_noise_moves_labels_in_circle_and_xor() -> None:
    for kind in ("circle", "xor"):
        clean, noisy = (generate(kind, examples=2000, noise=noise) for noise in (0.0, 0.5))
        differing = sum(a != b for a, b in zip(labels(clean), labels(noisy), strict=True))
        assert np.array_equal(points(clean), points(noisy))
        assert 100 < differing < 1000


def test_spiral_of_the_playground() -> None:
    data = generate("spiral", examples=200)
    for label, delta in (("1", 0.0), ("0", math.pi)):
        arm = [point for point, other in zip(points(data).tolist(), labels(data), strict=True) if other == label]
        for i, (x, y) in enumerate(arm):
            r, t = i / 100 * 5, 1.75 * i / 100 * 2 * math.pi + delta
            assert x == pytest.approx(r * math.sin(t), abs=1e-12)
            assert y == pytest.approx(r * math.cos(t), abs=1e-12)


@pytest.mark.parametrize(("noise", "variance"), [(0.0, 0.5), (0.5, 4.0)])
def test_gaussians_of_the_playground(noise: float, variance: float) -> None:
    data = generate("gaussians", examples=40_000, noise=noise)
    x, is_one = points(data), np.array(labels(data)) == "1"
    for group, center in ((x[is_one], 2.0), (x[~is_one], -2.0)):
        assert group.mean(axis=0) == pytest.approx([center, center], abs=0.05)
        assert group.var(axis=0) == pytest.approx([variance, variance], rel=0.05)
        assert np.corrcoef(group.T)[0, 1] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("kind", ["gaussians", "spiral"])
def test_more_than_two_classes(kind: str) -> None:
    data = generate(kind, examples=300, classes=3)
    found = labels(data)
    assert [found.count(label) for label in "012"] == [100, 100, 100]
    assert infer_task(data) is Task.CLASSIFICATION


def test_moons() -> None:
    data = generate("moons", examples=21)
    assert labels(data) == ["0"] * 11 + ["1"] * 10
    upper = [[math.cos(math.pi * k / 10), math.sin(math.pi * k / 10)] for k in range(11)]
    lower = [[1 - math.cos(math.pi * k / 9), 0.5 - math.sin(math.pi * k / 9)] for k in range(10)]
    np.testing.assert_allclose(points(data), upper + lower, atol=1e-12)


def test_plane_of_the_playground() -> None:
    data = generate("plane", examples=300)
    x = points(data)
    assert (np.abs(x) <= 6).all()
    assert labels(data) == pytest.approx([(a + b) / 10 for a, b in x])


def test_gauss_of_the_playground() -> None:
    data = generate("gauss", examples=1000)
    bumps = [(-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1)]
    for (x, y), value in zip(points(data), labels(data), strict=True):
        expected = 0.0
        for cx, cy, sign in bumps:
            height = sign * max(0.0, 1 - math.dist((x, y), (cx, cy)) / 2)
            if abs(height) > abs(expected):
                expected = height
        assert value == pytest.approx(expected)
    assert infer_task(data) is Task.REGRESSION


def test_sine() -> None:
    data = generate("sine", examples=200)
    x = points(data)[:, 0]
    assert (np.abs(x) <= math.pi).all()
    assert labels(data) == pytest.approx([math.sin(each) for each in x])
    noisy = generate("sine", examples=20_000, noise=0.1)
    assert np.std(np.array(labels(noisy)) - np.sin(points(noisy)[:, 0])) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("kind", "options", "message", "setting"),
    [
        (
            "spirals",
            {},
            "unknown synthetic data 'spirals'; there are xor, and, or, nand, nor, xnor, not, gaussians, circle, moons, "
            "spiral, plane, gauss, sine",
            "type",
        ),
        ("moons", {"examples": 0}, "synthetic moons: examples must be from 1 to 10,000,000, got 0", "examples"),
        (
            "moons",
            {"noise": math.nan},
            "synthetic moons: noise must be a finite number of at least 0, got nan",
            "noise",
        ),
        ("moons", {"noise": -1.0}, "synthetic moons: noise must be a finite number of at least 0, got -1.0", "noise"),
        ("moons", {"classes": 3}, "synthetic moons: classes must be 2, got 3", "classes"),
        ("spiral", {"classes": 1}, "synthetic spiral: classes must be from 2 to 100, got 1", "classes"),
    ],
)
def test_settings_out_of_range(kind: str, options: dict[str, Any], message: str, setting: str) -> None:
    with pytest.raises(DataError) as caught:
        generate(kind, **options)
    assert str(caught.value) == message
    assert caught.value.setting == f"data.synthetic.{setting}"
