"""Early stopping, and which weights a member ends with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.memory import full, zeros
from nntrain.train.weights import Weights


@dataclass(frozen=True, eq=False)
class EarlyStopping:
    """Stop a member when what it is judged by has not improved for a while (Prechelt 1998; as Keras counts it).

    An epoch improves on the best one if it is better by more than `min_delta`; one whose value is undefined (NaN or
    infinite) never does. A member stops after `patience` epochs without improvement since its best one, so never before
    it had a number. With `restore_best` it ends with the weights of its best epoch, or of its last one where there is
    no best one.

    Attributes:
        monitor: the recorded value to judge by, such as `validation.loss`.
        maximize: whether more is better (a score) or less (a loss, an error).
        patience: column [M]; epochs.
        min_delta: column [M], at least 0.
        restore_best: whether the best epoch's weights are kept rather than the last one's.
    """

    monitor: str
    maximize: bool
    patience: Array
    min_delta: Array
    restore_best: bool

    def select(self, rows: Array) -> EarlyStopping:
        """The rule for the members `rows`."""
        return EarlyStopping(self.monitor, self.maximize, self.patience[rows], self.min_delta[rows], self.restore_best)


class BestWeights:
    """What each member ends with: the weights of its best epoch by the rule of early stopping, or else the last ones.

    Attributes:
        epoch: int [M], the best epoch, 0 before the first with a number; patience counts from it.
        value: [M], what was monitored in it, so that less is better.
        weights: those that are kept.
        epoch_of_kept: int [M], the epoch that they are of, 0 for the initial ones.
    """

    def __init__(self, rule: EarlyStopping | None, weights: Weights) -> None:
        members = weights.members
        self.rule = rule
        self.epoch = zeros(members, np.int64)
        self.value = full(members, np.inf)
        self.weights = weights.copy()
        self.epoch_of_kept = zeros(members, np.int64)

    def observe(self, epoch: int, values: Mapping[str, Array], weights: Weights, healthy: Array) -> tuple[Array, Array]:
        """Take note of an epoch.

        Args:
            epoch: counted from 1.
            values: what the epoch recorded, each [M].
            weights: those after it.
            healthy: bool [M]; a diverged member's epoch does not count.

        Returns:
            Two bool [M]: whose weights of this epoch are kept, and whose patience is over.
        """
        if self.rule is None:
            self._keep(healthy, epoch, weights)
            return healthy, zeros(healthy.shape, bool)
        sign = -1.0 if self.rule.maximize else 1.0
        monitored = sign * values[self.rule.monitor]
        # Before its first number a member's best value is infinite, and everything finite improves on that.
        improved = healthy & np.isfinite(monitored) & (monitored < self.value - self.rule.min_delta)
        self.epoch[improved] = epoch
        self.value[improved] = monitored[improved]
        has_best = self.epoch > 0
        patience_over = healthy & has_best & ~improved & (epoch - self.epoch >= self.rule.patience)
        kept = improved | (healthy & ~has_best) if self.rule.restore_best else healthy
        self._keep(kept, epoch, weights)
        return kept, patience_over

    def _keep(self, rows: Array, epoch: int, weights: Weights) -> None:
        self.epoch_of_kept[rows] = epoch
        if rows.all():
            self.weights.assign(weights)
        else:
            self.weights.put(rows, weights.select(rows))

    def state(self) -> dict[str, Array]:
        """The arrays themselves, by name; filling them is going on from there."""
        return {"epoch": self.epoch, "value": self.value, **self.weights.arrays, "kept": self.epoch_of_kept}

    def select(self, rows: Array) -> BestWeights:
        """The same for the members `rows`."""
        rule = None if self.rule is None else self.rule.select(rows)
        chosen = BestWeights(rule, self.weights.select(rows))
        chosen.epoch, chosen.value = self.epoch[rows], self.value[rows]
        chosen.epoch_of_kept = self.epoch_of_kept[rows]
        return chosen
