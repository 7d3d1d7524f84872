"""Whether what a training is judged by says anything on the examples that there are. Known before the first epoch."""

from __future__ import annotations

from collections.abc import Iterator

from nntrain.assembly.data import SPLITS, Prepared
from nntrain.config.experiment import Experiment
from nntrain.config.root import Config
from nntrain.config.training import EarlyStoppingConfig
from nntrain.language.anatomy import Path, dotted
from nntrain.language.mistake import Mistake
from nntrain.tasks import TASKS
from nntrain.train.metrics.undefined import why_the_same, why_undefined


def check_monitors(experiment: Experiment, prepared: Prepared, *, search: str | None = None, fold: int = 0) -> None:
    """Refuse a resolved experiment that is judged by what is undefined, or the same for every network.

    Args:
        experiment: resolved.
        prepared: what it is trained on.
        search: what a search ranks it by, if it is one of its points.
        fold: which fold of a search `prepared` is, from 1; 0 for the ordinary splits.

    Raises:
        ConfigError: at the monitor, with what is wrong and what can be monitored.
    """
    early = experiment.config.early_stopping
    monitors = {"early_stopping": early.monitor} if isinstance(early, EarlyStoppingConfig) else {}
    if search is not None:
        monitors["search"] = search
    mistakes = [
        found
        for section, monitor in monitors.items()
        for found in _mistakes((section, "monitor"), monitor, prepared, fold)
    ]
    if mistakes:
        raise experiment.errors(mistakes)


def undefined_metrics(config: Config, prepared: Prepared) -> Iterator[str]:
    """A word for each metric of a resolved config that is undefined on one of the splits."""
    for split in SPLITS:
        for name in config.metrics if split in prepared.splits else ():
            reason = why_undefined(
                name, prepared.task, prepared.splits[split].whole("t"), _names(prepared), f"the {split} split"
            )
            if reason is not None:
                yield f"{name} is undefined for the {split} examples: it {reason}"


def _mistakes(path: Path, monitor: str, prepared: Prepared, fold: int) -> Iterator[Mistake]:
    split, _, name = monitor.partition(".")
    if split not in prepared.splits:
        return
    where = f"the {split} split" + (f" of fold {fold}" if fold else "")
    reason = _why_useless(name, split, prepared, where)
    if reason is not None:
        others = [f"{split}.{m}" for m in TASKS[prepared.task].metrics if not _why_useless(m, split, prepared, where)]
        hint = f"these can be monitored: {', '.join([f'{split}.loss', *others])}"
        yield Mistake(path, f"{dotted(path)} is {monitor}, which {reason}", hint)


def _why_useless(name: str, split: str, prepared: Prepared, where: str) -> str | None:
    arguments = (name, prepared.task, prepared.splits[split].whole("t"), _names(prepared), where)
    return why_undefined(*arguments) or why_the_same(*arguments)


def _names(prepared: Prepared) -> tuple[str, ...]:
    return prepared.preprocessor.classes or prepared.preprocessor.target_names
