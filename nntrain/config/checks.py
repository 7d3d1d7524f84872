"""Mistakes that are between settings of different sections, as far as they show without the data."""

from collections.abc import Iterator

from nntrain.config.activations import ActivationSection
from nntrain.config.loss import given_class_weights, needed_activation
from nntrain.config.network import DenseConfig, FlattenConfig, ReshapeConfig, activation_type
from nntrain.config.numbers import unfit
from nntrain.config.root import Config
from nntrain.config.search_checks import check_search
from nntrain.config.training import EarlyStoppingConfig
from nntrain.language.anatomy import Path, dotted
from nntrain.language.mistake import Mistake
from nntrain.tasks import ACTIVATIONS, LOSSES

_VALIDATION: Path = ("data", "split", "validation")


def check(config: Config, *, search: bool = True) -> list[Mistake]:
    """Every mistake between the sections of a config whose sections are each fine by themselves.

    Args:
        config: the config.
        search: also check the values in `search.space`.
    """
    return [
        *_check_names(config),
        *_check_auto(config),
        *_check_output(config),
        *_check_steps(config),
        *_check_monitors(config),
        *_check_weighted(config),
        *unfit(config, config.dtype),
        *(check_search(config) if search else ()),
    ]


def _check_names(config: Config) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for index, layer in enumerate(config.network):
        if layer.name is not None and seen.setdefault(layer.name, index) != index:
            message = f"layer name '{layer.name}' is taken by network.{seen[layer.name]}"
            yield Mistake(("network", index, "name"), message)


def _check_auto(config: Config) -> Iterator[Mistake]:
    dense = [(index, layer) for index, layer in enumerate(config.network) if isinstance(layer, DenseConfig)]
    for index, layer in dense[:-1]:
        for name, value in (("units", layer.units), ("activation", layer.activation)):
            if value == "auto":
                path: Path = ("network", index, name)
                hint = "it is what the task wants of the output"
                yield Mistake(path, f"{dotted(path)} can be auto in the last dense layer only", hint)


def _check_output(config: Config) -> Iterator[Mistake]:
    """Losses that are computed together with an activation want that activation on the last layer."""
    path, got = _output(config)
    want = needed_activation(config.loss)
    if config.loss != "auto" and want is not None and got not in (None, want):
        message = f"the loss {config.loss.type} wants {want} on the last layer, got {got}"
        yield Mistake(path, message, f"write activation: {want}, or activation: auto", involves=(("loss",),))


def _output(config: Config) -> tuple[Path, str | None]:
    """The path and the type of the output's activation; None where it is auto or there is none to see."""
    index = len(config.network) - 1
    while index > 0 and isinstance(config.network[index], FlattenConfig | ReshapeConfig):
        index -= 1
    layer = config.network[index]
    if isinstance(layer, DenseConfig):
        return ("network", index, "activation"), None if layer.activation == "auto" else layer.activation.type
    return ("network", index, "type"), layer.type if isinstance(layer, ActivationSection) else None


def _check_steps(config: Config) -> Iterator[Mistake]:
    """A step has no gradient, and the perceptron rule does without for the output only."""
    output, _ = _output(config)
    for index, layer in enumerate(config.network):
        in_dense = isinstance(layer, DenseConfig)
        path: Path = ("network", index, "activation" if in_dense else "type")
        name = activation_type(layer)
        row = ACTIVATIONS.get(name)
        if row is None or row.loss is None:
            continue
        if path != output:
            message = f"{dotted(path)}: {name} has no gradient, so only the output can have it"
            yield Mistake(path, message, f"{row.smooth} is its smooth form")
        elif config.loss != "auto" and LOSSES[config.loss.type].activation is None:
            message = f"{dotted(path)}: {name} has no gradient; the loss {config.loss.type} cannot train it"
            yield Mistake(path, message, f"write loss: {row.loss}, or another activation", involves=(("loss",),))


def _check_monitors(config: Config) -> Iterator[Mistake]:
    if config.data.split.validation != 0:
        return
    hint = "set data.split.validation above 0, or monitor training.loss"
    stopping, search = config.early_stopping, config.search
    if isinstance(stopping, EarlyStoppingConfig) and stopping.monitor.startswith("validation."):
        yield _unseen(("early_stopping", "monitor"), stopping.monitor, hint)
    if search is not None and search.evaluation.folds is None and search.monitor.startswith("validation."):
        yield _unseen(("search", "monitor"), search.monitor, f"{hint}, or evaluate over folds")


def _check_weighted(config: Config) -> Iterator[Mistake]:
    """A weighted loss can be monitored where classes have weights: in the config, or for a search in its points."""
    if given_class_weights(config.loss) is not None:
        return
    stopping, search = config.early_stopping, config.search
    if isinstance(stopping, EarlyStoppingConfig) and is_weighted(stopping.monitor):
        yield unweighted(("early_stopping", "monitor"), stopping.monitor)
    if (
        search is not None
        and is_weighted(search.monitor)
        and not any(key.split(".")[0] == "loss" for key in search.space)
    ):
        yield unweighted(("search", "monitor"), search.monitor)


def is_weighted(monitor: str) -> bool:
    """Whether it is a weighted loss."""
    return monitor.endswith(".weighted_loss")


def unweighted(path: Path, monitor: str) -> Mistake:
    """The mistake of monitoring a weighted loss where there is none."""
    message = f"{dotted(path)} is {monitor}, but loss.class_weights is not set, so no loss is weighted"
    return Mistake(path, message, f"write {monitor.replace('weighted_', '')}", involves=(("loss",),))


def _unseen(path: Path, monitor: str, hint: str) -> Mistake:
    message = f"{dotted(path)} is {monitor}, but there are no validation examples"
    return Mistake(path, message, hint, involves=(_VALIDATION,))
