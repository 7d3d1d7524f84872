"""Loss functions: how far the network's output y is from the target t, and the gradient of that at y."""

from nntrain.nn.losses.absolute import Huber, MeanAbsoluteError
from nntrain.nn.losses.binary_cross_entropy import BinaryCrossEntropy
from nntrain.nn.losses.cross_entropy import CrossEntropy
from nntrain.nn.losses.loss import Loss
from nntrain.nn.losses.perceptron import Perceptron
from nntrain.nn.losses.squared import HalfSquaredError, MeanSquaredError

__all__ = [
    "BinaryCrossEntropy",
    "CrossEntropy",
    "HalfSquaredError",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Perceptron",
]
