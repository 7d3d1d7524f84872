"""Look before training: is the config right, does the data fit, how large is it all?"""

from __future__ import annotations

from nntrain.assembly.data import SPLITS
from nntrain.assembly.footprint import SMALLER, TRAINING, memory_warnings
from nntrain.assembly.layers import Positions, layer_names
from nntrain.assembly.monitors import check_monitors
from nntrain.assembly.ready import Planned, ready
from nntrain.config.experiment import Experiment, check_loaded
from nntrain.config.loss import loss_type
from nntrain.config.network import DenseConfig, activation_type
from nntrain.config.written import config_text
from nntrain.data.describe import describe_classes, describe_columns
from nntrain.diagnosis.data_warnings import data_warnings
from nntrain.nn.blueprint import Leaf
from nntrain.train.metrics import positive_class
from nntrain.workflows.results import CheckReport, LayerRow
from nntrain.workflows.run.recording import preprocess_document


def check(experiment: Experiment) -> CheckReport:
    """Validate the config, read the data, plan the network; train nothing and write nothing.

    Raises:
        ConfigError, DataError: what `fit` would raise.
    """
    check_loaded(experiment)
    begun = ready(experiment)
    data, prepared, config, blueprint = begun.data, begun.prepared, begun.config, begun.blueprint
    preprocessor = prepared.preprocessor
    check_monitors(begun.experiment, prepared)
    config_text(begun.experiment, config)
    preprocess_document(begun.experiment, preprocessor)
    memory = begun.footprint()
    arrays = sum(split.nbytes for split in prepared.splits.values())
    return CheckReport(
        name=begun.experiment.name,
        task=str(preprocessor.task),
        layers=layer_rows(begun),
        parameters=blueprint.size,
        memory_bytes=memory.arrays + arrays,
        training=prepared.size("training"),
        validation=prepared.size("validation"),
        test=prepared.size("test"),
        input_shape=preprocessor.input_shape,
        outputs=preprocessor.outputs,
        classes=None if preprocessor.classes is None else list(preprocessor.classes),
        loss=loss_type(config.loss),
        warnings=[*data_warnings(config, data, prepared), *memory_warnings(memory.most, TRAINING, SMALLER)],
        columns=describe_columns(data.pool, preprocessor, config.data.preprocess.model_dump()),
        class_counts=describe_classes({split: data.dataset(split) for split in SPLITS}, preprocessor),
        positive_class=positive_class(preprocessor.task, preprocessor.classes),
    )


def layer_rows(planned: Planned) -> list[LayerRow]:
    """A row for each layer of the config; a dense layer and its activation are one."""
    network = planned.config.network
    positions, leaves_of = Positions(network), dict[int, list[Leaf]]()
    for leaf in planned.blueprint.leaves:
        leaves_of.setdefault(positions.of(leaf.path), []).append(leaf)
    rows = []
    for position, (name, layer) in enumerate(zip(layer_names(network), network, strict=True)):
        leaves = leaves_of[position]
        parameters = sum(location.param.size for leaf in leaves for location in leaf.params)
        activation = activation_type(layer) if isinstance(layer, DenseConfig) else "linear"
        kind = layer.type if activation == "linear" else f"{layer.type} ({activation})"
        rows.append(LayerRow(name, kind, leaves[-1].output, parameters))
    return rows
