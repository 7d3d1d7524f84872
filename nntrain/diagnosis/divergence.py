"""The report on a training that diverged: where it began, in which rows, and what to try."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.data import Data, Prepared
from nntrain.config.root import Config
from nntrain.data.dataset import Dataset
from nntrain.diagnosis.outliers import outliers
from nntrain.diagnosis.postmortem import STANDS_OUT, Finding, InspectedStep, Quantity, sizes
from nntrain.diagnosis.remedies import Blamed, Remedy, remedies
from nntrain.memory import zeros
from nntrain.nn.blueprint import Blueprint
from nntrain.visible import Lines

# How much of the repetition is reported: steps before the failing one, and rows of its batch.
STEPS_BEFORE = 5
ROWS_WRITTEN = 1_000
_ROWS_SHOWN = 5
_CELLS_SHOWN = 3


class Report:
    """What a finding means to whoever wrote the config and the data.

    Args:
        finding: from `postmortem.find`.
        kept: the epoch whose weights are kept, 0 for the initial ones.
        config: resolved.
        blueprint: of the network.
        data, prepared: what it was trained on.
    """

    def __init__(
        self, finding: Finding, kept: int, config: Config, blueprint: Blueprint, data: Data, prepared: Prepared
    ) -> None:
        self.finding, self.kept, self.dtype = finding, kept, config.dtype
        self._training = data.pool.rows(data.split.training)
        self._steps = [*finding.before[-STEPS_BEFORE:], finding.step]
        self.blamed = _blamed(finding, self._training, prepared)
        self.remedies: list[Remedy] = remedies(finding, self.blamed, config, blueprint, prepared)

    @property
    def headline(self) -> str:
        """One line: the step and the quantity."""
        step = self.finding.step
        return f"training diverged in epoch {step.epoch}, batch {step.batch}: {_what(self.finding, self.dtype)}"

    def text(self, directory: str) -> str:
        """The whole report for people, about fifteen lines."""
        kept = (
            f"The weights of epoch {self.kept} are kept."
            if self.kept
            else "No epoch was completed before it; the initial weights are kept."
        )
        return Lines(
            f"{self.headline}. {kept}",
            "",
            *_table(self._steps),
            "",
            *self._rows_text(),
            "Most likely to help:",
            *(f"  {remedy}" for remedy in self.remedies),
            f"The run is in {directory}; divergence.json has all of this.",
        )

    def document(self) -> dict[str, Any]:
        """The same for programs, as divergence.json has it; numbers that are not finite are for the writer to mark."""
        finding, step = self.finding, self.finding.step
        return {
            "epoch": step.epoch,
            "batch": step.batch,
            "quantity": str(finding.quantity),
            "layer": finding.layer,
            "layer_type": finding.kind,
            "path": finding.path,
            "infinite": finding.infinite,
            "nan": finding.nan,
            "total": finding.total,
            "kept_epoch": self.kept,
            "before": [_figures(before) for before in self._steps[:-1]],
            "figures": _figures(step),
            "rows": self._places(step.rows[:ROWS_WRITTEN]),
            "rows_in_batch": len(step.rows),
            "responsible_rows": self._places(finding.responsible[:ROWS_WRITTEN]),
            "out_of_range": [
                {
                    "row": cell.place,
                    "column": cell.column,
                    "value": cell.value,
                    "typical": cell.typical,
                    "epoch": cell.epoch,
                    "batch": cell.batch,
                }
                for cell in self.blamed[:ROWS_WRITTEN]
            ],
            "remedies": [{"setting": r.setting, "value": r.value, "reason": r.reason} for r in self.remedies],
        }

    def _rows_text(self) -> list[str]:
        finding = self.finding
        lines = [f"Rows of the batch: {self._some(finding.step.rows)}."]
        if len(finding.responsible):
            lines.append(f"It came from: {self._some(finding.responsible)}.")
        for cell in self.blamed[:_CELLS_SHOWN]:
            step = finding.step
            is_now = (cell.epoch, cell.batch) == (step.epoch, step.batch)
            when = "" if is_now else f", in batch {cell.batch} of epoch {cell.epoch}"
            lines.append(
                f"Out of range: {cell.place}{when}: {cell.column} is {cell.value:g}; {cell.typical:.3g} is typical."
            )
        if len(self.blamed) > _CELLS_SHOWN:
            lines.append(f"Out of range in {len(self.blamed) - _CELLS_SHOWN:,} more rows.")
        return lines

    def _some(self, rows: Array) -> str:
        """Some rows, such as "iris.csv:7, 12, 3 and 11 more"."""
        if len(rows) == len(self._training) > _ROWS_SHOWN:
            return f"all {len(rows):,} rows of the training split"
        first, *others = self._places(rows[:_ROWS_SHOWN])
        shown = ", ".join([first, *(re.sub(r"^.*[: ]", "", place) for place in others)])
        return shown if len(rows) <= _ROWS_SHOWN else f"{shown} and {len(rows) - _ROWS_SHOWN:,} more"

    def _places(self, rows: Array) -> list[str]:
        return [self._training.place(int(row)) for row in rows]


def _blamed(finding: Finding, training: Dataset, prepared: Prepared) -> list[Blamed]:
    """The cells out of range in the rows of the last steps, the worst first, each with the latest step that met it.

    Rows that dominate the others are looked for in all repeated steps: what they did to the weights lasts.
    """
    dominates = zeros(len(training), bool)
    for values in (prepared.splits["training"].whole("x"), prepared.splits["training"].whole("t")):
        size = sizes(values)
        dominates |= size > STANDS_OUT * np.median(size)
    met: dict[int, InspectedStep] = {}
    steps = [*finding.before, finding.step]
    for number, step in enumerate(steps, start=1):
        is_recent = number >= len(steps) - STEPS_BEFORE
        rows = step.rows if is_recent else step.rows[dominates[step.rows]]
        met |= dict.fromkeys(rows.tolist(), step)
    return [
        Blamed(
            training.place(cell.row),
            cell.column,
            cell.value,
            cell.typical,
            met[cell.row].epoch,
            met[cell.row].batch,
            bool(dominates[cell.row]),
        )
        for cell in outliers(training, np.array(list(met)))
    ]


def _what(finding: Finding, dtype: str) -> str:
    """What became non-finite, as a clause."""
    layer = f"layer {finding.layer} ({finding.kind})"
    bad = " and ".join(word for word, count in (("infinite", finding.infinite), ("NaN", finding.nan)) if count)
    some = f" ({finding.infinite + finding.nan:,} of {finding.total:,} numbers)" if finding.total > 1 else ""
    match finding.quantity:
        case Quantity.ACTIVATION:
            return f"the activation of {layer} became {bad}{some}"
        case Quantity.LOSS:
            return f"the loss became {bad}" if bad else f"the losses became so large that {dtype} cannot hold their sum"
        case Quantity.GRADIENT:
            of = f"the gradient of {finding.path}, {layer}," if finding.path else f"the gradient that reaches {layer}"
            return f"{of} became {bad}{some}"
        case Quantity.WEIGHT if not bad:
            largest = f"{finding.step.weight:.2g}"
            return f"the weights of {layer} became so large, up to {largest}, that {dtype} cannot hold their sum"
        case Quantity.WEIGHT:
            return f"the weights {finding.path} of {layer} became {bad} by the update{some}"
        case Quantity.STATE if not bad:
            largest = f"{finding.step.state:.2g}"
            return f"the state of {layer} became so large, up to {largest}, that {dtype} cannot hold its sum"
        case Quantity.STATE:
            return f"the state {finding.path} of {layer} became {bad}{some}"
        case Quantity.OPTIMIZER:
            return f"the optimizer's {finding.path} became {bad} by the update{some}"


def _table(steps: Sequence[InspectedStep]) -> list[str]:
    """The largest numbers of each step; the last one is the one that failed."""
    head = ("epoch", "batch", "loss", "|activation|", "|gradient|", "|weight|", "gradient norm")
    rows = [
        (
            f"{step.epoch}",
            f"{step.batch}",
            *map(_number, (step.loss, step.activation, step.gradient, step.weight, step.gradient_norm)),
        )
        for step in steps
    ]
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    return [f"  {line}" for line in lines]


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "NaN" if math.isnan(value) else "infinite"


def _figures(step: InspectedStep) -> dict[str, Any]:
    return {
        "epoch": step.epoch,
        "batch": step.batch,
        "loss": step.loss,
        "activation": step.activation,
        "gradient": step.gradient,
        "gradient_norm": step.gradient_norm,
        "weight": step.weight,
        "update_norm": step.update_norm,
        "weight_norm": step.weight_norm,
        "learning_rate": step.learning_rate,
    }
