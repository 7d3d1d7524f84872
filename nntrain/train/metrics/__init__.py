"""What a network's outputs are worth, beside the loss: one table of metrics, and a file for each kind of task."""

from nntrain.train.metrics.table import (
    LOSS,
    METRICS,
    OF_POSITIVE_CLASS,
    RECORDED_LOSSES,
    WEIGHTED_LOSS,
    Metric,
    compute_metrics,
    is_maximized,
    positive_class,
)

__all__ = [
    "LOSS",
    "METRICS",
    "OF_POSITIVE_CLASS",
    "RECORDED_LOSSES",
    "WEIGHTED_LOSS",
    "Metric",
    "compute_metrics",
    "is_maximized",
    "positive_class",
]
