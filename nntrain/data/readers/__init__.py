"""Readers: one file in, a Dataset out. `read` chooses among them by the file's name or the format asked for."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from nntrain.data.dataset import Dataset, Kind, kept_as_names, quoted
from nntrain.data.readers.cells import PLAIN
from nntrain.data.readers.checks import existing_file, open_data
from nntrain.data.readers.header import Features
from nntrain.data.readers.rules import TableRules
from nntrain.data.readers.table import read_table
from nntrain.errors import DataError
from nntrain.memory import zeros

FORMATS = ("csv", "tsv", "npz", "npy", "idx")

_SUFFIXES = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".npz": "npz", ".npy": "npy", ".idx": "idx"}
_IDX_NAME = re.compile(r".*[-.]idx\d-u?byte")


def read(
    path: str | Path,
    *,
    format: str = "auto",
    target: str | Sequence[str] | None = None,
    features: Features = "all",
    labels: str | Path | None = None,
    arrays: tuple[str, str] = ("x", "y"),
    need_target: bool = True,
    kinds: Mapping[str, Kind] | None = None,
    rules: TableRules | None = None,
) -> Dataset:
    """Read a data file whole.

    Args:
        path: the file.
        format: csv, tsv, npz, npy or idx; "auto" goes by the name (.csv, .tsv, .npz, .npy, …-idx3-ubyte[.gz]).
        target: the target column of a table, or several.
        features: the input columns of a table: "all" but the targets, a list, or ("exclude", list).
        labels: the file with the targets of an IDX or NPY file; for IDX derived from the name where it is None.
        arrays: the keys of inputs and targets in an NPZ archive.
        need_target: False, for prediction, leaves out the targets, which may be absent then.
        kinds: the kinds of the columns of the table trained on, for a further file of it: they are not guessed, and
            columns of other names are left alone.
        rules: how the cells of a table are read, and what is known of its columns.

    Raises:
        DataError: what is wrong with the file, with its line or example and its column.
    """
    file = existing_file(Path(path))
    chosen = _format(file, trained=kinds is not None) if format == "auto" else format
    rules = rules or TableRules()
    if need_target:
        _check_settings(file, chosen, target, features, labels, rules)
    second = None if labels is None else Path(labels)
    with open_data(file) as opened:
        match chosen:
            case "csv" | "tsv":
                dataset = read_table(
                    opened,
                    delimiter="," if chosen == "csv" else "\t",
                    target=target,
                    features=features,
                    need_target=need_target,
                    kinds=kinds,
                    rules=rules,
                )
            case "npz":
                from nntrain.data.readers.npz import read_npz  # here, for most data is a table

                dataset = read_npz(opened, arrays=arrays, need_target=need_target)
            case "npy":
                from nntrain.data.readers.npz import read_npy

                dataset = read_npy(opened, labels=second, need_target=need_target)
            case "idx":
                from nntrain.data.readers.idx import read_idx

                dataset = read_idx(opened, labels=second, need_target=need_target)
            case _:
                raise ValueError(f"format must be auto or one of {', '.join(FORMATS)}, got {chosen!r}")
    if need_target and chosen in ("npz", "npy") and kinds is None:
        _check_doubt(dataset, rules)
    return _with_targets(dataset, rules, trained=kinds is not None) if need_target else dataset


def _format(path: Path, *, trained: bool) -> str:
    name = path.name.lower().removesuffix(".gz")
    if _IDX_NAME.fullmatch(name):
        return "idx"
    found = _SUFFIXES.get(Path(name).suffix)
    if found is None or (path.name.lower().endswith(".gz") and found != "idx"):
        setting = "" if trained else f", or set data.format to one of {', '.join(FORMATS)}"
        how = f"end it in .csv, .tsv, .npz, .npy or .idx{setting}"
        raise DataError(f"{path}: its name does not tell its format; {how}", setting="data.format")
    return found


def _check_settings(
    path: Path, format: str, target: object, features: object, labels: object, rules: TableRules
) -> None:
    """DataError for a setting that means nothing for this format, and would be ignored silently."""
    if format in ("csv", "tsv"):
        unused = {"data.labels": labels is not None}
        reason = f"a {format} file has its targets in columns: name them with data.target"
    else:
        unused = {
            "data.target": target is not None,
            "data.features": features != "all",
            "data.columns": bool(rules.declared or rules.excluded),
            "data.missing_values": rules.reading.missing != PLAIN.missing,
            "data.decimal": rules.reading.decimal != PLAIN.decimal,
            "data.thousands": rules.reading.thousands != PLAIN.thousands,
        }
        reason = f"{format} files have no named columns"
        if format == "npz":
            unused["data.labels"] = labels is not None
            reason += ": name their arrays with data.arrays"
    for setting, given in unused.items():
        if given:
            raise DataError(f"{path}: {setting} is set, but {reason}; leave it out", setting=setting)


def _check_doubt(dataset: Dataset, rules: TableRules) -> None:
    """DataError where targets of an array are strings that may have been meant for numbers, and nothing says so."""
    for column in dataset.target_columns if rules.target is None else ():
        if column.kind == "numeric":
            continue
        from nntrain.data.readers.spelling import doubt  # here, for most targets are no strings

        if (found := doubt(column.name, Counter(column.values.tolist()), PLAIN)) is not None:
            row = int(np.isin(column.values, found.texts).argmax())
            raise DataError(
                f"{dataset.place(row)}: the target {column.name!r} holds the string {column.values[row]!r}, "
                f"{found.reason}; if its values are names, set data.task: classification; otherwise save the targets "
                "as an array of numbers, with NaN where there is none",
                setting="data.task",
            )


def _with_targets(dataset: Dataset, rules: TableRules, *, trained: bool) -> Dataset:
    """The rows that have every target; where others are not to be dropped, they are a DataError."""
    lacking = zeros(len(dataset), bool)
    for column in dataset.target_columns:
        if not rules.drop and (at := np.flatnonzero(column.missing)).size:
            others = f" ({len(at):,} rows lack it)" if len(at) > 1 else ""
            row = int(at[0])
            lacks = dataset.lacking(row, column.name)
            how = "remove the row" if trained else "leave such rows out with data.missing_target: drop"
            if column.kind == "categorical" and dataset.mark(row, column.name) and not trained:
                how += f"; if it is a class, {kept_as_names(column.name, declared=column.name in rules.declared)}"
            raise DataError(f"{dataset.place(row)}: the target {column.name!r} {lacks}{others}; fill it in, or {how}")
        lacking |= column.missing
    if not lacking.any():
        return dataset
    names = quoted([column.name for column in dataset.target_columns if column.missing.any()])
    if lacking.all():
        raise DataError(f"{dataset.source}: no row has a value of the target {names}; is it the right column?")
    count = int(lacking.sum())
    first = dataset.place(int(lacking.argmax()))
    rows = "1 row has" if count == 1 else f"{count:,} of {len(dataset):,} rows have"
    remark = f"{first}: {rows} no value of the target {names} and {'is' if count == 1 else 'are'} left out"
    kept = dataset.rows(np.flatnonzero(~lacking))
    return replace(kept, remarks=(*kept.remarks, remark))
