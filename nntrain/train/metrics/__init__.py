"""What a network's outputs are worth, beside the loss: one table of metrics, and a file for each kind of task."""

from nntrain.train.metrics.table import (
    LOSS,
    LOSSES,
    METRICS,
    OF_POSITIVE_CLASS,
    WEIGHTED_LOSS,
    Metric,
    compute_metrics,
    default_metrics,
    is_maximized,
    metrics_for,
    positive_class,
)

__all__ = [
    "LOSS",
    "LOSSES",
    "METRICS",
    "OF_POSITIVE_CLASS",
    "WEIGHTED_LOSS",
    "Metric",
    "compute_metrics",
    "default_metrics",
    "is_maximized",
    "metrics_for",
    "positive_class",
]
