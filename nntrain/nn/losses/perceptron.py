"""The perceptron's criterion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from nntrain.nn.activations import Step
from nntrain.nn.layer import Call
from nntrain.nn.losses.loss import BoundLoss, Loss


@dataclass(frozen=True)
class Perceptron(Loss):
    """L = (y − t) a with y = [a > 0]: −a or a for a wrong answer, 0 for a right one (Rosenblatt 1958).

    Taking y as it is, dL/da = y − t, so that gradient descent on w is Rosenblatt's rule w ← w + α (t − y) x. With
    several outputs the losses are added up: each output is a perceptron of its own.
    """

    fuses = Step

    def compute(self, bound: BoundLoss) -> tuple[list[Call], list[Call]]:
        """y = [a > 0] and the mean loss; da = (y − t) / N."""
        a, t, y, terms = bound.y, bound.t, bound.like_outputs(), bound.terms
        bound.outputs = y
        forward: list[Call] = [
            partial(np.greater, a, 0, out=y, casting="unsafe"),
            partial(np.subtract, y, t, terms),
            partial(np.multiply, terms, a, terms),
            *bound.added_up(),
        ]
        return forward, [partial(np.subtract, y, t, bound.dy), *bound.scaled_gradient(1)]
