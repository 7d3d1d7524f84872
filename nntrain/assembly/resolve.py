"""Replace every `auto` by what it comes to, now that the data is known, and check that all of it suits the task."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from nntrain.arrays import Shape
from nntrain.assembly.layers import NetworkShapeError, build_blueprint, initial_overflow
from nntrain.assembly.outputs import output_activation
from nntrain.config.activations import ActivationConfig
from nntrain.config.checks import check
from nntrain.config.experiment import Experiment
from nntrain.config.loss import AnyLoss, given_class_weights, loss_type, needed_activation
from nntrain.config.network import DenseConfig, activation_type
from nntrain.config.root import Config
from nntrain.config.training import EarlyStoppingConfig
from nntrain.data.dataset import quoted
from nntrain.data.preprocess import Preprocessor
from nntrain.data.targets import ClassTarget
from nntrain.language.anatomy import Path, dotted, variants
from nntrain.language.mistake import Mistake
from nntrain.nn.blueprint import Blueprint
from nntrain.tasks import ACTIVATIONS, LOSSES, TASKS, Task
from nntrain.train.metrics import RECORDED_LOSSES


def resolve(experiment: Experiment, preprocessor: Preprocessor, *, has_validation: bool) -> Experiment:
    """The experiment of `resolve_and_plan` alone."""
    return resolve_and_plan(experiment, preprocessor, has_validation=has_validation)[0]


def resolve_and_plan(
    experiment: Experiment, preprocessor: Preprocessor, *, has_validation: bool
) -> tuple[Experiment, Blueprint]:
    """The experiment with nothing left to decide, and the plan of its network.

    Args:
        experiment: as the user wrote it.
        preprocessor: fitted; it knows the task and the number of outputs.
        has_validation: whether there are validation examples, without which there is no early stopping by default.

    Raises:
        ConfigError: something does not suit the task or the data; it says where in the config.
    """
    config, task = experiment.config, preprocessor.task
    loss = _with_class_names(_loss(config, task), preprocessor)
    network = tuple(_resolved_layer(layer, loss, task, preprocessor.outputs) for layer in config.network)
    data = config.data.model_copy(
        update={
            "task": str(task),
            "missing_values": config.data.marks,
            "split": config.data.split.model_copy(update=_split(config, task)),
            "synthetic": config.data.synthetic
            and config.data.synthetic.model_copy(update=_seeded(config.data.synthetic.seed, config)),
        }
    )
    early = config.early_stopping
    resolved = config.model_copy(
        update={
            "name": experiment.name,
            "data": data,
            "network": network,
            "loss": loss,
            "early_stopping": (EarlyStoppingConfig() if has_validation else None) if early == "auto" else early,
            "metrics": TASKS[task].default_metrics if config.metrics == "auto" else config.metrics,
        }
    )
    concrete = experiment.with_config(resolved)
    planned = _planned(resolved, preprocessor.input_shape)
    mistakes = list(_mistakes(resolved, preprocessor, planned))
    if mistakes or isinstance(planned, NetworkShapeError):
        raise concrete.errors(mistakes)
    return concrete, planned


def plan_network(experiment: Experiment, input_shape: Shape) -> Blueprint:
    """Plan the network of a resolved experiment. Raises ConfigError where a shape does not fit."""
    planned = _planned(experiment.config, input_shape)
    if isinstance(planned, NetworkShapeError):
        raise experiment.error(f"network.{planned.position}", str(planned)) from planned
    return planned


def _planned(config: Config, input_shape: Shape) -> Blueprint | NetworkShapeError:
    """The plan of a resolved config's network, or why there is none."""
    try:
        return build_blueprint([config.network], input_shape)
    except NetworkShapeError as error:
        return error


def _loss(config: Config, task: Task) -> AnyLoss:
    if config.loss != "auto":
        return config.loss
    last = ACTIVATIONS.get(activation_type(config.network[-1]))
    loss: AnyLoss = _section(AnyLoss, TASKS[task].loss if last is None or last.loss is None else last.loss)
    return loss


def _section(family: Any, name: str) -> Any:
    """The section of a union that has this type, with its defaults."""
    return variants(family)[name]()


def _with_class_names(loss: AnyLoss, preprocessor: Preprocessor) -> AnyLoss:
    """The loss with its class weights by the names that the classes have; a number may be written in another way.

    Names of no class stay, and so do all if two are of one class: both are mistakes.
    """
    given, target = given_class_weights(loss), preprocessor.target_encoding
    if not isinstance(given, dict) or not isinstance(target, ClassTarget):
        return loss
    indices = [target.class_of(name) for name in given]
    named = {
        name if index is None else target.classes[index]: weight
        for (name, weight), index in zip(given.items(), indices, strict=True)
    }
    return loss.model_copy(update={"class_weights": named}) if len(named) == len(given) else loss


def _resolved_layer(layer: Any, loss: AnyLoss, task: Task, outputs: int) -> Any:
    """A layer with its units and its activation decided; auto stands in the output layer only."""
    if not isinstance(layer, DenseConfig):
        return layer
    update: dict[str, Any] = {}
    if layer.units == "auto":
        update["units"] = outputs
    if layer.activation == "auto":
        update["activation"] = _section(ActivationConfig, needed_activation(loss) or TASKS[task].activation)
    return layer.model_copy(update=update)


def _split(config: Config, task: Task) -> dict[str, Any]:
    split = config.data.split
    stratify = TASKS[task].has_classes if split.stratify == "auto" else split.stratify
    return {"stratify": stratify, **_seeded(split.seed, config)}


def _seeded(seed: int | None, config: Config) -> dict[str, int]:
    return {"seed": config.seed if seed is None else seed}


def _mistakes(config: Config, preprocessor: Preprocessor, planned: Blueprint | NetworkShapeError) -> Iterator[Mistake]:
    """Everything that does not suit the task or the data."""
    task = preprocessor.task
    yield from _unfit_metrics(config, task)
    unfit_loss = list(_unfit_loss(config, task))
    yield from unfit_loss or _unfit_class_weights(config, preprocessor)
    if isinstance(planned, NetworkShapeError):
        yield Mistake(("network", planned.position), str(planned))
        return
    yield from initial_overflow(config.network, planned, config.dtype)
    unfit_size = list(_unfit_size(config, planned, preprocessor))
    yield from unfit_size
    if not unfit_size and not unfit_loss:
        yield from list(_contradictions(config)) or _unfit_activation(config, task, preprocessor.outputs)


def _unfit_metrics(config: Config, task: Task) -> Iterator[Mistake]:
    wanted: list[tuple[Path, str]] = [(("metrics", index), name) for index, name in enumerate(config.metrics)]
    if isinstance(config.early_stopping, EarlyStoppingConfig):
        wanted.append((("early_stopping", "monitor"), config.early_stopping.monitor.partition(".")[2]))
    if config.search is not None:
        wanted.append((("search", "monitor"), config.search.monitor.partition(".")[2]))
    for path, name in wanted:
        if name not in RECORDED_LOSSES and name not in TASKS[task].metrics:
            yield Mistake(path, f"{name} does not apply to a {task} task; these do: {', '.join(TASKS[task].metrics)}")


def _unfit_loss(config: Config, task: Task) -> Iterator[Mistake]:
    name = loss_type(config.loss)
    if LOSSES[name].only_where_it_suits and name not in TASKS[task].losses:
        yield Mistake(("loss",), f"{name} does not suit a {task} task; {TASKS[task].loss} does (or auto)")


def _unfit_class_weights(config: Config, preprocessor: Preprocessor) -> Iterator[Mistake]:
    """Weights are for the classes that the target has, and for each of them there is one."""
    path: Path = ("loss", "class_weights")
    said, given, classes = dotted(path), given_class_weights(config.loss), preprocessor.classes
    if given is None:
        return
    if classes is None:
        message = f"{said} weigh one class against the others, which a {preprocessor.task} task does not have"
        yield Mistake(path, message)
    elif isinstance(given, dict) and isinstance(target := preprocessor.target_encoding, ClassTarget):
        first: dict[int, str] = {}
        for name in given:
            index = target.class_of(name)
            if index is None:
                message = f"{said}: the target has no class {name!r}"
                yield Mistake((*path, name), message, f"it has {quoted(classes)}")
            elif (before := first.setdefault(index, name)) != name:
                message = f"{said} names the class {classes[index]!r} twice, as {before!r} and {name!r}"
                yield Mistake((*path, name), message, "give each class one weight")
    elif given != "balanced" and len(given) != len(classes):
        count = f"{len(given)} weight{'' if len(given) == 1 else 's'}"
        message = f"{said} has {count}, but the target has {len(classes)} classes"
        yield Mistake(path, message, f"in order: {quoted(classes)}")


def _unfit_size(config: Config, blueprint: Blueprint, preprocessor: Preprocessor) -> Iterator[Mistake]:
    """The network must put out as many numbers as the target has, as a vector."""
    last, outputs, shape = len(config.network) - 1, preprocessor.outputs, blueprint.output_shape
    put_out = math.prod(shape)
    if put_out != outputs:
        blamed = max((i for i, layer in enumerate(config.network) if isinstance(layer, DenseConfig)), default=last)
        units = ("units",) if isinstance(config.network[blamed], DenseConfig) else ()
        yield Mistake(
            ("network", blamed, *units),
            f"the network puts out {put_out} {'number' if put_out == 1 else 'numbers'} per example, but the data needs "
            f"{outputs}, {TASKS[preprocessor.task].outputs}: set units: {outputs} (or auto) in the output layer",
        )
    elif len(shape) != 1:
        message = f"the network puts out the shape {shape} per example, but the data needs a vector"
        yield Mistake(("network", last), f"{message}: end with a flatten layer")


def _contradictions(config: Config) -> Iterator[Mistake]:
    """What was no mistake in the network as long as the loss was auto; a resolved config must load again."""
    for found in check(config, search=False):
        if found.path[0] == "network":  # monitors may find their validation examples in folds
            yield found


def _unfit_activation(config: Config, task: Task, outputs: int) -> Iterator[Mistake]:
    """Losses that are computed together with an activation want it on the last layer; softmax wants two outputs."""
    path, activation = output_activation(config)
    if ACTIVATIONS[activation].divides and outputs == 1:
        fitting = TASKS[task].activation
        yield Mistake(path, f"{activation} of one output is 1 whatever the inputs are: use {fitting} (or auto)")
        return
    last, loss, wanted = config.network[-1], loss_type(config.loss), needed_activation(config.loss)
    if wanted is not None and activation_type(last) != wanted:
        is_dense = isinstance(last, DenseConfig)
        given = activation_type(last) if is_dense else last.type
        path = ("network", len(config.network) - 1, *(("activation",) if is_dense else ()))
        yield Mistake(path, f"the loss {loss} needs {wanted} (or auto) as the last activation, got {given}")
