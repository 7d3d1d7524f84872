"""`nntrain check`"""

import sys
from typing import TYPE_CHECKING

from nntrain.cli.console import bytes_text, painted, print_json, readable
from nntrain.cli.options import ConfigArgument, JsonOption, SetOption
from nntrain.cli.tables import print_pairs, print_table

if TYPE_CHECKING:
    from nntrain.workflows import CheckReport

EXAMPLE = """Example:
  nntrain check configs/iris.yaml
  nntrain check configs/iris.yaml --set network.0.units=64"""

CLASSES_SHOWN = 10


def run(config: ConfigArgument, overrides: SetOption = None, json: JsonOption = False) -> None:
    """Check a config without training: read the data, lay out the network, print what would be trained.

    Prints the layers with their shapes and parameters, the sizes of the splits, the memory, and warnings.
    """
    from nntrain import workflows
    from nntrain.config import load_experiment

    report = workflows.check(load_experiment(config, overrides or ()))
    if json:
        print_json(report)
    else:
        show(report)


def show(report: "CheckReport") -> None:
    """The layer table, totals and warnings."""
    print_table(
        ["layer", "type", "output shape", "parameters"],
        [[layer.name, layer.type, shape_text(layer.output_shape), f"{layer.parameters:,}"] for layer in report.layers],
        left=3,
    )
    print_pairs(
        [
            ("parameters", f"{report.parameters:,}"),
            ("memory", f"{bytes_text(report.memory_bytes)} to train"),
            ("task", _task_text(report)),
            ("loss", str(report.loss)),
            ("examples", f"{report.training:,} training, {report.validation:,} validation, {report.test:,} test"),
        ]
    )
    for warning in report.warnings:
        text = readable(f"warning: {warning}", sys.stdout).removeprefix("warning:")
        print(painted("warning:", "doubtful") + text)


def _task_text(report: "CheckReport") -> str:
    named = [f"{name} (positive)" if name == report.positive_class else name for name in report.classes or ()]
    classes = f": {', '.join(named[:CLASSES_SHOWN])}" if named else ""
    more = ", ..." if report.classes and len(report.classes) > CLASSES_SHOWN else ""
    return f"{report.task}, input {shape_text(report.input_shape)}, output {report.outputs}{classes}{more}"


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape without the axis of examples: "4" or "28 x 28 x 1"."""
    return " x ".join(str(size) for size in shape)
