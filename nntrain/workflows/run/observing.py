"""What the epochs of a training have shown so far, and what was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nntrain.assembly.ready import Ready
from nntrain.config.schedule import PlateauConfig
from nntrain.config.training import EarlyStoppingConfig
from nntrain.diagnosis.symptoms import Symptoms
from nntrain.errors import RunError
from nntrain.train.metrics import is_maximized
from nntrain.train.watching import Watch


def observer_of(ready: Ready) -> EpochObserver:
    """Who sees the epochs of a training, before the first one."""
    return EpochObserver(Symptoms(ready.blueprint), _watch(ready))


def _watch(ready: Ready) -> Watch:
    """What the training is judged by: what early stopping monitors, or else a loss, as a plateau schedule does."""
    early, schedule = ready.config.early_stopping, ready.config.schedule
    if isinstance(early, EarlyStoppingConfig):
        return Watch(early.monitor, maximize=is_maximized(early.monitor), decides=True)
    split = "validation" if "validation" in ready.prepared.splits else "training"
    return Watch(f"{split}.loss", maximize=False, decides=isinstance(schedule, PlateauConfig))


class EpochObserver:
    """Sees every epoch of a run, also those before it was interrupted.

    Attributes:
        watch: of the quantity that the training is judged by.
        course: that quantity in every epoch, NaN where it is undefined.
        said: what was said of the epochs.
    """

    def __init__(self, symptoms: Symptoms, watch: Watch) -> None:
        self._symptoms, self.watch = symptoms, watch
        self.course: list[float] = []
        self.said: list[str] = []

    def observe(self, epoch: int, line: Mapping[str, float]) -> list[str]:
        """Take note of an epoch, counted from 1, with all that it recorded; returns what is to be said of it."""
        said = [*self._symptoms.observe(epoch, line), *self._follow(epoch, line)]
        self.said += said
        return said

    def recall(self, history: Iterable[Mapping[str, Any]], state: object) -> None:
        """Note what the epochs before have shown.

        Args:
            history: their lines; null there was NaN or infinite, which is not the same to a symptom.
            state: therefore, what `state` gave after them; None where an older nntrain did not write it down.

        Raises:
            RunError: the state is damaged.
        """
        for epoch, line in enumerate(history, start=1):
            values = {name: value for name, value in line.items() if isinstance(value, float)}
            if state is None:
                self.observe(epoch, values)
            else:
                self._follow(epoch, values)
        if state is not None:
            self.load_state(state)

    def state(self) -> dict[str, Any]:
        """What `recall` needs beside the history, as JSON has it."""
        return {"said": list(self.said), "symptoms": self._symptoms.state()}

    def load_state(self, state: object) -> None:
        """Take over what `state` gave. Raises RunError where it is something else."""
        said = state.get("said") if isinstance(state, dict) else None
        if not isinstance(state, dict) or not isinstance(said, list) or not all(isinstance(text, str) for text in said):
            raise RunError("it does not say what its epochs have shown")
        self._symptoms.load_state(state.get("symptoms"))
        self.said = said

    def _follow(self, epoch: int, line: Mapping[str, float]) -> list[str]:
        value = line.get(self.watch.name)
        self.course.append(np.nan if value is None else value)
        return self.watch.observe(epoch, value)
