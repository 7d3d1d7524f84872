"""Writes activations_losses_torch.json: what PyTorch says activations and losses are, with their gradients.

Run by hand, `python tests/oracles/activations_losses_torch.py`, with PyTorch installed; the stored numbers were
made with the version named in the file, in float64 on the CPU. Tests read the stored numbers only.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

HERE = Path(__file__).parent

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": functional.relu,
    "leaky_relu alpha=0.1": lambda x: functional.leaky_relu(x, negative_slope=0.1),
    "leaky_relu alpha=0.3": lambda x: functional.leaky_relu(x, negative_slope=0.3),
    "elu alpha=1": functional.elu,
    "elu alpha=0.5": lambda x: functional.elu(x, alpha=0.5),
    "gelu": lambda x: functional.gelu(x, approximate="tanh"),
    # Above its threshold PyTorch takes x itself; raised, so that it computes.
    "softplus": lambda x: functional.softplus(x, threshold=200),
    "softmax": lambda x: functional.softmax(x, dim=-1),
}


def one_hot(classes: torch.Tensor, count: int) -> torch.Tensor:
    return functional.one_hot(classes, count).to(torch.float64)


def gradient(value: torch.Tensor, at: torch.Tensor) -> list[Any]:
    (found,) = torch.autograd.grad(value, at)
    return found.tolist()  # type: ignore[no-any-return]


def activation_cases(generator: torch.Generator) -> dict[str, Any]:
    """y, and the gradient of Σ dy ∘ y at x, on small, medium and large numbers."""
    x = torch.randn(6, 5, generator=generator) * torch.tensor([0.1, 1.0, 1.0, 3.0, 10.0, 30.0])[:, None]
    dy = torch.randn(6, 5, generator=generator)
    cases = {}
    for name, function in ACTIVATIONS.items():
        at = x.clone().requires_grad_()
        y = function(at)
        cases[name] = {"y": y.tolist(), "dx": gradient((y * dy).sum(), at)}
    return {"x": x.tolist(), "dy": dy.tolist(), "cases": cases}


def loss_cases(generator: torch.Generator) -> dict[str, Any]:
    """The mean loss over 7 examples and its gradient at y (the logits for the cross-entropies)."""
    y = 3 * torch.randn(7, 4, generator=generator)
    values = torch.randn(7, 4, generator=generator)
    classes = torch.randint(4, (7,), generator=generator)
    labels = torch.randint(2, (7, 4), generator=generator).to(torch.float64)
    class_weight = torch.tensor([0.5, 1.0, 2.0, 4.0])
    losses: dict[str, tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]] = {
        "mean_squared_error": (values, lambda a: functional.mse_loss(a, values)),
        "mean_absolute_error": (values, lambda a: functional.l1_loss(a, values)),
        "huber delta=1": (values, lambda a: functional.huber_loss(a, values)),
        "huber delta=0.4": (values, lambda a: functional.huber_loss(a, values, delta=0.4)),
        "cross_entropy": (one_hot(classes, 4), lambda a: functional.cross_entropy(a, classes)),
        "cross_entropy label_smoothing=0.1": (
            one_hot(classes, 4),
            lambda a: functional.cross_entropy(a, classes, label_smoothing=0.1),
        ),
        # PyTorch divides the weighted sum by the sum of the weights; here it is divided by the number of examples.
        "cross_entropy weighted": (
            one_hot(classes, 4),
            lambda a: functional.cross_entropy(a, classes, weight=class_weight, reduction="sum") / 7,
        ),
        "binary_cross_entropy": (labels, lambda a: functional.binary_cross_entropy_with_logits(a, labels)),
    }
    cases = {}
    for name, (target, function) in losses.items():
        at = y.clone().requires_grad_()
        value = function(at)
        cases[name] = {"t": target.tolist(), "value": value.item(), "dy": gradient(value, at)}
    weight = class_weight[classes].tolist()
    return {"y": y.tolist(), "example_weight": weight, "cases": cases}


def main() -> None:
    torch.set_default_dtype(torch.float64)
    generator = torch.Generator().manual_seed(20)
    oracle = {
        "made_by": f"tests/oracles/activations_losses_torch.py, PyTorch {torch.__version__}",
        "activations": activation_cases(generator),
        "losses": loss_cases(generator),
    }
    (HERE / "activations_losses_torch.json").write_text(json.dumps(oracle) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
