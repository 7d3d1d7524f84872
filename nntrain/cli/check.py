"""`nntrain check`"""

from typing import TYPE_CHECKING

from nntrain.cli.console import BREAK, bytes_text, count_text, line_width, print_json, put, put_warning
from nntrain.cli.options import ConfigArgument, JsonOption, SetOption
from nntrain.cli.tables import GAP, NARROW_GAP, print_pairs, print_table, shortened, table_width

if TYPE_CHECKING:
    from nntrain.data.describe import ClassCounts, ColumnRow
    from nntrain.workflows import CheckReport

EXAMPLE = """Example:
  nntrain check configs/iris.yaml
  nntrain check configs/iris.yaml --set network.0.units=64"""

CLASSES_SHOWN = 10
COLUMNS_SHOWN = 40
VALUES_WIDTH, VALUES_MOST = 12, 60  # characters that the list of a column's values takes


def run(config: ConfigArgument, overrides: SetOption = None, json: JsonOption = False) -> None:
    """Check a config without training: read the data, lay out the network, print what would be trained.

    Prints what each column of the data is taken for and what becomes of it, the classes, the layers with their shapes
    and parameters, the sizes of the splits, the memory, and warnings.
    """
    from nntrain import workflows
    from nntrain.config import load_experiment

    report = workflows.check(load_experiment(config, overrides or ()))
    if json:
        print_json(report)
    else:
        show(report)


def show(report: "CheckReport") -> None:
    """The tables of columns, classes and layers, totals and warnings."""
    _show_columns(report.columns)
    _show_classes(report.class_counts)
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
        put_warning(warning)


def _show_columns(columns: "list[ColumnRow]") -> None:
    """A row for each column: name, kind, what becomes of it, inputs, missing cells, values."""
    shown = [row for row in columns if row.role == "target"][: COLUMNS_SHOWN - 1]
    shown = [row for row in columns if row.role != "target"][: COLUMNS_SHOWN - len(shown)] + shown
    names, cells = ["column", "kind", "becomes", "inputs"], [_column_cells(row) for row in shown]
    if any(row.missing for row in columns):
        names.append("missing")
        cells = [[*cell, f"{row.missing:,}" if row.missing else ""] for cell, row in zip(cells, shown, strict=True)]
    spans = [_range_text(row) for row in shown]
    widest = max(VALUES_WIDTH, *map(len, spans))
    gap = GAP if table_width(names, cells) + len(GAP) + widest <= line_width() else NARROW_GAP
    room = max(widest, min(VALUES_MOST, line_width() - table_width(names, cells, gap) - len(gap)))
    values = [span or shortened(_values_text(row), room) for span, row in zip(spans, shown, strict=True)]
    print_table([*names, "values"], [[*cell, text] for cell, text in zip(cells, values, strict=True)], left=3, last=1)
    if len(shown) < len(columns):
        put(f"{len(shown)} of {count_text(len(columns), 'column')}; --json has all", BREAK)


def _column_cells(row: "ColumnRow") -> list[str]:
    name = f"{row.name} (target)" if row.role == "target" else row.name
    return [name, row.kind, row.treatment, f"{row.inputs:,}" if row.role == "input" else ""]


def _range_text(row: "ColumnRow") -> str:
    """The range of numbers; "" for other columns."""
    return "" if row.low is None or row.high is None else f"{row.low:.4g} to {row.high:.4g}"


def _values_text(row: "ColumnRow") -> str:
    """The number of different texts and the most frequent ones; "" for what is left out."""
    return "" if row.distinct is None else f"{row.distinct:,}: {', '.join(row.values)}"


def _show_classes(classes: "list[ClassCounts]") -> None:
    if not classes:
        return
    cells = [
        [row.name, *(f"{count:,}" for count in (row.examples, row.training, row.validation, row.test))]
        for row in classes[:COLUMNS_SHOWN]
    ]
    print_table(["class", "examples", "training", "validation", "test"], cells)
    if len(classes) > COLUMNS_SHOWN:
        put(f"{COLUMNS_SHOWN} of {len(classes):,} classes; --json has all", BREAK)


def _task_text(report: "CheckReport") -> str:
    named = [f"{name} (positive)" if name == report.positive_class else name for name in report.classes or ()]
    classes = f": {', '.join(named[:CLASSES_SHOWN])}" if named else ""
    more = ", ..." if report.classes and len(report.classes) > CLASSES_SHOWN else ""
    return f"{report.task}, input {shape_text(report.input_shape)}, output {report.outputs}{classes}{more}"


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape without the axis of examples: "4" or "28 x 28 x 1"."""
    return " x ".join(str(size) for size in shape)
