"""The scores that a training ends with: those of its network, and those of the constant answer beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nntrain.assembly.class_weights import class_weights, example_weights
from nntrain.assembly.data import SPLITS, Prepared
from nntrain.assembly.training import build_evaluator, build_loss, build_units
from nntrain.config.root import Config
from nntrain.memory import zeros
from nntrain.nn.network import Network
from nntrain.train.baseline import baseline_scores


def final_scores(network: Network, config: Config, prepared: Prepared) -> dict[str, dict[str, float]]:
    """Losses and metrics of a network with M = 1 on every split: split → name → value."""
    scores, weights = {}, class_weights(config, [prepared])
    for split in SPLITS:
        if split in prepared.splits:
            first = zeros(1, np.intp)
            with np.errstate(all="ignore"):
                evaluator = build_evaluator(network, config, [prepared], first, split, config.metrics, weights)
                values = evaluator.evaluate()
            scores[split] = {name: float(array[0]) for name, array in values.items()}
    return scores


def final_baseline(config: Config, prepared: Prepared) -> dict[str, dict[str, float]]:
    """On every split the scores of a predictor that ignores its inputs: it gives the mean target of the training split.

    They have the names and the units of `final_scores`.
    """
    loss, units, reference = build_loss(config), build_units([prepared]), prepared.splits["training"].whole("t")
    weights, scores = class_weights(config, [prepared]), {}
    for split in SPLITS:
        if split in prepared.splits:
            t = prepared.splits[split].whole("t")
            weight = None if weights is None else example_weights(t[None], weights)[0]
            scores[split] = baseline_scores(
                loss, prepared.task, config.metrics, reference, t, units=units, weight=weight
            )
    return scores


def recorded_class_weights(config: Config, prepared: Prepared) -> dict[str, Any]:
    """For result.json, the weight of each class if they have any: `balanced` ones come from the training split."""
    weights, names = class_weights(config, [prepared]), prepared.preprocessor.classes
    if weights is None or names is None:
        return {}
    return {"class_weights": dict(zip(names, weights[0].tolist(), strict=True))}
