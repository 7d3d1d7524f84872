"""Layer configs → layers: every type, every initializer, columns gathered from all members."""

from typing import Any

import numpy as np
import pytest

from nntrain.assembly.hyperparameters import of_members
from nntrain.assembly.layers import NetworkShapeError, Positions, build_activation, build_blueprint, build_initializer
from nntrain.config import activations as act
from nntrain.config import initializers as init
from nntrain.config.network import DenseConfig, DropoutConfig, FlattenConfig, LayerConfig, ReshapeConfig
from nntrain.language.anatomy import variants
from nntrain.nn import activations, initializers
from nntrain.nn.dense import Dense
from nntrain.nn.dropout import Dropout
from nntrain.nn.reshape import Flatten, Reshape

# type in the config → class; spelled out, so that one wired wrongly is found.
ACTIVATIONS = {
    "linear": activations.Linear, "step": activations.Step, "sigmoid": activations.Sigmoid, "tanh": activations.Tanh,
    "relu": activations.Relu, "leaky_relu": activations.LeakyRelu, "elu": activations.Elu, "gelu": activations.Gelu,
    "softplus": activations.Softplus, "softmax": activations.Softmax,
}  # fmt: skip
INITIALIZERS = {
    "glorot_uniform": initializers.GlorotUniform, "glorot_normal": initializers.GlorotNormal,
    "he_uniform": initializers.HeUniform, "he_normal": initializers.HeNormal,
    "lecun_normal": initializers.LecunNormal, "orthogonal": initializers.Orthogonal,
    "uniform": initializers.Uniform, "normal": initializers.Normal, "zeros": initializers.Constant,
    "constant": initializers.Constant, "values": initializers.Values,
}  # fmt: skip


def test_a_column_has_a_row_for_each_member() -> None:
    assert of_members([1, 0.5, None]).tolist() == [[1.0], [0.5], [np.inf]]
    assert of_members([3]).dtype == np.float64


def test_every_activation_of_the_language_is_built() -> None:
    assert set(variants(act.ActivationConfig)) == set(ACTIVATIONS)
    for name, kind in ACTIVATIONS.items():
        assert type(build_activation(variants(act.ActivationConfig)[name]())) is kind  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [act.LeakyReluConfig, act.EluConfig])
def test_slopes_of_activations(kind: Any) -> None:
    built: Any = build_activation(kind(alpha=0.3))
    assert built.alpha == 0.3
    assert act.LeakyReluConfig().alpha == 0.1  # as in the lectures


def test_every_initializer_of_the_language_is_built() -> None:
    known = variants(init.InitializerConfig)
    assert set(known) == set(INITIALIZERS)
    needed: dict[str, dict[str, Any]] = {"constant": {"value": 1.0}, "values": {"values": [1.0]}}
    for name, kind in INITIALIZERS.items():
        assert type(build_initializer([known[name](**needed.get(name, {}))])) is kind  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (init.HeNormalConfig(gain=2.0), init.HeNormalConfig(gain=3.0), {"gain": [2, 3]}),
        (init.UniformConfig(low=-1, high=2), init.UniformConfig(low=-3, high=4), {"low": [-1, -3], "high": [2, 4]}),
        (init.NormalConfig(mean=1, std=2), init.NormalConfig(mean=3, std=4), {"mean": [1, 3], "std": [2, 4]}),
        (init.ConstantConfig(value=5), init.ConstantConfig(value=6), {"value": [5, 6]}),
    ],
)
def test_scales_are_gathered_from_all_members(first: Any, second: Any, expected: dict[str, list[float]]) -> None:
    built = build_initializer([first, second])
    assert {name: list(getattr(built, name)) for name in expected} == expected


def test_users_see_every_layer_under_its_name_in_the_config() -> None:
    needed: dict[str, dict[str, Any]] = {"dense": {"units": 2}, "reshape": {"shape": (2, 2)}}
    known = variants(LayerConfig)
    for name, config in known.items():
        blueprint = build_blueprint([[config(**needed.get(name, {}))]], (4,))  # type: ignore[list-item]
        assert blueprint.leaves[0].layer.kind == name
    assert {"dense", "dropout", "leaky_relu"} <= set(known)


def test_layers_and_their_names() -> None:
    layers: list[LayerConfig] = [
        ReshapeConfig(shape=(2, 2)),
        FlattenConfig(),
        DenseConfig(units=3, activation=act.ReluConfig(), bias=False),
        DropoutConfig(rate=0.25),
        DenseConfig(name="output", units=2),
        variants(LayerConfig)["softmax"](),  # type: ignore[list-item]
    ]
    blueprint = build_blueprint([layers], (4,))
    kinds = [Reshape, Flatten, Dense, activations.Relu, Dropout, Dense, activations.Softmax]
    assert [type(leaf.layer) for leaf in blueprint.leaves] == kinds
    paths = [leaf.path for leaf in blueprint.leaves]
    assert paths == ["0", "1", "2", "2.activation", "3", "output", "5"]
    assert [Positions(layers).of(path) for path in paths] == [0, 1, 2, 2, 3, 4, 5]
    assert blueprint.shapes == ((4,), (2, 2), (4,), (3,), (3,), (3,), (2,), (2,))
    assert {path: location.param.shape for path, location in blueprint.params.items()} == {
        "2.w": (4, 3),
        "output.w": (3, 2),
        "output.b": (2,),
    }
    assert blueprint.size == 4 * 3 + 3 * 2 + 2


def test_a_linear_activation_is_no_layer() -> None:
    assert len(build_blueprint([[DenseConfig(units=3)]], (4,)).leaves) == 1


def test_the_rates_of_all_members() -> None:
    blueprint = build_blueprint([[DropoutConfig(rate=0.1)], [DropoutConfig(rate=0.4)]], (4,))
    layer: Any = blueprint.leaves[0].layer
    assert layer.rate == (0.1, 0.4)


def test_a_shape_that_does_not_fit_comes_with_the_shapes_before_it() -> None:
    layers: list[LayerConfig] = [DenseConfig(units=6), ReshapeConfig(shape=(2, 3)), DenseConfig(units=1)]
    with pytest.raises(NetworkShapeError) as caught:
        build_blueprint([layers], (5,))
    assert caught.value.position == 2
    assert str(caught.value) == (
        "dense needs a vector for each example, got shape (2, 3): put a flatten layer before it "
        "(shapes up to here: (5,) → (6,) → (2, 3))"
    )


@pytest.mark.parametrize("layer", [DenseConfig(units="auto"), DenseConfig(units=1, activation="auto")])
def test_auto_must_be_resolved(layer: DenseConfig) -> None:
    with pytest.raises(ValueError, match="must be resolved"):
        build_blueprint([[layer]], (2,))
