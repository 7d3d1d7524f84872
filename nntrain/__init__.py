"""Train neural networks from YAML files, in NumPy.

    import nntrain

    experiment = nntrain.load_experiment("configs/iris.yaml", overrides=["optimizer.learning_rate=0.1"])
    result = nntrain.fit(experiment, runs_dir="runs")
    scores = nntrain.evaluate(result.run, split="test")
    model = nntrain.load_run(result.run)
    labels = model.predict(table)  # rows, arrays, a dict of columns or a DataFrame
    longer = nntrain.resume("latest", overrides=["training.epochs=400"])
    report = nntrain.verify(result.run, interruptions=5)

The names are loaded when they are first used (PEP 562), so that `import nntrain` and `nntrain --help` cost
next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of typing, whose import would take most of the time before signals can be heard
if TYPE_CHECKING:
    from typing import Any

    from nntrain.assembly import build_network
    from nntrain.config import load_experiment
    from nntrain.nn.operation import Operation
    from nntrain.workflows import (
        Listener,
        check,
        check_gradients,
        evaluate,
        fit,
        gradcheck,
        gridsearch,
        list_runs,
        load_run,
        predict,
        resume,
        verify,
    )

__version__ = "0.1.0"

__all__ = [
    "Listener",
    "Operation",
    "__version__",
    "build_network",
    "check",
    "check_gradients",
    "evaluate",
    "fit",
    "gradcheck",
    "gridsearch",
    "list_runs",
    "load_experiment",
    "load_run",
    "predict",
    "resume",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import what `name` needs, once; later uses find it in the module itself."""
    if name not in __all__:
        raise AttributeError(f"module 'nntrain' has no attribute {name!r}")
    value = _load(name)
    globals()[name] = value
    return value


def _load(name: str) -> Any:
    if name == "load_experiment":
        from nntrain.config import load_experiment

        return load_experiment
    if name == "build_network":
        from nntrain.assembly import build_network

        return build_network
    if name == "Operation":
        from nntrain.nn.operation import Operation

        return Operation
    from nntrain import workflows

    return getattr(workflows, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
