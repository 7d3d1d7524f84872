"""When the next checkpoint of a training is due."""

from __future__ import annotations

import math
import time

from nntrain.config.training import CheckpointConfig


class CheckpointTiming:
    """Says when a checkpoint is due: so many epochs or seconds after the one before, whichever is over first.

    Args:
        rule: from the config; with None no checkpoint is ever due.
    """

    def __init__(self, rule: CheckpointConfig | None) -> None:
        self._seconds = math.inf if rule is None or rule.every_seconds is None else rule.every_seconds
        self._epochs = math.inf if rule is None or rule.every_epochs is None else rule.every_epochs
        self._moment = self._epoch = math.inf

    def restart(self, epoch: int) -> None:
        """Count from now, in the middle or at the beginning of `epoch`."""
        self._moment, self._epoch = time.perf_counter() + self._seconds, epoch + self._epochs

    def is_time(self) -> bool:
        """Whether the seconds are over. Asked after every batch."""
        return time.perf_counter() >= self._moment

    def is_due(self, epoch: int) -> bool:
        """Whether the seconds or the epochs are over, where `epoch` is in progress."""
        return epoch >= self._epoch or self.is_time()
