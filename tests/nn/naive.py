"""A multilayer perceptron in plain Python numbers and loops, as an oracle for Network.

Nothing here is shared with nntrain: weights are lists w[i][o], one example is worked through at a time, and the
derivatives are those of the lecture's table (003, "Derivative of Activation Functions").
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

Vector = list[float]
Matrix = list[list[float]]


@dataclass
class NaiveLayer:
    """Weights w [I][O], biases b [O], and the activation: "linear", "sigmoid", "tanh", "relu" or "softmax"."""

    w: Matrix
    b: Vector
    activation: str


@dataclass
class NaiveGradients:
    """The mean gradients over the batch, by layer; `dx` by example."""

    dw: list[Matrix]
    db: list[Vector]
    dx: Matrix
    y: Matrix


def activate(name: str, a: Vector) -> Vector:
    """The activation of one example's layer."""
    if name == "softmax":
        top = max(a)
        exponentials = [math.exp(value - top) for value in a]
        return [value / sum(exponentials) for value in exponentials]
    functions: dict[str, Callable[[float], float]] = {
        "linear": lambda v: v,
        "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
        "tanh": math.tanh,
        "relu": lambda v: max(0.0, v),
    }
    return [functions[name](value) for value in a]


def jacobian(name: str, y: Vector) -> Matrix:
    """∂y_k/∂a_j, from the outputs y."""
    size = len(y)
    if name == "softmax":
        return [[y[k] * ((k == j) - y[j]) for j in range(size)] for k in range(size)]
    slopes: dict[str, Callable[[float], float]] = {
        "linear": lambda v: 1.0,
        "sigmoid": lambda v: v * (1 - v),
        "tanh": lambda v: 1 - v * v,
        "relu": lambda v: 1.0 if v > 0 else 0.0,
    }
    return [[slopes[name](y[k]) if k == j else 0.0 for j in range(size)] for k in range(size)]


def backpropagate(layers: list[NaiveLayer], xs: Matrix, dys: Matrix) -> NaiveGradients:
    """Outputs, and the gradients of Σ_n dy_n · y_n."""
    dw = [[[0.0] * len(layer.b) for _ in layer.w] for layer in layers]
    db = [[0.0] * len(layer.b) for layer in layers]
    dxs, ys = [], []
    for x, dy in zip(xs, dys, strict=True):
        hidden = [x]
        for layer in layers:
            a = [
                sum(hidden[-1][i] * layer.w[i][o] for i in range(len(layer.w))) + layer.b[o]
                for o in range(len(layer.b))
            ]
            hidden.append(activate(layer.activation, a))
        ys.append(hidden[-1])
        g = dy
        for place in reversed(range(len(layers))):
            layer, h, y = layers[place], hidden[place], hidden[place + 1]
            slopes = jacobian(layer.activation, y)
            da = [sum(g[k] * slopes[k][j] for k in range(len(y))) for j in range(len(y))]
            for o in range(len(y)):
                db[place][o] += da[o]
                for i in range(len(h)):
                    dw[place][i][o] += h[i] * da[o]
            g = [sum(layer.w[i][o] * da[o] for o in range(len(y))) for i in range(len(h))]
        dxs.append(g)
    return NaiveGradients(dw, db, dxs, ys)
