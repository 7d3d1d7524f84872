"""The perceptron's criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntrain.memory import Memory
from nntrain.nn.activations import Step
from nntrain.nn.losses.loss import Loss


@dataclass(eq=False)
class Perceptron(Loss):
    """L = (y − t) a with y = [a > 0]: −a or a for a wrong answer, 0 for a right one (Rosenblatt 1958).

    Taking y as it is, dL/da = y − t, so that gradient descent on w is Rosenblatt's rule w ← w + α (t − y) x. With
    several outputs the losses are added up: each output is a perceptron of its own.
    """

    fuses = Step

    def bind_scratch(self, memory: Memory) -> None:
        """Room for the answers, 0 or 1."""
        self.outputs = self.like_outputs(memory)

    def forward(self) -> None:
        """y = [a > 0] and the mean loss."""
        np.greater(self.y, 0, out=self.outputs, casting="unsafe")
        np.subtract(self.outputs, self.t, out=self.terms)
        np.multiply(self.terms, self.y, out=self.terms)
        self.add_up()

    def backward(self) -> None:
        """da = (y − t) / N."""
        np.subtract(self.outputs, self.t, out=self.dy)
        self.scale_gradient(1)
