"""What a network puts out at its end, and whether that is a probability."""

from __future__ import annotations

from typing import Any

from nntrain.config.activations import ActivationConfig, LinearConfig, SigmoidConfig, SoftmaxConfig
from nntrain.config.network import DenseConfig
from nntrain.config.root import Config
from nntrain.data.task import Task
from nntrain.language.anatomy import variants

# The activation under which the outputs of a task are probabilities: of each class, adding up to 1, or of each label.
PROBABILITIES: dict[Task, type[SoftmaxConfig] | type[SigmoidConfig]] = {
    Task.CLASSIFICATION: SoftmaxConfig,
    Task.BINARY: SigmoidConfig,
    Task.MULTILABEL: SigmoidConfig,
}


def output_activation(config: Config) -> tuple[str, Any]:
    """Where in a resolved config the activation of the output stands, as a dotted path, and what it is.

    Layers at the end that change nothing about the numbers when a network answers (dropout, flatten, reshape, linear)
    are passed over.
    """
    for place in reversed(range(len(config.network))):
        layer = config.network[place]
        if isinstance(layer, DenseConfig):
            return f"network.{place}.activation", layer.activation
        if layer.type in variants(ActivationConfig) and not isinstance(layer, LinearConfig):
            return f"network.{place}", layer
    return "network.0", LinearConfig()


def why_no_probabilities(config: Config, task: Task) -> str | None:
    """Why the outputs of a resolved config are no probabilities, as the middle of a sentence; None where they are."""
    if task is Task.REGRESSION:
        return "a regression has no probabilities: predict gives its values"
    activation, wanted = output_activation(config)[1], PROBABILITIES[task]().type
    if activation.type == wanted:
        return None
    match activation.type:
        case "step":
            said = "decisions, 0 or 1"
        case "sigmoid":
            said = "scores of each class by itself, which do not add up to 1"
        case "softmax":
            said = "shares of one whole, where several labels may hold at once"
        case _:
            said = "scores"
    return (
        f"the network ends in {activation.type}, so its outputs are {said}, not probabilities: predict without "
        f"--probabilities, or train a network that ends in {wanted} (loss: auto with activation: auto)"
    )
