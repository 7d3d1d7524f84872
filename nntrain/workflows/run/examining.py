"""The post-mortem of a run that diverged: its last steps are repeated, to find out what happened."""

from __future__ import annotations

from nntrain.assembly.ready import Ready
from nntrain.diagnosis.divergence import Report
from nntrain.diagnosis.postmortem import find
from nntrain.diagnosis.snapshots import snapshots_of
from nntrain.train.loop import Training


def examine(ready: Ready, training: Training) -> Report:
    """What made a training diverge.

    Args:
        ready: what was trained.
        training: it ended, diverged; it was watched.
    """
    outcome = training.outcomes[0]
    again = Training(ready.population(), ready.config.training.epochs, pause=lambda: True)
    start = snapshots_of(training).earlier
    if start is not None:
        again.load_state(start)
    finding = find(again, outcome.epochs)
    if finding is None:
        raise RuntimeError(f"epoch {outcome.epochs} diverged, but its repetition did not")
    return Report(finding, outcome.best_epoch, ready.config, ready.blueprint, ready.data, ready.prepared)
