"""What a network puts out at its end, and whether that is a probability."""

from __future__ import annotations

from nntrain.config.activations import ActivationSection, LinearConfig
from nntrain.config.network import DenseConfig, activation_type
from nntrain.config.root import Config
from nntrain.language.anatomy import Path
from nntrain.tasks import ACTIVATIONS, TASKS, Task


def output_activation(config: Config) -> tuple[Path, str]:
    """The path of the output's activation in a resolved config, and its type.

    Layers at the end that change nothing about the numbers when a network answers (dropout, flatten, reshape, linear)
    are passed over.
    """
    for index in reversed(range(len(config.network))):
        layer = config.network[index]
        if isinstance(layer, DenseConfig):
            return ("network", index, "activation"), activation_type(layer)
        if isinstance(layer, ActivationSection) and not isinstance(layer, LinearConfig):
            return ("network", index), layer.type
    return ("network", 0), "linear"


def why_no_probabilities(config: Config, task: Task) -> str | None:
    """Why the outputs of a resolved config are no probabilities, as the middle of a sentence; None where they are."""
    if task is Task.REGRESSION:
        return "a regression has no probabilities: predict gives its values"
    activation, wanted = output_activation(config)[1], TASKS[task].activation
    if activation == wanted:
        return None
    return (
        f"the network ends in {activation}, so its outputs are {ACTIVATIONS[activation].are}, not probabilities: "
        f"predict without --probabilities, or train a network that ends in {wanted} (loss: auto with activation: auto)"
    )
