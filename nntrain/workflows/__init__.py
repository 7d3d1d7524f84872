"""What nntrain does, as functions: the Python API that the command line calls.

The names are loaded when they are first used, so that `check` does not wait for what only a search needs.
"""

from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntrain.runs.listing import RunSummary, list_runs
    from nntrain.workflows.checking import check
    from nntrain.workflows.evaluating import evaluate, evaluation
    from nntrain.workflows.fitting import fit
    from nntrain.workflows.gradient_checking import check_gradients, gradcheck
    from nntrain.workflows.listener import FitInfo, Listener
    from nntrain.workflows.model import Model, load_run
    from nntrain.workflows.predicting import Predictions, predict
    from nntrain.workflows.results import CheckReport, FitResult, GradientReport, LayerRow
    from nntrain.workflows.resuming import resume
    from nntrain.workflows.searching import Leaderboard, gridsearch
    from nntrain.workflows.verifying import Verification, verify

__all__ = [
    "CheckReport",
    "FitInfo",
    "FitResult",
    "GradientReport",
    "LayerRow",
    "Leaderboard",
    "Listener",
    "Model",
    "Predictions",
    "RunSummary",
    "Verification",
    "check",
    "check_gradients",
    "evaluate",
    "evaluation",
    "fit",
    "gradcheck",
    "gridsearch",
    "list_runs",
    "load_run",
    "predict",
    "resume",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import what `name` needs, once (PEP 562)."""
    home: ModuleType
    match name:
        case "check":
            from nntrain.workflows import checking as home
        case "evaluate" | "evaluation":
            from nntrain.workflows import evaluating as home
        case "fit":
            from nntrain.workflows import fitting as home
        case "check_gradients" | "gradcheck":
            from nntrain.workflows import gradient_checking as home
        case "FitInfo" | "Listener":
            from nntrain.workflows import listener as home
        case "Model" | "load_run":
            from nntrain.workflows import model as home
        case "Predictions" | "predict":
            from nntrain.workflows import predicting as home
        case "CheckReport" | "FitResult" | "GradientReport" | "LayerRow":
            from nntrain.workflows import results as home
        case "resume":
            from nntrain.workflows import resuming as home
        case "Leaderboard" | "gridsearch":
            from nntrain.workflows import searching as home
        case "Verification" | "verify":
            from nntrain.workflows import verifying as home
        case "RunSummary" | "list_runs":
            from nntrain.runs import listing as home
        case _:
            raise AttributeError(f"module 'nntrain.workflows' has no attribute {name!r}")
    value = getattr(home, name)
    globals()[name] = value
    return value
