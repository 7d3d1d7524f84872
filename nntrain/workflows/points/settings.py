"""What a search is of: the experiment with the axes and the strategy of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nntrain.config.experiment import Experiment
from nntrain.config.search import RandomConfig, SearchConfig, is_random
from nntrain.errors import UserError


def with_space(
    experiment: Experiment, parameters: Mapping[str, Any], trials: int | None, seed: int | None
) -> Experiment:
    """The experiment with the axes and the strategy of the command line in its `search` section.

    Args:
        experiment: as it was loaded.
        parameters: dotted path → list of values or distribution.
        trials: draw so many random points; None leaves it to the config.
        seed: of the draw, likewise.

    Raises:
        ConfigError: an axis makes no sense.
        UserError: there is a seed, but nothing is drawn.
    """
    if trials is not None or seed is not None:
        # First, because a distribution among the axes is a mistake in a grid.
        search = experiment.config.search or SearchConfig()
        if trials is None and not is_random(search.strategy, [*search.space.values(), *parameters.values()]):
            raise UserError(
                "a seed is for random points, but this search takes the whole grid: say how many (--trials N)"
            )
        given = search.strategy if isinstance(search.strategy, RandomConfig) else RandomConfig()
        strategy = {
            "type": "random",
            "trials": given.trials if trials is None else trials,
            "seed": given.seed if seed is None else seed,
        }
        experiment = experiment.with_values({"search.strategy": strategy})
    return experiment.with_search_space(parameters) if parameters else experiment


def with_data_seeds(experiment: Experiment, seed: int) -> Experiment:
    """The experiment with the seeds of its data written out, so that every point's data is split alike."""
    data = experiment.config.data
    update: dict[str, Any] = {}
    if data.split.seed is None:
        update["split"] = data.split.model_copy(update={"seed": seed})
    if data.synthetic is not None and data.synthetic.seed is None:
        update["synthetic"] = data.synthetic.model_copy(update={"seed": seed})
    if not update:
        return experiment
    # Not as values of a point: mistakes are to be shown where the user wrote something.
    return experiment.with_config(experiment.config.model_copy(update={"data": data.model_copy(update=update)}))
