"""What nntrain does, as functions: the Python API that the command line calls."""

from nntrain.runs.listing import RunSummary, list_runs
from nntrain.workflows.checking import check
from nntrain.workflows.evaluating import evaluate, evaluation
from nntrain.workflows.fitting import fit
from nntrain.workflows.gradient_checking import gradcheck
from nntrain.workflows.listener import FitInfo, Listener
from nntrain.workflows.model import Model, load_run
from nntrain.workflows.predicting import Predictions, predict
from nntrain.workflows.results import CheckReport, FitResult, GradientReport, LayerRow
from nntrain.workflows.searching import Leaderboard, gridsearch

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
    "check",
    "evaluate",
    "evaluation",
    "fit",
    "gradcheck",
    "gridsearch",
    "list_runs",
    "load_run",
    "predict",
]
