"""Writes optimizers_torch.json: what PyTorch's optimizers, schedulers and norm functions do on small problems.

Run by hand, `python tests/oracles/optimizers_torch.py`, with PyTorch installed; the stored numbers were made with the
version named in the file. Tests read the stored numbers only.

The problem: the loss mean((tanh(x w + b) − y)²) over x [6, 3], y [6, 2] with w [3, 2], b [2], in float64. `rules`
holds θ = (w, b), flattened, after each of 20 steps; from step 11 on the rate is half of what it was. `decay` acts on w
only.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

HERE = Path(__file__).parent
STEPS = 20
EPOCHS = 12

# name → (class, its options, weight decay)
RULES: dict[str, tuple[Any, dict[str, Any], float]] = {
    "sgd": (torch.optim.SGD, {"lr": 0.5}, 0.0),
    "sgd, l2": (torch.optim.SGD, {"lr": 0.5}, 0.1),
    "sgd, momentum": (torch.optim.SGD, {"lr": 0.2, "momentum": 0.9}, 0.0),
    "sgd, momentum, l2": (torch.optim.SGD, {"lr": 0.2, "momentum": 0.5}, 0.1),
    "sgd, nesterov": (torch.optim.SGD, {"lr": 0.2, "momentum": 0.9, "nesterov": True}, 0.0),
    "adagrad": (torch.optim.Adagrad, {"lr": 0.3}, 0.0),
    "adagrad, accumulator": (torch.optim.Adagrad, {"lr": 0.3, "initial_accumulator_value": 0.1}, 0.0),
    "adagrad, eps": (torch.optim.Adagrad, {"lr": 0.3, "eps": 0.1}, 0.0),
    "rmsprop": (torch.optim.RMSprop, {"lr": 0.05, "alpha": 0.9}, 0.0),
    "rmsprop, rho": (torch.optim.RMSprop, {"lr": 0.05, "alpha": 0.5}, 0.0),
    "rmsprop, eps": (torch.optim.RMSprop, {"lr": 0.05, "alpha": 0.9, "eps": 0.1}, 0.0),
    "rmsprop, momentum": (torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "eps": 0.01, "momentum": 0.8}, 0.0),
    "rmsprop, l2": (torch.optim.RMSprop, {"lr": 0.05, "alpha": 0.9}, 0.1),
    "adam": (torch.optim.Adam, {"lr": 0.1}, 0.0),
    "adam, betas": (torch.optim.Adam, {"lr": 0.1, "betas": (0.5, 0.9)}, 0.0),
    "adam, betas 0": (torch.optim.Adam, {"lr": 0.1, "betas": (0.0, 0.0)}, 0.0),
    "adam, eps": (torch.optim.Adam, {"lr": 0.1, "eps": 0.1}, 0.0),
    "adam, l2": (torch.optim.Adam, {"lr": 0.1}, 0.1),
    "adamw": (torch.optim.AdamW, {"lr": 0.1}, 0.01),
    "adamw, decay": (torch.optim.AdamW, {"lr": 0.1}, 0.5),
    "adamw, options": (torch.optim.AdamW, {"lr": 0.1, "betas": (0.8, 0.95), "eps": 0.01}, 0.2),
    "adamw, no decay": (torch.optim.AdamW, {"lr": 0.1}, 0.0),
}


def problem() -> dict[str, Any]:
    rng = np.random.default_rng(20)
    x, w = rng.standard_normal((6, 3)).round(2), rng.standard_normal((3, 2)).round(2)
    return {"x": x.tolist(), "y": rng.uniform(-1, 1, (6, 2)).round(2).tolist(), "w": w.tolist(), "b": [0.1, -0.2]}


def descend(data: dict[str, Any], rule: Any, options: dict[str, Any], decay: float) -> list[list[float]]:
    x, y, w, b = (torch.tensor(data[name], dtype=torch.float64) for name in "xywb")
    w.requires_grad_()
    b.requires_grad_()
    groups = [{"params": [w], "weight_decay": decay}, {"params": [b], "weight_decay": 0.0}]
    optimizer = rule(groups, **options)
    path = []
    for step in range(STEPS):
        if step == STEPS // 2:
            for group in optimizer.param_groups:
                group["lr"] *= 0.5
        optimizer.zero_grad()
        ((torch.tanh(x @ w + b) - y) ** 2).mean().backward()
        optimizer.step()
        path.append(torch.cat([w.detach().ravel(), b.detach()]).tolist())
    return path


def schedules() -> dict[str, list[float]]:
    """The rates of EPOCHS epochs, from a base rate of 0.4."""
    lr = torch.optim.lr_scheduler
    made: dict[str, Any] = {
        "step": lambda o: lr.StepLR(o, step_size=4, gamma=0.5),
        "exponential": lambda o: lr.ExponentialLR(o, gamma=0.9),
        "cosine": lambda o: lr.CosineAnnealingLR(o, T_max=EPOCHS, eta_min=0.04),
        "inverse_time": lambda o: lr.LambdaLR(o, lambda t: 1 / (1 + 0.2 * t)),
        "power": lambda o: lr.LambdaLR(o, lambda t: 1 / (t + 1) ** 0.7),
        "warmup 4, exponential": lambda o: lr.SequentialLR(
            o,
            [lr.LinearLR(o, start_factor=0.25, end_factor=1.0, total_iters=3), lr.ExponentialLR(o, gamma=0.9)],
            milestones=[4],
        ),
    }
    rates: dict[str, list[float]] = {}
    for name, make in made.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
        scheduler = make(optimizer)
        rates[name] = []
        for _ in range(EPOCHS):
            rates[name].append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            scheduler.step()
    return rates


def norms() -> dict[str, Any]:
    rng = np.random.default_rng(21)
    vector, matrix = rng.standard_normal(9).round(3), rng.standard_normal((4, 3)).round(3)
    v, m = torch.tensor(vector), torch.tensor(matrix)
    v.requires_grad_()
    v.grad = torch.tensor(vector)
    norm = torch.nn.utils.clip_grad_norm_([v], 1.5)
    return {
        "vector": vector.tolist(),
        "norm": float(norm),
        "clipped to 1.5": v.grad.tolist(),
        "shrunk by 0.4": torch.nn.functional.softshrink(torch.tensor(vector), 0.4).tolist(),
        "matrix": matrix.tolist(),
        "columns of at most 1.2": torch.renorm(m, p=2, dim=1, maxnorm=1.2).tolist(),
    }


def main() -> None:
    data = problem()
    rules = {name: descend(data, *case) for name, case in RULES.items()}
    content = {
        "torch": torch.__version__,
        "problem": data,
        "rules": rules,
        "schedules": schedules(),
        "norms": norms(),
    }
    (HERE / "optimizers_torch.json").write_text(json.dumps(content) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
