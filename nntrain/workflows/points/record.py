"""What a search writes into its directory: its trials one by one, the leaderboard, the best point."""

from __future__ import annotations

from typing import Any

from nntrain.config.written import searchable_text
from nntrain.errors import DivergedError, UserError
from nntrain.runs.environment import environment, seen_from
from nntrain.runs.file_names import HISTORY, LEADERBOARD
from nntrain.runs.store import RunDirectory
from nntrain.search.leaderboard import Trial, as_csv, rows
from nntrain.workflows.points.plan import SearchPlan
from nntrain.workflows.results import FitResult
from nntrain.workflows.run.recording import point_with_data_paths, portable

NOT_FINITE = "for some examples their networks put out numbers that are not finite or too large"


def write_start(plan: SearchPlan, directory: RunDirectory) -> None:
    """Write what is known before training."""
    experiment = plan.experiment
    directory.write_config(searchable_text(experiment, portable(experiment, directory.path)))
    directory.write_source(experiment.source_with_overrides())
    directory.write_environment(environment(directory.path, data_files=plan.data.files))
    directory.set_status("running")


def trial_line(trial: Trial) -> dict[str, Any]:
    """A trial that is done as a line of history.jsonl."""
    return {
        "trial": trial.number,
        "point": trial.point,
        "parameters": trial.parameters,
        "members": [
            {"best_epoch": o.best_epoch, "epochs": o.epochs, "reason": str(o.reason), "values": o.values}
            for o in trial.outcomes
        ],
    }


def write_finished(plan: SearchPlan, directory: RunDirectory, finished: list[Trial]) -> str:
    """Write the leaderboard of the points that were finished, and say in words which those are."""
    done = f"{len(finished)} of {len(plan.trials)} points are finished"
    if not finished:
        return done
    directory.write_leaderboard(as_csv(rows(finished, plan.config.monitor)))
    return f"{done}; they are in {directory.path / LEADERBOARD}, and in {HISTORY} beside it"


def close_points(plan: SearchPlan, directory: RunDirectory, best: Trial) -> None:
    """Write down the best point, when all are done and its refit is to follow.

    Raises:
        DivergedError: no point reached a score.
        UserError: the score of each is undefined.
    """
    write_best(plan, directory, best)
    if best.diverged:
        message = "every point diverged"
        directory.set_status("diverged", message)
        raise DivergedError(
            f"{message}; what they reached before is in {directory.path / LEADERBOARD}. "
            "Try lower learning rates, or regularization.clip_norm"
        )
    if not best.has_score(plan.config.monitor):
        message = f"{plan.config.monitor} is undefined for every point, so there is no best one"
        directory.set_status("failed", message)
        raise UserError(f"{message}: {NOT_FINITE}; look for values far from those that they are trained on")
    directory.set_status("complete")


def write_best(plan: SearchPlan, directory: RunDirectory, best: Trial, refit: FitResult | None = None) -> None:
    """Write result.json: the best point, and the run that it was trained in, if it was."""
    experiment = plan.experiment
    directory.write_result(
        {
            # With its data paths as the search's config.yaml has them.
            "best": point_with_data_paths(
                best.point, lambda path: seen_from(directory.path, experiment.data_path(path))
            ),
            "best_trial": best.number,
            "monitor": plan.config.monitor,
            "refit": None if refit is None else refit.run.name,  # it is beside the search's directory
            "score": best.mean(plan.config.monitor),
            "trials": len(plan.trials),
        }
    )
