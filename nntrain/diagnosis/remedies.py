"""What would probably have kept a training from diverging, worked out from what was seen.

Every rule looks for its own evidence and stays silent without it:

rows        cells in the batch, or in those of the last steps, that are far out of range
inputs      half of the rows have inputs beyond LARGE_INPUT, unscaled; likewise for targets
weights     the activations of the very first step grow from layer to layer, however small the inputs are
rate        gradients rise from step to step. Near a minimum a step of gradient descent multiplies the distance along
            a direction of curvature λ by 1 − αλ, and the gradient with it: seen to grow f-fold, αλ is 1 + f, and
            α / (1 + f) would have reached the minimum in one step. Half of that leaves room for curvature that is
            still to come. In a deep network gradients rise faster than that, so a rate whose updates are MODEST of the
            weights' size is allowed too.
clipping    a gradient is suddenly many times as long as those of the steps before (Pascanu, Mikolov & Bengio 2013:
            the usual length is a good bound)
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nntrain.arrays import Array
from nntrain.assembly.data import Prepared
from nntrain.config.activations import LeakyReluConfig, ReluConfig
from nntrain.config.initializers import AnyInitializer, NormalConfig, UniformConfig
from nntrain.config.network import DenseConfig
from nntrain.config.root import Config
from nntrain.diagnosis.data_warnings import LARGE_INPUT
from nntrain.diagnosis.postmortem import Finding, InspectedStep
from nntrain.diagnosis.symptoms import FAR
from nntrain.nn.blueprint import Blueprint
from nntrain.tasks import Task

# ‖Δθ‖ / ‖θ‖ of an update that is as large as it may be.
MODEST = 0.03
# A gradient is unusual if it is this many times as long as all of the HISTORY steps before it.
UNUSUAL = 10.0
HISTORY = 20


@dataclass(frozen=True)
class Blamed:
    """A cell of the data that is out of range, and the step of the repetition that met it.

    Attributes:
        place: of the row, such as `iris.csv:7`.
        column: its name.
        value: what is there; `typical` is the median size of the column's numbers.
        epoch, batch: of the step, counted from 1.
        dominates: whether the row stands out as much when it is scaled, as the network sees it.
    """

    place: str
    column: str
    value: float
    typical: float
    epoch: int
    batch: int
    dominates: bool


@dataclass(frozen=True)
class Remedy:
    """One thing to try.

    Attributes:
        setting: the config path, or None where it is the data that should change.
        value: what to set it to; for data, what to do.
        reason: what was seen.
    """

    setting: str | None
    value: str | float
    reason: str

    def __str__(self) -> str:
        value = f"{self.value:g}" if isinstance(self.value, float) else self.value
        what = value if self.setting is None else f"{self.setting}: {value}"
        return f"{what} ({self.reason})"


_OF_DATA = ("data.preprocess.numeric", "data.preprocess.target")
_NOTHING_TO_TRAIN = Remedy("network", "add a dense layer", "the network has no weights, so training changes nothing")


def remedies(
    finding: Finding, blamed: Sequence[Blamed], config: Config, blueprint: Blueprint, prepared: Prepared
) -> list[Remedy]:
    """Everything worth trying, the most likely first; never empty."""
    found = [*_rows(blamed), *_scaling(config, prepared)]
    if not any(cell.dominates for cell in blamed):
        weights = list(_initial_weights(finding, config, blueprint))
        found += weights or _rate(finding, config)
    found += _clipping(finding, config)
    if not blueprint.size:  # no setting of the training changes what it puts out
        found = [*(remedy for remedy in found if remedy.setting in (None, *_OF_DATA)), _NOTHING_TO_TRAIN]
    return found or [_plain_rate(finding, config)]


def neat(value: float) -> float:
    """A positive number rounded down to one digit that is not 0; what is too small for that, as it is."""
    if value < 1e-300:
        return value
    power = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.floor(value / power + 1e-9) * power:.0e}")


def _rows(blamed: Sequence[Blamed]) -> list[Remedy]:
    """Correct what is out of range: one remedy, about the worst cell."""
    if not blamed:
        return []
    worst, others = blamed[0], len(blamed) - 1
    more = f", and {others} more" if others else ""
    reason = f"{worst.column} is {worst.value:g}, where {worst.typical:.3g} is typical"
    return [Remedy(None, f"correct or remove {worst.place}{more}", reason)]


def _scaling(config: Config, prepared: Prepared) -> Iterator[Remedy]:
    preprocess, training = config.data.preprocess, prepared.splits["training"]
    usual = _usual_size(training.whole("x"))
    if preprocess.numeric == "none" and usual > LARGE_INPUT:
        yield Remedy("data.preprocess.numeric", "standard", f"half of the rows have inputs beyond {usual:.3g}")
    usual = _usual_size(training.whole("t"))
    if prepared.task is Task.REGRESSION and preprocess.target == "none" and usual > LARGE_INPUT:
        yield Remedy("data.preprocess.target", "standard", f"half of the targets are beyond {usual:.3g}")


def _usual_size(values: Array) -> float:
    """The median over the rows of the largest |·| in them."""
    return float(np.median(np.abs(values).reshape(len(values), -1).max(axis=1)))


def _initial_weights(finding: Finding, config: Config, blueprint: Blueprint) -> Iterator[Remedy]:
    """Smaller weights to start from, where activations grew beyond bounds in the first step."""
    if not finding.from_start:
        return
    first = finding.before[0] if finding.before else finding.step
    paths = [leaf.path for leaf in blueprint.leaves]
    seen = [(size, paths.index(path)) for path, size in first.activations.items() if math.isfinite(size)]
    if not seen or not first.inputs:
        return
    size, largest = max(seen)
    depth = sum(bool(leaf.params) for leaf in blueprint.leaves[: largest + 1])
    if not depth or size / first.inputs <= FAR:
        return
    factor = (size / first.inputs) ** (1 / depth)
    dense = next((layer for layer in config.network if isinstance(layer, DenseConfig)), None)
    if dense is None:
        return
    standard = "he_normal" if isinstance(dense.activation, ReluConfig | LeakyReluConfig) else "glorot_uniform"
    layers = "1 layer" if depth == 1 else f"{depth} layers"
    smaller = _smaller(dense.initializer, factor)
    yield Remedy(
        "initializer",
        standard,
        f"at the initial weights activations grow {factor:.2g}-fold in each of {layers}, from {first.inputs:.2g} to "
        f"{size:.1e}{smaller}",
    )


def _smaller(initializer: AnyInitializer, factor: float) -> str:
    """What the scale of an initializer would have to be, where it has one."""
    match initializer:
        case NormalConfig():
            return f"; std: {initializer.std / factor:.2g} in place of {initializer.std:g} would keep their size"
        case UniformConfig():
            return f"; low and high {factor:.2g} times closer to 0 would keep their size"
    return ""


def _rate(finding: Finding, config: Config) -> list[Remedy]:
    """A lower learning rate, where gradients rose or an update was as large as the weights."""
    rate, steps = config.optimizer.learning_rate, [*finding.before, finding.step]
    onset, growth = _onset(steps)
    step = steps[onset]
    size = _update_size(step, config)
    allowed = 0.5 / (1 + growth) if growth > 1 and config.optimizer.type == "sgd" else 0.0
    if size > MODEST and (growth > 1 or size >= 1):
        allowed = max(allowed, min(0.3, MODEST / size))
    if not allowed:
        return []
    seen = [f"the gradient grew {growth:.2g}-fold in a step"] if growth > 1 else []
    seen += [f"an update was {size:.2g} times the weights"] if size >= 1 else []
    return [Remedy("optimizer.learning_rate", neat(rate * allowed), f"it is {rate:g}: {', '.join(seen)}")]


def _onset(steps: Sequence[InspectedStep]) -> tuple[int, float]:
    """The last step whose gradient was of the usual length, and how many times longer the next one's was.

    Usual is up to UNUSUAL times the shortest. Where no later gradient is longer, the factor is 0.
    """
    norms = [step.gradient_norm for step in steps if math.isfinite(step.gradient_norm)]
    if not norms or not min(norms):
        return 0, 0.0
    usual = [index for index, norm in enumerate(norms) if norm <= UNUSUAL * min(norms)]
    last = usual[-1]
    if last == len(norms) - 1:
        return last, 0.0
    factors = [norms[index + 1] / norms[index] for index in (last - 1, last) if index >= 0]
    return last, max(factors)


def _update_size(step: InspectedStep, config: Config) -> float:
    """‖Δθ‖ / ‖θ‖ of a step; where it overflowed, what the gradient would have made of it."""
    length = step.update_norm
    if not math.isfinite(length):
        length = step.learning_rate * step.gradient_norm if config.optimizer.type == "sgd" else math.nan
    return length / step.weight_norm if step.weight_norm and math.isfinite(length) else 0.0


def _clipping(finding: Finding, config: Config) -> Iterator[Remedy]:
    """A bound for the gradient's length, where it was short for a while and then suddenly was not."""
    norms = [step.gradient_norm for step in [*finding.before, finding.step]]
    finite = [norm for norm in norms if math.isfinite(norm)]
    bursts = (j for j in range(HISTORY, len(finite)) if finite[j] > UNUSUAL * max(finite[j - HISTORY : j]))
    burst = next(bursts, None)
    if burst is None:
        return
    usual = statistics.median(finite[:burst])
    # Where they had been rising all the time no length was usual.
    is_calm = usual < UNUSUAL * float(np.quantile(finite[:burst], 0.1))
    clip = config.regularization.clip_norm
    if is_calm and (clip is None or clip > usual):
        reason = f"the gradient's norm was {usual:.2g} in the median of {burst} steps, and then {finite[burst]:.2g}"
        yield Remedy("regularization.clip_norm", neat(usual), reason)


def _plain_rate(finding: Finding, config: Config) -> Remedy:
    rate = config.optimizer.learning_rate
    size = _update_size(finding.step, config)
    reason = f"it is {rate:g}; no single cause stands out, the last update was {size:.2g} times the weights"
    return Remedy("optimizer.learning_rate", neat(rate / 10), reason)
