"""nntrain with a layer that carries state: `{type: elu, alpha: m}` as a layer is the toy `RunningCentre` of momentum m.

The config knows no layer with state yet, so this stands in for one: as a program, for tests that kill it, and as a
context, for those that call nntrain's functions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from nntrain.assembly import layers
from nntrain.config.activations import AnyActivation, EluConfig
from nntrain.nn.layer import Layer
from tests.nn.toys import RunningCentre

_build_activation = layers.build_activation


def _build(config: AnyActivation) -> Layer:
    return RunningCentre(config.alpha) if isinstance(config, EluConfig) else _build_activation(config)


@contextmanager
def layers_with_state() -> Iterator[None]:
    """Within the block, networks that are built have the toy in place of elu."""
    with patch.object(layers, "build_activation", _build):
        yield


if __name__ == "__main__":
    from nntrain.__main__ import main

    with layers_with_state():
        main()
